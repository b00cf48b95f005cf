"""The server without memory: under a limit that leaves it next to none, with clients who keep their own books at work.

Each round the limit on its data (RLIMIT_DATA) is set a little above what it holds. The server may answer 503, or end by itself
and say that memory is out; it never crashes. Where it ended it is started again. Then what was not answered is sent again
under the same keys, what was acknowledged is repeated and gets its first answer, and at the end the server's books are compared with
the clients': nothing acknowledged is missing, nothing doubled.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/memory_test.py [--rounds N] [--seed S]
"""

import argparse
import collections
import os
import random
import resource
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desk import BROKEN, Desk  # noqa: E402
from kill_test import UNKNOWN, Torture  # noqa: E402

COMMANDS_A_ROUND = 300
TRIES_MAX = 40
LARGE = "x" * 300_000


def data_bytes(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))


class Starved(Torture):
    def __init__(self, desk, seed, clients):
        super().__init__(desk, None, seed, clients)
        self.refused = self.ended = 0
        self.lock = threading.Lock()
        self.done = 0

    def work(self, client, over):
        while not over.is_set():
            command = client.next_command()
            client.book.append(command)
            for _ in range(TRIES_MAX):
                if command.send(self.desk):
                    client.learn(command)
                    break
                with self.lock:
                    self.refused += 1
                if self.desk.process.poll() is not None or over.wait(0.01):
                    return
            else:
                return
            with self.lock:
                self.done += 1
                if self.done >= COMMANDS_A_ROUND:
                    over.set()

    def burden(self, number, over):
        """Large bodies, and answers with all there is."""
        counts = collections.Counter()
        while not over.is_set():
            number += 1
            for method, path, body in (("POST", f"/v1/conversations/{self.first[0].answer['conversation']}/draft",
                                        {"kind": "note", "text": LARGE[:60_000]}),
                                       ("POST", "/v1/conversations/search", {"q": "is:open " + LARGE}),
                                       ("GET", "/v1/conversations?sort=oldest&limit=200", None)):
                try:
                    counts[self.desk.call(method, path, body).status] += 1
                except BROKEN:
                    if self.desk.process.poll() is not None:
                        return counts
        return counts

    def round(self):
        self.done = 0
        since = [len(client.book) for client in self.clients]
        over = threading.Event()
        process = self.desk.process
        soft, hard = resource.prlimit(process.pid, resource.RLIMIT_DATA)
        limit = data_bytes(process) + self.chance.randrange(256 * 1024, 6 * 1024 * 1024)
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (limit, hard))
        working = [self.pool.submit(self.work, client, over) for client in self.clients]
        burdening = [self.pool.submit(self.burden, n, over) for n in range(3)]
        for one in working:
            one.result()
        over.set()
        statuses = sum((one.result() for one in burdening), collections.Counter())
        assert not any(status >= 500 and status != 503 for status in statuses), f"answers under the limit: {statuses}"
        self.refused += statuses[503]

        if process.poll() is None:
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (soft, hard))
        else:
            with open(self.desk.log, encoding="utf-8", errors="replace") as log:
                said = log.read()[-2000:]
            assert process.returncode == 1 and "out of memory" in said, f"it ended with {process.returncode}: {said}"
            self.ended += 1
            self.desk.kill()
            self.desk.run("log", "verify", "--data", self.desk.folder)
            self.desk.start()
        for client in self.clients:
            assert client.finish(self.desk), "a command sent again, with memory, got no answer"
            for command in client.book[since[self.clients.index(client)]:]:
                assert command.answer is not UNKNOWN, f"{command} has no answer"
                if command.answer is not None:
                    command.repeat(self.desk)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=6)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    said = options.parse_args()
    print(f"seed {said.seed}", flush=True)
    with Desk() as desk:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        starved = Starved(desk, said.seed, 12)
        starved.clients = starved.clients[:8]  # the others' threads are for the burden
        for number in range(1, said.rounds + 1):
            starved.round()
            print(f"round {number}: {len(starved.books())} commands, {starved.refused} answered 503 or not at all, {starved.ended} ends", flush=True)
        desk.verify_views()
        commands, conversations = starved.compare_all()
        assert desk.stop() == 0
        desk.run("log", "verify", "--data", desk.folder)
    assert starved.refused + starved.ended > 0, "the limit was never felt"
    print(f"{commands} acknowledged commands in {conversations} conversations, none missing, none doubled; "
          f"{starved.refused} refusals, {starved.ended} ends for want of memory")


if __name__ == "__main__":
    main()
