"""The power goes at any moment, under every file that a real server writes: log, vault, stores of rows, sealed mark, keyring, attached files.

One client sends messages, replies, notes, attached files and redactions, and stops and kills the server now and then, on a disk that writes
down each of its changes in order (faulty_disk.py). After each answer the client notes how many changes there were. Then, for cuts between
any two changes, the folder is made as a power cut there could have left it: what was not synced gone, torn, partly there in another
order, or (as with a kill) all there. A server must start on it and serve all that was acknowledged before the cut, once; what was sent
and not acknowledged once or not at all, and once when it is sent again; nothing else.

    power_test.py [--cuts N] [--events N] [--seed S] [--all] [--for SECONDS] [--cut N --how HOW]

--all cuts at every change, --for goes on with other seeds for so long. The last line is "cases N failed M".
"""

import argparse
import base64
import collections
import concurrent.futures
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk  # noqa: E402
from faulty_disk import FaultyDisk, Trace  # noqa: E402

WAYS = ("lost", "torn", "reordered", "kept")
PEOPLE = 12


class Sent:
    """One line of the client's book."""

    def __init__(self, path, body, key, at):
        self.path, self.body, self.key = path, body, key
        self.began = at  # changes of the disk when it was sent
        self.acknowledged = None  # and when it was answered
        self.answer = None

    def send(self, desk):
        return desk.post(self.path, self.body, key=self.key)


class Script:
    """What the client did, and the disk's changes meanwhile."""

    def __init__(self, root, events, seed):
        self.root = root
        os.mkdir(root)
        self.data = os.path.join(root, "data")
        self.disk = FaultyDisk(root, traced=True)
        self.chance = random.Random(seed)
        self.book = []
        self.conversations = []
        self.redactable = []  # (conversation, message, text)
        with Desk(self.data, disk=self.disk) as desk:
            desk.settings(first_response_seconds=None, auto_close_seconds=None)
            for number in range(events):
                self.one(desk, number)
                if number % (events // 3 + 1) == events // 3:
                    desk.stop() if self.chance.random() < 0.5 else desk.kill()
                    desk.start()
            desk.stop()

    def one(self, desk, number):
        which = self.chance.random()
        text = f"text {number}"
        if which < 0.5 or not self.conversations:
            body = {"channel": "chat", "account": "shop", "message_id": f"m{number}", "text": text,
                    "from": {"address": f"person {self.chance.randrange(PEOPLE)}"}}
            if self.chance.random() < 0.15:
                data = bytes(self.chance.randrange(256) for _ in range(self.chance.randrange(1, 9000)))
                body["attachments"] = [{"name": "photo.bin", "type": "application/octet-stream",
                                        "data": base64.b64encode(data).decode()}]
            sent = Sent("/v1/inbound", body, None, self.disk.noted)
        elif which < 0.9 or not self.redactable:
            kind = self.chance.choice(["reply", "note"])
            sent = Sent(f"/v1/conversations/{self.chance.choice(self.conversations)}/{kind}", {"text": text}, f"k{number}",
                        self.disk.noted)
        else:
            conversation, message, _ = self.redactable.pop(self.chance.randrange(len(self.redactable)))
            sent = Sent(f"/v1/conversations/{conversation}/messages/{message}/redact", {"reason": "a card number"},
                        f"k{number}", self.disk.noted)
        self.book.append(sent)
        sent.answer = sent.send(desk)
        sent.acknowledged = self.disk.noted
        if sent.path == "/v1/inbound":
            if sent.answer["created"]:
                self.conversations.append(sent.answer["conversation"])
            self.redactable.append((sent.answer["conversation"], sent.answer["message"], text))


def served(desk):
    """{conversation: its timeline} of all of them."""
    return {ticket["id"]: desk.timeline(ticket["id"]) for ticket in desk.every("/v1/conversations?sort=oldest")}


def check_books(desk, book, cut, everything):
    """What is served against the client's book, as the cut left it, or, `everything`, after all was sent again."""
    there = served(desk)
    texts = collections.Counter(item["text"] for items in there.values() for item in items
                                if item["kind"] in ("message", "note") and item.get("text"))
    redacted = {sent.path.split("/")[5]: sent for sent in book if sent.path.endswith("/redact")}
    known = set()
    for sent in book:
        if sent.path.endswith("/redact"):
            continue
        text = sent.body["text"]
        known.add(text)
        must = everything or sent.acknowledged <= cut
        # What is sent again may get another id where it was not done before.
        ident = sent.answer.get("message", sent.answer.get("id"))
        gone = redacted.get(ident)
        assert texts[text] <= 1, f"{text!r} is there {texts[text]} times"
        if gone is not None:
            done = everything or gone.acknowledged <= cut
            assert not (done and texts[text]), f"{text!r} was redacted and is there"
            if gone.began < cut or everything:
                continue  # it may be there or not
        assert texts[text] == 1 or not must, f"{text!r} was acknowledged and is gone"
        if sent.acknowledged <= cut:
            conversation = sent.answer.get("conversation") or sent.path.split("/")[3]
            items = [item for item in there.get(conversation, ()) if item["id"] == ident]
            assert len(items) == 1 and items[0]["text"] == text, f"{text!r} stands elsewhere: {items}"
            if "attachments" in sent.body:
                check_file(desk, sent, items[0])
    assert set(texts) <= known, f"from nowhere: {set(texts) - known}"


def check_file(desk, sent, item):
    files = item["attachments"]
    assert len(files) == 1, item
    request = urllib.request.Request(f"http://{desk.address}/v1/attachments/{files[0]['id']}",
                                     headers={"Authorization": "Bearer " + desk.token})
    with urllib.request.urlopen(request, timeout=30) as answer:
        got = answer.read()
    assert got == base64.b64decode(sent.body["attachments"][0]["data"]), f"the file of {sent.body['text']!r} is another"


def judge(folder, book, cut, thorough):
    """Serves what the cut left. Raises AssertionError where something is wrong."""
    before = [sent for sent in book if sent.began <= cut]
    with Desk(os.path.join(folder, "data")) as desk:
        for sent in before:  # views may be behind for a moment; positions that were told are waited for
            if sent.acknowledged <= cut:
                desk.remember(sent.answer.get("position"))
        check_books(desk, before, cut, False)
        for sent in before:  # in the order in which they were sent; one at most was without an answer
            if sent.acknowledged > cut:
                sent.send(desk)
        check_books(desk, before, cut, True)
        if thorough:
            desk.verify_views()
            assert desk.stop() == 0
            desk.run("log", "verify", "--data", desk.folder)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cuts", type=int, default=20)
    options.add_argument("--events", type=int, default=120)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--all", action="store_true")
    options.add_argument("--for", type=int, default=0, dest="seconds")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--cut", type=int)
    options.add_argument("--how", choices=WAYS)
    said = options.parse_args()
    work = tempfile.mkdtemp(prefix="parlance-power-")
    end = time.monotonic() + said.seconds
    cases, failed, seed = collections.Counter(), [], said.seed
    lock = threading.Lock()

    def try_one(script, cut, how, folder):
        try:
            judge(folder, script.book, cut, cut % 7 == 0)
        except Exception as error:  # noqa: BLE001  whatever it is, the cut found it
            with lock:
                failed.append((seed, cut, how))
                print(f"FAILED  cut {cut}, {how}: {error}\n  again: power_test.py --events {said.events} --seed {seed} --cut {cut} "
                      f"--how {how}", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        with lock:
            cases[how] += 1

    try:
        while True:
            script = Script(os.path.join(work, f"disk-{seed}"), said.events, seed)
            trace = Trace(script.disk.trace, script.root)
            chance = random.Random(f"{seed} cuts")
            if said.cut is not None:
                cuts = [said.cut]
            elif said.all:
                cuts = range(1, len(trace) + 1)
            else:
                # Two of the first start's, the others of what followed.
                begun = script.book[0].began
                cuts = sorted(chance.sample(range(1, begun), 2) + chance.sample(range(begun, len(trace)), said.cuts - 2))
            print(f"seed {seed}: {len(script.book)} commands, {len(trace)} changes of the disk", flush=True)
            with concurrent.futures.ThreadPoolExecutor(said.jobs) as pool:
                waiting = collections.deque()
                for number, cut in enumerate(cuts):
                    if said.seconds and time.monotonic() > end:
                        break
                    while trace.done < cut:
                        trace.step()
                    how = said.how or WAYS[(number + seed) % len(WAYS)]
                    folder = os.path.join(work, f"cut-{seed}-{cut}")
                    trace.write_to(folder, how, random.Random(f"{seed} {cut} {how}"))
                    if said.cut is not None:
                        shutil.copytree(folder, folder + "-kept")
                        print(f"as it was left: {folder}-kept")
                    waiting.append(pool.submit(try_one, script, cut, how, folder))
                    if len(waiting) > said.jobs:
                        waiting.popleft().result()
                    if number % 100 == 99:
                        print(f"{number + 1} of {len(cuts)} cuts", flush=True)
            shutil.rmtree(script.root, ignore_errors=True)
            seed += 1
            if not said.seconds or time.monotonic() > end:
                break
    finally:
        if said.cut is None:
            shutil.rmtree(work, ignore_errors=True)
    print(", ".join(f"{how}: {count}" for how, count in sorted(cases.items())))
    print(f"cases {sum(cases.values())} failed {len(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
