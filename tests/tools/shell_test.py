"""Completions and the manual page: from the one tree of commands, and such that their readers take them."""

import os
import shutil
import subprocess
import tempfile
import unittest

from command_line import DONE, PROGRAM, USAGE, run
from usage_test import commands


def bash(script):
    return subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, timeout=60)


class Completions(unittest.TestCase):
    def complete(self, line):
        """What bash offers for a line, its last word begun or empty."""
        words = line.split(" ")
        quoted = " ".join("'" + word + "'" for word in words)
        done = bash(f"source <('{PROGRAM}' completions bash); COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _parlance; "
                    "printf '%s\\n' \"${COMPREPLY[@]}\"")
        self.assertEqual((done.returncode, done.stderr), (0, ""), line)
        return done.stdout.split()

    def test_bash_completes_commands_options_and_values(self):
        self.assertIn("backup", self.complete("parlance "))
        self.assertEqual(self.complete("parlance ba"), ["backup"])
        self.assertEqual(sorted(self.complete("parlance backup ")), ["create", "list", "restore", "verify"])
        self.assertEqual(self.complete("parlance log ver"), ["verify"])
        self.assertIn("--keys-to", self.complete("parlance backup create --k"))
        self.assertNotIn("--keys-to", self.complete("parlance log verify --"))
        self.assertEqual(sorted(self.complete("parlance conv list -o j")), ["json", "jsonl"])
        self.assertEqual(self.complete("parlance conv list --data "), [])  # files, by the shell itself
        self.assertEqual(sorted(self.complete("parlance completions ")), ["bash", "fish", "zsh"])
        self.assertIn("--at-version", self.complete("parlance conv show cnv_1 --data x --at"))

    def test_every_command_is_in_all_three(self):
        for shell in ("bash", "zsh", "fish"):
            done = run("completions", shell)
            self.assertEqual((done.returncode, done.stderr), (DONE, ""))
            for words in commands():
                self.assertIn(" ".join(words), done.stdout, shell)
            if shutil.which(shell):
                with tempfile.NamedTemporaryFile("w", suffix="." + shell) as file:
                    file.write(done.stdout)
                    file.flush()
                    checked = subprocess.run([shell, "-n", file.name], capture_output=True, text=True, timeout=60)
                self.assertEqual((checked.returncode, checked.stderr), (0, ""), shell)
        self.assertEqual(run("completions", "csh").returncode, USAGE)
        self.assertEqual(run("completions").returncode, USAGE)


class Manual(unittest.TestCase):
    def test_it_has_every_command_and_exit_code_and_roff_takes_it(self):
        page = run("man")
        self.assertEqual((page.returncode, page.stderr), (DONE, ""))
        for words in commands():
            self.assertIn(".SS parlance " + " ".join(words).replace("-", "\\-"), page.stdout)
        for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 130):
            self.assertIn(f".B {code}\n", page.stdout)
        if not shutil.which("groff"):
            self.skipTest("no groff here")
        done = subprocess.run(["groff", "-ww", "-man", "-Tutf8", "-z"], input=page.stdout, capture_output=True, text=True,
                              timeout=60, env=dict(os.environ, LC_ALL="C.UTF-8"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
