"""A disk that is full makes the server refuse commands, by name; it goes on reading, and goes on by itself when there is space.

Clients write all the time. From the n-th write of the disk on, and the first half of that one is written, there is no space: in the log's
file, the vault's, the sealed mark, an attached file, a store of rows that is flushed. Or the file system says that little is free: then the
server stops before anything fails. Meanwhile commands must be answered 503 `read_only` with the reason and a Retry-After, reads must answer
what was, and nobody may be killed by it. When there is space again the server must take commands within ten seconds without anybody's help,
and at the end, and after a kill, everything that was acknowledged must be there, once, and the views equal what the log makes of them.

    full_disk_test.py [--cases N] [--seed S] [--for SECONDS]

The last line is "cases N failed M".
"""

import argparse
import base64
import collections
import os
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, Desk, wait_until  # noqa: E402
from faulty_disk import TAKE, FaultyDisk  # noqa: E402

CLIENTS = 4
RECOVERY_SECONDS_MAX = 10
MIB = 1 << 20


class Clients:
    """Write until told to stop; what got 503 is sent again until it is taken."""

    def __init__(self, desk, name):
        self.desk, self.name = desk, name
        self.over = threading.Event()
        self.taken = collections.Counter()  # texts acknowledged
        self.sent = set()
        self.refusals = []  # answers that were 503
        self.wrong = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(number,)) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def work(self, number):
        count = 0
        while not self.over.is_set():
            text = f"{self.name} client {number} text {count}"
            body = {"channel": "chat", "account": "shop", "message_id": text, "text": text,
                    "from": {"address": f"person {number}"}}
            if count % 7 == 3:
                body["attachments"] = [{"name": "a.bin", "type": "application/octet-stream",
                                        "data": base64.b64encode(text.encode() * 50).decode()}]
            self.sent.add(text)
            try:
                # Reads and writes of others are not to be waited for.
                answer = self.desk.call("POST", "/v1/inbound", body, headers={"Parlance-At-Least": ""})
            except BROKEN as error:
                self.wrong.append(f"{text}: {error!r}")
                return
            with self.lock:
                if answer.status in (200, 201):
                    self.taken[text] += 1
                    count += 1
                elif answer.status == 503:
                    self.refusals.append(answer)
                    time.sleep(0.02)  # as Retry-After asks, only sooner
                else:
                    self.wrong.append(f"{text}: {answer}")
                    return

    def taken_now(self):
        with self.lock:
            return sum(self.taken.values())

    def refused_now(self):
        with self.lock:
            return len(self.refusals)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        assert not self.wrong, self.wrong[:2]


def check_all(desk, clients):
    there = collections.Counter()
    for ticket in desk.every("/v1/conversations?sort=oldest"):
        for item in desk.timeline(ticket["id"]):
            if item["kind"] == "message":
                there[item["text"]] += 1
    missing = [text for text in clients.taken if there[text] != 1]
    assert not missing, f"acknowledged and there another number of times than once: {[(t, there[t]) for t in missing[:5]]}"
    assert set(there) <= clients.sent, "messages from nowhere"
    assert max(there.values()) == 1, there.most_common(3)


def check_refusal(answer):
    assert answer.code == "read_only", answer
    assert "retry-after" in answer.headers, answer.headers
    assert "space" in answer.body["detail"], answer


def one(work, number, seed):
    chance = random.Random(f"{seed} {number}")
    root = os.path.join(work, f"full-{number}")
    os.mkdir(root)
    disk = FaultyDisk(root)
    with Desk(os.path.join(root, "data"), disk=disk) as desk:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        clients = Clients(desk, f"case {number}")
        try:
            wait_until(lambda: clients.taken_now() >= 20, "the clients write")
            low = number % 4 == 0
            if number % 4 == 1:
                # The stores of rows go down while it is full.
                disk.at_point(chance.choice(["fold.flush_early", "views.flush_early"]), 1, TAKE)
            refused = clients.refused_now()
            if low:
                disk.free_bytes = MIB
            else:
                disk.full_at = disk.writes + chance.randrange(1, 60)
            wait_until(lambda: clients.refused_now() > refused + 3 or clients.wrong, "commands are refused", 20)
            assert not clients.wrong, clients.wrong
            check_refusal(clients.refusals[-1])
            status = desk.get("/v1/status")
            assert any(p["owner"] in ("read_only", "starting") for p in status["partitions"]), status["partitions"]
            assert desk.call("GET", "/livez").status == 200
            seen = desk.get("/v1/conversations?sort=oldest")["data"]
            assert seen and desk.timeline(seen[0]["id"]), "reads must go on"
            time.sleep(chance.random() * 2)
            taken = clients.taken_now()
            disk.free_bytes = 0
            disk.full_at = 0
            began = time.monotonic()
            wait_until(lambda: clients.taken_now() > taken + CLIENTS or clients.wrong, "commands are taken again", RECOVERY_SECONDS_MAX)
            took = time.monotonic() - began
            assert not clients.wrong, clients.wrong
            wait_until(lambda: desk.call("GET", "/readyz").status == 200, "it is ready again", RECOVERY_SECONDS_MAX)
        finally:
            clients.over.set()
        clients.stop()
        for answer in clients.refusals:
            assert answer.code in ("read_only", "unavailable", "overloaded"), answer
        check_all(desk, clients)
        desk.verify_views()
        desk.kill()
        disk.reset()
        desk.start()
        check_all(desk, clients)
        desk.verify_views()
    shutil.rmtree(root, ignore_errors=True)
    return took, len(clients.refusals)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cases", type=int, default=8)
    options.add_argument("--from", type=int, default=0, dest="first")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--for", type=int, default=0, dest="seconds")
    said = options.parse_args()
    end = time.monotonic() + said.seconds
    work = tempfile.mkdtemp(prefix="parlance-full-")
    cases, failed, slowest, refusals = 0, 0, 0.0, 0
    try:
        while time.monotonic() < end if said.seconds else cases < said.cases:
            number = said.first + cases
            try:
                took, refused = one(work, number, said.seed)
                slowest, refusals = max(slowest, took), refusals + refused
            except AssertionError as error:
                failed += 1
                print(f"FAILED  case {number}: {error}\n  again: full_disk_test.py --cases 1 --from {number} --seed {said.seed}",
                      flush=True)
            cases += 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{refusals} commands refused; taken again at most {slowest:.1f} s after there was space")
    print(f"cases {cases} failed {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
