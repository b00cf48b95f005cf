"""A real server on a folder of its own, for tests written in Python (standard library only).

    with Desk() as desk:                      # a fresh folder, removed afterwards; `parlance serve` on a free port
        got = desk.inbound("chat", "shop", "ann", "m1", "hello")      # 201, or AssertionError with the problem
        desk.post(f"/v1/conversations/{got['conversation']}/reply", {"text": "hi"})
        answer = desk.call("POST", "/v1/inbound", {...}, key="k1")    # any status: Answer(status, body, headers)
        desk.kill(); desk.start()                                    # kill -9, and again on the same folder

The program is $PARLANCE_PROGRAM. Calls go over keep-alive connections, one per thread, with the administrator's token,
and are made once: a connection that breaks raises OSError or http.client.HTTPException (`BROKEN`), because whether the
server took the command is then unknown and to repeat it is the test's decision. A read answers what every command before it
wrote: views follow the log a moment later, so each call asks for the newest position that a command's answer named, unless
the test names one itself. Nothing here waits for a time where a condition can be waited for.
"""

import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone

PROGRAM = os.environ.get("PARLANCE_PROGRAM", "build/release/parlance")
BROKEN = (OSError, http.client.HTTPException)
START_SECONDS_MAX = 60
CALL_SECONDS_MAX = 60


class Answer:
    """An HTTP answer: status, body (parsed where it is JSON, else text) and headers (names in lower case)."""

    def __init__(self, status, body, headers):
        self.status, self.body, self.headers = status, body, headers

    @property
    def code(self):
        """The problem's code, or None."""
        return self.body.get("code") if isinstance(self.body, dict) else None

    def __repr__(self):
        return f"{self.status} {json.dumps(self.body, ensure_ascii=False)[:2000]}"


class Desk:
    """`folder`: where the data lies (default: a new one that close() removes). `arguments`: more of `serve`. `disk`: a FaultyDisk
    that it lies on."""

    def __init__(self, folder=None, arguments=(), disk=None):
        self.own = None if folder else tempfile.mkdtemp(prefix="parlance-test-")
        self.folder = str(folder) if folder else os.path.join(self.own, "data")
        self.arguments = list(arguments)
        self.disk = disk
        self.process = None
        self.address = None  # "127.0.0.1:40123"
        self.token = None  # the administrator's; scopes agent, ingest, import, admin
        self.link = None  # what `serve` printed for the page, good once
        self.log = os.path.join(self.own or os.path.dirname(self.folder), "server.log")  # its stderr, all runs
        self.threads = threading.local()
        self.written = {}  # partition: (generation, partition, offset), the newest that a command's answer named
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and os.path.exists(self.log):
            with open(self.log, encoding="utf-8", errors="replace") as log:
                print("--- the server said:\n" + log.read()[-4000:], file=sys.stderr)
        self.close()

    # ---- the process ----

    def start(self):
        """Serves the folder; returns when it answers. The port is another one each time."""
        assert self.process is None, "it runs already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--data", self.folder, "--listen", "127.0.0.1:0", *self.arguments],
                stdout=subprocess.PIPE, stderr=log, env=self.disk.environment() if self.disk else None)
        said = self._read_until("sign in within")
        for line in said.splitlines():
            if line.startswith("listening on http://"):
                self.address = line.removeprefix("listening on http://")
            if line.startswith("sign in within"):
                self.link = line.split(": ", 1)[1]
        assert self.address and self.link, said
        with open(os.path.join(self.folder, "admin.token"), encoding="ascii") as token:
            self.token = token.read().strip()
        wait_until(lambda: self.call("GET", "/readyz").status == 200, "the server is ready")
        return self

    def _read_until(self, mark):
        said = b""
        end = time.monotonic() + START_SECONDS_MAX
        while mark.encode() not in said or not said.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            if not piece:
                self.process.kill()
                self.process.wait()
                self.process.stdout.close()
                self.process = None
                with open(self.log, encoding="utf-8", errors="replace") as log:
                    raise AssertionError(f"the server did not start: {said.decode()}{log.read()[-2000:]}")
            said += piece
        return said.decode()

    def kill(self):
        """kill -9, as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self, seconds_max=5):
        """SIGTERM; returns the exit code. It must end within `seconds_max`."""
        return self._end(signal.SIGTERM, seconds_max)

    def restart(self):
        self.stop()
        return self.start()

    def _end(self, how, seconds_max=30):
        process, self.process = self.process, None
        if process is None:
            return None
        process.send_signal(how)
        try:
            code = process.wait(timeout=seconds_max)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the server did not stop within {seconds_max} s of {how.name}") from None
        finally:
            process.stdout.close()
        if connection := getattr(self.threads, "connection", None):
            connection.close()
        self.threads = threading.local()  # the connections are dead
        self.written = {}  # and what was only half written is not there to wait for
        return code

    def close(self):
        self._end(signal.SIGKILL)
        if self.own:
            shutil.rmtree(self.own, ignore_errors=True)

    def run(self, *words, check=True, **how):
        """Runs a command of the program, such as desk.run("log", "verify", "--data", desk.folder)."""
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=120, **how)
        assert not check or done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    # ---- calls ----

    def call(self, method, path, body=None, *, key=None, headers=None, token=None):
        """One call. `key` is its Idempotency-Key; `token` another caller's, or "" for none."""
        connection = getattr(self.threads, "connection", None)
        # What can be read before anything was asked is the server's end of a connection that was long idle.
        if connection is None or select.select([connection.sock], [], [], 0)[0]:
            connection = http.client.HTTPConnection(self.address, timeout=CALL_SECONDS_MAX)
            connection.connect()
            # A request's head and body go out in two writes, which must not wait for each other.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.threads.connection = connection
        send = dict(headers or {})
        token = self.token if token is None else token
        if token:
            send["Authorization"] = "Bearer " + token
        if key is not None:
            send["Idempotency-Key"] = key
        if "Parlance-At-Least" not in send and (written := self.positions()):
            send["Parlance-At-Least"] = written
            send["Prefer"] = "wait=30"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            send["Content-Type"] = "application/json"
        elif method == "POST":
            data = b"{}"
            send["Content-Type"] = "application/json"
        try:
            connection.request(method, path, data, send)
            response = connection.getresponse()
            text = response.read().decode()
        except BROKEN:
            connection.close()
            self.threads.connection = None
            raise
        if response.will_close:
            self.threads.connection = None
        if method != "GET" and response.status < 300:
            self.remember(response.getheader("Parlance-Position"))
        json_body = "json" in (response.getheader("Content-Type") or "")
        return Answer(response.status, json.loads(text) if json_body and text else text,
                      {name.lower(): value for name, value in response.getheaders()})

    def positions(self):
        """What this test's commands wrote, as a read names it to see it; "" for nothing."""
        return ",".join(":".join(map(str, position)) for position in list(self.written.values()))

    def remember(self, positions):
        """What later calls wait for: a Parlance-Position header, or None."""
        for position in positions.split(",") if positions else ():
            one = tuple(map(int, position.split(":")))
            self.written[one[1]] = max(one, self.written.get(one[1], one))

    def get(self, path, at_least=None, token=None):
        """The body of a read that must succeed. `at_least`: a position that it must have applied."""
        headers = {"Parlance-At-Least": at_least, "Prefer": "wait=30"} if at_least else None
        answer = self.call("GET", path, headers=headers, token=token)
        assert answer.status == 200, f"GET {path}: {answer}"
        return answer.body

    def post(self, path, body=None, *, key=None, headers=None, token=None):
        """The body of a command that must succeed."""
        answer = self.call("POST", path, body, key=key, headers=headers, token=token)
        assert answer.status in (200, 201), f"POST {path}: {answer}"
        return answer.body

    def every(self, path, at_least=None):
        """All items of a list, over all its pages."""
        items, after = [], None
        while True:
            more = ("&" if "?" in path else "?") + "limit=200" + (f"&after={after}" if after else "")
            page = self.get(path + more, at_least)
            items += page["data"]
            after = page["page"]["next"]
            if not page["page"]["has_more"]:
                return items

    def inbound(self, channel, account, address, message_id, text, **more):
        """What a channel delivers; `more` are members of the body, such as name, thread or occurred_at."""
        sender = {"address": address}
        if "name" in more:
            sender["name"] = more.pop("name")
        return self.post("/v1/inbound", {"channel": channel, "account": account, "message_id": message_id,
                                         "from": sender, "text": text, **more})

    def ticket(self, conversation, at_least=None):
        return self.get(f"/v1/conversations/{conversation}", at_least)

    def timeline(self, conversation, at_least=None):
        return self.every(f"/v1/conversations/{conversation}/timeline", at_least)

    def settings(self, **changes):
        """Changes settings, such as settings(first_response_seconds=None, auto_close_seconds=None)."""
        etag = self.call("GET", "/v1/settings").headers["etag"]
        return self.post("/v1/settings", changes, headers={"If-Match": etag})

    def verify_views(self):
        """Every view built again from the log must equal the live one. Returns the views' names."""
        names = sorted({view["view"] for view in self.get("/v1/status")["views"]})
        for name in names:
            compared = self.post(f"/v1/admin/views/{name}/verify")
            assert compared["equal"], f"view {name}: rebuilt it differs: {compared}"
        return names


def wait_until(condition, what, seconds_max=30):
    """Returns the first true value of condition(); fails after `seconds_max`, naming `what`."""
    end = time.monotonic() + seconds_max
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds_max} s in vain until {what}"
        time.sleep(0.02)


def rfc3339(moment):
    """A datetime in UTC as the server writes it, to the millisecond."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def from_now(seconds):
    """That many seconds from now, as the server reads it."""
    return rfc3339(datetime.now(timezone.utc) + timedelta(seconds=seconds))


def shared_data():
    """The folder of real data beside the project (or $PARLANCE_SHARED), or None."""
    named = os.environ.get("PARLANCE_SHARED")
    if named:
        return os.path.join(named, "data") if os.path.isdir(os.path.join(named, "data")) else None
    here = os.path.dirname(os.path.abspath(__file__))
    while True:
        there = os.path.join(here, "shared", "data")
        if os.path.isdir(there):
            return there
        above = os.path.dirname(here)
        if above == here:
            return None
        here = above
