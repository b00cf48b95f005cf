"""`parlance log salvage` names exactly the offsets of a damaged log that do not read, which of them a backup gives back, and what to do; and
what it tells an operator to do works.

A desk is written in four parts: a backup is made after the first and after the second, the third is flushed into tables by a restart, and
the fourth lies in the write-ahead log of a server that was killed. The ledger is every record as it was stored (`events cat --raw`), by
partition and offset, from before any damage. Each case harms a copy:
    whole        nothing; exit 0
    table        a table is removed: lost are all offsets of one partition in one part
    tables       all tables of one part are removed: lost are all its offsets, and no other
    block        a bit of a table is flipped: lost is what the log itself, read offset by offset, does not give back
    wal cut      the write-ahead log ends in its middle: lost is what does not lie before that, as read here byte by byte
    wal flip     a bit of it is flipped: lost is the record that was hit, and no more than the 32 KiB around it
    manifest cut, manifest, current, format, mark     the list of tables cut or gone, ... : every record reads, and it is told what does not
    exchanged    two tables have each other's names: every record reads
    ahead        the sealed mark is of a later time: what was written since is missing
    vault        a bit of a table of the vault is flipped: rows are lost, no record
    rot          any file of the log is harmed in any way of rot_test.py: what is told is lost was written, and where nothing is told, all reads
    backup       a table is removed, and the newest backup does not read: the one before it gives back what it has
and holds: not a byte of the folder changes; what a backup gives back is what it holds of what is lost; the restore that the text names
gives each record of the backup as it was written. `doctor` does not pass what is refused.

    salvage_test.py [--cases N] [--seed S] [--kind KIND] [--said]

--said prints what an operator reads. The last line is "cases N failed M".
"""

import argparse
import collections
import hashlib
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desk import PROGRAM, Desk, wait_until  # noqa: E402
from rot_test import KINDS as KINDS_OF_ROT, files_of, harm  # noqa: E402

MESSAGES, PEOPLE = 60, 9
WAL_BLOCK = 1 << 15
WHOLE, DAMAGED = 0, 6


def program(*words, code=0):
    done = subprocess.run([PROGRAM, *words], capture_output=True, timeout=120, check=False)
    assert done.returncode == code, f"{words}: exit {done.returncode} instead of {code}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def records(data):
    """{(partition, offset): bytes} of a folder, as it is read."""
    raw, at, out = program("events", "cat", "--raw", "--data", data), 0, {}
    while at < len(raw):
        partition, offset, size = struct.unpack_from("<IQI", raw, at)
        out[partition, offset] = raw[at + 16:at + 16 + size]
        at += 16 + size
    return out


def ends(ledger):
    out = collections.Counter()
    for partition, offset in ledger:
        out[partition] = max(out[partition], offset + 1)
    return out


def fingerprint(folder):
    out = {}
    for below, folders, names in os.walk(folder):
        for name in folders + names:
            path = os.path.join(below, name)
            found = os.lstat(path)
            whole = b""
            if name in names:
                with open(path, "rb") as file:
                    whole = hashlib.sha256(file.read()).digest()
            out[path] = (found.st_size if name in names else 0, found.st_mtime_ns, found.st_mode, whole)
    return out


def flip(path, at, bit):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ (1 << bit)]))


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def rows_of_batch(batch):
    """(family, key) of each row that a write batch puts. Its head is a sequence number and a count."""
    at = 12
    while at < len(batch):
        tag, family = batch[at], 0
        at += 1
        if tag in (0x4, 0x5, 0x6, 0x8, 0xe):  # of a family other than the default one
            family, at = varint(batch, at)
        if tag in (0x0, 0x7, 0x4, 0x8):  # deletions have a key alone
            size, at = varint(batch, at)
            at += size
        elif tag in (0x1, 0x5):
            size, at = varint(batch, at)
            key = batch[at:at + size]
            at += size
            size, at = varint(batch, at)
            at += size
            yield family, key
        elif tag == 0x3:
            size, at = varint(batch, at)
            at += size
        else:
            raise AssertionError(f"a row of kind {tag:#x} in the write-ahead log")


def wal_batches(data):
    """[(begin, end, batch)] of a write-ahead log: fragments in blocks of 32 KiB, each after a head of 7 bytes, or of 11 where files are
    used again."""
    at, whole, begin = 0, b"", 0
    while at + 7 <= len(data):
        if WAL_BLOCK - at % WAL_BLOCK < 7:
            at += WAL_BLOCK - at % WAL_BLOCK
            continue
        size, kind = struct.unpack_from("<HB", data, at + 4)
        head = 11 if 5 <= kind <= 8 else 7
        if kind == 0:
            break
        if kind in (1, 2, 5, 6):
            whole, begin = b"", at
        whole += data[at + head:at + head + size]
        at += head + size
        if kind in (1, 4, 5, 8):
            yield begin, at, whole


class Base:
    """The desk as it was, and the ledger of its parts."""

    def __init__(self, work):
        self.data, self.backups, self.keys = (os.path.join(work, name) for name in ("base", "backups", "key-backups"))
        self.tables = []  # of each part: the tables that it made
        self.parts = []  # the ends after each part
        with Desk(self.data) as desk:
            desk.settings(first_response_seconds=None, auto_close_seconds=None)
            for part in range(4):
                self.write(desk, part)
                wait_until(lambda: all(v["lag"] == "0" for v in desk.get("/v1/status")["views"]), "the views have applied the log")
                self.parts.append(ends(records(self.data)))
                before = set(self.files(".sst"))
                if part < 2:
                    program("backup", "create", "--data", self.data, "--to", self.backups, "--keys-to", self.keys)
                if part == 2:
                    desk.restart()
                self.tables.append(sorted(set(self.files(".sst")) - before))
            desk.kill()
        self.ledger = records(self.data)
        self.ends = ends(self.ledger)
        # Starting on a part may claim the partitions anew: those records are of the part after.
        program("log", "verify", "--data", self.data)
        assert all(self.tables[part] for part in range(3)), self.tables
        assert all(len(set(part.values())) > 1 for part in self.parts), "the partitions are filled unevenly"

    def files(self, extension):
        return [name for name in sorted(os.listdir(os.path.join(self.data, "log", "log"))) if name.endswith(extension)]

    @staticmethod
    def write(desk, part):
        for i in range(MESSAGES):
            answer = desk.post("/v1/inbound", {"channel": "chat", "account": "shop", "message_id": f"{part} m{i}", "text": f"{part} {i} " * 40,
                                               "from": {"address": f"person {i % PEOPLE}"}})
            if i % 7 == 3:
                desk.post(f"/v1/conversations/{answer['conversation']}/messages/{answer['message']}/redact", {"reason": "a card number"},
                          key=f"{part} redact {i}")

    def part(self, number):
        """{(partition, offset)} that the tables of a part hold."""
        before = self.parts[number - 1] if number else {}
        return {(p, o) for p, o in self.ledger if before.get(p, 0) <= o < self.parts[number].get(p, 0)}


class Case:
    """A copy of the base, what was done to it, and what is to be told of that."""

    def __init__(self, base, work, number, kind, seed):
        self.base, self.kind = base, kind
        self.chance = random.Random(f"{seed} {number}")
        self.root = os.path.join(work, f"case-{number}")
        self.data, self.backups = os.path.join(self.root, "data"), os.path.join(self.root, "backups")
        shutil.copytree(base.data, self.data)
        shutil.copytree(base.backups, self.backups)
        self.database = os.path.join(self.data, "log", "log")
        self.lost = None  # {(partition, offset)}: exactly these
        self.told = ""  # a pattern that the troubles or the refusal must have
        self.held = {2: ends_of_backup(self.backups, 2), 1: ends_of_backup(self.backups, 1)}  # newest first
        self.done = kind

    def path(self, name):
        return os.path.join(self.database, name)

    def of_partition(self, tables):
        """One of `tables` that holds records, and them: what is lost without it is one partition's."""
        name = self.chance.choice([t for t in tables if self.family(t).startswith("p")])
        return name, int(self.family(name)[1:])

    def family(self, table):
        """Of a table, from its own properties: "rocksdb.column.family.name" stands behind "...id", so its last word alone is written."""
        with open(self.path(table), "rb") as file:
            found = re.search(rb"name(p\d+|capsules|rows|tombstones|default)\n", file.read())
        return found[1].decode() if found else ""

    def harm(self):
        getattr(self, "harm_" + self.kind.replace(" ", "_"))()

    def harm_whole(self):
        self.lost = set()

    def harm_table(self):
        part = self.chance.randrange(3)
        name, partition = self.of_partition(self.base.tables[part])
        os.remove(self.path(name))
        self.done = f"{name} of part {part} gone"
        self.told = name
        self.lost = {(p, o) for p, o in self.base.part(part) if p == partition}
        assert self.lost

    def harm_backup(self):
        self.harm_table()
        os.remove(os.path.join(self.backups, "log", "meta", "2"))
        del self.held[2]

    def harm_tables(self):
        part = self.chance.randrange(3)
        for name in self.base.tables[part]:
            os.remove(self.path(name))
        self.done = f"all tables of part {part} gone"
        self.lost = self.base.part(part)

    def harm_block(self):
        part = self.chance.randrange(3)
        name, partition = self.of_partition(self.base.tables[part])
        # In its first half there are records, behind them what tells where each lies.
        at = self.chance.randrange(os.path.getsize(self.path(name)) // 3)
        flip(self.path(name), at, self.chance.randrange(8))
        self.done = f"a bit of byte {at} of {name} flipped"
        mine = sorted(o for p, o in self.base.part(part) if p == partition)
        self.lost = {(partition, o) for o in mine if not self.reads(partition, o)}
        assert self.lost, f"{self.done}: nothing is hit"

    def reads(self, partition, offset):
        got = subprocess.run([PROGRAM, "events", "cat", "--raw", "--limit", "1", "--partition", str(partition), "--from",
                              f"1:{partition}:{offset}", "--data", self.data], capture_output=True, timeout=60, check=False)
        return got.returncode == 0

    def wal(self):
        name = max(self.base.files(".log"), key=lambda log: os.path.getsize(self.path(log)))
        with open(self.path(name), "rb") as file:
            return name, file.read()

    def newest(self, wal):
        """[(begin, end, {(partition, offset)})] of what the write-ahead log holds and no table does."""
        stored = {record for part in range(3) for record in self.base.part(part)}
        out = []
        for begin, end, batch in wal_batches(wal):
            rows = {(family - 1, struct.unpack(">Q", key)[0]) for family, key in rows_of_batch(batch) if len(key) == 8}
            rows = {row for row in rows if row in self.base.ledger and row not in stored}
            out.append((begin, end, rows))
        in_all = {row for _, _, rows in out for row in rows}
        assert in_all == set(self.base.ledger) - stored, "the write-ahead log holds the fourth part"
        return out

    def harm_wal_cut(self):
        name, wal = self.wal()
        batches = self.newest(wal)
        at = self.chance.randrange(batches[len(batches) // 10][0], batches[-1][0])
        os.truncate(self.path(name), at)
        self.done = f"{name} cut off at {at} of {len(wal)}"
        self.lost = {row for _, end, rows in batches if end > at for row in rows}

    def harm_wal_flip(self):
        name, wal = self.wal()
        batches = self.newest(wal)
        begin, end, rows = self.chance.choice([one for one in batches if one[2]])
        at = self.chance.randrange(begin + 8, end)
        flip(self.path(name), at, self.chance.randrange(8))
        self.done = f"a bit of byte {at} of {name} flipped"
        self.lost_least = rows
        block = at // WAL_BLOCK * WAL_BLOCK
        self.lost_most = {row for b, e, inside in batches if e > block and b < block + WAL_BLOCK for row in inside}

    def list_of_tables(self):
        return max(name for name in os.listdir(self.database) if name.startswith("MANIFEST-"))

    def harm_manifest_cut(self):
        name = self.list_of_tables()
        size = os.path.getsize(self.path(name))
        os.truncate(self.path(name), self.chance.randrange(1, size))
        self.lost, self.told = set(), "MANIFEST"

    def harm_manifest(self):
        os.remove(self.path(self.list_of_tables()))
        self.lost, self.told = set(), "MANIFEST"

    def harm_current(self):
        os.remove(self.path("CURRENT"))
        self.lost, self.told = set(), "CURRENT"

    def harm_format(self):
        os.remove(os.path.join(self.data, "log", "format"))
        self.lost, self.told = set(), "format"

    def harm_mark(self):
        os.remove(os.path.join(self.data, "log", "sealed-mark"))
        self.lost, self.told = set(), "sealed-mark"

    def harm_exchanged(self):
        one, other = self.chance.sample([t for t in self.base.tables[self.chance.randrange(3)] if self.family(t).startswith("p")], 2)
        os.rename(self.path(one), self.path("away"))
        os.rename(self.path(other), self.path(one))
        os.rename(self.path("away"), self.path(other))
        self.done, self.told, self.lost = f"{one} and {other} exchanged", one, set()

    def harm_ahead(self):
        name, wal = self.wal()
        self.newest(wal)
        os.truncate(self.path(name), 0)
        stored = {record for part in range(3) for record in self.base.part(part)}
        self.lost = set(self.base.ledger) - stored

    def harm_vault(self):
        tables = [t for t in self.base.files(".sst") if self.family(t) in ("capsules", "rows")]
        name = self.chance.choice(tables)
        flip(self.path(name), self.chance.randrange(os.path.getsize(self.path(name)) // 3), self.chance.randrange(8))
        self.done, self.lost, self.told = f"a bit of {name} of {self.family(name)} flipped", set(), name

    def harm_rot(self):
        areas = {area: files for area, files in files_of(self.data).items() if area not in ("views", "fold", "files", "keys")}
        self.done = harm(self.data, areas[self.chance.choice(sorted(areas))], self.chance.choice(KINDS_OF_ROT), self.chance)

    def judge_rot(self, said):
        """Nothing is known beforehand of what is lost."""
        before = fingerprint(self.root)
        words = [PROGRAM, "log", "salvage", "--data", self.data, "--backups", self.backups]
        done = subprocess.run(words, capture_output=True, timeout=60, check=False)
        assert done.returncode in (WHOLE, DAMAGED), f"exit {done.returncode}: {done.stderr[-2000:]}"
        assert fingerprint(self.root) == before, "something was changed"
        told = [json.loads(line) for line in done.stdout.splitlines()]
        if said:
            print(f"=== {self.done}\n{program(*words[1:], '--output', 'table', code=done.returncode).decode()}", flush=True)
        lost = {(r["partition"], o) for r in told if r["kind"] == "range" for o in range(int(r["from"]), int(r["to"]) + 1)}
        assert lost <= set(self.base.ledger), f"never written: {show(lost - set(self.base.ledger))}"
        if done.returncode == WHOLE:
            assert records(self.data) == self.base.ledger, "nothing is told, and not all reads"

    def judge(self, said):
        if self.kind == "rot":
            return self.judge_rot(said)
        code = WHOLE if self.kind == "whole" else DAMAGED
        before = fingerprint(self.root)
        words = ("log", "salvage", "--data", self.data, "--backups", self.backups)
        told = [json.loads(line) for line in program(*words, code=code).splitlines()]
        text = program(*words, "--output", "table", "--no-color", code=code).decode()
        assert fingerprint(self.root) == before, "something was changed"
        if said:
            print(f"=== {self.kind}: {self.done}\n{text}", flush=True)
        of = collections.defaultdict(list)
        for one in told:
            of[one["kind"]].append(one)
        log = of["salvage"][0]
        assert log["damaged"] == (self.kind != "whole")

        lost = {(r["partition"], o) for r in of["range"] for o in range(int(r["from"]), int(r["to"]) + 1)}
        if self.kind == "wal flip":
            assert self.lost_least <= lost <= self.lost_most, f"{show(lost)}, and hit was {show(self.lost_least)} of {show(self.lost_most)}"
        else:
            assert lost == self.lost, f"told {show(lost)}, and lost is {show(self.lost)}"
        known = {p["partition"]: int(p["end"]) for p in of["partition"]}
        assert sum(int(p["unread"]) for p in of["partition"]) == len(lost) == int(log["unread"])
        assert all(known[p] == end for p, end in self.base.ends.items()), f"{known} instead of {self.base.ends}"

        # Each lost offset comes from the newest backup that holds it.
        given = {(r["partition"], o): int(g["backup"]) for r in of["range"] for g in r["given_back"]
                 for o in range(int(g["from"]), int(g["to"]) + 1)}
        wanted = {(p, o): number for p, o in lost for number in sorted(self.held) if o < self.held[number][p]}
        assert given == wanted, f"gives back {show(given)} instead of {show(wanted)}"
        best = max(self.held)
        beyond = {(p, o) for p, o in self.base.ledger if o >= self.held[best][p]}
        backup = next(b for b in of["backup"] if b["backup"] == str(best))
        assert (int(backup["lost"]), int(backup["left_out"])) == (len(beyond & lost), len(beyond - lost))

        troubles = " ".join([t["detail"] for t in of["trouble"]] + [log["refusal"] or ""] + [f for v in of["vault"] for f in v["files"]] +
                            [r["file"] or "" for r in of["range"]])
        assert re.search(self.told, troubles), f"{self.told!r} is not named in {troubles!r}"
        assert {v["family"] for v in of["vault"] if v["damaged"]} <= {"capsules", "rows", "tombstones"}
        if self.kind == "vault":
            assert any(v["damaged"] and int(v["lost_max"]) > 0 for v in of["vault"])
        if self.kind in ("whole", "table", "block", "backup", "exchanged"):
            assert not any(v["damaged"] for v in of["vault"]), of["vault"]
        for (partition, offset) in lost:
            assert f"partition {partition}, offset" in text, text
        assert self.kind == "whole" or "What to do" in text
        self.judge_doctor(log["refusal"])

    def judge_doctor(self, refusal):
        """What is refused, and a vault that does not read, it names with the command that says more; a table by what it held."""
        if self.kind == "whole" or refusal is None and self.kind != "vault":
            return
        lines = map(json.loads, program("doctor", "--data", self.data, code=1).splitlines())
        failed = [line for line in lines if line["state"] == "fail"]
        assert any("parlance log salvage" in line["advice"] for line in failed), failed
        if self.kind in ("table", "tables", "block", "backup"):
            assert any(re.search(r"offsets \d+ to \d+ of partition \d+", line["found"]) for line in failed), failed

    def restore_as_told(self):
        """By the command that the text names."""
        words = ("log", "salvage", "--data", self.data, "--backups", self.backups, "--output", "table", "--no-color")
        text = program(*words, code=DAMAGED).decode()
        command = re.search(r"parlance (backup restore .*)", text)[1].replace("KEYS", self.base.keys).split()
        program(*command)
        restored = command[command.index("--to") + 1]
        with Desk(restored) as desk:
            assert desk.get("/v1/conversations?limit=5")["data"]
            desk.stop()
        held = self.held[max(self.held)]
        got = records(restored)
        promised = {(p, o): record for (p, o), record in self.base.ledger.items() if o < held[p]}
        assert {place: got.get(place) for place in promised} == promised, "what was promised is there, bit for bit"


def ends_of_backup(backups, number):
    with open(os.path.join(backups, f"{number}.backup"), encoding="utf-8") as file:
        lines = map(json.loads, file)
        return {line["partition"]: int(line["end"]) for line in lines if line["kind"] == "partition"}


def show(places):
    return sorted(places)[:8] + [f"... {len(places)} in all"] if len(places) > 8 else sorted(places)


KINDS = [name[len("harm_"):].replace("_", " ") for name in vars(Case) if name.startswith("harm_")]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cases", type=int, default=len(KINDS))
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kind", choices=KINDS)
    options.add_argument("--said", action="store_true")
    asked = options.parse_args()
    work = tempfile.mkdtemp(prefix="parlance-salvage-")
    failed = 0
    try:
        base = Base(work)
        for number in range(asked.cases):
            kind = asked.kind or KINDS[number % len(KINDS)]
            case = Case(base, work, number, kind, asked.seed)
            try:
                case.harm()
                case.judge(asked.said)
                if kind not in ("whole", "rot") and number % 5 == asked.seed % 5:
                    case.restore_as_told()
            except AssertionError as error:
                failed += 1
                print(f"FAILED  case {number} of seed {asked.seed}, {kind}: {case.done}: {error}", flush=True)
            shutil.rmtree(case.root)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"cases {asked.cases} failed {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
