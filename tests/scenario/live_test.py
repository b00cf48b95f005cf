"""Live updates on a real server, over WebSockets: what is pushed against what is read, over kills, to slow readers and to many.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/live_test.py [NAME...]
"""

import json
import os
import resource
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, Desk, wait_until  # noqa: E402
from web_socket import Closed, EventStream, WebSocket, connect  # noqa: E402


def write(desk, address, message_id, text="hello", **more):
    return desk.inbound("chat", "shop", address, message_id, text, **more)


def agent(desk, name):
    """Another agent's token."""
    made = desk.post("/v1/agents", {"name": name})["id"]
    return made, desk.post(f"/v1/agents/{made}/tokens", {"scopes": ["agent"]})["token"]


class Mirror:
    """A list as a page keeps it: what was pushed, applied."""

    def __init__(self, live, ident, **subscription):
        self.live, self.ident, self.tickets, self.order, self.cursor = live, ident, {}, [], None
        self.frames = 0
        self.take(live.subscribe(ident, "list", **subscription))

    def take(self, message):
        assert message["op"] in ("snapshot", "change"), message
        data, self.cursor = message["data"], message["cursor"]
        if message["op"] == "snapshot":
            self.tickets = {}
        for ticket in data["upserts"]:
            self.tickets[ticket["id"]] = ticket
        for gone in data["removes"]:
            del self.tickets[gone]
        self.order = data["order"]
        assert set(self.order) == set(self.tickets), "order, upserts and removes do not agree"
        self.frames += 1

    def until(self, condition):
        while not condition(self):
            self.take(self.live.hear(op="change", id=self.ident))

    def tickets_in_order(self):
        return [self.tickets[ident] for ident in self.order]


# ---- lists, conversations, figures ----

def lists(desk):
    """A pushed list is the list that is read, whatever happens to its tickets."""
    first = [write(desk, f"l{n}", f"l{n}-1") for n in range(5)]
    desk.get("/v1/conversations", at_least=",".join(f["position"] for f in first))
    with WebSocket(desk) as live:
        everything = Mirror(live, "all", limit=3)
        mine = Mirror(live, "mine", q="assignee:me state:open,new")
        newest = Mirror(live, "newest", sort="newest", state="new,open,resolved", limit=200)
        assert len(everything.order) == 3 and not mine.order
        claimed = desk.post(f"/v1/conversations/{first[4]['conversation']}/claim")
        mine.until(lambda m: m.order == [first[4]["conversation"]])
        desk.post(f"/v1/conversations/{first[0]['conversation']}/resolve")
        everything.until(lambda m: first[0]["conversation"] not in m.order and len(m.order) == 3)
        done = desk.post(f"/v1/conversations/{first[4]['conversation']}/snooze", {"until": "2099-01-01T00:00:00Z"})
        mine.until(lambda m: m.order == [])
        for mirror, path in ((everything, "/v1/conversations?limit=3"), (newest, "/v1/conversations?sort=newest&state=new,open,resolved&limit=200")):
            read = desk.get(path, at_least=done["position"])["data"]
            mirror.until(lambda m: m.tickets_in_order() == read)
        live.say(op="unsubscribe", id="mine")
        assert live.synced() is not None
        desk.post(f"/v1/conversations/{first[1]['conversation']}/claim")
        everything.until(lambda m: m.tickets[first[1]["conversation"]]["assignee"])
        assert not [m for m in live.synced() if m.get("id") == "mine"], "a change of what was unsubscribed"
        assert claimed


def conversations(desk):
    """The items pushed are the timeline: each once, in order, while five clients write at once."""
    got = write(desk, "many", "many 0")
    cnv = got["conversation"]
    desk.ticket(cnv, got["position"])
    with WebSocket(desk) as live, WebSocket(desk) as other:
        snapshot = live.subscribe("c", "conversation", conversation=cnv)
        assert snapshot["op"] == "snapshot" and snapshot["data"]["ticket"]["id"] == cnv and not snapshot["data"]["earlier"]
        same = other.subscribe("x", "conversation", conversation=cnv)
        assert same["data"] == snapshot["data"]
        items = list(snapshot["data"]["items"])

        def writer(who):
            for n in range(20):
                desk.post(f"/v1/conversations/{cnv}/note", {"text": f"{who} {n}"})
        threads = [threading.Thread(target=writer, args=(f"w{n}",)) for n in range(5)]
        for thread in threads:
            thread.start()
        frames = 0
        while len([i for i in items if i["kind"] == "note"]) < 100:
            change = live.hear(op="change", id="c")
            items += change["data"]["items"]
            frames += 1
        for thread in threads:
            thread.join()
        assert [i["version"] for i in items] == [str(v) for v in range(1, len(items) + 1)]
        assert items == desk.timeline(cnv)
        assert int(change["data"]["ticket"]["version"]) == len(items)
        late = other.hear(where=lambda m: m["op"] == "change" and int(m["data"]["ticket"]["version"]) == len(items), id="x")
        assert late
        again = live.subscribe("d", "conversation", conversation=cnv)["data"]
        assert again["earlier"] and again["items"] == items[-50:]
        nobody = live.subscribe("e", "conversation", conversation="cnv_01m81vegnma85xq78yc92m2n8q")
        assert nobody["op"] == "error" and nobody["code"] == "conversation.not_found"


def figures(desk):
    """Queues and counts are pushed as they are read; only what differs."""
    with WebSocket(desk) as live:
        queues = live.subscribe("q", "queues")["data"]["data"]
        assert queues == desk.get("/v1/queues")["data"]
        counts = live.subscribe("n", "counts", views=[{"name": "mine", "q": "assignee:me"}, {"name": "all", "q": ""},
                                                      {"name": "done", "q": "state:resolved"}])["data"]
        assert set(counts) == {"mine", "all", "done"}
        got = write(desk, "figures", "figures 1")
        changed = live.hear(op="change", id="n")["data"]
        assert changed == {"all": counts["all"] + 1}, (counts, changed)
        queue = live.hear(op="change", id="q")["data"]["data"]
        assert len(queue) == 1 and queue[0]["waiting"] == queues[0]["waiting"] + 1
        desk.post(f"/v1/conversations/{got['conversation']}/claim")
        assert live.hear(op="change", id="n")["data"] == {"mine": counts["mine"] + 1}
        made = desk.post("/v1/queues", {"name": "Returns"})["id"]
        live.hear(where=lambda m: any(q["id"] == made and q["name"] == "Returns" for q in m["data"]["data"]), op="change", id="q")


# ---- resuming ----

def resume(desk):
    """After a kill -9 a conversation goes on where it stopped: nothing is missing, nothing comes twice."""
    got = write(desk, "resume", "resume 0")
    cnv = got["conversation"]
    live = WebSocket(desk)
    first = live.subscribe("c", "conversation", conversation=cnv)
    items, cursor = list(first["data"]["items"]), first["cursor"]
    over = threading.Event()
    sent = [0]

    def writer():
        n = 0
        while not over.is_set():
            try:
                desk.post(f"/v1/conversations/{cnv}/note", {"text": f"note {n}"}, key=f"resume note {n}")
                n += 1
                sent[0] = n
            except BROKEN:
                time.sleep(0.01)  # it is being killed
            except AssertionError as error:
                assert "503" in str(error), error
    thread = threading.Thread(target=writer)
    thread.start()
    for kill in range(4):
        target = len(items) + 25
        while len(items) < target:
            try:
                message = live.hear(op="change", id="c")
                items += message["data"]["items"]
                cursor = message["cursor"]
            except Closed:
                break
        desk.kill()
        live.socket.close()
        desk.start()
        live = WebSocket(desk)
        if kill % 2:
            live.say(op="resume", cursor=cursor)
            message = live.subscribe("c", "conversation", conversation=cnv)
        else:
            message = live.subscribe("c", "conversation", conversation=cnv, cursor=cursor)
        assert message["op"] == "change", message
        items += message["data"]["items"]
        cursor = message["cursor"]
    over.set()
    thread.join()
    timeline = desk.timeline(cnv)
    while len(items) < len(timeline):
        items += live.hear(op="change", id="c")["data"]["items"]
    assert [i["version"] for i in items] == [i["version"] for i in timeline], "a gap, or twice the same"
    assert items == timeline

    # What cannot be resumed says so, and starts anew.
    other = live.subscribe("bad", "conversation", conversation=cnv, cursor=cursor[:-3] + "AAA")
    assert other["op"] == "reset" and other["reason"] == "cursor.unknown"
    assert live.hear(op="snapshot", id="bad")
    far = live.subscribe("far", "conversation", conversation=cnv, cursor=first["cursor"])
    if len(timeline) > 201:
        assert far["op"] == "reset" and far["reason"] == "too_much_changed" and live.hear(op="snapshot", id="far")
    else:
        assert far["op"] == "change" and len(far["data"]["items"]) == len(timeline) - len(first["data"]["items"])
    live.say(op="resume", cursor="nonsense")
    assert live.hear(op="reset")["reason"] == "cursor.unknown"
    assert live.subscribe("l", "list")["op"] == "snapshot", "lists are told whole"
    live.socket.close()


# ---- presence and collision ----

def presence(desk):
    """Who is at a conversation is told to those who look at it or list it, and ends with the connection."""
    got = write(desk, "presence", "presence 1")
    cnv = got["conversation"]
    desk.ticket(cnv, got["position"])
    bo, bo_token = agent(desk, "Bo")
    with WebSocket(desk) as ada, WebSocket(desk, token=bo_token) as bo_live, WebSocket(desk) as supervisor, WebSocket(desk) as elsewhere:
        Mirror(ada, "l", sort="newest")
        everybody = supervisor.subscribe("p", "presence")
        assert everybody["op"] == "snapshot" and everybody["data"]["data"] == []
        bo_live.say(op="viewing", conversation=cnv, state="viewing")

        def sees(live, *states):
            return live.hear(where=lambda m: [v["state"] for v in m["data"]] == list(states), op="viewers", conversation=cnv)["data"]
        for live in (ada, bo_live, supervisor):
            viewers = sees(live, "viewing")
            assert viewers[0]["agent"] == {"id": bo, "name": "Bo"}
        bo_live.say(op="viewing", conversation=cnv, state="typing")
        sees(ada, "typing")
        ada.say(op="viewing", conversation=cnv, state="idle")
        both = ada.hear(where=lambda m: len(m["data"]) == 2, op="viewers", conversation=cnv)["data"]
        assert {v["state"] for v in both} == {"typing", "idle"}
        late = supervisor.hear(where=lambda m: len(m["data"]) == 2, op="viewers", conversation=cnv)
        assert late
        with WebSocket(desk) as newcomer:
            newcomer.subscribe("c", "conversation", conversation=cnv)
            assert len(newcomer.hear(op="viewers", conversation=cnv)["data"]) == 2
        bo_live.socket.close()
        sees(ada, "idle")
        ada.say(op="viewing", conversation=cnv, state="left")
        sees(supervisor)
        assert not [m for m in elsewhere.synced() if m["op"] == "viewers"], "told to somebody who does not look"


def collision(desk):
    """Of many replies that saw the same version one is sent; the others are told what came."""
    got = write(desk, "collision", "collision 1")
    at = f"/v1/conversations/{got['conversation']}"
    version = desk.ticket(got["conversation"], got["position"])["version"]
    gate = threading.Barrier(8)
    answers = []

    def reply(n):
        gate.wait()
        answers.append(desk.call("POST", f"{at}/reply", {"text": f"answer {n}", "seen_version": version}))
    for _ in range(5):
        answers.clear()
        threads = [threading.Thread(target=reply, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(a.status for a in answers) == [201] + [409] * 7, answers
        sent = next(a for a in answers if a.status == 201).body
        for answer in answers:
            if answer.status == 409:
                assert answer.code == "conversation.changed_since", answer
                assert answer.body["changes"] and answer.body["changes"][0]["id"] == sent["id"], answer
        version = sent["version"]
    note = desk.post(f"{at}/note", {"text": "Wait, I am on it."})
    refused = desk.call("POST", f"{at}/reply", {"text": "x", "seen_version": version})
    assert refused.status == 409 and [c["text"] for c in refused.body["changes"]] == ["Wait, I am on it."]
    assert refused.body["version"] == note["version"]
    desk.post(f"{at}/priority", {"priority": "high"})
    desk.post(f"{at}/reply", {"text": "no message came since", "seen_version": note["version"]})
    sent = desk.call("POST", f"{at}/reply", {"text": "all the same", "seen_version": version, "anyway": True}, key="anyway")
    assert sent.status == 201
    again = desk.call("POST", f"{at}/reply", {"text": "all the same", "seen_version": version, "anyway": True}, key="anyway")
    assert again.body == sent.body
    for bad in ("x", "-1", "0", "1.5", "99999999999999999999", ""):
        answer = desk.call("POST", f"{at}/reply", {"text": "x", "seen_version": bad})
        assert answer.status == (201 if bad == "" else 422), (bad, answer)
    assert desk.call("POST", f"{at}/reply", {"text": "x", "seen_version": "100000"}).code == "conversation.version_unknown"
    assert desk.call("POST", f"{at}/reply", {"text": "x", "anyway": "yes"}).status == 422


# ---- slow readers, many readers, the end ----

def slow_readers(desk):
    """Who does not read is cut when 1 MiB waits, with the place to go on from; the others notice nothing."""
    got = write(desk, "slow", "slow 1")
    cnv = got["conversation"]
    desk.ticket(cnv, got["position"])
    with WebSocket(desk) as healthy:
        items = list(healthy.subscribe("c", "conversation", conversation=cnv)["data"]["items"])
        stalled = [WebSocket(desk, receive_buffer=4096) for _ in range(5)]
        for live in stalled:
            live.say(op="subscribe", id="c", what="conversation", conversation=cnv)
        stream = EventStream(desk, "/v1/events?after=end", receive_buffer=4096)
        begun = time.monotonic()
        text = "x" * 100_000
        for n in range(30):
            sent = desk.post(f"/v1/conversations/{cnv}/note", {"text": f"{n} {text}"})
            while len(items) < int(sent["version"]):
                items += healthy.hear(op="change", id="c")["data"]["items"]
        assert time.monotonic() - begun < 30
        for live in stalled:
            end = live.ended()
            known = [m for m in live.kept]
            assert end.code in (1013, None), end
            if end.code == 1013:
                with WebSocket(desk) as back:
                    answer = back.subscribe("c", "conversation", conversation=cnv, cursor=end.reason)
                    assert answer["op"] in ("change", "reset"), answer
            assert known is not None
        # A slow reader, which reads at last: what was dropped comes with the cursor that it was given.
        slow = WebSocket(desk, receive_buffer=4096)
        snapshot = slow.subscribe("c", "conversation", conversation=cnv)
        have = [i["version"] for i in snapshot["data"]["items"]]
        for n in range(3):
            slow.say(op="subscribe", id=f"more {n}", what="conversation", conversation=cnv)
        last = None
        for n in range(24):
            last = desk.post(f"/v1/conversations/{cnv}/note", {"text": f"again {n} {text[:25_000]}"})
            while len(items) < int(last["version"]):
                items += healthy.hear(op="change", id="c")["data"]["items"]
        code = None
        try:
            while True:
                message = slow.message()
                if message["op"] == "change" and message["id"] == "c":
                    have += [i["version"] for i in message["data"]["items"]]
        except Closed as closed:
            code = closed
        assert code.code == 1013 and code.reason, f"a slow reader that reads on gets the close: {code}"
        with WebSocket(desk) as back:
            answer = back.subscribe("c", "conversation", conversation=cnv, cursor=code.reason)
            while True:
                assert answer["op"] in ("change", "snapshot"), answer
                have += [i["version"] for i in answer["data"]["items"]]
                if have[-1] == last["version"]:
                    break
                answer = back.hear(op="change", id="c")
        assert have == [str(v) for v in range(int(have[0]), int(last["version"]) + 1)], have
        # The feed's reader was held back, not cut: it reads all when it reads.
        seen = 0
        for event in stream:
            seen += 1
            if event["data"]["position"] == last["position"]:
                break
        assert seen >= 54
        stream.close()


def memory_of(desk):
    with open(f"/proc/{desk.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def many_and_the_end(desk):
    """A thousand idle connections cost little, one change reaches them all, and SIGTERM ends them in good order within 5 s."""
    count = 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, count + 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    count = min(count, wanted - 200)
    got = write(desk, "crowd", "crowd 1")
    desk.ticket(got["conversation"], got["position"])
    before = memory_of(desk)
    crowd = [WebSocket(desk) for _ in range(count)]
    for live in crowd:
        live.say(op="subscribe", id="c", what="conversation", conversation=got["conversation"])
    for live in crowd:
        live.hear(op="snapshot", id="c")
    grown = memory_of(desk) - before
    assert grown < 64 * count, f"{grown} KiB for {count} connections"
    desk.post(f"/v1/conversations/{got['conversation']}/note", {"text": "to everybody"})
    for live in crowd:
        assert live.hear(op="change", id="c")["data"]["items"][0]["text"] == "to everybody"
    streams = [EventStream(desk, "/v1/events?after=end") for _ in range(20)]
    silent = [connect(desk) for _ in range(20)]
    ended = []
    process, begun = desk.process, time.monotonic()
    stopper = threading.Thread(target=lambda: ended.append((desk.stop(), time.monotonic() - begun)))
    stopper.start()
    for live in crowd:
        end = live.ended()
        assert end.code == 1001 and end.reason == "stopping", end
        live.socket.close()
    for stream in streams:
        assert list(stream) == [] and stream.whole
        stream.close()
    stopper.join()
    for one in silent:
        one.close()
    assert ended[0][0] == 0 and ended[0][1] < 5, ended
    assert process.poll() == 0
    print(f"  {count} connections: {grown / count:.1f} KiB each; stopped after {ended[0][1]:.2f} s", flush=True)
    desk.start()
    # Peers that never answer the close do not hold the end up either.
    rude = [WebSocket(desk) for _ in range(50)]
    assert desk.stop() == 0
    for live in rude:
        live.socket.close()
    desk.start()


def signed_out(desk):
    """A page's socket needs the page's cookie and origin."""
    link = desk.link.rsplit("/", 1)[1]
    signed_in = desk.call("POST", "/v1/session", {"link": link}, token="")
    cookie = signed_in.headers["set-cookie"].split(";")[0]
    origin = {"Cookie": cookie, "Origin": f"http://{desk.address}"}
    with WebSocket(desk, token="", headers=origin) as live:
        assert live.subscribe("q", "queues")["op"] == "snapshot"
    for name, headers, status in (("no cookie", {}, 401), ("no origin", {"Cookie": cookie}, 403),
                                  ("a foreign origin", {**origin, "Origin": "http://evil.example"}, 403),
                                  ("a null origin", {**origin, "Origin": "null"}, 403),
                                  ("another port", {**origin, "Origin": "http://127.0.0.1:1"}, 403),
                                  ("a prefix of ours", {**origin, "Origin": f"http://{desk.address}.evil.example"}, 403)):
        with WebSocket(desk, open=False) as live:
            assert live.handshake(token="", headers=headers)[0] == status, name


def main():
    tests = [lists, conversations, figures, presence, collision, signed_out, resume, slow_readers, many_and_the_end]
    named = sys.argv[1:]
    failed = []
    with Desk() as desk:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        for test in tests:
            if named and test.__name__ not in named:
                continue
            begun = time.monotonic()
            try:
                test(desk)
                print(f"{test.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
            except Exception:
                traceback.print_exc()
                failed.append(test.__name__)
                if desk.process is None:
                    desk.start()
    if failed:
        print("FAILED: " + ", ".join(failed))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
