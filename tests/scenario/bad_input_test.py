"""Malformed and hostile requests: each is refused with the status, the code and the place it deserves, and nothing of it is done.

The cases are tables. After all of them the server still answers, and it holds exactly the messages that were accepted.
"""

import base64
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from desk import Desk  # noqa: E402

cases = 0
faults = []


def check(name, good, seen):
    global cases
    cases += 1
    if not good:
        faults.append(name)
        print(f"FAILED  {name}: {seen}")


def problem_shape(name, status, headers, body):
    """Every refusal is a whole problem document."""
    wanted = {"type", "title", "status", "detail", "instance", "code", "trace_id", "errors"}
    good = (isinstance(body, dict) and wanted <= set(body) and body["status"] == status
            and headers.get("content-type") == "application/problem+json")
    check(name + " (problem document)", good, body)


def refused(desk, name, status, answer, code=None, pointer=None, detail=None):
    seen = repr(answer)
    check(name, answer.status == status, seen)
    if answer.status != status:
        return
    problem_shape(name, status, answer.headers, answer.body)
    if code:
        check(name + " (code)", answer.code == code, seen)
    if pointer:
        check(name + " (place)", pointer in [e["pointer"] for e in answer.body["errors"]], seen)
    if detail:
        check(name + " (detail)", detail in answer.body["detail"], seen)


class Raw:
    """One connection, spoken to byte by byte."""

    def __init__(self, desk):
        host, port = desk.address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.desk, self.kept = desk, b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # it hung up on us, which is an answer too

    def answer(self):
        """(status, headers, body) of the next answer, or None where the connection ended without one."""
        try:
            while b"\r\n\r\n" not in self.kept:
                more = self.socket.recv(65536)
                if not more:
                    return None
                self.kept += more
            head, rest = self.kept.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
            length = int(headers.get("content-length", 0))
            while len(rest) < length:
                more = self.socket.recv(65536)
                if not more:
                    return None
                rest += more
            self.kept = rest[length:]
            self.desk.remember(headers.get("parlance-position"))
            return int(lines[0].split()[1]), headers, rest[:length].decode()
        except OSError:
            return None

    def ended(self):
        try:
            return self.socket.recv(1) == b""
        except OSError:
            return True

    def close(self):
        self.socket.close()


MESSAGE = {"channel": "email", "account": "shop", "message_id": "x", "from": {"address": "a@example.org"}, "text": "hi"}


def json_cases(desk):
    """Bodies that are not JSON: 400 with the byte."""
    head = {"Content-Type": "application/json", "Authorization": "Bearer " + desk.token}
    bad = {
        "nothing but a brace": b"{", "text after the value": b"{} x", "a trailing comma": b'{"a":1,}',
        "single quotes": b"{'a':1}", "no quotes": b"{a:1}", "a comment": b"{}//", "NaN": b'{"a":NaN}',
        "Infinity": b'{"a":Infinity}', "a number too large": b'{"a":1e400000}', "twenty digits": b'{"a":18446744073709551616}',
        "a leading zero": b'{"a":01}', "a leading plus": b'{"a":+1}', "a bare point": b'{"a":1.}', "hexadecimal": b'{"a":0x1}',
        "a doubled member": b'{"text":"a","text":"b"}', "a byte order mark": b"\xef\xbb\xbf{}", "overlong UTF-8": b'{"a":"\xc0\xaf"}',
        "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}', "a lone continuation": b'{"a":"\x80"}', "a cut character": b'{"a":"\xe2\x82"}',
        "a lone high surrogate": b'{"a":"\\ud800"}', "a lone low surrogate": b'{"a":"\\udc00"}', "a bad escape": b'{"a":"\\x41"}',
        "a control character": b'{"a":"\x01"}', "a raw line break": b'{"a":"\n"}', "no end of text": b'{"a":"b', "a NUL": b"{}\x00",
        "depth of 100": b"[" * 100 + b"]" * 100, "depth of 100,000": b"[" * 100_000, "white space alone": b"   ",
        "a word": b"nul", "two values": b"{}{}", "a missing colon": b'{"a" 1}', "a missing value": b'{"a":}',
        "20,000 members": b"{" + b",".join(b'"%d":1' % i for i in range(20_000)) + b"}",
    }
    for name, body in bad.items():
        raw = Raw(desk)
        lines = "".join(f"{k}: {v}\r\n" for k, v in head.items())
        raw.send(f"POST /v1/inbound HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = raw.answer()
        raw.close()
        check("JSON: " + name, answer is not None and answer[0] == 400, answer)
        if answer and answer[0] == 400:
            document = json.loads(answer[2])
            problem_shape("JSON: " + name, 400, answer[1], document)
            check("JSON: " + name + " (byte)", document["code"] == "json.malformed" and "at byte " in document["detail"], document)


def body_cases(desk, conversation):
    """Well-formed, but wrong: 422 with every place."""
    def changed(**members):
        return {k: v for k, v in {**MESSAGE, **members}.items() if v is not ...}

    inbound = [
        ("no channel", changed(channel=...), "/channel"), ("an unknown channel", changed(channel="pigeon"), "/channel"),
        ("channel is a number", changed(channel=7), "/channel"), ("no account", changed(account=...), "/account"),
        ("no message id", changed(message_id=...), "/message_id"), ("an empty message id", changed(message_id=""), "/message_id"),
        ("no sender", changed(**{"from": ...}), "/from"), ("sender is a text", changed(**{"from": "a@b"}), "/from"),
        ("no address", changed(**{"from": {"name": "A"}}), "/from/address"),
        ("an unknown member of the sender", changed(**{"from": {"address": "a@b", "age": 3}}), "/from/age"),
        ("an unknown member", changed(colour="red"), "/colour"), ("a member that needs escaping", changed(**{"a/b~c": 1}), "/a~1b~0c"),
        ("no text at all", changed(text=...), "/text"), ("text is a list", changed(text=["a"]), "/text"),
        ("a NUL in the text", changed(text="a\0b"), "/text"), ("text of more than 512 KiB", changed(text="x" * 524_289), "/text"),
        ("a time that is none", changed(occurred_at="yesterday"), "/occurred_at"),
        ("a day that is none", changed(occurred_at="2026-02-30T10:00:00Z"), "/occurred_at"),
        ("a time in the future", changed(occurred_at="2199-01-01T00:00:00Z"), "/occurred_at"),
        ("a time before 1970", changed(occurred_at="1969-12-31T23:59:59Z"), "/occurred_at"),
        ("a time out of range", changed(occurred_at="9999-01-01T00:00:00Z"), "/occurred_at"),
        ("a line break in an address", changed(**{"from": {"address": "a@b\nBcc: c@d"}}), "/from/address"),
        ("an address of 2,000 bytes", changed(**{"from": {"address": "a" * 2000 + "@b"}}), "/from/address"),
        ("attachments are no list", changed(attachments={}), "/attachments"),
        ("an attachment without a name", changed(attachments=[{"type": "a/b", "data": "AA=="}]), "/attachments/0/name"),
        ("an attachment that is not base64", changed(attachments=[{"name": "a", "type": "a/b", "data": "!!"}]), "/attachments/0/data"),
        ("an attachment that is too large",
         changed(attachments=[{"name": "a", "type": "a/b", "data": base64.b64encode(bytes(300_000)).decode()}]), "/attachments"),
        ("too many attachments", changed(attachments=[{"name": "a", "type": "a/b", "data": "AA=="}] * 21), "/attachments"),
        ("HTML of too many tags", changed(text=..., html="<b>" * 30_000), "/html"),
        ("the body is a list", [], ""), ("the body is a text", "x", ""), ("the body is a number", 5, ""),
    ]
    for name, body, pointer in inbound:
        refused(desk, "inbound: " + name, 422, desk.call("POST", "/v1/inbound", body), pointer=pointer or None)
    answer = desk.call("POST", "/v1/inbound", {"channel": "pigeon", "text": 5, "colour": 1})
    check("inbound: every fault is listed, not just the first", answer.status == 422 and len(answer.body["errors"]) >= 5, answer)

    here = f"/v1/conversations/{conversation}"
    on_conversation = [
        ("reply without a text", "/reply", {}, "/text"), ("reply with an unknown member", "/reply", {"text": "a", "to": "b"}, "/to"),
        ("reply on an unknown channel", "/reply", {"text": "a", "channel": "pigeon"}, "/channel"),
        ("note without a text", "/note", {}, "/text"), ("assign to nobody", "/assign", {}, "/agent"),
        ("assign to the zero id", "/assign", {"agent": "agt_" + "0" * 26}, "/agent"),
        ("assign to a bad id", "/assign", {"agent": "agt_1"}, "/agent"), ("assign to a queue as agent", "/assign", {"agent": "que_" + "0" * 26}, "/agent"),
        ("snooze without an end", "/snooze", {}, "/until"), ("snooze until a word", "/snooze", {"until": "tomorrow"}, "/until"),
        ("wait for somebody else", "/wait", {"for": "godot"}, "/for"), ("a priority that is none", "/priority", {"priority": "asap"}, "/priority"),
        ("priority as a number", "/priority", {"priority": 1}, "/priority"), ("an unknown tag", "/tags", {"add": ["nothing"]}, "/add"),
        ("tags as a text", "/tags", {"add": "refund"}, "/add"), ("a reason of 2,000 bytes", "/resolve", {"reason": "x" * 2000}, "/reason"),
    ]
    for name, path, body, pointer in on_conversation:
        refused(desk, name, 422, desk.call("POST", here + path, body), pointer=pointer)
    refused(desk, "lookup of no address", 422, desk.call("POST", "/v1/subjects/lookup", {"channel": "email"}), pointer="/address")
    refused(desk, "an agent without a name", 422, desk.call("POST", "/v1/agents", {}), pointer="/name")
    refused(desk, "an agent of an unknown role", 422, desk.call("POST", "/v1/agents", {"name": "A", "role": "king"}), pointer="/role")
    refused(desk, "a queue without a name", 422, desk.call("POST", "/v1/queues", {"name": ""}), pointer="/name")
    refused(desk, "a batch that is none", 422, desk.call("POST", "/v1/batch", {}), pointer="/commands")
    refused(desk, "a batch of 501", 422, desk.call("POST", "/v1/batch", {"commands": [{"method_path": "POST /v1/inbound"}] * 501}), pointer="/commands")
    refused(desk, "a batch within a batch", 422,
            desk.call("POST", "/v1/batch", {"commands": [{"method_path": "POST /v1/batch", "body": {}}]}), pointer="/commands/0/method_path")
    answer = desk.call("POST", "/v1/batch", {"commands": [{"method_path": "POST /v1/inbound", "body": {"channel": "email"}}]})
    check("a batch answers each command for itself", answer.status == 200 and answer.body["data"][0]["status"] == 422, answer)
    check("a batch of which nothing was done names no position", "parlance-position" not in answer.headers, answer.headers)


def rule_cases(desk, conversation, closed):
    """Ids, versions, keys, positions, cursors, rights: the word for each."""
    here = f"/v1/conversations/{conversation}"
    shut = f"/v1/conversations/{closed}"
    for act, body in (("reply", {"text": "a"}), ("assign", {"agent": "me"}), ("snooze", {"until": "2030-01-01T00:00:00Z"}),
                      ("resolve", {}), ("reopen", {}), ("wait", {}), ("priority", {"priority": "high"})):
        refused(desk, f"{act} on a closed conversation", 409, desk.call("POST", f"{shut}/{act}", body), code="conversation.closed")
    refused(desk, "snooze into the past", 409, desk.call("POST", here + "/snooze", {"until": "2001-01-01T00:00:00Z"}), code="conversation.snooze_in_the_past")
    refused(desk, "assign to an unknown agent", 409, desk.call("POST", here + "/assign", {"agent": "agt_" + "0" * 25 + "1"}), code="agent.unknown")
    refused(desk, "assign to an unknown queue", 409, desk.call("POST", here + "/assign", {"queue": "que_" + "0" * 25 + "1"}), code="queue.unknown")
    for name, wrong in (("too short", "cnv_1"), ("of another kind", "msg_" + "0" * 26), ("with a letter that is none", "cnv_" + "u" * 26),
                        ("of nobody", "cnv_" + "0" * 26), ("beyond 128 bits", "cnv_" + "z" * 26), ("with a NUL", "cnv_%00")):
        wanted = 400 if "%00" in wrong else 404
        refused(desk, f"a conversation id {name}", wanted, desk.call("GET", f"/v1/conversations/{wrong}"))
        refused(desk, f"a reply to an id {name}", wanted, desk.call("POST", f"/v1/conversations/{wrong}/reply", {"text": "a"}))
    first = desk.call("POST", here + "/note", {"text": "one"}, key="same-key")
    check("a note under a key", first.status == 201, first)
    refused(desk, "the key again with another body", 422, desk.call("POST", here + "/note", {"text": "two"}, key="same-key"), code="command.key_reused")
    again = desk.call("POST", here + "/note", {"text": "one"}, key="same-key")
    check("the key again with the same body", again.status == 201 and again.body["id"] == first.body["id"]
          and again.headers.get("idempotency-replayed") == "true", again)
    refused(desk, "a key of 256 characters", 400, desk.call("POST", here + "/note", {"text": "a"}, key="k" * 256))
    stale = desk.call("POST", here + "/note", {"text": "late"}, headers={"If-Match": '"1"'})
    if stale.status != 412:
        stale = desk.call("POST", here + "/priority", {"priority": "urgent"}, headers={"If-Match": '"1"'})
    refused(desk, "a stale If-Match", 412, stale, code="stream.version_conflict")
    check("a stale If-Match names what came between", bool(stale.body.get("events")) and stale.body.get("version"), stale)
    refused(desk, "an If-Match that no stream had", 412, desk.call("POST", here + "/priority", {"priority": "low"}, headers={"If-Match": '"abc"'}))
    refused(desk, "settings without If-Match", 428, desk.call("POST", "/v1/settings", {"auto_close_seconds": 60}))
    etag = desk.call("GET", "/v1/settings").headers["etag"]
    refused(desk, "settings below nothing", 422, desk.call("POST", "/v1/settings", {"auto_close_seconds": -1}, headers={"If-Match": etag}), pointer="/auto_close_seconds")
    for name, position in (("a word", "here"), ("two parts", "1:2"), ("a minus", "1:0:-1"), ("an overflow", "1:0:99999999999999999999")):
        refused(desk, f"a position: {name}", 400, desk.call("GET", here, headers={"Parlance-At-Least": position}))
    refused(desk, "a position of another generation", 422, desk.call("GET", here, headers={"Parlance-At-Least": "9:0:0"}))
    refused(desk, "a position of no partition", 422, desk.call("GET", here, headers={"Parlance-At-Least": "1:999:0"}))
    refused(desk, "a position beyond the log's end", 422,
            desk.call("GET", here, headers={"Parlance-At-Least": "1:0:999999999"}), code="position.beyond_end")
    for name, query in (("a cursor of one's own", "after=AAAA"), ("a limit of nothing", "limit=0"), ("a limit of 201", "limit=201"),
                        ("a limit of a word", "limit=all"), ("an unknown state", "state=asleep"), ("an unknown order", "sort=size"),
                        ("a bad queue", "queue=que_1"), ("an unknown channel", "channel=pigeon"), ("a misspelt filter", "asignee=me")):
        refused(desk, "a list with " + name, 422, desk.call("GET", "/v1/conversations?" + query))
    refused(desk, "a version of nothing", 422, desk.call("GET", here + "?at_version=0"))
    refused(desk, "a time that is none", 422, desk.call("GET", here + "?as_of=noon"))
    refused(desk, "before it began", 404, desk.call("GET", here + "?as_of=2001-01-01T00:00:00Z"))
    refused(desk, "a parameter twice", 400, desk.call("GET", "/v1/conversations?limit=1&limit=2"))
    refused(desk, "bad percent-encoding", 400, desk.call("GET", "/v1/conversations?limit=%zz"))
    refused(desk, "a report by a word", 422, desk.call("GET", "/v1/reports/daily?by=mood"))
    refused(desk, "no such route", 404, desk.call("GET", "/v1/nothing"))
    refused(desk, "no such route to post to", 404, desk.call("POST", "/v2/inbound", MESSAGE))
    answer = desk.call("DELETE", "/v1/queues")
    refused(desk, "a method that the route does not take", 405, answer)
    check("405 says what is allowed", "GET" in answer.headers.get("allow", ""), answer.headers)
    # Rights.
    refused(desk, "no token", 401, desk.call("GET", "/v1/conversations", token=""))
    refused(desk, "a token of nobody", 401, desk.call("GET", "/v1/conversations", token="plt_" + "0" * 52))
    refused(desk, "a token of 10,000 bytes", 401, desk.call("GET", "/v1/conversations", token="x" * 10_000))
    refused(desk, "another scheme", 401, desk.call("GET", "/v1/conversations", token="", headers={"Authorization": "Basic YTpi"}))
    agent = desk.post("/v1/agents", {"name": "Kim"})["id"]
    token = desk.post(f"/v1/agents/{agent}/tokens", {"scopes": ["agent"]})["token"]
    refused(desk, "an agent's token for a channel's route", 403, desk.call("POST", "/v1/inbound", MESSAGE, token=token))
    refused(desk, "an agent's token for an administrator's route", 403, desk.call("POST", "/v1/queues", {"name": "Q"}, token=token))
    refused(desk, "long ago without the scope", 422,
            desk.call("POST", here + "/reply", {"text": "a", "occurred_at": "2020-01-01T00:00:00Z"}, token=token), pointer="/occurred_at")
    refused(desk, "a link that was never made", 401, desk.call("POST", "/v1/session", {"link": "plt_" + "0" * 52}, token=""))
    signed = desk.call("POST", "/v1/session", {"token": token}, token="")
    cookie = {"Cookie": signed.headers["set-cookie"].split(";")[0]}
    check("a session reads", desk.call("GET", "/v1/conversations", token="", headers=cookie).status == 200, signed)
    refused(desk, "a session's command without the page's header", 403, desk.call("POST", here + "/note", {"text": "a"}, token="", headers=cookie), code="csrf")
    refused(desk, "a session's command from a foreign page", 403, desk.call(
        "POST", here + "/note", {"text": "a"}, token="", headers={**cookie, "Parlance-Request": "page", "Origin": "http://evil.example"}), code="csrf")
    forged = {"Cookie": cookie["Cookie"][:-1] + ("0" if cookie["Cookie"][-1] != "0" else "1")}
    refused(desk, "a forged session", 401, desk.call("GET", "/v1/conversations", token="", headers=forged))


def http_cases(desk):
    """Requests that are not HTTP as we take it: refused and hung up on, and never two requests out of one."""
    auth = "Authorization: Bearer " + desk.token + "\r\n"
    body = json.dumps(MESSAGE)
    smuggled = "POST /v1/queues HTTP/1.1\r\nHost: x\r\n" + auth + "Content-Type: application/json\r\nContent-Length: 19\r\n\r\n" + '{"name":"smuggled"}'
    post = "POST /v1/inbound HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + auth
    table = [
        ("a garbled request line", "HELLO\r\n\r\n", {400}), ("no version", "GET /livez\r\n\r\n", {400}),
        ("an unknown version", "GET /livez HTTP/9.9\r\nHost: x\r\n\r\n", {400}), ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
        ("no Host", "GET /livez HTTP/1.1\r\n\r\n", {400}), ("two Hosts", "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
        ("a blank before the colon", "GET /livez HTTP/1.1\r\nHost : x\r\n\r\n", {400}), ("a line without a colon", "GET /livez HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", {400}),
        ("a NUL in the target", "GET /li\0vez HTTP/1.1\r\nHost: x\r\n\r\n", {400}), ("a NUL in a header", "GET /livez HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", {400}),
        ("a target of 5 KiB", "GET /" + "a" * 5000 + " HTTP/1.1\r\nHost: x\r\n\r\n", {414}), ("a header of 64 KiB", "GET /livez HTTP/1.1\r\nHost: x\r\nA: " + "b" * 65536 + "\r\n\r\n", {431}),
        ("10,000 header lines", "GET /livez HTTP/1.1\r\nHost: x\r\n" + "a: b\r\n" * 10_000 + "\r\n", {431}),
        ("101 header lines", "GET /livez HTTP/1.1\r\nHost: x\r\n" + "a: b\r\n" * 100 + "\r\n", {431}),
        ("a length and a transfer coding", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, {400, 501}),
        ("two lengths", post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", {400}), ("a length below nothing", post + "Content-Length: -1\r\n\r\n", {400}),
        ("a length that is a word", post + "Content-Length: ten\r\n\r\n", {400}), ("a length beyond all", post + "Content-Length: 99999999999999999999\r\n\r\n", {400, 413}),
        ("a body of 2 MiB", post + "Content-Length: 2097152\r\n\r\n", {413}), ("an unknown transfer coding", post + "Transfer-Encoding: gzip\r\n\r\n", {400, 501}),
        ("a chunk size that is none", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", {400}),
        ("a chunk without its end", post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", {400}),
        ("chunks of more than 1 MiB", post + "Transfer-Encoding: chunked\r\n\r\n" + ("20000\r\n" + "x" * 0x20000 + "\r\n") * 9 + "0\r\n\r\n", {413}),
        ("a folded header", "GET /livez HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", {200, 400}),
        ("another media type", "POST /v1/inbound HTTP/1.1\r\nHost: x\r\n" + auth + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", {415}),
        ("no media type", "POST /v1/inbound HTTP/1.1\r\nHost: x\r\n" + auth + "Content-Length: 2\r\n\r\n{}", {415}),
        ("a target that is no path", "GET livez HTTP/1.1\r\nHost: x\r\n\r\n", {400}), ("a method of its own", "FETCH /v1/queues HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n", {405}),
    ]
    for name, data, wanted in table:
        raw = Raw(desk)
        raw.send(data.encode("latin-1"))
        answer = raw.answer()
        check("HTTP: " + name, answer is not None and answer[0] in wanted, answer)
        if answer and answer[0] >= 400 and answer[0] not in (405, 415):
            check("HTTP: " + name + " (hung up)", raw.answer() is None, "went on")
        raw.close()
    raw = Raw(desk)  # three in one breath are answered in their order
    one = f"{post}Content-Length: %d\r\n\r\n%s"
    sent = ""
    for i in range(3):
        text = json.dumps({**MESSAGE, "message_id": f"pipelined {i}"})
        sent += one % (len(text), text)
    raw.send(sent.encode())
    ids = [raw.answer() for _ in range(3)]
    raw.close()
    check("HTTP: pipelined requests", all(a and a[0] == 201 for a in ids), ids)
    again = [desk.call("POST", "/v1/inbound", {**MESSAGE, "message_id": f"pipelined {i}"}) for i in range(3)]
    check("HTTP: pipelined answers keep their order", [json.loads(a[2])["message"] for a in ids if a] == [a.body["message"] for a in again], again)
    for name, part in (("half a header", post), ("half a body", post + f"Content-Length: {len(body)}\r\n\r\n" + body[:20])):
        raw = Raw(desk)
        raw.send(part.encode())
        raw.close()
        check("HTTP: " + name + ", then gone", desk.call("GET", "/livez").status == 200, "no answer")
    raw = Raw(desk)
    raw.send((post + f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n").encode())
    first = raw.answer()
    raw.send(body.encode())
    second = raw.answer()
    raw.close()
    check("HTTP: a body that waits to be asked for", first and first[0] == 100 and second and second[0] == 201, (first, second))
    queues = [q["name"] for q in desk.get("/v1/queues")["data"]]
    check("HTTP: nothing was smuggled", "smuggled" not in queues, queues)


def end_of_log(desk):
    return sum(int(p["end"]) for p in desk.get("/v1/status")["partitions"])


with Desk() as desk:
    conversation = desk.inbound("email", "shop", "ann@example.org", "first", "hello")["conversation"]
    closed = desk.inbound("chat", "shop", "bob", "second", "hello")["conversation"]
    desk.post(f"/v1/conversations/{closed}/close", {})
    before = end_of_log(desk)
    json_cases(desk)
    body_cases(desk, conversation)
    check("nothing of what was refused is in the log", end_of_log(desk) == before, (before, end_of_log(desk)))
    rule_cases(desk, conversation, closed)
    http_cases(desk)
    tickets = desk.every("/v1/conversations?sort=oldest")
    senders = sorted(t["messages"]["received"] for t in tickets)
    # ann's one message, bob's one, and of a@example.org three pipelined and the one that waited to be asked for
    check("just the accepted messages are there", senders == [1, 1, 4], senders)
    desk.verify_views()
    check("SIGTERM still ends it in order", desk.stop() == 0, "another exit code")
print(f"{cases - len(faults)} passed, {len(faults)} failed")
sys.exit(1 if faults else 0)
