"""Attached files and HTML bodies on a real server: up in pieces, attached, down again; limits, hostile names and types, crashes.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/files_test.py [NAME...]
"""

import base64
import hashlib
import http.client
import os
import random
import socket
import sys
import threading
import traceback
from urllib.parse import quote

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, Desk, wait_until  # noqa: E402

MEGABYTE = 1 << 20
LIMIT = 25 * MEGABYTE
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==")


def bytes_of(seed, size):
    return random.Random(seed).randbytes(size)


class Raw:
    """A call whose body, answer and headers are bytes as they are."""

    def __init__(self, desk, method, path, body=None, headers=None, chunked=False, token=None):
        connection = http.client.HTTPConnection(desk.address, timeout=60)
        send = dict(headers or {})
        token = desk.token if token is None else token
        if token:
            send["Authorization"] = "Bearer " + token
        try:
            if chunked:
                pieces = (body[at:at + 50_000] for at in range(0, len(body), 50_000))
                connection.request(method, path, pieces, send, encode_chunked=True)
            else:
                connection.request(method, path, body, send)
        except BROKEN:
            pass  # refused before all of it was sent: the answer is there to be read
        response = connection.getresponse()
        self.body, self.status = response.read(), response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        connection.close()

    def json(self):
        import json
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]!r}"


def upload(desk, body, name="a.bin", kind="application/octet-stream", conversation=None, chunked=False, status=201,
           token=None):
    path = "/v1/attachments" + (f"?conversation={conversation}" if conversation else "")
    done = Raw(desk, "POST", path, body, {"Content-Type": kind, "Parlance-File-Name": quote(name)}, chunked, token)
    assert done.status == status, done
    return done.json()


def download(desk, file, query="", headers=None, token=None):
    return Raw(desk, "GET", f"/v1/attachments/{file}{query}", None, headers, token=token)


def conversation_of(desk, who):
    return desk.inbound("email", "shop", f"{who}@example.org", f"hello-{who}", "hello")["conversation"]


def stored_files(desk):
    found = []
    for folder, _, files in os.walk(os.path.join(desk.folder, "files")):
        found += [os.path.join(folder, file) for file in files]
    return sorted(found)


def up_and_down(desk):
    """What goes up comes down byte for byte, at every length around a chunk's, with a length or chunked."""
    conversation = conversation_of(desk, "ada")
    for number, size in enumerate((0, 1, 1023, 1024, 1025, 65535, 65536, 65537, 131072, 3 * MEGABYTE + 17)):
        content = bytes_of(number, size)
        done = upload(desk, content, f"f{size}.bin", conversation=conversation, chunked=number % 2 == 1)
        assert done["size"] == size and done["sha256"] == hashlib.sha256(content).hexdigest(), done
        assert download(desk, done["id"]).status == 404, "nobody has it yet"
        command = desk.post(f"/v1/conversations/{conversation}/reply",
                            {"text": "see attached", "attachments": [{"id": done["id"]}]})
        got = download(desk, done["id"], headers={"Parlance-At-Least": command["position"], "Prefer": "wait=30"})
        assert got.status == 200 and got.body == content, got
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["content-disposition"].startswith(f'attachment; filename="f{size}.bin"')
        assert got.headers["x-content-type-options"] == "nosniff" and "sandbox" in got.headers["content-security-policy"]
        head = Raw(desk, "HEAD", f"/v1/attachments/{done['id']}")
        assert head.status == 200 and head.body == b"" and head.headers["content-length"] == str(size), head
        if size == 0:
            assert download(desk, done["id"], headers={"Range": "bytes=0-"}).status == 416
            continue
        for text, part in ((f"bytes=0-{size - 1}", content), ("bytes=-1", content[-1:]), (f"bytes={size // 2}-", content[size // 2:]),
                           ("bytes=65530-65545", content[65530:65546])):
            got = download(desk, done["id"], headers={"Range": text})
            if part:
                assert got.status == 206 and got.body == part, (text, got)
                assert got.headers["content-range"].endswith(f"/{size}")
            else:
                assert got.status == 416, (text, got)
        assert download(desk, done["id"], headers={"Range": "bytes=0-1,5-6"}).body == content, "several ranges: the whole"
    item = desk.timeline(conversation)[-1]
    assert item["attachments"] == [{"id": done["id"], "name": f"f{size}.bin", "type": "application/octet-stream", "size": size}], item


def attaching(desk):
    """Who may attach what to which; a repeat is a repeat; a file may be attached again by whoever sees it."""
    ada, bob = conversation_of(desk, "eve"), conversation_of(desk, "bob")
    other = desk.post("/v1/agents", {"name": "Kim"})["id"]
    kim = desk.post(f"/v1/agents/{other}/tokens", {"scopes": ["agent"]})["token"]
    ingest = desk.post(f"/v1/agents/{other}/tokens", {"scopes": ["ingest"]})["token"]
    file = upload(desk, b"for ada alone", "letter.txt", "text/plain", ada)["id"]

    def reply(conversation, files, token=None, key=None):
        return desk.call("POST", f"/v1/conversations/{conversation}/reply", {"attachments": [{"id": f} for f in files]}, token=token, key=key)

    refused = reply(bob, [file])
    assert refused.status == 422 and refused.body["errors"][0]["pointer"] == "/attachments/0/id", refused
    assert refused.body["errors"][0]["code"] == "attachment.unknown"
    assert reply(ada, [file], token=kim).status == 422, "another's upload"
    assert reply(ada, [file, file]).body["errors"][0]["code"] == "attachment.twice"
    assert reply(ada, ["att_01m81vegnma85xq78yc92m2n8q"]).status == 422
    assert reply(ada, ["../../etc/passwd"]).status == 422
    first = reply(ada, [file], key="once")
    again = reply(ada, [file], key="once")
    assert first.status == 201 and again.status == 201 and again.body == first.body, (first, again)
    assert again.headers["idempotency-replayed"] == "true"
    desk.get(f"/v1/conversations/{ada}", first.body["position"])
    once_more = reply(ada, [file], key="once")
    assert once_more.body == first.body
    forwarded = desk.post(f"/v1/conversations/{bob}/note", {"text": "see", "attachments": [{"id": file}]}, token=kim)
    desk.get(f"/v1/conversations/{bob}", forwarded["position"])
    assert download(desk, file, token=kim).body == b"for ada alone"
    assert download(desk, file, token="").status == 401 and download(desk, file, token=ingest).status == 403
    assert desk.timeline(bob)[-1]["attachments"][0]["name"] == "letter.txt"

    # What a channel brings does not know its conversation yet; its key row goes once a message has the file.
    alone = upload(desk, PNG, "photo.png", "image/png", token=ingest)["id"]
    body = {"channel": "email", "account": "shop", "message_id": "with photo", "from": {"address": "zoe@example.org"},
            "text": "broken", "attachments": [{"id": alone, "content_id": "photo@x"}, {"name": "n.txt", "type": "text/plain", "data": ""}]}
    got = desk.post("/v1/inbound", body, token=ingest)
    for _ in range(3):
        repeat = desk.call("POST", "/v1/inbound", body, token=ingest)
        assert repeat.status == 201 and repeat.body["message"] == got["message"], repeat
    desk.get(f"/v1/conversations/{got['conversation']}", got["position"])
    files = desk.timeline(got["conversation"])[-1]["attachments"]
    assert [(f["name"], f["size"]) for f in files] == [("photo.png", len(PNG)), ("n.txt", 0)], files
    shown = download(desk, alone, "?inline=1")
    assert shown.body == PNG and shown.headers["content-type"] == "image/png"
    assert shown.headers["content-disposition"].startswith("inline;")
    assert download(desk, files[1]["id"]).body == b"", "what came inside the command has an id too"
    assert Raw(desk, "GET", f"/v1/attachments/{alone}?evil=1").status == 422
    desk.restart()
    assert download(desk, alone).body == PNG and download(desk, file).body == b"for ada alone"


def limits(desk):
    """Exactly the limit goes, one byte more does not, with a length or without; nothing of it stays."""
    before = stored_files(desk)
    done = upload(desk, bytes(LIMIT), chunked=True)
    assert done["size"] == LIMIT
    assert len(stored_files(desk)) == len(before) + 1
    for chunked in (False, True):
        problem = upload(desk, bytes(LIMIT + 1), chunked=chunked, status=413)
        assert problem["code"] == "http.body_too_large", problem
    assert len(stored_files(desk)) == len(before) + 1
    for headers, status in (({"Content-Type": "image"}, 422), ({"Content-Type": "a/b c"}, 422), ({"Content-Type": "a/" + "b" * 200}, 422),
                            ({"Parlance-File-Name": "%zz"}, 422), ({"Parlance-File-Name": "%ff"}, 422),
                            ({"Parlance-File-Name": "%00"}, 422), ({"Parlance-File-Name": "a b.png"}, 422),
                            ({"Parlance-File-Name": "x" * 256}, 422),
                            ({"Parlance-File-Name": "x" * 10_240}, 422), ({"Parlance-File-Name": "x" * 17_000}, 431),
                            ({"Content-Encoding": "gzip"}, 415)):
        refused = Raw(desk, "POST", "/v1/attachments", b"x", headers)
        assert refused.status == status and refused.headers["content-type"] == "application/problem+json", (headers, refused)
    assert Raw(desk, "POST", "/v1/attachments?conversation=nonsense", b"x").status == 422
    assert Raw(desk, "POST", "/v1/attachments?conversation=cnv_01m81vegnma85xq78yc92m2n8q", b"x").status == 404
    assert Raw(desk, "POST", "/v1/attachments?other=1", b"x").status == 422
    assert Raw(desk, "POST", "/v1/attachments", b"x", token="").status == 401
    assert Raw(desk, "PUT", "/v1/attachments", b"x").status == 405
    batch = desk.post("/v1/batch", {"commands": [{"method_path": "POST /v1/attachments", "key": "k", "body": {}}]})
    assert batch["data"][0]["status"] == 422, batch
    twenty_one = [{"name": "a", "type": "text/plain", "data": "YQ=="}] * 21
    assert desk.call("POST", f"/v1/conversations/{conversation_of(desk, 'max')}/reply", {"attachments": twenty_one}).status == 422
    assert len(stored_files(desk)) == len(before) + 1, "refused uploads left something"


def hostile_names(desk):
    """Names and types that would do harm in a browser or on a disk."""
    conversation = conversation_of(desk, "mal")
    cases = [
        ("../../../etc/passwd", "text/plain", "passwd"),
        ("..\\..\\windows\\system32\\cmd.exe", "application/x-msdownload", "cmd.exe"),
        ("/absolute/path/report.pdf", "application/pdf", "report.pdf"),
        ("ann\u202egpj.exe", "image/jpeg", "anngpj.exe"),
        ("a\u2066b\u2069\u200f.txt", "text/plain", "ab.txt"),
        ('q"uo\'te;s.txt', "text/plain", 'q"uo\'te;s.txt'),
        ("line\r\nSet-Cookie: x=1\r\n.txt", "text/plain", "lineSet-Cookie: x=1.txt"),
        ("tab\tand\x07bell.txt", "text/plain", "tabandbell.txt"),
        ("\u8377\u7269\u306e\u5199\u771f.jpg", "image/jpeg", "\u8377\u7269\u306e\u5199\u771f.jpg"),
        ("\U0001f4e6 %41%00.zip", "application/zip", "\U0001f4e6 %41%00.zip"),
        ("...", "text/plain", "file"),
        (" . ", "text/plain", "file"),
        ("..", "text/plain", "file"),
        ("CON", "text/plain", "CON"),
        ("page.html", "text/html", "page.html"),
        ("pic.svg", "image/svg+xml", "pic.svg"),
        ("x.xhtml", "application/xhtml+xml", "x.xhtml"),
        ("x.js", "text/javascript", "x.js"),
        ("x.xml", "text/xml", "x.xml"),
        ("x.swf", "application/x-shockwave-flash", "x.swf"),
        ("x.mht", "multipart/related", "x.mht"),
        ("a" * 251 + ".txt", "text/plain", "a" * 251 + ".txt"),
    ]
    contents = [b"<script>alert(1)</script>", b"GIF89a/*<svg/onload=alert(1)>*/=1;", b"%PDF-1.4 <script>alert(1)</script>",
                b"\xff\xd8\xff\xe0<html><script>alert(1)</script>", b"\x89PNG\r\n\x1a\n<?php ?><script>alert(1)</script>",
                b"PK\x03\x04<!DOCTYPE html><script>alert(1)</script>", b"\xef\xbb\xbf<?xml version='1.0'?><x/>", b""]
    safe = {"text/plain": "text/plain; charset=utf-8", "application/pdf": "application/pdf", "image/jpeg": "image/jpeg",
            "application/zip": "application/zip"}
    for number, (name, kind, shown) in enumerate(cases):
        content = contents[number % len(contents)]
        file = upload(desk, content, name, kind, conversation)["id"]
        command = desk.post(f"/v1/conversations/{conversation}/note", {"attachments": [{"id": file}]})
        desk.get(f"/v1/conversations/{conversation}", command["position"])
        item = desk.timeline(conversation)[-1]["attachments"][0]
        assert item["name"] == shown, item
        for query in ("", "?inline=1", "?inline=0"):
            got = download(desk, file, query)
            assert got.status == 200 and got.body == content, (name, got)
            disposition = got.headers["content-disposition"]
            assert "\r" not in disposition and disposition.count('"') == 2 and "set-cookie" not in got.headers, got
            assert disposition.endswith("; filename*=UTF-8''" + quote(shown, safe="")), disposition
            assert disposition.isascii() and got.headers["x-content-type-options"] == "nosniff"
            assert got.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
            image = content[:4] in (b"GIF8", b"\x89PNG", b"\xff\xd8\xff\xe0") and kind == "image/jpeg"
            if query == "?inline=1" and image:
                assert got.headers["content-type"] in ("image/gif", "image/jpeg", "image/png"), got
            else:
                assert disposition.startswith("attachment;"), got
                assert got.headers["content-type"] == safe.get(kind, "application/octet-stream"), got
    for path in stored_files(desk):
        assert os.path.basename(path).startswith("att_"), path
        assert os.stat(path).st_mode & 0o777 == 0o600, path


def nothing_readable(desk):
    """Neither names nor contents nor their digests stand on the disk in the clear."""
    conversation = conversation_of(desk, "pia")
    secret = b"my passport number is X4711-0815 " * 4000
    file = upload(desk, secret, "passport of pia.txt", "text/x-passport", conversation)
    waiting = upload(desk, secret, "waiting passport.txt", "text/x-passport")
    desk.post(f"/v1/conversations/{conversation}/reply", {"attachments": [{"id": file["id"]}]})
    desk.restart()
    needles = [b"passport", b"X4711", hashlib.sha256(secret).digest(), hashlib.sha256(secret).hexdigest().encode()]
    for folder, _, names in os.walk(desk.folder):
        for name in names:
            with open(os.path.join(folder, name), "rb") as stored:
                content = stored.read()
            for needle in needles:
                assert needle not in content, (folder, name, needle)
    assert waiting["id"] != file["id"]


def damage(desk):
    """A blob that was changed, cut, put in another's place or removed is said to be so, and is never given out."""
    conversation = conversation_of(desk, "dan")
    contents = [bytes_of(n, 200_000) for n in range(2)]
    files = [upload(desk, content, conversation=conversation)["id"] for content in contents]
    command = desk.post(f"/v1/conversations/{conversation}/reply", {"attachments": [{"id": f} for f in files]})
    desk.get(f"/v1/conversations/{conversation}", command["position"])
    paths = [next(p for p in stored_files(desk) if p.endswith(f)) for f in files]
    with open(paths[0], "rb") as stored:
        good = stored.read()
    chunk = 65536 + 16
    swapped = good[:120] + good[120 + chunk:120 + 2 * chunk] + good[120:120 + chunk] + good[120 + 2 * chunk:]
    with open(paths[1], "rb") as stored:
        other = stored.read()
    for what, bad in (("first byte", b"X" + good[1:]), ("head", good[:30] + b"X" + good[31:]), ("first chunk", good[:200] + b"XX" + good[202:]),
                      ("swapped", swapped), ("cut", good[:-600]), ("cut at a chunk", good[:120 + chunk]), ("empty", b""),
                      ("longer", good + b"\0" * 16), ("another's", other), ("head of another", other[:120] + good[120:])):
        with open(paths[0], "wb") as stored:
            stored.write(bad)
        got = download(desk, files[0])
        assert got.status == 500 and got.json()["code"] == "blob.corrupt", (what, got)
    # Deeper in, the answer has begun: it is cut off, never made whole.
    with open(paths[0], "wb") as stored:
        stored.write(good[:120 + 2 * chunk + 99] + b"XX" + good[120 + 2 * chunk + 101:])
    try:
        got = download(desk, files[0])
        raise AssertionError(f"a damaged file came whole: {got}")
    except http.client.IncompleteRead as cut:
        assert contents[0].startswith(cut.partial) and len(cut.partial) < len(contents[0])
    os.remove(paths[0])
    got = download(desk, files[0])
    assert got.status == 500 and got.json()["code"] == "attachment.lost", got
    assert download(desk, files[1]).body == contents[1]
    with open(paths[0], "wb") as stored:
        stored.write(good)
    assert download(desk, files[0]).body == contents[0]


def cut_off(desk):
    """A client that goes away in the middle leaves nothing, nor does one that a crash meets; what was answered stays."""
    kept = upload(desk, bytes_of(1, 300_000))["id"]
    before = stored_files(desk)

    def begin():
        client = socket.create_connection(tuple(desk.address.split(":")))
        client.sendall((f"POST /v1/attachments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.token}\r\n"
                        f"Content-Length: {MEGABYTE}\r\n\r\n").encode() + bytes_of(2, MEGABYTE // 2))
        wait_until(lambda: any(os.path.getsize(p) > 300_000 for p in stored_files(desk) if "/new/" in p), "half of it is on the disk")
        return client

    begin().close()
    wait_until(lambda: stored_files(desk) == before, "the half file is gone")
    clients = [begin() for _ in range(3)]
    desk.kill()
    assert len(stored_files(desk)) > len(before), "the crash came in the middle"
    for client in clients:
        client.close()
    desk.start()
    assert stored_files(desk) == before, "after a crash nothing half done is left"
    conversation = conversation_of(desk, "kai")
    command = desk.post(f"/v1/conversations/{conversation}/reply", {"attachments": [{"id": kept}]})
    got = download(desk, kept, headers={"Parlance-At-Least": command["position"], "Prefer": "wait=30"})
    assert got.body == bytes_of(1, 300_000)
    client = begin()
    desk.stop(8)
    client.close()
    desk.start()
    assert len(stored_files(desk)) == len(before)


def crashes(desk):
    """kill -9 while many upload and attach: what was answered is there whole, and nothing half done is."""
    conversation = conversation_of(desk, "tom")
    for round_ in range(3):
        answered, lock = [], threading.Lock()

        def work(number, round_=round_, answered=answered, lock=lock):
            seed = round_ * 1000 + number
            try:
                for step in range(50):
                    content = bytes_of(seed * 100 + step, 70_000 + step)
                    done = Raw(desk, "POST", "/v1/attachments", content)
                    if done.status != 201:
                        return
                    file = done.json()["id"]
                    command = Raw(desk, "POST", f"/v1/conversations/{conversation}/note",
                                  ('{"attachments":[{"id":"' + file + '"}]}').encode(), {"Content-Type": "application/json"})
                    if command.status == 201:
                        with lock:
                            answered.append((file, content))
            except BROKEN:
                return

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda answered=answered: len(answered) > 15 + 10 * round_, "some were answered")
        desk.kill()
        for thread in threads:
            thread.join()
        desk.start()
        assert not [p for p in stored_files(desk) if "/new/" in p]
        desk.verify_views()
        for file, content in answered:
            got = download(desk, file)
            assert got.status == 200 and got.body == content, (round_, file, got)


def html_bodies(desk):
    """An HTML mail is shown as text in the timeline and as harmless HTML by a route of its own."""
    html = ('<p onclick="alert(1)">Hello <b>Ada</b></p><script>alert(2)</script><a href="javascript:alert(3)">x</a>'
            '<a href="https://shop.example/track?a=1&amp;b=2">track</a><img src="https://evil.example/pixel.gif" width="1">'
            '<img src="cid:photo@x" alt="photo">')
    got = desk.post("/v1/inbound", {"channel": "email", "account": "shop", "message_id": "html", "from": {"address": "h@example.org"},
                                    "html": html, "attachments": [{"name": "p.png", "type": "image/png", "content_id": "photo@x",
                                                                   "data": base64.b64encode(PNG).decode()}]})
    conversation, message = got["conversation"], got["message"]
    item = next(i for i in desk.timeline(conversation, got["position"]) if i["kind"] == "message")
    assert item["html"] is True and "Hello Ada" in item["text"] and "<" not in item["text"], item
    page = Raw(desk, "GET", f"/v1/conversations/{conversation}/messages/{message}/html")
    text = page.body.decode()
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("sandbox") and "allow-scripts" not in policy and "default-src 'none'" in policy
    assert "alert" not in text and "evil.example" not in text and 'data-blocked="remote"' in text, text
    assert 'href="https://shop.example/track?a=1&amp;b=2"' in text and 'rel="noopener' in text
    assert "data:image/png;base64," + base64.b64encode(PNG).decode() in text
    plain = desk.inbound("email", "shop", "h@example.org", "plain", "no html")
    assert Raw(desk, "GET", f"/v1/conversations/{plain['conversation']}/messages/{plain['message']}/html").status == 404
    assert Raw(desk, "GET", f"/v1/conversations/{conversation}/messages/msg_01m81vegnma85xq78yc92m2n8q/html").status == 404
    assert Raw(desk, "GET", f"/v1/conversations/cnv_01m81vegnma85xq78yc92m2n8q/messages/{message}/html").status == 404
    assert Raw(desk, "GET", f"/v1/conversations/{conversation}/messages/{message}/html", token="").status == 401
    # Markup that makes the HTML5 algorithm build a tree far larger than itself.
    bomb = "<p>" + "".join(f"<font size={n}>" for n in range(9000)) + "</p>" + "<p>x" * 9000
    hostile = desk.post("/v1/inbound", {"channel": "email", "account": "shop", "message_id": "bomb", "from": {"address": "b@example.org"}, "html": bomb})
    page = Raw(desk, "GET", f"/v1/conversations/{hostile['conversation']}/messages/{hostile['message']}/html")
    assert page.status == 200 and len(page.body) < 5 * MEGABYTE, page


SCENES = [up_and_down, attaching, limits, hostile_names, nothing_readable, damage, cut_off, crashes, html_bodies]


def main():
    wanted = sys.argv[1:]
    failed = 0
    with Desk() as desk:
        for scene in SCENES:
            if wanted and scene.__name__ not in wanted:
                continue
            try:
                scene(desk)
                print(f"ok      {scene.__name__}", flush=True)
            except Exception:
                failed += 1
                traceback.print_exc()
                print(f"FAILED  {scene.__name__}: {scene.__doc__}", flush=True)
                if desk.process is None:
                    desk.start()
        if failed:
            with open(desk.log, encoding="utf-8", errors="replace") as log:
                print("--- the server said:\n" + log.read()[-3000:], file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
