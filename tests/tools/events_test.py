"""`parlance events` says what the log holds, and a stranger's program can check its dump."""

import io
import os
import struct
import subprocess
import sys
import unittest

from command_line import DONE, NOT_FOUND, PROGRAM, USAGE, OnADesk, rows, run

STRANGER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario", "follow_chain.py")


def follow(dump):
    """The stranger's answer: (exit code, {partition: (end, chain)}, what it complains of)."""
    done = subprocess.run([sys.executable, STRANGER], input=dump, capture_output=True, timeout=60)
    found = {int(p): (end, chain) for p, end, chain in (line.split() for line in done.stdout.decode().splitlines())}
    return done.returncode, found, done.stderr.decode()


def split(dump):
    """The records of a dump: (partition, offset, bytes)."""
    out, stream = [], io.BytesIO(dump)
    while head := stream.read(16):
        partition, offset, length = struct.unpack("<IQI", head)
        out.append((partition, offset, stream.read(length)))
    return out


def join(records):
    return b"".join(struct.pack("<IQI", p, offset, len(stored)) + stored for p, offset, stored in records)


class Events(OnADesk):
    def cat(self, *words):
        done = run("events", "cat", "--data", self.desk.folder, *words)
        self.assertEqual(done.returncode, DONE, done.stderr)
        return rows(done)

    def test_cat_has_every_event_of_every_conversation_in_order_and_no_text(self):
        events = self.cat()
        for conversation in self.ids:
            mine = [e for e in events if e["stream"] == conversation]
            served = self.desk.every(f"/v1/conversations/{conversation}/events")
            self.assertEqual([(e["id"], e["type"], e["version"], e["occurred_at"], e["recorded_at"], e["position"],
                               [(c["number"], c["reference"], c["digest"]) for c in e["capsules"]]) for e in mine],
                             [(e["id"], e["type"], e["version"], e["occurred_at"], e["recorded_at"], e["position"],
                               [(c["number"], c["reference"], c["digest"]) for c in e["capsules"]]) for e in served])
        done = run("events", "cat", "--data", self.desk.folder)
        self.assertNotIn("hello", done.stdout)
        self.assertNotIn("erson", done.stdout)

    def test_types_limit_and_partition_choose(self):
        opened = self.cat("--types", "conversation.opened")
        self.assertEqual(sorted(e["stream"] for e in opened), sorted(self.ids))
        self.assertEqual(self.cat("--types", "conversation.opened", "--limit", "3"), opened[:3])
        partition = opened[-1]["position"].split(":")[1]
        self.assertEqual(self.cat("--types", "conversation.opened", "--partition", partition),
                         [e for e in opened if e["position"].split(":")[1] == partition])
        ids = run("events", "cat", "--data", self.desk.folder, "--types", "conversation.opened", "-o", "ids")
        self.assertEqual(ids.stdout.split(), [e["id"] for e in opened])

    def test_from_a_position_an_instant_and_the_end(self):
        events = self.cat()
        middle = events[len(events) // 2]
        generation, partition, offset = middle["position"].split(":")
        self.assertEqual(self.cat("--from", middle["position"]),
                         [e for e in events if e["position"].split(":")[1] == partition
                          and int(e["position"].split(":")[2]) >= int(offset)])
        self.assertEqual(self.cat("--from", "@" + middle["recorded_at"]),
                         [e for e in events if e["recorded_at"] >= middle["recorded_at"]])
        last = self.cat("--from", "-1")
        self.assertTrue(0 < len({e["position"] for e in last}) <= 16)

    def test_a_type_nobody_knows_is_refused_with_the_nearest(self):
        done = run("events", "cat", "--data", self.desk.folder, "--types", "conversation.opend")
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
        self.assertIn("conversation.opened", done.stderr)

    def test_get_shows_the_envelope_at_a_position(self):
        event = self.cat("--types", "conversation.resolved")[0]
        done = run("events", "get", event["position"], "--data", self.desk.folder)
        self.assertEqual(done.returncode, DONE, done.stderr)
        record = rows(done)[0]
        self.assertEqual(record["record"], "envelope")
        self.assertIn(event, record["events"])
        claim = rows(run("events", "get", "1:0:0", "--data", self.desk.folder))[0]
        self.assertEqual((claim["record"], claim["epoch"], claim["genesis"]["first_slot"]), ("claim", "1", 0))
        self.assertEqual(run("events", "get", "1:0:99999999", "--data", self.desk.folder).returncode, NOT_FOUND)
        self.assertEqual(run("events", "get", "1:77:0", "--data", self.desk.folder).returncode, NOT_FOUND)
        self.assertEqual(run("events", "get", "one", "--data", self.desk.folder).returncode, USAGE)

    def test_stats_count_what_cat_prints(self):
        events = self.cat()
        done = run("events", "stats", "--data", self.desk.folder)
        self.assertEqual(done.returncode, DONE, done.stderr)
        counts = {row["type"]: row for row in rows(done)}
        for kind in {e["type"] for e in events}:
            mine = [e for e in events if e["type"] == kind]
            self.assertEqual(int(counts[kind]["count"]), len(mine))
            self.assertEqual(int(counts[kind]["capsules"]), sum(len(e["capsules"]) for e in mine))
            self.assertGreater(int(counts[kind]["bytes"]), 0)
        self.assertEqual(int(counts["record.claim"]["count"]), 16)


class AStranger(OnADesk):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.restart()  # a second epoch
        cls.desk.inbound("chat", "shop", "person 1", "again", "hello again")
        cls.desk.stop()
        cls.dump = subprocess.run([PROGRAM, "events", "cat", "--raw", "--data", cls.desk.folder],
                                  capture_output=True, check=True, timeout=60).stdout

    def test_comes_to_the_chains_that_log_verify_comes_to(self):
        code, found, said = follow(self.dump)
        self.assertEqual((code, said), (0, ""))
        verified = {row["partition"]: (row["end"], row["chain"])
                    for row in rows(run("log", "verify", "--data", self.desk.folder))
                    if row["kind"] == "partition" and row["end"] != "0"}
        self.assertEqual(found, verified)

    def test_finds_any_changed_byte_of_a_record(self):
        records = split(self.dump)
        place = next(i for i, (_, offset, _) in enumerate(records) if offset == 2)
        partition, offset, stored = records[place]
        for at in (24, 32, 40, 72, 88, 92, 96, len(stored) - 1):
            changed = bytearray(stored)
            changed[at] ^= 1
            code, _, said = follow(join(records[:place] + [(partition, offset, bytes(changed))] + records[place + 1:]))
            self.assertEqual(code, 1, f"byte {at}")
            self.assertTrue(said.startswith(f"{partition}:{offset}: "), said)

    def test_finds_a_record_that_is_gone_also_where_the_rest_is_renumbered(self):
        records = split(self.dump)
        place = next(i for i, (_, offset, _) in enumerate(records) if offset == 2)
        partition = records[place][0]
        gone = records[:place] + records[place + 1:]
        code, _, said = follow(join(gone))
        self.assertEqual(code, 1)
        self.assertTrue(said.startswith(f"{partition}:3: "), said)
        renumbered = [(p, offset - 1 if p == partition and offset > 2 else offset, stored)
                      for p, offset, stored in gone]
        code, found, said = follow(join(renumbered))
        whole = follow(self.dump)[1]
        self.assertTrue(code == 1 or found[partition] != whole[partition], "the chain must tell")

    def test_finds_a_dump_that_was_cut(self):
        self.assertEqual(follow(self.dump[:-1])[0], 1)


if __name__ == "__main__":
    unittest.main()
