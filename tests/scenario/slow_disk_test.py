"""A disk that is slow, from ten milliseconds to ten seconds for each write and sync, costs time and nothing else.

Many clients write as fast as they are answered, while readers look at conversations that were read before. Memory must stay below a bound,
and readers must not wait for the disk. Nobody may get another answer than done or 503, and when the disk is quick again everything that was
acknowledged must be there once, and what was not may be sent again with its key. More commands at once than an owner takes are refused,
and none of those is there.

    slow_disk_test.py [--seconds N]      how long the disk is slow each time

The last line is "cases N failed M".
"""

import argparse
import collections
import concurrent.futures
import os
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, Desk, wait_until  # noqa: E402
from faulty_disk import FaultyDisk  # noqa: E402

WRITERS = 64
READERS = 2
DELAYS_US = (10_000, 100_000, 1_000_000, 10_000_000)
GROWTH_MIB_MAX = 128
READS_MIN = 100
BATCHES, BATCH = 16, 500  # nearly twice what an owner takes (parlance limits: owner.commands)


class People:
    def __init__(self, desk, conversations):
        self.desk, self.conversations = desk, conversations
        self.over = threading.Event()
        self.taken, self.refused, self.open, self.reads = collections.Counter(), 0, {}, 0
        self.wrong, self.lock = [], threading.Lock()
        self.threads = [threading.Thread(target=self.write, args=(n,)) for n in range(WRITERS)]
        self.threads += [threading.Thread(target=self.read) for _ in range(READERS)]
        for thread in self.threads:
            thread.start()

    def write(self, number):
        count = 0
        while not self.over.is_set():
            text = f"client {number} text {count}"
            count += 1
            self.send(text, {"channel": "chat", "account": "shop", "message_id": text, "text": text,
                             "from": {"address": f"person {number}"}})

    def send(self, text, body):
        with self.lock:
            self.open[text] = body
        try:
            answer = self.desk.call("POST", "/v1/inbound", body, headers={"Parlance-At-Least": ""})
        except BROKEN:
            return  # its time was over; sent again at the end
        with self.lock:
            if answer.status in (200, 201):
                self.taken[text] += 1
                del self.open[text]
            elif answer.status == 503:
                self.refused += 1
            else:
                self.wrong.append(f"{text}: {answer}")
                self.over.set()

    def read(self):
        while not self.over.is_set():
            for conversation in self.conversations:
                answer = self.desk.call("GET", f"/v1/conversations/{conversation}", headers={"Parlance-At-Least": ""})
                with self.lock:
                    self.reads += 1
                    if answer.status != 200:
                        self.wrong.append(str(answer))
                        self.over.set()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        assert not self.wrong, self.wrong[:2]


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def one(root, delay_us, seconds):
    disk = FaultyDisk(root)
    with Desk(os.path.join(root, "data"), disk=disk) as desk:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        known = [desk.inbound("chat", "shop", f"known {n}", f"known {n}", f"known {n}")["conversation"] for n in range(8)]
        for conversation in known:
            desk.ticket(conversation)
        before = resident_mib(desk.process.pid)
        disk.delay_us = delay_us
        people = People(desk, known)
        most, end = before, time.monotonic() + seconds
        while time.monotonic() < end and not people.wrong:
            most = max(most, resident_mib(desk.process.pid))
            time.sleep(0.05)
        reads, taken, refused = people.reads, sum(people.taken.values()), people.refused
        disk.delay_us = 0
        people.stop()
        assert most - before <= GROWTH_MIB_MAX, f"memory went from {before:.0f} to {most:.0f} MiB"
        assert reads >= READS_MIN, f"{reads} reads in {seconds} s"
        wait_until(lambda: desk.call("GET", "/readyz").status == 200, "it is ready again")
        for text, body in list(people.open.items()):
            wait_until(lambda text=text, body=body: people.send(text, body) or text not in people.open, f"{text} is taken", 20)
        there = collections.Counter(item["text"] for ticket in desk.every("/v1/conversations?sort=oldest")
                                    for item in desk.timeline(ticket["id"]) if item["kind"] == "message")
        wanted = collections.Counter({text: 1 for text in people.taken}) + collections.Counter(f"known {n}" for n in range(8))
        assert there == wanted, f"missing {list(wanted - there)[:3]}, doubled or from nowhere {list(there - wanted)[:3]}"
        desk.verify_views()
        print(f"{delay_us / 1000:.0f} ms an operation: {taken} taken, {refused} refused, {reads} reads, "
              f"{before:.0f} MiB became at most {most:.0f}", flush=True)


def shed(root):
    """More at once than an owner takes, on a disk that is slow: the rest is refused at once, while reads go on, and nothing of it is there."""
    disk = FaultyDisk(root)
    with Desk(os.path.join(root, "data"), disk=disk) as desk:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        conversation = desk.inbound("chat", "shop", "person", "first", "first")["conversation"]
        desk.ticket(conversation)
        before, taken, refused = resident_mib(desk.process.pid), [], []
        batches = [[f"note {batch} {n}" for n in range(BATCH)] for batch in range(BATCHES)]

        def send(texts):
            """The answers to the notes, in their order."""
            return desk.post("/v1/batch", {"commands": [
                {"method_path": f"POST /v1/conversations/{conversation}/note", "key": text, "body": {"text": text}} for text in texts]},
                headers={"Parlance-At-Least": ""})["data"]

        def sort(texts, answers):
            for text, answer in zip(texts, answers):
                assert answer["status"] in (200, 201) or answer["status"] == 503 and answer["body"]["code"] == "overloaded", answer
                (taken if answer["status"] < 300 else refused).append(text)

        disk.delay_us = 1_000_000
        with concurrent.futures.ThreadPoolExecutor(BATCHES) as pool:
            waiting = [pool.submit(send, texts) for texts in batches]
            most, single, reads = before, None, 0
            while not all(one.done() for one in waiting):
                most = max(most, resident_mib(desk.process.pid))
                assert desk.call("GET", f"/v1/conversations/{conversation}", headers={"Parlance-At-Least": ""}).status == 200
                reads += 1
                if single is None:
                    answer = desk.call("POST", f"/v1/conversations/{conversation}/note", {"text": "single"}, key="single")
                    (taken if answer.status < 300 else refused).append("single")
                    single = answer if answer.status == 503 else None
                if disk.delay_us and any(one.done() for one in waiting):
                    disk.delay_us = 0  # the first were answered; the others need not take their time
                time.sleep(0.01)
            for texts, one in zip(batches, waiting):
                sort(texts, one.result())
        assert refused, f"nothing was refused of {BATCH * BATCHES} commands at once"
        assert taken, "all was refused"
        assert most - before <= GROWTH_MIB_MAX, f"memory went from {before:.0f} to {most:.0f} MiB"
        if single is not None:
            assert single.code == "overloaded" and int(single.headers["retry-after"]) >= 1, single
        there = collections.Counter(item["text"] for item in desk.timeline(conversation) if item["kind"] == "note")
        taken_once = collections.Counter(set(taken))
        assert there == taken_once, f"missing {list(taken_once - there)[:3]}, doubled or from nowhere {list(there - taken_once)[:3]}"
        again = [text for text in refused if text not in taken_once and text != "single"]
        for at in range(0, len(again), BATCH):
            wanted = again[at:at + BATCH]
            assert all(answer["status"] == 201 for answer in send(wanted)), "what was refused is not taken later"
        desk.verify_views()
        print(f"shed: {len(taken)} taken, {len(refused)} refused, {reads} reads, {before:.0f} MiB became at most {most:.0f}", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=4)
    said = options.parse_args()
    work, failed = tempfile.mkdtemp(prefix="parlance-slow-"), 0
    try:
        for delay_us in DELAYS_US:
            root = os.path.join(work, str(delay_us))
            os.mkdir(root)
            try:
                one(root, delay_us, said.seconds)
            except AssertionError as error:
                failed += 1
                print(f"FAILED  {delay_us / 1000:.0f} ms an operation: {error}", flush=True)
        root = os.path.join(work, "shed")
        os.mkdir(root)
        try:
            shed(root)
        except AssertionError as error:
            failed += 1
            print(f"FAILED  shed: {error}", flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"cases {len(DELAYS_US) + 1} failed {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
