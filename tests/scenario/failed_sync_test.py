"""A sync that fails ends the server, within a second, and it acknowledges nothing after it.

A failed sync may have lost what it was to make durable, and the next one succeeds all the same: so the fault comes once, at the n-th sync
of a run, and everything after it works. Many clients write, attach files, redact, and the desk's settings change, so that every file is
synced at some n: the log's, the vault's, the sealed mark, the keyring, attached files, the stores of rows. Each time the server must end by
itself and say why, no command that was sent after the failure may be acknowledged, and the next server must serve what was.

    failed_sync_test.py [--syncs N] [--from N] [--seed S] [--for SECONDS]

--syncs: so many places spread over the first 200; 200 are all of them. The last line is "cases N failed M".
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
from desk import BROKEN, Desk  # noqa: E402
from faulty_disk import FaultyDisk  # noqa: E402

PLACES = 200
CLIENTS = 6
END_SECONDS_MAX = 1.0


class Clients:
    """Write until the server is gone; each notes what was acknowledged."""

    def __init__(self, desk, name, seed):
        self.desk, self.name = desk, name
        self.book = []  # (text, when it was sent by CLOCK_MONOTONIC) of what was acknowledged and not redacted
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(number, random.Random(f"{seed} {name} {number}")))
                        for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def work(self, number, chance):
        count = 0
        try:
            while True:
                text = f"{self.name} client {number} text {count}"
                body = {"channel": "chat", "account": "shop", "message_id": text, "text": text,
                        "from": {"address": f"person {number}"}}
                if chance.random() < 0.1:
                    body["attachments"] = [{"name": "a.bin", "type": "application/octet-stream",
                                            "data": base64.b64encode(text.encode() * 20).decode()}]
                sent = time.monotonic()
                answer = self.desk.call("POST", "/v1/inbound", body)
                if answer.status not in (200, 201):
                    assert answer.status == 503, answer
                    continue
                if chance.random() < 0.05:
                    there = f"/v1/conversations/{answer.body['conversation']}/messages/{answer.body['message']}"
                    self.desk.call("POST", there + "/redact", {"reason": "a card number"}, key="redact " + text)
                else:
                    with self.lock:
                        self.book.append((text, sent))
                count += 1
        except BROKEN:
            pass

    def join(self):
        for thread in self.threads:
            thread.join()


def one(work, n, seed):
    """A run whose n-th sync fails, and the next. Raises AssertionError where something is wrong."""
    root = os.path.join(work, f"sync-{n}")
    os.mkdir(root)
    disk = FaultyDisk(root)
    data = os.path.join(root, "data")
    with Desk(data):
        pass  # what a first start syncs is another test's (power_test.py): here are books to be lost
    disk.fail_sync_at = n
    book = []
    try:
        desk = Desk(data, disk=disk)
    except AssertionError as error:
        assert disk.failed_sync_ns, f"it does not start: {error}"
        said = str(error)
    else:
        try:
            clients = Clients(desk, f"n{n}", seed)
            process = desk.process
            while not disk.failed_sync_ns and process.poll() is None:
                time.sleep(0.0005)
            assert disk.failed_sync_ns, f"the server ended by itself: {process.returncode}"
            try:
                process.wait(timeout=5)
            except Exception:
                raise AssertionError(f"it goes on after a sync that failed ({disk.syncs - n} syncs since)") from None
            took = time.monotonic() - disk.failed_sync_ns / 1e9
            clients.join()
            assert took < END_SECONDS_MAX, f"it ended {took:.2f} s after the failure"
            assert process.returncode == 1, f"exit {process.returncode}"
            book = clients.book
            late = [line for line in book if line[1] > disk.failed_sync_ns / 1e9]
            assert not late, f"acknowledged although sent after the failure: {late}"
            with open(desk.log, encoding="utf-8") as log:
                said = log.read()
        finally:
            desk.close()
    assert "Input/output error" in said, f"it does not say why: {said[-500:]}"
    disk.reset()
    with Desk(data, disk=disk) as desk:
        texts = collections.Counter()
        for ticket in desk.every("/v1/conversations?sort=oldest"):
            texts.update(item.get("text") for item in desk.timeline(ticket["id"]) if item["kind"] == "message")
        for text, _ in book:
            assert texts[text] == 1, f"{text!r} was acknowledged and is there {texts[text]} times"
        assert all(count == 1 for text, count in texts.items() if text), texts.most_common(3)
    shutil.rmtree(root, ignore_errors=True)
    return len(book)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--syncs", type=int, default=20)
    options.add_argument("--from", type=int, default=1, dest="first")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--for", type=int, default=0, dest="seconds")
    said = options.parse_args()
    end = time.monotonic() + said.seconds
    work = tempfile.mkdtemp(prefix="parlance-sync-")
    cases, failed, acknowledged = 0, 0, 0
    step = max(1, PLACES // said.syncs)
    n = said.first + (said.seed % step if step > 1 else 0)
    try:
        while time.monotonic() < end if said.seconds else cases < said.syncs:
            try:
                acknowledged += one(work, n, said.seed)
            except AssertionError as error:
                failed += 1
                print(f"FAILED  sync {n}: {error}\n  again: failed_sync_test.py --syncs 200 --from {n} --seed {said.seed}", flush=True)
            cases += 1
            n += 1 if said.seconds else step
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{acknowledged} acknowledged messages, all there")
    print(f"cases {cases} failed {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
