"""What operators have: metrics, the doctor, the notices to a service manager."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from command_line import DONE, FAILED, PROGRAM, OnADesk, rows, run
from desk import Desk


def metrics_of(desk):
    """Every sample of /metrics: {name{labels}: value}; fails on a line that Prometheus would not take."""
    answer = desk.call("GET", "/metrics")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4"), answer
    found, typed = {}, {}
    for line in answer.body.splitlines():
        if line.startswith("# "):
            word, name, *rest = line[2:].split(" ", 2)
            assert word in ("HELP", "TYPE"), line
            if word == "TYPE":
                typed[name] = rest[0]
            continue
        match = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-z_]+="[^"\\\n]*",?)*\})? (\S+)', line)
        assert match, line
        assert match[0] not in found, line
        family = re.sub(r"_(bucket|sum|count)$", "", match[1])
        assert match[1] in typed or typed.get(family) == "histogram", line
        found[match[1] + (match[2] or "")] = float(match[3])
    return found


class Metrics(OnADesk):
    def test_requests_are_counted_by_route_and_status(self):
        count = lambda found, status: found.get(
            f'parlance_http_requests_total{{method="GET",route="/v1/conversations/{{id}}",status="{status}"}}', 0)
        before = metrics_of(self.desk)
        for _ in range(3):
            self.desk.ticket(self.ids[0])
        self.desk.call("GET", "/v1/conversations/cnv_" + "0" * 26)
        after = metrics_of(self.desk)
        self.assertEqual(count(after, 200) - count(before, 200), 3)
        self.assertEqual(count(after, 404) - count(before, 404), 1)
        buckets = [(float(re.search(r'le="([^"]+)"', name)[1]), value) for name, value in after.items()
                   if name.startswith('parlance_http_request_duration_seconds_bucket{method="POST",route="/v1/inbound"')]
        self.assertEqual([value for _, value in sorted(buckets)], sorted(value for _, value in buckets))
        self.assertEqual(max(value for _, value in buckets),
                         after['parlance_http_request_duration_seconds_count{method="POST",route="/v1/inbound"}'])

    def test_log_views_and_process_are_told(self):
        found = metrics_of(self.desk)
        status = self.desk.get("/v1/status")
        for partition in status["partitions"]:
            name = f'{{partition="{partition["partition"]}"}}'
            self.assertEqual(found["parlance_log_end_records" + name], int(partition["end"]))
            self.assertEqual(found["parlance_owner_owning" + name], 1)
        for view in status["views"]:
            self.assertIn(f'parlance_view_lag_records{{view="{view["view"]}",partition="{view["partition"]}"}}', found)
            self.assertEqual(found[f'parlance_view_healthy{{view="{view["view"]}"}}'], 1)
        self.assertGreater(found["parlance_log_sync_duration_seconds_count"], 10)
        self.assertGreater(found["parlance_log_appended_bytes_total"], 1000)
        self.assertGreaterEqual(found["parlance_http_connections"], 1)
        self.assertGreater(found["process_resident_memory_bytes"], 1_000_000)
        self.assertGreater(found["process_open_fds"], 5)
        self.assertTrue(any(name.startswith("parlance_build_info{version=") for name in found))

    def test_nobody_makes_series_or_leaves_a_trace_in_them(self):
        names = set(metrics_of(self.desk))
        for path in ("/v1/needle@example.org", "/needle", "/v1/conversations/needle/timeline", "/v1/conversations?q=needle", "/%00"):
            self.desk.call("GET", path)
        for method in ("DELETE", "POST"):
            self.desk.call(method, "/v1/needle")
        text = self.desk.call("GET", "/metrics").body
        self.assertNotIn("needle", text)
        for word in ("person", "Person", *self.ids):
            self.assertNotIn(word, text)
        # Only known routes and codes are new.
        for name in set(metrics_of(self.desk)) - names:
            self.assertIn("route=", name)
        self.assertLess(len(names), 3000)
        self.assertEqual(self.desk.call("GET", "/metrics", token="").status, 401)


class TheDoctor(unittest.TestCase):
    def setUp(self):
        self.desk = Desk()
        self.addCleanup(self.desk.close)

    def examine(self, *words, code=DONE):
        done = run("doctor", "--data", self.desk.folder, *words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        found = {}
        for row in rows(done):
            self.assertIn(row["state"], ("ok", "warn", "fail"))
            if row["state"] != "ok":
                self.assertTrue(row["advice"], row)
            if found.get(row["check"], {}).get("state") not in ("warn", "fail"):
                found[row["check"]] = row
        return found

    def test_all_is_well_while_it_runs_and_when_it_stopped(self):
        found = self.examine()
        for check in ("folder", "server", "log", "keyring", "token", "space"):
            self.assertEqual(found[check]["state"], "ok", found[check])
        self.assertEqual(found["server"]["found"], "runs and answers")
        self.desk.stop()
        self.assertEqual(self.examine()["server"]["found"], "none runs")

    def test_what_is_wrong_is_named_with_what_to_do(self):
        self.desk.kill()
        self.assertIn("was killed", self.examine()["server"]["found"])
        os.chmod(os.path.join(self.desk.folder, "admin.token"), 0o644)
        self.assertIn("chmod 600", self.examine(code=FAILED)["token"]["advice"])
        os.remove(os.path.join(self.desk.folder, "admin.token"))
        self.assertEqual(self.examine()["token"]["state"], "warn")
        os.chmod(self.desk.folder, 0o755)
        self.assertEqual(self.examine()["folder"]["state"], "warn")
        root = os.path.join(self.desk.folder, "keys", "root.key")
        os.chmod(root, 0o640)
        self.assertIn("keyring.loose_mode", self.examine(code=FAILED)["keyring"]["found"])
        os.chmod(root, 0o600)
        with Desk() as other:
            found = self.examine("--keys", os.path.join(other.folder, "keys"), code=FAILED)
            self.assertIn("keyring.other_log", found["keyring"]["found"])
        shutil.rmtree(os.path.join(self.desk.folder, "keys"))
        self.assertIn("keyring.missing", self.examine(code=FAILED)["keyring"]["found"])
        os.remove(os.path.join(self.desk.folder, "log", "sealed-mark"))
        self.assertIn("log.mark_missing", self.examine(code=FAILED)["log"]["found"])

    def test_a_folder_that_is_none_is_told(self):
        for folder in ("/nowhere", self.desk.own):
            done = run("doctor", "--data", folder)
            self.assertEqual(done.returncode, FAILED)
            self.assertIn(("folder", "fail"), [(row["check"], row["state"]) for row in rows(done)])

    def test_old_or_missing_backups_are_told(self):
        backups = os.path.join(self.desk.own, "b")
        self.assertEqual(self.examine("--backups", backups, code=FAILED)["backups"]["state"], "fail")
        self.desk.run("backup", "create", "--data", self.desk.folder, "--to", backups)
        self.assertEqual(self.examine("--backups", backups)["backups"]["state"], "ok")


class ServiceManager(unittest.TestCase):
    def test_it_is_told_when_the_server_is_ready_and_when_it_stops(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "notify")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(path)
                manager.settimeout(60)
                process = subprocess.Popen([PROGRAM, "serve", "--data", os.path.join(folder, "data"), "--listen",
                                            "127.0.0.1:0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                           env=dict(os.environ, NOTIFY_SOCKET=path))
                said = ""
                while "READY=1" not in said:
                    said += manager.recv(4096).decode() + "\n"
                self.assertIn("EXTEND_TIMEOUT_USEC=", said)
                process.terminate()
                while "STOPPING=1" not in said:
                    said += manager.recv(4096).decode() + "\n"
                self.assertEqual(process.wait(timeout=30), 0)


if __name__ == "__main__":
    unittest.main()
