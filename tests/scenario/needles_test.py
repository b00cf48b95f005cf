"""No word of a person stands in any byte of the data folder; through the door each of them is shown.

Distinctive words go into every personal field, through every route. Then every file is searched, as it is and with RocksDB's blocks
decoded, for each word in several encodings. A control shows that the search finds what is there: the names of a queue and of
a tag, which are the administrator's vocabulary and may stand in clear, and a file planted by this test.
"""

import base64
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from desk import Desk, wait_until  # noqa: E402
from needles import encodings, search  # noqa: E402

count = 0
words = {}


def needle(field):
    """A word of its own for a field: no other text holds it."""
    global count
    count += 1
    word = f"Zq{count:03d}Xwvyk{field.replace(' ', '').replace('.', '')}"
    words[field] = word
    return word


with Desk() as desk:
    desk.post("/v1/queues", {"name": "QueueWordInClear"})
    desk.post("/v1/tags", {"name": "TagWordInClear"})
    agent = desk.post("/v1/agents", {"name": needle("agent name"), "email": needle("agent email") + "@example.org"})["id"]
    token = desk.post(f"/v1/agents/{agent}/tokens", {"scopes": ["agent", "ingest", "admin"]})["token"]

    def file(of):
        return [{"name": needle(of + " file name"), "type": "text/" + needle(of + " file type"),
                 "data": base64.b64encode(needle(of + " file").encode()).decode()}]

    message = {
        "channel": "email", "account": needle("account"), "message_id": needle("message id"),
        "from": {"address": needle("address") + "@example.org", "name": needle("sender name")}, "text": needle("text"),
        "html": "<p>" + needle("html") + "</p>", "subject": needle("subject line"), "language": "x-" + needle("language")[:20],
        "in_reply_to": needle("in reply to"), "thread": needle("thread"), "order": needle("order"), "attachments": file("inbound"),
    }
    words["language"] = message["language"][2:]
    first = desk.post("/v1/inbound", message, key=needle("idempotency key"))
    here = f"/v1/conversations/{first['conversation']}"
    desk.post(here + "/reply", {"text": needle("reply"), "attachments": file("reply")}, token=token, key=needle("reply key"))
    desk.post(here + "/note", {"text": needle("note"), "attachments": file("note")}, token=token)
    desk.post(here + "/assign", {"agent": agent, "reason": needle("assign reason")})
    desk.post(here + "/unassign", {"reason": needle("unassign reason")})
    desk.post(here + "/claim", {"reason": needle("claim reason")}, token=token)
    desk.post(here + "/snooze", {"until": "2150-01-01T00:00:00Z", "reason": needle("snooze reason")})
    desk.post(here + "/wait", {"for": "third_party", "reason": needle("wait reason")})
    desk.post(here + "/resolve", {"reason": needle("resolve reason")})
    desk.post(here + "/reopen", {"reason": needle("reopen reason")})
    desk.post(here + "/tags", {"add": ["TagWordInClear"]})
    desk.post(f"/v1/subjects/{first['subject']}/identities",
              {"channel": "whatsapp", "address": needle("second address"), "account": needle("second account"), "name": needle("second name")})
    second = desk.post("/v1/inbound", {"channel": "chat", "account": "shop", "message_id": needle("second message id"),
                                       "from": {"address": needle("participant"), "name": needle("participant name")},
                                       "text": needle("participant text"), "thread": first["conversation"]})
    assert second["conversation"] == first["conversation"], "the participant joins by the thread"
    opened = desk.post("/v1/conversations", {"to": {"channel": "email", "account": needle("opened account"),
                                                    "address": needle("opened address") + "@example.org", "name": needle("opened name")},
                                             "text": needle("opened text"), "subject_line": needle("opened subject line")})
    batch = desk.post("/v1/batch", {"commands": [
        {"method_path": f"POST {here}/note", "key": needle("batch key"), "body": {"text": needle("batch note")}},
        {"method_path": f"POST {here}/close", "body": {"reason": needle("close reason")}}]})
    assert [a["status"] for a in batch["data"]] == [201, 200], batch
    desk.call("POST", "/v1/subjects/lookup", {"channel": "email", "address": words["address"] + "@example.org"})
    refusal = desk.call("POST", here + "/reply", {"text": needle("refused reply")})
    assert refusal.status == 409, refusal

    # Through the door each is shown.
    at_least = batch["data"][1]["body"]["position"]
    shown = repr([desk.get(here, at_least), desk.timeline(first["conversation"]), desk.get(f"/v1/subjects/{first['subject']}"), desk.get("/v1/agents"),
                  desk.get(f"/v1/conversations/{opened['id']}", opened["position"]), desk.timeline(opened["id"])])
    whom = desk.get(f"/v1/conversations/{opened['id']}")["requester"]["id"]
    shown += repr(wait_until(lambda: desk.call("GET", f"/v1/subjects/{whom}").body.get("identities"), "the customer is there"))
    hidden = {"html", "language", "in reply to", "thread", "idempotency key", "reply key", "batch key", "refused reply", "agent email",
              "second account", "second name", "second message id", "inbound file", "reply file", "note file", "message id"}
    missing = [field for field, word in words.items() if word not in shown and word.lower() not in shown.lower() and field not in hidden]
    assert not missing, f"not shown through the door: {missing}"

    for how in ("while it runs", "after it stopped", "in tables"):
        if how == "after it stopped":
            desk.stop()
        if how == "in tables":
            # A second run flushes what lay in the write-ahead log into tables.
            desk.start()
            desk.stop()
        found = search(desk.folder, words.values())
        assert not found, f"{how}: words of people in the data folder: {found}"
        control = search(desk.folder, ["QueueWordInClear", "TagWordInClear"])
        assert len(control) == 2, f"{how}: the search did not find the names in clear: {control}"

    planted = os.path.join(desk.folder, "planted")
    with open(planted, "wb") as f:
        f.write(b"..." + base64.b64encode(b"xx" + words["text"].encode()) + b"..." + words["reply"].encode("utf-16-be"))
    control = search(desk.folder, words.values())
    assert set(control) == {words["text"], words["reply"]}, f"the planted words were not found: {control}"
print(f"{len(words)} words in {len(encodings('x' * 20))} encodings: none in the folder, the control found")
print("1 passed, 0 failed")
