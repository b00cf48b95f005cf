#!/usr/bin/env python3
"""The `layers` test: the #includes keep to the arrows, and what must stay pure stays so.

All folders share one include root, so an include slips past the linker as long as it needs no symbol. This reads
every source file and refuses
  - an include of a folder that no arrow of tools/cmake/module.cmake leads to,
  - a library outside the layers that may know it (LIBRARIES),
  - a clock, chance or a coroutine where they must come from outside (WORDS),
  - anything at the top level that is not on its list (TOP_LEVEL).

  tools/gates/layers.py              checks the tree
  tools/gates/layers.py --self-test  checks that each of these is caught
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("engine", "projections", "schemas", "adapters", "tools", "tests", "bench")
TOP_LEVEL = {*FOLDERS, "CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE"}
FREE = {"tools", "tests", "bench"}  # They may use anything.

# Header, and the layers that may include it. A layer means all that begins with it.
LIBRARIES = [
    (r"boost/(asio|beast)\b", {"adapters"} | FREE),
    (r"(flatbuffers/|.*_generated\.h$)", {"schemas"} | FREE),
    (r"rocksdb/", {"adapters_embedded", "adapters_rocksdb"} | FREE),
    (r"librdkafka/", {"adapters_kafka"} | FREE),
    (r"CLI/", FREE),
    (r"doctest/", {"tests"}),
    (r"coroutine$", {"adapters"} | FREE),
]

# What the code says, the layers that may not say it, and why.
WORDS = [
    (r"::now\s*\(|\b(clock_gettime|gettimeofday|time)\s*\((\s*(nullptr|NULL|0|CLOCK_\w+)\b|\s*&)",
     {"engine", "schemas", "projections"}, "reads a clock: time comes in from outside"),
    (r"\brandom_device\b|\bs?rand\s*\(|\bgetrandom\s*\(|\brandombytes_\w+\s*\(",
     {"engine", "schemas", "projections"}, "draws chance: it comes in from outside"),
    (r"\bco_(await|return|yield)\b",
     {"engine", "schemas", "projections"}, "is a coroutine: they stay in adapters/"),
]

COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])+\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def read_arrows(text):
    """layer -> the layers it may include, itself and all below them included."""
    direct = {}
    for layer, below in re.findall(r'"(\w+) ->([\w ]*)"', text):
        direct[layer] = below.split()
    reachable = {}
    for layer in direct:
        seen, waiting = set(), [layer]
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                waiting += direct.get(here, [])
        reachable[layer] = seen
    return reachable


def layer_of(path, arrows):
    """The layer of a file by its folder: engine/domain/x.h is engine_domain. None for what is not ours."""
    parts = path.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        layer = "_".join(parts[:length])
        if layer in arrows:
            return layer
    return None


def belongs(layer, layers):
    return any(layer == name or layer.startswith(name + "_") for name in layers)


def faults(path, text, arrows):
    """What is wrong with the file `path`, one line each."""
    layer = layer_of(path, arrows)
    if layer is None:
        return [f"{path}: lies in no layer of tools/cmake/module.cmake"]
    found = []
    uncommented = COMMENT_OR_TEXT.sub(lambda m: m[0] if m[0][0] in "\"'R" else " ", text)
    for match in INCLUDE.finditer(uncommented):
        header = match[2]
        where = f"{path}:{line_of(text, match[0].strip())}"
        for pattern, allowed in LIBRARIES:
            if re.match(pattern, header) and not belongs(layer, allowed):
                found.append(f"{where}: {layer} may not include {header}")
        ours = header.split("/")[0] in FOLDERS
        if match[1] == '"' and not ours:
            found.append(f'{where}: "{header}" is not written from the project\'s root')
        if not ours:
            continue
        target = layer_of(header, arrows)
        if target is None:
            found.append(f"{where}: {header} lies in no layer")
        elif target not in arrows[layer] and "anything" not in arrows[layer]:
            found.append(f"{where}: no arrow leads from {layer} to {target} ({header})")
    code = COMMENT_OR_TEXT.sub(lambda m: "\n" * m[0].count("\n"), text)
    for pattern, forbidden, reason in WORDS:
        for match in re.finditer(pattern, code) if belongs(layer, forbidden) else ():
            found.append(f"{path}:{code.count(chr(10), 0, match.start()) + 1}: {match[0].strip()} {reason}")
    return found


def line_of(text, line):
    return text.count("\n", 0, text.find(line)) + 1


def source_files():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cc") and "node_modules" not in path.parts:
                yield path


def top_level():
    """The names at the top of what is, or is about to be, committed; none outside a checkout."""
    try:
        listing = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                                 capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return []
    return sorted({line.split("/")[0] for line in listing.splitlines()})


def stray(names):
    return [f"{name}: does not belong at the top level" for name in names
            if name not in TOP_LEVEL and not name.startswith(".")]


def check(arrows):
    count, found = 0, stray(top_level())
    for path in source_files():
        count += 1
        found += faults(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"), arrows)
    for fault in found:
        print(fault)
    print(f"layers: {count} files, {len(found)} faults")
    return not found


def self_test(arrows):
    bad = [
        ("engine/domain/a.h", '#include "engine/ports/clock.h"'),
        ("engine/domain/a.h", '  #  include "schemas/codec.h"'),
        ("engine/process/a.cc", '#include "projections/queue_depth.h"'),
        ("engine/runtime/a.cc", '#include "projections/queue_depth.h"'),
        ("projections/a.h", '#include "engine/runtime/owner.h"'),
        ("adapters/rocksdb/a.cc", '#include "engine/domain/conversation.h"'),
        ("adapters/embedded/a.cc", '#include "adapters/memory/log.h"'),
        ("engine/base/a.h", '#include "tests/support/given.h"'),
        ("adapters/http/a.cc", '#include "tools/parlance/serve.h"'),
        ("schemas/a.h", '#include "codec.h"'),
        ("engine/runtime/a.cc", "#include <boost/asio/post.hpp>"),
        ("engine/runtime/a.cc", "#include <flatbuffers/flatbuffers.h>"),
        ("adapters/http/a.cc", '#include "schemas/conversation_generated.h"'),
        ("adapters/http/a.cc", "#include <rocksdb/db.h>"),
        ("adapters/embedded/a.cc", "#include <librdkafka/rdkafka.h>"),
        ("engine/domain/a.cc", "const auto t = std::chrono::system_clock::now();"),
        ("projections/a.cc", "std::time_t t = time(nullptr);"),
        ("engine/process/a.cc", "std::random_device seed;"),
        ("engine/runtime/a.cc", "co_await step();"),
        ("engine/a.h", "int x;"),
    ]
    good = [
        ("engine/domain/a.h", '#include "engine/base/error.h"\n#include <vector>'),
        ("engine/domain/a.h", '// #include "engine/ports/clock.h"\n/* system_clock::now() */'),
        ("engine/domain/a.cc", 'const auto* s = "co_await"; Instant now(Clock& c);'),
        ("engine/runtime/a.cc", '#include "schemas/codec.h"\n#include "engine/domain/conversation.h"'),
        ("projections/a.cc", '#include "engine/ports/view_store.h"'),
        ("adapters/http/a.cc", '#include "projections/x.h"\n#include <boost/beast/core.hpp>\nco_return;'),
        ("adapters/channels/mail/a.cc", '#include "engine/runtime/owner.h"'),
        ("schemas/a.cc", '#include "schemas/conversation_generated.h"'),
        ("adapters/embedded/a.cc", "#include <rocksdb/db.h>\nauto t = std::chrono::steady_clock::now();"),
        ("tests/engine/domain/a.cc", '#include "adapters/memory/log.h"\n#include <doctest/doctest.h>'),
    ]
    wrong = [f"not caught: {path}: {text}" for path, text in bad if not faults(path, text, arrows)]
    wrong += [fault for path, text in good for fault in faults(path, text, arrows)]
    if not stray(["engine", "notes.md", ".ci"]) == ["notes.md: does not belong at the top level"]:
        wrong.append("not caught: notes.md at the top level")
    for line in wrong:
        print(line)
    print(f"layers: {len(bad)} bad and {len(good)} good examples, {len(wrong)} judged wrongly")
    return not wrong


def main():
    arrows = read_arrows((ROOT / "tools/cmake/module.cmake").read_text(encoding="utf-8"))
    assert "engine_domain" in arrows, "the table of arrows was not found in tools/cmake/module.cmake"
    ok = self_test(arrows) if "--self-test" in sys.argv else check(arrows)
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
