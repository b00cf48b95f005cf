"""Writes a keyring as adapters/keyring/file_keyring.h describes it, its keys drawn from a seed instead of by chance.

So the keyring of a folder that is kept for ever (tests/scenario/old_folders) is one word and not four megabytes that do not compress,
and a second hand holds the description to what the program reads. Never for anything that is to be kept secret.
"""

import ctypes
import hashlib
import os
import struct

BUCKETS = 65536
SECRETS = 64
SECRETS_USED = 5  # engine/ports/key_service.h


def _drawn(seed, label, size):
    return hashlib.shake_256(f"{seed} {label}".encode()).digest(size)


def _seal(key, nonce, plain, associated):
    sodium = ctypes.CDLL("libsodium.so.23")
    out = ctypes.create_string_buffer(len(plain) + 16)
    size = ctypes.c_ulonglong()
    failed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, ctypes.byref(size), plain, ctypes.c_ulonglong(len(plain)), associated, ctypes.c_ulonglong(len(associated)), None, nonce, key)
    assert not failed and size.value == len(out)
    return out.raw


def _file(magic, label, root, ident, nonce, plain):
    check = hashlib.blake2b(b"parlance root check 1" + ident, key=root, digest_size=16).digest()
    head = magic + struct.pack("<IQ", 1, 1) + ident + check
    key = hashlib.blake2b(label + ident, key=root, digest_size=32).digest()
    return head + nonce + _seal(key, nonce, plain, head)


def write_keyring(folder, seed):
    """Makes `folder` with root.key, buckets and secrets. The same seed makes the same bytes."""
    root, ident = _drawn(seed, "root", 32), _drawn(seed, "id", 16)
    keys = _drawn(seed, "buckets", BUCKETS * 32)
    buckets = b"".join(keys[at:at + 32] + bytes(32) for at in range(0, len(keys), 32))
    secrets = _drawn(seed, "secrets", SECRETS_USED * 32).ljust(SECRETS * 32, b"\0")
    os.makedirs(folder, mode=0o700)
    for name, data in (("root.key", root.hex().encode() + b"\n"),
                       ("buckets", _file(b"PLBUCKET", b"parlance buckets 1", root, ident, _drawn(seed, "nonce 1", 24), buckets)),
                       ("secrets", _file(b"PLSECRET", b"parlance secrets 1", root, ident, _drawn(seed, "nonce 2", 24), secrets))):
        with open(os.path.join(folder, name), "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(data)
