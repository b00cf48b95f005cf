"""Slow clients are cut at their deadline, each kind at its own, and hinder nobody.

A header that comes a byte at a time, a body below the floor, an answer that nobody takes, a connection that says nothing: a few of each against
a server with short deadlines. With --many N, slowhttptest (a package of Debian's) opens N connections of each kind to a server as it
is by default, and a healthy client's times stand beside those without them.

    slow_test.py [--many N]
"""

import argparse
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from desk import Desk, wait_until  # noqa: E402

HEADER, IDLE, WRITE = 1.0, 1.5, 1.0
FLOOR = 10_000  # bytes a second of a body
SLACK = 4.0  # of a machine that does other things, too
SKIPPED = 77


def connect(desk, receive_buffer=None):
    made = socket.socket()
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(60)
    host, port = desk.address.rsplit(":", 1)
    made.connect((host, int(port)))
    return made


def until_cut(made, drip=b"", pause=0.05):
    """(seconds until the server hung up, what it said), with a byte of `drip` now and then."""
    began, said, made_at = time.monotonic(), b"", 0
    made.settimeout(pause)
    while time.monotonic() - began < 30:
        try:
            if made_at < len(drip):
                made.send(drip[made_at:made_at + 1])
                made_at += 1
            piece = made.recv(65536)
            if not piece:
                return time.monotonic() - began, said
            said += piece
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - began, said
    raise AssertionError(f"it is not cut after 30 s; it said {said[:200]!r}")


def slow_header(desk):
    made = connect(desk)
    made.send(b"GET /livez HTTP/1.1\r\n")
    return until_cut(made, b"X: " + b"a" * 10_000), HEADER


def slow_body(desk):
    made = connect(desk)
    size = 20_000
    made.send(f"POST /v1/queues HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.token}\r\nContent-Type: application/json\r\n"
              f"Content-Length: {size}\r\n\r\n".encode())
    return until_cut(made, b'{"name": "' + b"a" * 10_000), HEADER + size / FLOOR


def slow_read(desk):
    """Asks again and again for much, and takes nothing: what the system holds is soon full."""
    made = connect(desk, receive_buffer=2048)
    request = f"GET /openapi.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.token}\r\n\r\n".encode()
    made.settimeout(20)
    began = time.monotonic()
    made.sendall(request * 60)
    # Cut is what it is when nothing more goes out; what lay in between may still be read.
    while open_connections(desk) > 1 and time.monotonic() - began < 30:
        time.sleep(0.05)
    took = time.monotonic() - began
    made.close()
    return (took, b""), WRITE


def idle(desk):
    return until_cut(connect(desk)), IDLE


def fresh(desk):
    """The next call has a connection of its own: an old one was idle for too long."""
    desk.threads = threading.local()


def open_connections(desk):
    for line in desk.call("GET", "/metrics").body.splitlines():
        if line.startswith("parlance_http_connections "):
            return int(float(line.split()[1]))
    raise AssertionError("no figure of connections")


def few():
    arguments = ["--header-seconds", str(HEADER), "--idle-seconds", str(IDLE), "--write-seconds", str(WRITE), "--body-bytes-per-second", str(FLOOR)]
    with Desk(arguments=arguments) as desk:
        desk.inbound("chat", "shop", "ann", "m", "hello")
        queues = len(desk.get("/v1/queues")["data"])
        for kind in (slow_read, slow_header, slow_body, idle):
            fresh(desk)
            (took, said), wanted = kind(desk)
            assert wanted * 0.8 <= took <= wanted + SLACK, f"{kind.__name__}: cut after {took:.1f} s, wanted {wanted:.1f}"
            assert b"HTTP/1.1 2" not in said, f"{kind.__name__}: {said[:200]!r}"
            print(f"{kind.__name__}: cut after {took:.1f} s")
        fresh(desk)
        # Many at once, and somebody healthy among them.
        held = []
        for n in range(300):
            made = connect(desk)
            made.send(b"GET /livez HT" if n % 2 else b"POST /v1/queues HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            held.append(made)
        for n in range(50):
            desk.inbound("chat", "shop", "ann", f"m{n}", "hello")
        for made in held:
            made.close()
        fresh(desk)
        assert len(desk.get("/v1/queues")["data"]) == queues, "something of it was done"
        assert desk.stop() == 0
    print("5 passed, 0 failed")


def p99(desk, seconds):
    samples, end, n = [], time.monotonic() + seconds, 0
    while time.monotonic() < end:
        began = time.monotonic()
        desk.post("/v1/inbound", {"channel": "chat", "account": "shop", "message_id": f"{began} {n}", "text": "hello", "from": {"address": "ann"}},
                  headers={"Parlance-At-Least": ""})
        samples.append(time.monotonic() - began)
        n += 1
    return sorted(samples)[int(len(samples) * 0.99)] * 1000


# Takes connections and never says a word: what the tool costs the machine by itself.
SINK = """
import resource, socket, sys
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
print(listening.getsockname()[1], flush=True)
held = []
while True:
    held.append(listening.accept()[0])
"""


def beside(desk, words, url, connections):
    """p99 of a healthy client while the tool holds so many connections to `url`, and how many the server then has."""
    process = subprocess.Popen([shutil.which("slowhttptest"), "-c", str(connections), "-r", str(max(200, connections // 5)), "-i", "10", "-l", "40",
                                *words, "-u", url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(6)  # until they are there
    found = p99(desk, 10)
    there = open_connections(desk)
    process.terminate()
    process.wait()
    wait_until(lambda: open_connections(desk) < 50, "they are gone", 60)
    return found, there


def many(connections):
    if shutil.which("slowhttptest") is None:
        print("slowhttptest is not installed (tools/lib/packages.txt, group check)")
        sys.exit(SKIPPED)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    with Desk() as desk, subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE) as sink:
        nowhere = f"http://127.0.0.1:{int(sink.stdout.readline())}/"
        alone = p99(desk, 10)
        failed = 0
        for name, path, words in (("header", "/livez", ["-H"]), ("body", "/v1/queues", ["-B", "-s", "8192"]),
                                  ("read", "/openapi.json", ["-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-k", "3"])):
            baseline, _ = beside(desk, words, nowhere, connections)
            found, there = beside(desk, words, f"http://{desk.address}{path}", connections)
            good = found < 2 * baseline
            failed += not good
            print(f"{'ok    ' if good else 'FAILED'}  slow {name}: p99 {found:.1f} ms beside {there} connections; {baseline:.1f} ms with the tool busy "
                  f"elsewhere, {alone:.1f} ms alone", flush=True)
        sink.kill()
        assert desk.stop() == 0
    print(f"{3 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--many", type=int, default=0)
    said = options.parse_args()
    many(said.many) if said.many else few()


main()
