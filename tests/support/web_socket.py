"""A WebSocket client and a reader of endless answers, for tests (standard library only).

    with WebSocket(desk) as live:                  # signed in with the administrator's token
        live.say(op="subscribe", id="s1", what="queues")
        snapshot = live.hear(op="snapshot", id="s1")   # the next message like that; others wait in live.kept
    WebSocket(desk, open=False).handshake(...)     # by hand; what came back is in .answer

Every wait has an end: WAIT_SECONDS, then an AssertionError that says what was heard instead.
"""

import base64
import collections
import hashlib
import json
import os
import socket
import struct
import time

WAIT_SECONDS = 30
TEXT, BINARY, CLOSE, PING, PONG, MORE = 1, 2, 8, 9, 10, 0


class Closed(Exception):
    """The connection ended: `code` is None where no close frame came."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"{code} {reason!r}")
        self.code, self.reason = code, reason


def connect(desk, receive_buffer=None):
    host, port = desk.address.rsplit(":", 1)
    made = socket.socket()
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(WAIT_SECONDS)
    made.connect((host, int(port)))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


class WebSocket:
    def __init__(self, desk, open=True, token=None, receive_buffer=None, headers=None):
        self.socket = connect(desk, receive_buffer)
        self.desk, self.bytes, self.kept, self.answer = desk, b"", collections.deque(), None
        if open:
            status, _, body = self.handshake(token=token, headers=headers)
            assert status == 101, f"the handshake was refused: {status} {body}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # ---- the handshake ----

    def handshake(self, *, token=None, headers=None, drop=(), path="/v1/live", method="GET", version="HTTP/1.1"):
        """(status, headers, body). `headers` replace or join the usual ones; `drop` leaves some out."""
        key = base64.b64encode(os.urandom(16)).decode()
        send = {"Host": self.desk.address, "Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key, "Sec-WebSocket-Protocol": "parlance.v1"}
        token = self.desk.token if token is None else token
        if token:
            send["Authorization"] = "Bearer " + token
        send.update(headers or {})
        lines = [f"{method} {path} {version}"] + [f"{k}: {v}" for k, v in send.items() if k not in drop]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.bytes:
            self.more()
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        got = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        body = ""
        if status != 101:
            while method != "HEAD" and len(self.bytes) < int(got.get("content-length", 0)):
                self.more()
            body = self.bytes.decode()
        else:
            digest = hashlib.sha1((send["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            assert got["sec-websocket-accept"] == base64.b64encode(digest).decode()
            assert got["sec-websocket-protocol"] == "parlance.v1"
        self.answer = status, got, body
        return self.answer

    # ---- frames ----

    def more(self):
        try:
            piece = self.socket.recv(1 << 16)
        except socket.timeout:
            raise AssertionError(f"nothing came within {WAIT_SECONDS} s; heard: {list(self.kept)[:5]}") from None
        except OSError:
            piece = b""
        if not piece:
            raise Closed()
        self.bytes += piece

    def frame(self, opcode, payload=b"", *, fin=True, mask=True, reserved=0, length=None):
        """Sends one frame, as broken as it is asked for."""
        first = (0x80 if fin else 0) | reserved << 4 | opcode
        said = len(payload) if length is None else length
        bit = 0x80 if mask else 0
        if said < 126:
            head = struct.pack("!BB", first, bit | said)
        elif said < 1 << 16:
            head = struct.pack("!BBH", first, bit | 126, said)
        else:
            head = struct.pack("!BBQ", first, bit | 127, said)
        if mask:
            key = os.urandom(4)
            head += key
            payload = bytes(b ^ key[i % 4] for i, b in enumerate(payload)) if len(payload) < 4096 else self.masked(payload, key)
        try:
            self.socket.sendall(head + payload)
        except OSError:
            pass  # the answer to it is read

    @staticmethod
    def masked(payload, key):
        length = len(payload)
        stream = int.from_bytes((key * (length // 4 + 1))[:length], "big")
        return (int.from_bytes(payload, "big") ^ stream).to_bytes(length, "big")

    def take(self, count):
        while len(self.bytes) < count:
            self.more()
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def read_frame(self):
        """(opcode, payload). Raises Closed at a close frame, which it answers, or where the connection ends."""
        first, second = self.take(2)
        assert first & 0x70 == 0 and second & 0x80 == 0, "a server's frame has no reserved bits and no mask"
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self.take(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self.take(8))[0]
        payload = self.take(length)
        opcode = first & 0x0F
        if opcode == CLOSE:
            self.frame(CLOSE, payload[:2])
            if len(payload) >= 2:
                raise Closed(struct.unpack("!H", payload[:2])[0], payload[2:].decode())
            raise Closed(1005)
        return opcode, payload

    def message(self):
        """The next message, parsed; pings are answered on the way."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == PING:
                self.frame(PONG, payload)
            elif opcode == TEXT:
                return json.loads(payload)
            else:
                assert opcode == PONG, f"a frame of kind {opcode}"

    # ---- what tests say and hear ----

    def say(self, **message):
        self.frame(TEXT, json.dumps(message).encode())

    def hear(self, where=None, **like):
        """The next message that has these members (and passes `where`). What came before it is kept for later."""
        def fits(message):
            return all(message.get(k) == v for k, v in like.items()) and (where is None or where(message))
        for message in self.kept:
            if fits(message):
                self.kept.remove(message)
                return message
        end = time.monotonic() + WAIT_SECONDS
        while True:
            message = self.message()
            if fits(message):
                return message
            self.kept.append(message)
            assert time.monotonic() < end, f"no message like {like}; heard: {list(self.kept)[:5]}"

    def synced(self):
        """Everything that was said before is done, and what was told because of it is in `kept`."""
        self.say(op="ping")
        self.hear(op="pong")
        return self.kept

    def subscribe(self, ident, what, **more):
        if written := self.desk.positions():
            more = {"at_least": written, **more}
        self.say(op="subscribe", id=ident, what=what, **more)
        return self.hear(where=lambda m: m["op"] in ("snapshot", "change", "error", "reset"), id=ident)

    def ended(self):
        """Reads until the end: the Closed."""
        try:
            while True:
                self.message()
        except Closed as closed:
            return closed


class EventStream:
    """GET of an endless answer. Iterate over events: dicts of event, id and data (parsed), comments left out."""

    def __init__(self, desk, path="/v1/events", *, token=None, last_event_id=None, receive_buffer=None, headers=None):
        self.socket = connect(desk, receive_buffer)
        token = desk.token if token is None else token
        lines = [f"GET {path} HTTP/1.1", f"Host: {desk.address}", "Accept: text/event-stream"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        if last_event_id is not None:
            lines.append(f"Last-Event-ID: {last_event_id}")
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()):
            name, value = line.decode().split(":", 1)
            self.headers[name.lower()] = value.strip()
        self.comments = 0
        self.last_id = last_event_id
        self.text = b""
        self.whole = False  # the body ended as it should
        if self.status != 200:
            self.problem = json.loads(self.file.read(int(self.headers["content-length"])))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def line(self):
        """The next line of the body without its chunks, or None at its end."""
        while b"\n" not in self.text:
            try:
                size = self.file.readline()
                if not size:
                    return None
                length = int(size, 16)
                chunk = self.file.read(length)
                self.file.readline()
            except socket.timeout:
                raise AssertionError(f"no event within {WAIT_SECONDS} s") from None
            except (OSError, ValueError):
                return None
            if length == 0:
                self.whole = True
                return None
            self.text += chunk
        line, self.text = self.text.split(b"\n", 1)
        return line.decode()

    def __iter__(self):
        return self

    def __next__(self):
        event = {}
        while True:
            line = self.line()
            if line is None:
                raise StopIteration
            if line.startswith(":"):
                self.comments += 1
            elif line == "":
                if "id" in event:
                    self.last_id = event["id"]
                if "data" in event:
                    event["data"] = json.loads(event["data"])
                    return event
                event = {}
            else:
                name, value = line.split(": ", 1)
                event[name] = value
