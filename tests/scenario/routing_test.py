"""Queues with rules, on the real program: three agents and a storm of messages, claims and resolutions with a kill -9 in it,
after which what routing counts with is what the tickets say; offers, accepted, declined and left to pass; an agent who goes
offline is offered nothing; and what the routes of people and desk refuse.

    PARLANCE_PROGRAM=build/dev/parlance python3 tests/scenario/routing_test.py
"""

import concurrent.futures
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import BROKEN, Desk, wait_until  # noqa: E402

ACTIVE = ("new", "open")


class People:
    """Three agents with tokens of their own, and the first queue."""

    def __init__(self, desk, **of_each):
        self.desk = desk
        self.inbox = desk.get("/v1/queues")["data"][0]["id"]
        self.ids, self.tokens = [], {}
        for name in ("Ann", "Ben", "Cam"):
            made = desk.post("/v1/agents", {"name": name, "email": name.lower() + "@example.com", **of_each})
            self.ids.append(made["id"])
            self.tokens[made["id"]] = desk.post(f"/v1/agents/{made['id']}/tokens", {"scopes": ["agent"]})["token"]

    def rule(self, **rule):
        etag = self.desk.call("GET", f"/v1/queues/{self.inbox}").headers["etag"]
        self.desk.post(f"/v1/queues/{self.inbox}", {"rule": rule}, headers={"If-Match": etag})

    def presence(self, agent, presence):
        return self.desk.post(f"/v1/agents/{agent}/presence", {"presence": presence}, token=self.tokens[agent])

    def truth(self):
        """How many tickets of each agent are to do, says the list of tickets."""
        counts = dict.fromkeys(self.ids, 0)
        for ticket in self.desk.every("/v1/conversations?state=new,open&sort=oldest"):
            if ticket["assignee"]:
                counts[ticket["assignee"]["id"]] += 1
        return counts

    def counted(self):
        """What routing counts with; None while something is on its way."""
        counts = {}
        for agent in self.ids:
            load = self.desk.get(f"/v1/agents/{agent}/workload")
            if load["routing"]["reserved"]:
                return None
            counts[agent] = load["routing"]["load"]["total"]
        return counts

    def settle(self):
        """Waits until routing and the tickets agree; returns the counts."""
        try:
            return wait_until(lambda: (lambda counts: counts if counts == self.truth() else None)(self.counted()),
                              "routing counts what the tickets say")
        except AssertionError:
            for agent in self.ids:
                print(f"{agent} has {self.truth()[agent]}, routing counts",
                      self.desk.get(f"/v1/agents/{agent}/workload")["routing"])
            raise


def storm():
    with Desk() as desk:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        people = People(desk, capacity={"default": 12, "chat": 4})
        people.rule(kind="least_loaded")
        for agent in people.ids:
            people.presence(agent, "online")
        chance = random.Random(4711)
        work = [chance.random() for _ in range(600)]
        known = []

        def one(number):
            try:
                how = work[number]
                if how < 0.5 or not known:
                    got = desk.call("POST", "/v1/inbound",
                                    {"channel": "chat" if number % 5 == 0 else "email", "account": "shop", "text": "hello",
                                     "message_id": f"m{number}", "from": {"address": f"c{number}@example.com"}})
                    assert got.status == 201, got
                    known.append(got.body["conversation"])
                    return
                conversation = known[int(how * 1e6) % len(known)]
                agent = people.ids[number % 3]
                path = f"/v1/conversations/{conversation}/"
                if how < 0.65:
                    answer = desk.call("POST", path + "claim", {}, token=people.tokens[agent])
                elif how < 0.85:
                    answer = desk.call("POST", path + "resolve", {}, token=people.tokens[agent])
                elif how < 0.9:
                    answer = desk.call("POST", path + "unassign", {}, token=people.tokens[agent])
                elif how < 0.95:
                    answer = desk.call("POST", path + "reopen", {}, token=people.tokens[agent])
                else:
                    answer = desk.call("POST", f"/v1/agents/{agent}/presence",
                                       {"presence": ("away", "online")[number % 2]}, token=people.tokens[agent])
                assert answer.status in (200, 409), answer
            except BROKEN:
                pass  # the kill

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            list(pool.map(one, range(300)))
            running = [pool.submit(one, number) for number in range(300, 450)]
            running[20].result()
            desk.kill()
            [each.result() for each in running]
            desk.start()
            list(pool.map(one, range(450, 600)))
        for agent in people.ids:
            people.presence(agent, "online")
        counts = people.settle()
        # Nobody waits while somebody eligible has room.
        waiting = [t for t in desk.every("/v1/conversations?state=new,open&sort=oldest") if not t["assignee"]]
        if any(count < 12 for count in counts.values()):
            free = [a for a in people.ids if counts[a] < 12]
            for ticket in waiting:
                story = desk.get(f"/v1/conversations/{ticket['id']}/assignments")["data"]
                assert ticket["channel"] == "chat" or story, (ticket, free)
        shown = {agent["id"]: agent["load"]["total"] for agent in desk.get("/v1/agents")["data"]}
        assert {agent: shown[agent] for agent in people.ids} == counts, (shown, counts)
        desk.restart()
        assert people.settle() == counts
        desk.verify_views()
        assert desk.stop() == 0
        desk.run("log", "verify", "--data", desk.folder)
        print(f"storm: {len(known)} conversations, held {sorted(counts.values())}, {len(waiting)} wait")


def offers():
    with Desk() as desk:
        people = People(desk, languages=["de"])
        people.rule(kind="round_robin", languages=True, offer_seconds=5)
        ann, ben, cam = people.ids
        people.presence(ann, "online")
        got = desk.inbound("email", "shop", "a@example.com", "m1", "hallo", language="de")
        first = got["conversation"]

        def offered(agent):
            return desk.get("/v1/offers", token=people.tokens[agent])["data"]

        one = wait_until(lambda: offered(ann), "it is offered to Ann")[0]
        assert one["conversation"]["id"] == first and one["conversation"]["assignee"] is None, one
        assert desk.call("POST", f"/v1/conversations/{first}/accept", {}, token=people.tokens[ben]).code == "offer.none"
        took = desk.call("POST", f"/v1/conversations/{first}/accept", {}, token=people.tokens[ann])
        assert took.status == 200, took
        ticket = desk.ticket(first, took.headers["parlance-position"])
        assert ticket["assignee"]["id"] == ann and ticket["version"] == took.body["version"], (ticket, took)
        story = desk.get(f"/v1/conversations/{first}/assignments")["data"]
        assert [s["kind"] for s in story][-2:] == ["offered", "assigned"], story
        assert story[-2]["agent"]["name"] == "Ann" and story[-2]["rule"]["kind"] == "round_robin", story
        excluded = {c["agent"]["name"]: c["excluded"] for c in story[-2]["candidates"]}
        assert excluded["Ann"] is None and excluded["Ben"] == "offline", excluded

        # Declined with a reason, which is a note; then to Ben, who goes offline; then it waits.
        second = desk.inbound("email", "shop", "b@example.com", "m2", "hallo", language="de")["conversation"]
        wait_until(lambda: offered(ann), "it is offered to Ann")
        people.presence(ben, "online")
        desk.post(f"/v1/conversations/{second}/decline", {"reason": "I know them"}, token=people.tokens[ann])
        assert [i["text"] for i in desk.timeline(second) if i["kind"] == "note"] == ["I know them"]
        wait_until(lambda: offered(ben), "it is offered to Ben")
        people.presence(ben, "offline")
        assert offered(ben) == [] and offered(ann) == []
        story = [s["kind"] for s in desk.get(f"/v1/conversations/{second}/assignments")["data"]]
        assert story[-4:] == ["offered", "withdrawn", "no_candidate"][-4:] or story[-3:] == ["offered", "withdrawn",
                                                                                         "no_candidate"], story
        third = desk.inbound("email", "shop", "c@example.com", "m3", "hola", language="es")["conversation"]
        wait_until(lambda: offered(ann), "the third is offered to Ann")
        assert offered(ben) == [] and offered(cam) == []
        people.presence(ann, "offline")
        assert offered(ann) == []

        # Left to pass, it goes to the next.
        people.presence(cam, "online")
        people.presence(ben, "online")
        holder = wait_until(lambda: next((a for a in (ben, cam) if any(o["conversation"]["id"] == third for o in offered(a))), None),
                            "the third is offered again")
        other = cam if holder == ben else ben
        wait_until(lambda: any(o["conversation"]["id"] == third for o in offered(other)), "it passes to the other")
        kinds = [s["kind"] for s in desk.get(f"/v1/conversations/{third}/assignments")["data"]]
        assert "expired" in kinds, kinds
        desk.post(f"/v1/conversations/{third}/claim", {}, token=people.tokens[other])
        for conversation in (first, second, third):
            desk.post(f"/v1/conversations/{conversation}/resolve", {})
        people.settle()
        desk.verify_views()
        print("offers: accepted, declined, withdrawn, expired, claimed")


def refusals():
    with Desk() as desk:
        people = People(desk)
        ann, ben, _ = people.ids
        bad = [
            ("/v1/agents", {"name": ""}, 422),
            ("/v1/agents", {"name": "X", "languages": ["xx"]}, 422),
            ("/v1/agents", {"name": "X", "skills": ["unknown"]}, 422),
            ("/v1/agents", {"name": "X", "capacity": {"default": 501}}, 422),
            ("/v1/agents", {"name": "X", "capacity": {"pigeon": 1}}, 422),
            ("/v1/agents", {"name": "X", "capacity": 5}, 422),
            ("/v1/agents", {"name": "X", "role": "king"}, 422),
            ("/v1/skills", {}, 422),
            ("/v1/teams", {"name": "North", "agents": ["nobody"]}, 422),
            ("/v1/queues", {"name": "Q", "rule": {"kind": "magic"}}, 422),
            ("/v1/queues", {"name": "Q", "rule": {"kind": "round_robin", "offer_seconds": 1}}, 422),
            ("/v1/queues", {"name": "Q", "rule": {"kind": "round_robin", "team": "none"}}, 422),
            ("/v1/queues", {"name": "Q", "rule": {"kind": "round_robin", "colour": 1}}, 422),
            (f"/v1/queues/{people.inbox}", {"name": "Q"}, 428),
            (f"/v1/agents/{ann}", {"nonsense": 1}, 422),
            ("/v1/agents/agt_00000000000000000000000001", {"role": "lead"}, 404),
            (f"/v1/agents/{ann}/presence", {"presence": "asleep"}, 422),
        ]
        for path, body, status in bad:
            answer = desk.call("POST", path, body)
            assert answer.status == status, (path, body, answer)
        # Not for agents: others' presence, the desk.
        for path, body in ((f"/v1/agents/{ben}/presence", {"presence": "online"}), (f"/v1/agents/{ann}", {"role": "admin"}),
                           ("/v1/skills", {"name": "s"}), (f"/v1/agents/{ann}/deactivate", {})):
            assert desk.call("POST", path, body, token=people.tokens[ann]).status == 403, path
        # All that an agent is.
        skill = desk.post("/v1/skills", {"name": "refunds"})["id"]
        team = desk.post("/v1/teams", {"name": "North", "agents": [ben]})["id"]
        before = desk.call("GET", f"/v1/agents/{ann}")
        desk.post(f"/v1/agents/{ann}", {"languages": ["de", "zh-Hant"], "skills": ["refunds"], "teams": [team],
                                        "capacity": {"default": 5, "chat": 2}, "name": "Anna"},
                  headers={"If-Match": before.headers["etag"]})
        stale = desk.call("POST", f"/v1/agents/{ann}", {"role": "lead"}, headers={"If-Match": before.headers["etag"]})
        assert stale.status == 412, stale
        people.presence(ann, "away")
        agent = desk.get(f"/v1/agents/{ann}")
        assert agent["name"] == "Anna" and agent["email"] == "ann@example.com", agent
        assert agent["languages"] == ["de", "zh-Hant"] and agent["skills"] == [{"id": skill, "name": "refunds"}], agent
        assert agent["capacity"] == {"default": 5, "chat": 2} and agent["presence"] == "away", agent
        names = lambda query: [a["name"] for a in desk.get("/v1/agents" + query)["data"]]  # noqa: E731
        assert names("?team=North") == ["Anna", "Ben"], names("?team=North")
        assert names("?skill=refunds&language=de&presence=away") == ["Anna"]
        assert names("?presence=online") == []
        assert len(names("?limit=2")) == 2 and len(desk.every("/v1/agents")) == 4
        assert desk.call("GET", "/v1/agents?presence=asleep").status == 422
        desk.post(f"/v1/teams/{team}", {"name": "Nord", "remove": [ben]})
        assert desk.get("/v1/teams")["data"][0]["agents"] == [{"id": ann, "name": "Anna"}]
        # Who has left is nobody any more.
        desk.post(f"/v1/agents/{ben}/deactivate")
        assert desk.call("GET", "/v1/queues", token=people.tokens[ben]).status == 401
        assert desk.get(f"/v1/agents/{ben}")["active"] is False
        admin = next(a["id"] for a in desk.get("/v1/agents")["data"] if a["role"] == "admin")
        assert desk.call("POST", f"/v1/agents/{admin}/deactivate").code == "desk.last_admin"
        desk.post(f"/v1/agents/{ben}", {"active": True})
        assert desk.call("GET", "/v1/queues", token=people.tokens[ben]).status == 200
        conversation = desk.inbound("email", "shop", "a@example.com", "m1", "hi")["conversation"]
        assert desk.get(f"/v1/conversations/{conversation}/assignments")["data"] == []
        assert desk.call("POST", f"/v1/conversations/{conversation}/accept", {}, token=people.tokens[ann]).code == "offer.none"
        desk.restart()
        assert desk.get(f"/v1/agents/{ann}")["presence"] == "away"
        print("refusals: each with its status")


if __name__ == "__main__":
    for part in (refusals, offers, storm):
        part()
