"""`parlance demo`: a shop with a history and live traffic, on a small history."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import desk as support

CONVERSATIONS = 60
START_SECONDS_MAX = 60


class Demo(support.Desk):
    """`parlance demo` where a Desk is `parlance serve`."""

    def __init__(self, folder, *arguments):
        self.words = ("--conversations", str(CONVERSATIONS), *arguments)
        super().__init__(folder)

    def start(self):
        self.process = launch(self.folder, *self.words)
        said = self._read_until("sign in within")
        for line in said.splitlines():
            if line.startswith("listening on http://"):
                self.address = line.removeprefix("listening on http://")
            if line.startswith("sign in within"):
                self.link = line.split(": ", 1)[1]
        with open(os.path.join(self.folder, "admin.token"), encoding="ascii") as token:
            self.token = token.read().strip()
        return self

    def conversations(self):
        found, after = [], ""
        while True:
            page = self.get(f"/v1/conversations?sort=oldest&limit=200{after}")
            found += page["data"]
            if not page["page"]["has_more"]:
                return found
            after = "&after=" + page["page"]["next"]

    def openings(self):
        """Who wrote what first, whatever the time."""
        found = []
        for one in self.conversations():
            items = self.get(f"/v1/conversations/{one['id']}/timeline?limit=5")["data"]
            message = next(item for item in items if item["kind"] == "message")
            found.append((one["language"], one["channel"], message["from"]["name"], message["text"]))
        return sorted(found)


def launch(folder, *words):
    with open(os.path.join(os.path.dirname(folder), "demo.log"), "ab") as log:
        return subprocess.Popen([support.PROGRAM, "demo", "--data", folder, "--listen", "127.0.0.1:0", *words],
                                stdout=subprocess.PIPE, stderr=log)


class ADemo(unittest.TestCase):
    def setUp(self):
        self.own = tempfile.mkdtemp(prefix="parlance-demo-")
        self.addCleanup(shutil.rmtree, self.own, True)

    def demo(self, name, *arguments):
        os.makedirs(os.path.join(self.own, name), exist_ok=True)
        demo = Demo(os.path.join(self.own, name, "data"), *arguments)
        self.addCleanup(demo.close)
        return demo

    def verify(self, demo):
        for view in sorted({status["view"] for status in demo.get("/v1/status")["views"]}):
            found = demo.call("POST", f"/v1/admin/views/{view}/verify")
            self.assertEqual(found.status, 200, found)
            self.assertTrue(found.body["partitions"])
            self.assertTrue(found.body["equal"], found)

    def test_a_fresh_folder_becomes_a_shop_of_many_languages(self):
        started = time.monotonic()
        demo = self.demo("one", "--no-traffic")
        self.assertLess(time.monotonic() - started, START_SECONDS_MAX)
        self.assertIn("/#/sign-in/", demo.link)
        found = demo.conversations()
        self.assertEqual(len(found), CONVERSATIONS)
        self.assertLessEqual({"de", "es", "ar", "zh-Hans"}, {one["language"] for one in found})
        self.assertEqual({one["channel"] for one in found}, {"email", "chat", "whatsapp", "marketplace"})
        states = {one["state"] for one in found}
        self.assertIn("closed", states)
        self.assertTrue(states & {"new", "open"})
        self.assertTrue(all(one["personal"] == "value" and one["requester"]["name"] for one in found))
        # Timers fired in the past, at their own instants.
        closed = next(one for one in found if one["state"] == "closed")
        end = demo.get(f"/v1/conversations/{closed['id']}/timeline?limit=200")["data"][-1]
        self.assertEqual(end["kind"], "closed")
        self.assertEqual(end["at"], end["recorded_at"])
        self.verify(demo)

    def test_the_link_signs_in_a_supervisor(self):
        demo = self.demo("one", "--no-traffic")
        answer = demo.call("POST", "/v1/session", {"link": demo.link.split("/#/sign-in/")[1]}, token="")
        self.assertEqual(answer.status, 201, answer)
        principal = answer.body["principal"]
        self.assertEqual((principal["name"], principal["role"]), ("Mira Okafor", "admin"))

    def test_the_same_seed_says_the_same_in_two_folders_and_another_does_not(self):
        one, two, other = (self.demo(name, "--no-traffic", "--seed", seed) for name, seed in (("one", "5"), ("two", "5"), ("other", "6")))
        self.assertEqual(one.openings(), two.openings())
        self.assertNotEqual(one.openings(), other.openings())

    def test_a_history_that_was_killed_goes_on_and_a_whole_one_is_served_as_it_is(self):
        os.makedirs(os.path.join(self.own, "cut"))
        folder = os.path.join(self.own, "cut", "data")
        process = launch(folder, "--no-traffic", "--conversations", str(CONVERSATIONS))
        log = os.path.join(folder, "log")
        support.wait_until(lambda: size_of(log) > 400_000 or process.poll() is not None, "some of the history is written")
        process.kill()
        process.wait()
        process.stdout.close()
        refused = subprocess.run([support.PROGRAM, "demo", "--data", folder, "--listen", "127.0.0.1:0", "--seed", "99"],
                                 capture_output=True, text=True, timeout=60)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("demo.other_history", refused.stderr)
        cut = self.demo("cut", "--no-traffic")
        whole = self.demo("whole", "--no-traffic")
        self.assertEqual(cut.openings(), whole.openings())
        self.verify(cut)
        before = [(one["id"], one["version"]) for one in cut.conversations() if one["state"] == "closed"]
        cut.kill()
        cut.start()
        after = [(one["id"], one["version"]) for one in cut.conversations() if one["state"] == "closed"]
        self.assertEqual(before, after)
        self.assertEqual(cut.stop(), 0)

    def test_a_folder_of_somebody_elses_conversations_is_refused(self):
        os.makedirs(os.path.join(self.own, "real"))
        folder = os.path.join(self.own, "real", "data")
        with support.Desk(folder) as real:
            real.inbound("chat", "shop", "ann", "m1", "hello")
            real.stop()
        refused = subprocess.run([support.PROGRAM, "demo", "--data", folder, "--listen", "127.0.0.1:0"],
                                 capture_output=True, text=True, timeout=60)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("demo.not_a_demo", refused.stderr)

    def test_traffic_flows_by_itself_and_stops_with_the_program(self):
        demo = self.demo("one")
        position = lambda: sum(int(status["applied"]) for status in demo.get("/v1/status")["views"])
        before = position()
        support.wait_until(lambda: position() > before, "something happens")
        self.assertEqual(demo.stop(), 0)


def size_of(folder):
    try:
        return sum(os.path.getsize(os.path.join(base, name)) for base, _, names in os.walk(folder) for name in names)
    except OSError:  # a file went away meanwhile
        return 0


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
