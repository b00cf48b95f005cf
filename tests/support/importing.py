"""For the tests of `parlance import`: files, runs of the command, and what a desk holds afterwards without the ids it drew."""

import json
import os
import subprocess
import threading

from desk import PROGRAM, parse_time, wait_until
from datetime import datetime, timezone

DONE, FAILED, USAGE, NOT_FOUND, UNREACHABLE, PARTLY = 0, 1, 2, 3, 7, 8


def compact(line):
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write((line if isinstance(line, str) else compact(line)) + "\n")
    return path


def generate(path, *words):
    with open(path, "wb") as file:
        subprocess.run([PROGRAM, "generate", *map(str, words)], stdout=file, check=True, timeout=120)
    return path


def run_import(*words, where, wanted=DONE, timeout=600):
    """Runs the command; the summary as JSON, and what it said on stderr. `where`: a running Desk or a folder."""
    to = (["--server", "http://" + where.address, "--token-file", os.path.join(where.folder, "admin.token")]
          if hasattr(where, "address") else ["--data", where])
    done = subprocess.run([PROGRAM, "import", *map(str, words), *to, "--output", "json", "--quiet"],
                          capture_output=True, text=True, timeout=timeout)
    if hasattr(where, "address"):
        where.threads = threading.local()  # the server may have closed connections that had nothing to say meanwhile
    assert done.returncode == wanted, f"import {words}: exit {done.returncode}, wanted {wanted}\n{done.stdout}{done.stderr[-3000:]}"
    return json.loads(done.stdout) if done.stdout else None, done.stderr


def launch_import(*words):
    return subprocess.Popen([PROGRAM, "import", *map(str, words), "--output", "json", "--quiet"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def log_bytes(folder):
    total = 0
    for base, _, names in os.walk(os.path.join(folder, "log")):
        for name in names:
            try:
                total += os.path.getsize(os.path.join(base, name))
            except OSError:  # it went away meanwhile
                pass
    return total


def tickets_at_rest(desk):
    """The list, once every deadline of the past has had its say."""
    def listed():
        now = datetime.now(timezone.utc)
        tickets = desk.every("/v1/conversations?sort=oldest")

        def owes(ticket):
            response = ticket["first_response"]
            return (response["state"] == "running" and parse_time(response["due_at"]) < now
                    or ticket["state"] == "resolved" and ticket["closes_at"] and parse_time(ticket["closes_at"]) < now
                    or ticket["state"] == "snoozed" and parse_time(ticket["snoozed_until"]) < now)
        return None if any(map(owes, tickets)) else (tickets,)
    return wait_until(listed, "what was due has happened", 60)[0]


def plain(value):
    """A value without the ids that each folder draws for itself, and without when it was recorded."""
    if isinstance(value, dict):
        return {name: sorted((tag["name"] for tag in member)) if name == "tags" and isinstance(member, list) else plain(member)
                for name, member in value.items()
                if name not in ("id", "recorded_at", "version", "number", "position", "updated_at", "ticket_number")}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, str) and len(value) == 30 and value[3] == "_":
        return value[:4]
    return value


METRICS = ("created", "replied", "resolved", "reopened", "breached", "first_response", "resolution")


def figures(desk, first, last):
    """What the reports say of those days, by language and by channel: keys that no folder draws for itself."""
    def settled():
        return all(int(view["lag"]) == 0 for view in desk.get("/v1/status")["views"])
    wait_until(settled, "the views have applied all")
    out = {}
    for metric in METRICS:
        for by in ("language", "channel"):
            said = desk.get(f"/v1/reports/{metric}?from={first}&to={last}&by={by}&tz=UTC")
            out[metric, by] = {name: said[name] for name in ("counted", "left_out", "data", "from", "to")}
    return out


def content(desk):
    """All of a desk: each ticket with its timeline, in an order that does not depend on ids."""
    out = []
    for ticket in tickets_at_rest(desk):
        items = desk.timeline(ticket["id"])
        out.append((plain(ticket), [plain(item) for item in items]))
    return sorted(out, key=lambda one: json.dumps(one, sort_keys=True))


def ends(desk):
    return [partition["end"] for partition in desk.get("/v1/status")["partitions"]]
