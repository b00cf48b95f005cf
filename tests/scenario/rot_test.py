"""Rot of any file of a stopped server is found or harmless: what is served is what was, or it is said that it cannot be served.

A folder is made twice: killed, so that the newest records lie in the write-ahead log, and stopped in order. It holds messages, notes,
redactions and attached files, and was opened more than once, so that there are tables of the log. Each case harms one file of a copy: a
bit flipped, the end cut off, a page of zeros, two blocks exchanged, the file gone, or exchanged with another of its kind; in the log and
the vault, their write-ahead log and manifest, the sealed mark, the keyring, attached files, the views and the fold store. Then
  - the server refuses to start, in a line that names the rule and what to do;
  - or everything is served as it was: what is disposable has healed by itself, which is all that views and fold store may do;
  - or what is damaged is answered with an error that says so, and all else as it was.
In some cases the fold store and the views, which would hide what the log lost, are gone as well.

    rot_test.py [--cases N] [--seed S] [--for SECONDS] [--case N]

Case N of a seed is the same whatever the others are. The last line is "cases N failed M".
"""

import argparse
import base64
import collections
import concurrent.futures
import http.client
import json
import os
import random
import re
import shutil
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk, wait_until  # noqa: E402

MESSAGES, PEOPLE = 150, 12
PAGE = 4096
LONG_AGO = "2026-01-01T00:00:00Z"
KINDS = ("flip", "cut off", "zeros", "swapped", "gone", "exchanged")
DISPOSABLE = ("views", "fold")
# What of a damaged log is told when it is read, not when it is opened.
TOLD = (500, 503)


def area_of(path):
    """Which part of a folder a file belongs to, or None: nothing depends on it."""
    top, _, rest = path.partition(os.sep)
    name = os.path.basename(path)
    if name in ("LOCK", "lock", "LOG", "IDENTITY") or name.startswith("LOG.old"):
        return None
    if top in DISPOSABLE or top in ("keys", "files"):
        return top
    if top == "log":
        return {"sealed-mark": "mark", "manifest-mark": "manifest mark", "format": "format"}.get(name) or (
            "log " + ("table" if name.endswith(".sst") else "wal" if name.endswith(".log") else re.split(r"[-.]", name)[0].lower()))
    return None


def files_of(folder):
    """{area: [path]} of what holds something."""
    out = collections.defaultdict(list)
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(where, name), folder)
            area = area_of(path)
            if area and os.path.getsize(os.path.join(folder, path)):
                out[area].append(path)
    return dict(sorted(out.items()))


def harm(folder, files, kind, chance):
    """Harms one of `files` by `kind`, or in a way that is possible for it. Returns what was done, in words."""
    path = chance.choice(files)
    whole = os.path.join(folder, path)
    with open(whole, "rb") as file:
        data = bytearray(file.read())
    size = len(data)
    others = [other for other in files if other != path and os.path.basename(other).split(".")[-1] == os.path.basename(path).split(".")[-1]]
    if kind == "exchanged" and others:
        other = chance.choice(others)
        os.rename(whole, whole + ".away")
        os.rename(os.path.join(folder, other), whole)
        os.rename(whole + ".away", os.path.join(folder, other))
        return f"{path} exchanged with {other}"
    if kind == "gone":
        os.remove(whole)
        return f"{path} gone"
    if kind == "swapped" and size >= 2 * PAGE:
        one, other = chance.sample(range(size // PAGE), 2)
        a, b = slice(one * PAGE, (one + 1) * PAGE), slice(other * PAGE, (other + 1) * PAGE)
        data[a], data[b] = data[b], data[a]
        said = f"{path}: blocks {one} and {other} swapped"
    elif kind == "zeros":
        begin = chance.randrange(size) // PAGE * PAGE if size > PAGE else chance.randrange(size)
        end = min(begin + PAGE, size)
        data[begin:end] = bytes(end - begin)
        said = f"{path}: zeros from {begin} to {end} of {size}"
    elif kind == "cut off":
        at = chance.randrange(size)
        del data[at:]
        said = f"{path}: cut off at {at} of {size}"
    else:
        at, bit = chance.randrange(size), chance.randrange(8)
        data[at] ^= 1 << bit
        said = f"{path}: bit {bit} of byte {at} of {size} flipped"
    with open(whole, "wb") as file:
        file.write(data)
    return said


def upload(desk, number):
    """The id of a file that lies by itself, not in the vault."""
    request = urllib.request.Request(f"http://{desk.address}/v1/attachments", random.Random(number).randbytes(3000 * number), method="POST",
                                     headers={"Authorization": "Bearer " + desk.token, "Content-Type": "application/octet-stream",
                                              "Parlance-File-Name": "b.bin"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["id"]


def fetch(desk, attachment):
    """(status, bytes) of an attached file."""
    request = urllib.request.Request(f"http://{desk.address}/v1/attachments/{attachment}",
                                     headers={"Authorization": "Bearer " + desk.token})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except http.client.IncompleteRead as error:
        return 500, b"broken off after %d bytes" % len(error.partial)


class Base:
    """A folder, and all that a server on it answers."""

    def __init__(self, folder, how):
        self.folder, self.how = folder, how
        os.makedirs(os.path.dirname(folder))
        with Desk(folder) as desk:
            desk.settings(first_response_seconds=None, auto_close_seconds=None)
            self.write(desk, 0)
            for again in (1, 2):
                desk.restart()
                self.write(desk, again)
            self.conversations = [ticket["id"] for ticket in desk.every("/v1/conversations?sort=oldest")]
            self.attachments = []
            for conversation in self.conversations:
                for item in desk.timeline(conversation):
                    self.attachments += [file["id"] for file in item.get("attachments") or ()]
            assert len(self.conversations) == PEOPLE and self.attachments
            desk.kill() if how == "killed" else desk.stop()
        self.files = files_of(folder)
        self.answers = None

    @staticmethod
    def write(desk, part):
        def one(i):
            body = {"channel": "chat", "account": "shop", "message_id": f"{part} m{i}", "text": f"{part} text {i}",
                    "from": {"address": f"person {i % PEOPLE}"}, "occurred_at": LONG_AGO}
            if i % 10 == 3:
                body["attachments"] = [{"name": "a.bin", "type": "application/octet-stream",
                                        "data": base64.b64encode(random.Random(i).randbytes(500 * i)).decode()}]
            answer = desk.post("/v1/inbound", body)
            there = f"/v1/conversations/{answer['conversation']}"
            if i % 9 == 0:
                desk.post(f"{there}/messages/{answer['message']}/redact", {"reason": "a card number"}, key=f"{part} redact {i}")
            elif i % 5 == 1:
                desk.post(f"{there}/reply", {"text": "see attached", "attachments": [{"id": upload(desk, i)}]}, key=f"{part} reply {i}")
            elif i % 4 == 0:
                desk.post(f"{there}/note", {"text": f"{part} note {i}"}, key=f"{part} note {i}")

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(MESSAGES // 3)))

    def read(self, desk):
        """{what: (status, answer)} of everything. A refused read is tried again for as long as healing may take."""
        out = {}

        def get(what):
            if what in self.attachments:
                return fetch(desk, what)
            answer = desk.call("GET", what, headers={})
            return answer.status, json.dumps(answer.body, sort_keys=True) if answer.status == 200 else json.dumps(answer.body)

        for what in self.asked():
            out[what] = get(what)
        return out

    def asked(self):
        yield "/v1/conversations?sort=oldest&limit=200"
        for conversation in self.conversations:
            yield f"/v1/conversations/{conversation}"
            yield f"/v1/conversations/{conversation}/timeline?limit=200"
        yield from self.attachments


def difference(got, wanted):
    """Where two texts begin to differ."""
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
    return f"...{got[max(0, at - 200):at + 100]!r}\n  instead of ...{wanted[max(0, at - 20):at + 100]!r}"


def is_closed(answer, wanted):
    """Whether it is the same, but for words and names that cannot be opened: there is nothing where they were."""
    if answer == wanted or answer[0] != 200 or not isinstance(answer[1], str):
        return False

    def same(got, whole):
        if got is None:
            return True
        if isinstance(got, list):
            return isinstance(whole, list) and len(got) == len(whole) and all(map(same, got, whole))
        if not isinstance(got, dict) or not isinstance(whole, dict):
            return got == whole
        if got.get("personal") == "unavailable":
            return got.get("id") == whole.get("id")
        return got.keys() == whole.keys() and all(same(got[name], whole[name]) for name in got)
    return same(json.loads(answer[1]), json.loads(wanted[1]))


def heal(base, desk, answers, seconds_max):
    """Reads again what was not answered, until it is or the time is over."""
    end = time.monotonic() + seconds_max
    while any(status in TOLD for status, _ in answers.values()) and time.monotonic() < end:
        time.sleep(0.2)
        answers = base.read(desk)
    return answers


def judge(base, folder, area, words):
    """What came of it: 'refused', 'harmless' or 'told'. AssertionError where that is not allowed. Adds the words of a refusal."""
    try:
        desk = Desk(folder)
    except AssertionError as error:
        said = str(error)
        assert "parlance: " in said and "invariant broken" not in said, f"crashed: {said[-800:]}"
        assert area not in DISPOSABLE, f"does not heal by itself: {said[-800:]}"
        assert re.search(r"\(([a-z_]+\.[a-z_]+)\)", said), f"refused without a rule: {said[-800:]}"
        words.append(re.search(r"^.*parlance: (.*)", said, re.M)[1])
        return "refused"
    try:
        # A position that it could not have seen: all that is there is asked for, whatever it is.
        answers = base.read(desk)
        if area in DISPOSABLE:
            answers = heal(base, desk, answers, 20)
        told = [what for what, answer in answers.items() if answer[0] in TOLD or is_closed(answer, base.answers[what])]
        for what, answer in answers.items():
            if what not in told:
                assert answer == base.answers[what], f"{what}: {difference(str(answer), str(base.answers[what]))}"
        assert not (told and area in DISPOSABLE), f"does not heal by itself: {told[0]}: {answers[told[0]]}"
        if told:
            wait_until(lambda: {"log.damaged", "files.damaged"} & {one["name"] for one in desk.get("/v1/conditions")["data"]},
                       f"an operator is told of {told[0]}", 5)
        for what in told:
            said = answers[what][1]
            assert b"internal" not in (said if isinstance(said, bytes) else said.encode()), f"it does not say why: {what}: {said}"
        assert desk.process.poll() is None, f"it ended with {desk.process.returncode}"
        return "told" if told else "harmless"
    finally:
        desk.close()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cases", type=int, default=50)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--for", type=int, default=0, dest="seconds")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--case", type=int)
    options.add_argument("--said", action="store_true", help="what each case was, and how the server refused it")
    said = options.parse_args()
    work = tempfile.mkdtemp(prefix="parlance-rot-")
    end = time.monotonic() + said.seconds
    sums, failed, lock = collections.Counter(), [], threading.Lock()

    def one(number):
        chance = random.Random(f"{said.seed} {number}")
        base = bases[number % len(bases)]
        areas = list(base.files)
        area = areas[(number // len(bases) + said.seed) % len(areas)]
        # Each kind comes to each area in turn.
        kind = KINDS[(number // len(bases) // len(areas) + number + said.seed) % len(KINDS)]
        folder = os.path.join(work, f"case-{number}", "data")
        shutil.copytree(base.folder, folder)
        what = ""
        try:
            what = harm(folder, base.files[area], kind, chance)
            if area not in DISPOSABLE and chance.random() < 0.5:
                for rows in DISPOSABLE:
                    shutil.rmtree(os.path.join(folder, rows))
                what += ", without views and fold store"
            if said.case is not None:
                harmed = os.path.join(work, "harmed")
                shutil.copytree(folder, harmed)
                print(f"{base.how}: {what}: {harmed}")
            words = []
            found = judge(base, folder, area, words)
            if said.said:
                print(f"{found:9} {base.how}: {what}: {''.join(words)}", flush=True)
            if said.case is not None:
                print(found)
        except Exception as error:  # noqa: BLE001  whatever it is, the damage did it
            found = "FAILED"
            if not isinstance(error, AssertionError):
                error = traceback.format_exc()
            with lock:
                failed.append(number)
                print(f"FAILED  {base.how}: {what}: {error}\n  again: rot_test.py --seed {said.seed} --case {number}", flush=True)
        finally:
            shutil.rmtree(os.path.dirname(folder), ignore_errors=True)
        with lock:
            sums[area, found] += 1

    try:
        bases = [Base(os.path.join(work, how, "data"), how) for how in ("killed", "stopped")]
        for base in bases:
            whole = os.path.join(work, "whole", "data")
            shutil.copytree(base.folder, whole)
            with Desk(whole) as desk:
                base.answers = base.read(desk)
            shutil.rmtree(whole)
            assert all(status == 200 for status, _ in base.answers.values()), "all of it is served before anything is harmed"
        with concurrent.futures.ThreadPoolExecutor(said.jobs) as pool:
            number, waiting = 0, collections.deque()
            while said.case is None and (time.monotonic() < end if said.seconds else number < said.cases):
                waiting.append(pool.submit(one, number))
                number += 1
                if len(waiting) > said.jobs:
                    waiting.popleft().result()
            if said.case is not None:
                one(said.case)
    finally:
        if said.case is None:
            shutil.rmtree(work, ignore_errors=True)
    for (area, found), count in sorted(sums.items()):
        print(f"{area:16} {found:12} {count}")
    print(f"cases {sum(sums.values())} failed {len(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
