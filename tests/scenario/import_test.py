"""`parlance import` brings a history in whole: once, however often it is repeated or killed, and on its own time.

The history is the generated shop's. Real ones: history_test.py, dialogues_test.py, twitter_test.py.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/import_test.py
"""

import os
import shutil
import signal
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk, parse_time, wait_until  # noqa: E402
from importing import (DONE, FAILED, PARTLY, UNREACHABLE, content, ends, figures, generate, launch_import,  # noqa: E402
                       log_bytes, run_import, tickets_at_rest, write_lines)

DAYS = ("2019-03-01T00:00:00Z", "2019-04-20T00:00:00Z")
SHOP = ("--seed", 11, "--conversations", 250, "--start", "2019-03-04T00:00:00Z")


class Importing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.own = tempfile.mkdtemp(prefix="parlance-import-")
        cls.shop = generate(os.path.join(cls.own, "shop.jsonl"), *SHOP)
        with open(cls.shop, encoding="utf-8") as file:
            cls.lines = sum(1 for _ in file)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.own, ignore_errors=True)

    def folder(self, name):
        return os.path.join(self.own, self.id().rsplit(".", 1)[1], name)

    def file(self, name, lines):
        os.makedirs(self.folder(""), exist_ok=True)
        return write_lines(self.folder(name), lines)

    def desk(self, folder=None):
        desk = Desk(folder)
        self.addCleanup(desk.close)
        return desk

    def whole(self):
        """The shop's history brought in at one go, into a folder, without a server."""
        folder = os.path.join(self.own, "whole")
        if not os.path.exists(folder):
            summary, _ = run_import(self.shop, where=folder)
            self.assertEqual((summary["lines"], summary["not_taken"], summary["there_before"]), (self.lines, 0, 0), summary)
            self.assertEqual((summary["conversations"], summary["whole"]), (250, True))
            with Desk(folder) as desk:
                type(self).expected = content(desk)
                type(self).figures = figures(desk, *DAYS)
                self.assertGreater(self.figures["created", "language"]["counted"], 0)
                desk.verify_views()
        return self.expected

    def test_a_server_and_a_folder_come_to_the_same(self):
        desk = self.desk()
        summary, _ = run_import(self.shop, where=desk)
        self.assertEqual((summary["lines"], summary["not_taken"], summary["conversations"]), (self.lines, 0, 250))
        self.assertEqual(content(desk), self.whole())
        desk.verify_views()

    def test_no_old_ticket_breaches_or_closes_by_the_clock_of_today(self):
        self.whole()
        latest = parse_time("2019-04-15T00:00:00Z")
        kinds = set()
        for ticket, items in self.expected:
            for item in items:
                self.assertLess(parse_time(item["at"]), latest, item)
                kinds.add(item["kind"])
        # What the lines say alone would break no promise and close nothing; what the desk promised does.
        self.assertLessEqual({"breached", "closed", "woken", "reopened", "resolved"}, kinds)
        for ticket, items in self.expected:
            response = ticket["first_response"]
            asked = next(parse_time(item["at"]) for item in items if item["kind"] == "message")
            breaches = [item for item in items if item["kind"] == "breached"]
            for breach in breaches:
                self.assertEqual(breach["at"], breach["details"]["due_at"])
            if response["state"] == "met" and ticket["episode"] == 1:
                self.assertLessEqual((parse_time(response["at"]) - asked).total_seconds(), 4 * 3600)
                self.assertFalse(breaches)

    def test_twice_changes_nothing_and_a_rebuild_is_equal(self):
        desk = self.desk()
        run_import(self.shop, where=desk)
        before, log = content(desk), ends(desk)
        again, _ = run_import(self.shop, where=desk)
        self.assertEqual((again["there_before"], again["taken"]), (self.lines, 0), again)
        self.assertEqual(ends(desk), log)
        renamed = shutil.copy(self.shop, os.path.join(self.own, "another name.jsonl"))
        again, _ = run_import(renamed, where=desk)
        self.assertEqual(again["there_before"], self.lines, again)
        self.assertEqual(ends(desk), log)
        self.assertEqual(content(desk), before)
        desk.verify_views()

    def test_killed_in_the_middle_and_resumed_it_is_as_in_one_go(self):
        folder = self.folder("cut")
        for size in (300_000, 900_000, 1_500_000):
            process = launch_import(self.shop, "--data", folder)
            wait_until(lambda: log_bytes(folder) > size or process.poll() is not None, "some is written")
            process.kill()
            process.wait()
        # Whoever looks meanwhile sees a part of it, and nothing of that breaks or closes.
        with Desk(folder) as desk:
            now = [ticket["first_response"]["state"] for ticket in desk.every("/v1/conversations?sort=oldest")]
            desk.stop()
        summary, _ = run_import(self.shop, where=folder)
        self.assertGreater(summary["there_before"], 0)
        self.assertTrue(now)
        with Desk(folder) as desk:
            self.assertEqual(content(desk), self.whole())
            self.assertEqual(figures(desk, *DAYS), self.figures)
            desk.verify_views()

    def test_what_one_began_with_a_folder_goes_on_with_a_server(self):
        folder = self.folder("cut")
        process = launch_import(self.shop, "--data", folder)
        wait_until(lambda: log_bytes(folder) > 500_000 or process.poll() is not None, "some is written")
        process.kill()
        process.wait()
        desk = self.desk(folder)
        run_import(self.shop, where=desk)
        self.assertEqual(content(desk), self.whole())

    def test_a_server_that_is_killed_meanwhile_ends_the_run_and_the_next_one_goes_on(self):
        desk = self.desk()
        process = launch_import(self.shop, "--server", "http://" + desk.address, "--token-file",
                                os.path.join(desk.folder, "admin.token"))
        wait_until(lambda: log_bytes(desk.folder) > 400_000 or process.poll() is not None, "some is written")
        desk.kill()
        self.assertIn(process.wait(timeout=60), (UNREACHABLE, DONE))
        desk.start()
        run_import(self.shop, where=desk)
        self.assertEqual(content(desk), self.whole())

    def test_asked_to_stop_it_ends_in_order_and_goes_on_later(self):
        folder = self.folder("asked")
        process = launch_import(self.shop, "--data", folder)
        wait_until(lambda: log_bytes(folder) > 400_000 or process.poll() is not None, "some is written")
        process.send_signal(signal.SIGTERM)
        self.assertIn(process.wait(timeout=60), (130, DONE))
        run_import(self.shop, where=folder)
        with Desk(folder) as desk:
            self.assertEqual(content(desk), self.whole())

    def test_a_dry_run_says_the_same_and_writes_nothing(self):
        path = self.file("mixed.jsonl", [
            message("m1", "2020-01-01T00:00:00Z"),
            message("m2", "2020-01-02T00:00:00Z", **{"from": {"address": ""}}),
            {"path": "/v1/conversations/{m1}/resolve", "occurred_at": "2020-01-03T00:00:00Z"},
            {"path": "/v1/conversations/{m1}/resolve", "occurred_at": "2020-01-03T00:00:00Z", "reason": "again"},
            {"path": "/v1/conversations/{m1}/wait", "occurred_at": "2020-01-03T00:00:00Z"},
            {"path": "/v1/conversations/{m9}/wait", "occurred_at": "2020-01-03T00:00:00Z"}])
        folder = self.folder("data")
        dry, said_dry = run_import(path, "--dry-run", where=folder, wanted=PARTLY)
        self.assertFalse(os.path.exists(folder))
        real, said = run_import(path, where=folder, wanted=PARTLY)
        same = lambda summary: {name: value for name, value in summary.items() if name not in ("seconds", "dry_run")}
        self.assertEqual(same(dry), same(real))
        self.assertEqual(said_dry, said)
        self.assertEqual((real["taken"], real["unchanged"], real["not_taken"]), (2, 1, 3), real)

    def test_rejected_lines_are_kept_and_may_be_corrected(self):
        lines = [message(f"m{i}", "2020-01-01T00:00:00Z", **({"chanel": "x"} if i % 10 == 3 else {})) for i in range(100)]
        path, rejects = self.file("lines.jsonl", lines), self.folder("rejects.jsonl")
        folder = self.folder("data")
        summary, said = run_import(path, "--rejects", rejects, where=folder, wanted=PARTLY)
        self.assertEqual((summary["taken"], summary["not_taken"]), (90, 10))
        self.assertEqual([(r["code"], r["lines"]) for r in summary["rejects"]], [("unknown_member", 10)])
        self.assertIn("lines.jsonl:4:", said)
        with open(rejects, encoding="utf-8") as file:
            kept = file.read()
        self.assertEqual(kept.count("\n"), 20)
        corrected = self.folder("corrected.jsonl")
        with open(corrected, "w", encoding="utf-8") as file:
            file.write(kept.replace('"chanel":"x",', "").replace(',"chanel":"x"', ""))
        summary, _ = run_import(corrected, where=folder)
        self.assertEqual((summary["lines"], summary["taken"]), (10, 10))

    def test_strict_stops_at_the_first(self):
        path = self.file("lines.jsonl", [message("m1", "2020-01-01T00:00:00Z"), "{", message("m2", "2020-01-01T00:00:00Z")])
        _, said = run_import(path, "--strict", where=self.folder("data"), wanted=FAILED)
        self.assertIn("lines.jsonl:2:", said)

    def test_names_come_from_lines_threads_and_a_map(self):
        desk = self.desk()
        queue = desk.post("/v1/queues", {"name": "Old mail"})["id"]
        names = self.file("names.json", ['{"mail":"%s"}' % queue])
        at = "2020-01-01T00:0%d:00Z"
        path = self.file("lines.jsonl", [
            {"path": "/v1/agents", "id": "ann", "name": "Ann"},
            message("m1", at % 0, id="T/1", thread="order 17"),
            {"path": "/v1/conversations/{T/1}/assign", "agent": "{ann}", "queue": "{mail}", "occurred_at": at % 1},
            message("m2", at % 2, thread="order 17", **{"from": {"address": "eve@example.com"}}),
            {"path": "/v1/conversations/{thread:order 17}/reply", "as": "{ann}", "text": "hello", "occurred_at": at % 3},
            {"path": "/v1/conversations/{T/1}/resolve", "as": "{ann}", "occurred_at": at % 4}])
        summary, said = run_import(path, "--map", names, where=desk)
        self.assertEqual((summary["taken"], summary["conversations"]), (6, 1), said)
        ticket = tickets_at_rest(desk)[0]
        self.assertEqual((ticket["queue"]["name"], ticket["assignee"]["name"], ticket["state"]), ("Old mail", "Ann", "resolved"))
        items = [item for item in desk.timeline(ticket["id"]) if item["kind"] in ("message", "resolved")]
        self.assertEqual([(item["actor"]["kind"], item["actor"]["name"]) for item in items][-2:], [("agent", "Ann")] * 2)
        self.assertEqual(len(items), 4)

    def test_the_routes_open_and_close_imports_and_take_their_commands(self):
        desk = self.desk()
        open_ones = lambda: [(one["id"], one["state"]) for one in desk.get("/v1/imports")["data"]]
        self.assertEqual(open_ones(), [])
        known = desk.get("/v1/imports?name=old%20desk")["data"]
        self.assertEqual([one["state"] for one in known], ["closed"])
        ident = known[0]["id"]
        in_it = {"Parlance-Import": ident}
        line = message("m1", "2015-06-01T00:00:00Z")
        refused = desk.call("POST", "/v1/inbound", line, headers=in_it)
        self.assertEqual((refused.status, refused.code), (409, "import.not_open"))
        self.assertEqual(desk.post("/v1/imports", {"name": "old desk"})["id"], ident)
        self.assertTrue(desk.post("/v1/imports", {"name": "old desk"}).get("unchanged"))
        self.assertEqual(open_ones(), [(ident, "open")])
        desk.settings(first_response_seconds=60)
        conversation = desk.post("/v1/inbound", line, headers=in_it)["conversation"]
        ann = desk.post("/v1/agents", {"name": "Ann"})["id"]
        where = f"/v1/conversations/{conversation}/reply"
        reply = {"text": "hello", "occurred_at": "2015-06-01T00:00:30Z"}
        for headers, status, code in (({**in_it, "Parlance-As": "agt_x"}, 422, "agent.unknown"),
                                      ({"Parlance-Import": "old desk"}, 422, "id.malformed"),
                                      ({"Parlance-Import": "imp_00000000000000000000000001"}, 409, "import.not_open")):
            refused = desk.call("POST", where, reply, headers=headers)
            self.assertEqual((refused.status, refused.code), (status, code), headers)
        plain = desk.post(f"/v1/agents/{ann}/tokens", {"scopes": ["agent", "ingest"]})["token"]
        for method, path, body, headers in (("POST", where, reply, in_it), ("POST", where, reply, {"Parlance-As": ann}),
                                            ("POST", "/v1/imports", {"name": "x"}, {}), ("GET", "/v1/imports", None, {}),
                                            ("POST", f"/v1/imports/{ident}/close", {}, {})):
            self.assertEqual(desk.call(method, path, body, headers=headers, token=plain).status, 403, path)
        desk.post(where, reply, headers={**in_it, "Parlance-As": ann})
        item = desk.timeline(conversation)[-1]
        self.assertEqual((item["actor"]["name"], item["at"]), ("Ann", "2015-06-01T00:00:30.000Z"))
        for bad in ({}, {"name": ""}, {"name": "x" * 1001}, {"name": "x", "colour": "red"}):
            self.assertEqual(desk.call("POST", "/v1/imports", bad).status, 422, bad)
        self.assertEqual(desk.call("POST", "/v1/imports/imp_x/close").status, 404)
        desk.post(f"/v1/imports/{ident}/close")
        self.assertTrue(desk.post(f"/v1/imports/{ident}/close").get("unchanged"))
        self.assertEqual(open_ones(), [])
        self.assertEqual(desk.ticket(conversation)["first_response"]["state"], "met")

    def test_one_conversation_of_many_lines_keeps_their_order(self):
        lines = [message("m0", "2020-01-01T00:00:00Z", id="T")]
        for i in range(1, 400):
            at = f"2020-01-01T{i // 60:02d}:{i % 60:02d}:00Z"
            lines.append(message(f"m{i}", at) if i % 3 == 0 else
                         {"path": "/v1/conversations/{T}/note", "text": f"n{i}", "occurred_at": at})
        desk = self.desk()
        run_import(self.file("lines.jsonl", lines), where=desk)
        items = desk.timeline(tickets_at_rest(desk)[0]["id"])
        self.assertEqual([item["text"] for item in items[1:]],
                         [line.get("text") for line in lines])


def message(ident, at, **more):
    return {"channel": "email", "account": "shop", "message_id": ident, "from": {"address": "ada@example.com"},
            "text": f"text of {ident}", "occurred_at": at, **more}


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
