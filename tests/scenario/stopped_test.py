"""A second server on the folder of one that a signal has stopped: it is refused, changes nothing, and the first goes on as if nothing was.

The first is stopped (as by SIGSTOP: it holds its lock, and would go on writing where it stood) while clients write: at every named fault
point in turn, and between them at any moment. A second server on the same folder must refuse and leave every byte as it is. Then the
first goes on, and answers what it was asked; or it is killed as it stands, and the next serves what was acknowledged.

    stopped_test.py [--rounds N] [--seed S]

The last line is "cases N failed M".
"""

import argparse
import collections
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, PROGRAM, Desk, wait_until  # noqa: E402
from faulty_disk import STOP, FaultyDisk  # noqa: E402

CLIENTS = 6
# Each with how often it may be passed before the server stops there.
POINTS = {"log.append": 100, "log.group_written": 60, "log.group_synced": 60, "log.mark_written": 60, "owner.answer": 100}


def is_stopped(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"


def digest(folder):
    """Of each file: what is in it."""
    out = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                out[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return out


class Clients:
    """Write until the server is gone or they are told to end; each notes what was acknowledged."""

    def __init__(self, desk, name):
        self.desk, self.name = desk, name
        self.book, self.over = [], threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(number,)) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def work(self, number):
        count = 0
        try:
            while not self.over.is_set():
                text = f"{self.name} client {number} text {count}"
                self.desk.inbound("chat", "shop", f"{self.name} person {number}", text, text)
                self.book.append(text)
                count += 1
        except BROKEN:
            pass

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def one(desk, disk, name, point, chance):
    """Returns the texts that were acknowledged."""
    process = desk.process
    clients = Clients(desk, name)
    try:
        if point:
            disk.at_point(point, chance.randrange(POINTS[point]) + 1, STOP)
        else:
            written = chance.randrange(200)
            wait_until(lambda: len(clients.book) >= written, f"{written} texts are written")
            process.send_signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(process), "the server has stopped")
        before = digest(desk.folder)
        second = subprocess.run([PROGRAM, "serve", "--data", desk.folder, "--listen", "127.0.0.1:0"], capture_output=True,
                                text=True, timeout=30, check=False)
        assert second.returncode not in (0, -6, -11) and "log.locked" in second.stderr, f"a second server: {second}"
        after = digest(desk.folder)
        changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
        assert not changed, f"the refused server changed {changed}"
        if chance.random() < 0.3:
            desk.kill()
            clients.end()
            disk.reset()
            desk.start()
        else:
            known = len(clients.book)
            process.send_signal(signal.SIGCONT)
            wait_until(lambda: len(clients.book) > known + 2 * CLIENTS, "it goes on")
    finally:
        if desk.process:
            desk.process.send_signal(signal.SIGCONT)
        clients.end()
    return clients.book


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--seed", type=int, default=1)
    said = options.parse_args()
    chance = random.Random(said.seed)
    root = tempfile.mkdtemp(prefix="parlance-stopped-")
    disk, book = FaultyDisk(root), []
    try:
        with Desk(os.path.join(root, "data"), disk=disk) as desk:
            for number in range(said.rounds):
                point = list(POINTS)[number // 2 % len(POINTS)] if number % 2 == 0 else None
                book += one(desk, disk, f"r{number}", point, chance)
            texts = collections.Counter()
            for ticket in desk.every("/v1/conversations?sort=oldest"):
                texts.update(item.get("text") for item in desk.timeline(ticket["id"]) if item["kind"] == "message")
            wrong = [text for text in book if texts[text] != 1]
            assert not wrong, f"acknowledged, and not there once: {wrong[:10]}"
            doubled = [text for text, times in texts.items() if times != 1]
            assert not doubled, f"there more than once: {doubled[:10]}"
            desk.verify_views()
            assert desk.stop() == 0
            desk.run("log", "verify", "--data", desk.folder)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(f"{len(book)} acknowledged texts, all there once")
    print(f"cases {said.rounds} failed 0")
    return 0


if __name__ == "__main__":
    sys.exit(main())
