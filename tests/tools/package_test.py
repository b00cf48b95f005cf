"""What `cmake --install` and the Debian package put where."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from command_line import PROGRAM

BUILD = os.path.dirname(os.path.abspath(PROGRAM))
WANTED = {
    "usr/bin/parlance": 0o755,
    "usr/lib/systemd/system/parlance.service": 0o644,
    "usr/lib/systemd/system/parlance-backup.service": 0o644,
    "usr/lib/systemd/system/parlance-backup.timer": 0o644,
    "usr/lib/sysusers.d/parlance.conf": 0o644,
    "usr/share/man/man1/parlance.1.gz": 0o644,
    "usr/share/bash-completion/completions/parlance": 0o644,
    "usr/share/zsh/vendor-completions/_parlance": 0o644,
    "usr/share/fish/vendor_completions.d/parlance.fish": 0o644,
    "usr/share/doc/parlance/copyright": 0o644,
    "etc/parlance/parlance.toml": 0o644,
}


def command(*words, **how):
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, **how)
    assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def files_below(folder):
    return {os.path.relpath(os.path.join(where, name), folder) for where, _, names in os.walk(folder) for name in names}


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, "CPackConfig.cmake")), "the program lies in no build folder")
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="parlance-package-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def test_installed_are_the_files_and_nothing_else(self):
        root = os.path.join(self.folder, "installed")
        command("cmake", "--install", BUILD, "--prefix", "/usr", "--strip", env=dict(os.environ, DESTDIR=root))
        self.assertEqual(files_below(root), set(WANTED))
        for name, mode in WANTED.items():
            self.assertEqual(os.stat(os.path.join(root, name)).st_mode & 0o777, mode, name)
        self.assertIn("parlance ", command(os.path.join(root, "usr/bin/parlance"), "version"))
        self.check_texts(root)

    def check_texts(self, root):
        with open(os.path.join(root, "etc/parlance/parlance.toml"), encoding="utf-8") as file:
            self.assertIn("data = ", file.read())
        told = command(os.path.join(root, "usr/bin/parlance"), "config", "print", "-o", "csv", "--config",
                       os.path.join(root, "etc/parlance/parlance.toml"))
        self.assertIn("data,/var/lib/parlance/data", told)
        if shutil.which("systemd-analyze"):
            # As it will be once it is installed, but with a program that is there.
            with open(os.path.join(root, "usr/lib/systemd/system/parlance.service"), encoding="utf-8") as file:
                unit = file.read()
            path = os.path.join(self.folder, "parlance.service")
            with open(path, "w", encoding="utf-8") as file:
                file.write(unit.replace("/usr/bin/parlance", os.path.join(root, "usr/bin/parlance")))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=60)
            self.assertNotRegex(done.stderr, r"parlance\.service:.*(Unknown|Failed|Invalid|ignoring)")
            self.assertIn("Type=notify", unit)

    @unittest.skipUnless(shutil.which("cpack") and shutil.which("dpkg-deb") and shutil.which("dpkg-shlibdeps"),
                         "no tools for Debian packages here")
    def test_the_package_has_them_with_its_dependencies_and_scripts(self):
        command("cpack", "-G", "DEB", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", self.folder, cwd=self.folder)
        deb = [name for name in os.listdir(self.folder) if name.endswith(".deb")]
        self.assertEqual(len(deb), 1)
        self.assertRegex(deb[0], r"^parlance_\d+\.\d+\.\d+_\w+\.deb$")
        deb = os.path.join(self.folder, deb[0])
        listed = {}
        for line in command("dpkg-deb", "-c", deb).splitlines():
            kind, owner, _, _, _, name = line.split(maxsplit=5)
            self.assertEqual(owner, "root/root", line)
            if not kind.startswith("d"):
                listed[name.removeprefix("./")] = kind
        self.assertEqual(set(listed), set(WANTED))
        self.assertEqual(listed["usr/bin/parlance"], "-rwxr-xr-x")
        fields = command("dpkg-deb", "-f", deb)
        self.assertRegex(fields, r"(?m)^Depends: .*libc6 ")
        for library in ("libssl3", "libsodium23", "libsystemd0", "libcurl4"):
            self.assertRegex(fields, rf"(?m)^Depends: .*\b{library}\b")
        control = os.path.join(self.folder, "control")
        command("dpkg-deb", "-e", deb, control)
        self.assertLessEqual({"postinst", "prerm", "postrm", "conffiles", "md5sums"}, set(os.listdir(control)))
        with open(os.path.join(control, "conffiles"), encoding="ascii") as file:
            self.assertEqual(file.read(), "/etc/parlance/parlance.toml\n")
        for script in ("postinst", "prerm", "postrm"):
            command("sh", "-n", os.path.join(control, script))
        unpacked = os.path.join(self.folder, "unpacked")
        command("dpkg-deb", "-x", deb, unpacked)
        page = command("zcat", os.path.join(unpacked, "usr/share/man/man1/parlance.1.gz"))
        self.assertTrue(re.search(r"^\.TH PARLANCE 1", page))


if __name__ == "__main__":
    unittest.main()
