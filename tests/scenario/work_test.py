"""Work on a conversation beside answering it, on a real server: settings, hand-over, fields, states, spam, drafts, redaction,
undo, ratings. Every command is sent twice under one key, and once more after the server was killed.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/work_test.py
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk, from_now  # noqa: E402


class Work:
    def __init__(self, desk):
        self.desk = desk
        self.keys = 0
        self.position = None  # of the last command
        self.sent = []  # what was done under which key, to be repeated after the crash

    def do(self, path, body=None, *, headers=None, token=None):
        """A command, and its repeat: the same answer, marked as one."""
        self.keys += 1
        key = f"work-{self.keys}"
        first = self.desk.call("POST", path, body or {}, key=key, headers=headers, token=token)
        assert first.status in (200, 201), f"{path}: {first}"
        again = self.desk.call("POST", path, body or {}, key=key, headers=headers, token=token)
        assert again.status == first.status, f"{path} repeated: {again}"
        assert again.headers.get("idempotency-replayed") == "true", f"{path}: {again.headers}"
        for member in ("id", "version", "undone"):
            assert again.body.get(member) == first.body.get(member), f"{path} {member}: {first} then {again}"
        # Settings are adopted everywhere the first time; the repeat finds them so.
        assert again.body["position"].split(",")[0] == first.body["position"].split(",")[0], f"{first} then {again}"
        self.sent.append((path, body, key, headers, token, first.body))
        self.position = first.body["position"]
        return first.body

    def repeat_all(self):
        for path, body, key, headers, token, was in self.sent:
            again = self.desk.call("POST", path, body or {}, key=key, headers=headers, token=token)
            assert again.headers.get("idempotency-replayed") == "true", f"{path} after a crash: {again}"
            assert again.body.get("id") == was.get("id") and again.body.get("version") == was.get("version"), \
                f"{path}: {was} then {again}"

    def refused(self, code, status, path, body=None, *, headers=None, token=None, pointer=None):
        answer = self.desk.call("POST", path, body if body is not None else {}, headers=headers, token=token)
        assert (answer.status, answer.code) == (status, code), f"{path} {body}: wanted {status} {code}, got {answer}"
        if pointer is not None:
            assert pointer in [e["pointer"] for e in answer.body["errors"]], f"{path} {body}: {answer}"
        return answer

    def settings_version(self):
        return {"If-Match": self.desk.call("GET", "/v1/settings").headers["etag"]}

    def define(self, what, body):
        return self.do(f"/v1/settings/{what}", body, headers=self.settings_version())["id"]

    def version_of(self, conversation):
        return {"If-Match": self.desk.call("GET", f"/v1/conversations/{conversation}").headers["etag"]}


def last_item(desk, conversation, position):
    return desk.timeline(conversation, position)[-1]


def define_settings(work):
    desk = work.desk
    work.refused("precondition_required", 428, "/v1/settings/types", {"name": "complaint"})
    work.refused("stream.version_conflict", 412, "/v1/settings/types", {"name": "complaint"},
                 headers={"If-Match": '"999"'})
    now = work.settings_version()
    for path, body, code, pointer in [
            ("types", {}, "required", "/name"),
            ("types", {"name": "x" * 201}, "too_long", "/name"),
            ("types", {"name": "x", "colour": "red"}, "unknown_member", "/colour"),
            ("fields", {"name": "a", "kind": "colour"}, "unknown", "/kind"),
            ("fields", {"name": "a", "kind": "choice", "choices": ["", "b"]}, "settings.name_length", "/choices/0"),
            ("fields", {"name": "a", "kind": "choice", "choices": ["b", "b"]}, "settings.choice_twice", "/choices/1"),
            ("sub-states", {"name": "a", "state": "asleep"}, "unknown_state", "/state"),
            ("transitions", {"transitions": [{"from": "open", "to": "nowhere"}]}, "settings.place_unknown",
             "/transitions/0/to"),
            ("transitions", {}, "required", "/transitions"),
            ("canned-replies", {"name": "a", "text": ""}, "required", "/text"),
            ("canned-replies", {"name": "a", "text": "b", "language": "klingon"}, "unknown_language", "/language")]:
        work.refused(code, 422, f"/v1/settings/{path}", body, headers=now, pointer=pointer)
    work.refused("settings.unknown_placeholder", 409, "/v1/settings/canned-replies",
                 {"name": "a", "text": "Dear {{customer.shoe_size}}"}, headers=now)
    work.refused("settings.no_choices", 409, "/v1/settings/fields", {"name": "a", "kind": "choice"}, headers=now)

    made = {
        "complaint": work.define("types", {"name": "complaint"}),
        "question": work.define("types", {"name": "question"}),
        "order": work.define("fields", {"name": "order", "kind": "text"}),
        "amount": work.define("fields", {"name": "amount", "kind": "number"}),
        "bought": work.define("fields", {"name": "bought", "kind": "date"}),
        "outcome": work.define("fields", {"name": "outcome", "kind": "choice", "choices": ["refund", "repair"]}),
        "vip": work.define("fields", {"name": "vip", "kind": "boolean"}),
        "customs": work.define("sub-states", {"name": "at customs", "state": "waiting_third_party"}),
        "doubted": work.define("sub-states", {"name": "doubted", "state": "open"}),
        "lost-en": work.define("canned-replies", {"name": "lost", "language": "en", "shortcut": "/lost",
                                                  "text": "Dear {{customer.name}}"}),
        "lost-de": work.define("canned-replies", {"name": "lost", "language": "de", "shortcut": "/lost",
                                                  "text": "Hallo {{customer.name}}"}),
    }
    work.refused("settings.name_taken", 409, "/v1/settings/types", {"name": "complaint"},
                 headers=work.settings_version())
    settings = desk.get("/v1/settings")
    assert [t["name"] for t in settings["types"]] == ["complaint", "question"], settings
    assert {f["name"]: f["kind"] for f in settings["fields"]} == {
        "order": "text", "amount": "number", "bought": "date", "outcome": "choice", "vip": "boolean"}, settings
    assert next(f for f in settings["fields"] if f["name"] == "outcome")["choices"] == ["refund", "repair"], settings
    assert settings["sub_states"][0] == {"id": made["customs"], "name": "at customs",
                                         "state": "waiting_third_party"}, settings
    assert settings["transitions"] is None, settings
    replies = desk.get("/v1/canned-replies?language=de")["data"]
    assert [(r["name"], r["language"], r["text"]) for r in replies] == [
        ("lost", "de", "Hallo {{customer.name}}")], replies
    assert len(desk.get("/v1/canned-replies")["data"]) == 2

    # A word changes under its id; what a field's choices lose is only not offered any more.
    work.do(f"/v1/settings/types/{made['question']}", {"name": "inquiry"}, headers=work.settings_version())
    work.do(f"/v1/settings/fields/{made['outcome']}", {"choices": ["refund", "new parcel"]},
            headers=work.settings_version())
    settings = desk.get("/v1/settings")
    assert [t["name"] for t in settings["types"]] == ["complaint", "inquiry"], settings
    assert next(f for f in settings["fields"] if f["name"] == "outcome")["choices"] == [
        "refund", "new parcel"], settings
    work.refused("settings.word_unknown", 404, f"/v1/settings/types/typ_{'0' * 25}1", {"name": "x"},
                 headers=work.settings_version())
    return made


def hand_over(work, conversation, queue):
    desk, path = work.desk, f"/v1/conversations/{conversation}"
    work.do(path + "/claim")
    work.refused("required", 422, path + "/transfer", {}, pointer="/queue")
    work.refused("queue.unknown", 409, path + "/transfer", {"queue": "que_" + "0" * 25 + "1"})
    done = work.do(path + "/transfer", {"queue": queue, "reason": "not ours"})
    ticket = desk.ticket(conversation, done["position"])
    assert ticket["queue"]["id"] == queue and ticket["assignee"] is None, ticket
    item = last_item(desk, conversation, done["position"])
    assert item["kind"] == "transferred" and item["details"]["reason"] == "not ours", item
    assert item["details"]["queue"]["id"] == queue and item["details"]["from"]["agent"]["name"], item
    assert ticket["undo"]["act"] == "transferred", ticket
    done = work.do(path + "/undo")
    assert done["undone"] == "transferred", done
    ticket = desk.ticket(conversation, done["position"])
    assert ticket["assignee"] and ticket["queue"]["id"] != queue, ticket
    done = work.do(path + "/escalate", {"reason": "furious"})
    ticket = desk.ticket(conversation, done["position"])
    assert ticket["escalated"] is True, ticket
    item = last_item(desk, conversation, done["position"])
    assert item["kind"] == "escalated" and item["details"]["reason"] == "furious", item


def describe(work, conversation, words):
    desk, path = work.desk, f"/v1/conversations/{conversation}"
    work.refused("type.unknown", 422, path + "/type", {"type": "no such"}, pointer="/type")
    work.refused("required", 422, path + "/type", {}, pointer="/type")
    done = work.do(path + "/type", {"type": "complaint"})
    ticket = desk.ticket(conversation, done["position"])
    assert ticket["type"] == {"id": words["complaint"], "name": "complaint"}, ticket
    work.do(path + "/type", {"type": None})
    work.do(path + "/type", {"type": words["question"]})

    work.refused("precondition_required", 428, path + "/subject-line", {"subject_line": "Lost"})
    work.refused("stream.version_conflict", 412, path + "/subject-line", {"subject_line": "Lost"},
                 headers={"If-Match": '"1"'})
    done = work.do(path + "/subject-line", {"subject_line": "Lost at sea"}, headers=work.version_of(conversation))
    ticket = desk.ticket(conversation, done["position"])
    assert ticket["subject_line"] == "Lost at sea" and ticket["preview"], ticket
    item = last_item(desk, conversation, done["position"])
    assert (item["kind"], item["details"]["subject_line"]) == ("subject_line_changed", "Lost at sea"), item

    work.refused("precondition_required", 428, path + "/fields", {"fields": {"order": "A-1"}})
    now = work.version_of(conversation)
    for value, pointer in [({"order": 5}, "/fields/order"), ({"amount": "5"}, "/fields/amount"),
                           ({"amount": 0.00001}, "/fields/amount"), ({"amount": 1e13}, "/fields/amount"),
                           ({"bought": "2026-02-30"}, "/fields/bought"), ({"outcome": "repair"}, "/fields/outcome"),
                           ({"vip": "yes"}, "/fields/vip"), ({"a/b": 1}, "/fields/a~1b")]:
        answer = work.desk.call("POST", path + "/fields", {"fields": value}, headers=now)
        assert answer.status == 422 and answer.body["errors"][0]["pointer"] == pointer, f"{value}: {answer}"
    done = work.do(path + "/fields", {"fields": {"order": "A-1", words["amount"]: 12.5, "bought": "2026-11-20",
                                                 "outcome": "refund", "vip": True}}, headers=now)
    wanted = {"order": "A-1", "amount": 12.5, "bought": "2026-11-20", "outcome": "refund", "vip": True}
    assert desk.ticket(conversation, done["position"])["fields"] == wanted
    done = work.do(path + "/fields", {"fields": {"order": None, "amount": -3}}, headers=work.version_of(conversation))
    wanted.pop("order")
    wanted["amount"] = -3
    assert desk.ticket(conversation, done["position"])["fields"] == wanted
    done = work.do(path + "/undo")
    assert done["undone"] == "fields_changed", done
    wanted.update(order="A-1", amount=12.5)
    ticket = desk.ticket(conversation, done["position"])
    assert ticket["fields"] == wanted, ticket
    item = last_item(desk, conversation, done["position"])
    assert (item["kind"], item["details"]["act"]) == ("undone", "fields_changed"), item


def move(work, conversation, words):
    desk, path = work.desk, f"/v1/conversations/{conversation}"
    work.refused("sub_state.of_another_state", 409, path + "/sub-state", {"sub_state": "at customs"})
    done = work.do(path + "/sub-state", {"sub_state": "doubted"})
    assert desk.ticket(conversation, done["position"])["sub_state"]["name"] == "doubted"
    done = work.do(path + "/wait", {"for": "third_party", "sub_state": "at customs"})
    ticket = desk.ticket(conversation, done["position"])
    assert ticket["state"] == "waiting_third_party" and ticket["sub_state"] == {
        "id": words["customs"], "name": "at customs", "state": "waiting_third_party"}, ticket
    assert [i["kind"] for i in desk.timeline(conversation)[-2:]] == ["waiting", "sub_state_changed"]
    done = work.do(path + "/undo")
    ticket = desk.ticket(conversation, done["position"])
    assert done["undone"] == "waiting" and ticket["state"] == "open", ticket
    assert ticket["sub_state"]["name"] == "doubted", ticket

    work.do("/v1/settings/transitions", {"transitions": [
        {"from": "open", "to": "waiting_customer"}, {"from": words["customs"], "to": "resolved"}]},
            headers=work.settings_version())
    work.refused("conversation.transition_not_allowed", 409, path + "/resolve")
    work.do(path + "/wait", {"for": "customer"})
    work.do("/v1/settings/transitions", {"transitions": None}, headers=work.settings_version())
    work.do(f"/v1/settings/fields/{words['vip']}", {"required_to_resolve": True}, headers=work.settings_version())
    work.do(path + "/fields", {"fields": {"vip": None}}, headers=work.version_of(conversation))
    answer = work.refused("conversation.field_required", 409, path + "/resolve")
    assert "'vip'" in answer.body["detail"], answer
    work.do(f"/v1/settings/fields/{words['vip']}", {"required_to_resolve": False}, headers=work.settings_version())
    done = work.do(path + "/resolve")
    assert desk.ticket(conversation, done["position"])["undo"]["act"] == "resolved"
    done = work.do(path + "/undo")
    ticket = desk.ticket(conversation, done["position"])
    assert ticket["state"] == "waiting_customer" and ticket["resolved_at"] is None, ticket
    assert ticket["episode"] == 1 and ticket["reopened"] == 0, ticket


def spam_and_turns(work):
    desk = work.desk
    got = desk.inbound("email", "shop", "spammer@example.com", "s1", "buy now", name="Spammer")
    path = f"/v1/conversations/{got['conversation']}"
    waited = desk.ticket(got["conversation"], got["position"])["unanswered_since"]
    done = work.do(path + "/spam")
    ticket = desk.ticket(got["conversation"], done["position"])
    assert ticket["state"] == "spam" and ticket["spam"] is True and ticket["unanswered_since"] is None, ticket
    assert got["conversation"] not in [t["id"] for t in desk.every("/v1/conversations", done["position"])]
    assert got["conversation"] in [t["id"] for t in desk.every("/v1/conversations?state=spam")]
    work.refused("conversation.spam", 409, path + "/reply", {"text": "no"})
    done = work.do(path + "/not-spam")
    ticket = desk.ticket(got["conversation"], done["position"])
    assert ticket["state"] == "open" and ticket["unanswered_since"] == waited, ticket
    done = work.do(path + "/no-reply-needed", {"reason": "thanks only"})
    ticket = desk.ticket(got["conversation"], done["position"])
    assert ticket["unanswered_since"] is None and ticket["state"] == "open", ticket
    kinds = [i["kind"] for i in desk.timeline(got["conversation"])]
    assert kinds[-3:] == ["spam_marked", "spam_unmarked", "no_reply_needed"], kinds


def drafts(work, conversation, agent, token):
    desk, path = work.desk, f"/v1/conversations/{conversation}"
    before = desk.ticket(conversation, work.position)["version"]
    assert desk.call("GET", path + "/draft", token=token).status == 404
    work.refused("required", 422, path + "/draft", {}, token=token, pointer="/text")
    work.refused("unknown", 422, path + "/draft", {"text": "x", "kind": "poem"}, token=token, pointer="/kind")
    work.do(path + "/draft", {"text": "Dear", "kind": "reply"}, token=token)
    work.do(path + "/draft", {"text": "Dear Ann, NEEDLE-DRAFT", "kind": "reply"}, token=token)
    kept = desk.get(path + "/draft", token=token)
    assert (kept["text"], kept["kind"]) == ("Dear Ann, NEEDLE-DRAFT", "reply"), kept
    ticket = desk.ticket(conversation)
    assert ticket["version"] == before and ticket["drafts"][0]["agent"]["id"] == agent, ticket
    desk.kill()
    desk.start()
    assert desk.get(path + "/draft", token=token)["text"] == "Dear Ann, NEEDLE-DRAFT"
    done = work.do(path + "/reply", {"text": "Dear Ann, yes"}, token=token)
    assert desk.call("GET", path + "/draft", token=token).status == 404
    ticket = desk.ticket(conversation, done["position"])
    assert ticket["drafts"] == [] and int(ticket["version"]) == int(before) + 1, ticket
    work.do(path + "/draft", {"text": "x", "kind": "note"}, token=token)
    work.do(path + "/draft", {"text": ""}, token=token)
    assert desk.call("GET", path + "/draft", token=token).status == 404


def mention(work, conversation, agent):
    desk, path = work.desk, f"/v1/conversations/{conversation}"
    work.refused("agent.unknown", 409, path + "/note", {"text": "x", "mentions": ["agt_" + "0" * 25 + "1"]})
    work.refused("id.malformed", 422, path + "/note", {"text": "x", "mentions": ["kim"]}, pointer="/mentions/0")
    done = work.do(path + "/note", {"text": "look at this", "mentions": [agent, agent]})
    assert desk.ticket(conversation, done["position"])["mentions"] == [agent]
    item = last_item(desk, conversation, done["position"])
    assert item["kind"] == "note" and [m["id"] for m in item["mentions"]] == [agent], item


def rate(work, conversation):
    desk, path = work.desk, f"/v1/conversations/{conversation}"
    work.refused("not_in_range", 422, path + "/rating", {"kind": "csat", "score": 6}, pointer="/score")
    work.refused("unknown", 422, path + "/rating", {"kind": "stars", "score": 3}, pointer="/kind")
    work.refused("required", 422, path + "/rating", {"kind": "nps"}, pointer="/score")
    work.do(path + "/rating", {"kind": "csat", "score": 2, "comment": "slow"})
    work.do(path + "/rating", {"kind": "nps", "score": 0})
    done = work.do(path + "/rating", {"kind": "csat", "score": 4})
    ratings = desk.ticket(conversation, done["position"])["ratings"]
    assert [(r["kind"], r["score"], r["comment"]) for r in ratings] == [
        ("csat", 2, "slow"), ("nps", 0, None), ("csat", 4, None)], ratings
    item = last_item(desk, conversation, done["position"])
    assert item["kind"] == "rated" and item["details"]["corrects"] == 2, item
    assert item["actor"]["kind"] == "customer", item


def redact(work, agent_token):
    """After it, the words are in no answer of the program, whatever is asked."""
    desk = work.desk
    first = desk.inbound("email", "shop", "bo@example.com", "r1", "my card NEEDLE-TEXT 4111", name="Bo",
                         subject="NEEDLE-SUBJECT", attachments=[{"name": "NEEDLE-FILE.txt", "type": "text/plain",
                                                                 "data": "TkVFRExF"}])
    conversation, message = first["conversation"], first["message"]
    second = desk.inbound("email", "shop", "bo@example.com", "r2", "hello?", name="Bo")
    path = f"/v1/conversations/{conversation}"
    before = desk.ticket(conversation, second["position"])["messages"]
    items = desk.timeline(conversation, second["position"])
    assert "NEEDLE-TEXT" in str(items) and "NEEDLE-FILE" in str(items), items
    file = next(i for i in items if i["id"] == message)["attachments"][0]["id"] or "none"
    work.refused("forbidden", 403, f"{path}/messages/{message}/redact", token=agent_token)
    work.refused("message.not_found", 404, f"{path}/messages/msg_{'0' * 25}1/redact")
    work.refused("not_found", 404, f"{path}/messages/nonsense/redact")
    done = work.do(f"{path}/messages/{message}/redact", {"reason": "a card number"})

    def check():
        version = int(desk.ticket(conversation, done["position"])["version"])
        reads = [path, path + "/timeline", path + "/events", "/v1/conversations", "/v1/conversations?sort=newest",
                 "/v1/queues", "/v1/status", "/metrics", "/v1/settings"]
        reads += [f"{path}?at_version={v}" for v in range(1, version + 1)]
        reads += [f"{path}/timeline?at_version={v}" for v in range(1, version + 1)]
        reads += [f"{path}?as_of={from_now(60)}"]
        reads += [f"{path}/messages/{message}/html", "/v1/conversations?q=is:waiting", "/v1/attachments/" + file]
        for read in reads:
            answer = desk.call("GET", read)
            assert answer.status in (200, 404, 410, 422), f"{read}: {answer}"
            assert "NEEDLE" not in repr(answer.body), f"{read} still says it: {answer}"
        ticket = desk.ticket(conversation)
        assert ticket["messages"] == before and ticket["requester"]["name"] == "Bo", ticket
        assert ticket["subject_line"] is None and ticket["preview"] == "hello?", ticket
        items = desk.timeline(conversation)
        gone = next(i for i in items if i["id"] == message)
        assert gone["personal"] == "redacted" and gone["text"] is None and gone["attachments"] == [], gone
        stays = next(i for i in items if i["id"] == second["message"])
        assert stays["personal"] == "value" and stays["text"] == "hello?", stays  # under another key than before
        assert next(i for i in items if i["kind"] == "redacted")["details"]["message"] == message, items
        events = desk.get(path + "/events")["data"]
        received = next(e for e in events if e["type"] == "conversation.message_received")
        assert {c["state"] for c in received["capsules"]} == {"redacted"}, received
        stale = desk.call("POST", path + "/priority", {"priority": "low"}, headers={"If-Match": '"1"'})
        assert stale.status == 412 and "NEEDLE" not in repr(stale.body), stale

    check()
    desk.kill()
    desk.start()
    check()
    again = work.do(f"{path}/messages/{message}/redact", {})
    assert again["version"] == done["version"], (done, again)
    for view in ("ticket", "queue"):
        desk.post(f"/v1/admin/views/{view}/rebuild")
    check()


def main():
    with Desk() as desk:
        work = Work(desk)
        words = define_settings(work)
        queue = desk.post("/v1/queues", {"name": "Returns"})["id"]
        kim = desk.post("/v1/agents", {"name": "Kim"})["id"]
        token = desk.post(f"/v1/agents/{kim}/tokens", {"scopes": ["agent"]})["token"]
        got = desk.inbound("email", "shop", "ann@example.com", "m1", "where is my parcel?", name="Ann",
                           subject="Parcel")
        conversation = got["conversation"]
        desk.ticket(conversation, got["position"])
        hand_over(work, conversation, queue)
        describe(work, conversation, words)
        move(work, conversation, words)
        drafts(work, conversation, kim, token)
        mention(work, conversation, kim)
        rate(work, conversation)
        spam_and_turns(work)
        redact(work, token)

        # An undo by another, and after something else happened.
        work.refused("conversation.nothing_to_undo", 409, f"/v1/conversations/{conversation}/undo", token=token)
        work.do(f"/v1/conversations/{conversation}/resolve", token=token)
        desk.inbound("email", "shop", "ann@example.com", "m9", "and another thing", name="Ann")
        work.refused("conversation.undo_overtaken", 409, f"/v1/conversations/{conversation}/undo", token=token)

        desk.kill()
        desk.start()
        work.repeat_all()
        events = desk.get(f"/v1/conversations/{conversation}/events?limit=200")["data"]
        assert int(events[-1]["settings_version"]) > 0, events[-1]
        assert "ticket" in desk.verify_views()
        folder = desk.folder
        desk.stop()
        desk.run("log", "verify", "--data", folder)
        desk.run("view", "verify", "--data", folder)
        print(f"{len(work.sent)} commands, each sent three times")


if __name__ == "__main__":
    main()
