"""kill -9 at random moments and at every named fault point, under the load of many clients, who keep their own books.

Each round: the clients send messages, replies, notes and acts, each under a key of its own, and write down what was
acknowledged; the server is killed; it starts again, and what was not answered is sent again under the same keys (and it
may be killed again meanwhile). Then every acknowledged command of the round is repeated and must get its first answer.
The log verifies as the kill left it, and every view, rebuilt, equals the live one. At the end the server's books are
compared with the clients': nothing missing, nothing doubled, nothing else, and in each conversation what was answered
before another was sent stands before it.

Every other round the server dies at a fault point instead: between two steps of an append, of a group commit, of an answer,
of a view or fold store that goes down, of a mark, a timer, a key row or a backup.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/kill_test.py [--rounds N] [--seed S] [--clients N] [--for SECONDS]

The seed decides what is sent and when the server is killed; how the operating system mixes the clients it cannot decide.
"""

import argparse
import collections
import concurrent.futures
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass, field

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, Desk, from_now  # noqa: E402
from faulty_disk import FaultyDisk  # noqa: E402

SHARED = 4  # conversations that every client writes to
ACTS = {"snooze": "snoozed", "wait": "waiting", "resolve": "resolved", "priority": "priority_changed"}
# Each with how often it may be passed before the server dies there. Under load alone, ...
POINTS = {"log.append": 150, "log.group_written": 80, "log.group_synced": 80, "log.mark_written": 80, "log.mark_synced": 1,
          "owner.answer": 150, "views.store": 1,
          # ... when a timer is due, ...
          "timer.fire": 1,
          # ... while a backup is made, ...
          "backup.copy_log": 1, "backup.copy_files": 1, "backup.write_manifest": 1, "file.synced": 1, "file.renamed": 1,
          # ... when a message is redacted, ...
          "vault.write": 1,
          # ... and at an orderly end.
          "fold.flush": 1, "fold.flushed": 1, "views.flushed": 1}
SLOW_POINT_SECONDS_MAX = 10
UNKNOWN = object()  # neither acknowledged nor refused


@dataclass
class Command:
    """One line of a client's book."""

    kind: str  # inbound, reply, note or one of ACTS
    path: str
    body: dict
    key: str  # of an inbound: its message id, which the body holds
    sent: float = 0.0
    answered: float = 0.0
    answer: object = UNKNOWN  # the body it was acknowledged with, or None where it was refused

    def send(self, desk):
        """Sends it, again if need be. False: no answer."""
        self.sent = self.sent or time.monotonic()
        try:
            answer = desk.call("POST", self.path, self.body, key=None if self.kind == "inbound" else self.key)
        except BROKEN:
            return False
        if answer.status == 503:
            return False
        self.answered = time.monotonic()
        if answer.status == 409:
            # A rule says no, which is not remembered: that a repeat is refused means it was never carried out.
            self.answer = None
            return True
        assert answer.status in (200, 201), f"{self}: {answer}"
        self.answer = answer.body
        return True

    def repeat(self, desk):
        """Once more what was acknowledged: the first answer, and marked as such."""
        answer = desk.call("POST", self.path, self.body, key=None if self.kind == "inbound" else self.key)
        assert answer.status in (200, 201), f"the repeat of {self} was refused: {answer}"
        assert answer.body == self.answer, f"the repeat of {self} got another answer: {answer}"
        assert answer.headers.get("idempotency-replayed") == "true", f"the repeat of {self} was carried out: {answer}"


@dataclass
class Client:
    name: str
    chance: random.Random
    shared: list  # ids of conversations
    own: list = field(default_factory=list)  # (id, address) of conversations
    book: list = field(default_factory=list)

    def next_command(self):
        number = len(self.book)
        key = f"{self.name}-{number}"
        kind = self.chance.choices(["inbound", "reply", "note", *ACTS], [40, 20, 10, 6, 6, 10, 8])[0]
        if kind == "inbound":
            body = {"channel": "chat", "account": "shop", "message_id": key, "text": f"from the customer: {key}"}
            which = self.chance.random()
            if not self.own or which < 0.2:  # somebody new
                body["from"] = {"address": f"customer-{key}", "name": f"Customer {key}"}
            elif which < 0.35:  # somebody else joins: mostly of another partition, so through two doors
                body["from"] = {"address": f"friend-{key}", "name": f"Friend {key}"}
                body["thread"] = self.chance.choice(self.own)[0]
            elif which < 0.5:
                body["from"] = {"address": f"joins-{self.name}"}
                body["thread"] = self.chance.choice(self.shared)
            else:
                body["from"] = {"address": self.chance.choice(self.own)[1]}
            return Command(kind, "/v1/inbound", body, key)
        there = self.chance.choice(self.shared if not self.own or self.chance.random() < 0.2 else
                                   [ident for ident, _ in self.own])
        body = {"reply": lambda: {"text": f"from the agent: {key}"}, "note": lambda: {"text": f"among us: {key}"},
                "snooze": lambda: {"until": from_now(86400 + self.chance.randrange(86400))},
                "wait": lambda: {"for": self.chance.choice(["customer", "third_party"])}, "resolve": lambda: {},
                "priority": lambda: {"priority": self.chance.choice(["low", "normal", "high", "urgent"])}}[kind]()
        return Command(kind, f"/v1/conversations/{there}/{kind}", body, key)

    def work(self, desk, over, counted):
        """Until the server is gone. At most its last command is without an answer then."""
        while not over.is_set():
            command = self.next_command()
            self.book.append(command)
            if not command.send(desk):
                return
            self.learn(command)
            counted.release()

    def learn(self, command):
        if command.kind == "inbound" and command.answer and command.answer["created"]:
            self.own.append((command.answer["conversation"], command.body["from"]["address"]))

    def finish(self, desk):
        """Sends again what was not answered. False: the server is gone again."""
        for command in self.book[-1:]:
            if command.answer is UNKNOWN:
                if not command.send(desk):
                    return False
                self.learn(command)
        return True


def conversation_of(command):
    return command.answer["conversation"] if command.kind == "inbound" else command.path.split("/")[3]


def latest(commands):
    """One position per partition, the last of each."""
    last = {}
    for command in commands:
        for position in command.answer["position"].split(","):
            if not position:
                continue
            generation, partition, offset = (int(part) for part in position.split(":"))
            last[generation, partition] = max(last.get((generation, partition), -1), offset)
    return ",".join(f"{g}:{p}:{offset}" for (g, p), offset in sorted(last.items()))


def compare(desk, conversation, commands, at_least):
    """The server's book of one conversation with the clients'."""
    items = desk.timeline(conversation, at_least)
    events = desk.every(f"/v1/conversations/{conversation}/events", at_least)
    positions = {int(event["version"]): event["position"] for event in events}
    versions = [int(item["version"]) for item in items]
    assert versions == list(range(1, len(items) + 1)), f"{conversation}: versions are not dense: {versions}"
    at = {int(item["version"]): item for item in items}
    texts = collections.Counter(item.get("text") for item in items if item["kind"] in ("message", "note"))
    wanted = collections.Counter(c.body["text"] for c in commands if "text" in c.body)
    assert texts == wanted, f"{conversation}: missing {wanted - texts}, doubled or from nowhere {texts - wanted}"

    accounted = {}
    for command in commands:
        version = int(command.answer["version"])
        if positions[version] not in command.answer["position"].split(","):
            # It found things as they were: somebody else wrote that version.
            assert command.kind in ACTS, f"{command} was acknowledged and wrote nothing"
            continue
        item = at[version]
        if "text" in command.body:
            assert item.get("text") == command.body["text"] and item["id"] == command.answer["id"], f"{command}: {item}"
        else:
            assert item["kind"] == ACTS[command.kind], f"{command}: {item}"
        assert version not in accounted, f"{conversation}: {command} and {accounted[version]} are both {version}"
        accounted[version] = command
    for version, item in at.items():
        if item["kind"] in ("message", "note", *ACTS.values()):
            assert version in accounted, f"{conversation}: nobody sent {item}"
        else:
            assert item["kind"] in ("opened", "participant_joined", "reopened", "woken", "redacted"), f"{conversation}: nobody sent {item}"

    sent_latest, before = 0.0, None
    for _, command in sorted(accounted.items()):
        assert sent_latest <= command.answered, f"{conversation}: {command} was answered before {before} was sent, and stands behind it"
        if command.sent > sent_latest:
            sent_latest, before = command.sent, command


class Torture:
    def __init__(self, desk, disk, seed, clients):
        self.desk, self.disk = desk, disk
        self.chance = random.Random(seed)
        self.kills = 0
        self.next_point = self.chance.randrange(len(POINTS))
        self.died_at = collections.Counter()
        self.redaction = None  # not known to be done: (path, key)
        shared = [desk.inbound("chat", "shop", f"shared-{n}", f"shared-{n}", f"shared {n}") for n in range(SHARED)]
        self.first = [Command("inbound", "/v1/inbound", {"text": f"shared {n}"}, f"shared-{n}", 0.0, time.monotonic(), answer)
                      for n, answer in enumerate(shared)]
        self.clients = [Client(f"c{n}", random.Random(f"{seed} client {n}"), [answer["conversation"] for answer in shared])
                        for n in range(clients)]
        self.pool = concurrent.futures.ThreadPoolExecutor(clients)

    def books(self):
        return [command for client in self.clients for command in client.book]

    def kill(self):
        self.desk.kill()
        self.disk.reset()
        self.kills += 1

    def dead(self):
        return self.desk.process.poll() is not None

    def wait_for_death(self):
        end = time.monotonic() + SLOW_POINT_SECONDS_MAX
        while not self.dead() and time.monotonic() < end:
            time.sleep(0.01)

    def snooze_shortly(self):
        """A conversation of its own."""
        name = f"sleeper-{self.kills}"
        answer = self.desk.inbound("chat", "shop", name, name, name)
        self.first.append(Command("inbound", "/v1/inbound", {"text": name}, name, 0.0, time.monotonic(), answer))
        command = Command("snooze", f"/v1/conversations/{answer['conversation']}/snooze", {"until": from_now(2)}, f"snooze-{name}")
        assert command.send(self.desk) and command.answer, command
        self.first.append(command)

    def redact(self):
        """A message of its own. The answer may not come."""
        name = f"redacted-{self.kills}"
        answer = self.desk.inbound("chat", "shop", name, name, name)
        self.first.append(Command("inbound", "/v1/inbound", {"text": None}, name, 0.0, time.monotonic(), answer))
        self.redaction = (f"/v1/conversations/{answer['conversation']}/messages/{answer['message']}/redact", name)
        threading.Thread(target=self.send_redaction).start()

    def send_redaction(self):
        path, key = self.redaction
        try:
            return self.desk.call("POST", path, {"reason": "a card number"}, key=key).status in (200, 201)
        except BROKEN:
            return False

    def back_up(self):
        """Ends when the server is gone."""
        while not self.dead():
            self.desk.run("backup", "create", "--data", self.desk.folder, "--to", self.disk.folder + "/backups",
                          "--keys-to", self.disk.folder + "/key-backups", check=False)

    def die_at(self, point, counted):
        """While the clients work."""
        self.disk.at_point(point, self.chance.randrange(POINTS[point]) + 1)
        if point == "vault.write":
            self.redact()
            self.wait_for_death()
        elif point.startswith(("backup.", "file.")):
            backing_up = threading.Thread(target=self.back_up)
            backing_up.start()
            self.wait_for_death()
            if not self.dead():
                self.desk.process.kill()
            backing_up.join()
        elif point.startswith(("fold.", "views.flushed")):
            for _ in range(20):
                counted.acquire(timeout=1)
            self.desk.process.terminate()
            self.wait_for_death()
        else:
            self.wait_for_death()
        if self.dead() and self.desk.process.returncode == -9:
            self.died_at[point] += 1

    def round(self, point=None):
        """Returns how many commands were without an answer when the server was killed."""
        done = [len(client.book) for client in self.clients]
        over, counted = threading.Event(), threading.Semaphore(0)
        if point == "timer.fire":
            self.snooze_shortly()
        working = [self.pool.submit(client.work, self.desk, over, counted) for client in self.clients]
        if point:
            self.die_at(point, counted)
        else:
            for _ in range(self.chance.randrange(20, 400)):
                while not counted.acquire(timeout=1):
                    assert not all(one.done() for one in working), "the clients stopped: the server is gone before it was killed"
            time.sleep(self.chance.random() * 0.005)  # anywhere between two answers
        self.kill()
        self.desk.run("log", "verify", "--data", self.desk.folder)  # as the kill left it
        over.set()
        for one in working:
            one.result()
        open_ones = sum(command.answer is UNKNOWN for command in self.books())

        self.desk.start()
        while any(command.answer is UNKNOWN for command in self.books()):
            again = [self.pool.submit(client.finish, self.desk) for client in self.clients]
            if self.chance.random() < 0.3:
                next(concurrent.futures.as_completed(again)).result()
                self.kill()
                [one.result() for one in again]
                self.desk.start()
            else:
                assert all([one.result() for one in again]), "a command sent again got no answer"

        if self.redaction:
            assert self.send_redaction(), f"the redaction {self.redaction} is refused"
            self.redaction = None

        def repeat(client, since):
            for command in client.book[since:]:
                if command.answer is not None:
                    command.repeat(self.desk)
        list(self.pool.map(repeat, self.clients, done))
        return open_ones

    def compare_all(self):
        acknowledged = self.first + [command for command in self.books() if command.answer is not None]
        of = collections.defaultdict(list)
        for command in acknowledged:
            of[conversation_of(command)].append(command)
        at_least = latest(acknowledged)
        listed = {ticket["id"] for ticket in self.desk.every("/v1/conversations?sort=oldest", at_least)}
        assert listed == set(of), f"missing {set(of) - listed}, from nowhere {listed - set(of)}"
        list(self.pool.map(lambda one: compare(self.desk, *one, at_least), of.items()))
        opened = sum(c.kind == "inbound" and c.answer["created"] for c in acknowledged)
        assert opened == len(of), f"{opened} messages opened {len(of)} conversations"
        return len(acknowledged), len(of)


def torture(rounds, clients, seed):
    """Returns where the server died, and a line about it."""
    began = time.monotonic()
    root = tempfile.mkdtemp(prefix="parlance-kill-")
    disk = FaultyDisk(root)
    try:
        with Desk(os.path.join(root, "data"), disk=disk) as desk:
            desk.settings(first_response_seconds=None, auto_close_seconds=None)
            one = Torture(desk, disk, seed, clients)
            for number in range(1, rounds + 1):
                point = None
                if number % 2 == 0:
                    point = list(POINTS)[one.next_point % len(POINTS)]
                    one.next_point += 1
                open_ones = one.round(point)
                desk.verify_views()
                print(f"round {number}{f' ({point})' if point else ''}: {len(one.books())} commands so far, {open_ones} without an "
                      f"answer at the kill, {one.kills} kills, {time.monotonic() - began:.1f} s", flush=True)
            commands, conversations = one.compare_all()
            names = desk.verify_views()
            assert desk.stop() == 0
            desk.run("log", "verify", "--data", desk.folder)
            desk.run("view", "verify", "--data", desk.folder)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return one.died_at, (f"{one.kills} kills: {commands} acknowledged commands in {conversations} conversations, none missing, none "
                         f"doubled, in order; equal when rebuilt: {', '.join(names)}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--clients", type=int, default=16)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options.add_argument("--for", type=int, default=0, dest="seconds", help="seed after seed")
    said = options.parse_args()
    end = time.monotonic() + said.seconds
    died_at, rounds, failed, seed = collections.Counter(), 0, 0, said.seed
    while True:
        print(f"seed {seed}", flush=True)
        try:
            where, line = torture(said.rounds, said.clients, seed)
            died_at += where
            print(line, flush=True)
        except BaseException as error:
            traceback.print_exc()
            print(f"FAILED; once more: python3 tests/scenario/kill_test.py --rounds {said.rounds} --clients {said.clients} --seed {seed}",
                  file=sys.stderr)
            failed += 1
            if not isinstance(error, Exception):
                return 1
        rounds += said.rounds
        seed += 1
        if time.monotonic() >= end:
            break
    print("died at: " + ", ".join(f"{point} {times}" for point, times in sorted(died_at.items())))
    never = set(POINTS) - set(died_at)
    if not failed and rounds >= 4 * len(POINTS) and never:
        print(f"FAILED: the server never came to {', '.join(sorted(never))}", file=sys.stderr)
        failed += 1
    print(f"cases {rounds} failed {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
