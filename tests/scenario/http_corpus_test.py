"""More than 300 malformed requests: each is refused with the class it deserves or hung up on, never answered twice, and nothing is done.

After each of them the server answers the next client. The cases are those of http_corpus.py.
"""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
sys.path.insert(0, os.path.dirname(__file__))
import http_corpus  # noqa: E402
from desk import Desk  # noqa: E402


def said_to(address, data):
    """All that comes back until the server hangs up; it is told that no more comes."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it hung up on us meanwhile, which is an answer
        said = b""
        try:
            while piece := connection.recv(65536):
                said += piece
        except ConnectionError:
            pass
        return said


def statuses(said):
    """Of each answer, 100 left out."""
    out = []
    while said:
        head, end, rest = said.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 ") or not end:
            return out + [-1]
        status = int(head[9:12])
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if status != 100:
            out.append(status)
        said = rest[length:]
    return out


def main():
    faults, seen = [], set()
    with Desk() as desk:
        end = lambda: [p["end"] for p in desk.get("/v1/status")["partitions"]]
        before = end()
        for name, text, wanted in http_corpus.all_cases(f"Authorization: Bearer {desk.token}\r\n"):
            assert name not in seen, f"two cases are called {name}"
            seen.add(name)
            data = text.encode("latin-1")
            got = statuses(said_to(desk.address, data))
            if len(got) > 1 or (got or [http_corpus.CLOSED])[0] not in wanted:
                faults.append(name)
                print(f"FAILED  {name}: answered {got}, wanted one of {sorted(wanted)}: {data[:120]!r}", flush=True)
            if desk.call("GET", "/livez", headers={"Parlance-At-Least": ""}).status != 200:
                faults.append(name)
                print(f"FAILED  {name}: nobody is answered after it")
        assert end() == before, "something of it was done"
        assert len(seen) >= 300, f"only {len(seen)} cases"
        assert desk.stop() == 0
    print(f"{len(seen) - len(faults)} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
