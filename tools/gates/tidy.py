#!/usr/bin/env python3
"""clang-tidy over every source file of the product, by the checks of .clang-tidy; a file that has not changed is not looked at again.

    tools/gates/tidy.py BUILD [FILE...]      BUILD: the folder of a build whose compiler is clang (its compile_commands.json)

What was found clean is remembered by the digest of the preprocessed file in ~/.cache/parlance/tidy, or $PARLANCE_TIDY_CACHE. Exit 1 where
something is found. The last line is "N files, M of them looked at, K with findings".
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TIDY = "clang-tidy-16"
FOLDERS = ("engine", "projections", "schemas", "adapters", "tools")
FILE_SECONDS_MAX = 300


def sources(build, only):
    """(file, its command), each once."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    out = {}
    for entry in entries:
        path = os.path.relpath(entry["file"], ROOT)
        if path.split(os.sep)[0] in FOLDERS and (not only or path in only):
            out.setdefault(path, entry)
    return sorted(out.items())


def digest(entry, settings):
    """Of all that the findings depend on."""
    words = shlex.split(entry["command"])
    launcher = [at for at, word in enumerate(words) if os.path.basename(word) == "ccache"]
    words = words[launcher[0] + 1:] if launcher else words
    out = words.index("-o")
    words[out:out + 2] = []
    words[words.index("-c")] = "-E"
    words.append("-P")
    done = subprocess.run(words, cwd=entry["directory"], capture_output=True, check=False)
    if done.returncode != 0:
        return None
    with open(entry["file"], "rb") as file:  # with its comments, which may say NOLINT
        return hashlib.sha256(settings + file.read() + done.stdout).hexdigest()


def look(build, path, entry, settings, cache):
    """(whether it was looked at, the findings)"""
    mark = digest(entry, settings)
    if mark and os.path.exists(os.path.join(cache, mark)):
        return False, ""
    try:
        done = subprocess.run([TIDY, "-p", build, "--quiet", os.path.join(ROOT, path)], cwd=ROOT, capture_output=True, text=True,
                              timeout=FILE_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return True, f"{path}: not done in {FILE_SECONDS_MAX} s"
    if done.returncode != 0 or done.stdout.strip():
        return True, done.stdout or done.stderr
    if mark:
        open(os.path.join(cache, mark), "wb").close()
    return True, ""


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("build")
    options.add_argument("file", nargs="*")
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    said = options.parse_args()
    cache = os.environ.get("PARLANCE_TIDY_CACHE") or os.path.expanduser("~/.cache/parlance/tidy")
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(ROOT, ".clang-tidy"), "rb") as file:
        settings = file.read() + subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    files = sources(said.build, {os.path.relpath(os.path.abspath(one), ROOT) for one in said.file})
    looked = wrong = 0
    with concurrent.futures.ThreadPoolExecutor(said.jobs) as pool:
        jobs = {pool.submit(look, said.build, path, entry, settings, cache): path for path, entry in files}
        for number, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            again, findings = job.result()
            looked += again
            if findings:
                wrong += 1
                print(findings.rstrip(), flush=True)
            if sys.stderr.isatty() or number % 20 == 0:
                print(f"{number} of {len(files)}", file=sys.stderr, flush=True)
    print(f"{len(files)} files, {looked} of them looked at, {wrong} with findings")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
