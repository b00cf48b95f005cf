"""What earlier programs stored is served as they served it: every folder of old_folders/ is opened, and goes on.

Of each: `log verify` finds nothing in the folder as it was left; every conversation's timeline begins with what its own program answered,
member by member (there may be more members, and what was due since follows); attached files are the same bytes; what was redacted stays
so. Every view, of whichever version it was, equals the one made from the log, also when all rows are thrown away. What the old program knew is
known: a message that comes again is a repeat, a person who writes again joins the same conversation, an answer given is given again,
timers fire dated with their deadline. Old messages are redacted, so the oldest key rows and capsules are read and replaced. And all that
again after a restart.

    old_folders_test.py [NAME ...]
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, os.path.join(HERE, "old_folders"))
from desk import PROGRAM, Desk, wait_until  # noqa: E402
from keyring import write_keyring  # noqa: E402
from make import DUE, DUE_SECONDS, KEYRING, PEOPLE, first_message, served  # noqa: E402

FOLDERS = sorted(os.path.basename(path).removesuffix(".tar.xz") for path in glob.glob(os.path.join(HERE, "old_folders", "*.tar.xz")))


def part_of(old, new, where=""):
    """The first place at which `new` has not what `old` has, or None. New members are no difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            if name not in new:
                return f"{where}.{name} is gone"
            if found := part_of(value, new[name], f"{where}.{name}"):
                return found
        return None
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return next((found for i, pair in enumerate(zip(old, new)) if (found := part_of(*pair, f"{where}[{i}]"))), None)
    return None if old == new else f"{where} was {old!r} and is {new!r}"


class OldFolder(unittest.TestCase):
    def opened(self, name):
        self.work = work = tempfile.mkdtemp(prefix="parlance-old-")
        self.addCleanup(shutil.rmtree, work)
        with tarfile.open(os.path.join(HERE, "old_folders", name + ".tar.xz")) as tar:
            tar.extractall(work)
        self.folder = os.path.join(work, "data")
        write_keyring(os.path.join(self.folder, "keys"), KEYRING)
        with open(os.path.join(work, "served.json"), encoding="utf-8") as file:
            self.book = json.load(file)

    def check_served(self, desk):
        conversations, files = served(desk, self.book["conversations"])
        for ident, old in self.book["conversations"].items():
            items = conversations[ident]["timeline"]
            for was, now in zip(old["timeline"], items):
                self.assertIsNone(part_of(was, now), f"{ident}: {now}")
            after = items[len(old["timeline"]):]
            self.assertGreaterEqual(len(items), len(old["timeline"]))
            self.assertLessEqual({item["kind"] for item in after}, set(DUE), after)
            self.assertEqual(conversations[ident]["ticket"]["number"], old["ticket"]["number"])
        # The first programs stored the names of attached files and no more; that there is none is told.
        nameless = {ident for ident, found in files.items() if ident not in self.book["files"] and found == 404}
        self.assertEqual({ident: found for ident, found in files.items() if ident not in nameless}, self.book["files"])

    def hashes(self, desk):
        views = wait_until(lambda: (views := desk.get("/v1/status")["views"]) and all(v["lag"] == "0" for v in views) and views,
                           "the views have applied the log")
        return {(view["view"], view["partition"]): view["hash"] for view in views}

    def check_timers(self, desk):
        """What was snoozed in the old program woke at the instant that it was snoozed until, and what was promised was broken then."""

        def fired():
            for ident, old in self.book["conversations"].items():
                items = desk.timeline(ident)
                due = next((item["details"]["until"] for item in old["timeline"] if item["kind"] == "snoozed"), None)
                answered = any(item["kind"] == "message" and item["direction"] == "out" for item in items)
                if due and [item["at"] for item in items if item["kind"] == "woken"] != [due]:
                    return False
                if not answered and not any(item["kind"] == "breached" for item in items):
                    return False
            return True

        wait_until(fired, "what was due fired", DUE_SECONDS + 30)

    def check_known(self, desk):
        """Repeats get the first answers, and people are known."""
        for number in range(PEOPLE):
            again = first_message(desk, number)
            items = self.book["conversations"][again["conversation"]]["timeline"]
            self.assertEqual(again["message"], items[1]["id"])
            if number % 3 != 2:
                answer = desk.call("POST", f"/v1/conversations/{again['conversation']}/reply", {"text": f"reply {number}"},
                                   key=f"reply {number}")
                self.assertEqual(answer.headers.get("idempotency-replayed"), "true", answer)
                self.assertEqual(answer.body["id"], items[2]["id"])
            if number % 3 == 0:
                self.assertEqual(desk.inbound("chat", "shop", f"person {number}", f"new {number}", "and?")["conversation"],
                                 again["conversation"])

    def check_redaction(self, desk):
        """One old message of each conversation goes, whatever the key rows and capsules are that it lies under; all else of it stays."""
        for ident in self.book["conversations"]:
            before = desk.timeline(ident)
            gone = [item for item in before if item["kind"] == "message" and item["personal"] == "value"][-1]
            desk.post(f"/v1/conversations/{ident}/messages/{gone['id']}/redact", {"reason": "a card number"})
            for was, now in zip(before, desk.timeline(ident)):
                if was["id"] == gone["id"]:
                    self.assertEqual((now["text"], now["personal"]), (None, "redacted"))
                else:
                    self.assertIsNone(part_of(was, now), f"{ident}: {now}")

    def check_backup(self):
        """The backup that the old program made of itself is restored, and served as the folder is."""
        if not os.path.exists(os.path.join(self.work, "backups")):
            return  # the first programs made none
        for number in os.listdir(os.path.join(self.work, "key-backups")):
            if number.isdigit():
                for name in ("root.key", "buckets", "secrets"):
                    shutil.copy(os.path.join(self.folder, "keys", name), os.path.join(self.work, "key-backups", number, name))
        restored = os.path.join(self.work, "restored")
        for words in (("verify", "--all"), ("restore", "--to", restored)):
            done = subprocess.run([PROGRAM, "backup", *words, "--from", os.path.join(self.work, "backups"), "--keys",
                                   os.path.join(self.work, "key-backups")], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.log_verifies(restored)
        with Desk(restored) as desk:
            self.check_served(desk)
            desk.verify_views()

    def check(self, name):
        self.opened(name)
        self.log_verifies()
        self.check_backup()
        with Desk(self.folder) as desk:
            self.check_served(desk)
            self.check_timers(desk)
            desk.verify_views()
            wanted = self.hashes(desk)
            desk.stop()
            self.log_verifies()
            for rows in ("fold", "views"):
                shutil.rmtree(os.path.join(self.folder, rows))
            desk.start()
            self.assertEqual(self.hashes(desk), wanted)
            self.check_served(desk)
            self.check_known(desk)
            self.check_redaction(desk)
            desk.verify_views()
            desk.kill()
            self.log_verifies()
            desk.start()
            desk.verify_views()
            self.assertEqual(desk.stop(), 0)

    def log_verifies(self, folder=None):
        done = subprocess.run([PROGRAM, "log", "verify", "--data", folder or self.folder], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)


for one in FOLDERS:
    setattr(OldFolder, f"test_{one}", lambda self, name=one: self.check(name))


if __name__ == "__main__":
    unittest.main()
