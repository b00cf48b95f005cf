"""`parlance view`: the same words for a running server and for a stopped folder."""

import os
import unittest

from command_line import DONE, NOT_ALLOWED, NOT_FOUND, UNREACHABLE, USAGE, OnADesk, rows, run


class ViewsOfAServer(OnADesk):
    def view(self, *words):
        return run("view", *words, "--server", "http://" + self.desk.address, "--data", self.desk.folder)

    def test_list_and_status_are_those_of_the_server(self):
        served = self.desk.get("/v1/status")["views"]
        listed = self.view("list")
        self.assertEqual(listed.returncode, DONE, listed.stderr)
        self.assertEqual([row["id"] for row in rows(listed)], sorted({v["view"] for v in served}))
        self.assertTrue(all(row["health"] == "ok" for row in rows(listed)))
        self.assertEqual({(row["view"], row["partition"]) for row in rows(self.view("status"))},
                         {(v["view"], v["partition"]) for v in served})

    def test_verify_and_rebuild_find_every_view_equal(self):
        names = [row["id"] for row in rows(self.view("list"))]
        verified = self.view("verify")
        self.assertEqual(verified.returncode, DONE, verified.stderr)
        self.assertEqual(sorted({row["view"] for row in rows(verified)}), names)
        self.assertTrue(all(row["equal"] and row["live"] == row["rebuilt"] for row in rows(verified)))
        rebuilt = self.view("rebuild", names[0])
        self.assertEqual(rebuilt.returncode, DONE, rebuilt.stderr)
        self.assertEqual({row["view"] for row in rows(rebuilt)}, {names[0]})

    def test_what_is_not_there_or_not_allowed_says_so(self):
        self.assertEqual(self.view("verify", "nothing").returncode, NOT_FOUND)
        self.assertEqual(self.view("rebuild").returncode, USAGE)
        token = os.path.join(self.desk.own, "wrong.token")
        with open(token, "w", encoding="ascii") as file:
            file.write("nobody's\n")
        done = run("view", "list", "--server", "http://" + self.desk.address, "--token-file", token)
        self.assertEqual(done.returncode, NOT_ALLOWED, done.stderr)
        self.assertEqual(run("view", "list", "--server", "http://127.0.0.1:1", "--token-file", token).returncode,
                         UNREACHABLE)
        self.assertEqual(run("view", "list").returncode, USAGE)

    def test_a_folder_that_a_server_holds_is_refused(self):
        done = run("view", "verify", "--data", self.desk.folder)
        self.assertEqual(done.returncode, UNREACHABLE)
        self.assertIn("log.locked", done.stderr)


class ViewsOfAFolder(OnADesk):
    def test_verify_after_a_stop_and_after_a_kill(self):
        for end in (self.desk.stop, self.desk.kill):
            end()
            for verb in ("verify", "rebuild"):
                done = run("view", verb, "--data", self.desk.folder, *(["--all"] if verb == "rebuild" else []))
                self.assertEqual(done.returncode, DONE, done.stderr)
                self.assertTrue(all(row["equal"] for row in rows(done)))
                self.assertGreater(max(int(row["applied"]) for row in rows(done)), 1)
            self.desk.start()
            self.desk.inbound("chat", "shop", "person 1", end.__name__, "once more")
        self.desk.verify_views()

    def test_a_folder_without_views_has_nothing_to_compare(self):
        done = run("view", "verify", "--data", os.path.join(self.desk.own, "nowhere"))
        self.assertEqual(done.returncode, NOT_FOUND)
        self.assertFalse(os.path.exists(os.path.join(self.desk.own, "nowhere")))


if __name__ == "__main__":
    unittest.main()
