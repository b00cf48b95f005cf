"""No word of a person is in what the server writes for its operators, however it is asked and however much it says.

A canary of each class goes through every door there is, in well-formed and in malformed requests, while the journal says as much as it
can. Then stdout, the journal and all files that are no data of ours are searched for each of them in several encodings. A control shows that the
search finds what is there. The journal's lines are objects with their parts, and what lasts is said when it begins and when it ends.
"""

import base64
import json
import os
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from desk import Desk, wait_until  # noqa: E402
from faulty_disk import FaultyDisk  # noqa: E402
from needles import encodings, search_text  # noqa: E402

words = {}
checks = 0


def canary(what):
    words[what] = f"Zq{len(words):03d}Xwvyk{what.title().replace(' ', '')}"
    return words[what]


def raw(desk, data):
    """Sends bytes as they are and waits until the server has answered or hung up."""
    host, port = desk.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(data if isinstance(data, bytes) else data.encode())
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while piece := connection.recv(65536):
            said += piece
        return said


def through_every_door(desk):
    agent = desk.post("/v1/agents", {"name": canary("agent name"), "email": canary("agent email") + "@example.org"})["id"]
    token = desk.post(f"/v1/agents/{agent}/tokens", {"scopes": ["agent", "ingest"]})["token"]
    words["agent token"] = token
    words["admin token"] = desk.token
    words["sign-in link"] = desk.link.rsplit("/", 1)[1]
    session = desk.call("POST", "/v1/session", {"token": token}, token="")
    words["cookie"] = re.search(r"parlance_session=([^;]+)", session.headers["set-cookie"])[1]

    message = {
        "channel": "email", "account": canary("account"), "message_id": canary("message id"),
        "from": {"address": canary("address") + "@example.org", "name": canary("name")}, "text": canary("text"),
        "html": "<p>" + canary("html") + "</p>", "subject": canary("subject line"), "thread": canary("thread"), "order": canary("order number"),
        "attachments": [{"name": canary("attachment name"), "type": "text/plain", "data": base64.b64encode(canary("attachment").encode()).decode()}]}
    first = desk.post("/v1/inbound", message, key=canary("idempotency key"))
    here = f"/v1/conversations/{first['conversation']}"
    desk.post(here + "/reply", {"text": canary("reply")}, token=token)
    desk.post(here + "/note", {"text": canary("note")}, token=token)
    desk.post(here + "/resolve", {"reason": canary("free reason")})
    desk.call("POST", here + "/tags", {"add": [canary("tag that is none")]})
    desk.call("POST", "/v1/subjects/lookup", {"channel": "email", "address": words["address"] + "@example.org"})
    desk.call("GET", f"/v1/conversations?q={canary('search')}")
    desk.call("POST", "/v1/search", {"q": canary("asked search")})
    desk.call("POST", "/v1/batch", {"commands": [{"method_path": f"POST {here}/note", "key": canary("batch key"), "body": {"text": canary("batch note")}},
                                                 {"method_path": "POST /" + canary("batch path"), "body": {}}]})
    desk.call("POST", "/v1/imports", {"name": canary("import name")})

    # In places where they do not belong.
    auth = f"Authorization: Bearer {desk.token}\r\n"
    for what, path in (("path", "/{}"), ("id", "/v1/conversations/{}"), ("second id", "/v1/conversations/{}/timeline"),
                       ("view name", "/v1/admin/views/{}/verify"), ("query", "/v1/queues?{}=1"), ("cursor", "/v1/conversations?after={}"),
                       ("position", "/v1/queues?at={}")):
        for method in ("GET", "POST", "DELETE"):
            desk.call(method, path.format(canary(f"{what} of {method}")))
    desk.call("GET", "/v1/queues", headers={"Parlance-At-Least": canary("at least")})
    desk.call("GET", "/v1/queues", headers={"X-" + canary("header name"): canary("header value"), "Cookie": "parlance_session=" + canary("bad cookie")})
    desk.call("GET", "/v1/queues", token=canary("bad token"))
    desk.call("POST", "/v1/session", {"link": canary("bad link")}, token="")
    desk.call("POST", "/v1/inbound", {canary("unknown member"): canary("its value")})
    desk.call("POST", "/v1/inbound", {**message, "channel": canary("bad channel"), "from": canary("bad sender")})
    for what, data in (
            ("broken JSON", "POST /v1/inbound HTTP/1.1\r\nHost: x\r\n" + auth + "Content-Type: application/json\r\nContent-Length: 30\r\n\r\n{}"),
            ("broken method", "{} /v1/queues HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n"),
            ("broken version", "GET / {}\r\n\r\n"), ("broken header", "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n"),
            ("broken length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n"),
            ("broken coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {}\r\n\r\n"),
            ("broken target", "GET /%zz{} HTTP/1.1\r\nHost: x\r\n\r\n"), ("nothing of HTTP", "{}\r\n\r\n"),
            ("TLS to a plain port", "\x16\x03\x01{}\r\n"),
            ("broken upgrade", "GET /v1/live HTTP/1.1\r\nHost: x\r\n" + auth + "Upgrade: {}\r\nConnection: upgrade\r\n\r\n")):
        word = canary(what)
        raw(desk, data.replace("{}", word) + (word if "{}" not in data[-4:] else ""))
    upload = ("POST /v1/attachments HTTP/1.1\r\nHost: x\r\n" + auth + f"Content-Type: text/plain\r\nParlance-Name: {canary('upload name')}\r\n"
              f"Content-Length: 50\r\n\r\n{canary('upload cut short')}")
    raw(desk, upload)
    return first["conversation"]


def main():
    global checks
    with Desk(arguments=["--log-level", "debug"]) as desk:
        conversation = through_every_door(desk)
        answer = desk.call("GET", "/v1/conversations/" + conversation)
        assert answer.status == 200, answer
        missing = desk.call("GET", "/v1/conversations/cnv_" + "0" * 26)
        assert missing.status == 404, missing
        out = desk.process.stdout
        os.set_blocking(out.fileno(), False)
        desk.process.terminate()
        assert desk.process.wait(timeout=30) == 0
        said = out.read() or b""
        desk.process.stdout.close()
        desk.process = None
        with open(desk.log, "rb") as log:
            journal = log.read()
        found = search_text(said + journal, words.values())
        assert not found, f"words of people in the journal: {found}"
        for where, _, names in os.walk(desk.folder):
            for name in names:
                if name.startswith("LOG"):  # RocksDB's own, if there is one
                    with open(os.path.join(where, name), "rb") as file:
                        found = search_text(file.read(), words.values())
                    assert not found, f"words of people in {name}: {found}"
        planted = search_text(base64.b64encode(b"x" + words["text"].encode()) + words["note"].encode("utf-16-be"), words.values())
        assert set(planted) == {words["text"], words["note"]}, "the control was not found"

        lines = [json.loads(line) for line in journal.decode().splitlines()]
        for line in lines:
            assert list(line)[:4] == ["time", "level", "event", "message"], line
            assert line["level"] in ("debug", "info", "warn", "error"), line
            assert re.fullmatch(r"[a-z_]+\.[a-z_]+", line["event"]), line
        events = [line["event"] for line in lines]
        assert events.index("server.started") < events.index("server.stopping") < events.index("server.stopped"), events
        requests = [line for line in lines if line["event"] == "http.answered"]
        assert len(requests) > 40, len(requests)
        assert any(line.get("id") == conversation and line["status"] == 200 and line["route"] == "/v1/conversations/{id}"
                   and line["agent"].startswith("agt_") and line["us"] >= 0 for line in requests), "the read of a conversation has no line"
        # Whoever reads a problem's trace id aloud can be helped.
        assert any(line.get("trace_id") == missing.body["trace_id"] and line["code"] == missing.code for line in requests), "no line of the problem"
        checks += 1

    # By default only what went wrong or was slow has a line, and a trouble that lasts has two, not one an attempt.
    import tempfile
    with tempfile.TemporaryDirectory() as root:
        disk = FaultyDisk(root)
        with Desk(os.path.join(root, "data"), disk=disk) as desk:
            for n in range(20):
                desk.inbound("chat", "shop", f"ann{n}", f"m{n}", "hello")
            disk.free_bytes = 1 << 20
            for n in range(300):
                desk.call("POST", "/v1/inbound", {"channel": "chat", "account": "shop", "message_id": f"x{n}", "text": "t",
                                                  "from": {"address": "bob"}}, headers={"Parlance-At-Least": ""})
            refused = desk.call("POST", "/v1/inbound", {"channel": "chat", "account": "shop", "message_id": "y", "text": "t",
                                                        "from": {"address": "bob"}}, headers={"Parlance-At-Least": ""})
            assert refused.status == 503 and refused.code == "read_only", refused
            wait_until(lambda: any(c["name"] == "log.no_space" for c in desk.get("/v1/conditions")["data"]), "the condition is told")
            disk.free_bytes = 0
            wait_until(lambda: not any(c["name"] == "log.no_space" for c in desk.get("/v1/conditions")["data"]), "it is over")
            desk.stop()
            with open(desk.log, encoding="utf-8") as log:
                lines = [json.loads(line) for line in log]
            told = [(line["event"], line["condition"]) for line in lines if line.get("condition") == "log.no_space"]
            assert told == [("condition.began", "log.no_space"), ("condition.ended", "log.no_space")], told
            requests = [line for line in lines if line["event"] == "http.answered"]
            assert requests and all(line["status"] >= 500 or line["us"] >= 1_000_000 for line in requests), requests[:3]
            assert len(requests) < 200, f"{len(requests)} lines of 300 refused requests: they must be bounded"
            checks += 1
    print(f"{len(words)} canaries in {len(encodings('x' * 20))} encodings: none in the journal")
    print(f"{checks} passed, 0 failed")


main()
