"""Stored rows that rot while the server runs heal while it runs; what of the log rots is said, and the rest goes on.

A desk's day is written and the server started anew, so that its caches are cold. Then bits of the tables are flipped under the running
process: of the views, then of the log with its vault. (What the fold store has so little of is read at the start and stays in memory: how
it heals is in tests/adapters/rocksdb and rot_test.py.) Meanwhile one client goes on writing and others read all there is. Every read is answered as the client's book has it, or refused with 503, its reason and when to come again; no command is lost
or done twice; operators are told in the journal, conditions and metrics; and the process is the same from the first to the last.

    heal_test.py [--seed S]
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk, wait_until  # noqa: E402

PEOPLE, MESSAGES = 40, 2000  # more than what a start reads
STRIDE = 256  # a bit of each so many bytes: no block stays whole
TAIL = 4096  # index, filter and footer of a table, which were read when it was opened


class Book:
    """What was sent and acknowledged, and its way in again where it was refused."""

    def __init__(self, desk):
        self.desk = desk
        self.texts = collections.defaultdict(list)  # conversation: texts acknowledged
        self.told = {}  # number of a message: (conversation, message)
        self.refused = collections.Counter()
        self.lock = threading.Lock()

    def send(self, path, body, key=None):
        end = time.monotonic() + 60
        while True:
            answer = self.desk.call("POST", path, body, key=key, headers={"Parlance-At-Least": ""})
            if answer.status in (200, 201):
                return answer.body
            self.refusal(path, answer)
            assert time.monotonic() < end, f"{path} is refused for a minute: {answer}"
            time.sleep(0.01)

    def refusal(self, path, answer):
        assert answer.status == 503 and answer.code and answer.body["detail"] and int(answer.headers["retry-after"]) >= 1, (path, answer)
        with self.lock:
            self.refused[answer.code] += 1

    def message(self, number, text):
        """Sent once, or again, which must be known as such."""
        taken = self.send("/v1/inbound", {"channel": "chat", "account": "shop", "message_id": f"m{number}", "text": text,
                                          "from": {"address": f"person {number % PEOPLE}"}})
        if number in self.told:
            assert (taken["conversation"], taken["message"]) == self.told[number], (number, taken)
        else:
            self.told[number] = taken["conversation"], taken["message"]
            self.texts[taken["conversation"]].append(text)

    def reply(self, conversation, text):
        self.send(f"/v1/conversations/{conversation}/reply", {"text": text}, key=text)
        self.texts[conversation].append(text)

    def read(self, path):
        """The body; None: it was refused as it may be."""
        answer = self.desk.call("GET", path, headers={"Parlance-At-Least": ""})
        if answer.status == 200:
            return answer.body
        self.refusal(path, answer)
        return None

    def look(self, strict):
        """Reads everything once. `strict`: all of it must be there as it was acknowledged; else it may be refused, or not show the newest replies yet."""
        listed = self.read("/v1/conversations?sort=oldest&limit=200")
        assert listed is not None or not strict
        if listed is not None:
            assert {ticket["id"] for ticket in listed["data"]} == set(self.texts), "a list shows other conversations than there are"
        for conversation, texts in list(self.texts.items()):
            before = list(texts)
            self.read(f"/v1/conversations/{conversation}")
            page = self.read(f"/v1/conversations/{conversation}/timeline?limit=200")
            assert page is not None or not strict
            if page is None:
                continue
            there = [item["text"] for item in page["data"] if item["kind"] == "message"]
            assert len(there) == len(set(there)), f"{conversation}: doubled"
            missing = {text for text in set(before) - set(there) if strict or text.startswith("text")}
            assert not missing, f"{conversation}: {len(missing)} of {len(before)} are missing: {sorted(missing)[:3]}"


def text_of(number):
    return f"text {number} " + "x" * 100


def flip(folder, chance, stride=STRIDE):
    """Flips a bit of each `stride` bytes all over the tables under `folder`. Returns what puts them back."""
    old = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if not name.endswith(".sst"):
                continue
            with open(path, "r+b") as file:
                old[path] = data = file.read()
                for at in range(chance.randrange(stride), len(data) - TAIL if len(data) > 2 * TAIL else len(data) // 2, stride):
                    file.seek(at)
                    file.write(bytes([data[at] ^ 1 << chance.randrange(8)]))
    assert old, f"no tables in {folder}"

    def put_back():
        for path, data in old.items():
            if os.path.exists(path):  # or it is merged away, which reads it first
                with open(path, "r+b") as file:
                    file.write(data)
    return put_back


def said(desk, event):
    with open(desk.log, encoding="utf-8") as log:
        return [line for line in map(json.loads, filter(lambda line: line.startswith("{"), log)) if line["event"] == event]


def views(desk, book, chance):
    """The rows of the views rot under reads and writes."""
    desk.restart()
    began = desk.process.pid
    seen = set()
    over = threading.Event()
    wrong = []

    def watch():
        try:
            while not over.is_set():
                seen.update(one["name"] for one in desk.get("/v1/conditions")["data"])
        except BaseException as error:  # noqa: BLE001  told below
            wrong.append(error)

    def write():
        try:
            for number in range(200):
                book.reply(chance.choice(list(book.texts)), f"reply {number}")
        except BaseException as error:  # noqa: BLE001
            wrong.append(error)

    refused = sum(book.refused.values())
    flip(os.path.join(desk.folder, "views"), chance)
    threads = [threading.Thread(target=work) for work in (watch, write)]
    for thread in threads:
        thread.start()
    try:
        end = time.monotonic() + 60
        while not said(desk, "rows.made_again") or threads[1].is_alive():
            for number in range(0, MESSAGES, 100):
                book.message(number, text_of(number))
            book.look(strict=False)
            assert time.monotonic() < end and not wrong, wrong or "the damage was not met, or is not healed"
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong[0]
    wait_until(lambda: desk.call("GET", "/readyz").status == 200, "it is ready again")
    wait_until(lambda: not desk.get("/v1/conditions")["data"], "nothing is wrong any more")
    told = said(desk, "rows.damaged")
    assert [line["store"] for line in told] == ["views"], told
    print(f"views: healed, {sum(book.refused.values()) - refused} requests refused meanwhile, conditions seen {sorted(seen)}")
    book.look(strict=True)
    desk.verify_views()
    assert desk.process.pid == began and desk.process.poll() is None


def log(desk, book, chance):
    """Blocks of the log and its vault rot: what needs them is refused, all else goes on, and whole bytes are served again."""
    desk.restart()
    put_back = flip(os.path.join(desk.folder, "log"), chance, 1 << 16)
    refused = closed = 0
    for conversation in book.texts:
        answer = desk.call("GET", f"/v1/conversations/{conversation}/timeline?limit=200", headers={})
        if answer.status == 200:
            shown = [item["text"] for item in answer.body["data"] if item["kind"] == "message"]
            closed += sum(text is None for text in shown)
            assert {text for text in shown if text is not None} <= set(book.texts[conversation]), "a text that nobody wrote"
        else:
            assert answer.status in (500, 503) and "internal" not in answer.code, answer
            refused += 1
    assert refused + closed > 0, "no damage was met"
    wait_until(lambda: "log.damaged" in {one["name"] for one in desk.get("/v1/conditions")["data"]}, "operators are told")
    metrics = desk.call("GET", "/metrics").body
    assert any(line.startswith("parlance_log_damaged_reads_total") and not line.endswith(" 0") for line in metrics.splitlines())
    print(f"log: {refused} timelines refused, {closed} texts shown as unavailable, the operators are told")
    taken = book.send("/v1/inbound", {"channel": "chat", "account": "shop", "message_id": "new", "text": "while the log was damaged",
                                      "from": {"address": "somebody new"}})
    book.texts[taken["conversation"]].append("while the log was damaged")
    put_back()
    book.look(strict=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    seed = options.parse_args().seed
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    with Desk(arguments=["--log-format", "json"]) as desk:
        book = Book(desk)
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: book.message(number, text_of(number)), range(MESSAGES)))
        views(desk, book, chance)
        log(desk, book, chance)


if __name__ == "__main__":
    main()
