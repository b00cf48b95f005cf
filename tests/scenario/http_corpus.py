"""Malformed HTTP: (name, bytes, what may come back) of each case. Families are generated; each case is distinct and has a name.

What may come back: a set of statuses, in which CLOSED stands for a connection that ends without an answer. Nothing here may be carried
out: what is well-formed and merely odd is in `odd_but_right`, with what it must be answered.
"""

CLOSED = 0
BAD = {400, CLOSED}
BAD_OR_UNKNOWN = {400, 501, CLOSED}
END = "\r\n\r\n"
HOST = "Host: x\r\n"


def targets():
    for name, target in {
        "empty": "", "no slash": "livez", "star": "*", "authority": "x:80", "absolute without host": "http://", "two slashes": "//livez ",
        "fragment": "/livez#a", "space": "/li vez", "tab": "/li\tvez", "backslash": "\\livez", "quote": '/"', "angle": "/<a>", "brace": "/{a}",
        "bar": "/|", "caret": "/^", "backtick": "/`", "half percent": "/%", "percent and one": "/%4", "percent and g": "/%gg", "percent u": "/%u0041",
        "raw high byte": "/\xff", "raw UTF-8": "/\xc3\xa9", "NUL escaped": "/%00", "overlong escaped": "/%c0%af", "surrogate escaped": "/%ed%a0%80",
        "cut UTF-8 escaped": "/%e2%82", "beyond Unicode escaped": "/%f4%90%80%80", "lone continuation escaped": "/%80",
        "NUL in query": "/livez?a=%00", "bad UTF-8 in query": "/livez?a=%ff", "half percent in query": "/livez?%", "bracket": "/[", "scheme": "javascript:alert(1)",
    }.items():
        yield f"target: {name}", f"GET {target} HTTP/1.1\r\n{HOST}\r\n", {400, 404, CLOSED} if name in ("fragment", "two slashes") else BAD
    for size in (4097, 5000, 8000, 12000):
        yield f"target of {size} bytes", f"GET /{'a' * size} HTTP/1.1\r\n{HOST}\r\n", {414, 431}
    for size in (17_000, 70_000, 1 << 20):
        yield f"target of {size} bytes", f"GET /{'a' * size} HTTP/1.1\r\n{HOST}\r\n", {414, 431, CLOSED}


def request_lines():
    for name, line in {
        "nothing": "", "one word": "GET", "two words": "GET /livez", "four words": "GET /livez HTTP/1.1 x", "two spaces": "GET  /livez HTTP/1.1",
        "tab for space": "GET\t/livez\tHTTP/1.1", "leading space": " GET /livez HTTP/1.1", "space after version": "GET /livez HTTP/1.1 ",
        "no minor": "GET /livez HTTP/1", "no digits": "GET /livez HTTP/", "lower case": "GET /livez http/1.1", "other protocol": "GET /livez FTP/1.1",
        "version 0.9": "GET /livez HTTP/0.9", "version 1.2": "GET /livez HTTP/1.2", "version 2.0": "GET /livez HTTP/2.0", "version 3": "GET /livez HTTP/3",
        "version 1.10": "GET /livez HTTP/1.10", "version 11.1": "GET /livez HTTP/11.1", "version -1.1": "GET /livez HTTP/-1.1", "version 1,1": "GET /livez HTTP/1,1",
        "version 01.1": "GET /livez HTTP/01.1", "version 1.1.1": "GET /livez HTTP/1.1.1", "no method": " /livez HTTP/1.1", "version first": "HTTP/1.1 GET /livez",
        "an answer": "HTTP/1.1 200 OK", "NUL": "GET /livez\0 HTTP/1.1", "CR inside": "GET /livez\rHTTP/1.1", "vertical tab": "GET\v/livez HTTP/1.1",
        "form feed": "GET\f/livez HTTP/1.1", "no-break space": "GET\xa0/livez HTTP/1.1",
    }.items():
        # An empty line before the first request is let pass by those who are lenient; then the header is a request line.
        yield f"request line: {name}", f"{line}\r\n{HOST}\r\n", {400, 505, CLOSED}
    for c in '()<>@,;:\\"/[]?={}' + "\x01\x7f\x80\xff":
        yield f"method with {c!r}", f"G{c}T /livez HTTP/1.1\r\n{HOST}\r\n", BAD
    yield "method of 20,000 letters", f"{'A' * 20_000} /livez HTTP/1.1\r\n{HOST}\r\n", {400, 431, CLOSED}
    for name in ("lowercase get", "FETCH", "CONNECT", "TRACE", "PROPFIND", "PRI"):
        method = "get" if name.startswith("lower") else name
        yield f"method: {name}", f"{method} /livez HTTP/1.1\r\n{HOST}\r\n", {400, 405, CLOSED}


def header_lines():
    for c in list("()<>@,;\\\"/[]?={} \t") + ["\0", "\x01", "\x08", "\x0b", "\x1f", "\x7f", "\x80", "\xe9", "\xff"]:
        yield f"header name with {c!r}", f"GET /livez HTTP/1.1\r\n{HOST}X{c}Y: 1\r\n\r\n", BAD
    for c in ["\0", "\x01", "\x02", "\x07", "\x08", "\x0b", "\x0c", "\x0e", "\x1b", "\x1f", "\x7f"]:
        yield f"header value with {c!r}", f"GET /livez HTTP/1.1\r\n{HOST}X: a{c}b\r\n\r\n", BAD
    for name, line in {
        "no colon": "Nothing", "no name": ": value", "only a colon": ":", "space before the colon": "X : 1", "tab before the colon": "X\t: 1",
        "space before the name": " X: 1", "CR in the value": "X: a\rb", "CR at the end": "X: a\r", "folded with a smuggled header": "X: a\r\n\rTransfer-Encoding: chunked",
    }.items():
        yield f"header: {name}", f"GET /livez HTTP/1.1\r\n{line}\r\n{HOST}\r\n", BAD
    for name, data in {
        "bare LF everywhere": f"GET /livez HTTP/1.1\nHost: x\n\n", "bare LF after the request line": f"GET /livez HTTP/1.1\n{HOST}\r\n",
        "bare LF after a header": "GET /livez HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "bare CR after the request line": f"GET /livez HTTP/1.1\r{HOST}\r\n",
        "bare CR after a header": "GET /livez HTTP/1.1\r\nHost: x\rA: b\r\n\r\n", "LF CR": "GET /livez HTTP/1.1\n\rHost: x\n\r\n\r",
        "CR CR LF": "GET /livez HTTP/1.1\r\r\nHost: x\r\r\n\r\r\n", "bare LF at the end": "GET /livez HTTP/1.1\r\nHost: x\r\n\n",
    }.items():
        yield f"line ends: {name}", data, BAD
    for many in (101, 150, 400, 1000, 10_000):
        yield f"{many} header lines", f"GET /livez HTTP/1.1\r\n{HOST}" + "".join(f"A{i}: b\r\n" for i in range(many)) + "\r\n", {431, CLOSED}
    for size in (16_400, 20_000, 65_536, 1 << 20):
        yield f"header line of {size} bytes", f"GET /livez HTTP/1.1\r\n{HOST}X: {'a' * size}\r\n\r\n", {431, CLOSED}
        yield f"header name of {size} bytes", f"GET /livez HTTP/1.1\r\n{HOST}{'a' * size}: 1\r\n\r\n", {431, 400, CLOSED}
    for size in (8_000, 15_000):
        yield f"two header lines of {size} bytes", f"GET /livez HTTP/1.1\r\n{HOST}X: {'a' * size}\r\nY: {'b' * size}\r\n\r\n", {431, CLOSED} if size > 8_100 else {200, 431}
    for name, hosts in {
        "none": "", "two": "Host: a\r\nHost: b\r\n", "two alike": "Host: a\r\nHost: a\r\n", "two in other letters": "Host: a\r\nhOsT: a\r\n",
        "three": "Host: a\r\nHost: b\r\nHost: c\r\n",
    }.items():
        yield f"host: {name}", f"GET /livez HTTP/1.1\r\n{hosts}A: b\r\n\r\n", BAD


def lengths(post):
    for value in ("-1", "+5", "0x5", "5x", "x5", "five", "5 5", "5,5", "5,6", "5;5", "5.0", "5e0", "1_0", "\u0665".encode().decode("latin-1"), "٥".encode().decode("latin-1") + "5",
                  "5\0", "", " ", "- 5", "00x", "'5'", '"5"', "(5)", "5%", "0b1", "0o5", "1 2 3", "--5", "+-5", "5-", "5+", "Infinity", "NaN", "null",
                  "18446744073709551616", "99999999999999999999", "340282366920938463463374607431768211456", "1" * 100, "1" * 1000, "9223372036854775808"):
        big = len(value) > 15 and value.isdigit()
        yield f"Content-Length: {value[:40]!r} ({len(value)})", f"{post}Content-Length: {value}\r\n\r\nabcde", {400, 413, CLOSED} if big else BAD
    for name, lines in {
        "two that differ": "Content-Length: 5\r\nContent-Length: 6\r\n", "two in other letters": "Content-Length: 5\r\ncontent-length: 6\r\n",
        "a right one and an empty one": "Content-Length: 5\r\nContent-Length:\r\n", "three": "Content-Length: 5\r\nContent-Length: 5\r\nContent-Length: 7\r\n",
        "with chunked": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "after chunked": "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "zero with chunked": "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "with an unknown coding": "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n",
        "with identity": "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
    }.items():
        yield f"lengths: {name}", f"{post}{lines}\r\n0\r\n\r\nGET /livez HTTP/1.1\r\n{HOST}\r\n", BAD_OR_UNKNOWN
    for size in (1_048_577, 2_000_000, 10_000_000, 1 << 31, 1 << 40, 1 << 62):
        yield f"a body of {size} bytes", f"{post}Content-Length: {size}\r\n\r\n", {413}


def codings(post):
    for value in ("gzip", "identity", "deflate", "compress", "br", "gzip, chunked, gzip", "chunked, gzip", "xchunked", "chunkedx", "chunke d", "c hunked", "\x0bchunked",
                  "chunked\x0b", "\"chunked\"", "'chunked'", "chunked;", ";chunked", "chunked;q=1", "chunked,,gzip", "x-chunked", "chun\tked", "(chunked)", "", "chunked\0", "\xa0chunked",
                  "nothing", "trailers", "1", "chunked/1", "chünked".encode().decode("latin-1")):
        yield f"Transfer-Encoding: {value!r}", f"{post}Transfer-Encoding: {value}\r\n\r\n0\r\n\r\n", BAD_OR_UNKNOWN
    yield "two codings in two lines", f"{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", BAD_OR_UNKNOWN
    yield "chunked with a space before the colon", f"{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", BAD
    yield "chunked in a folded line", f"{post}Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", BAD_OR_UNKNOWN


def chunks(post):
    head = post + "Transfer-Encoding: chunked\r\n\r\n"
    for size in ("g", "zz", "-1", "+2", " ", "", "0x2", "2x", "2 2", "2,", "\t", "２".encode().decode("latin-1"), "2\0", "\x002", "ffffffffffffffff", "10000000000000000", "fffffffffffffffff",
                 "8000000000000000", "7fffffffffffffff", "f" * 100, "0" * 10_000 + "2", "2.0", "2e1", "1_0", "--2", "\x0b2", "(2)", '"2"', "2%", "'", "2\x0b", "x"):
        huge = len(size) > 6 and set(size) <= set("0123456789abcdef")
        if len(size) > 10_000:
            yield f"a chunk size of {len(size)} digits", f"{head}{size}\r\n{{}}\r\n0\r\n\r\n", {400, 422, 431}  # a 2, however it is written
            continue
        yield f"chunk size {size[:30]!r} ({len(size)})", f"{head}{size}\r\n{{}}\r\n0\r\n\r\n", {400, 413, 431, CLOSED} if huge else BAD
    for name, body in {
        "shorter than its size": "5\r\n{}\r\n0\r\n\r\n", "longer than its size": "1\r\n{}\r\n0\r\n\r\n", "no CRLF after the data": "2\r\n{}0\r\n\r\n",
        "bare LF after the size": "2\n{}\r\n0\r\n\r\n", "bare LF after the data": "2\r\n{}\n0\r\n\r\n", "bare CR after the size": "2\r{}\r\n0\r\n\r\n",
        "bare CR after the data": "2\r\n{}\r0\r\n\r\n", "two CRLF after the size": "2\r\n\r\n{}\r\n0\r\n\r\n", "an empty line first": "\r\n2\r\n{}\r\n0\r\n\r\n",
        "an extension with a line feed": "2;a\nb\r\n{}\r\n0\r\n\r\n", "an extension with NUL": "2;a=\0\r\n{}\r\n0\r\n\r\n", "a trailer without a colon": "2\r\n{}\r\n0\r\nnothing\r\n\r\n",
        "a trailer with a space in its name": "2\r\n{}\r\n0\r\na b: c\r\n\r\n", "a trailer with NUL": "2\r\n{}\r\n0\r\na: \0\r\n\r\n",
        "an extension of 100,000 bytes": f"2;{'a' * 100_000}\r\n{{}}\r\n0\r\n\r\n", "a trailer of 100,000 bytes": f"2\r\n{{}}\r\n0\r\na: {'b' * 100_000}\r\n\r\n",
        "10,000 trailers": "2\r\n{}\r\n0\r\n" + "a: b\r\n" * 10_000 + "\r\n",
    }.items():
        yield f"chunks: {name}", head + body, {400, 413, 431, CLOSED}
    for many, size in ((9, 0x20000), (17, 0x10000), (1100, 1024)):
        yield f"{many} chunks of {size} bytes", head + (f"{size:x}\r\n" + "x" * size + "\r\n") * many + "0\r\n\r\n", {413}


def other_protocols():
    for name, data in {
        "HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "a" * 200 + "\r\n\r\n", "SSH": "SSH-2.0-OpenSSH_9\r\n\r\n",
        "SMTP": "EHLO example.org\r\n\r\n", "SOCKS 5": "\x05\x01\x00\r\n\r\n", "Redis": "*1\r\n$4\r\nPING\r\n\r\n", "memcached": "get a\r\n\r\n", "gopher": "\r\n\r\n\r\n\r\n",
        "PROXY protocol": f"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /livez HTTP/1.1\r\n{HOST}\r\n", "zeros": "\0" * 1000 + END, "byte order mark": f"\xef\xbb\xbfGET /livez HTTP/1.1\r\n{HOST}\r\n",
        "UTF-16": "G\0E\0T\0 \0/\0" + END, "a page": "<html></html>" + END, "JSON": '{"a": 1}' + END, "an answer": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    }.items():
        yield f"protocol: {name}", data, {400, 505, CLOSED}
    for byte in list(range(0, 32, 3)) + list(range(127, 256, 9)):
        yield f"first byte {byte:#04x}", chr(byte) + f"GET /livez HTTP/1.1\r\n{HOST}\r\n", BAD if byte not in (10, 13) else {200, 400, CLOSED}


def half_requests(post):
    whole = f"{post}Content-Length: 5\r\n\r\n"
    for cut in range(1, len(whole), max(1, len(whole) // 25)):
        yield f"cut after {cut} bytes", whole[:cut], {CLOSED, 400}
    yield "a body cut short", whole + "abc", {CLOSED, 400}
    yield "a chunk cut short", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nabc", {CLOSED, 400}
    yield "no last chunk", post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", {CLOSED, 400}


def all_cases(authorization):
    post = f"POST /v1/queues HTTP/1.1\r\n{HOST}{authorization}Content-Type: application/json\r\n"
    for family in (targets(), request_lines(), header_lines(), lengths(post), codings(post), chunks(post), other_protocols(), half_requests(post)):
        yield from family
