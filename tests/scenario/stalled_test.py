"""A thousand subscribers who do not read cost a bounded amount of memory, are cut with a place to go on from, and hinder nobody.

WebSockets subscribe to a conversation and followers to the feed, and none of them reads another byte. Messages are written until
more waits for each than may. Then: the server has hung up on them, its memory stayed under a limit, every message was taken, views
and a healthy subscriber have all of them, and a cut one goes on with the cursor it has.

    stalled_test.py [--subscribers N] [--measure]

--measure also prints how long writes took with and without them (for a quiet machine; nothing is asserted of it).
"""

import argparse
import json
import os
import resource
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from desk import Desk, wait_until  # noqa: E402
from web_socket import Closed, WebSocket, connect  # noqa: E402

MIB = 1 << 20
TEXT_BYTES = 60_000
BASE_MIB = 400  # of the program itself, with what its caches may hold
EACH_MIB = 0.25  # of one of many that stall: topics share what they are told, and the system's buffers are not ours


def resident(desk):
    with open(f"/proc/{desk.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def follow(desk):
    """A follower of the feed that takes nothing: its socket."""
    made = connect(desk, receive_buffer=4096)
    made.sendall(f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.token}\r\nAccept: text/event-stream\r\n\r\n".encode())
    assert b"200" in made.recv(12), "the feed is not given"
    return made


def metrics(desk, name):
    """The values of a metric, whatever their labels."""
    return [float(line.split()[-1]) for line in desk.call("GET", "/metrics").body.splitlines()
            if line.split("{")[0].split(" ")[0] == name]


def connections(desk):
    return metrics(desk, "parlance_live_connections")


def write(desk, number, samples):
    began = time.monotonic()
    desk.post("/v1/inbound", {"channel": "chat", "account": "shop", "message_id": f"m{number}", "text": f"{number} " + "x" * TEXT_BYTES,
                              "from": {"address": "ann"}}, headers={"Parlance-At-Least": ""})
    samples.append(time.monotonic() - began)


def p99(samples):
    return sorted(samples)[int(len(samples) * 0.99)]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--subscribers", type=int, default=1000)
    options.add_argument("--measure", action="store_true")
    said = options.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    with Desk(arguments=["--write-seconds", "4"]) as desk:
        first = desk.inbound("chat", "shop", "ann", "m", "hello")
        conversation = first["conversation"]
        desk.ticket(conversation)
        before, during = [], []
        if said.measure:
            for n in range(200):
                write(desk, f"before {n}", before)
        with WebSocket(desk) as healthy:
            healthy.subscribe("c", "conversation", conversation=conversation)
            seen, broken, over = set(), [], threading.Event()

            def read():
                try:
                    while not over.is_set():
                        message = healthy.message()
                        for item in message.get("data", {}).get("items", []) if message["op"] in ("change", "snapshot") else []:
                            if item.get("text"):
                                seen.add(item["text"].split()[0])
                except (Closed, OSError, AssertionError) as error:
                    if not over.is_set():
                        broken.append(repr(error))

            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            stalled = []
            for n in range(said.subscribers):
                if n % 5 == 4:
                    stalled.append(follow(desk))
                else:
                    one = WebSocket(desk, receive_buffer=4096)
                    one.say(op="subscribe", id="c", what="conversation", conversation=conversation)
                    stalled.append(one)
            cursor = None
            one = stalled[0]
            cursor = one.hear(op="snapshot", id="c")["cursor"]
            assert sum(connections(desk)) >= said.subscribers, connections(desk)
            written, most = 0, 0
            limit = (BASE_MIB + EACH_MIB * said.subscribers) * MIB
            # Until all are cut: each message is pushed to each, and a megabyte is all that waits.
            deadline = time.monotonic() + 90
            while sum(connections(desk)) > 1 and time.monotonic() < deadline:
                for _ in range(5):
                    write(desk, written, during)
                    written += 1
                most = max(most, resident(desk))
                assert most < limit, f"{most / MIB:.0f} MiB with {said.subscribers} that stall, allowed {limit / MIB:.0f}"
            left = connections(desk)
            assert sum(left) <= 1, f"some who do not read are not cut after {written} messages: {left}"
            assert sum(metrics(desk, "parlance_live_cut_total")) > 0, "nobody was counted as cut"
            wait_until(lambda: metrics(desk, "parlance_live_waiting_bytes") == [0], "nothing waits any more")
            # The healthy one has everything; views have everything.
            ticket = desk.ticket(conversation)
            assert ticket["messages"]["received"] == written + 1 + len(before), (ticket["messages"], written)
            wait_until(lambda: broken or str(written - 1) in seen, "the healthy one is told of the last message", 20)
            assert not broken, f"the healthy one was hindered: {broken}"
            # Who was cut goes on from where it was.
            with WebSocket(desk) as again:
                again.say(op="subscribe", id="c", what="conversation", conversation=conversation, cursor=cursor)
                answer = again.message()
                assert answer["op"] in ("change", "reset", "snapshot"), answer
            for socket in stalled:
                (socket.socket if isinstance(socket, WebSocket) else socket).close()
            over.set()
        if said.measure:
            print(json.dumps({"p99_ms_before": round(p99(before) * 1000, 1), "p99_ms_with_stalled": round(p99(during) * 1000, 1),
                              "median_ms_before": round(statistics.median(before) * 1000, 1), "median_ms_with_stalled": round(statistics.median(during) * 1000, 1)}))
        assert desk.stop() == 0
    print(f"{said.subscribers} stalled, {written} messages taken, at most {most / MIB:.0f} MiB")
    print("1 passed, 0 failed")


main()
