"""Makes a data folder of a program, and what that program served from it, as NAME.tar.xz beside this file. README.md says why.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/old_folders/make.py NAME

The folder holds one of each thing that is stored: messages, replies, notes, a person who joins through another door, acts, attached
files, redactions, drafts, settings, agents, tokens, an import that is open, timers that are due long since when somebody opens it.
What a program does not know yet is left out. It was stopped in order once, and killed after that, so tables and write-ahead logs
are both in it. A backup of the same moment stands beside it.
"""

import base64
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
from desk import Desk, from_now  # noqa: E402
from keyring import write_keyring  # noqa: E402

KEYRING = "old folders"  # the seed of their keyring, which is not stored with them
DUE_SECONDS = 45  # after the making; nothing fires before the folder is put away
DUE = ("woken", "breached", "closed")  # what follows then
PEOPLE = 9
FIRST_PEOPLE = 6  # of them, before the server is stopped in order
# What write_keyring() makes again, also in the keyring's backup, and what says nothing.
LEFT_OUT = re.compile(r"LOG(\.old.*)?|LOCK|admin\.token|keys|root\.key|buckets|secrets")


def attempt(desk, path, body, key=None, headers=None):
    """Whether the program of this folder knows how."""
    answer = desk.call("POST", path, body, key=key, headers=headers)
    assert answer.status < 500 and answer.status != 401, f"{path}: {answer}"
    return answer.status in (200, 201)


def photo(number):
    return hashlib.shake_256(f"photo {number}".encode()).digest(3000 * number + 1)


def first_message(desk, number):
    text = f"Grüße Nr. {number}, где посылка? 包裹在哪里？ {'x' * number * 30}"
    return desk.inbound("chat", "shop", f"person {number}", f"m{number}", text, name=f"Ada {number}")


def write(desk, first, people, done):
    """What people wrote and what agents did, from the number `first` on. `done` counts what of it the program knew."""

    def act(name, path, body, key=None):
        done[name] = done.get(name, 0) + attempt(desk, path, body, key)

    for number in range(first, first + people):
        address = f"person {number}"
        got = first_message(desk, number)
        path = "/v1/conversations/" + got["conversation"]
        if number % 3 != 2:  # the others wait for an answer beyond their promise
            desk.post(path + "/reply", {"text": f"reply {number}"}, key=f"reply {number}")
        desk.post(path + "/note", {"text": f"note {number}"}, key=f"note {number}")
        desk.inbound("email", "shop", f"friend{number}@example.com", f"f{number}", f"I join as {number}", thread=got["conversation"])
        if number % 3 == 0:
            act("attachment", "/v1/inbound", {"channel": "chat", "account": "shop", "message_id": f"a{number}", "text": f"photo {number}",
                                              "from": {"address": address}, "attachments": [
                                                  {"name": f"photo {number}.bin", "type": "application/octet-stream",
                                                   "data": base64.b64encode(photo(number)).decode()}]})
            act("redaction", f"{path}/messages/{got['message']}/redact", {"reason": "a card number"}, f"redact {number}")
            act("snooze", path + "/snooze", {"until": from_now(DUE_SECONDS)}, f"snooze {number}")
        elif number % 3 == 1:
            act("tags", path + "/tags", {"add": ["vip"]}, f"tags {number}")
            act("priority", path + "/priority", {"priority": "high"}, f"priority {number}")
            act("draft", path + "/draft", {"text": f"draft {number}"}, f"draft {number}")
            act("resolve", path + "/resolve", {}, f"resolve {number}")
        else:
            act("wait", path + "/wait", {"for": "customer"}, f"wait {number}")


def settings(desk, done):
    tag = desk.call("GET", "/v1/settings").headers["etag"]
    promises = {"first_response_seconds": DUE_SECONDS, "auto_close_seconds": 2 * DUE_SECONDS}
    done["promises"] = int(attempt(desk, "/v1/settings", promises, headers={"If-Match": tag}))
    done["vocabulary"] = int(attempt(desk, "/v1/tags", {"name": "vip"}))
    done["agent"] = int(attempt(desk, "/v1/agents", {"name": "Kim"}))
    done["import"] = int(attempt(desk, "/v1/imports", {"name": "begun"}))


def served(desk, idents):
    """{conversation: {"ticket", "timeline"}} and {file: SHA-256, or the status with which it is refused}."""
    conversations, files = {}, {}
    for ident in idents:
        items = desk.timeline(ident)
        conversations[ident] = {"ticket": desk.ticket(ident), "timeline": items}
        for file in (file for item in items for file in item.get("attachments", ()) if "id" in file):
            request = urllib.request.Request(f"http://{desk.address}/v1/attachments/{file['id']}",
                                             headers={"Authorization": "Bearer " + desk.token})
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    files[file["id"]] = hashlib.sha256(answer.read()).hexdigest()
            except urllib.error.HTTPError as refusal:
                files[file["id"]] = refusal.code
    return conversations, files


def main():
    name, = sys.argv[1:]
    work = tempfile.mkdtemp(prefix="parlance-old-")
    try:
        folder = os.path.join(work, "data")
        os.mkdir(folder)
        write_keyring(os.path.join(folder, "keys"), KEYRING)
        done = {}
        with Desk(folder) as desk:
            settings(desk, done)
            write(desk, 0, FIRST_PEOPLE, done)
            desk.restart()
            write(desk, FIRST_PEOPLE, PEOPLE - FIRST_PEOPLE, done)
            desk.verify_views()
            conversations, files = served(desk, [ticket["id"] for ticket in desk.every("/v1/conversations?sort=oldest")])
            views = {view["view"]: view["version"] for view in desk.get("/v1/status")["views"]}
            desk.run("backup", "create", "--data", folder, "--to", work + "/backups", "--keys-to", work + "/key-backups", check=False)
            desk.kill()
        assert not any(item["kind"] in DUE for one in conversations.values() for item in one["timeline"]), "too slow"
        book = json.dumps({"views": views, "knew": done, "conversations": conversations, "files": files}, ensure_ascii=False, indent=1)
        made = os.path.join(HERE, name + ".tar.xz")
        with tarfile.open(made, "w:xz") as tar:
            # Some early programs could not back up a keyring of which a message had been redacted.
            whole = os.path.exists(os.path.join(work, "key-backups"))
            for part in ("data", "backups", "key-backups") if whole else ("data",):
                tar.add(os.path.join(work, part), part,
                        filter=lambda one: None if LEFT_OUT.fullmatch(os.path.basename(one.name)) else one)
            said = tarfile.TarInfo("served.json")
            said.size = len(book.encode())
            tar.addfile(said, io.BytesIO(book.encode()))
        print(f"{made}: {os.path.getsize(made)} bytes; {len(conversations)} conversations, {len(files)} files; {done}; views {views}")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
