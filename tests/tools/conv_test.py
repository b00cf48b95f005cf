"""`parlance conv` shows what the server answers."""

import json
import unittest

from command_line import DONE, NOT_FOUND, USAGE, OnADesk, on_a_terminal, rows, run


class Conversations(OnADesk):
    def conv(self, *words):
        done = run("conv", words[0], "--data", self.desk.folder, *words[1:])
        self.assertEqual(done.returncode, DONE, done.stderr)
        return rows(done)

    def test_list_has_all_of_them_filtered_and_in_pages(self):
        listed = self.conv("list", "--sort", "newest")
        self.assertEqual(listed, self.desk.every("/v1/conversations?sort=newest"))
        self.assertEqual({row["id"] for row in listed}, set(self.ids))
        resolved = self.conv("list", "--state", "resolved")
        self.assertTrue(resolved and all(row["state"] == "resolved" for row in resolved))
        self.assertEqual(self.conv("list", "--sort", "newest", "--limit", "5"), listed[:5])
        ids = run("conv", "list", "--sort", "newest", "-o", "ids", "--data", self.desk.folder)
        self.assertEqual(ids.stdout.split(), [row["id"] for row in listed])
        whole = run("conv", "list", "--sort", "newest", "-o", "json", "--data", self.desk.folder)
        self.assertEqual(json.loads(whole.stdout), listed)

    def test_the_pages_filters_are_taken(self):
        self.assertEqual(self.conv("list", "state:resolved", "--sort", "newest"),
                         self.desk.every("/v1/conversations?q=state%3Aresolved&sort=newest"))
        self.assertEqual(self.conv("list", "--sort", "newest", "--", "state:open", "-channel:chat"), [])
        wrong = run("conv", "list", "colour:red", "--data", self.desk.folder)
        self.assertEqual((wrong.returncode, wrong.stdout), (1, ""))
        self.assertIn("/q", wrong.stderr)

    def test_show_timeline_and_log_are_the_servers(self):
        one = self.ids[0]
        self.assertEqual(self.conv("show", one), [self.desk.ticket(one)])
        self.assertEqual(self.conv("timeline", one), self.desk.timeline(one))
        self.assertEqual(self.conv("log", one), self.desk.every(f"/v1/conversations/{one}/events"))
        self.assertEqual(len(self.conv("log", one, "--limit", "2")), 2)

    def test_time_travel_by_version_and_by_instant(self):
        one = self.ids[0]
        then = self.conv("at", one, "2")
        self.assertEqual(then[0]["version"], "2")
        self.assertEqual(then, self.conv("show", one, "--at-version", "2"))
        self.assertEqual(then, [self.desk.get(f"/v1/conversations/{one}?at_version=2")])
        last = self.conv("log", one)[-1]["recorded_at"]
        self.assertEqual(self.conv("at", one, last)[0]["version"], self.conv("show", one)[0]["version"])

    def test_errors_have_their_exit_codes(self):
        absent = "cnv_" + "0" * 26
        done = run("conv", "show", absent, "--data", self.desk.folder)
        self.assertEqual((done.returncode, done.stdout), (NOT_FOUND, ""), done.stderr)
        self.assertEqual(run("conv", "show", "../session", "--data", self.desk.folder).returncode, USAGE)
        self.assertEqual(run("conv", "show", self.ids[0], "--data", "/nowhere").returncode, NOT_FOUND)
        wrong = run("conv", "list", "--state", "lost", "--data", self.desk.folder)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("?state", wrong.stderr)
        self.assertEqual(run("conv", "at", self.ids[0], "--data", self.desk.folder).returncode, USAGE)
        explained = run("conv", "list", "--assignee", "none", "--explain", "--data", self.desk.folder)
        self.assertIn("GET http://", explained.stderr)
        self.assertIn("/v1/conversations?assignee=none", explained.stderr)


class OnATerminal(OnADesk):
    def test_a_person_reads_tables_without_control_characters(self):
        eve = self.desk.inbound("chat", "shop", "eve", "evil", "\u001b]0;owned\u0007 \u009b2J bell\nand 猫",
                                name="E\u001b[31mve")["conversation"]
        table = on_a_terminal("conv", "list", "--data", self.desk.folder)
        self.assertEqual(table.split()[0], "number")
        for words in (("list",), ("show", eve), ("timeline", eve)):
            said = on_a_terminal("conv", *words, "--data", self.desk.folder)
            self.assertFalse([c for c in said if ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160], repr(said))
        self.assertIn("猫", said)


if __name__ == "__main__":
    unittest.main()
