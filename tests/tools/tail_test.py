"""`parlance events tail` and `parlance report`: what they make of what a server sends."""

import http.server
import json
import os
import subprocess
import tempfile
import threading
import unittest

from command_line import DONE, FAILED, NOT_ALLOWED, NOT_FOUND, PROGRAM, OnADesk, rows, run


class FakeServer:
    """Answers each GET by the next of `scripts`: functions of the handler. Keeps the requests."""

    def __init__(self, scripts):
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.seen.append((self.path, dict(self.headers)))
                scripts[min(len(outer.seen), len(scripts)) - 1](self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def stream(text):
    def send(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.end_headers()
        handler.wfile.write(text.encode())
    return send


def problem(status, code):
    def send(handler):
        body = json.dumps({"title": "no", "code": code, "detail": "because"}).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/problem+json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    return send


def event(n, kind="conversation.opened"):
    return f"event: {kind}\nid: c{n}\ndata: " + json.dumps({"id": f"c{n}", "type": kind, "position": f"1:0:{n}"}) + "\n\n"


class Tail(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.token = os.path.join(folder.name, "token")
        with open(self.token, "w", encoding="ascii") as file:
            file.write("plt_secret\n")

    def tail(self, scripts, *words):
        server = FakeServer(scripts)
        self.addCleanup(server.close)
        done = run("events", "tail", "--server", server.address, "--token-file", self.token, *words)
        return done, server.seen

    def test_events_come_one_a_line_and_the_end_is_where_asked(self):
        done, seen = self.tail([stream(": hello\n\n" + event(1) + ": beat\r\n\r\n" + event(2).replace("\n", "\r\n") + event(3))],
                               "--limit", "2", "--types", "conversation.opened,conversation.closed")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertEqual([row["id"] for row in rows(done)], ["c1", "c2"])
        path, headers = seen[0]
        self.assertEqual(path, "/v1/events?after=end&types=conversation.opened%2Cconversation.closed")
        self.assertEqual((headers["Accept"], headers["Authorization"]), ("text/event-stream", "Bearer plt_secret"))

    def test_a_stream_that_breaks_goes_on_behind_the_last_event(self):
        done, seen = self.tail([stream(event(1) + event(2)[:-9]), stream(event(2))], "--limit", "2", "--after", "c0")
        self.assertEqual((done.returncode, [row["id"] for row in rows(done)]), (DONE, ["c1", "c2"]), done.stderr)
        self.assertEqual([headers.get("Last-Event-ID") for _, headers in seen], [None, "c1"])
        self.assertIn("trying again", done.stderr)

    def test_what_is_no_event_is_told_or_passed_over(self):
        hostile = "data: not json\n\ndata: [1]\n\nevent: reset\ndata: {\"reason\":\"cursor.beyond_end\"}\n\n" + "x" * 1000 + "\n\n"
        done, _ = self.tail([stream(hostile + event(7))], "--limit", "1")
        self.assertEqual([row["id"] for row in rows(done)], ["c7"])
        self.assertIn("begins anew", done.stderr)

    def test_a_refusal_ends_it_with_its_code(self):
        for status, code in ((401, NOT_ALLOWED), (404, NOT_FOUND), (422, FAILED)):
            done, seen = self.tail([problem(status, "some.rule")])
            self.assertEqual((done.returncode, done.stdout, len(seen)), (code, "", 1), done.stderr)
            self.assertIn("some.rule", done.stderr)


class OfARealServer(OnADesk):
    def page(self, limit, after=None):
        return self.desk.get(f"/v1/events?limit={limit}" + (f"&after={after}" if after else ""))

    def test_it_shows_what_the_feed_has(self):
        after = self.page(3)["page"]["next"]
        done = run("events", "tail", "--data", self.desk.folder, "--after", after, "--limit", "7")
        self.assertEqual((done.returncode, rows(done)), (DONE, self.page(7, after)["data"]), done.stderr)

    def test_it_waits_for_what_has_not_happened(self):
        end = None
        while (page := self.page(200, end))["data"]:
            end = page["page"]["next"]
        words = ("events", "tail", "--data", self.desk.folder, "--after", end, "--types", "conversation.note_added", "--limit", "1")
        with subprocess.Popen([PROGRAM, *words], stdout=subprocess.PIPE, text=True) as tail:
            self.desk.post(f"/v1/conversations/{self.ids[0]}/spam")
            self.desk.post(f"/v1/conversations/{self.ids[1]}/note", {"text": "look"})
            said, _ = tail.communicate(timeout=60)
        event = json.loads(said)
        self.assertEqual((event["type"], event["stream"]), ("conversation.note_added", self.ids[1]))


class Report(OnADesk):
    def test_figures_are_the_servers(self):
        for words, query in (((), ""), (("--by", "channel"), "?by=channel")):
            done = run("report", "daily", *words, "--data", self.desk.folder)
            self.assertEqual(done.returncode, DONE, done.stderr)
            self.assertEqual(rows(done), self.desk.get("/v1/reports/daily" + query)["data"])
            self.assertTrue(rows(done))
        csv = run("report", "daily", "--data", self.desk.folder, "-o", "csv").stdout.splitlines()
        self.assertEqual(csv[0].split(",")[0], "bucket")
        whole = run("report", "daily", "--data", self.desk.folder, "-o", "json")
        self.assertEqual(json.loads(whole.stdout)["definition"], self.desk.get("/v1/reports/daily")["definition"])
        wrong = run("report", "daily", "--by", "moon", "--data", self.desk.folder)
        self.assertEqual((wrong.returncode, wrong.stdout), (FAILED, ""))
        self.assertIn("?by", wrong.stderr)


if __name__ == "__main__":
    unittest.main()
