"""A new customer's 500 messages are each delivered twice, all at once and out of order: one conversation, 500 messages,
and every delivery of a message is answered with the same ids.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/storm_test.py [--seed S]
"""

import argparse
import collections
import concurrent.futures
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk  # noqa: E402

MESSAGES = 500
CLIENTS = 64


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    seed = options.parse_args().seed
    print(f"seed {seed}; again: python3 tests/scenario/storm_test.py --seed {seed}")
    deliveries = list(range(MESSAGES)) * 2
    random.Random(seed).shuffle(deliveries)

    with Desk() as desk:
        together = threading.Barrier(CLIENTS)
        share = iter(deliveries)
        taking = threading.Lock()

        def client(_):
            desk.get("/v1/status")  # the connection is there before the storm
            together.wait()
            answers = []
            while True:
                with taking:
                    n = next(share, None)
                if n is None:
                    return answers
                # Addresses of a mailbox differ in case and are one.
                address = "New.Customer@Example.org" if n % 2 else "new.customer@example.org"
                answers.append((n, desk.call("POST", "/v1/inbound", {
                    "channel": "email", "account": "help@shop.example", "message_id": f"<{n}@example.org>",
                    "from": {"address": address, "name": "New Customer"}, "text": f"message {n}"})))

        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            answers = [one for each in pool.map(client, range(CLIENTS)) for one in each]
        print(f"{len(answers)} deliveries by {CLIENTS} clients in {time.monotonic() - began:.1f} s")

        refused = [answer for _, answer in answers if answer.status != 201]
        assert not refused, f"{len(refused)} refused, such as {refused[0]}"
        of_message = collections.defaultdict(list)
        for n, answer in answers:
            of_message[n].append(answer)
        ids = ("conversation", "message", "subject", "ticket_number", "position", "version", "created")
        for n, both in of_message.items():
            first, second = ({name: answer.body[name] for name in ids} for answer in both)
            assert first == second, f"message {n} was answered twice, differently: {first} and {second}"
            replayed = sorted("idempotency-replayed" in answer.headers for answer in both)
            assert replayed == [False, True], f"message {n}: which is the repeat? {replayed}"
        bodies = [answer.body for _, answer in answers]
        assert len({body["conversation"] for body in bodies}) == 1, "more than one conversation"
        assert len({body["subject"] for body in bodies}) == 1, "more than one customer"
        assert len({body["message"] for body in bodies}) == MESSAGES, "messages share an id"
        assert sum(body["created"] for body in bodies) == 2, "not exactly one message opened the conversation"

        conversation = bodies[0]["conversation"]
        at_least = max((body["position"] for body in bodies), key=lambda position: int(position.split(":")[2]))
        assert [t["id"] for t in desk.every("/v1/conversations?sort=oldest", at_least)] == [conversation]
        items = desk.timeline(conversation, at_least)
        assert [item["kind"] for item in items] == ["opened"] + ["message"] * MESSAGES
        assert [int(item["version"]) for item in items] == list(range(1, MESSAGES + 2)), "versions are not dense"
        texts = {item["id"]: item["text"] for item in items[1:]}
        assert texts == {answer.body["message"]: f"message {n}" for n, answer in answers}, "a text is not where it belongs"
        assert desk.ticket(conversation)["messages"] == {"received": MESSAGES, "replied": 0, "notes": 0}
        desk.verify_views()
    print(f"one conversation, {MESSAGES} messages, each delivery of one answered with the same ids")
    return 0


if __name__ == "__main__":
    sys.exit(main())
