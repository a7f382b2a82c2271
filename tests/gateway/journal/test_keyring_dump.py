"""Forgetting in memory: what a core dump of the running process gives to somebody who knows the visitor.

The dump is /proc/<pid>/mem, since our processes write none themselves. The attacker tries every 32 bytes of it, where
CPython puts the bytes of an object, as the key, over the visitor's known network and browser; and we, who know the key,
look for it and for the two started hashes in every place. On its day both find the visitor. Once the salt is destroyed
neither does, and no hit has to come for that: OpenSSL wipes the started hashes when they are let go of, the keyring
overwrites the key and the salt that it was made of.
"""

from __future__ import annotations

import hmac
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal, getcontext
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.serving import ROOT

SALT = "demo.day.2026-11-22.salt"
KNOWN = b"\0".join([b"demo", b"day", b"203.0.113", b"Mozilla/5.0 (X11; Linux x86_64)"])

#: The life of a process: hits on a day, forgetting at midnight, hits of the next day, the salt's destruction.
LIFE = """
import sys
from pathlib import Path
from tests.gateway.journal.test_keyring_forgetting import DAY_S, NOON, Keyring, minimiser, visitor
keyring, by = Keyring(Path(sys.argv[1]), ["demo"]), minimiser()

def step(say, day, hits):
    keyring.refresh(NOON + day * DAY_S)
    by.forget()
    seen = {visitor(by, keyring, NOON + day * DAY_S) for _ in range(hits)}
    print(say, *seen, flush=True)
    sys.stdin.readline()

step("day", 0, 300)
step("midnight", 1, 0)
step("next", 1, 300)
step("destroyed", 2, 0)
"""


def memory(pid: int) -> Iterator[bytes]:
    """What a core dump holds: private writable memory."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            bounds, rights, *_ = line.split()
            begin, end = (int(part, 16) for part in bounds.split("-"))
            if rights.startswith("rw-p") and "[v" not in line:
                mem.seek(begin)
                yield mem.read(end - begin)


def brute_force(dump: list[bytes], visitor: str) -> int:
    """How many places of the dump are a key that leads from the known input to the visitor."""
    tried = {
        window
        for block in dump
        for at in range(0, len(block) - 31, 16)
        if len(set(window := block[at : at + 32])) >= 24  # 32 random bytes hold 30 different ones, text and code fewer
    }
    assert len(tried) > 1000
    print(f"{len(tried):,} keys tried out of {sum(map(len, dump)) / 1e6:.0f} MB")
    return sum(hmac.digest(key, KNOWN, "sha256").hex()[:32] == visitor for key in tried)


def secrets(folder: Path) -> Mapping[str, bytes]:
    """The salt, the key made of it, and SHA-256's state after the key's block, inner and outer."""
    salt = (folder / SALT).read_bytes()
    info = f"edge-tracking-gateway/1 pseudonyms {SALT}".encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(salt)
    blocks = {name: bytes(byte ^ mask for byte in key.ljust(64, b"\0")) for name, mask in (("in", 0x36), ("out", 0x5C))}
    started = {f"started {name}": struct.pack("<8I", *after(block)) for name, block in blocks.items()}
    return {"salt": salt, "key": key} | started


def after(block: bytes) -> list[int]:
    """SHA-256's eight words after one block. Source: FIPS 180-4, 6.2.2. Why here: hashlib does not show its state."""
    getcontext().prec = 50
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
    constants = [int(Decimal(n) ** (Decimal(1) / 3) % 1 * 2**32) for n in primes[:64]]
    start = [int(Decimal(n).sqrt() % 1 * 2**32) for n in primes[:8]]
    words = list(struct.unpack(">16I", block))
    for i in range(16, 64):
        small = [turned(words[i - 15], 7, 18) ^ words[i - 15] >> 3, turned(words[i - 2], 17, 19) ^ words[i - 2] >> 10]
        words.append((words[i - 16] + words[i - 7] + sum(small)) % 2**32)
    a, b, c, d, e, f, g, h = start
    for constant, word in zip(constants, words, strict=True):
        first = h + (turned(e, 6, 11) ^ turned(e, 25)) + (e & f ^ ~e & g) + constant + word
        second = (turned(a, 2, 13) ^ turned(a, 22)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (first + second) % 2**32, a, b, c, (d + first) % 2**32, e, f, g
    return [(x + y) % 2**32 for x, y in zip(start, (a, b, c, d, e, f, g, h), strict=True)]


def turned(word: int, *by: int) -> int:
    """The word rotated right by each, and these combined."""
    made = 0
    for n in by:
        made ^= word >> n | word << (32 - n) & 0xFFFFFFFF
    return made


def test_a_dump_leads_to_a_visitor_on_their_day_and_to_nobody_once_the_salt_is_destroyed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LIFE, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    found: dict[str, dict[str, int]] = {}
    matches: dict[str, int] = {}
    looked_for: Mapping[str, bytes] = {}
    visitor = ""
    with process:
        for moment in ("day", "midnight", "next", "destroyed"):
            said, *visitors = process.stdout.readline().split()
            assert said == moment
            visitor = visitor or visitors[0]
            looked_for = looked_for or secrets(tmp_path)
            dump = list(memory(process.pid))
            found[moment] = {name: sum(block.count(secret) for block in dump) for name, secret in looked_for.items()}
            matches[moment] = brute_force(dump, visitor) if moment in ("day", "destroyed") else -1
            process.stdin.write("\n")
            process.stdin.flush()
    print(*found.items(), matches, sep="\n")
    assert matches["day"] >= 1
    assert min(found["day"][name] for name in ("key", "started in", "started out")) >= 1
    assert matches["destroyed"] == 0
    assert found["destroyed"] == {"salt": 0, "key": 0, "started in": 0, "started out": 0}
    assert found["midnight"]["started in"] == found["midnight"]["started out"] == 0
