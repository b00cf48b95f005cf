"""What `serve` is told: flags win over the environment, that over the file, that over the default."""

import os
import subprocess
import tempfile
import unittest

from command_line import DONE, NOT_FOUND, PROGRAM, USAGE, rows


class Config(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "parlance.toml")

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def run_with(self, *words, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLANCE_")}
        return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, env={**clean, **environment})

    def printed(self, *words, **environment):
        done = self.run_with("config", "print", "--origin", *words, **environment)
        self.assertEqual(done.returncode, DONE, done.stderr)
        return {row["key"]: (row["value"], row["origin"]) for row in rows(done)}

    def refused(self, text, *names):
        self.write(text)
        done = self.run_with("config", "print", "--config", self.file)
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""), text)
        for name in (self.file, *names):
            self.assertIn(name, done.stderr, text)
        # And serve says the same before it touches anything.
        served = self.run_with("serve", "--config", self.file)
        self.assertEqual((served.returncode, served.stderr), (USAGE, done.stderr))

    def test_the_nearest_place_wins(self):
        self.write('# where\nlisten = "127.0.0.1:1"\nthreads = 3\ndata = "/file"\n')
        told = self.printed("--config", self.file)
        self.assertEqual(told["listen"], ("127.0.0.1:1", f"file {self.file}, line 2"))
        self.assertEqual(told["threads"], ("3", f"file {self.file}, line 3"))
        self.assertEqual(told["backups"], ("", "default"))
        told = self.printed("--config", self.file, PARLANCE_LISTEN="127.0.0.1:2")
        self.assertEqual(told["listen"], ("127.0.0.1:2", "environment PARLANCE_LISTEN"))
        told = self.printed("--config", self.file, "--listen", "127.0.0.1:3", PARLANCE_LISTEN="127.0.0.1:2")
        self.assertEqual(told["listen"], ("127.0.0.1:3", "flag --listen"))
        self.assertEqual(self.printed()["listen"], ("127.0.0.1:8080", "default"))
        self.assertEqual(self.printed(PARLANCE_CONFIG=self.file)["threads"][0], "3")
        without = rows(self.run_with("config", "print"))
        self.assertTrue(without and all(set(row) == {"key", "value"} for row in without))

    def test_an_unknown_key_is_refused_with_its_line_and_the_nearest(self):
        self.refused('data = "/x"\nlisen = "127.0.0.1:1"\n', "line 2", "is listen meant?")
        self.refused('quux = 1\n', "line 1", "there are")
        self.refused('[serve]\nlisten = "127.0.0.1:1"\n', "line 1", "serve")

    def test_malformed_values_name_their_line(self):
        for text, line in (("threads = -1\n", "line 1"), ('\nthreads = "many"\n', "line 2"), ("threads = 99999999999\n", "line 1"),
                           ("listen = \n", "line 1"), ('listen = "x\n', "line 1"), ("listen = 1979-05-27\n", "line 1"),
                           ('listen = {a = 1}\n', "line 1"), ('listen = "a"\nlisten = "b"\n', "line 2"), ("a b\n", "line 1"),
                           ('threads = [1, 2]\n', "line 1"), ('listen = [[1]]\n', "line 1"), ("\xff = 1\n", "line 1"),
                           ("x" * 100, "line 1"), ("[" * 10000, "line 1")):
            self.refused(text, line)

    def test_an_empty_list_is_refused_with_its_line(self):
        self.refused('threads = []\n', "line 1", "threads has no value")

    def test_malformed_environment_and_flags_are_named(self):
        done = self.run_with("config", "print", PARLANCE_THREADS="several")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("environment PARLANCE_THREADS", done.stderr)
        self.assertEqual(self.run_with("config", "print", "--threads", "several").returncode, USAGE)

    def test_a_file_that_cannot_be_read_says_so(self):
        done = self.run_with("config", "print", "--config", self.file)
        self.assertEqual(done.returncode, NOT_FOUND)
        self.assertIn(self.file, done.stderr)
        self.assertEqual(self.run_with("config", "print", "--config", os.path.dirname(self.file)).returncode, NOT_FOUND)

    def test_serve_wants_a_data_folder(self):
        done = self.run_with("serve")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("--data", done.stderr)
        self.assertIn("PARLANCE_DATA", done.stderr)

    def test_serve_obeys_the_file(self):
        data = os.path.join(os.path.dirname(self.file), "data")
        self.write(f'data = "{data}"\nlisten = "127.0.0.1:notaport"\n')
        done = self.run_with("serve", "--config", self.file)
        self.assertEqual(done.returncode, 1)
        self.assertIn("notaport", done.stderr)
        self.assertTrue(os.path.isdir(os.path.join(data, "log")))


if __name__ == "__main__":
    unittest.main()
