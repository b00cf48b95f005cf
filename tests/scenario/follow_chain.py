#!/usr/bin/env python3
"""Checks a log with nothing of ours: reads what `parlance events cat --raw` wrote (a file, or stdin) by the layout that
schemas/frame.h promises, prints where each partition ends and its chain, and exits 1 with the place where it breaks."""
import hashlib
import struct
import sys
import zlib


def sha256(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


def must(true, what):
    if not true:
        raise ValueError(what)


def follow(state, partition, offset, stored, log):
    """Folds one record into the state of its partition; raises ValueError where the log is not as it was written."""
    must(offset == state["next"], f"offset {state['next']} was to come: a record is gone")
    state["next"] += 1
    ours = len(stored) >= 24 and stored[:4] == b"PLC1" and stored[8:24] == log
    if state["sealed"] or not ours or struct.unpack_from("<H", stored, 6)[0] != partition:
        return  # void
    must(len(stored) >= 96, "shorter than a frame")
    kind, body_format, epoch, seq = stored[4], stored[5], *struct.unpack_from("<QQ", stored, 24)
    prev, (length, crc), body = stored[40:72], struct.unpack_from("<II", stored, 88), stored[96:]
    must(length == len(body) and crc == zlib.crc32(body, zlib.crc32(stored[:92])), "the checksum does not fit")
    if kind == 1:
        seen, *had = (*struct.unpack_from("<QQ", body, 16), body[32:64])
        must(seen <= offset and state["passed"][seen] == tuple(had), "a claim had seen another log than this")
        if epoch != state["epoch"] + 1:
            return
        must(body_format == 1, "a claim of a newer program")
        state["epoch"], state["sealed"] = epoch, bool(body[64] & 1)
    else:
        if (epoch, seq, prev) != (state["epoch"], state["seq"] + 1, state["chain"]):
            return
        must((kind, body_format) == (2, 1), "a record of a newer program")
        state["seq"] = seq
    state["chain"] = sha256(state["chain"], sha256(stored))


def main(dump):
    log, partitions, place = None, {}, "start"
    try:
        while head := dump.read(16):
            partition, offset, length = struct.unpack("<IQI", head)
            place, stored = f"{partition}:{offset}", dump.read(length)
            must(len(stored) == length, "the dump ends inside this record")
            log = log or stored[8:24]
            start = sha256(b"parlance log 1", log, struct.pack("<H", partition))
            state = partitions.setdefault(partition, {"next": 0, "epoch": 0, "seq": 0, "chain": start, "sealed": False,
                                                      "passed": [(0, start)]})
            follow(state, partition, offset, stored, log)
            state["passed"].append((state["seq"], state["chain"]))
    except (ValueError, IndexError, struct.error) as wrong:
        return f"{place}: {wrong}"
    for partition, state in sorted(partitions.items()):
        print(partition, state["next"], state["chain"].hex())
    return 0


if __name__ == "__main__":
    sys.exit(main(open(sys.argv[1], "rb") if len(sys.argv) > 1 else sys.stdin.buffer))
