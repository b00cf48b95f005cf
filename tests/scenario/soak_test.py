"""Mixed load with random faults for a long time: nothing is lost or doubled, and memory and descriptors stay flat.

Clients write messages, replies, notes and files at a steady pace (faster in the beginning, until caches are full or a quarter of the time is
over), read lists, tickets and timelines, subscribe and leave, break off in the middle of a request and send what is malformed. Every few
seconds a fault comes and goes, drawn by the seed: a slow disk, a full disk, little space, a rare branch of the program. The server is one
process from the first to the last minute.

Flat: the median of the resident memory of the last quarter is at most a tenth and 32 MiB above that of the second quarter, when caches
have been filled; open descriptors likewise, by 16.

    soak_test.py [--for SECONDS] [--seed S] [--rate COMMANDS A SECOND]

The last line is "cases N failed M"; a case is a command that was acknowledged.
"""

import argparse
import base64
import collections
import os
import random
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, Desk, wait_until  # noqa: E402
from faulty_disk import TAKE, FaultyDisk  # noqa: E402

WRITERS = 6
FASTER = 10  # times, in the beginning
CACHES_FULL = 80_000  # commands
PEOPLE = 300
RARE_BRANCHES = ("fold.flush_early", "views.flush_early", "views.store_early", "views.forget_rows", "owner.overloaded",
                 "door.forget_preview", "door.forget_row", "log.read_one")
BROKEN_REQUESTS = (b"GET / HTTP/1.1\r\n\r\n", b"POST /v1/inbound HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"channel\":",
                   b"\x16\x03\x01\x02\x00\x01\x00", b"GET /v1/conversations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\n\r\n",
                   b"POST /v1/inbound HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n")
MIB = 1 << 20


class Soak:
    def __init__(self, desk, disk, seed, rate, warm_until):
        self.desk, self.disk, self.seed, self.rate, self.warm_until = desk, disk, seed, rate, warm_until
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.taken = collections.Counter()  # texts acknowledged
        self.sent = set()
        self.conversations = []
        self.counts = collections.Counter()
        self.wrong = []
        work = [(self.write, n) for n in range(WRITERS)] + [(self.read, 0), (self.read, 1), (self.trouble, 0), (self.subscribe, 0)]
        self.threads = [threading.Thread(target=self.run, args=one) for one in work]
        for thread in self.threads:
            thread.start()

    def run(self, work, number):
        chance = random.Random(f"{self.seed} {work.__name__} {number}")
        try:
            while not self.over.is_set():
                work(number, chance)
        except Exception:  # noqa: BLE001  whatever it is, the soak has failed
            with self.lock:
                self.wrong.append(traceback.format_exc())
            self.over.set()

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def command(self, path, body, key, text):
        """Until it is taken, or refused for good by a rule."""
        with self.lock:
            self.sent.add(text)
        while not self.over.is_set():
            try:
                answer = self.desk.call("POST", path, body, key=key, headers={"Parlance-At-Least": ""})
            except BROKEN:
                self.count("broken connections")
                continue
            if answer.status in (200, 201):
                with self.lock:
                    self.taken[text] += 1
                return answer.body
            assert answer.status in (503, 409), answer
            self.count(f"{answer.status} {answer.code}")
            if answer.status == 409:
                return None
            time.sleep(0.02)
        return None

    def write(self, number, chance):
        began = time.monotonic()
        with self.lock:
            key = f"{number}-{len(self.sent)}"
            there = chance.choice(self.conversations) if self.conversations else None
        text = f"writer {key}"
        if there is None or chance.random() < 0.6:
            body = {"channel": "chat", "account": "shop", "message_id": key, "text": text,
                    "from": {"address": f"person {chance.randrange(PEOPLE)}"}}
            if chance.random() < 0.05:
                body["attachments"] = [{"name": "a.bin", "type": "application/octet-stream",
                                        "data": base64.b64encode(chance.randbytes(2000)).decode()}]
            taken = self.command("/v1/inbound", body, None, text)
            if taken and taken["created"]:
                with self.lock:
                    self.conversations.append(taken["conversation"])
        else:
            kind = chance.choice(["reply", "note"])
            self.command(f"/v1/conversations/{there}/{kind}", {"text": text}, key, text)
        warming = began < self.warm_until and len(self.sent) < CACHES_FULL
        self.over.wait(max(0.0, began + WRITERS / (self.rate * FASTER if warming else self.rate) - time.monotonic()))

    def read(self, _, chance):
        with self.lock:
            there = chance.choice(self.conversations) if self.conversations else None
        path = chance.choice(["/v1/conversations?limit=50", "/v1/conversations?limit=50&state=open", "/v1/status", "/metrics"] +
                             ([f"/v1/conversations/{there}", f"/v1/conversations/{there}/timeline?limit=50"] if there else []))
        try:
            answer = self.desk.call("GET", path, headers={"Parlance-At-Least": ""})
        except BROKEN:
            return self.count("broken connections")
        assert answer.status == 200 or answer.status in (404, 503), (path, answer)
        self.count("reads")
        self.over.wait(0.01)

    def trouble(self, _, chance):
        """Whoever cannot speak HTTP, or leaves in the middle of it."""
        host, port = self.desk.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(chance.choice(BROKEN_REQUESTS))
            if chance.random() < 0.5:
                connection.settimeout(0.2)
                try:
                    connection.recv(4096)
                except OSError:
                    pass
        self.count("broken requests")
        self.over.wait(0.1)

    def subscribe(self, _, chance):
        host, port = self.desk.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall((f"GET /v1/feed HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.desk.token}\r\n"
                                "Accept: text/event-stream\r\n\r\n").encode())
            connection.settimeout(0.5)
            end = time.monotonic() + chance.random() * 3
            try:
                while time.monotonic() < end and not self.over.is_set() and connection.recv(65536):
                    pass
            except OSError:
                pass
        self.count("subscriptions")

    def fault(self, chance):
        kind = chance.choice(["slow", "full", "low", "rare", "rare", "rare"])
        self.count(f"fault {kind}")
        if kind == "slow":
            self.disk.delay_us = chance.choice([1_000, 10_000, 100_000])
        elif kind == "full":
            self.disk.full_at = self.disk.writes + chance.randrange(1, 60)
        elif kind == "low":
            self.disk.free_bytes = MIB
        else:
            self.disk.at_point(chance.choice(RARE_BRANCHES), 1, TAKE)
        self.over.wait(chance.random() * 2)
        self.disk.delay_us = self.disk.full_at = self.disk.free_bytes = 0

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def used(pid):
    """Resident MiB and open descriptors."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024
    return resident, len(os.listdir(f"/proc/{pid}/fd"))


def soak(root, seed, seconds, rate):
    disk, chance = FaultyDisk(root), random.Random(seed)
    with Desk(os.path.join(root, "data"), disk=disk) as desk:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        pid, began, samples, next_line = desk.process.pid, time.monotonic(), [], 0.0
        one = Soak(desk, disk, seed, rate, time.monotonic() + seconds / 4)
        try:
            while (now := time.monotonic() - began) < seconds and not one.over.is_set():
                samples.append((now, *used(pid)))
                if now >= next_line:
                    print(f"{now:6.0f} s  {sum(one.taken.values())} commands, {samples[-1][1]:.0f} MiB, {samples[-1][2]} descriptors",
                          flush=True)
                    next_line += max(10.0, seconds / 30)
                one.fault(chance)
                one.over.wait(1.0)
        finally:
            one.stop()
        assert not one.wrong, one.wrong[0]
        assert desk.process.poll() is None, "the server has ended"
        disk.reset()
        desk.threads = threading.local()  # idle for so long, this thread's connection was closed
        wait_until(lambda: desk.call("GET", "/readyz").status == 200, "it is ready again")
        print(", ".join(f"{what} {times}" for what, times in sorted(one.counts.items())))

        there = collections.Counter(item["text"] for ticket in desk.every("/v1/conversations?sort=oldest")
                                    for item in desk.timeline(ticket["id"]) if item["kind"] in ("message", "note"))
        lost = [text for text in one.taken if there[text] != 1]
        assert not lost, f"acknowledged, and there another number of times than once: {[(t, there[t]) for t in lost[:5]]}"
        assert set(there) <= one.sent and max(there.values()) == 1, "messages from nowhere, or doubled"
        desk.verify_views()

        quarter = seconds / 4
        early = [s for s in samples if quarter <= s[0] < 2 * quarter]
        late = [s for s in samples if s[0] >= 3 * quarter]
        for at, what, more in ((1, "MiB resident", 32), (2, "descriptors", 16)):
            then, now = (statistics.median(s[at] for s in part) for part in (early, late))
            print(f"{what}: {then:.0f} in the second quarter, {now:.0f} in the last")
            assert now <= 1.1 * then + more, f"{what} grew from {then:.0f} to {now:.0f}"
        assert desk.stop() == 0
        desk.run("log", "verify", "--data", desk.folder)
    return sum(one.taken.values())


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--for", type=int, default=300, dest="seconds")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    options.add_argument("--rate", type=int, default=60)
    said = options.parse_args()
    print(f"seed {said.seed}", flush=True)
    work = tempfile.mkdtemp(prefix="parlance-soak-")
    root, taken, failed = os.path.join(work, "soak"), 0, 0
    os.mkdir(root)
    try:
        taken = soak(root, said.seed, said.seconds, said.rate)
    except AssertionError as error:
        failed = 1
        print(f"FAILED  seed {said.seed}: {error}", flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"cases {taken} failed {failed}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
