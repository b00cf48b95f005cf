"""After every kind of fault the backup made before it is restored elsewhere, and serves what the live desk served at its position: the
same hash of every view in every partition, the same tickets and timelines, the same files, byte for byte; but what was redacted since
is not brought back.

A desk takes messages, replies, notes, acts, attached files and a redaction; its answers are noted, a backup is made of log, vault,
files and keyring, and clients go on writing beyond it. Then
    kill        the server dies in the middle of that, and so does a second `backup create`
    power       the power goes, on the disk of the backups too: what was never synced is gone, torn or in another order
    full_disk   the disk is full under data and backups; another backup is tried and refused
    rot         every file of log, vault, marks and stores of rows has bytes changed, so that the folder is refused by name
and the backup is held against itself (`backup verify`), restored (`backup restore`) and served. The folder that the fault befell is never
touched by that. What was restored takes messages, and log and views of it are verified.

    restored_test.py [--cases N] [--seed S] [--kind KIND] [--for SECONDS]

The last line is "cases N failed M".
"""

import argparse
import base64
import concurrent.futures
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, PROGRAM, Desk, from_now, wait_until  # noqa: E402
from faulty_disk import FaultyDisk, Trace  # noqa: E402

KINDS = ("kill", "power", "full_disk", "rot")
POWER_WAYS = ("lost", "torn", "reordered")
PEOPLE = 8
FAULT_SECONDS_MAX = 30
ROT_EVERY_BYTES = 1 << 16


def program(*words, disk=None):
    """A command of the program, whatever it ends with. `disk`: what it writes is minded too."""
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=120, check=False,
                          env=disk.environment() if disk else None)


def must(done):
    assert done.returncode == 0, f"{done.args[1:3]}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def write(desk, chance, count, name):
    """So many commands one after another; ends where the server is gone or says no. Returns how many were taken."""
    conversations, redactable = [], []
    for number in range(count):
        text = f"{name} {number}"
        which = chance.random()
        if number % 20 == 10:
            one = redactable.pop(chance.randrange(len(redactable)))
            path, body = f"/v1/conversations/{one['conversation']}/messages/{one['message']}/redact", {"reason": "a card number"}
        elif which < 0.55 or not conversations:
            body = {"channel": "chat", "account": "shop", "message_id": text, "text": text,
                    "from": {"address": f"person {chance.randrange(PEOPLE)}", "name": "Ada"}}
            if number % 5 == 0:
                body["attachments"] = [{"name": "photo.bin", "type": "application/octet-stream",
                                        "data": base64.b64encode(chance.randbytes(chance.randrange(1, 9000))).decode()}]
            path = "/v1/inbound"
        else:
            act, body = chance.choice([("reply", {"text": text}), ("note", {"text": text}), ("priority", {"priority": "high"}),
                                       ("snooze", {"until": from_now(1e7)}), ("resolve", {})])
            path = f"/v1/conversations/{chance.choice(conversations)}/{act}"
        try:
            answer = desk.call("POST", path, body, key=None if path == "/v1/inbound" else text)
        except BROKEN:
            return number
        if answer.status == 503:
            return number
        assert answer.status in (200, 201, 409), f"{path}: {answer}"
        if path == "/v1/inbound":
            conversations.append(answer.body["conversation"])
            redactable.append(answer.body)
    return count


def hashes(desk):
    """Of each view in each partition, once all have applied the whole log."""
    views = wait_until(lambda: (all_views := desk.get("/v1/status")["views"]) and all(v["lag"] == "0" for v in all_views)
                       and all_views, "the views have applied the log")
    return {(v["view"], v["partition"]): v["hash"] for v in views}


def served(desk):
    """Each ticket with its timeline, and the SHA-256 of each file."""
    out = {}
    for ticket in desk.every("/v1/conversations?sort=oldest"):
        items = desk.timeline(ticket["id"])
        out[ticket["id"]] = (ticket, items)
        for file in (file for item in items for file in item.get("attachments", ())):
            request = urllib.request.Request(f"http://{desk.address}/v1/attachments/{file['id']}",
                                             headers={"Authorization": "Bearer " + desk.token})
            with urllib.request.urlopen(request, timeout=30) as answer:
                out[file["id"]] = hashlib.sha256(answer.read()).hexdigest()
    return out


def rot(folder, chance):
    """Changes bytes of every file that a server writes there, but the keyring, which lies elsewhere in a real desk."""
    for below, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(below, name)
            size = os.path.getsize(path)
            if os.path.relpath(path, folder).split(os.sep)[0] == "keys" or not size:
                continue
            with open(path, "r+b") as file:
                for begin in range(0, size, ROT_EVERY_BYTES):
                    at = begin + chance.randrange(min(ROT_EVERY_BYTES, size - begin))
                    file.seek(at)
                    byte = file.read(1)[0]
                    file.seek(at)
                    file.write(bytes([byte ^ (1 << chance.randrange(8))]))


class Case:
    """A desk, its backup, a fault, and the backup restored."""

    def __init__(self, work, number, kind, seed):
        self.kind = kind
        self.chance = random.Random(f"{seed} {number}")
        self.root = os.path.join(work, f"{kind}-{number}")
        os.mkdir(self.root)
        self.disk = FaultyDisk(self.root, traced=kind == "power")
        self.data, self.backups, self.keys = (os.path.join(self.root, name) for name in ("data", "backups", "key-backups"))

    def back_up(self):
        return program("backup", "create", "--data", self.data, "--to", self.backups, "--keys-to", self.keys, disk=self.disk)

    def redact(self, desk, seen):
        """A message that the backup holds, and the keyring's backup is made again: the message must not come back."""
        self.gone, item = self.chance.choice([(ident, item) for ident, one in sorted(seen.items()) if ident.startswith("cnv_") for item in
                                              one[1] if item["kind"] == "message" and item["personal"] == "value" and not item["attachments"]])
        self.gone_text = item["text"]
        desk.post(f"/v1/conversations/{self.gone}/messages/{item['id']}/redact", {"reason": "a card number"})
        must(program("backup", "create", "--data", self.data, "--keys-to", self.keys, disk=self.disk))

    def check_redacted(self, was, now):
        """All that was served of its conversation is, but that message and what previews say of it."""
        assert f'"{self.gone_text}"' not in json.dumps(now), f"{self.gone_text!r} was redacted after the backup, and is readable again"
        for before, after in zip(was[1], now[1], strict=True):
            if before.get("text") == self.gone_text:
                assert (after["id"], after["text"], after["personal"]) == (before["id"], None, "redacted"), after
            else:
                assert before == after, f"served otherwise: {before} {after}"

    def run(self):
        with Desk(self.data, disk=self.disk) as desk:
            desk.settings(first_response_seconds=None, auto_close_seconds=None)
            write(desk, self.chance, 40, "before")
            seen, wanted = served(desk), hashes(desk)
            ends = sum(int(partition["end"]) for partition in desk.get("/v1/status")["partitions"])
            made = must(self.back_up())[0]
            assert int(made["records"]) == ends, f"the backup holds {made['records']} records; the log had {ends}"
            self.redact(desk, seen)
            acknowledged = self.disk.noted
            getattr(self, self.kind)(desk)
        if self.kind == "power":
            self.cut_power(acknowledged)
        self.judge(seen, wanted)
        shutil.rmtree(self.root, ignore_errors=True)

    def kill(self, desk):
        self.disk.at_point(self.chance.choice(["backup.copy_log", "backup.copy_files", "backup.write_manifest"]))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write, desk, random.Random(self.chance.random()), 10_000, "beyond")
            second = self.back_up()
            wait_until(lambda: desk.process.poll() is not None, "the server died", FAULT_SECONDS_MAX)
            writing.result()
        assert second.returncode not in (0, -6, -11), f"a backup was reported that nobody made: {second}"
        desk.kill()
        self.disk.reset()

    def power(self, desk):
        write(desk, self.chance, 20, "beyond")
        desk.kill()

    def cut_power(self, acknowledged):
        """At a moment after the backup was reported as made. All that the disk had in memory only is lost."""
        trace = Trace(self.disk.trace, self.root)
        cut = self.chance.randrange(acknowledged, len(trace) + 1)
        while trace.done < cut:
            trace.step()
        left = self.root + "-left"
        trace.write_to(left, self.chance.choice(POWER_WAYS), self.chance)
        shutil.rmtree(self.root)
        os.rename(left, self.root)

    def full_disk(self, desk):
        self.disk.full_at = self.disk.writes + self.chance.randrange(1, 20)
        taken = write(desk, self.chance, 10_000, "beyond")
        assert taken < 10_000, "a full disk takes everything"
        second = self.back_up()
        assert second.returncode not in (0, -6, -11), f"a backup was made on a full disk: {second.stdout}"
        assert "space" in second.stderr, f"the reason is not said: {second.stderr}"
        desk.kill()
        self.disk.reset()

    def rot(self, desk):
        write(desk, self.chance, 20, "beyond")
        desk.kill() if self.chance.random() < 0.5 else desk.stop()
        # All of it, or what a server writes all the time.
        rot(self.chance.choice([self.data, os.path.join(self.data, "log", "log")]), self.chance)
        done = program("serve", "--data", self.data, "--listen", "127.0.0.1:0")
        assert done.returncode not in (0, -6, -11), f"rotten data is served, or crashes the program: {done}"
        assert re.search(r"\((log|rows|vault)\.\w+\)", done.stderr) and "backup" in done.stderr, f"it does not say what to do: {done.stderr}"

    def judge(self, seen, wanted):
        left = {path: os.stat(path).st_mtime_ns for path in (os.path.join(below, name) for below, _, names in os.walk(self.data)
                                                             for name in names)}
        must(program("backup", "verify", "--from", self.backups, "--backup", "1"))
        restored = os.path.join(self.root, "restored")
        told = must(program("backup", "restore", "--from", self.backups, "--keys", self.keys, "--to", restored, "--backup", "1"))[0]
        assert told["unreadable"] == "0", told
        assert all(os.stat(path).st_mtime_ns == at for path, at in left.items()), "restoring touched the folder that the fault befell"
        must(program("log", "verify", "--data", restored))
        with Desk(restored) as desk:
            got = hashes(desk)
            assert got == wanted, f"other hashes: {[name for name in wanted if got.get(name) != wanted[name]]}"
            there = served(desk)
            self.check_redacted(seen.pop(self.gone), there.pop(self.gone))
            assert there == seen, f"served otherwise: {[name for name in seen if there.get(name) != seen[name]]}"
            desk.inbound("chat", "shop", "person 1", "after", "it goes on")
            desk.verify_views()
            assert desk.stop() == 0
        must(program("log", "verify", "--data", restored))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cases", type=int, default=len(KINDS))
    options.add_argument("--from", type=int, default=0, dest="first")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kind", choices=KINDS)
    options.add_argument("--for", type=int, default=0, dest="seconds")
    said = options.parse_args()
    end = time.monotonic() + said.seconds
    work = tempfile.mkdtemp(prefix="parlance-restored-")
    cases = failed = 0
    try:
        while time.monotonic() < end if said.seconds else cases < said.cases:
            number = said.first + cases
            cases += 1
            kind = said.kind or KINDS[number % len(KINDS)]
            try:
                Case(work, number, kind, said.seed).run()
            except AssertionError as error:
                failed += 1
                print(f"FAILED  {kind}: {error}\n  again: restored_test.py --kind {kind} --cases 1 --from {number} --seed {said.seed}",
                      flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"cases {cases} failed {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
