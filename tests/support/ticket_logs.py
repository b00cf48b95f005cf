"""Real tickets with their life-cycle times as files for `parlance import`, and their figures.

The data: ticket-event-logs of the shared folder, three logs of IT help desks, one CSV row an event. `*.reference.json` holds
figures that an independent program computed from exactly these rows, with the definition of each beside it.

- figures_of_rows() computes these figures from rows by the same definitions. That it agrees with the reference over a whole
  log is a test of its own; so it may be believed over a part of one.
- lines_of() turns rows into import lines. What each kind of row becomes stands at the converters below.
- figures_of_tickets() computes the figures from what the server answers: its list, timelines and nothing else.

How rows become lines. A ticket is opened by a message at its first row's time, from an address of its own. `row` and its number are
in every line that stands for a row, as its id, so each row is answered once.

What the desk has no act for is said so: a conversation that waits is taken up again by a message (somebody answered);
what follows a resolution reopens it; only a last row that closes, closes, as what is closed here stays so.
"""

import collections
import csv
import io
import json
import os
import subprocess
from datetime import datetime, timedelta, timezone

from desk import parse_time, rfc3339

LOGS = {"helpdesk": "helpdesk-italian-company", "bpi2013": "bpi2013-volvo-incidents", "uci": "uci-servicenow-incidents"}


def unpacked(path):
    return subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout


def load(shared, log):
    """(the log's tickets: case -> its rows in their order, the reference), or None where the data is not there."""
    folder = os.path.join(shared, "ticket-event-logs") if shared else ""
    path = os.path.join(folder, LOGS[log] + ".csv.zst")
    if not os.path.exists(path):
        return None
    cases = collections.OrderedDict()
    for row in csv.DictReader(io.StringIO(unpacked(path).decode("utf-8"), newline="")):
        cases.setdefault(row["number" if log == "uci" else "case_id"], []).append(row)
    with open(os.path.join(folder, LOGS[log] + ".reference.json"), encoding="utf-8") as reference:
        return cases, json.load(reference)


# ---- figures ----

def summary(values):
    """As the references have it; percentiles are nearest rank."""
    ordered = sorted(values)

    def rank(share):
        return ordered[max(0, -(-len(ordered) * share // 100) - 1)]
    return {"n": len(ordered), "sum": sum(ordered), "mean": round(sum(ordered) / len(ordered), 3), "min": ordered[0],
            "p50": rank(50), "p90": rank(90), "p99": rank(99), "max": ordered[-1]}


def time_of(log, row):
    if log == "uci":
        return uci_time(row["sys_updated_at"])
    return parse_time(row["timestamp"])


def uci_time(text):
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=timezone.utc)


def seconds(later, earlier):
    return (later - earlier).total_seconds()


def figures_of_rows(log, cases):
    return {"helpdesk": helpdesk_rows, "bpi2013": bpi_rows, "uci": uci_rows}[log](cases)


def helpdesk_rows(cases):
    at = {case: [time_of("helpdesk", row) for row in rows] for case, rows in cases.items()}

    def times_of(case, activity):
        return [t for t, row in zip(at[case], cases[case]) if row["activity"] == activity]
    return helpdesk_figures({
        case: {"activities": [row["activity"] for row in rows], "resources": [row["resource"] for row in rows],
               "first": at[case][0], "last": at[case][-1], "taken": times_of(case, "Take in charge ticket")[:1],
               "resolved": times_of(case, "Resolve ticket")} for case, rows in cases.items()})


def helpdesk_figures(tickets):
    tickets = list(tickets.values())
    variants = collections.Counter(tuple(t["activities"]) for t in tickets)

    def one_touch(t):
        acting = {who for who, what in zip(t["resources"], t["activities"]) if what in ("Take in charge ticket", "Resolve ticket")}
        return t["activities"].count("Resolve ticket") == 1 and "Wait" not in t["activities"] and len(acting) == 1
    path, count = variants.most_common(1)[0]
    return {
        "throughput_s": summary([seconds(t["last"], t["first"]) for t in tickets]),
        "first_take_in_charge_s": summary([seconds(t["taken"][0], t["first"]) for t in tickets if t["taken"]]),
        "resolution_s": summary([seconds(t["resolved"][-1], t["first"]) for t in tickets if t["resolved"]]),
        "resolved_more_than_once": sum(len(t["resolved"]) > 1 for t in tickets),
        "resource_changes": sum(a != b for t in tickets for a, b in zip(t["resources"], t["resources"][1:])),
        "one_touch": sum(map(one_touch, tickets)),
        "variants": len(variants),
        "most_frequent_variant": {"path": list(path), "cases": count},
        "events_per_activity": dict(collections.Counter(a for t in tickets for a in t["activities"])),
        "cases_per_opening_weekday": dict(collections.Counter(t["first"].strftime("%a") for t in tickets)),
        "events": sum(len(t["activities"]) for t in tickets),
        "cases": len(tickets),
    }


def waiting_seconds(spans):
    """spans: (does it wait, from when), in their order; the last has no end."""
    return sum(seconds(after, at) for (waits, at), (_, after) in zip(spans, spans[1:]) if waits)


FINAL_OF_BPI = {"Closed": "closed", "Cancelled": "closed", "Resolved": "resolved", "In Call": "resolved",
                "Wait - User": "waiting_customer", "Wait - Customer": "waiting_customer", "Wait": "waiting_third_party",
                "Wait - Vendor": "waiting_third_party", "Wait - Implementation": "waiting_third_party",
                "In Progress": "open", "Assigned": "open", "Awaiting Assignment": "open", "Unmatched": "open"}


def bpi_rows(cases):
    out = {"throughput_s": [], "waiting_s": [], "support_team_changes": 0, "cases_with_support_team_change": 0,
           "reopened_cases": 0, "final": collections.Counter()}
    for rows in cases.values():
        at = [time_of("bpi2013", row) for row in rows]
        out["throughput_s"].append(seconds(at[-1], at[0]))
        out["waiting_s"].append(waiting_seconds([(row["sub_status"].startswith("Wait"), t) for row, t in zip(rows, at)]))
        changes = sum(a["support_team"] != b["support_team"] for a, b in zip(rows, rows[1:]))
        out["support_team_changes"] += changes
        out["cases_with_support_team_change"] += changes > 0
        out["reopened_cases"] += any(a["status"] == "Completed" != b["status"] for a, b in zip(rows, rows[1:]))
        out["final"][FINAL_OF_BPI[rows[-1]["sub_status"]]] += 1
    for name in ("throughput_s", "waiting_s"):
        out[name] = summary(out[name])
    return {**out, "final": dict(out["final"]), "cases": len(cases)}


PRIORITY_OF_UCI = {"1 - Critical": "urgent", "2 - High": "high", "3 - Moderate": "normal", "4 - Low": "low"}


def uci_rows(cases):
    resolve, close, awaiting, reopened, steps = [], [], [], 0, 0
    priorities, sla = collections.Counter(), collections.Counter()
    changes = 0
    for rows in cases.values():
        last, opened = rows[-1], uci_time(rows[-1]["opened_at"])
        if last["resolved_at"] != "?":
            resolve.append(seconds(uci_time(last["resolved_at"]), opened))
        close.append(seconds(uci_time(last["closed_at"]), opened))
        at = [time_of("uci", row) for row in rows]
        awaiting.append(waiting_seconds([(row["incident_state"].startswith("Awaiting"), t) for row, t in zip(rows, at)]))
        done = [row["incident_state"] in ("Resolved", "Closed") for row in rows]
        again = sum(a and not b for a, b in zip(done, done[1:]))
        reopened += again > 0
        steps += again
        changes += sum(a["assignment_group"] != b["assignment_group"] for a, b in zip(rows, rows[1:]))
        priorities[last["priority"]] += 1
        sla[last["made_sla"]] += 1
    return {"time_to_resolve_s": summary(resolve), "time_to_close_s": summary(close), "awaiting_s": summary(awaiting),
            "reopened_cases_replayed": reopened, "reopenings": steps, "group_changes": changes,
            "cases_per_priority": dict(priorities), "made_sla": dict(sla), "cases": len(cases)}


# ---- lines ----

class Ticket:
    """The lines of one ticket; knows its state as the desk will have it."""

    def __init__(self, log, case, at, out, subject):
        self.log, self.case, self.out = log, case, out
        self.name = f"{log} {case}"
        self.path = "/v1/conversations/{%s}/" % self.name
        self.state = "open"
        self.lines = 0
        self.message(at, subject, id=self.name)

    def message(self, at, text, **more):
        self.lines += 1
        self.out({"channel": "api", "account": self.log, "message_id": f"{self.name}/{self.lines}",
                  "from": {"address": self.name}, "text": text, "occurred_at": rfc3339(at), **more})
        self.state = "open"

    def act(self, what, at, row=None, **members):
        """`row`: which one the line stands for. Every line has an id of its own: rows of one second may be alike."""
        self.lines += 1
        ident = f"{self.name} act {self.lines}" if row is None else f"{self.name} row {row}"
        self.out({"path": self.path + what, "id": ident, **members, "occurred_at": rfc3339(at)})

    def take_up(self, at):
        """Whatever state it is in, it is worked on from now."""
        if self.state == "resolved":
            self.act("reopen", at)
        elif self.state.startswith("waiting"):
            self.message(at, "(answered)")
        self.state = "open"

    def wait(self, at, whom, row=None):
        if self.state == "resolved":
            self.take_up(at)
        self.act("wait", at, row, **{"for": whom})
        self.state = "waiting_" + whom

    def resolve(self, at, row=None, **members):
        self.act("resolve", at, row, **members)
        self.state = "resolved"


def lines_of(log, cases):
    """Every line of the file, desk first."""
    lines = []
    {"helpdesk": helpdesk_lines, "bpi2013": bpi_lines, "uci": uci_lines}[log](cases, lines.append)
    return lines


def helpdesk_lines(cases, out):
    """Each row is a note of its activity by who did it, and the act that it stands for, if there is one."""
    for who in sorted({row["resource"] for rows in cases.values() for row in rows}):
        out({"path": "/v1/agents", "id": who, "name": who})
    for case, rows in cases.items():
        ticket = None
        for number, row in enumerate(rows):
            at, what, who = time_of("helpdesk", row), row["activity"], "{%s}" % row["resource"]
            ticket = ticket or Ticket("helpdesk", case, at, out, f"opened as {row['seriousness']}")
            ticket.act("note", at, number, text=what, **{"as": who})
            if what == "Take in charge ticket":
                if ticket.state == "resolved":
                    ticket.take_up(at)
                ticket.act("assign", at, agent=who, **{"as": who})
            elif what == "Wait":
                ticket.wait(at, "customer")
            elif what == "Resolve ticket":
                if ticket.state == "resolved":
                    ticket.take_up(at)
                ticket.resolve(at, **{"as": who})
            elif what == "Closed" and number + 1 == len(rows):
                ticket.act("close", at, **{"as": who})


QUEUES_MAX = 490  # a desk has at most 500


def queues_of_teams(cases):
    """team -> queue. Each team its own; where there are more than a desk may have, the rarest share some, but never two between which
    a ticket went, so that a queue changes exactly where a team does."""
    count, met = collections.Counter(), collections.defaultdict(set)
    for rows in cases.values():
        for row, after in zip(rows, rows[1:] + [rows[-1]]):
            count[row["support_team"]] += 1
            met[row["support_team"]].add(after["support_team"])
            met[after["support_team"]].add(row["support_team"])
    teams = [team for team, _ in sorted(count.items(), key=lambda one: (-one[1], one[0]))]
    own = teams if len(teams) <= QUEUES_MAX else teams[:QUEUES_MAX - 20]
    queues = {team: team for team in own}
    for team in teams[len(own):]:
        taken = {queues.get(other) for other in met[team] - {team}}
        queues[team] = next(shared for shared in (f"shared {n}" for n in range(20)) if shared not in taken)
    return queues


def bpi_lines(cases, out):
    """Each row is an assignment to its team's queue, which changes nothing where that has it, and the act of its status."""
    queues = queues_of_teams(cases)
    for queue in sorted(set(queues.values())):
        out({"path": "/v1/queues", "id": queue, "name": queue})
    for case, rows in cases.items():
        ticket, team = None, None
        for number, row in enumerate(rows):
            at, status = time_of("bpi2013", row), row["sub_status"]
            ticket = ticket or Ticket("bpi2013", case, at, out, f"about {row['product']}")
            same_team, before = row["support_team"] == team, ticket.state
            ticket.act("assign", at, number, queue="{%s}" % queues[row["support_team"]])
            team = row["support_team"]
            wanted = FINAL_OF_BPI[status]
            if wanted in ("closed", "resolved"):
                if wanted == "closed" and number + 1 == len(rows):
                    ticket.act("close", at)
                    continue
                ticket.resolve(at)
            elif wanted == "open":
                ticket.take_up(at)
            else:
                ticket.wait(at, wanted.removeprefix("waiting_"))
            if number + 1 == len(rows) and same_team and before == ticket.state:
                ticket.act("note", at, text=status)  # nothing changed, but the ticket lasted until then


def uci_lines(cases, out):
    """Each row is an assignment to its group, and the act of its state. When it was resolved and closed is what its columns say."""
    for group in sorted({row["assignment_group"] for rows in cases.values() for row in rows}):
        out({"path": "/v1/queues", "id": group, "name": group})
    out({"path": "/v1/tags", "name": "made_sla"})
    for case, rows in cases.items():
        last = rows[-1]
        ticket = Ticket("uci", case, uci_time(last["opened_at"]), out, "an incident")
        priority = "normal"
        for number, row in enumerate(rows):
            at, state = time_of("uci", row), row["incident_state"]
            ticket.act("assign", at, number, queue="{%s}" % row["assignment_group"])
            if PRIORITY_OF_UCI[row["priority"]] != priority:
                priority = PRIORITY_OF_UCI[row["priority"]]
                ticket.act("priority", at, priority=priority)
            if state in ("Resolved", "Closed"):
                if ticket.state.startswith("waiting"):
                    ticket.take_up(at)
                if ticket.state != "resolved":
                    again = any(r["incident_state"] not in ("Resolved", "Closed") for r in rows[number:])
                    known = last["resolved_at"] != "?" and not again
                    ticket.resolve(uci_time(last["resolved_at"]) if known else at,
                                   **({} if known else {"reason": "at a time not known" if not again else "for a while"}))
            elif state.startswith("Awaiting"):
                ticket.wait(at, "customer" if state == "Awaiting User Info" else "third_party")
            else:
                ticket.take_up(at)
        if last["made_sla"] == "true":
            ticket.act("tags", uci_time(last["closed_at"]), add=["made_sla"])
        ticket.act("close", uci_time(last["closed_at"]))


# ---- figures from what the server answers ----

def figures_of_tickets(log, tickets, timeline, names):
    """`tickets`: the server's list by case; `timeline`: of a ticket, its items; `names`: of agents by id."""
    return {"helpdesk": helpdesk_tickets, "bpi2013": bpi_tickets, "uci": uci_tickets}[log](tickets, timeline, names)


def helpdesk_tickets(tickets, timeline, names):
    found = {}
    for case, ticket in tickets.items():
        items = timeline(ticket)
        notes = [item for item in items if item["kind"] == "note"]
        found[case] = {
            "activities": [note["text"] for note in notes], "resources": [note["actor"]["name"] for note in notes],
            "first": parse_time(ticket["created_at"]), "last": parse_time(items[-1]["at"]),
            "taken": [parse_time(item["at"]) for item in items if item["kind"] == "assigned"][:1],
            "resolved": [parse_time(item["at"]) for item in items if item["kind"] == "resolved"]}
    return helpdesk_figures(found)


def spans_of(items):
    """When it waited and when not, as waiting_seconds() takes it."""
    spans = []
    for item in items:
        if item["kind"] == "waiting":
            spans.append((True, parse_time(item["at"])))
        elif item["kind"] in ("message", "resolved", "reopened", "closed"):
            spans.append((False, parse_time(item["at"])))
    return spans + [(False, parse_time(items[-1]["at"]))]  # the ticket lasted until then


def bpi_tickets(tickets, timeline, names):
    out = {"throughput_s": [], "waiting_s": [], "support_team_changes": 0, "cases_with_support_team_change": 0,
           "reopened_cases": 0, "final": collections.Counter()}
    for ticket in tickets.values():
        items = timeline(ticket)
        out["throughput_s"].append(seconds(parse_time(items[-1]["at"]), parse_time(ticket["created_at"])))
        out["waiting_s"].append(waiting_seconds(spans_of(items)))
        changes = sum(item["kind"] == "queue_changed" for item in items) - 1  # the first team took it from the desk's first queue
        out["support_team_changes"] += changes
        out["cases_with_support_team_change"] += changes > 0
        out["reopened_cases"] += ticket["reopened"] > 0
        out["final"]["open" if ticket["state"] == "new" else ticket["state"]] += 1  # new: a team has it, and did no more
    for name in ("throughput_s", "waiting_s"):
        out[name] = summary(out[name])
    return {**out, "final": dict(out["final"]), "cases": len(tickets)}


def uci_tickets(tickets, timeline, names):
    resolve, close, awaiting, reopened, steps, changes = [], [], [], 0, 0, 0
    priorities, sla = collections.Counter(), collections.Counter()
    back = {here: theirs for theirs, here in PRIORITY_OF_UCI.items()}
    for ticket in tickets.values():
        items = timeline(ticket)
        opened = parse_time(ticket["created_at"])
        last = [item for item in items if item["kind"] == "resolved"][-1:]
        if last and not last[0]["details"].get("reason"):
            resolve.append(seconds(parse_time(last[0]["at"]), opened))
        close.append(seconds(parse_time(items[-1]["at"]), opened))
        awaiting.append(waiting_seconds(spans_of(items)))
        reopened += ticket["reopened"] > 0
        steps += ticket["reopened"]
        changes += sum(item["kind"] == "queue_changed" for item in items) - 1
        priorities[back[ticket["priority"]]] += 1
        sla["true" if ticket["tags"] else "false"] += 1
    return {"time_to_resolve_s": summary(resolve), "time_to_close_s": summary(close), "awaiting_s": summary(awaiting),
            "reopened_cases_replayed": reopened, "reopenings": steps, "group_changes": changes,
            "cases_per_priority": dict(priorities), "made_sla": dict(sla), "cases": len(tickets)}
