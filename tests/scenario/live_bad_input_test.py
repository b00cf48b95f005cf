"""Broken handshakes, frames and messages on the live door: each ends or is answered as it deserves, and nobody else notices.

The cases are tables. Beside them one subscriber stays connected throughout, and is still told of a change in the end.
"""

import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk  # noqa: E402
from web_socket import BINARY, CLOSE, MORE, PING, PONG, TEXT, Closed, WebSocket  # noqa: E402

cases = 0
faults = []


def check(name, good, seen):
    global cases
    cases += 1
    if not good:
        faults.append(name)
        print(f"FAILED  {name}: {seen}")


def handshakes(desk):
    """Refused before the upgrade, with a problem document."""
    for name, how, status, code in [
            ("no token", {"token": ""}, 401, "unauthorized"),
            ("a wrong token", {"token": "plt_" + "0" * 52}, 401, "unauthorized"),
            ("no subprotocol", {"drop": ["Sec-WebSocket-Protocol"]}, 400, "live.subprotocol"),
            ("another subprotocol", {"headers": {"Sec-WebSocket-Protocol": "parlance.v2, chat"}}, 400, "live.subprotocol"),
            ("a prefix of the subprotocol", {"headers": {"Sec-WebSocket-Protocol": "parlance.v"}}, 400, "live.subprotocol"),
            ("no upgrade", {"drop": ["Upgrade"]}, 426, "live.upgrade"),
            ("an upgrade to something else", {"headers": {"Upgrade": "h2c"}}, 426, "live.upgrade"),
            ("no Connection: Upgrade", {"headers": {"Connection": "keep-alive"}}, 426, "live.upgrade"),
            ("no version", {"drop": ["Sec-WebSocket-Version"]}, 426, "live.upgrade"),
            ("an old version", {"headers": {"Sec-WebSocket-Version": "8"}}, 426, "live.upgrade"),
            ("no key", {"drop": ["Sec-WebSocket-Key"]}, 426, "live.upgrade"),
            ("a short key", {"headers": {"Sec-WebSocket-Key": "c2hvcnQ="}}, 426, "live.upgrade"),
            ("a key that is no base64", {"headers": {"Sec-WebSocket-Key": "!" * 22 + "=="}}, 426, "live.upgrade"),
            ("HTTP/1.0", {"version": "HTTP/1.0"}, 426, "live.upgrade"),
            ("a POST", {"method": "POST", "headers": {"Content-Length": "0"}}, 405, "http.method"),
            ("a HEAD", {"method": "HEAD"}, 426, None),
            ("an unknown parameter", {"path": "/v1/live?token=x"}, 422, "unknown_parameter"),
            ("another path", {"path": "/v1/lives"}, 404, "not_found"),
            ("a forged cookie", {"token": "", "headers": {"Cookie": "parlance_session=wsp_x.agt_y.1.00"}}, 401, "unauthorized")]:
        with WebSocket(desk, open=False) as live:
            try:
                got = live.handshake(**how)
            except Closed as end:
                check("handshake: " + name, False, end)
                continue
            check("handshake: " + name, got[0] == status, got)
            if code and got[0] == status:
                check("handshake: " + name + " (code)", json.loads(got[2])["code"] == code, got)
    with WebSocket(desk, open=False) as live:
        live.socket.sendall((f"GET /v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer {desk.token}\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                             "Sec-WebSocket-Protocol: parlance.v1\r\n\r\n").encode() + b"\x81\x80\0\0\0\0")
        while b"\r\n\r\n" not in live.bytes:
            live.more()
        # What comes with the request itself may or may not be there yet: refused, or read as the first frame.
        check("handshake: a frame before its answer", live.bytes.split()[1] in (b"400", b"101"), live.bytes)


def frames(desk):
    """Broken on the level of frames: closed with the protocol's own code."""
    subscribe = json.dumps({"op": "subscribe", "id": "s", "what": "queues"}).encode()

    def sent(*all_of_them):
        def send(live):
            for arguments, keywords in all_of_them:
                live.frame(*arguments, **keywords)
        return send

    def f(*arguments, **keywords):
        return arguments, keywords
    table = [
        ("no mask", 1002, sent(f(TEXT, subscribe, mask=False))),
        ("an unmasked ping", 1002, sent(f(PING, b"x", mask=False))),
        ("reserved bit 1", 1002, sent(f(TEXT, subscribe, reserved=4))),
        ("reserved bit 2", 1002, sent(f(TEXT, subscribe, reserved=2))),
        ("reserved bit 3", 1002, sent(f(TEXT, subscribe, reserved=1))),
        ("an unknown kind of data frame", 1002, sent(f(3, b"x"))),
        ("another unknown kind", 1002, sent(f(7, b""))),
        ("an unknown kind of control frame", 1002, sent(f(11, b""))),
        ("another unknown control frame", 1002, sent(f(15, b""))),
        ("a continuation of nothing", 1002, sent(f(MORE, b"x"))),
        ("a new message inside a message", 1002, sent(f(TEXT, b"{", fin=False), f(TEXT, b"}"))),
        ("a ping in fragments", 1002, sent(f(PING, b"x", fin=False))),
        ("a close in fragments", 1002, sent(f(CLOSE, b"", fin=False))),
        ("a ping of 126 bytes", 1002, sent(f(PING, b"x" * 126))),
        ("a pong of 300 bytes", 1002, sent(f(PONG, b"x" * 300))),
        ("a close of one byte", 1002, sent(f(CLOSE, b"\x03"))),
        ("a close with code 999", 1002, sent(f(CLOSE, struct.pack("!H", 999)))),
        ("a close with code 1005", 1002, sent(f(CLOSE, struct.pack("!H", 1005)))),
        ("a close with code 1006", 1002, sent(f(CLOSE, struct.pack("!H", 1006)))),
        ("a length with its top bit", (1002, 1009), lambda live: live.socket.sendall(b"\x81\xff" + b"\xff" * 8 + b"abcd")),
        ("a length longer than it need be", 1002, lambda live: live.socket.sendall(b"\x81\xfe\x00\x05abcd" + b"x" * 5)),
        ("64 KiB and one byte", 1009, sent(f(TEXT, b" " * (64 * 1024 + 1)))),
        ("a length of 2 GiB, and no bytes", 1009, sent(f(TEXT, b"", length=1 << 31))),
        ("fragments that add up", 1009, sent(*[f(TEXT if n == 0 else MORE, b" " * 8192, fin=False) for n in range(9)])),
        ("binary", 1003, sent(f(BINARY, subscribe))),
        ("empty binary", 1003, sent(f(BINARY, b""))),
        ("invalid UTF-8", 1007, sent(f(TEXT, b'{"op":"\xff"}'))),
        ("a surrogate in UTF-8", 1007, sent(f(TEXT, b'"\xed\xa0\x80"'))),
        ("an overlong character", 1007, sent(f(TEXT, b'"\xc0\xaf"'))),
        ("a cut character", 1007, sent(f(TEXT, b'"\xe2\x82'))),
        ("a character beyond Unicode", 1007, sent(f(TEXT, b'"\xf4\x90\x80\x80"'))),
        ("invalid UTF-8 over two fragments", 1007, sent(f(TEXT, b'"\xe2', fin=False), f(MORE, b'\x28"'))),
        ("a close whose reason is no UTF-8", (1002, 1007), sent(f(CLOSE, struct.pack("!H", 1000) + b"\xff\xfe"))),
        ("no JSON", 1007, sent(f(TEXT, b"hello"))),
        ("nothing", 1007, sent(f(TEXT, b""))),
        ("half of JSON", 1007, sent(f(TEXT, b'{"op":'))),
        ("two values", 1007, sent(f(TEXT, b"{}{}"))),
        ("depth of 30,000", 1007, sent(f(TEXT, b"[" * 30_000))),
        ("a member twice", 1007, sent(f(TEXT, b'{"op":"ping","op":"ping"}'))),
        ("a byte order mark", 1007, sent(f(TEXT, b"\xef\xbb\xbf{}"))),
        ("a lone surrogate", 1007, sent(f(TEXT, b'{"op":"\\ud800"}'))),
        ("too many messages", 1008, sent(*[f(TEXT, b'{"op":"ping"}')] * 400)),
    ]
    for name, code, send in table:
        with WebSocket(desk) as live:
            send(live)
            end = live.ended()
            wanted = code if isinstance(code, tuple) else (code,)
            check("frame: " + name, end.code in wanted, end)
    for name, send in [("an ordinary close", lambda live: live.frame(CLOSE, struct.pack("!H", 1000) + b"bye")),
                       ("a close without a code", lambda live: live.frame(CLOSE)),
                       ("a connection dropped inside a frame", lambda live: (live.socket.sendall(b"\x81\xfe\x40"), live.socket.shutdown(1)))]:
        with WebSocket(desk) as live:
            send(live)
            end = live.ended()
            check("frame: " + name, end.code in (1000, 1005, None), end)
    with WebSocket(desk) as live:  # what is allowed, however odd
        live.frame(TEXT, subscribe[:10], fin=False)
        live.frame(PING, b"between")
        live.frame(MORE, b"", fin=False)
        live.frame(MORE, subscribe[10:])
        pong = None
        while pong is None:
            kind, payload = live.read_frame()
            pong = payload if kind == PONG else None
        check("frame: a ping between fragments", pong == b"between" and live.hear(op="snapshot", id="s"), pong)
        live.frame(TEXT, b" " * (64 * 1024 - 13) + b'{"op":"ping"}')
        check("frame: exactly 64 KiB", live.hear(op="pong"), None)


NOBODY = "cnv_01m81vegnma85xq78yc92m2n8q"


def messages(desk):
    """Well-formed, but wrong: answered with an error, and the connection stays."""
    def subscribe(**more):
        return {"op": "subscribe", "id": "s", **more}
    table = [
        ("no op", {"id": "s"}, "required"),
        ("an array", [], "not_an_object"),
        ("a text", "subscribe", "not_an_object"),
        ("null", None, "not_an_object"),
        ("an op that is a number", {"op": 1}, "not_a_text"),
        ("an unknown op", {"op": "subscribes"}, "live.unknown_op"),
        ("a ping with more", {"op": "ping", "x": 1}, "unknown_member"),
        ("no id", {"op": "subscribe", "what": "queues"}, "required"),
        ("an id of 65 characters", {"op": "subscribe", "id": "x" * 65, "what": "queues"}, "too_long"),
        ("an id with a NUL", {"op": "subscribe", "id": "a\0b", "what": "queues"}, "nul_character"),
        ("an id that is an object", {"op": "subscribe", "id": {}, "what": "queues"}, "not_a_text"),
        ("no what", subscribe(), "required"),
        ("an unknown what", subscribe(what="everything"), "live.unknown_topic"),
        ("a misspelt member", subscribe(what="list", limt=3), "unknown_member"),
        ("a position that is none", subscribe(what="queues", at_least="soon"), "position.malformed"),
        ("a position of no partition", subscribe(what="queues", at_least="1:9999:0"), "position.unknown"),
        ("65 positions", subscribe(what="queues", at_least=",".join(["1:0:0"] * 65)), "position.too_many"),
        ("positions without end", subscribe(what="queues", at_least="1:0:0," * 1_000), "too_long"),
        ("a position that is a number", subscribe(what="queues", at_least=1), "not_a_text"),
        ("a limit of zero", subscribe(what="list", limit=0), "not_in_range"),
        ("a limit of 201", subscribe(what="list", limit=201), "not_in_range"),
        ("a limit in words", subscribe(what="list", limit="50"), "not_in_range"),
        ("an unknown order", subscribe(what="list", sort="random"), "unknown_order"),
        ("an unknown state", subscribe(what="list", state="new,exploded"), "unknown_state"),
        ("a queue that is no id", subscribe(what="list", queue="Inbox"), "id.malformed"),
        ("an unknown channel", subscribe(what="list", channel="pigeon"), "unknown_channel"),
        ("an unknown key in a filter", subscribe(what="list", q="colour:red"), "filter.unknown_key"),
        ("a sender in a filter", subscribe(what="list", q="from:a@example.org"), "filter.not_live"),
        ("a fault in a count's filter", subscribe(what="counts", views=[{"name": "a", "q": "state:exploded"}]), None),
        ("a filter of 3,000 bytes", subscribe(what="list", q="x" * 3000), "too_long"),
        ("a filter that is a list", subscribe(what="list", q=[]), "not_a_text"),
        ("no conversation", subscribe(what="conversation"), "required"),
        ("a conversation that is no id", subscribe(what="conversation", conversation="4711"), "id.malformed"),
        ("another's id", subscribe(what="conversation", conversation="que_01m81vegnma85xq78yc92m2n8q"), "id.malformed"),
        ("a conversation that is not", subscribe(what="conversation", conversation=NOBODY), "conversation.not_found"),
        ("counts of nothing", subscribe(what="counts"), "required"),
        ("counts that are no list", subscribe(what="counts", views={}), "not_a_list"),
        ("51 counts", subscribe(what="counts", views=[{"name": str(n), "q": ""} for n in range(51)]), "not_a_list"),
        ("a count without a name", subscribe(what="counts", views=[{"q": ""}]), "required"),
        ("two counts of one name", subscribe(what="counts", views=[{"name": "a"}, {"name": "a"}]), "twice"),
        ("queues with more", subscribe(what="queues", q=""), "unknown_member"),
        ("presence with more", subscribe(what="presence", q="x"), "unknown_member"),
        ("an unsubscribe of nothing", {"op": "unsubscribe", "id": "zz"}, "live.no_such_subscription"),
        ("an unsubscribe without an id", {"op": "unsubscribe"}, "required"),
        ("a resume without a cursor", {"op": "resume"}, "required"),
        ("viewing nothing", {"op": "viewing", "state": "viewing"}, "required"),
        ("viewing what is not", {"op": "viewing", "conversation": NOBODY, "state": "viewing"}, "conversation.not_found"),
        ("viewing in an unknown way", {"op": "viewing", "conversation": NOBODY, "state": "staring"}, "unknown_state"),
        ("viewing without a state", {"op": "viewing", "conversation": NOBODY}, "required"),
    ]
    for name, message, code in table:
        with WebSocket(desk) as live:
            live.frame(TEXT, json.dumps(message).encode())
            error = live.hear(op="error")
            codes = [error["code"]] + [e["code"] for e in error["errors"]]
            check("message: " + name, code in (*codes, None) and set(error) == {"op", "id", "code", "detail", "errors"}, error)
            if isinstance(message, dict) and message.get("op") == "subscribe" and isinstance(message.get("id"), str) and len(message["id"]) == 1:
                check("message: " + name + " (id)", error["id"] == "s", error)
            live.say(op="ping")
            check("message: " + name + " (stays)", live.hear(op="pong"), None)
    with WebSocket(desk) as live:
        for n in range(33):
            live.say(op="subscribe", id=f"s{n}", what="queues")
        error = live.hear(op="error")
        check("message: 33 subscriptions", error["id"] == "s32" and error["code"] == "live.too_many_subscriptions", error)
        live.say(op="subscribe", id="s0", what="queues")
        error = live.hear(op="error")
        check("message: an id twice", error["id"] == "s0" and error["code"] == "live.id_taken", error)
        live.say(op="unsubscribe", id="s0")
        check("message: an id again once it is free", live.subscribe("s0", "list")["op"] == "snapshot", None)
    with WebSocket(desk) as live:
        got = [desk.inbound("chat", "shop", f"viewed {n}", f"viewed {n}", "x")["conversation"] for n in range(21)]
        for cnv in got:
            live.say(op="viewing", conversation=cnv, state="viewing")
        error = live.hear(op="error")
        check("message: at 21 conversations", error["code"] == "live.too_many_viewed", error)


def main():
    with Desk() as desk:
        got = desk.inbound("chat", "shop", "bystander", "bystander 1", "hello")
        desk.ticket(got["conversation"], got["position"])
        with WebSocket(desk) as bystander:
            assert bystander.subscribe("c", "conversation", conversation=got["conversation"])["op"] == "snapshot"
            handshakes(desk)
            frames(desk)
            messages(desk)
            desk.post(f"/v1/conversations/{got['conversation']}/note", {"text": "still here"})
            change = bystander.hear(op="change", id="c")
            check("a bystander", change["data"]["items"][0]["text"] == "still here", change)
        check("the stop", desk.stop() == 0, None)
    print(f"{cases} cases, {len(faults)} failed")
    return 1 if faults or cases < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
