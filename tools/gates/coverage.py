#!/usr/bin/env python3
"""Which lines and written branches the tests came to, and whether that is enough.

    cmake --preset coverage && cmake --build build/coverage && ctest --preset coverage
    tools/gates/coverage.py build/coverage [--missing]

Counted is what the suites and the simulation run in their own processes, by clang's source-based coverage: a branch is one that somebody
wrote, not an exception's way out. Limits: engine/ as a whole at least 90 % of lines and of branches; each file of log, fold, codecs and keys
(WHOLE) 100 %, but for assertions, and what tests/coverage_excluded.tsv names: path, the line's text, and the reason why no test can come there;
`*` for a line stands for the branches of all its lines. A line of it that excludes nothing any more is a failure too,
unless its reason begins "now and then". --missing prints every line and branch that is not covered.
"""
import argparse
import collections
import fnmatch
import glob
import json
import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
EXCLUDED = os.path.join(ROOT, "tests", "coverage_excluded.tsv")
ENGINE_PERCENT_MIN = 90
NOW_AND_THEN = "now and then"
WHOLE = {
    "log": ("adapters/embedded/*", "engine/runtime/fenced_writer*", "engine/runtime/log_reading*"),
    "fold": ("engine/runtime/partition_fold*", "engine/runtime/fold_rows*", "engine/runtime/state_rows*"),
    "codecs": ("schemas/*", "engine/runtime/capsule*", "engine/runtime/key_row*", "engine/runtime/sealed_blob*", "engine/runtime/blind*"),
    "keys": ("adapters/keyring/*",),
}


def read(build):
    """{path: ({line: times}, {(line, column, way): times})} of the tree's own files."""
    profiles = glob.glob(os.path.join(build, "profiles", "*.profraw"))
    if not profiles:
        sys.exit(f"coverage: {build}/profiles holds nothing; run ctest --preset coverage first")
    merged = os.path.join(build, "all.profdata")
    subprocess.run(["llvm-profdata-16", "merge", "-sparse", "-o", merged, *profiles], check=True)
    programs = [path for path in glob.glob(os.path.join(build, "tests", "**", "*"), recursive=True)
                if os.path.isfile(path) and os.access(path, os.X_OK) and not path.endswith((".so", ".py"))]
    words = [f"-instr-profile={merged}", programs[0]]
    for program in programs[1:]:
        words += ["-object", program]
    out = collections.defaultdict(lambda: (collections.defaultdict(int), collections.defaultdict(int)))

    def ours(path):
        # The build calls the project's root "/".
        path = os.path.relpath(path, ROOT) if path.startswith(ROOT) else path.lstrip("/")
        return path if os.path.exists(os.path.join(ROOT, path)) and not path.startswith(("build", "tests", "bench")) else None

    lines = None
    for text in export("lcov", words).split("\n"):
        kind, _, rest = text.partition(":")
        if kind == "SF":
            path = ours(rest)
            lines = out[path][0] if path else None
        elif kind == "DA" and lines is not None:
            number, times = map(int, rest.split(",")[:2])
            lines[number] = max(lines[number], times)
    for file in json.loads(export("text", ["-skip-functions", "-skip-expansions", *words]))["data"][0]["files"]:
        path = ours(file["filename"])
        if path is None:
            continue
        # Of a template each way that an instance of it went.
        for line, column, _, _, true, false, *_ in file["branches"]:
            for way, times in (("true", true), ("false", false)):
                key = (line, column, way)
                out[path][1][key] = max(out[path][1][key], times)
    return {path: both for path, both in out.items() if both[0]}


def export(form, words):
    done = subprocess.run(["llvm-cov-16", "export", f"-format={form}", *words], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    if done.returncode != 0:
        sys.exit("coverage: llvm-cov-16 failed")
    return done.stdout


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

    def names(self, path, text, kinds):
        """Whether `kinds` of gaps ("line", "true", "false") of that line are excluded."""
        for place in ((path, text.strip()), *([] if "line" in kinds else [(path, "*")])):
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
            if not times and texts[number - 1].strip(" });"):  # a brace goes with what it ends
                gaps[number].append("line")
        # The other way of an assertion ends the program, and what the compiler knows (`if constexpr`) goes neither way where it runs.
        branches = {key: times for key, times in branches.items() if "_ASSERT(" not in texts[key[0] - 1] and not (
            lines.get(key[0]) and not any(branches.get((*key[:2], way)) for way in ("true", "false")))}
        for (number, _, way), times in branches.items():
            if not times:
                gaps[number].append(way)
        left = {number: kinds for number, kinds in gaps.items() if not excluded.names(path, texts[number - 1], kinds)}
        for name in [path.split("/")[0], *of]:
            sums[name][0] += sum(times > 0 for times in lines.values())
            sums[name][1] += len(lines)
            sums[name][2] += sum(times > 0 for times in branches.values())
            sums[name][3] += len(branches)
        if left and (of or said.missing):
            good = good and not of
            print(f"{path}: {len(left)} lines not covered{' (' + of[0] + ': all must be)' if of else ''}")
            for number, kinds in sorted(left.items()) if of or said.missing else ():
                print(f"  {number:5} {'line' if 'line' in kinds else '/'.join(sorted(set(kinds))):10} {texts[number - 1].strip()}")
    for place in sorted(set(excluded.reasons) - excluded.used):
        if excluded.reasons[place].startswith(NOW_AND_THEN):
            continue
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
