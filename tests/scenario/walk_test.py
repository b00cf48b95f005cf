"""A desk's day on a real server: from the first start over everything an agent does to kills, deadlines that pass while
nobody runs, and the ends.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/walk_test.py [NAME...]
"""

import os
import stat
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, PROGRAM, Desk, from_now, parse_time, wait_until  # noqa: E402

NEVER = "cnv_01m81vegnma85xq78yc92m2n8q"


def kinds(items):
    return [item["kind"] for item in items]


def state_of(desk, conversation, at_least=None):
    return desk.ticket(conversation, at_least)["state"]


def first_start(desk):
    """The first start makes what is needed, and says how to come in without saying the token."""
    token = os.path.join(desk.folder, "admin.token")
    assert stat.S_IMODE(os.stat(token).st_mode) == 0o600
    with open(os.path.join(desk.folder, "address"), encoding="ascii") as address:
        assert address.read().strip() == f"http://{desk.address}"
    with open(desk.log, encoding="utf-8") as log:
        assert desk.token not in log.read()
    for path in ("/livez", "/readyz"):
        assert desk.call("GET", path, token="").status == 200
    for path in ("/v1/status", "/v1/conversations", "/metrics"):
        assert desk.call("GET", path, token="").status == 401, path
    assert [queue["name"] for queue in desk.get("/v1/queues")["data"]] == ["Inbox"]

    link = desk.link.rsplit("/", 1)[1]
    signed_in = desk.call("POST", "/v1/session", {"link": link}, token="")
    assert signed_in.status == 201, signed_in
    assert desk.call("POST", "/v1/session", {"link": link}, token="").status == 401, "a link works once"
    cookie = signed_in.headers["set-cookie"].split(";")[0]
    assert "HttpOnly" in signed_in.headers["set-cookie"] and "SameSite=Strict" in signed_in.headers["set-cookie"]
    page = {"Cookie": cookie}
    assert desk.call("GET", "/v1/conversations", headers=page, token="").status == 200
    assert desk.call("POST", "/v1/tags", {"name": "no"}, headers=page, token="").status == 403, "no Parlance-Request"
    page["Parlance-Request"] = "page"
    assert desk.call("POST", "/v1/tags", {"name": "by page"}, headers=page, token="").status == 201
    signed_out = desk.call("DELETE", "/v1/session", headers=page, token="")
    assert signed_out.status == 204 and "parlance_session=;" in signed_out.headers["set-cookie"]
    forged = {"Cookie": cookie[:-1] + ("a" if cookie[-1] != "a" else "b")}
    assert desk.call("GET", "/v1/conversations", headers=forged, token="").status == 401


def a_conversation(desk):
    """From the customer's first message to the close, and every act in the timeline."""
    got = desk.inbound("email", "help@shop.example", "Ann@Example.org", "<1@example.org>", "Where is my parcel?",
                       name="Ann", subject="Parcel 7", language="en-GB")
    assert got["created"] and got["conversation"].startswith("cnv_") and got["message"].startswith("msg_")
    cnv = got["conversation"]
    at = f"/v1/conversations/{cnv}"
    ticket = desk.ticket(cnv, got["position"])
    assert ticket["state"] == "new" and ticket["subject_line"] == "Parcel 7" and ticket["language"] == "en"
    assert ticket["requester"]["name"] == "Ann" and ticket["number"] == got["ticket_number"]
    assert ticket["preview"] == "Where is my parcel?" and ticket["unanswered_since"] == ticket["created_at"]

    replied = desk.post(f"{at}/reply", {"text": "On its way."}, key="reply 1")
    again = desk.call("POST", f"{at}/reply", {"text": "On its way."}, key="reply 1")
    assert again.body == replied and again.headers["idempotency-replayed"] == "true"
    other = desk.call("POST", f"{at}/reply", {"text": "Something else."}, key="reply 1")
    assert other.status == 422 and other.code == "command.key_reused", other
    ticket = desk.ticket(cnv, replied["position"])
    assert ticket["state"] == "open" and ticket["unanswered_since"] is None and ticket["last_message_by"] == "agent"

    desk.post(f"{at}/note", {"text": "The carrier says tomorrow."})
    ada = desk.post("/v1/agents", {"name": "Ada"})["id"]
    refunds = desk.post("/v1/queues", {"name": "Refunds"})["id"]
    desk.post(f"{at}/assign", {"agent": ada, "queue": refunds, "reason": "knows the carrier"})
    tag = desk.post("/v1/tags", {"name": "parcel"})["id"]
    desk.post(f"{at}/tags", {"add": ["parcel"]})
    unknown = desk.call("POST", f"{at}/tags", {"add": ["no such tag"]})
    assert unknown.status == 422 and unknown.body["errors"][0]["code"] == "tag.unknown", unknown
    urgent = desk.post(f"{at}/priority", {"priority": "urgent"})
    ticket = desk.ticket(cnv, urgent["position"])
    assert ticket["assignee"] == {"id": ada, "name": "Ada"} and ticket["queue"] == {"id": refunds, "name": "Refunds"}
    assert ticket["tags"] == [{"id": tag, "name": "parcel"}] and ticket["priority"] == "urgent"
    assert [t["id"] for t in desk.get(f"/v1/agents/{ada}/conversations", urgent["position"])["data"]] == [cnv]
    assert [t["id"] for t in desk.get(f"/v1/queues/{refunds}/conversations", urgent["position"])["data"]] == [cnv]

    until = from_now(2)
    snoozed = desk.post(f"{at}/snooze", {"until": until})
    ticket = desk.ticket(cnv, snoozed["position"])
    assert ticket["state"] == "snoozed" and ticket["snoozed_until"] == until
    wait_until(lambda: state_of(desk, cnv) == "open", "the snoozed conversation wakes by itself", 10)
    waiting = desk.post(f"{at}/wait", {"for": "third_party", "reason": "the carrier"})
    assert state_of(desk, cnv, waiting["position"]) == "waiting_third_party"

    resolved = desk.post(f"{at}/resolve", {"reason": "delivered"})
    ticket = desk.ticket(cnv, resolved["position"])
    assert ticket["state"] == "resolved" and ticket["resolved_at"]
    refused = desk.call("POST", f"{at}/snooze", {"until": from_now(60)})
    assert refused.status == 409 and refused.code == "conversation.resolved", refused
    back = desk.inbound("email", "help@shop.example", "ann@example.org", "<2@example.org>", "It is broken.")
    assert back["conversation"] == cnv and not back["created"]
    ticket = desk.ticket(cnv, back["position"])
    assert ticket["state"] == "open" and ticket["reopened"] == 1 and ticket["episode"] == 2
    closed = desk.post(f"{at}/close", {})
    refused = desk.call("POST", f"{at}/reply", {"text": "too late"})
    assert refused.status == 409 and refused.code == "conversation.closed", refused
    anew = desk.inbound("email", "help@shop.example", "ann@example.org", "<3@example.org>", "Hello again.")
    assert anew["conversation"] != cnv and anew["created"] and anew["subject"] == got["subject"]

    items = desk.timeline(cnv, closed["position"])
    assert kinds(items) == ["opened", "message", "message", "note", "queue_changed", "assigned", "tags_changed",
                            "priority_changed", "snoozed", "woken", "waiting", "resolved", "reopened", "message",
                            "closed"], kinds(items)
    assert [int(item["version"]) for item in items] == list(range(1, len(items) + 1))
    of = {item["kind"]: item for item in items}
    assert of["woken"]["at"] == until, f"woken at {of['woken']['at']}, due {until}"
    assert of["woken"]["actor"]["kind"] == "system" and of["opened"]["actor"]["kind"] == "customer"
    assert of["reopened"]["actor"]["kind"] == "customer" and of["closed"]["actor"]["name"] == "Administrator"
    assert of["assigned"]["details"]["agent"]["name"] == "Ada"
    assert of["assigned"]["details"]["reason"] == "knows the carrier"
    earlier = desk.get(f"{at}?at_version=9")
    assert earlier["state"] == "snoozed" and earlier["version"] == "9" and earlier["messages"]["received"] == 1

    assert desk.call("GET", f"/v1/conversations/{NEVER}").status == 404
    assert desk.call("POST", f"/v1/conversations/{NEVER}/reply", {"text": "to nobody"}).status == 404


def if_match(desk):
    """A stale If-Match is refused with what happened in between; settings want one."""
    got = desk.inbound("chat", "shop", "ben", "if 1", "hello")
    cnv, seen = got["conversation"], f'"{got["version"]}"'
    read = desk.call("GET", f"/v1/conversations/{cnv}", headers={"Parlance-At-Least": got["position"]})
    assert read.headers["etag"] == seen, read.headers
    desk.post(f"/v1/conversations/{cnv}/priority", {"priority": "high"}, headers={"If-Match": seen})
    stale = desk.call("POST", f"/v1/conversations/{cnv}/priority", {"priority": "low"}, headers={"If-Match": seen})
    assert stale.status == 412 and [event["kind"] for event in stale.body["events"]] == ["priority_changed"], stale
    assert desk.call("POST", "/v1/settings", {"auto_close_seconds": None}).status == 428


def read_your_writes(desk):
    """A read at least as new as the write shows it, each of 200 times, from another connection."""
    cnv = desk.inbound("chat", "shop", "rita", "ryw", "hello")["conversation"]
    for n in range(200):
        word = ("low", "high")[n % 2]
        position = desk.post(f"/v1/conversations/{cnv}/priority", {"priority": word})["position"]
        assert desk.ticket(cnv, position)["priority"] == word
        listed = desk.get("/v1/conversations?sort=newest&limit=1", position)["data"]
        assert (listed[0]["id"], listed[0]["priority"]) == (cnv, word)
    generation, partition, offset = position.split(":")
    # Beyond the end: nobody can have been told it by this log, so an operator hears of it.
    beyond = desk.call("GET", f"/v1/conversations/{cnv}", headers={
        "Parlance-At-Least": f"{generation}:{partition}:{int(offset) + 1000}", "Prefer": "wait=30"})
    assert beyond.status == 422 and beyond.code == "position.beyond_end", beyond
    conditions = [condition["name"] for condition in desk.get("/v1/conditions")["data"]]
    assert conditions == ["log.shorter_than_told"], conditions


def deadlines(desk):
    """Targets and closes are due at their instants, whether or not the server runs then."""
    desk.settings(first_response_seconds=1, auto_close_seconds=3600)
    try:
        kept = desk.inbound("chat", "shop", "kim", "in time", "quick?")["conversation"]
        met = desk.post(f"/v1/conversations/{kept}/reply", {"text": "quick!"})
        first = desk.ticket(kept, met["position"])["first_response"]
        assert first["state"] == "met" and first["seconds"] < 1, first

        got = desk.inbound("chat", "shop", "lee", "late while up", "anybody?")
        late, asked = got["conversation"], desk.ticket(got["conversation"], got["position"])
        wait_until(lambda: desk.ticket(late)["first_response"]["state"] == "breached", "the target is missed", 10)
        check_breach(desk, late, asked)

        down = desk.inbound("chat", "shop", "max", "late while down", "anybody there?")
        asked = desk.ticket(down["conversation"], down["position"])
        due = parse_time(asked["first_response"]["due_at"])
        assert (due - parse_time(asked["created_at"])).total_seconds() == 1
        desk.settings(auto_close_seconds=1)
        closing = desk.inbound("chat", "shop", "noa", "closes while down", "thanks")["conversation"]
        desk.post(f"/v1/conversations/{closing}/reply", {"text": "welcome"})
        resolved = desk.post(f"/v1/conversations/{closing}/resolve", {})
        closes_at = desk.ticket(closing, resolved["position"])["closes_at"]
        desk.kill()
        # Nothing can be asked of a server that is down: its clock has to pass both instants.
        time.sleep(max(0.0, max(due, parse_time(closes_at)).timestamp() - time.time()) + 0.2)
        desk.start()
        wait_until(lambda: desk.ticket(down["conversation"])["first_response"]["state"] == "breached",
                   "the target missed while down is known", 10)
        check_breach(desk, down["conversation"], asked)
        wait_until(lambda: state_of(desk, closing) == "closed", "what was to close while down is closed", 10)
        closed = desk.timeline(closing)[-1]
        assert closed["kind"] == "closed" and closed["at"] == closes_at and closed["details"]["automatic"], closed
        assert closed["actor"]["kind"] == "system", closed
    finally:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)


def check_breach(desk, conversation, asked):
    breached = [item for item in desk.timeline(conversation) if item["kind"] == "breached"]
    assert len(breached) == 1, breached
    due = asked["first_response"]["due_at"]
    assert breached[0]["at"] == due and breached[0]["details"]["due_at"] == due, f"{breached[0]}, due {due}"
    assert breached[0]["actor"]["kind"] == "system", breached[0]


def restart(desk):
    """Everything is there again after a stop and after a kill, on the same token."""
    token = desk.token
    before = desk.every("/v1/conversations?sort=oldest")
    timelines = [desk.timeline(ticket["id"]) for ticket in before]
    assert desk.stop() == 0
    assert not os.path.exists(os.path.join(desk.folder, "address")), "a server that is stopped has no address"
    for start in (desk.start, lambda: (desk.kill(), desk.start())):
        start()
        assert desk.token == token
        assert desk.every("/v1/conversations?sort=oldest") == before
        assert [desk.timeline(ticket["id"]) for ticket in before] == timelines
    desk.verify_views()


def sigterm(desk):
    """What was accepted when SIGTERM comes is finished and answered, within five seconds."""
    accepted, broken, wrong = [], [], []

    def client(name):
        n = 0
        while True:
            n += 1
            ident = f"sigterm {name} {n}"
            try:
                answer = desk.call("POST", "/v1/inbound", {
                    "channel": "chat", "account": "shop", "message_id": ident, "from": {"address": ident}, "text": ident})
            except BROKEN:
                return broken.append(ident)
            if answer.status == 503:
                return broken.append(ident)
            (accepted if answer.status == 201 else wrong).append((ident, answer))

    clients = [threading.Thread(target=client, args=(name,)) for name in range(8)]
    [one.start() for one in clients]
    wait_until(lambda: len(accepted) > 100, "the load runs")
    began = time.monotonic()
    assert desk.stop(seconds_max=5) == 0
    took = time.monotonic() - began
    [one.join() for one in clients]
    assert not wrong, wrong[0]
    desk.start()
    # A connection that breaks between two requests was never accepted from: had it been, it would have been answered.
    for ident in broken:
        again = desk.call("POST", "/v1/inbound", {
            "channel": "chat", "account": "shop", "message_id": ident, "from": {"address": ident}, "text": ident})
        assert again.status == 201 and "idempotency-replayed" not in again.headers, f"{ident} was done and not answered"
    for ident, answer in accepted:
        assert desk.ticket(answer.body["conversation"], answer.body["position"])["preview"] == ident
    print(f"  {len(accepted)} answered, then stopped in {took:.2f} s")


def second_server(desk):
    """A second server on the folder is refused, by name and without harm."""
    refused = subprocess.run([PROGRAM, "serve", "--data", desk.folder, "--listen", "127.0.0.1:0"], capture_output=True,
                             text=True, timeout=30)
    assert refused.returncode != 0, refused
    assert desk.folder in refused.stderr, refused.stderr
    assert any(word in refused.stderr for word in ("another", "in use", "already")), refused.stderr
    assert "listening" not in refused.stdout
    assert desk.inbound("chat", "shop", "zoe", "after the second", "still there?")["created"]
    with open(os.path.join(desk.folder, "address"), encoding="ascii") as address:
        assert address.read().strip() == f"http://{desk.address}"
    print(f"  it says: {refused.stderr.strip()}")


STEPS = (first_start, a_conversation, if_match, read_your_writes, deadlines, restart, second_server, sigterm)


def main():
    wanted = sys.argv[1:]
    failed = []
    with Desk() as desk:
        for step in STEPS:
            if wanted and step.__name__ not in wanted:
                continue
            print(f"{step.__name__}: {step.__doc__}", flush=True)
            try:
                step(desk)
            except Exception:
                traceback.print_exc()
                failed.append(step.__name__)
                if desk.process is None:
                    desk.start()
        assert not failed, f"failed: {', '.join(failed)}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
