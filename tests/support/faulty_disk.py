"""A disk that fails when told, under a real server: the other side of faulty_disk.cc.

    disk = FaultyDisk(folder)                      # below which files are minded
    with Desk(folder + "/data", disk=disk) as desk:
        disk.fail_sync_at = disk.syncs + 3         # numbers count since reset(); 0: never
        ...

`Trace` reads what a traced run changed and makes of it the folder as a power cut would have left it.
"""

import mmap
import os
import struct

LIBRARY = os.environ.get("PARLANCE_FAULTY_DISK", "build/asan/tests/support/libtests_faulty_disk.so")
NUMBERS = ("noted", "changes", "syncs", "writes", "fail_sync_at", "failed_sync_ns", "full_at", "free_bytes", "delay_us",
           "kill_at_change")
POINT_NAME_MAX = 40
POINTS_MAX = 48
POINT_AT = 8 * len(NUMBERS)
COUNTDOWN_AT = POINT_AT + POINT_NAME_MAX
ACTION_AT = COUNTDOWN_AT + 8
POINTS_AT = ACTION_AT + 8
CONTROL_BYTES = POINTS_AT + POINTS_MAX * (POINT_NAME_MAX + 8)
KILL, STOP, TAKE = 1, 2, 3  # what happens at a fault point


class FaultyDisk:
    def __init__(self, folder, traced=False):
        self.folder = os.path.realpath(folder)
        self.control = self.folder + ".control"
        self.trace = self.folder + ".trace" if traced else None
        with open(self.control, "wb") as file:
            file.truncate(CONTROL_BYTES)
        with open(self.control, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), CONTROL_BYTES)

    def environment(self):
        """Of a process whose disk this is."""
        assert os.path.exists(LIBRARY), f"{LIBRARY} is missing; build the target tests_faulty_disk"
        more = {"PARLANCE_DISK_TRACE": self.trace} if self.trace else {}
        return {**os.environ, "LD_PRELOAD": os.path.abspath(LIBRARY), "PARLANCE_DISK_ROOT": self.folder,
                "PARLANCE_DISK_CONTROL": self.control, **more}

    def reset(self):
        """Nothing fails, and all counts are 0."""
        self.memory[:] = bytes(CONTROL_BYTES)

    def __getattr__(self, name):
        if name not in NUMBERS:
            raise AttributeError(name)
        return struct.unpack_from("<Q", self.memory, 8 * NUMBERS.index(name))[0]

    def __setattr__(self, name, value):
        if name in NUMBERS:
            struct.pack_into("<Q", self.memory, 8 * NUMBERS.index(name), value)
        else:
            super().__setattr__(name, value)

    def at_point(self, name, nth=1, action=KILL):
        """When the process comes to this fault point for the nth time from now, it is killed, stopped, or takes the rare branch."""
        struct.pack_into("<Q", self.memory, ACTION_AT, 0)
        struct.pack_into(f"<{POINT_NAME_MAX}sQQ", self.memory, POINT_AT, name.encode(), nth, action)

    def points(self):
        """Each fault point passed so far, and how often."""
        out = {}
        for i in range(POINTS_MAX):
            name, passed = struct.unpack_from(f"<{POINT_NAME_MAX}sQ", self.memory, POINTS_AT + i * (POINT_NAME_MAX + 8))
            if name[0]:
                out[name.split(b"\0")[0].decode()] = passed
        return out


CREATE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MAKE_FOLDER, REMOVE_FOLDER, LINK, SYNC_FOLDER = range(1, 11)
PAGE = 4096


class _File:
    def __init__(self):
        self.bytes = bytearray()  # as written
        self.durable = b""  # as of its last sync
        self.unsynced = []  # (at, bytes), or (size, None), since then

    def write(self, at, data):
        if len(self.bytes) < at:
            self.bytes.extend(bytes(at - len(self.bytes)))
        self.bytes[at:at + len(data)] = data
        self.unsynced.append((at, data))

    def truncate(self, size):
        del self.bytes[size:]
        self.bytes.extend(bytes(size - len(self.bytes)))
        self.unsynced.append((size, None))

    def sync(self):
        if self.unsynced:
            self.durable = bytes(self.bytes)
            self.unsynced = []

    def after_cut(self, how, chance):
        """What a power cut leaves of it. lost: what was synced. torn: of the rest so many writes, the last of them in part.
        reordered: of the rest some pages, with zeros where a page between them is not there."""
        if how == "lost" or not self.unsynced:
            return self.durable
        if how == "kept":
            return bytes(self.bytes)
        out = bytearray(self.durable)

        def put(at, data):
            if len(out) < at:
                out.extend(bytes(at - len(out)))
            out[at:at + len(data)] = data

        if how == "torn":
            many = chance.randrange(len(self.unsynced) + 1)
            for i, (at, data) in enumerate(self.unsynced[:many]):
                if data is None:
                    del out[at:]
                    out.extend(bytes(at - len(out)))
                else:
                    put(at, data[:chance.randrange(len(data) + 1)] if i == many - 1 else data)
            return bytes(out)
        final = bytes(self.bytes)
        size = chance.choice([len(final), len(out), max(len(final), len(out))])
        del out[size:]
        for at, data in self.unsynced:
            if data is None:
                continue
            for page in range(at // PAGE, (at + len(data) - 1) // PAGE + 1):
                if chance.random() < 0.5:
                    begin = max(page * PAGE, at)
                    end = min((page + 1) * PAGE, at + len(data), size)
                    if begin < end:
                        put(begin, final[begin:end])
        return bytes(out)


class Trace:
    """The changes of a traced run, in order. Steps through them; at any step, the folder as a power cut would have left it."""

    def __init__(self, path, folder):
        self.folder = os.path.realpath(folder)
        self.changes = []
        with open(path, "rb") as file:
            data = file.read()
        at = 0
        while at < len(data):
            operation, inode, where, length = struct.unpack_from("<BQQI", data, at)
            at += 21
            self.changes.append((operation, inode, where, data[at:at + length]))
            at += length
        self.done = 0
        self.lies = None  # of a path: whether its syncs are answered and keep nothing
        self.files = {}  # inode: _File
        self.tree = {}  # path: inode, or None for a folder; as done
        self.durable_tree = {}  # as of the last sync of each folder
        self.pending = []  # changes of the tree that no sync of their folder followed: (folder, operation, paths, inode)

    def __len__(self):
        return len(self.changes)

    def step(self):
        operation, inode, where, data = self.changes[self.done]
        self.done += 1
        if operation == WRITE:
            self.files.setdefault(inode, _File()).write(where, data)
        elif operation == TRUNCATE:
            self.files.setdefault(inode, _File()).truncate(where)
        elif operation == SYNC:
            if not (self.lies and any(self.lies(path) for path, held in self.tree.items() if held == inode)):
                self.files.setdefault(inode, _File()).sync()
        elif operation == SYNC_FOLDER:
            self._sync_folder(os.path.normpath(data.decode()))
        else:
            paths = [os.path.normpath(one.decode()) for one in data.split(b"\0")]
            if operation == CREATE:
                self.files[inode] = _File()
            self._change(self.tree, operation, paths, inode)
            self.pending.append((os.path.dirname(paths[-1]), operation, paths, inode))

    def _change(self, tree, operation, paths, inode):
        if operation == CREATE:
            tree[paths[0]] = inode
        elif operation == MAKE_FOLDER:
            tree[paths[0]] = None
        elif operation in (UNLINK, REMOVE_FOLDER):
            tree.pop(paths[0], None)
        elif operation == LINK:
            if paths[0] in tree:
                tree[paths[1]] = tree[paths[0]]
        elif operation == RENAME:
            below = paths[0] + "/"
            for name in [name for name in tree if name.startswith(below)]:
                tree[paths[1] + "/" + name[len(below):]] = tree.pop(name)
            if paths[0] in tree:
                tree[paths[1]] = tree.pop(paths[0])

    def _sync_folder(self, folder):
        left = []
        for change in self.pending:
            # A rename is of two folders; either one's sync makes it last, as a journal does.
            if change[0] == folder or (change[1] == RENAME and os.path.dirname(change[2][0]) == folder):
                self._change(self.durable_tree, *change[1:])
            else:
                left.append(change)
        self.pending = left

    def write_to(self, target, how, chance):
        """Makes `target`, which is not there, the folder after a power cut at this step."""
        tree = dict(self.durable_tree)
        if how == "kept":
            tree = dict(self.tree)
        elif how != "lost":  # as with a journal, the first so many are done
            for change in self.pending[:chance.randrange(len(self.pending) + 1)]:
                self._change(tree, *change[1:])
        os.makedirs(target)
        for path, inode in sorted(tree.items()):
            there = target + path.removeprefix(self.folder)
            if not os.path.isdir(os.path.dirname(there)):
                continue  # what is in a folder that is gone is gone too
            if inode is None:
                os.mkdir(there, mode=0o700)
                continue
            with open(there, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(self.files[inode].after_cut(how, chance))
