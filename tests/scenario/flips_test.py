"""One byte flipped anywhere in a log that holds 1,000 messages is found or harmless, never a shorter log in silence.

A log of 1,000 messages is made twice: killed, so that its newest records lie in the write-ahead log, and stopped in order.
For seeded random places over all of its files, a copy with one byte changed must either be refused by name, or serve every message
as it was. What is refused must be an Error of ours, not a crash.

    flips_test.py [--flips N] [--seed S]
"""

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from desk import PROGRAM, Desk  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--flips", type=int, default=50)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
MESSAGES = 1000
PEOPLE = 20


def write_messages(desk):
    def one(i):
        desk.inbound("chat", "shop", f"person {i % PEOPLE}", f"m{i}", f"message {i}", occurred_at="2026-01-01T00:00:00Z")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(MESSAGES)))


def digest(desk):
    """Of everything that is served: each ticket and each timeline."""
    out = hashlib.sha256()
    count = 0
    for ticket in sorted(desk.every("/v1/conversations?sort=oldest"), key=lambda t: t["id"]):
        out.update(repr(ticket).encode())
        for item in desk.timeline(ticket["id"]):
            count += item["kind"] == "message"
            out.update(repr(item).encode())
    return count, out.hexdigest()


def places(folder, count, chance):
    """(file, offset): a file of each kind at least, larger files more often."""
    files = [os.path.join(d, f) for d, _, fs in os.walk(os.path.join(folder, "log")) for f in fs]
    files = sorted(f for f in files if os.path.getsize(f) and os.path.basename(f) not in ("LOCK", "LOG") and ".old." not in f)
    of_kind = {os.path.basename(f).lstrip("0123456789").split("-")[0]: f for f in files}
    chosen = list(of_kind.values())[: count // 2]
    weights = [os.path.getsize(f) for f in files]
    chosen += chance.choices(files, weights, k=count - len(chosen))
    return [(os.path.relpath(f, folder), chance.randrange(os.path.getsize(f))) for f in chosen]


def outcome(folder, wanted):
    """'refused', 'harmless', or what went wrong."""
    try:
        desk = Desk(folder)
    except AssertionError as error:
        said = str(error)
        # A refusal of ours is one line with the rule in brackets; anything else is a crash.
        return "refused" if "parlance: " in said and "invariant broken" not in said else "crashed: " + said[-500:]
    try:
        got = digest(desk)
        return "harmless" if got == wanted else f"served something else: {got[0]} messages"
    except AssertionError as error:
        said = str(error)
        return "refused" if '"status": 500' in said or '"status": 503' in said else "answered wrongly: " + said[-500:]
    finally:
        desk.kill()


work = tempfile.mkdtemp(prefix="parlance-flips-")
failures = 0
counts = {}
try:
    for how in ("killed", "stopped"):
        base = os.path.join(work, how)
        desk = Desk(base)
        write_messages(desk)
        wanted = digest(desk)
        assert wanted[0] == MESSAGES, wanted
        desk.kill() if how == "killed" else desk.stop()
        # The log alone must answer for itself: the disposable rows, which would hide what it lost, are gone.
        for rows in ("fold", "views"):
            shutil.rmtree(os.path.join(base, rows))
        whole = os.path.join(work, "whole")
        shutil.copytree(base, whole)
        assert outcome(whole, wanted) == "harmless", "the log without a flip must be served whole"
        shutil.rmtree(whole)
        chance = random.Random(f"{options.seed} {how}")
        for file, at in places(base, options.flips // 2, chance):
            copy = os.path.join(work, "copy")
            shutil.copytree(base, copy)
            with open(os.path.join(copy, file), "r+b") as f:
                f.seek(at)
                byte = f.read(1)[0]
                f.seek(at)
                f.write(bytes([byte ^ (1 << chance.randrange(8))]))
            found = outcome(copy, wanted)
            kind = os.path.basename(file).lstrip("0123456789") or "number"
            counts[(kind, found.split(":")[0])] = counts.get((kind, found.split(":")[0]), 0) + 1
            if found not in ("refused", "harmless"):
                failures += 1
                print(f"FAILED  {how}: {file} at {at} (--seed {options.seed}): {found}")
            shutil.rmtree(copy)
finally:
    shutil.rmtree(work, ignore_errors=True)
for (kind, found), count in sorted(counts.items()):
    print(f"{kind:28} {found:12} {count}")
print(f"{sum(counts.values()) - failures} passed, {failures} failed")
sys.exit(1 if failures else 0)
