"""The feed of events: all of them, in order, once, whatever happens to reader and server.

What `parlance events cat` says of the log is the truth that pages and streams are held against, under load, over a kill -9,
with cursors good and bad.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/feed_test.py
"""

import collections
import json
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, Desk, wait_until  # noqa: E402
from web_socket import EventStream  # noqa: E402

WORDS = "confidential-words-of-a-customer"


def logged(desk):
    """What the log holds, by the command line: partition -> [(position, id, type, version)]."""
    lines = desk.run("events", "cat", "--data", desk.folder, "-o", "jsonl").stdout.splitlines()
    by_partition = collections.defaultdict(list)
    for event in map(json.loads, lines):
        by_partition[event["position"].split(":")[1]].append((event["position"], event["id"], event["type"], event["version"]))
    return dict(by_partition)


def seen(events):
    by_partition = collections.defaultdict(list)
    for e in events:
        by_partition[e["position"].split(":")[1]].append((e["position"], f"{e['envelope']}:{e['index']}", e["type"], e["version"]))
    return dict(by_partition)


def pages(desk, limit, after=None, types=None, at_least=None):
    """All pages from `after` on; the last cursor."""
    events = []
    while True:
        path = f"/v1/events?limit={limit}" + (f"&after={after}" if after else "") + (f"&types={types}" if types else "")
        page = desk.get(path, at_least)
        assert len(page["data"]) <= limit
        events += page["data"]
        after = page["page"]["next"]
        if not page["page"]["has_more"]:
            return events, after


def work(desk, who, count):
    """Customers write and agents answer; keyed, so that what a kill left open is sent again."""
    opened = None
    for n in range(count):
        body = {"channel": "chat", "account": "shop", "message_id": f"{who}-{n}", "text": f"{WORDS} {n}",
                "from": {"address": f"{who}-{n % 3}", "name": "Ann Confidential"}}
        while True:
            try:
                opened = desk.post("/v1/inbound", body)["conversation"]
                desk.post(f"/v1/conversations/{opened}/reply", {"text": f"{WORDS} back"}, key=f"{who} reply {n}")
                if n % 4 == 0:
                    desk.post(f"/v1/conversations/{opened}/resolve", {"reason": WORDS}, key=f"{who} resolve {n}")
                break
            except BROKEN:
                wait_until(lambda: desk.process is not None and desk.address, "the server runs again")
            except AssertionError as error:
                assert "503" in str(error) or "unfinished" in str(error), error


class Reader(threading.Thread):
    """Follows the stream and comes back with Last-Event-ID whenever it ends, as a browser does."""

    def __init__(self, desk, path="/v1/events"):
        super().__init__(daemon=True)
        self.desk, self.path, self.events, self.last_id, self.reconnects = desk, path, [], None, 0
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                with EventStream(self.desk, self.path, last_event_id=self.last_id) as stream:
                    self.stream = stream
                    if stream.status != 200:
                        continue
                    for event in stream:
                        assert event["event"] == event["data"]["type"] and event["id"] == event["data"]["id"]
                        self.events.append(event["data"])
                        self.last_id = event["id"]
                        if self.over.is_set():
                            return
            except BROKEN:
                pass
            self.reconnects += 1
            self.over.wait(0.05)


def under_load_and_kills(desk):
    """Three readers and pages against the log, while clients write and the server is killed three times."""
    readers = [Reader(desk), Reader(desk), Reader(desk, "/v1/events?types=conversation.replied,conversation.resolved")]
    clients = [threading.Thread(target=work, args=(desk, f"client{n}", 60)) for n in range(4)]
    for client in clients:
        client.start()
    for kill in range(3):
        wait_until(lambda: len(readers[0].events) >= 100 * (kill + 1) or not any(c.is_alive() for c in clients), "more events were read")
        desk.kill()
        desk.start()
    for client in clients:
        client.join()
    log = logged(desk)
    total = sum(map(len, log.values()))
    wait_until(lambda: len(readers[0].events) >= total and len(readers[1].events) >= total, f"all {total} events were streamed")
    wanted = {p: [e for e in events if e[2] in ("conversation.replied", "conversation.resolved")] for p, events in log.items()}
    some = sum(map(len, wanted.values()))
    wait_until(lambda: len(readers[2].events) >= some, "all events of two types were streamed")
    for reader in readers:
        reader.over.set()
    for reader in readers[:2]:
        assert seen(reader.events) == log, "the stream is not the log"
        assert reader.reconnects >= 3
    assert seen(readers[2].events) == {p: e for p, e in wanted.items() if e}, "the filtered stream is not the log"
    for limit in (1, 7, 200):
        events, _ = pages(desk, limit)
        assert seen(events) == log, f"pages of {limit} are not the log"
    events, _ = pages(desk, 50, types="conversation.resolved")
    assert {e["type"] for e in events} == {"conversation.resolved"} and len(events) == sum(
        e[2] == "conversation.resolved" for p in log.values() for e in p)
    return total


def shape_and_privacy(desk):
    """A page's items have all that is promised and no word of a person."""
    events, _ = pages(desk, 200)
    wanted = {"id", "position", "envelope", "index", "type", "stream", "version", "occurred_at", "recorded_at", "actor", "data", "capsules"}
    assert all(set(e) == wanted for e in events), events[0]
    text = json.dumps(events)
    for needle in (WORDS, "Confidential", "client0-1", desk.token):
        assert needle not in text, f"{needle} is in the feed"
    kinds = {e["type"]: e for e in events}
    opened = kinds["conversation.opened"]
    assert opened["stream"].startswith("cnv_") and opened["data"]["channel"] == "chat" and opened["data"]["queue"].startswith("que_")
    assert opened["actor"]["kind"] == "agent" and opened["capsules"][0]["class"] == "contact"
    assert kinds["conversation.replied"]["data"]["id"].startswith("msg_")
    assert kinds["desk.queue_added"]["data"]["name"] == "Inbox"
    assert "hash" not in kinds["desk.token_issued"]["data"]
    times = [e["recorded_at"] for e in events]
    assert sum(a > b for a, b in zip(times, times[1:])) <= 200 // 200 * len(events) // 10, "roughly by time"


def heard(stream, position):
    """Reads until the event at that position: others follow from what was done before it."""
    return next(event for event in stream if event["data"]["position"] == position)


def cursors(desk):
    """Good ones go on, bad ones are refused, nothing is skipped between two events of one envelope."""
    everything, end = pages(desk, 200)
    inside = next(i for i, e in enumerate(everything[:-1]) if everything[i + 1]["envelope"] == e["envelope"])
    rest, _ = pages(desk, 200, after=everything[inside]["id"])
    assert [e["position"] for e in rest] == [e["position"] for e in everything[inside + 1:]] and rest[0]["index"] == 1
    for at in (0, len(everything) // 2, len(everything) - 1):
        rest, _ = pages(desk, 200, after=everything[at]["id"])
        assert seen(rest) == seen(everything[at + 1:]), f"from the cursor of event {at}"
    assert desk.get(f"/v1/events?after={end}")["data"] == []
    after_end = desk.get("/v1/events?after=end")
    assert after_end["data"] == [] and not after_end["page"]["has_more"]
    got = desk.inbound("chat", "shop", "somebody-new", "new 1", "hello")
    news, _ = pages(desk, 200, after=after_end["page"]["next"], at_least=got["position"])
    assert got["position"] in {e["position"] for e in news}

    good = everything[3]["id"]
    flipped = good[:10] + ("A" if good[10] != "A" else "B") + good[11:]
    for name, path, code in [
            ("a changed cursor", f"after={flipped}", "cursor.unknown"), ("half a cursor", f"after={good[:40]}", "cursor.unknown"),
            ("no cursor at all", "after=", "cursor.unknown"), ("a word", "after=beginning", "cursor.unknown"),
            ("not base64", "after=%21%21%21", "cursor.unknown"), ("too long", "after=" + "A" * 3000, "cursor.unknown"),
            ("a list's cursor", "after=" + list_cursor(desk), "cursor.unknown"),
            ("an unknown type", "types=conversation.exploded", "unknown_type"), ("an empty type", "types=", "unknown_type"),
            ("two types, one unknown", "types=conversation.opened,x", "unknown_type"),
            ("a limit of zero", "limit=0", "not_in_range"), ("a limit too large", "limit=201", "not_in_range"),
            ("a limit in words", "limit=ten", "not_in_range"), ("a misspelt parameter", "afer=x", "unknown_parameter")]:
        answer = desk.call("GET", "/v1/events?" + path)
        assert answer.status == 422 and answer.body["errors"][0]["code"] == code, f"{name}: {answer}"
    for name, path in [("a stream from a changed cursor", f"/v1/events?after={flipped}"), ("a stream of an unknown type", "/v1/events?types=x")]:
        with EventStream(desk, path) as stream:
            assert stream.status == 422, name
    with EventStream(desk, token="") as stream:
        assert stream.status == 401
    with EventStream(desk, last_event_id=flipped) as stream:
        first = next(stream)
        assert first["event"] == "reset" and first["data"]["reason"] == "cursor.unknown", first
        got = desk.inbound("chat", "shop", "somebody-new", "new 2", "hello")
        heard(stream, got["position"])
    desk.inbound("chat", "shop", "somebody-new", "new 3", "hello")
    with EventStream(desk, "/v1/events?after=end", last_event_id=first["id"]) as stream:
        heard(stream, got["position"])  # Last-Event-ID wins over after
    answer = desk.call("HEAD", "/v1/events", headers={"Accept": "text/event-stream"})
    assert answer.status == 200


def list_cursor(desk):
    for n in range(2):
        desk.inbound("chat", "shop", f"for-a-cursor-{n}", f"for a cursor {n}", "hello")
    return desk.get("/v1/conversations?limit=1")["page"]["next"]


def of_another_log(desk):
    """A cursor that another server gave, or this one before its folder was put back from a copy, is not taken."""
    _, end = pages(desk, 200)
    with Desk() as other:
        assert other.call("GET", f"/v1/events?after={end}").body["errors"][0]["code"] == "cursor.unknown"


def stops(desk):
    """A stop ends streams in good order, and soon."""
    with EventStream(desk, "/v1/events?after=end") as stream:
        assert desk.stop() == 0
        assert list(stream) == [] and stream.whole, "the last chunk ends the body"
    desk.start()


def main():
    with Desk() as desk:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        total = under_load_and_kills(desk)
        shape_and_privacy(desk)
        cursors(desk)
        of_another_log(desk)
        stops(desk)
        desk.run("log", "verify", "--data", desk.folder)
    print(f"{total} events streamed over three kills, as the log has them; cursors, shapes and the stop as promised")
    return 0


if __name__ == "__main__":
    sys.exit(main())
