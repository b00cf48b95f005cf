"""Reports against a plain recomputation from `parlance events cat`: by day and hour in zones on both edges of daylight saving, with facts
that come late, reopenings and breaches withdrawn; the list behind each figure sums to it; the table has the figures of the JSON; and the
rows are the same when they are built again.
"""

import csv
import io
import json
import math
import os
import sys
import urllib.parse
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from desk import Desk, from_now, parse_time, rfc3339, wait_until  # noqa: E402

cases = 0
faults = []
UTC = timezone.utc
FROM, TO = "2026-03-01", "2026-11-15"
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Santiago")


def check(name, good, seen=""):
    global cases
    cases += 1
    if not good:
        faults.append(name)
        print(f"FAILED  {name}: {str(seen)[:1500]}")


def at(text, minutes=0):
    return rfc3339(parse_time(text) + timedelta(minutes=minutes))


def seed(desk):
    """Conversations around the hours in which clocks change, some of them told late and out of order."""
    desk.settings(first_response_seconds=3600, auto_close_seconds=None, reopen_window_seconds=14 * 86400)
    queue = desk.post("/v1/queues", {"name": "=Returns, \"EU\""})["id"]
    agents = [desk.post("/v1/agents", {"name": name})["id"] for name in ("Kim", "@Löve")]
    starts = [f"2026-10-2{d}T{h:02d}:{m:02d}:00Z" for d, h, m in
              [(4, 21, 59), (4, 22, 0), (4, 23, 30), (5, 0, 15), (5, 0, 45), (5, 1, 15), (5, 1, 45), (5, 2, 10), (5, 22, 59),
               (5, 23, 0)]]
    starts += [f"2026-03-{d:02d}T{h:02d}:{m:02d}:00Z" for d, h, m in
               [(28, 22, 59), (28, 23, 0), (29, 0, 30), (29, 0, 59), (29, 1, 0), (29, 1, 30), (29, 21, 59), (29, 22, 0),
                (8, 6, 59), (8, 7, 0)]]
    starts += ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-01T04:00:00Z", "2026-04-04T14:45:00Z",
               "2026-04-04T15:15:00Z", "2026-04-04T15:30:00Z", "2026-09-06T03:59:00Z", "2026-09-06T04:00:00Z"]
    ids = []
    for i, start in enumerate(starts):
        channel = ("email", "chat")[i % 2]
        got = desk.inbound(channel, "shop", f"p{i}@example.org", f"m{i}", "hello", language=("de", "fr", "ja")[i % 3],
                           occurred_at=start)
        cnv = got["conversation"]
        ids.append(cnv)

        def post(act, minutes, body=None):
            return desk.post(f"/v1/conversations/{cnv}/{act}", {**(body or {}), "occurred_at": at(start, minutes)})

        if i % 4 == 0:
            post("assign", 2, {"agent": agents[i % 2], "queue": queue})
        if i % 3 == 0:
            post("reply", 95, {"text": "late", "agent": agents[0]})  # after the promise
        if i % 6 == 0:
            post("reply", 35, {"text": "came to light later", "agent": agents[1]})  # before it: the breach is withdrawn
        if i % 5 == 1:
            post("reply", 12, {"text": "quick", "agent": agents[1]})
        if i % 5 == 2:
            post("wait", 20, {"for": "customer"})
            desk.inbound(channel, "shop", f"p{i}@example.org", f"m{i}b", "still there?", occurred_at=at(start, 200))
        if i % 7 < 4:
            post("resolve", 300 + i)
        if i % 7 == 1:
            desk.inbound(channel, "shop", f"p{i}@example.org", f"m{i}c", "no", occurred_at=at(start, 2000))
            post("reply", 2030, {"text": "sorry", "agent": agents[0]})
            post("resolve", 2100)
        if i % 7 == 2:
            post("reopen", 1000)
        if i % 11 == 6:
            post("close", 400)
    wait_until(lambda: all(desk.ticket(cnv)["first_response"]["state"] != "running" for cnv in ids), "what is due has fired")
    return ids, queue, agents


class Fact:
    def __init__(self, metric, when, conversation, events, value=1, reason=None):
        self.metric, self.at, self.conversation, self.events = metric, when, conversation, list(events)
        self.value, self.reason = (0 if reason else value), reason


def recompute(events):
    """What the reports should count, from the events alone, stream by stream in their order."""
    streams = defaultdict(list)
    for e in events:
        if e["stream"].startswith("cnv_"):
            streams[e["stream"]].append(e)
    facts, active = [], defaultdict(list)  # active: conversation -> [(when, is active)]
    for cnv, history in streams.items():
        history.sort(key=lambda e: int(e["version"]))
        phase, ep, moved = None, {}, None
        for e in history:
            kind, when, name = e["type"].removeprefix("conversation."), parse_time(e["occurred_at"]), e["id"]
            before = phase
            if kind == "opened":
                phase = "new"
            elif kind == "message_received" and phase not in ("new", "resolved", "closed"):
                phase = "open"
            elif kind in ("replied", "assigned") and phase == "new":
                phase = "open"
            elif kind == "wait_started":
                phase = "waiting"
            elif kind in ("woken", "reopened"):
                phase = "open"
            elif kind in ("snoozed", "resolved", "closed"):
                phase = kind

            def is_active(p):
                return p not in (None, "resolved", "closed")

            def waits(p):
                return is_active(p) and p != "waiting"

            if waits(before) and not waits(phase):
                ep["waited"] += max(timedelta(), when - ep["since"])
            if not waits(before) and waits(phase):
                ep["since"] = when
            if is_active(before) != is_active(phase):
                moved = when if moved is None else max(moved, when)
                active[cnv].append((moved, is_active(phase)))

            def add(metric, value=1, reason=None, first=None):
                fact = Fact(metric, when, cnv, ([first] if first else []) + [name], value, reason)
                facts.append(fact)
                return fact

            def begin():
                ep.clear()
                ep.update(opened=when, by=name, since=when, waited=timedelta(), first=None, first_by=None, response=None,
                          answered=False, breach=None, replies=0)

            def respond(reason=None):
                if ep["response"]:
                    facts.remove(ep["response"])
                ep["response"] = add("first_response", when - ep["first"], reason, ep["first_by"])
                ep["answered"] = reason is None

            def end(reason=None):
                if ep["first"] and not ep["response"]:
                    respond("not_answered")
                for metric, value in (("resolved", 1), ("resolution", max(timedelta(), when - ep["opened"])),
                                      ("waiting", ep["waited"]), ("fcr", ep["replies"])):
                    fact = add(metric, value, reason, ep["by"])
                    if metric == "fcr":
                        fact.replies, fact.reopened = ep["replies"], None
                        ep["resolution"] = fact

            if kind == "opened":
                begin()
                add("created")
            elif kind == "reopened":
                if ep.get("resolution"):
                    ep["resolution"].reopened = when
                begin()
                add("reopened")
            elif kind == "message_received":
                if not ep["first"]:
                    ep["first"], ep["first_by"] = when, name
            elif kind == "replied":
                add("replied")
                ep["replies"] += 1
                if ep["first"] and when >= ep["first"] and not (ep["answered"] and when >= ep["response"].at):
                    respond()
            elif kind == "resolved":
                end()
            elif kind == "closed" and is_active(before):
                end("closed_unresolved")
            elif kind == "first_response_breached":
                ep["breach"] = add("breached", first=ep["first_by"])
            elif kind == "breach_withdrawn":
                ep["breach"].reason, ep["breach"].value = "withdrawn", 0
                ep["breach"].events = [ep["breach"].events[-1], name]
    for fact in facts:
        if fact.metric != "fcr" or fact.reason:
            continue
        came_back = fact.reopened is not None and fact.reopened - fact.at <= timedelta(days=7)
        fact.value = 1 if fact.replies <= 1 and not came_back else 0
        if fact.replies == 0:
            fact.reason, fact.value = "no_reply", 0
    return facts, active


def key_of(when, by, zone):
    local = when.astimezone(ZoneInfo(zone))
    if by == "day":
        return local.strftime("%Y-%m-%d")
    if by == "hour":
        off = local.strftime("%z")
        return local.strftime("%Y-%m-%dT%H:00") + f"{off[:3]}:{off[3:]}"
    return None


def in_seconds(value):
    return value.total_seconds() if isinstance(value, timedelta) else value


def near(a, b, error=1e-9):
    return a is not None and b is not None and abs(a - b) <= error * max(1.0, abs(b))


DURATIONS = ("first_response", "resolution", "waiting")
METRICS = ("created", "replied", "resolved", "reopened", "breached", *DURATIONS, "fcr")


def figures(desk, facts, tickets):
    span = f"from={FROM}&to={TO}"
    for metric in METRICS:
        mine = [f for f in facts if f.metric == metric]
        for zone in ZONES:
            tz = ZoneInfo(zone)
            first = datetime.fromisoformat(FROM).replace(tzinfo=tz)
            last = datetime.fromisoformat(TO).replace(tzinfo=tz)
            inside = [f for f in mine if first <= f.at < last]
            for by in ("", "day", "channel", "language"):
                group = {"channel": lambda f: tickets[f.conversation]["channel"],
                         "language": lambda f: tickets[f.conversation]["language"]}.get(by, lambda f: key_of(f.at, by, zone))
                report = desk.get(f"/v1/reports/{metric}?{span}&tz={zone}" + (f"&by={by}" if by else ""))
                compare(f"{metric} by {by or 'nothing'} in {zone}", report, metric, inside, group, by)
            # Hours, in the weeks in which clocks change.
            for a, b in (("2026-10-24", "2026-10-27"), ("2026-03-28", "2026-03-31")):
                lo, hi = (datetime.fromisoformat(x).replace(tzinfo=tz) for x in (a, b))
                inside = [f for f in mine if lo.astimezone(UTC) <= f.at < hi.astimezone(UTC)]
                report = desk.get(f"/v1/reports/{metric}?from={a}&to={b}&tz={zone}&by=hour")
                compare(f"{metric} by hour in {zone} from {a}", report, metric, inside, lambda f: key_of(f.at, "hour", zone), "hour")
                hours = (hi.astimezone(UTC) - lo.astimezone(UTC)).total_seconds() / 3600
                check(f"the hours in {zone} from {a}", len(report["data"]) == math.ceil(hours), (len(report["data"]), hours))


def compare(name, report, metric, facts, group, by):
    counted = [f for f in facts if f.reason is None]
    check(name + ": counted", report["counted"] == len(counted), (report["counted"], len(counted)))
    reasons = Counter(f.reason for f in facts if f.reason)
    check(name + ": left out", {r["reason"]: r["count"] for r in report["left_out"]} == dict(reasons),
          (report["left_out"], reasons))
    groups = defaultdict(list)
    for f in facts:
        groups[group(f)].append(f)
    rows = {row["key"]: row for row in report["data"]}
    check(name + ": rows once each", len(rows) == len(report["data"]), report["data"])
    if by:
        check(name + ": rows", set(groups) <= set(rows), set(groups) - set(rows))
    for key, row in rows.items():
        held = groups.get(key, []) if by else facts
        values = sorted(in_seconds(f.value) for f in held if f.reason is None)
        check(name + f": left out of {key}", row["left_out"] == len(held) - len(values), row)
        if metric in DURATIONS:
            check(name + f": count of {key}", row["count"] == len(values), row)
            check(name + f": sum of {key}", near(row["sum_seconds"], sum(values)), (row, values))
            if not values:
                check(name + f": nothing of {key}", row["value"] is None and row["p50_seconds"] is None, row)
                continue
            mean = sum(values) / len(values)
            check(name + f": mean of {key}", near(row["mean_seconds"], mean, 1e-3) and row["value"] == row["mean_seconds"], row)
            check(name + f": variance of {key}", near(row["variance"], sum((v - mean) ** 2 for v in values) / len(values), 1e-6), row)
            for q in (50, 90, 95, 99):
                exact = values[math.floor(q / 100 * (len(values) - 1))]
                check(name + f": p{q} of {key}", abs(row[f"p{q}_seconds"] - exact) <= 0.0101 * exact + 0.001, (row, exact))
        elif metric == "fcr":
            share = sum(values) / len(values) if values else None
            check(name + f": share of {key}", row["count"] == len(values) and row["first_contact"] == sum(values) and
                  (row["value"] is None if share is None else near(row["value"], share)), (row, values))
        else:
            check(name + f": value of {key}", row["value"] == len(values), (row, len(values)))


def lists_behind(desk, facts):
    """Each figure's list sums to it, and names the events that decided."""
    for metric in METRICS:
        for by in ("", "day", "queue", "agent", "channel"):
            query = f"from={FROM}&to={TO}&tz=Europe/Berlin" + (f"&by={by}" if by else "")
            report = desk.get(f"/v1/reports/{metric}?{query}")
            everything = desk.every(f"/v1/reports/{metric}/explain?{query}")
            left_out = sum(r["count"] for r in report["left_out"])
            check(f"the list of {metric} by {by}", len(everything) == report["counted"] + left_out, len(everything))
            check(f"the list of {metric} by {by} is in order", everything == sorted(everything, key=lambda i: i["at"]))
            check(f"why some are left out of {metric} by {by}", Counter(i["reason"] for i in everything if not i["counted"]) ==
                  {r["reason"]: r["count"] for r in report["left_out"]}, report["left_out"])
            for row in report["data"] if by else []:
                if not row.get("value") and not row["left_out"]:
                    continue
                key = urllib.parse.quote(row["key"] if row["key"] is not None else "none", safe="")
                items = desk.every(f"/v1/reports/{metric}/explain?{query}&key={key}")
                total = sum(i["value"] for i in items if i["counted"])
                wanted = row["sum_seconds"] if metric in DURATIONS else row["first_contact"] if metric == "fcr" else row["value"]
                check(f"the list of {metric}, {by} {row['key']}", near(total, wanted), (total, row))
                check(f"the list of {metric}, {by} {row['key']}: how many", len(items) ==
                      row["left_out"] + row.get("count", row["value"] if metric not in DURATIONS else 0), (len(items), row))
        mine = [f for f in facts if f.metric == metric]
        everything = desk.every(f"/v1/reports/{metric}/explain?from=2026-01-01&to={from_now(0)}")
        check(f"the deciding events of {metric}", sorted((i["conversation"], tuple(i["events"])) for i in everything) ==
              sorted((f.conversation, tuple(f.events)) for f in mine), len(everything))


def backlog(desk, active, tickets):
    def at_instant(when):
        open_then = set()
        for cnv, moves in active.items():
            state = False
            for moment, is_active in moves:
                if moment <= when:
                    state = is_active
            if state:
                open_then.add(cnv)
        return open_then

    for zone in ("UTC", "Europe/Berlin", "America/Santiago"):
        tz = ZoneInfo(zone)
        report = desk.get(f"/v1/reports/backlog?from={FROM}&to={TO}&tz={zone}&by=day")
        for row in report["data"]:
            end = (datetime.fromisoformat(row["key"]) + timedelta(days=1)).replace(tzinfo=tz).astimezone(UTC)
            check(f"backlog of {row['key']} in {zone}", row["value"] == len(at_instant(end)), (row, len(at_instant(end))))
    row = next(r for r in desk.get(f"/v1/reports/backlog?from={FROM}&to={TO}&by=day")["data"] if r["key"] == "2026-10-25")
    items = desk.every(f"/v1/reports/backlog/explain?from={FROM}&to={TO}&by=day&key=2026-10-25")
    check("the list of a day's backlog", {i["conversation"] for i in items} ==
          at_instant(datetime(2026, 10, 26, tzinfo=UTC)) and len(items) == row["value"], (len(items), row))
    now = desk.get("/v1/reports/backlog?by=queue")
    check("the backlog now", now["counted"] == sum(t["state"] not in ("resolved", "closed") for t in tickets.values()), now)
    check("the backlog now by queue", sum(r["value"] for r in now["data"]) == now["counted"], now)


def tables(desk):
    """RFC 4180, the JSON's figures, and no cell that a spreadsheet would run."""
    for metric in METRICS + ("backlog",):
        for by in ("", "queue", "agent", "day"):
            path = f"/v1/reports/{metric}?from={FROM}&to={TO}&tz=Europe/Berlin" + (f"&by={by}" if by else "")
            report = desk.get(path)
            answer = desk.call("GET", path, headers={"Accept": "text/csv"})
            check(f"the table of {metric} by {by}", answer.status == 200 and answer.headers["content-type"].startswith("text/csv"), answer)
            check(f"its definition", answer.headers["parlance-definition"] == f"{report['definition']['name']}@{report['definition']['version']}")
            check(f"its line ends", answer.body.count("\n") == answer.body.count("\r\n") and answer.body.endswith("\r\n"))
            table = list(csv.DictReader(io.StringIO(answer.body, newline="")))
            check(f"its rows", len(table) == len(report["data"]), len(table))
            for cells, row in zip(table, report["data"]):
                for name, value in row.items():
                    cell = cells[name]
                    if value is None:
                        same = cell == ""
                    elif isinstance(value, str):
                        same = cell == value or cell == "'" + value
                        check(f"no formula in {metric} by {by}", cell[:1] not in "=+-@\t\r" or cell[:1] == "", cell)
                    else:
                        same = float(cell) == value and "e" not in cell.lower()
                    check(f"{name} of {row['key']} in the table of {metric} by {by}", same, (cell, value))


def late_fact(desk, ids):
    """A fact dated back changes the past it belongs to, and says so."""
    path = "/v1/reports/created?from=2026-06-01&to=2026-06-02&by=hour&tz=UTC"
    before = desk.get(path)
    got = desk.inbound("email", "shop", "late@example.org", "late", "sent in June", occurred_at="2026-06-01T10:20:00Z")
    after = desk.get(path, at_least=got["position"])
    row = next(r for r in after["data"] if r["key"] == "2026-06-01T10:00+00:00")
    check("a late fact counts where it belongs", before["counted"] == 0 and after["counted"] == 1 and row["value"] == 1, after)
    check("and is restated", row["restated"] == 1 and after["total"]["restated"] == 1, row)


def definitions(desk):
    listed = {d["metric"]: d for d in desk.get("/v1/reports")["data"]}
    for metric in METRICS + ("backlog", "csat", "nps", "ces"):
        report = desk.get(f"/v1/reports/{metric}?from={FROM}&to={TO}")
        check(f"{metric} says what it means", len(report["definition"]["text"]) > 40 and report["definition"]["version"] >= 1
              and metric in listed, report["definition"])
        check(f"{metric} says as of when", parse_time(report["as_of"]) and report["position"].count(":") >= 2, report["position"])
    first = desk.get(f"/v1/reports/resolution?from={FROM}&to={TO}&definition=first_resolution")
    every = desk.get(f"/v1/reports/resolution?from={FROM}&to={TO}")
    later = {r["reason"]: r["count"] for r in first["left_out"]}.get("later_episode", 0)
    check("two definitions over the same past", later > 0 and first["counted"] + later == every["counted"], (first["left_out"], every["counted"]))
    loose = desk.get(f"/v1/reports/fcr?from={FROM}&to={TO}&replies_max=5&window_days=0")
    strict = desk.get(f"/v1/reports/fcr?from={FROM}&to={TO}")
    check("a definition's parameters", loose["total"]["first_contact"] > strict["total"]["first_contact"] and
          loose["definition"]["parameters"] == {"replies_max": 5, "window_days": 0}, (loose["total"], strict["total"]))


def overview(desk):
    got = desk.inbound("chat", "shop", "today", "today", "hello")
    for by in ("queue", "channel", "language", "agent"):
        for zone in ("UTC", "Asia/Kolkata"):
            answer = desk.call("GET", f"/v1/reports/overview?by={by}&tz={zone}",
                               headers={"Parlance-At-Least": got["position"], "Prefer": "wait=30"}).body
            midnight = parse_time(answer["as_of"]).astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
            check(f"today begins at midnight in {zone}", parse_time(answer["since"]) == midnight, answer["since"])
            for figure in ("created", "replied", "resolved", "breached"):
                report = desk.get(f"/v1/reports/{figure}?from={answer['since']}&by={by}")
                check(f"{figure} today by {by}", {r["key"]: r[figure] for r in answer["data"] if r[figure]} ==
                      {r["key"]: r["value"] for r in report["data"] if r["value"]}, (answer["data"], report["data"]))
    queues = {q["id"]: q for q in desk.get("/v1/queues")["data"]}
    for row in desk.get("/v1/reports/overview")["data"]:
        queue = queues[row["key"]]
        check(f"waiting in {row['name']}", (row["waiting"], row["oldest"], row["late"]) ==
              (queue["waiting"], queue["oldest_waiting_at"], queue["late"]), (row, queue))


def bad_input(desk):
    for path, status, pointer in [
        ("/v1/reports/happiness", 404, None), ("/v1/reports/Created", 404, None), ("/v1/reports/created%00", 400, None),
        ("/v1/reports/happiness/explain", 404, None), ("/v1/reports/created/explain/more", 404, None),
        ("/v1/reports/created?by=mood", 422, "?by"), ("/v1/reports/created?by=", 200, None),
        ("/v1/reports/created?by=day,hour", 422, "?by"), ("/v1/reports/overview?by=day", 422, "?by"),
        ("/v1/reports/created?tz=Mars/Olympus", 422, "?tz"), ("/v1/reports/created?tz=../../etc/passwd", 422, "?tz"),
        ("/v1/reports/created?tz=" + "A" * 1000, 422, "?tz"), ("/v1/reports/created?tz=", 422, "?tz"),
        ("/v1/reports/created?tz=europe/berlin", 422, "?tz"), ("/v1/reports/overview?tz=Nowhere", 422, "?tz"),
        ("/v1/reports/created?from=yesterday", 422, "?from"), ("/v1/reports/created?from=2026-02-30", 422, "?from"),
        ("/v1/reports/created?to=2026-13-01", 422, "?to"), ("/v1/reports/created?to=tomorrow", 422, "?to"),
        ("/v1/reports/created?from=9999-01-01", 422, "?from"), ("/v1/reports/created?from=-1", 422, "?from"),
        ("/v1/reports/created?from=2026-11-02&to=2026-11-01", 422, "?to"),
        ("/v1/reports/created?from=1970-01-01&to=2199-01-01&by=hour", 422, "?from"),
        ("/v1/reports/created?from=1970-01-01&to=2199-01-01&by=day", 422, "?from"),
        ("/v1/reports/created?from=1970-01-01&to=2199-01-01", 200, None),
        ("/v1/reports/backlog?from=1970-01-01&to=1970-01-02&by=hour", 200, None),
        ("/v1/reports/created?definition=mine", 422, "?definition"), ("/v1/reports/created?definition=overview", 422, "?definition"),
        ("/v1/reports/resolution?definition=first_response", 422, "?definition"),
        ("/v1/reports/created?limit=5", 422, "?limit"), ("/v1/reports/created?colour=red", 422, "?colour"),
        ("/v1/reports/created?replies_max=1", 422, "?replies_max"), ("/v1/reports/fcr?replies_max=0", 422, "?replies_max"),
        ("/v1/reports/fcr?replies_max=x", 422, "?replies_max"), ("/v1/reports/fcr?window_days=9999", 422, "?window_days"),
        ("/v1/reports/fcr?window_days=1e3", 422, "?window_days"), ("/v1/reports/fcr?window_days=-1", 422, "?window_days"),
        ("/v1/reports/created/explain?key=x", 422, "?key"), ("/v1/reports/created/explain?by=queue&key=x", 422, "?key"),
        ("/v1/reports/created/explain?by=queue&key=agt_00000000000000000000000001", 422, "?key"),
        ("/v1/reports/created/explain?by=day&key=2026-02-30", 422, "?key"), ("/v1/reports/created/explain?by=channel&key=fax", 422, "?key"),
        ("/v1/reports/created/explain?by=language&key=klingon", 422, "?key"), ("/v1/reports/created/explain?limit=0", 422, "?limit"),
        ("/v1/reports/created/explain?limit=201", 422, "?limit"), ("/v1/reports/created/explain?limit=ten", 422, "?limit"),
        ("/v1/reports/created/explain?after=xyz", 422, None), ("/v1/reports/created?by=queue&by=agent", 400, None),
        ("/v1/reports?x=1", 422, "?x"), ("/v1/reports/overview?from=2026-01-01", 422, "?from"),
        ("/v1/reports/created?from=%ff", 400, None),
    ]:
        answer = desk.call("GET", path)
        good = answer.status == status
        if good and pointer:
            good = pointer in [e["pointer"] for e in answer.body["errors"]]
        if good and status >= 400:
            good = answer.headers["content-type"] == "application/problem+json"
        check(f"{path[:90]}", good, answer)
    first = desk.get(f"/v1/reports/created/explain?from={FROM}&limit=2")
    after = first["page"]["next"]
    for name, path in {"metric": f"/v1/reports/replied/explain?from={FROM}&limit=2&after={after}",
                       "time": f"/v1/reports/created/explain?from=2026-03-02&limit=2&after={after}"}.items():
        answer = desk.call("GET", path)
        check("a cursor of another " + name, answer.status == 422 and answer.code == "cursor.unknown", answer)
    for method in ("POST", "DELETE"):
        check(f"{method} a report", desk.call(method, "/v1/reports/created").status == 405)
    check("without a token", desk.call("GET", "/v1/reports/created", token="").status == 401)
    answer = desk.call("GET", "/v1/reports/created?by=mood", headers={"Accept": "text/csv"})
    check("a fault for a table", answer.status == 422 and answer.headers["content-type"] == "application/problem+json", answer)


def main():
    with Desk() as desk:
        ids, queue, agents = seed(desk)
        tickets = {cnv: desk.ticket(cnv) for cnv in ids}
        events = [json.loads(line) for line in desk.run("events", "cat", "--data", desk.folder).stdout.splitlines()]
        facts, active = recompute(events)
        check("there is something of everything", all(sum(f.metric == m for f in facts) >= 3 for m in METRICS),
              Counter(f.metric for f in facts))
        figures(desk, facts, tickets)
        lists_behind(desk, facts)
        backlog(desk, active, tickets)
        tables(desk)
        definitions(desk)
        views = desk.verify_views()
        check("the rows of the reports are verified", "facts" in views, views)
        desk.restart()
        figures(desk, facts, tickets)
        late_fact(desk, ids)
        overview(desk)
        bad_input(desk)
        desk.verify_views()
    print(f"{cases} cases, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
