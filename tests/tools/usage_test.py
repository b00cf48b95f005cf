"""What the program says to somebody who does not know it yet."""

import re
import unittest

from command_line import DONE, USAGE, run

HELP = run("--help").stdout


def commands(words=()):
    """Every command of the tree, by what the helps list."""
    said = run(*words, "--help").stdout
    below = said.split("Subcommands:", 1)[1] if "Subcommands:" in said else ""
    found = re.findall(r"^  (\w[\w-]*)", below, re.MULTILINE)
    return [deeper for name in found for deeper in commands((*words, name))] if found else [words]


class Usage(unittest.TestCase):
    def test_no_words_and_help_print_the_help_with_the_exit_codes(self):
        for words in ((), ("help",), ("--help",)):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (DONE, HELP, ""))
        self.assertIn("6 a verification found a difference", HELP)

    def test_every_command_has_an_example(self):
        tree = commands()
        self.assertIn(("log", "verify"), tree)
        for words in tree:
            if words in (("help",), ("version",)):
                continue
            said = run(*words, "--help").stdout
            self.assertRegex(said, r"Examples?:", words)
            self.assertIn("parlance " + " ".join(words), said)

    def test_an_unknown_word_is_refused_with_the_nearest(self):
        for words, meant in ((("servee",), "serve"), (("log", "verfy"), "verify"), (("evnets", "cat"), "events"),
                             (("view", "rebiuld"), "rebuild"), (("log", "verify", "--dta", "x"), "--data")):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), words)
            self.assertIn(f"is {meant} meant?", done.stderr, words)

    def test_an_unknown_word_near_nothing_gets_no_guess(self):
        done = run("quux")
        self.assertEqual(done.returncode, USAGE)
        self.assertNotIn("meant", done.stderr)
        self.assertIn("parlance --help", done.stderr)

    def test_what_is_missing_is_named(self):
        done = run("log", "verify")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("--data", done.stderr)
        noun = run("log")
        self.assertEqual((noun.returncode, noun.stdout), (USAGE, ""))
        self.assertIn("verify", noun.stderr)
        self.assertIn("verify", run("help", "log").stdout)
        self.assertEqual(run("help", "log").stdout, run("log", "--help").stdout)
        self.assertIn("is verify meant?", run("help", "log", "verifi").stderr)
        self.assertEqual(run("log", "verify", "--data", "x", "-o", "yaml").returncode, USAGE)

    def test_the_version_is_printed_both_ways(self):
        self.assertRegex(run("version").stdout, r"^parlance \d+\.\d+\.\d+\n$")
        self.assertEqual(run("--version").returncode, DONE)


if __name__ == "__main__":
    unittest.main()
