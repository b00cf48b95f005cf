"""The power goes on a disk that said it had synced and had not: from some moment on the syncs of some files, or of all, kept nothing.

No program can keep its word on such a disk. What can be asked of it: that it tells what it can see. A server must either refuse to start,
naming what is behind what, or serve; what it then serves is right; and of an acknowledged message that is gone it must say so: by the
position that the client was given (position.beyond_end), or in its place in the conversation, where only the words are gone.

What cannot be seen from inside: where all files lost the same end, the folder is an older copy of itself, or only what the sealed mark does
not reach yet is gone. Positions that clients bring tell it, until as many new records were written as were lost, of which the claim of
the start is one.

    lying_disk_test.py [--cases N] [--events N] [--seed S] [--case N]

The last line is "cases N failed M".
"""

import argparse
import collections
import os
import random
import re
import shutil
import sys
import tempfile

from power_test import Script, served
from rot_test import area_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk  # noqa: E402
from faulty_disk import Trace  # noqa: E402

AREAS = ("everything", "log wal", "log table", "log manifest", "mark", "manifest mark", "views", "fold", "files")
UNSEEN = ("everything", "log wal")
DISPOSABLE = ("views", "fold")


def judge(folder, book, cut, area, words):
    """What came of it: refused, harmless, told, or unseen: the claim of the start stands where what is gone stood."""
    try:
        desk = Desk(os.path.join(folder, "data"))
    except AssertionError as error:
        said = str(error)
        assert "parlance: " in said and "invariant broken" not in said, f"crashed: {said[-800:]}"
        assert area not in DISPOSABLE, f"does not heal by itself: {said[-800:]}"
        assert re.search(r"\(([a-z_]+\.[a-z_]+)\)", said), f"refused without a rule: {said[-800:]}"
        words.append(re.search(r"^.*parlance: (.*)", said, re.M)[1])
        return "refused"
    with desk:
        items = {item["id"]: item for timeline in served(desk).values() for item in timeline if item["kind"] in ("message", "note")}
        texts = collections.Counter(item.get("text") for item in items.values() if item.get("text"))
        known = {sent.body["text"] for sent in book if "text" in sent.body}
        assert set(texts) <= known, f"from nowhere: {set(texts) - known}"
        assert all(many == 1 for many in texts.values()), f"doubled: {texts.most_common(1)}"
        redacted = {sent.path.split("/")[5] for sent in book if sent.path.endswith("/redact") and sent.began <= cut}
        told = unseen = 0
        ends = {one["partition"]: int(one["end"]) for one in desk.get("/v1/status")["partitions"]}
        for sent in book:
            if sent.acknowledged > cut or sent.path.endswith("/redact"):
                continue
            ident = sent.answer.get("message", sent.answer.get("id"))
            item = items.get(ident)
            if item is not None and item.get("text") == sent.body["text"]:
                continue
            if item is not None and (ident in redacted or item.get("personal") == "unavailable"):
                told += item.get("personal") == "unavailable"
                continue
            assert item is None, f"{sent.body['text']!r} is served as {item}"
            asked = desk.call("GET", "/v1/conversations?sort=oldest", headers={"Parlance-At-Least": sent.answer["position"]})
            _, partition, offset = map(int, sent.answer["position"].split(":"))
            if ends[partition] in (offset + 1, offset + 2) and area in UNSEEN:
                unseen += 1
                continue
            assert asked.code == "position.beyond_end", f"{sent.body['text']!r} is gone, and {sent.answer['position']} answers {asked}"
            told += 1
            conditions = {one["name"] for one in desk.get("/v1/conditions")["data"]}
            assert "log.shorter_than_told" in conditions, f"no operator is told of it: {conditions}"
        assert not (told and area in DISPOSABLE), f"{told} acknowledged are gone with rows that the log makes again"
        assert desk.process.poll() is None, f"it ended with {desk.process.returncode}"
    return "told" if told else "unseen" if unseen else "harmless"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cases", type=int, default=18)
    options.add_argument("--events", type=int, default=150)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--case", type=int)
    said = options.parse_args()
    work = tempfile.mkdtemp(prefix="parlance-lying-")
    sums, failed = collections.Counter(), 0
    try:
        script = Script(os.path.join(work, "disk"), said.events, said.seed)
        begun = script.book[0].began
        for number in range(said.cases) if said.case is None else [said.case]:
            chance = random.Random(f"{said.seed} {number}")
            area = AREAS[number % len(AREAS)]
            trace = Trace(script.disk.trace, script.root)
            since, cut = sorted(chance.sample(range(begun, len(trace)), 2))
            while trace.done < since:
                trace.step()
            data = script.data + "/"
            trace.lies = lambda path, area=area: area == "everything" or area_of(path.removeprefix(data)) == area
            while trace.done < cut:
                trace.step()
            folder = os.path.join(work, f"case-{number}")
            trace.write_to(folder, "lost", chance)
            words = []
            what = f"{area} not synced from change {since} to {cut} of {len(trace)}"
            try:
                found = judge(folder, script.book, cut, area, words)
            except AssertionError as error:
                found, failed = "FAILED", failed + 1
                print(f"FAILED  {what}: {error}\n  again: lying_disk_test.py --events {said.events} --seed {said.seed} --case {number}",
                      flush=True)
            print(f"{found:9} {what}: {''.join(words)}", flush=True)
            sums[found] += 1
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(", ".join(f"{found}: {many}" for found, many in sorted(sums.items())))
    print(f"cases {sum(sums.values())} failed {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
