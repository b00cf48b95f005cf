"""`parlance generate` prints the same bytes for the same seed, and a history worth importing."""

import collections
import hashlib
import json
import subprocess
import unittest

from command_line import DONE, PROGRAM, USAGE, run

# Of `generate --seed 7 --conversations 300`: the same on every machine. Where the shop's texts or course are meant to change,
# so does this.
GOLDEN = "76bc4e3f89792cb945a60b315110f2be5bba6f097062f598e6e96a39cf465430"


def generate(*words):
    return subprocess.run([PROGRAM, "generate", *words], capture_output=True, check=True, timeout=120).stdout


class Generate(unittest.TestCase):
    def test_the_same_seed_is_the_same_bytes(self):
        said = generate("--seed", "7", "--conversations", "300")
        self.assertEqual(hashlib.sha256(said).hexdigest(), GOLDEN)
        self.assertNotEqual(said, generate("--seed", "8", "--conversations", "300"))

    def test_a_shop_of_many_languages_channels_and_courses(self):
        lines = [json.loads(line) for line in generate("--seed", "7", "--conversations", "600").splitlines()]
        messages = [line for line in lines if "path" not in line]
        self.assertGreaterEqual(len({line["language"] for line in messages}), 10)
        self.assertEqual({line["channel"] for line in messages}, {"email", "chat", "whatsapp", "marketplace"})
        acts = collections.Counter(line["path"].rsplit("/", 1)[1] for line in lines if "conversations" in line.get("path", ""))
        self.assertLessEqual({"assign", "claim", "reply", "note", "tags", "priority", "snooze", "wait", "resolve", "rating"}, set(acts))
        self.assertEqual(sum("." not in line["id"] for line in messages), 600)
        times = [line["occurred_at"] for line in lines if "occurred_at" in line]
        self.assertEqual(times, sorted(times))
        self.assertTrue(all("2026-03-02" <= at < "2026-03-24" for at in times))

    def test_days_agents_and_start(self):
        lines = [json.loads(line) for line in
                 generate("--conversations", "50", "--days", "3", "--agents", "40", "--start", "2020-02-28T00:00:00+01:00").splitlines()]
        agents = [line for line in lines if line.get("path") == "/v1/agents"]
        self.assertEqual(len({line["id"] for line in agents}), 40)
        self.assertTrue(all("2020-02-27T23" <= line["occurred_at"] < "2020-03-02" for line in lines if "occurred_at" in line))
        plain = generate("--conversations", "50", "--no-desk")
        self.assertNotIn(b"/v1/agents", plain)

    def test_what_it_cannot_do_is_said(self):
        for words in (["--conversations", "0"], ["--days", "0"], ["--agents", "1"], ["--start", "tomorrow"], ["--seed", "x"]):
            done = run("generate", *words)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), words)

    def test_whoever_stops_reading_ends_it(self):
        with subprocess.Popen([PROGRAM, "generate", "--conversations", "100000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertNotEqual(process.wait(timeout=60), DONE)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
