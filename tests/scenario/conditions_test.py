"""What is wrong with a server is told by its status, its health, its metrics and its doctor, with what is safe and what to do; and it is over when it is over.

A disk without space, views that are behind, a store that stalls: each is brought about on a real server. And limits: the rates by scope.
"""

import os
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tools"))
from command_line import run  # noqa: E402
from desk import BROKEN, Desk, wait_until  # noqa: E402
from faulty_disk import TAKE, FaultyDisk  # noqa: E402

MIB = 1 << 20
UNSEEN = {"Parlance-At-Least": ""}


def told(desk):
    return {c["name"]: c for c in desk.call("GET", "/v1/conditions", headers=UNSEEN).body["data"]}


def figures(desk):
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in desk.call("GET", "/metrics", headers=UNSEEN).body.splitlines() if not line.startswith("#")}


def write(desk, key):
    return desk.call("POST", "/v1/inbound", {"channel": "chat", "account": "shop", "message_id": key, "text": "t", "from": {"address": key}}, headers=UNSEEN)


def no_space(desk, disk):
    assert told(desk) == {} or set(told(desk)) <= {"log.space_short"}, told(desk)
    assert figures(desk)['parlance_condition{name="log.no_space"}'] == 0
    disk.free_bytes = 600 * MIB
    short = wait_until(lambda: told(desk).get("log.space_short"), "a disk that fills up is told")
    assert short["severity"] == "warning" and "600 MiB" in short["happened"], short
    assert desk.call("GET", "/readyz").status == 200, "and all goes on"
    disk.free_bytes = 100 * MIB
    wait_until(lambda: write(desk, f"full {time.monotonic()}").status == 503, "writes are refused")
    one = wait_until(lambda: told(desk).get("log.no_space"), "it is told")
    assert "100 MiB are free" in one["happened"] and "Reading goes on" in one["safe"] and "320 MiB" in one["advice"], one
    # The refusal itself says why and what to do.
    refused = wait_until(lambda: (a := write(desk, f"full {time.monotonic()}")).status == 503 and "320 MiB" in a.body["detail"] and a, "a refusal has the reason")
    assert refused.code == "read_only" and "retry-after" in refused.headers, refused
    ready = desk.call("GET", "/readyz", headers=UNSEEN, token="")
    assert ready.status == 503 and "log.no_space (not ready)" in ready.body, ready
    status = desk.get("/v1/status")
    assert [c["name"] for c in status["conditions"]][0] == "log.no_space"
    assert status["storage"]["log"]["space"] == "low" and int(status["storage"]["log"]["free_bytes"]) == 100 * MIB, status["storage"]
    assert {s["name"] for s in status["storage"]["stores"]} == {"log", "fold", "views"}
    assert figures(desk)['parlance_condition{name="log.no_space"}'] == 1
    assert figures(desk)["parlance_log_free_bytes"] == 100 * MIB
    since = one["since"]
    assert told(desk)["log.no_space"]["since"] == since, "it has one beginning"
    doctor = run("doctor", "--data", desk.folder)
    assert "log.no_space" in doctor.stdout and "Make room" in doctor.stdout, doctor.stdout
    disk.free_bytes = 0
    wait_until(lambda: write(desk, f"again {time.monotonic()}").status == 201, "writes are taken again", 10)
    wait_until(lambda: "log.no_space" not in told(desk), "it is over")
    assert desk.call("GET", "/readyz").status == 200


def behind(desk, disk):
    """The views wait for a slow disk, while the log goes on: /readyz says so beyond the limit, and only then."""
    stop = threading.Event()

    def keep_writing(number):
        count = 0
        own = threading.local()
        while not stop.is_set():
            try:
                write(desk, f"behind {number} {count}")
            except BROKEN:
                own = None
            count += 1
    threads = [threading.Thread(target=keep_writing, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        def lagging():
            disk.at_point("views.flush_early", 1, TAKE)
            answer = desk.call("GET", "/readyz", headers=UNSEEN)
            return answer.status == 503 and "views.behind" in answer.body
        disk.delay_us = 30_000
        wait_until(lagging, "/readyz is false while the views lag", 60)
    finally:
        disk.delay_us = 0
        stop.set()
        for thread in threads:
            thread.join()
    wait_until(lambda: desk.call("GET", "/readyz", headers=UNSEEN).status == 200, "and true when they have caught up")


def rates(desk):
    agent = desk.post("/v1/agents", {"name": "Bo"})["id"]
    token = desk.post(f"/v1/agents/{agent}/tokens", {"scopes": ["agent"]})["token"]
    far = {**UNSEEN, "X-Forwarded-For": "203.0.113.7"}
    answers = [desk.call("POST", "/v1/session", {"token": "plt_wrong"}, headers=far, token="") for _ in range(7)]
    assert [a.status for a in answers] == [401] * 5 + [429] * 2, answers
    assert answers[-1].code == "too_many_requests" and 1 <= int(answers[-1].headers["retry-after"]) <= 12, answers[-1].headers
    assert desk.call("POST", "/v1/session", {"token": "plt_wrong"}, headers={**UNSEEN, "X-Forwarded-For": "203.0.113.8"}, token="").status == 401, "others are not hindered"
    assert all(desk.call("POST", "/v1/session", {"token": "plt_wrong"}, headers=UNSEEN, token="").status == 401 for _ in range(20)), "this machine has no limit"
    look = lambda who: desk.call("POST", "/v1/subjects/lookup", {"channel": "email", "address": "a@example.org"}, headers=UNSEEN, token=who).status
    found = [look(token) for _ in range(32)]
    assert found[:30] == [200] * 30 and found[-1] == 429, found
    assert [look(None) for _ in range(40)] == [200] * 40, "an administrator's token has none"
    session = desk.call("POST", "/v1/session", {"token": token}, token="", headers=UNSEEN)
    cookie = session.headers["set-cookie"].split(";")[0]
    many = [desk.call("GET", "/v1/session", token="", headers={**UNSEEN, "Cookie": cookie}).status for _ in range(400)]
    assert many[:100] == [200] * 100 and 429 in many and set(many) == {200, 429}, sorted(set(many))
    limited = figures(desk)
    assert limited['parlance_http_rate_limited_total{limit="sign_in"}'] == 2
    assert limited['parlance_http_rate_limited_total{limit="session"}'] > 0


def main():
    with tempfile.TemporaryDirectory() as root:
        disk = FaultyDisk(root)
        with Desk(os.path.join(root, "data"), disk=disk, arguments=["--view-lag", "5"]) as desk:
            desk.inbound("chat", "shop", "ann", "m", "hello")
            no_space(desk, disk)
            print("ok  no space")
            behind(desk, disk)
            print("ok  behind")
            rates(desk)
            print("ok  rates")
            known = {c for c in figures(desk) if c.startswith("parlance_condition{")}
            assert len(known) >= 15, known
            # Of the limits there is one list.
            limits = run("config", "limits")
            assert limits.returncode == 0 and "http.header_bytes" in limits.stdout and "connections_per_address" in limits.stdout
    print("3 passed, 0 failed")


main()
