"""More than 300 JSON texts in the classes in which people test parsers, written for this test: y must be taken, n must be refused with the byte,
and of i, which RFC 8259 leaves open, what is decided here is in the text's name. The server and a second parser, Python's held to the same rules, must
say the same of each, and nothing of any is done.
"""

import collections
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
sys.path.insert(0, os.path.dirname(__file__))
from desk import Desk  # noqa: E402
from http_corpus_test import said_to, statuses  # noqa: E402

DEPTH_MAX, BYTES_MAX, MEMBERS_MAX = 64, 1 << 20, 10_000
WHITE = b" \t\n\r"


def second_parser_takes(data):
    """Python's parser with its leeway taken away: names once, 64 bits, finite, whole Unicode, bounded."""
    def once(pairs):
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name twice")
        if len(pairs) > MEMBERS_MAX or any(len(name.encode()) > 4096 for name, _ in pairs):
            raise ValueError("too many, or too long")
        return dict(pairs)

    def integer(text):
        value = int(text) if len(text) < 30 else None
        if value is None or not -2**63 <= value < 2**64:
            raise ValueError("more than 64 bits")
        return value

    def fraction(text):
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise ValueError("no double")
        return value

    def constant(text):
        raise ValueError(text)

    def whole(value, depth):
        if isinstance(value, str):
            value.encode()  # raises at half a pair
        elif isinstance(value, list):
            if depth >= DEPTH_MAX or len(value) > MEMBERS_MAX:
                raise ValueError("too deep, or too many")
            for one in value:
                whole(one, depth + 1)
        elif isinstance(value, dict):
            if depth >= DEPTH_MAX:
                raise ValueError("too deep")
            for name, one in value.items():
                name.encode()
                whole(one, depth + 1)
    if len(data) > BYTES_MAX:
        return False
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_int=integer, parse_float=fraction, parse_constant=constant)
        whole(value, 0)
        return True
    except (ValueError, RecursionError):
        return False


def texts():
    """(class, name, bytes)"""
    def each(kind, family, *some):
        for one in some:
            data = one if isinstance(one, bytes) else one.encode()
            yield kind, f"{family}: {data[:60]!r}" + (f" ({len(data)} bytes)" if len(data) > 60 else ""), data
    yield from each("y", "a value alone", "1", "-1", "0", "true", "false", "null", '""', '"a"', "[]", "{}", "1.5", "[[]]", '{"a":{}}', "[{}]", "-0", "0.0", "[null]")
    yield from each("y", "white space", " {}", "{} ", "\t{}\n", "\r\n{}\r\n", "[ 1 , 2 ]", '{ "a" : 1 }', "[\n]", "{\t}", " " * 1000 + "1", "[1]" + "\n" * 100)
    yield from each("y", "a number", "[0]", "[-0]", "[10]", "[1e1]", "[1E1]", "[1e+1]", "[1e-1]", "[1.0e10]", "[0e0]", "[0e+1]", "[-0.0]", "[-0e-0]", "[123456789012345678]",
                    "[18446744073709551615]", "[-9223372036854775808]", "[9223372036854775807]", "[1.7976931348623157e308]", "[5e-324]", "[0.1]", "[1e00]", "[1e-00]", "[0.000000001]")
    yield from each("y", "a text", '["\\u0061"]', '["\\""]', '["\\\\"]', '["\\/"]', '["\\b\\f\\n\\r\\t"]', '["\\ud83d\\ude00"]', '["\\uFFFF"]', '["\\u0000"]', '["\u00e9"]', '["\u20ac"]', '["\U0001F600"]',
                    '["\x7f"]', '["\u2028"]', '["\u2029"]', '["\ufeff"]', '["\uffff"]', '["/"]', "[\"'\"]", '["\\u00e9"]', '["\U0010ffff"]', '["a b"]', '["' + "x" * 5000 + '"]')
    yield from each("y", "a name", '{"":0}', '{"a":0,"b":0}', '{"a":0,"A":0}', '{"\\u0061":0}', '{"a\\nb":0}', '{"\u00e9":0}', '{"e\u0301":0,"\u00e9":0}', '{"' + "n" * 4096 + '":0}', '{" ":0}')
    yield from each("y", "at the limit", "[" * 64 + "]" * 64, '{"a":' * 64 + "0" + "}" * 64, "[" + ",".join("0" * 1 for _ in range(10_000)) + "]",
                    "{" + ",".join(f'"{i}":0' for i in range(10_000)) + "}", '"' + "a" * (BYTES_MAX - 2) + '"')
    yield from each("n", "nothing", " ", "\n", "\t\r\n ", "\x0b", "\x00")
    whole = '{"ab": [1.5e1, "c\\u0041\u00e9", true, null, {"d": -2}]}'.encode()
    for cut in range(1, len(whole)):
        yield from each("n", "cut short", whole[:cut])
    yield from each("n", "something after", "{}x", "{}{}", "[][]", "1 2", "1,", "{},", "null null", '""""', "[1]]", "{}}", "[]#", "{}//", "{}/**/", "true false", "1a", "[] \x00", "[]\x0c", '{"a":1}"b"', "{};", "]", "}")
    yield from each("n", "commas", "[,]", "[1,]", "[,1]", "[1,,2]", "[1 2]", "[,,]", '{,}', '{"a":1,}', '{,"a":1}', '{"a":1,,"b":2}', '{"a":1 "b":2}', "[1;2]", "[1:2]", '["a" "b"]', "[,null]")
    yield from each("n", "objects", "{a:1}", "{'a':1}", '{"a"}', '{"a":}', '{"a" 1}', '{"a":1:2}', '{:1}', '{1:1}', '{null:1}', '{[]:1}', '{{}:1}', '{"a","b"}', '{"a"=1}', '{"a"::1}', '{"a":1;}', '{"a":a}', "{", '{"', '{"a',
                    '{"a":1', '{true}', '{"a":{}', '["a":1]', '{"a",1}', "{]", "[}", "[1}", '{"a":1]')
    yield from each("n", "words", "nul", "tru", "fals", "True", "TRUE", "Null", "nan", "NaN", "Infinity", "-Infinity", "+Infinity", "inf", "undefined", "None", "nulll", "truefalse", "t", "n", "f", "[nul]", "[nulll]", "[TRUE]", "yes", "void", "NAN")
    yield from each("n", "numbers", "01", "-01", "00", "+1", "1.", ".1", "-.1", "-", "--1", "1e", "1e+", "1e-", "1E", "1.e1", "1.5.5", "1e1.5", "1ee1", "1e1e1", "0x1", "0b1", "0o1", "1_000", "1,000", "1 000", "-a", "- 1", "0e", "0.e1",
                    "[1.]", "[-]", "[1e]", "[012]", "[-012]", "[.5]", "[0x42]", "[1-2]", "[1+2]", "[++1]", "[-+1]", "1f", "1d", "1L", "1n", "\u0661", "\uff11", "[\u00bd]", "1e0x1", "0.1.", "[1e1000x]", "$1", "1%")
    yield from each("n", "texts", '"', '"a', "'a'", "a", '"\\"', '"\\', '"\\x41"', '"\\a"', '"\\v"', '"\\0"', '"\\\'"', '"\\u"', '"\\u1"', '"\\u12"', '"\\u123"', '"\\u123g"', '"\\U00000041"', '"\\u{41}"', '"\\u 041"', '"\\ u0041"', "`a`", '"a"b"', "\u201ca\u201d", '"\\\n"', '"\\e"', '"\\8"', '"\\u+041"')
    for control in range(32):
        yield from each("n", "a raw control", b'"' + bytes([control]) + b'"')
    yield from each("n", "half a pair", '"\\ud800"', '"\\udbff"', '"\\udc00"', '"\\udfff"', '"\\ud800a"', '"\\ud800\\n"', '"\\ud800\\u0041"', '"\\ud800\\ud800"', '"\\udc00\\ud800"', '{"\\ud800":1}', '"a\\udead"', '"\\ud83d\\u"', '"\\ud83d\\ude0"', '["\\uD834\\uD834"]')
    for bad in (b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc2", b"\xc3(", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xe2\x82", b"\xe2(\xa1", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x9f\x98",
                b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xfe\xff", b"\xed\xa0\xbd\xed\xb8\x80", b"\xe9", b"a\xccb"):
        yield from each("n", "no UTF-8 in a text", b'["' + bad + b'"]')
        yield from each("n", "no UTF-8 in a name", b'{"' + bad + b'":0}')
    yield from each("n", "no UTF-8 outside a text", b"[\xff]", b"\xe5", b"[1\xe5]", b"\x80{}", b"{}\xc3\xa9", b"\xc2\xa0{}", "\u2003{}".encode(), "{}\u2060".encode(), "[1,\u00a02]")
    yield from each("n", "another encoding", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), "{}".encode("utf-16-le"), "{}".encode("utf-16-be"), "{}".encode("utf-32-le"), b"\xef\xbb\xbf", b"\xef\xbb{}", b"+ADw-", "[\"\u00e9\"]".encode("latin-1"))
    yield from each("n", "comments", "/**/{}", "{}/* */", "[1//x\n]", "[/**/]", '{"a":/**/1}', "#\n{}", "<!-- -->{}", "--\n{}", '{"a"/**/:1}')
    yield from each("n", "values elsewhere", "<null>", "(1)", "new Date()", "1/2", "a()", "{}[0]", "{...a}", "[...[]]", "=1", "!0", "~1", "@", "*", "&a", "<a/>", "\\u007b}", "a: 1", "- a", "function(){}")
    yield from each("n", "a name twice (decided: refused)", '{"a":1,"a":2}', '{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"":0,"":0}', '[{"x":{"a":1,"b":2,"a":3}}]', '{"a":{},"a":[]}')
    yield from each("n", "no 64 bits (decided: refused)", "18446744073709551616", "-9223372036854775809", "100000000000000000000", "[123123123123123123123]", "-" + "9" * 30, "1" + "0" * 400, "1" + "0" * 5000)
    yield from each("n", "no double (decided: refused)", "1e309", "-1e309", "1e400000", "[1.5e9999]", "1e1000000000000", "[-1e+9999]", "1" + "0" * 200 + ".0e200")
    yield from each("y", "nearly nothing (decided: as near as it gets)", "1e-400", "-1e-400", "[1e-99999]", "0." + "0" * 500 + "1")
    yield from each("n", "beyond a limit (decided: refused)", "[" * 65 + "]" * 65, "[" * 1000 + "]" * 1000, "[" * 100_000, '{"a":' * 65 + "0" + "}" * 65, '{"a":' * 100_000, '[{"a":' * 50_000,
                    "[" + ",".join("0" * 1 for _ in range(10_001)) + "]", "{" + ",".join(f'"{i}":0' for i in range(10_001)) + "}", '{"' + "n" * 4097 + '":0}')


def main():
    faults, count, seen = [], collections.Counter(), set()
    with Desk() as desk:
        before = [p["end"] for p in desk.get("/v1/status")["partitions"]]
        for kind, name, data in texts():
            if data in seen:
                continue
            seen.add(data)
            count[kind] += 1
            head = (f"POST /v1/subjects/lookup HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.token}\r\nContent-Type: application/json\r\n"
                    f"Connection: close\r\nContent-Length: {len(data)}\r\n\r\n").encode()
            said = said_to(desk.address, head + data)
            status = statuses(said)
            body = said.partition(b"\r\n\r\n")[2]
            document = json.loads(body) if len(status) == 1 and b"json" in said[:500] else {}
            taken = status != [400]
            right = len(status) == 1 and (taken and status[0] in (200, 422) or document.get("code") == "json.malformed")
            if not taken:
                place = re.search(r"at byte (\d+)", document.get("detail", ""))
                right = right and place is not None and int(place[1]) <= len(data)
            second = second_parser_takes(data)
            if not right or taken != (kind == "y") or second != taken:
                faults.append(name)
                print(f"FAILED  {kind} {name}: answered {status} {document.get('detail')}; the second parser {'takes' if second else 'refuses'} it", flush=True)
        assert [p["end"] for p in desk.get("/v1/status")["partitions"]] == before, "something of it was done"
        assert len(seen) >= 300, f"only {len(seen)} texts"
        assert desk.stop() == 0
    print(f"{count['y']} to be taken, {count['n']} to be refused")
    print(f"{len(seen) - len(faults)} passed, {len(faults)} failed")
    return 1 if faults else 0


sys.exit(main())
