#!/usr/bin/env python3
"""Runs the fuzz targets of a build of the preset `fuzz`:

    cmake --preset fuzz && cmake --build build/fuzz --target fuzzers
    tests/support/fuzz.py build/fuzz --seconds 600 --found FOLDER [TARGET...]

Each target gets so many seconds, its corpus, and FOLDER/TARGET, which keeps what it found from run to run: new inputs, and as crash-*,
timeout-*, oom-* or leak-* what failed. Prints one line a target; its output is FOLDER/TARGET.log. Exit 1 where one failed.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys


def targets_of(build):
    out = {}
    for name in sorted(os.listdir(os.path.join(build, "fuzzers"))):
        with open(os.path.join(build, "fuzzers", name), encoding="utf-8") as file:
            program, corpus = file.read().split("\n")[:2]
        out[name] = (program, corpus)
    return out


def run(name, program, corpus, seconds, found):
    folder = os.path.join(found, name)
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(found, name + ".log")
    # The sanitizers' shadow memory needs a fixed layout on kernels that randomise it widely.
    setarch = shutil.which("setarch")
    fixed = [setarch, "-R"] if setarch and subprocess.run([setarch, "-R", "true"], capture_output=True).returncode == 0 else []
    symbolizer = shutil.which("llvm-symbolizer-16") or shutil.which("llvm-symbolizer")
    environment = dict(os.environ, **({"ASAN_SYMBOLIZER_PATH": symbolizer} if symbolizer else {}))
    before = set(os.listdir(folder))
    with open(log, "wb") as out:
        code = subprocess.run(
            fixed + [program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
                     "-verbosity=1", "-max_len=16384", f"-artifact_prefix={folder}/", folder, corpus],
            stdout=out, stderr=subprocess.STDOUT, env=environment).returncode
    with open(log, encoding="utf-8", errors="replace") as text:
        said = text.read()
    number = lambda key: int((re.findall(key + r":?\s+(\d+)", said) or ["0"])[-1])
    new = [f for f in os.listdir(folder) if f not in before]
    failures = sorted(f for f in new if re.match(r"(crash|timeout|oom|leak)-", f))
    edges = number("cov")
    print(f"{name}: {number('stat::number_of_executed_units')} executions, {edges} edges, {len(new) - len(failures)} new inputs, "
          f"{len(failures)} failures", flush=True)
    for failure in failures:
        print(f"  {os.path.join(folder, failure)}", flush=True)
    if code != 0 and not failures:
        print(f"  ended with {code}: see {log}", flush=True)
    return code == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--found", default="fuzz-found", help="a folder, made where it is absent")
    parser.add_argument("--list", action="store_true", help="print the targets and end")
    parser.add_argument("target", nargs="*")
    options = parser.parse_intermixed_args()
    targets = targets_of(options.build)
    if options.list:
        print("\n".join(targets))
        return 0
    unknown = [t for t in options.target if t not in targets]
    if unknown:
        parser.error("there is no " + ", ".join(unknown))
    ran = [run(name, *targets[name], options.seconds, options.found) for name in options.target or targets]
    return 0 if all(ran) else 1


if __name__ == "__main__":
    sys.exit(main())
