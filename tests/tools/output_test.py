"""How answers look: on a terminal, piped, and for other programs."""

import csv
import io
import json
import os
import re
import unicodedata
import unittest

from command_line import DONE, FAILED, USAGE, OnADesk, on_a_terminal, rows, run


def cells(text):
    # Joiners and the like take no room, as in wcwidth.
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Formats(OnADesk):
    def list(self, *words, code=DONE, **how):
        done = run("conv", "list", "--sort", "newest", "--data", self.desk.folder, *words, **how)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_piped_is_json_lines_and_a_terminal_gets_a_table(self):
        whole = rows(self.list())
        self.assertEqual(len(whole), len(self.desk.every("/v1/conversations?sort=newest")))
        self.assertLessEqual(set(self.ids), {row["id"] for row in whole})
        table = on_a_terminal("conv", "list", "--sort", "newest", "--data", self.desk.folder)
        self.assertEqual(len(table.splitlines()), len(whole) + 1)
        self.assertEqual(self.list("-o", "table").stdout, self.list("--output", "table").stdout)
        self.assertEqual(self.list("--format", "json").stdout, self.list("-o", "json").stdout)
        self.assertEqual(json.loads(self.list("-o", "json").stdout), whole)

    def test_csv_is_read_back_whole_and_runs_nothing(self):
        hostile = ['=cmd|"/c calc"!A0', "+1+1", "-2+3", "@SUM(A1)", "\tx", 'a "quoted", one', "two\nlines", "-5"]
        for i, name in enumerate(hostile):
            self.desk.inbound("chat", "shop", f"csv {i}", f"csv{i}", "hello", name=name)
        said = self.list("-o", "csv", "--fields", "requester.name,number,personal", text=False).stdout.decode()
        self.assertTrue(said.endswith("\r\n"))
        read = list(csv.reader(io.StringIO(said, newline="")))
        self.assertEqual(read[0], ["requester.name", "number", "personal"])
        names = {row[0] for row in read[1:]}
        self.assertIn('a "quoted", one', names)
        for name in names:
            self.assertFalse(re.match(r"[=+@\t\r]", name) or (name.startswith("-") and name != "-5"), name)
        self.assertIn("-5", names)

    def test_markdown_does_not_break_its_table(self):
        self.desk.inbound("chat", "shop", "md", "md", "hello", name="a|b <b>c</b> `d`")
        lines = self.list("-o", "md", "--fields", "requester.name,number").stdout.splitlines()
        self.assertEqual(lines[1], "| --- | --- |")
        self.assertTrue(all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines), lines)
        self.assertTrue(any(r"a\|b \<b>" in line for line in lines))

    def test_fields_choose(self):
        for row in rows(self.list("--fields", "id,assignee.name,nothing")):
            self.assertEqual(set(row), {"id", "assignee.name", "nothing"})
            self.assertIsNone(row["nothing"])
        self.assertEqual(list(rows(run("conv", "show", self.ids[0], "--fields", "state", "--data", self.desk.folder))[0]),
                         ["state"])

    def test_an_empty_list_is_empty_in_each_format(self):
        none = ("--channel", "voice")
        self.assertEqual(self.list(*none).stdout, "")
        self.assertEqual(self.list(*none, "-o", "json").stdout, "[]\n")
        self.assertEqual(len(self.list(*none, "-o", "csv").stdout.splitlines()), 1)
        self.assertEqual(len(self.list(*none, "-o", "md").stdout.splitlines()), 2)
        self.assertEqual(self.list(*none, "-o", "ids").stdout, "")
        table = self.list(*none, "-o", "table")
        self.assertEqual((table.stdout, table.stderr), ("", "no conversations\n"))

    def test_a_table_fits_its_terminal_whatever_is_written(self):
        for i, name in enumerate(("李小龍李小龍李小龍李小龍李小龍李小龍", "e\u0301" * 40, "👩\u200d👩\u200d👧" * 9, "\u202eevil\u202c" * 9, "ن" * 60)):
            self.desk.inbound("chat", "shop", f"wide {i}", f"wide{i}", "很" * 90 + "\u2066x", name=name)
        words = ("conv", "list", "--sort", "newest", "--data", self.desk.folder)
        for columns in (100, 120, 160, 300):
            lines = on_a_terminal(*words, columns=columns).splitlines()
            self.assertTrue(all(cells(line) <= columns for line in lines), columns)
            # What is copied from it is never cut.
            self.assertTrue(all(re.search(r"cnv_[0-9a-z]{26}$", line) for line in lines[1:]), lines)
        self.assertFalse(set(on_a_terminal(*words)) & set("\u202e\u2066"))
        os.environ["COLUMNS"] = "100"
        self.addCleanup(os.environ.pop, "COLUMNS", None)
        self.assertTrue(all(cells(line) <= 100 for line in self.list("-o", "table").stdout.splitlines()))

    def test_colours_are_for_terminals_that_want_them(self):
        words = ("conv", "list", "--data", self.desk.folder)
        self.assertIn("\033[1m", on_a_terminal(*words, color=True))
        self.assertNotIn("\033", on_a_terminal(*words, "--no-color", color=True))
        self.assertNotIn("\033", on_a_terminal(*words))  # NO_COLOR
        self.assertNotIn("\033", self.list("-o", "table").stdout)

    def test_progress_is_on_stderr_alone_and_leaves_a_terminal_as_it_was(self):
        said = on_a_terminal("log", "verify", "--data", self.desk.folder, stderr="terminal")
        self.assertEqual(re.sub(r"\r\033\[K[^\r]*", "", said).count("\033"), 0)

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            for words in (("conv", "list", "--data", self.desk.folder), ("log", "verify", "--data", self.desk.folder),
                          ("doctor", "--data", self.desk.folder), ("man",), ("completions", "bash"), ("config", "print")):
                import subprocess
                from command_line import PROGRAM
                done = subprocess.run([PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertEqual(done.returncode, FAILED, words)
                self.assertIn("stdout", done.stderr)


class BadInput(OnADesk):
    def test_forty_ways_to_say_it_wrong(self):
        data, one = self.desk.folder, self.ids[0]
        usage = [("conv", "list", "-o", "xml"), ("conv", "list", "--limit", "-1"), ("conv", "list", "--limit", "many"),
                 ("conv", "show"), ("conv", "show", "x"), ("conv", "show", "cnv_"), ("conv", "show", one + "x"),
                 ("conv", "show", "que_" + one[4:]), ("conv", "show", one, one), ("conv", "timeline", "../../etc"),
                 ("conv", "at", one), ("conv", "show", one, "--at-version", "1", "--as-of", "2026-01-01T00:00:00Z"),
                 ("conv", "lst"), ("conv",), ("conv", "list", "--nothing"), ("conv", "list", "--state"),
                 ("events", "cat", "--types", "conversation.opend"), ("events", "cat", "--types", ""),
                 ("events", "get", "1:2"), ("events", "get", "1:2:3:4"), ("events", "get", "a:b:c"), ("events", "get"),
                 ("events", "cat", "--partition", "70000"), ("events", "cat", "--raw", "--types", "conversation.opened"),
                 ("events", "tail", "--limit", "0"), ("view", "rebuild"), ("report",), ("report", "../status"),
                 ("report", "DAILY"), ("completions", "tcsh"), ("backup", "verify", "--from", data, "--backup", "-1"),
                 ("backup", "verify", "--from", data, "--backup", "1", "--all"), ("backup", "create"), ("backup",), ("doctor",),
                 ("config", "print", "--threads", "1.5"), ("serve", "--threads", "2000")]
        for words in usage:
            with_data = words if words[0] in ("backup", "doctor", "config", "serve", "completions") else (*words, "--data", data)
            done = run(*with_data)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), (with_data, done.stderr))
            self.assertTrue(done.stderr.strip(), words)
            self.assertNotIn("terminate", done.stderr)
        others = [("conv", "show", one, "--at-version", "99999"), ("conv", "timeline", one, "--at-version", "99999"),
                  ("conv", "show", one, "--as-of", "yesterday"),
                  ("conv", "at", one, "0"), ("conv", "at", one, "18446744073709551616"), ("conv", "list", "--queue", "que_x"),
                  ("conv", "list", "--sort", "sideways"), ("conv", "list", "--subject", one), ("report", "nothing_like_it"),
                  ("events", "cat", "--from", "soon"), ("events", "cat", "--from", "9:9:9"), ("events", "get", "1:0:999999"),
                  ("events", "cat", "--partition", "99"), ("view", "verify", "nothing")]
        for words in others:
            done = run(*words, "--data", data)
            self.assertNotIn(done.returncode, (DONE, -6, -11), (words, done.stdout))
            self.assertTrue(done.stderr.startswith("parlance: "), (words, done.stderr))
            self.assertEqual(done.stdout, "", words)

    def test_a_hostile_server_is_an_error_and_no_more(self):
        import http.server
        import threading

        answers = [b"", b"{", b"[]", b"[" * 200000, b'{"data":5}', b'{"data":[1,2],"page":{}}', b'{"data":[],"page":5}', b"\xff\xfe",
                   b'{"data":[{"id":"\\ud800"}],"page":{}}', b'{"detail":"\\u001b]0;x\\u0007"}', b"null"]

        class Hostile(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = answers[int(self.path.split("state=")[1].split("&")[0])]
                self.send_response(200 if b"detail" not in body else 500)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for i, answer in enumerate(answers):
            done = run("conv", "list", "--server", f"http://127.0.0.1:{server.server_address[1]}", "--token-file",
                       os.path.join(self.desk.folder, "admin.token"), "--state", str(i))
            if answer.startswith(b'{"data":[1'):
                self.assertEqual((done.returncode, done.stdout), (DONE, ""))
                continue
            self.assertEqual((done.returncode, done.stdout), (FAILED, ""), (answer[:30], done.stderr))
            self.assertFalse([c for c in done.stderr if ord(c) < 32 and c != "\n"], done.stderr)


class StaleAddress(OnADesk):
    def test_after_a_kill_the_folder_answers_and_what_wants_a_server_says_so(self):
        listed = rows(run("conv", "list", "--data", self.desk.folder))
        shown = rows(run("conv", "timeline", self.ids[0], "--data", self.desk.folder))
        self.desk.kill()
        before = sorted((name, os.path.getsize(os.path.join(where, name)), os.stat(os.path.join(where, name)).st_mtime_ns)
                        for where, _, names in os.walk(self.desk.folder) for name in names)
        done = run("conv", "list", "--data", self.desk.folder)
        self.assertEqual((done.returncode, rows(done)), (DONE, listed))
        self.assertIn("address is left from a server that was killed", done.stderr)
        self.assertEqual(rows(run("conv", "timeline", self.ids[0], "--data", self.desk.folder)), shown)
        after = sorted((name, os.path.getsize(os.path.join(where, name)), os.stat(os.path.join(where, name)).st_mtime_ns)
                       for where, _, names in os.walk(self.desk.folder) for name in names)
        self.assertEqual(after, before)  # it was only read
        tail = run("events", "tail", "--data", self.desk.folder)
        self.assertEqual(tail.returncode, 7)
        self.assertIn("no server runs", tail.stderr)
        self.assertIn("was killed", tail.stderr)
        # Somebody else listens there now: nobody is asked.
        with open(os.path.join(self.desk.folder, "address"), "w", encoding="ascii") as file:
            file.write("http://127.0.0.1:1\n")
        self.assertEqual(rows(run("conv", "list", "--data", self.desk.folder)), listed)
        self.desk.start()
        self.assertEqual(rows(run("conv", "list", "--data", self.desk.folder)), listed)


if __name__ == "__main__":
    unittest.main()
