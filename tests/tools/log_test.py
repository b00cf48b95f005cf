"""`parlance log verify` finds nothing on a good log, running or stopped, and the place on a damaged one."""

import glob
import itertools
import os
import shutil
import struct
import tempfile
import threading
import unittest
import zlib

from command_line import DIFFERENCE, DONE, NOT_FOUND, OnADesk, on_a_terminal, rows, run


def copy_of(folder, to):
    copy = os.path.join(to, "copy")
    shutil.copytree(folder, copy)
    return copy


class VerifyingBesideAServer(OnADesk):
    def test_a_good_log_has_no_difference_and_its_chains_are_those_of_the_owners(self):
        done = run("log", "verify", "--data", self.desk.folder)
        self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        found = rows(done)
        partitions = [row for row in found if row["kind"] == "partition"]
        owners = self.desk.get("/v1/status")["partitions"]
        self.assertEqual([(p["end"], p["epoch"], p["seq"], p["chain"], p["void"]) for p in partitions],
                         [(o["end"], o["epoch"], o["seq"], o["chain"], o["void"]) for o in owners])
        self.assertTrue(all(int(p["accepted"]) + int(p["void"]) == int(p["end"]) for p in partitions))
        self.assertGreater(sum(int(p["capsules"]) for p in partitions), 3 * len(self.ids))
        self.assertEqual(found[-1]["kind"], "log")
        self.assertEqual(found[-1]["differences"], "0")

    def test_a_good_log_has_no_difference_while_it_is_written(self):
        enough = threading.Event()

        def write():
            for i in itertools.takewhile(lambda _: not enough.is_set(), itertools.count()):
                self.desk.inbound("chat", "shop", f"writer {i % 50}", f"w{i}", "hello " * 50)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(5):
                done = run("log", "verify", "--data", self.desk.folder)
                self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        finally:
            enough.set()
            writer.join()

    def test_a_person_on_a_terminal_reads_a_table(self):
        table = on_a_terminal("log", "verify", "--data", self.desk.folder).splitlines()
        self.assertIn("partition", table[0])
        self.assertEqual(len(table), 1 + 16)

    def test_a_folder_without_a_log_is_not_found(self):
        with tempfile.TemporaryDirectory() as empty:
            done = run("log", "verify", "--data", empty)
        self.assertEqual(done.returncode, NOT_FOUND)
        self.assertIn("log.absent", done.stderr)


class VerifyingAStoppedFolder(OnADesk):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.stop()

    def setUp(self):
        work = tempfile.mkdtemp(prefix="parlance-test-")
        self.addCleanup(shutil.rmtree, work)
        self.copy = copy_of(self.desk.folder, work)

    def verify(self):
        done = run("log", "verify", "--data", self.copy)
        return done, [row for row in rows(done) if row["kind"] == "difference"]

    def test_a_good_log_has_no_difference_and_is_left_as_it_was(self):
        before = {path: os.stat(path).st_mtime_ns for path in glob.glob(self.copy + "/**", recursive=True)}
        done, differences = self.verify()
        self.assertEqual((done.returncode, differences), (DONE, []), done.stderr)
        after = {path: os.stat(path).st_mtime_ns for path in glob.glob(self.copy + "/**", recursive=True)}
        self.assertEqual(after, before)

    def test_a_log_killed_in_the_middle_has_no_difference(self):
        self.desk.start()
        self.desk.inbound("chat", "shop", "person 1", "late", "one more")
        self.desk.kill()
        done = run("log", "verify", "--data", self.desk.folder)
        self.assertEqual(done.returncode, DONE, done.stderr)

    def test_a_mark_over_another_chain_is_found_at_its_record(self):
        partition, next_offset = self.change_mark_chain()
        done, differences = self.verify()
        self.assertEqual(done.returncode, DIFFERENCE)
        self.assertEqual([(d["rule"], d["partition"], d["offset"]) for d in differences],
                         [("mark.differs", partition, str(next_offset - 1))])
        self.assertIn(f"{partition}:{next_offset - 1}", done.stderr)
        self.assertIn("backup", done.stderr)

    def change_mark_chain(self):
        """Gives the first partition with records a sealed mark of another chain, with right checksums."""
        path = os.path.join(self.copy, "log", "sealed-mark")
        with open(path, "r+b") as file:
            mark = bytearray(file.read())
            header_crc = zlib.crc32(mark[:128])
            for partition in range(struct.unpack_from("<H", mark, 24)[0]):
                slots = [128 + 128 * partition, 128 + 128 * partition + 64]
                at = max(slots, key=lambda slot: struct.unpack_from("<Q", mark, slot)[0])
                next_offset = struct.unpack_from("<Q", mark, at)[0]
                if next_offset == 0:
                    continue
                mark[at + 8] ^= 1
                struct.pack_into("<I", mark, at + 60, zlib.crc32(mark[at:at + 60], header_crc))
                file.seek(0)
                file.write(mark)
                return partition, next_offset
        raise AssertionError("no partition has a mark")

    def test_records_that_are_gone_are_a_difference(self):
        for table in glob.glob(self.copy + "/log/log/*.log") + glob.glob(self.copy + "/log/log/*.sst"):
            os.truncate(table, os.path.getsize(table) // 2)
        done, _ = self.verify()
        self.assertEqual(done.returncode, DIFFERENCE, done.stderr)

    def test_a_changed_byte_of_a_record_is_found(self):
        changed = 0
        for table in glob.glob(self.copy + "/log/log/*.sst") + glob.glob(self.copy + "/log/log/*.log"):
            with open(table, "r+b") as file:
                at = file.read().find(b"PLC1")
                if at < 0:
                    continue
                file.seek(at + 26)
                byte = file.read(1)[0]
                file.seek(at + 26)
                file.write(bytes([byte ^ 0x10]))
                changed += 1
        self.assertGreater(changed, 0)
        done, _ = self.verify()
        self.assertEqual(done.returncode, DIFFERENCE, done.stderr)


if __name__ == "__main__":
    unittest.main()
