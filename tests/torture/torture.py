"""Runs one kind of torture for a time and adds a line to the ledger: what tools/torture calls.

A kind is a command that takes `--for SECONDS --seed S`, or the like, and whose last line but blanks is "cases N failed M".
Whatever it prints goes on to the terminal, so that a failure names the command that repeats it.
"""

import argparse
import collections
import datetime
import os
import random
import re
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LEDGER = os.path.join(ROOT, "tests", "torture", "ledger.tsv")
COLUMNS = ("day", "commit", "kind", "seed", "seconds", "cases", "failed")
PROGRAM = os.path.join(ROOT, "build", "release", "parlance")
ASAN = os.path.join(ROOT, "build", "asan")
FUZZ = os.path.join(ROOT, "build", "fuzz")


def scenario(name, *words):
    return [sys.executable, "-u", os.path.join(ROOT, "tests", "scenario", name + "_test.py"), *words]


class Kind:
    def __init__(self, about, command, targets=(("release", ("parlance",)), ("asan", ("tests_faulty_disk",)))):
        self.about, self.command, self.targets = about, command, targets


KINDS = {
    "kill": Kind("kill -9 at random moments and at every named point, under load",
                 lambda seconds, seed: scenario("kill", "--for", str(seconds), "--seed", str(seed))),
    "power": Kind("power cuts under every file of a real server",
                  lambda seconds, seed: scenario("power", "--for", str(seconds), "--seed", str(seed), "--cuts", "200", "--events", "300")),
    "boundaries": Kind("a power cut at every change of the disk under a script of 1,000 events (takes as long as it takes)",
                       lambda seconds, seed: scenario("power", "--seed", str(seed), "--all", "--events", "1000")),
    "sync": Kind("the n-th sync fails",
                 lambda seconds, seed: scenario("failed_sync", "--for", str(seconds), "--seed", str(seed), "--from", str(seed % 1000 + 1))),
    "full": Kind("the disk is full at the n-th write, or nearly",
                 lambda seconds, seed: scenario("full_disk", "--for", str(seconds), "--seed", str(seed))),
    "restore": Kind("a backup is restored after a kill, a power cut, a full disk or rot, and serves equal hashes",
                    lambda seconds, seed: scenario("restored", "--for", str(seconds), "--seed", str(seed))),
    "rot": Kind("bits, pages and files of a stopped server rot",
                lambda seconds, seed: scenario("rot", "--for", str(seconds), "--seed", str(seed))),
    "simulation": Kind("seeds of the simulation, which seed after seed from the one that is named",
                       lambda seconds, seed: [os.path.join(ROOT, "build", "release", "tests", "simulation", "simulation"),
                                              "--from", str(seed), "--for", str(seconds)],
                       (("release", ("simulation",)),)),
    "soak": Kind("mixed load with random faults; memory and descriptors must stay flat",
                 lambda seconds, seed: scenario("soak", "--for", str(seconds), "--seed", str(seed))),
    "guards": Kind("builds without one guard each, every one of which a test must miss (takes as long as it takes)",
                   lambda seconds, seed: [sys.executable, "-u", os.path.join(ROOT, "tests", "torture", "guards.py")], ()),
}


def build(kind):
    for preset, targets in kind.targets:
        if not os.path.exists(os.path.join(ROOT, "build", preset, "build.ninja")):
            subprocess.run(["cmake", "-S", ROOT, "--preset", preset], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["ninja", "-C", os.path.join(ROOT, "build", preset), *targets], check=True, stdout=sys.stderr)


def commit():
    """The commit that is tried; with a + where the tree holds more than it."""
    head = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    changed = subprocess.run(["git", "-C", ROOT, "status", "--porcelain", "--", ".", ":!tests/torture/ledger.tsv"], capture_output=True,
                             text=True, check=True).stdout.strip()
    return head + ("+" if changed else "")


def note(kind, tried, seed, seconds, cases, failed):
    new = not os.path.exists(LEDGER)
    with open(LEDGER, "a", encoding="ascii") as ledger:
        if new:
            ledger.write("\t".join(COLUMNS) + "\n")
        day = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        ledger.write("\t".join(map(str, (day, tried, kind, seed, round(seconds), cases, failed))) + "\n")


def run(name, command, seed):
    """Returns whether nothing failed."""
    environment = {**os.environ, "PARLANCE_PROGRAM": PROGRAM,
                   "PARLANCE_FAULTY_DISK": os.path.join(ASAN, "tests", "support", "libtests_faulty_disk.so")}
    tried, began, last = commit(), time.monotonic(), ""
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line if line.strip() else last
    said = re.match(r"cases (\d+) failed (\d+)", last)
    if not said:
        print(f"torture: {name} ended without its sum (exit {process.returncode}); seed {seed}", file=sys.stderr)
        note(name, tried, seed, time.monotonic() - began, 0, 1)
        return False
    cases, failed = int(said[1]), int(said[2])
    note(name, tried, seed, time.monotonic() - began, cases, failed)
    return failed == 0 and process.returncode == 0


def fuzz(seconds, only):
    """Each libFuzzer target for so long, on its corpus; what is new and what crashed stays in build/fuzz/found."""
    runner = [sys.executable, os.path.join(ROOT, "tests", "support", "fuzz.py"), FUZZ]
    targets = subprocess.run([*runner, "--list"], capture_output=True, text=True, check=True).stdout.split()
    if unknown := set(only) - set(targets):
        sys.exit(f"torture: no fuzz target {', '.join(sorted(unknown))}; there are {', '.join(targets)}")
    good = True
    for target in only or targets:
        tried, began = commit(), time.monotonic()
        done = subprocess.run([*runner, "--seconds", str(seconds), "--found", os.path.join(FUZZ, "found"), target],
                              stdout=subprocess.PIPE, text=True)
        print(done.stdout, end="", flush=True)
        executed = re.search(r"(\d+) executions", done.stdout)
        note("fuzz " + target.removesuffix("_fuzz"), tried, "-", time.monotonic() - began, int(executed[1]) if executed else 0,
             int(done.returncode != 0))
        good = good and done.returncode == 0
    return good


def sums():
    total = collections.defaultdict(lambda: [0, 0, 0, 0])
    if os.path.exists(LEDGER):
        with open(LEDGER, encoding="ascii") as ledger:
            for line in list(ledger)[1:]:
                _, _, kind, _, seconds, cases, failed = line.rstrip("\n").split("\t")
                for i, number in enumerate((1, int(seconds), int(cases), int(failed))):
                    total[kind][i] += number
    print(f"{'kind':24} {'runs':>6} {'hours':>8} {'cases':>12} {'failed':>8}")
    for kind, (runs, seconds, cases, failed) in sorted(total.items()):
        print(f"{kind:24} {runs:6} {seconds / 3600:8.2f} {cases:12} {failed:8}")


def seconds_of(text):
    said = re.fullmatch(r"(\d+)([smh]?)", text)
    if not said:
        raise argparse.ArgumentTypeError("a time such as 90s, 10m or 2h")
    return int(said[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[said[2]]


def main():
    kinds = "\n".join(f"  {name:12} {kind.about}" for name, kind in KINDS.items())
    options = argparse.ArgumentParser(prog="tools/torture", formatter_class=argparse.RawDescriptionHelpFormatter,
                                      description="Kinds:\n" + kinds + "\n  fuzz         every fuzz target, or those that are named\n"
                                      "  all          every kind\n  ledger       the sums of what was tried")
    options.add_argument("kind", nargs="?", choices=[*KINDS, "fuzz", "all", "ledger"])
    options.add_argument("names", nargs="*", help="fuzz targets")
    options.add_argument("--for", type=seconds_of, default=60, dest="seconds", metavar="TIME")
    options.add_argument("--seed", type=int, default=None)
    said = options.parse_intermixed_args()
    if said.kind is None:
        options.print_help()
        return 0
    if said.kind == "ledger":
        sums()
        return 0
    good = True
    for name in [*KINDS, "fuzz"] if said.kind == "all" else [said.kind]:
        print(f"==> {name}", flush=True)
        if name == "fuzz":
            build(Kind("", None, (("fuzz", ("fuzzers",)),)))
            good = fuzz(said.seconds, said.names) and good
            continue
        seed = random.randrange(1, 1 << 31) if said.seed is None else said.seed
        build(KINDS[name])
        good = run(name, KINDS[name].command(said.seconds, seed), seed) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
