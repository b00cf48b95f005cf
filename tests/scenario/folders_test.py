"""A data folder that cannot be served is refused by name: what is wrong, where, and what to do. What is disposable heals by itself."""

import os
import shutil
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from desk import PROGRAM, Desk  # noqa: E402

passed = failed = skipped = 0


def check(name, good, seen=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED  {name}: {seen}")


def serve(folder, *more):
    """Starts a server that must refuse: its exit code and what it said."""
    done = subprocess.run([PROGRAM, "serve", "--data", folder, "--listen", "127.0.0.1:0", *more],
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr + done.stdout


def refused(name, rule, folder, *more):
    try:
        code, said = serve(folder, *more)
    except subprocess.TimeoutExpired:
        return check(name, False, "it serves")
    return check(name, code not in (0, -6, -11) and rule in said and "invariant" not in said, f"exit {code}: {said[-600:]}")


work = tempfile.mkdtemp(prefix="parlance-folders-")
try:
    good = os.path.join(work, "good")
    desk = Desk(good)
    for i in range(20):
        desk.inbound("chat", "shop", f"p{i % 3}", f"m{i}", f"text {i}")
    refused("a folder that another server holds", "locked", good)
    wanted = [t["id"] for t in desk.every("/v1/conversations?sort=oldest")]
    hashes = sorted((v["view"], v["partition"], v["hash"]) for v in desk.get("/v1/status")["views"])
    desk.stop()

    def copy(name):
        folder = os.path.join(work, name.replace(" ", "-"))
        shutil.copytree(good, folder)
        return folder

    def spoil(path, at=0, data=b"\xff\xff\xff\xff"):
        with open(path, "r+b") as f:
            f.seek(at)
            f.write(data)

    # Not ours.
    foreign = os.path.join(work, "foreign")
    os.mkdir(foreign)
    with open(os.path.join(foreign, "thesis.txt"), "w", encoding="ascii") as f:
        f.write("mine")
    refused("a folder of somebody else's", "not_ours", foreign)
    check("and nothing was written into it", os.listdir(foreign) == ["thesis.txt"], os.listdir(foreign))
    refused("a file instead of a folder", "not_ours", os.path.join(foreign, "thesis.txt"))

    # Newer.
    newer = copy("newer")
    path = os.path.join(newer, "log", "format")
    with open(path, "rb") as f:
        lines = f.read().replace(b"parlance log 1\n", b"parlance log 2\n").split(b"crc32 ")[0]
    with open(path, "wb") as f:
        f.write(lines + b"crc32 %08x\n" % zlib.crc32(lines))
    refused("a log of a newer program", "log.newer", newer)

    # The keyring.
    folder = copy("no keyring")
    shutil.rmtree(os.path.join(folder, "keys"))
    refused("a log without its keyring", "keyring.missing", folder)
    check("and no new keyring was made", not os.path.exists(os.path.join(folder, "keys", "root.key")))
    for part in ("root.key", "buckets", "secrets"):
        folder = copy("without " + part)
        os.remove(os.path.join(folder, "keys", part))
        refused("a keyring without " + part, "keyring.missing", folder)
    folder = copy("loose")
    os.chmod(os.path.join(folder, "keys", "root.key"), 0o644)
    refused("a root key that others may read", "keyring.loose_mode", folder)
    folder = copy("damaged keyring")
    spoil(os.path.join(folder, "keys", "buckets"), 1000)
    refused("a damaged keyring", "keyring.damaged", folder)
    other = Desk(os.path.join(work, "other"))
    other.stop()
    folder = copy("foreign keyring")
    shutil.rmtree(os.path.join(folder, "keys"))
    shutil.copytree(os.path.join(work, "other", "keys"), os.path.join(folder, "keys"))
    refused("another log's keyring", "keyring.other_log", folder)

    # The log.
    folder = copy("no mark")
    os.remove(os.path.join(folder, "log", "sealed-mark"))
    refused("a log without its sealed mark", "log.mark_missing", folder)
    folder = copy("damaged mark")
    size = os.path.getsize(os.path.join(folder, "log", "sealed-mark"))
    spoil(os.path.join(folder, "log", "sealed-mark"), 0, b"\xff" * size)
    refused("a sealed mark without a whole slot", "log.mark_damaged", folder)
    folder = copy("older log")
    shutil.rmtree(os.path.join(folder, "log", "log"))
    shutil.copytree(os.path.join(work, "other", "log", "log"), os.path.join(folder, "log", "log"))
    refused("the database of another log", "log.", folder)
    folder = copy("no format")
    os.remove(os.path.join(folder, "log", "format"))
    refused("a log without its format file", "log.", folder)

    # What cannot be written.
    if os.geteuid() == 0 and shutil.which("mount") and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "--", foreign], capture_output=True, check=False).returncode == 0:
        try:
            refused("a disk without room", "No space left", os.path.join(foreign, "data"))
            subprocess.run(["mount", "-o", "remount,ro", foreign], capture_output=True, check=True)
            refused("a folder that cannot be written", "read_only", os.path.join(foreign, "data2"))
        finally:
            subprocess.run(["umount", foreign], capture_output=True, check=False)
    else:
        skipped += 2
        print("skipped: a full and a read-only disk (this needs the right to mount)")

    # A first start that was cut short: a keyring, and a log's folder with nothing to lose in it.
    begun = os.path.join(work, "begun")
    os.makedirs(os.path.join(begun, "log"))
    shutil.copytree(os.path.join(good, "keys"), os.path.join(begun, "keys"))
    for name in ("lock", "format.new"):
        open(os.path.join(begun, "log", name), "wb").close()
    first = Desk(begun)
    check("a first start that was cut short is gone on with", first.inbound("chat", "shop", "p0", "m0", "text")["created"])
    first.stop()

    # What heals.
    for name, harm in (("fold store deleted", lambda f: shutil.rmtree(os.path.join(f, "fold"))),
                       ("views deleted", lambda f: shutil.rmtree(os.path.join(f, "views"))),
                       ("fold store damaged", lambda f: spoil(os.path.join(f, "fold", "rows", "CURRENT"))),
                       ("views damaged", lambda f: spoil(os.path.join(f, "views", "rows", "CURRENT")))):
        folder = copy(name)
        harm(folder)
        healed = Desk(folder)
        ids = [t["id"] for t in healed.every("/v1/conversations?sort=oldest")]
        check(name + ": heals by itself", ids == wanted, ids)
        got = sorted((v["view"], v["partition"], v["hash"]) for v in healed.get("/v1/status")["views"])
        check(name + ": the views are the same to the byte", got == hashes, "other hashes")
        repeat = healed.inbound("chat", "shop", "p0", "m3", "text 3")
        check(name + ": repeats are still known", not repeat["created"] and len(healed.every("/v1/conversations?sort=oldest")) == len(wanted))
        healed.stop()
finally:
    shutil.rmtree(work, ignore_errors=True)
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
