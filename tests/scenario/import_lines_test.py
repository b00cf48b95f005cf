"""Bad import lines, each named with file, line and column, and none of them in the way of the next.

Every case is one file line between two good ones. `wanted` is the code it is rejected with, at `column` where that matters; or None
where it is taken as it is.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/import_lines_test.py
"""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk, from_now  # noqa: E402
from importing import FAILED, NOT_FOUND, PARTLY, USAGE, run_import  # noqa: E402

AT = "2020-01-01T00:00:00Z"


def message(ident, **more):
    line = {"channel": "email", "account": "shop", "message_id": ident, "from": {"address": f"{ident}@example.com"},
            "text": "hello", "occurred_at": AT, **more}
    return {name: value for name, value in line.items() if value is not ...}


def text(line):
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()


def on(path, **members):
    return text({"path": path, **members})


BASE = "/v1/conversations/{T}/"
LONG = b'{"text":"' + b"x" * 2 * 1024 * 1024 + b'"}'
# what it is, the line, the code, the column (None: not looked at)
CASES = [
    # not JSON
    ("an open brace", b"{", "json.malformed", 2),
    ("a text without an end", b'{"text":"x', "json.malformed", None),
    ("no object but a list", b"[]", "import.not_an_object", 1),
    ("no object but a number", b"17", "import.not_an_object", 1),
    ("no object but null", b"null", "import.not_an_object", 1),
    ("two objects", b'{"a":1} {"b":2}', "json.malformed", 9),
    ("a comma at the end", b'{"a":1,}', "json.malformed", None),
    ("a comment within", b'{"a":1 /* one */}', "json.malformed", None),
    ("single quotes", b"{'a':1}", "json.malformed", 2),
    ("NaN", b'{"a":NaN}', "json.malformed", 6),
    ("a bare word", b"hello", "json.malformed", 1),
    ("invalid UTF-8", b'{"text":"\xff\xfe"}', "json.malformed", None),
    ("UTF-8 cut in the middle", b'{"text":"\xe2\x82"}', "json.malformed", None),
    ("an overlong form", b'{"text":"\xc0\xaf"}', "json.malformed", None),
    ("a lone surrogate in UTF-8", b'{"text":"\xed\xa0\x80"}', "json.malformed", None),
    ("a lone surrogate escaped", b'{"text":"\\ud800"}', "json.malformed", None),
    ("a NUL byte", b'{"text":"a\x00b"}', "json.malformed", None),
    ("a tab within a text", b'{"text":"a\tb"}', "json.malformed", None),
    ("a lone CR within", b'{"text":\r"a"', "json.malformed", None),
    ("nested 100 deep", b'{"a":' * 100 + b"1" + b"}" * 100, "json.malformed", None),
    ("nested 100,000 deep", b"[" * 100_000, "json.malformed", None),
    ("nested 63 deep", text(message("n18"))[:-1] + b',"a":' + b'{"a":' * 61 + b"1" + b"}" * 62, "ANY", None),
    ("39,000 values", text(message("n19", a=list(range(39_000)))), "ANY", None),
    ("a member twice", b'{"text":"a","text":"b"}', "json.malformed", None),
    ("a number too large", b'{"a":1e999}', "json.malformed", None),
    ("41,000 values", b'{"a":[' + b"1," * 41_000 + b"1]}", "json.malformed", None),
    ("two mebibytes", LONG, "import.line_too_long", None),
    ("a second byte order mark", b"\xef\xbb\xbf{}", "json.malformed", 1),
    # not a line of a history
    ("an empty object", b"{}", "import.no_time", 1),
    ("no time", text(message("n1", occurred_at=...)), "import.no_time", 1),
    ("a time that is a number", text(message("n2", occurred_at=1577836800)), "import.no_time", None),
    ("a time that is none", text(message("n3", occurred_at="yesterday")), "instant.malformed", None),
    ("a time without a zone", text(message("n4", occurred_at="2020-01-01T00:00:00")), "instant.malformed", None),
    ("the 30th of February", text(message("n5", occurred_at="2020-02-30T00:00:00Z")), "instant.malformed", None),
    ("a time in the future", text(message("n6", occurred_at=from_now(86400))), "in_the_future", None),
    ("a path of no command", on("/v1/nonsense", occurred_at=AT), "not_found", None),
    ("a path outside", on("/etc/passwd", occurred_at=AT), "import.not_a_command", 2),
    ("a path with a query", on("/v1/inbound?x=1", occurred_at=AT), "import.not_a_command", None),
    ("a batch", on("/v1/batch", commands=[]), "import.not_a_command", None),
    ("an import within", on("/v1/imports", name="x"), "import.not_a_command", None),
    ("the administrator's", on("/v1/admin/views/ticket/rebuild"), "import.not_a_command", None),
    ("a path that is a number", text({"path": 17, "occurred_at": AT}), "import.not_a_name", None),
    ("an empty path", text({"path": "", "occurred_at": AT}), "import.not_a_name", None),
    ("an id that is a list", text(message("n7", id=["x"])), "import.not_a_name", None),
    ("an id with braces", text(message("n8", id="{x}")), "import.not_a_name", None),
    ("an id of 501 bytes", text(message("n9", id="x" * 501)), "import.not_a_name", None),
    ("an id that is taken", text(message("n10", id="T")), "import.name_taken", None),
    ("nobody's reference", on("/v1/conversations/{nobody}/resolve", occurred_at=AT), "import.name_unknown", 28),
    ("nobody's thread", on("/v1/conversations/{thread:nothing}/resolve", occurred_at=AT), "import.name_unknown", None),
    ("a later line's name", on("/v1/conversations/{later}/resolve", occurred_at=AT), "import.name_unknown", None),
    ("an agent nobody called so", on(BASE + "resolve", occurred_at=AT, **{"as": "{bob}"}), "import.name_unknown", None),
    ("an agent who is a conversation", on(BASE + "assign", agent="{T}", occurred_at=AT), "id.malformed", None),
    ("acting as no agent", on(BASE + "resolve", occurred_at=AT, **{"as": "agt_x"}), "agent.unknown", None),
    ("a conversation's id of nothing", on("/v1/conversations/cnv_00000000000000000000000000/resolve", occurred_at=AT),
     "conversation.not_found", None),
    ("two messages with one id", on("/v1/conversations/{twin}/resolve", occurred_at=AT), "import.name_ambiguous", None),
    ("of a line that was not taken", on("/v1/conversations/{n1b}/resolve", occurred_at=AT), "import.name_not_taken", None),
    # not what the command takes
    ("an unknown member", text(message("n11", colour="red")), "unknown_member", None),
    ("no sender", text(message("n12", **{"from": ...})), "required", None),
    ("an unknown channel", text(message("n13", channel="pigeon")), "unknown_channel", None),
    ("an empty text", text(message("n14", text="")), "required", None),
    ("an escaped NUL", text(message("n15", text="a\x00b")), "nul_character", None),
    ("an address with a line break", text(message("n16", **{"from": {"address": "a\nb@example.com"}})),
     "address.control_character", None),
    ("a text of 600 KiB", text(message("n17", text="x" * 600 * 1024)), "too_long", None),
    ("a snooze without an end", on(BASE + "snooze", occurred_at=AT), "required", None),
    ("claimed by nobody", on(BASE + "claim", occurred_at=AT), "agent.required", None),
    # strange, and taken
    ("blanks around", b"  " + text(message("g1")) + b" \t", None, None),
    ("a CR LF", text(message("g2")) + b"\r", None, None),
    ("before the line before it", text(message("g3", occurred_at="2010-01-01T00:00:00Z", **{"from": {"address": "g2@example.com"}})), None, None),
    ("any script", text(message("g4", text="Où est mon colis ? 荷物が届かない \U0001f4e6", subject="طلبي")), None, None),
    ("another offset", text(message("g5", occurred_at="2020-01-01T09:00:00+09:00")), None, None),
    ("the first instant", text(message("g6", occurred_at="1970-01-01T00:00:00Z")), None, None),
    ("a leap second", text(message("g7", occurred_at="2016-12-31T23:59:60Z")), None, None),
    ("the line before once more", text(message("g7", occurred_at="2016-12-31T23:59:60Z")), "repeat", None),
    ("text with braces", text(message("g8", text="{nobody}")), None, None),
    ("a text of 500 KiB", text(message("g9", text="x" * 500 * 1024)), None, None),
    ("an empty line", b"", "blank", None),
    ("a line of blanks", b" \t ", "blank", None),
    ("a comment", b"# said by nobody", "blank", None),
]
BEFORE = [text(message("t1", id="T")), text(message("twin", account="a")), text(message("twin", account="b", **{"from": {"address": "other"}})),
          text(message("n1b", chanel="x"))]  # the last is rejected: its name is asked for above


def build(path):
    """The file, and for each line number what is wanted of it."""
    lines, wanted = list(BEFORE), {}
    wanted[len(lines)] = ("its unknown member", "unknown_member", None)
    for n, (what, line, code, column) in enumerate(CASES):
        lines.append(line)
        wanted[len(lines)] = (what, code, column)
        lines.append(text(message(f"good{n}")))
    lines.append(text(message("later")))
    with open(path, "wb") as file:
        file.write(b"\xef\xbb\xbf" + b"\n".join(lines) + b"\n")
        file.write(b'{"channel":"email","account":"shop","mess')  # cut off
    wanted[len(lines) + 1] = ("a last line cut off", "json.malformed", None)
    return len(lines) + 1, wanted


def rejected(path):
    """line -> (code, column), from the comments of the file of rejects."""
    found = {}
    with open(path, "rb") as file:
        for line in file:
            if line.startswith(b"# /"):
                place, why = line[2:].decode().rstrip("\n").split(": ", 1)
                _, number, column = place.rsplit(":", 2)
                found[int(number)] = (why.rsplit("(", 1)[1].rstrip(")"), int(column))
    return found


def check(own, where, name):
    path, rejects = os.path.join(own, f"{name}.jsonl"), os.path.join(own, f"{name}.rejects")
    count, wanted = build(path)
    summary, said = run_import(path, "--rejects", rejects, where=where, wanted=PARTLY)
    found = rejected(rejects)
    for number, (what, code, column) in sorted(wanted.items()):
        if code in (None, "repeat", "blank"):
            assert number not in found, f"{name}, {what}: rejected with {found[number]}"
            continue
        assert number in found, f"{name}, {what}: taken, wanted {code}"
        assert code in (found[number][0], "ANY"), f"{name}, {what}: {found[number]}, wanted {code}"
        assert column is None or found[number][1] == column, f"{name}, {what}: column {found[number][1]}, wanted {column}"
        assert found[number][1] >= 1
    assert set(found) <= set(wanted), f"{name}: rejected too: {set(found) - set(wanted)}"
    blank = sum(code == "blank" for _, code, _ in wanted.values())
    repeats = sum(code == "repeat" for _, code, _ in wanted.values())
    assert summary["lines"] == count - blank, summary
    assert summary["not_taken"] == len(found) and summary["there_before"] == repeats, summary
    assert summary["out_of_order"] == 1, summary
    assert summary["taken"] == count - blank - len(found) - repeats, summary
    assert said.count("\n") <= 30 and "--rejects FILE keeps them all" in said, "what it says is bounded"
    assert len(said) < 20_000, "and each of it"
    return len(found)


def main():
    with tempfile.TemporaryDirectory(prefix="parlance-lines-") as own:
        folder = os.path.join(own, "folder")
        count = check(own, folder, "by_folder")
        with Desk(folder) as desk:
            texts = desk.every("/v1/conversations?sort=oldest")
            assert len(texts) > len(CASES), len(texts)
            desk.verify_views()
        with Desk() as desk:
            assert check(own, desk, "by_server") == count
            desk.verify_views()
        print(f"{count} bad lines of {len(CASES) + 2} cases, by folder and by server, with the good ones between them taken")

        run_import(os.path.join(own, "absent.jsonl"), where=os.path.join(own, "x"), wanted=NOT_FOUND)
        run_import(own, where=os.path.join(own, "x"), wanted=FAILED)
        wide = os.path.join(own, "wide.jsonl")
        with open(wide, "wb") as file:
            file.write(text(message("w1")).decode().encode("utf-16"))
        _, said = run_import(wide, where=os.path.join(own, "x"), wanted=FAILED)
        assert "UTF-16" in said, said
        for bad in (b"[]", b"{", b'{"ann":17}'):
            names = os.path.join(own, "names.json")
            with open(names, "wb") as file:
                file.write(bad)
            run_import(wide, "--map", names, where=os.path.join(own, "x"), wanted=USAGE)
        empty = os.path.join(own, "empty.jsonl")
        open(empty, "wb").close()
        summary, _ = run_import(empty, where=os.path.join(own, "x"))
        assert summary is None or summary["lines"] == 0
        print("files that are none are refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
