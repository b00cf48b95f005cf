"""`parlance backup`: what is restored is what was backed up, and what cannot be trusted is refused."""

import glob
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import unittest

from command_line import CONFLICT, DIFFERENCE, DONE, FAILED, NOT_FOUND, PROGRAM, UNREACHABLE, USAGE, rows, run, write_traffic
from desk import BROKEN, Desk, wait_until


def files_below(folder):
    return sorted(name for name in glob.glob(os.path.join(folder, "**"), recursive=True) if os.path.isfile(name))


def chains(folder):
    """Of each partition what `log verify` says of it."""
    done = run("log", "verify", "--data", folder)
    assert done.returncode == DONE, done.stderr
    return [row for row in rows(done) if row["kind"] == "partition"]


class Backups(unittest.TestCase):
    """A desk with traffic, a folder of backups and one of the keyring's, for each test its own."""

    def setUp(self):
        self.desk = Desk()
        self.addCleanup(self.desk.close)
        self.ids = write_traffic(self.desk, 4)
        self.backups = os.path.join(self.desk.own, "backups")
        self.keys = os.path.join(self.desk.own, "key-backups")
        self.restored = os.path.join(self.desk.own, "restored")

    def create(self, *words, code=DONE):
        done = run("backup", "create", "--data", self.desk.folder, "--to", self.backups, "--keys-to", self.keys, *words)
        self.assertEqual(done.returncode, code, done.stderr)
        return rows(done)[0] if code == DONE else done

    def restore(self, *words, code=DONE, keys=None):
        done = run("backup", "restore", "--from", self.backups, "--keys", keys or self.keys, "--to", self.restored, *words)
        self.assertEqual(done.returncode, code, done.stderr)
        return rows(done)[0] if code == DONE else done

    def verify(self, *words, code=DONE):
        done = run("backup", "verify", "--from", self.backups, *words)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def seen(self, desk):
        """What the world sees of the conversations."""
        return {one: (desk.ticket(one), desk.timeline(one)) for one in self.ids}

    def serve_restored(self):
        desk = Desk(folder=self.restored)
        self.addCleanup(desk.close)
        return desk


class ThereAndBack(Backups):
    def test_a_restored_folder_serves_the_same_tickets(self):
        made = self.create()
        seen = self.seen(self.desk)
        self.desk.stop()
        before = chains(self.desk.folder)
        self.assertEqual(int(made["records"]), sum(int(row["end"]) for row in before))
        told = self.restore()
        self.assertEqual((told["kind"], told["unreadable"], told["destroyed_again"]), ("restored", "0", "0"))
        self.assertEqual(sorted(os.listdir(self.restored)), ["keys", "log"])
        self.assertEqual(chains(self.restored), before)
        desk = self.serve_restored()
        self.assertEqual(self.seen(desk), seen)
        desk.verify_views()
        desk.inbound("chat", "shop", "person 1", "after", "it goes on")
        desk.stop()
        chains(self.restored)

    def test_online_and_offline_make_the_same(self):
        online = self.create()
        self.desk.stop()
        offline = self.create()
        self.assertEqual((offline["backup"], offline["records"]), ("2", online["records"]))
        self.restore("--backup", "1")
        one = chains(self.restored)
        shutil.rmtree(self.restored)
        self.restore("--backup", "2")
        self.assertEqual(chains(self.restored), one)

    def test_a_second_backup_shares_what_the_first_has(self):
        self.create()
        before = {os.path.basename(name) for name in glob.glob(self.backups + "/log/shared_checksum/*")}
        self.desk.inbound("chat", "shop", "person 1", "more", "one more")
        self.create()
        after = {os.path.basename(name) for name in glob.glob(self.backups + "/log/shared_checksum/*")}
        self.assertTrue(before and before < after)
        listed = rows(run("backup", "list", "--from", self.backups))
        self.assertEqual([row["backup"] for row in listed], ["1", "2"])
        self.assertLess(int(listed[0]["records"]), int(listed[1]["records"]))
        self.verify("--all", "--keys", self.keys)

    def test_keep_removes_the_oldest_and_leaves_the_rest_whole(self):
        for _ in range(3):
            self.create()
        self.assertEqual(self.create("--keep", "2")["removed"], ["1", "2"])
        self.assertEqual([row["backup"] for row in rows(run("backup", "list", "--from", self.backups))], ["3", "4"])
        self.verify("--all")
        self.desk.stop()
        self.assertEqual(self.create("--keep", "1")["removed"], ["3", "4"])
        self.verify("--all")
        self.assertEqual(self.verify("--backup", "3", code=NOT_FOUND).stdout, "")

    def test_the_server_says_what_it_did(self):
        self.assertEqual(self.desk.get("/v1/admin/backups"), {})
        made = self.create()
        state = self.desk.get("/v1/admin/backups")
        self.assertEqual((state["state"], state["backup"], state["records"]), ("done", made["backup"], made["records"]))
        self.assertEqual(self.desk.get("/v1/status")["backups"], state)
        self.assertIn("parlance_backup_last_success_timestamp_seconds 1", self.desk.get("/metrics"))


class WhileItWorks(Backups):
    def test_a_backup_under_load_is_of_one_moment(self):
        stop = threading.Event()
        sent = []

        def load(worker):
            n = 0
            while not stop.is_set():
                try:
                    sent.append(self.desk.inbound("chat", "shop", f"w{worker}", f"w{worker}-{n}", f"text {n}"))
                except BROKEN:
                    return
                n += 1

        threads = [threading.Thread(target=load, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(sent) > 50, "some messages are in")
        before = len(sent)
        made = [self.create(), self.create()]
        self.assertGreater(len(sent), before)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertLess(int(made[0]["records"]), int(made[1]["records"]))
        self.verify("--all")
        self.desk.kill()
        self.restore()
        desk = self.serve_restored()
        # All that was acknowledged before the backup began is in it.
        for got in sent[:before]:
            self.assertIn(got["message"], [item["id"] for item in desk.timeline(got["conversation"])])
        desk.verify_views()

    def test_killed_at_any_moment_create_leaves_no_half_backup(self):
        self.create()
        self.desk.stop()
        # Made slow enough to be met: a good many bytes to copy and to hash.
        rng = random.Random(7)
        for attempt in range(12):
            process = subprocess.Popen([PROGRAM, "backup", "create", "--data", self.desk.folder, "--to", self.backups],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=rng.uniform(0.005, 0.25))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            listed = rows(run("backup", "list", "--from", self.backups))
            self.assertGreaterEqual(len(listed), 1)
            self.assertTrue(all(int(row["records"]) > 0 for row in listed), attempt)
        self.verify("--all")
        self.create()
        self.verify("--all")
        # What the killed ones left is gone with the next.
        numbers = {row["backup"] for row in rows(run("backup", "list", "--from", self.backups))}
        self.assertEqual(set(os.listdir(self.backups + "/log/meta")), numbers)

    def test_a_server_killed_while_it_makes_one_leaves_the_others_whole(self):
        self.create()
        for i in range(5):
            process = subprocess.Popen([PROGRAM, "backup", "create", "--data", self.desk.folder, "--to", self.backups],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            wait_until(lambda: self.desk.get("/v1/admin/backups").get("state") == "running" or process.poll() is not None,
                       "the backup runs")
            self.desk.kill()
            said = process.stderr.read()
            process.stderr.close()
            self.assertIn(process.wait(timeout=30), (DONE, UNREACHABLE), said)
            self.desk.start()
        self.verify("--all")
        self.create()
        self.verify("--all")

    def test_killed_at_any_moment_restore_leaves_no_log_or_all_of_it(self):
        self.create()
        self.desk.stop()
        before = chains(self.desk.folder)
        rng = random.Random(11)
        for _ in range(12):
            process = subprocess.Popen([PROGRAM, "backup", "restore", "--from", self.backups, "--keys", self.keys, "--to",
                                        self.restored], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=rng.uniform(0.01, 0.45))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            if os.path.exists(os.path.join(self.restored, "log")):
                self.assertEqual(chains(self.restored), before)
                self.restore(code=FAILED)
                shutil.rmtree(self.restored)
            else:
                done = run("log", "verify", "--data", self.restored)
                self.assertEqual(done.returncode, NOT_FOUND)
        self.restore()
        self.assertEqual(chains(self.restored), before)

    def test_two_at_once_are_not_made(self):
        self.create()
        self.desk.stop()
        with open(os.path.join(self.backups, "lock"), "rb") as lock:
            import fcntl
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = run("backup", "create", "--data", self.desk.folder, "--to", self.backups)
        self.assertEqual(done.returncode, UNREACHABLE)
        self.assertIn("backup.locked", done.stderr)


class Damage(Backups):
    def test_every_flipped_byte_is_found_and_named(self):
        self.create()
        self.desk.stop()
        rng = random.Random(3)
        for name in files_below(self.backups):
            if os.path.basename(name) in ("lock",) or os.path.getsize(name) == 0:
                continue
            with open(name, "r+b") as file:
                at = rng.randrange(os.path.getsize(name))
                file.seek(at)
                byte = file.read(1)
                file.seek(at)
                file.write(bytes([byte[0] ^ (1 << rng.randrange(8))]))
            done = run("backup", "verify", "--from", self.backups)
            self.assertNotEqual(done.returncode, DONE, name)
            if "/log/" in name and "/meta/" not in name:
                self.assertEqual(done.returncode, DIFFERENCE, name + done.stderr)
                self.assertIn(os.path.relpath(name, self.backups), done.stderr)
                self.restore(code=DIFFERENCE)
                self.assertFalse(os.path.exists(self.restored))
            with open(name, "r+b") as file:
                file.seek(at)
                file.write(byte)
        self.verify()

    def test_a_missing_or_cut_file_is_found(self):
        self.create()
        name = max(glob.glob(self.backups + "/log/shared_checksum/*"), key=os.path.getsize)
        os.rename(name, name + ".away")
        self.assertIn("file.absent", self.verify(code=DIFFERENCE).stderr)
        shutil.copy(name + ".away", name)
        os.truncate(name, os.path.getsize(name) - 1)
        self.assertIn("file.length", self.verify(code=DIFFERENCE).stderr)
        found = rows(run("backup", "verify", "--from", self.backups))[0]
        self.assertEqual((found["equal"], found["found"][0]["rule"]), (False, "file.length"))

    def test_a_manifest_that_was_changed_is_refused(self):
        self.create()
        name = os.path.join(self.backups, "1.backup")
        with open(name, encoding="ascii") as file:
            lines = file.read().splitlines(keepends=True)
        hostile = json.loads(lines[-2])
        for change in (lines[:-1], lines[:-2] + lines[-1:], lines + lines[-1:], [], ["{}\n"], ["[" * 100000 + "\n"],
                       [json.dumps(dict(hostile, name="../../../etc/passwd")) + "\n" if line is lines[-2] else line
                        for line in lines]):
            with open(name, "w", encoding="ascii") as file:
                file.writelines(change)
            done = self.verify(code=DIFFERENCE)
            self.assertIn("1.backup, line", done.stderr)
            self.restore(code=DIFFERENCE)
        os.remove(name)
        self.verify(code=NOT_FOUND)


class Keys(Backups):
    def test_the_keyring_is_apart(self):
        with open(os.path.join(self.desk.folder, "keys", "root.key"), "rb") as file:
            root = file.read().strip()
        self.create()
        for name in files_below(self.backups):
            with open(name, "rb") as file:
                self.assertNotIn(root, file.read(), name)
        self.assertTrue(all(os.stat(name).st_mode & 0o77 == 0 for name in files_below(self.keys)))
        for to, keys in ((self.backups, self.backups + "/keys"), (self.keys + "/b", self.keys), (self.backups, self.backups),
                         (self.desk.folder + "/b", self.keys), (self.backups, self.desk.folder + "/k"),
                         (os.path.dirname(self.desk.folder), self.keys)):
            done = run("backup", "create", "--data", self.desk.folder, "--to", to, "--keys-to", keys)
            self.assertEqual(done.returncode, FAILED, (to, keys))
            self.assertIn("backup.inside", done.stderr)

    def test_a_link_does_not_hide_that_one_lies_in_the_other(self):
        link = os.path.join(self.desk.own, "link")
        os.symlink(self.desk.folder, link)
        done = run("backup", "create", "--data", self.desk.folder, "--to", link + "/b")
        self.assertIn("backup.inside", done.stderr)

    def test_another_logs_keyring_is_refused(self):
        self.create()
        with Desk() as other:
            theirs = os.path.join(other.own, "k")
            other.run("backup", "create", "--data", other.folder, "--keys-to", theirs)
            done = self.restore(code=FAILED, keys=theirs)
            self.assertIn("keyring.other_log", done.stderr)
            done = run("backup", "create", "--data", other.folder, "--to", self.backups)
            self.assertEqual(done.returncode, FAILED)
            self.assertIn("backup.other_log", done.stderr)
            done = run("backup", "create", "--data", other.folder, "--keys-to", self.keys)
            self.assertIn("backup.other_log", done.stderr)
        self.assertFalse(os.path.exists(self.restored))

    def test_only_the_newest_keyring_is_kept(self):
        self.create()
        self.create()
        self.assertEqual([name for name in os.listdir(self.keys) if name != "format"], ["2"])
        listed = rows(run("backup", "list", "--from", self.backups, "--keys", self.keys))
        self.assertEqual(listed[-1]["kind"], "keys")

    def test_a_damaged_key_backup_is_refused(self):
        self.create()
        for name in ("root.key", "buckets", "secrets", "manifest"):
            path = os.path.join(self.keys, "1", name)
            with open(path, "r+b") as file:
                whole = file.read()
                file.seek(20)
                file.write(bytes([whole[20] ^ 1]))
            done = self.restore(code=DIFFERENCE)
            self.assertIn("backup.keys_damaged", done.stderr)
            self.assertIn(name, done.stderr)
            with open(path, "wb") as file:
                file.write(whole)
        os.chmod(os.path.join(self.keys, "1", "root.key"), 0o644)
        self.assertIn("keyring.loose_mode", self.restore(code=FAILED).stderr)
        os.chmod(os.path.join(self.keys, "1", "root.key"), 0o600)
        self.restore("--keys-to", os.path.join(self.desk.own, "elsewhere"))
        self.assertEqual(os.listdir(self.restored), ["log"])
        self.assertEqual(sorted(os.listdir(os.path.join(self.desk.own, "elsewhere"))), ["buckets", "root.key", "secrets"])


class Refused(Backups):
    def test_where_something_lies_nothing_is_written(self):
        self.create()
        os.mkdir(self.restored)
        with open(os.path.join(self.restored, "mine"), "w", encoding="ascii"):
            pass
        self.assertIn("restore.exists", self.restore(code=FAILED).stderr)
        self.assertEqual(os.listdir(self.restored), ["mine"])
        self.assertIn("restore.exists", run("backup", "restore", "--from", self.backups, "--keys", self.keys, "--to",
                                            self.desk.folder).stderr)
        for to in (self.backups + "/x", self.keys + "/x"):
            self.assertIn("restore.inside", run("backup", "restore", "--from", self.backups, "--keys", self.keys, "--to",
                                                to).stderr)
        done = run("backup", "create", "--data", self.desk.folder, "--to", self.restored)
        self.assertIn("backup.not_ours", done.stderr)
        self.assertEqual(os.listdir(self.restored), ["mine"])

    def test_what_is_not_there_says_so(self):
        for words, code in ((("create", "--data", "/nowhere", "--to", self.backups), NOT_FOUND),
                            (("create", "--data", self.desk.folder), USAGE),
                            (("create", "--data", self.desk.folder, "--to", self.backups, "--keep", "0"), USAGE),
                            (("list", "--from", "/nowhere"), NOT_FOUND), (("verify", "--from", self.desk.own), NOT_FOUND),
                            (("verify", "--from", "/nowhere", "--backup", "x"), USAGE),
                            (("restore", "--from", "/nowhere", "--keys", self.keys, "--to", self.restored), NOT_FOUND),
                            (("restore", "--from", self.backups, "--to", self.restored), USAGE)):
            done = run("backup", *words)
            self.assertEqual((done.returncode, done.stdout), (code, ""), (words, done.stderr))
        self.assertFalse(os.path.exists(self.restored))

    def test_over_http_no_folder_is_made_and_none_but_an_administrator_asks(self):
        call = lambda body, **how: self.desk.call("POST", "/v1/admin/backups", body, **how)
        self.assertEqual(call({}).code, "backup.no_folder")
        self.assertEqual(call({"dir": "relative"}).code, "backup.relative")
        absent = os.path.join(self.desk.own, "absent")
        self.assertEqual(call({"dir": absent}).status, 404)
        self.assertFalse(os.path.exists(absent))
        self.assertEqual(call({"dir": self.desk.folder}).code, "backup.inside")
        self.assertEqual(call({"dir": "/tmp\0x"}).status, 422)
        self.assertEqual(call({"dir": "/" + "a" * 5000}).status, 422)
        self.assertEqual(call({"dir": absent, "keep": 0}).status, 422)
        self.assertEqual(call({"folder": absent}).status, 422)
        self.assertEqual(call({"dir": absent}, token="").status, 401)
        agent = self.desk.post("/v1/agents", {"name": "Kim"})["id"]
        token = self.desk.post(f"/v1/agents/{agent}/tokens", {})["token"]
        self.assertEqual(call({"dir": absent}, token=token).status, 403)
        self.assertEqual(self.desk.call("GET", "/v1/admin/backups", token=token).status, 403)


if __name__ == "__main__":
    unittest.main()
