#!/usr/bin/env python3
"""Which lines and written branches the tests came to, and whether that is enough.

    cmake --preset coverage && cmake --build build/coverage && ctest --preset coverage
    tools/gates/coverage.py build/coverage [--missing]

Counted is what the suites and the simulation run in their own processes, by clang's source-based coverage: a branch is one that somebody
wrote, not an exception's way out. Limits: engine/ as a whole at least 90 % of lines and of branches; each file of log, fold, codecs and keys
(WHOLE) 100 %, but for what tests/coverage_excluded.tsv names: path, the line's text, and the reason why no test can come there.
A line of it that excludes nothing any more is a failure too. --missing prints every line and branch that is not covered.
"""
import argparse
import collections
import fnmatch
import glob
import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
EXCLUDED = os.path.join(ROOT, "tests", "coverage_excluded.tsv")
ENGINE_PERCENT_MIN = 90
WHOLE = {
    "log": ("adapters/embedded/*", "engine/runtime/fenced_writer*", "engine/runtime/log_reading*"),
    "fold": ("engine/runtime/partition_fold*", "engine/runtime/fold_rows*", "engine/runtime/state_rows*"),
    "codecs": ("schemas/*", "engine/runtime/capsule*", "engine/runtime/key_row*", "engine/runtime/sealed_blob*", "engine/runtime/blind*"),
    "keys": ("adapters/keyring/*",),
}


def read(build):
    """{path: ({line: times}, {(line, branch): times})} of the tree's own files."""
    profiles = glob.glob(os.path.join(build, "profiles", "*.profraw"))
    if not profiles:
        sys.exit(f"coverage: {build}/profiles holds nothing; run ctest --preset coverage first")
    merged = os.path.join(build, "all.profdata")
    subprocess.run(["llvm-profdata-16", "merge", "-sparse", "-o", merged, *profiles], check=True)
    programs = [path for path in glob.glob(os.path.join(build, "tests", "**", "*"), recursive=True)
                if os.path.isfile(path) and os.access(path, os.X_OK) and not path.endswith((".so", ".py"))]
    words = ["llvm-cov-16", "export", "-format=lcov", f"-instr-profile={merged}", programs[0]]
    for program in programs[1:]:
        words += ["-object", program]
    out = collections.defaultdict(lambda: (collections.defaultdict(int), collections.defaultdict(int)))
    lines = branches = None
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as said:
        for text in said.stdout:
            kind, _, rest = text.rstrip("\n").partition(":")
            if kind == "SF":
                # The build calls the project's root "/".
                path = os.path.relpath(rest, ROOT) if rest.startswith(ROOT) else rest.lstrip("/")
                lines, branches = out[path] if os.path.exists(os.path.join(ROOT, path)) and not path.startswith(("build", "tests")) else (None, None)
            elif kind == "DA" and lines is not None:
                number, times = rest.split(",")[:2]
                lines[int(number)] = max(lines[int(number)], int(times))
            elif kind == "BRDA" and branches is not None:
                number, block, branch, times = rest.split(",")
                key = (int(number), block + "." + branch)
                branches[key] = max(branches[key], 0 if times == "-" else int(times))
    if said.returncode != 0:
        sys.exit("coverage: llvm-cov-16 failed")
    return {path: both for path, both in out.items() if both[0]}


class Excluded:
    def __init__(self):
        self.reasons = {}
        self.used = set()
        if os.path.exists(EXCLUDED):
            with open(EXCLUDED, encoding="utf-8") as file:
                for text in file:
                    if text.strip() and not text.startswith("#"):
                        path, line, why = text.rstrip("\n").split("\t")
                        self.reasons[path, line.strip()] = why

    def __contains__(self, place):
        if place in self.reasons:
            self.used.add(place)
            return True
        return False


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("build")
    options.add_argument("--missing", action="store_true")
    said = options.parse_args()
    covered, excluded, good = read(said.build), Excluded(), True
    sums = collections.defaultdict(lambda: [0, 0, 0, 0])
    for path, (lines, branches) in sorted(covered.items()):
        of = [name for name, patterns in WHOLE.items() if any(fnmatch.fnmatch(path, pattern) for pattern in patterns)]
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            texts = file.read().split("\n")
        gaps = collections.defaultdict(list)
        for number, times in lines.items():
            if not times:
                gaps[number].append("line")
        for (number, _), times in branches.items():
            if not times:
                gaps[number].append("branch")
        left = {number: kinds for number, kinds in gaps.items() if (path, texts[number - 1].strip()) not in excluded}
        for name in [path.split("/")[0], *of]:
            sums[name][0] += sum(times > 0 for times in lines.values())
            sums[name][1] += len(lines)
            sums[name][2] += sum(times > 0 for times in branches.values())
            sums[name][3] += len(branches)
        if left and (of or said.missing):
            good = good and not of
            print(f"{path}: {len(left)} lines not covered{' (' + of[0] + ': all must be)' if of else ''}")
            for number, kinds in sorted(left.items()) if of or said.missing else ():
                print(f"  {number:5} {'line  ' if 'line' in kinds else 'branch'} {texts[number - 1].strip()}")
    for place in sorted(set(excluded.reasons) - excluded.used):
        good = False
        print(f"{os.path.relpath(EXCLUDED, ROOT)}: excludes nothing: {place[0]}: {place[1]}")
    print(f"{'':14} {'lines':>16} {'branches':>20}")
    for name, (line, line_all, branch, branch_all) in sorted(sums.items()):
        print(f"{name:14} {line:6}/{line_all:6} {percent(line, line_all):5.1f} % {branch:6}/{branch_all:6} {percent(branch, branch_all):5.1f} %")
    if min(percent(*sums["engine"][:2]), percent(*sums["engine"][2:])) < ENGINE_PERCENT_MIN:
        good = False
        print(f"engine/ is below {ENGINE_PERCENT_MIN} %")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
