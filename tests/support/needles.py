"""Looks for words in files, however they may be written there."""

import base64
import os
import shutil
import subprocess


def encodings(word):
    raw = word.encode()
    out = {"UTF-8": raw, "lower case": raw.lower(), "upper case": raw.upper(), "UTF-16LE": word.encode("utf-16-le"),
           "UTF-16BE": word.encode("utf-16-be"), "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(), "reversed": raw[::-1]}
    for shift in range(3):  # base64 without the characters that neighbours share
        coded = base64.b64encode(b"\0" * shift + raw)
        out[f"base64 at {shift}"] = coded[4 if shift else 0: -4]
    return out


def decoded(folder):
    """(name, bytes) of every file, and of what RocksDB's tools say is in its tables and logs."""
    for where, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(where, name)
            with open(path, "rb") as f:
                yield path, f.read()
            tool = None
            if name.endswith(".sst"):
                tool = ["sst_dump", f"--file={path}", "--command=scan", "--output_hex"]
            elif name.endswith(".log") and name[:-4].isdigit():
                tool = ["ldb", "dump_wal", f"--walfile={path}", "--header", "--print_value"]
            if tool and shutil.which(tool[0]):
                done = subprocess.run(tool, capture_output=True, check=False)
                text = done.stdout
                yield path + " (decoded)", text
                # The tools print hexadecimal: back to bytes, so that a word is a word again.
                for piece in text.replace(b"=>", b" ").replace(b"0x", b" ").split():
                    piece = piece.strip(b"'")
                    if len(piece) >= 16 and len(piece) % 2 == 0 and all(c in b"0123456789abcdefABCDEF" for c in piece):
                        yield path + " (decoded)", bytes.fromhex(piece.decode())


def search(folder, wanted):
    """{word: [place, ...]}"""
    patterns = [(word, how, pattern) for word in wanted for how, pattern in encodings(word).items()]
    found = {}
    for place, data in decoded(folder):
        for word, how, pattern in patterns:
            if pattern in data:
                found.setdefault(word, []).append(f"{place} as {how}")
    return found


def search_text(data, wanted):
    """{word: [encoding, ...]} of what stands in these bytes."""
    found = {}
    for word in wanted:
        for how, pattern in encodings(word).items():
            if pattern in data:
                found.setdefault(word, []).append(how)
    return found
