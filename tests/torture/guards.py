"""Takes one guard after the other out of a copy of the tree, and sees that a named test fails without it.

    tools/torture guards
    tests/torture/guards.py NAME...

A guard that nothing misses is not guarded by anything. The copy lies in build/guards (with a build of its own, the preset `asan`) and is
brought up to what is committed each time. Each line below says what is taken out, where, and by which test it is missed. A text that is not
there, or twice, is an error: then the guard has moved, and its line here must follow. The last line is "cases N failed M".
"""

import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
COPY = os.path.join(ROOT, "build", "guards")
BUILD = os.path.join(COPY, "build", "asan")


class Guard:
    def __init__(self, name, file, text, without, target, test):
        self.name, self.file, self.text, self.without, self.target, self.test = name, file, text, without, target, test


GUARDS = (
    Guard("chain check", "schemas/log_fold.cc",
          "frame.seq == state.seq + 1 &&\n               frame.prev == state.chain) {", "frame.seq == state.seq + 1) {",
          "tests_schemas_log", "schemas_log"),
    Guard("sealed mark: how far", "adapters/embedded/embedded_log.cc",
          "if (ends.partitions[p] < marks.mark(p).next) {", "if (marks.mark(p).next > ends.partitions[p] + (1ULL << 40)) {",
          "tests_adapters_embedded", "adapters_embedded"),
    Guard("sealed mark: what", "engine/runtime/fenced_writer.cc",
          "certain.next == mark->next && certain.chain != mark->chain", "certain.next > mark->next",
          "tests_engine_runtime_fencing", "engine_runtime_fencing"),
    Guard("oldest-first acknowledgement", "engine/runtime/fenced_writer.cc",
          "q[report.number - q.front().ticket].report = std::move(report.what);", "q.front().report = std::move(report.what);",
          "tests_engine_runtime_fencing", "engine_runtime_fencing"),
    Guard("refusal rule", "engine/runtime/owner.cc",
          "if (flights_.empty()) return answer(std::move(result));", "if (last_ticket_ + 1 > 0) return answer(std::move(result));",
          "tests_engine_runtime_owner", "engine_runtime_owner"),
    Guard("sync before answer", "adapters/embedded/embedded_log.cc",
          "const rocksdb::Status status = db->sync(); !status.ok()", "const rocksdb::Status status = rocksdb::Status::OK(); !status.ok()",
          "tests_adapters_embedded", "adapters_embedded"),
    Guard("applied offset in the rows' own batch", "projections/view_set.cc",
          "  auto written = state.family->write_all(changes);",
          "  auto written = state.family->write_all(std::span(changes).first(changes.size() - 1));\n"
          "  if (written) written = state.family->write_all(std::span(changes).last(1));",
          "tests_projections", "projections"),
    Guard("idempotency: in flight", "engine/runtime/owner.cc",
          "if (const auto flying = commands_.find(*request.command); flying != commands_.end()) {",
          "if (const auto flying = commands_.end(); flying != commands_.end()) {",
          "tests_engine_runtime_owner", "engine_runtime_owner"),
    Guard("idempotency: in the log", "engine/runtime/owner.cc",
          "if (*offset) return replay(std::move(request), **offset, std::move(answer));",
          "if (*offset && **offset == ~0ULL) return replay(std::move(request), **offset, std::move(answer));",
          "tests_engine_runtime_owner", "engine_runtime_owner"),
)


def prepare():
    if os.path.exists(os.path.join(COPY, ".git")):
        subprocess.run(["git", "-C", COPY, "reset", "-q", "--hard"], check=True)
        head = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run(["git", "-C", COPY, "fetch", "-q", ROOT, head], check=True)
        subprocess.run(["git", "-C", COPY, "checkout", "-q", "--detach", head], check=True)
    else:
        subprocess.run(["git", "clone", "-q", ROOT, COPY], check=True)
    subprocess.run(["cmake", "-S", COPY, "--preset", "asan"], check=True, stdout=subprocess.DEVNULL)


def build(target):
    return subprocess.run(["ninja", "-C", BUILD, target], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test(name):
    return subprocess.run(["ctest", "--test-dir", BUILD, "-R", f"^{name}$", "--no-tests=error", "--output-on-failure"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def missed(guard):
    """By which case of the test the guard is missed. Raises AssertionError where it is not."""
    path = os.path.join(COPY, guard.file)
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    assert whole.count(guard.text) == 1, f"{guard.file} holds its text {whole.count(guard.text)} times"
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(whole.replace(guard.text, guard.without))
        built = build(guard.target)
        assert built.returncode == 0, f"it does not compile without:\n{built.stdout[-3000:]}"
        tried = test(guard.test)
        assert tried.returncode != 0, f"{guard.test} passes without it"
        cases = [line.partition("TEST CASE:")[2].strip() for line in tried.stdout.split("\n") if "TEST CASE:" in line]
        return f"{len(set(cases))} cases, the first: {cases[0]}" if cases else "the run ended"
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(whole)


def main():
    only = sys.argv[1:]
    guards = [guard for guard in GUARDS if not only or guard.name in only]
    failed = 0
    prepare()
    for name in sorted({guard.target for guard in guards}):
        print(f"building {name}", flush=True)
        whole = build(name)
        if whole.returncode != 0:
            print(whole.stdout[-3000:])
            return 1
    for name in sorted({guard.test for guard in guards}):
        assert test(name).returncode == 0, f"{name} fails with every guard in place"
    for guard in guards:
        try:
            print(f"{guard.name}: missed by {guard.test}: {missed(guard)}", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"FAILED  {guard.name}: {error}", flush=True)
    print(f"cases {len(guards)} failed {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
