"""For the tests of the command line: a desk with some traffic behind it, and the answers of commands as rows."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import PROGRAM, Desk  # noqa: E402

DONE, FAILED, USAGE, NOT_FOUND, NOT_ALLOWED, CONFLICT, DIFFERENCE, UNREACHABLE = range(8)


def write_traffic(desk, people=12):
    """Conversations on several partitions with most kinds of events; returns their ids."""
    ids = []
    agent = desk.get("/v1/agents")["data"][0]["id"]
    for i in range(people):
        got = desk.inbound("chat", "shop", f"person {i}", f"m{i}", f"hello from {i}", name=f"Person {i}")
        path = "/v1/conversations/" + got["conversation"]
        desk.post(path + "/assign", {"agent": agent, "reason": "yours"})
        desk.post(path + "/reply", {"text": f"hello, person {i}"})
        desk.inbound("chat", "shop", f"person {i}", f"n{i}", "and one more thing")
        if i % 3 == 0:
            desk.post(path + "/resolve", {})
        ids.append(got["conversation"])
    return ids


def rows(done):
    """What a command printed, line by line."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(*words, **how):
    """A command of the program, whatever it ends with."""
    return subprocess.run([PROGRAM, *words], **{"capture_output": True, "text": True, "timeout": 120, **how})


def on_a_terminal(*words, columns=0, color=False, stderr=subprocess.DEVNULL):
    """What a command writes to stdout where that is a terminal, `columns` wide (0: it does not say)."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = dict(os.environ, TERM="xterm", **({} if color else {"NO_COLOR": "1"}))
    environment.pop("COLUMNS", None)
    with subprocess.Popen([PROGRAM, *words], stdout=its, stderr=its if stderr == "terminal" else stderr,
                          env=environment) as process:
        os.close(its)
        said = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # how a pseudo-terminal says that its other end is closed
                break
            if not piece:
                break
            said += piece
        process.wait(timeout=60)
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


class OnADesk(unittest.TestCase):
    """A running server with traffic, one for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        cls.desk = Desk()
        cls.addClassCleanup(cls.desk.close)
        cls.ids = write_traffic(cls.desk)
