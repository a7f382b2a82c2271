"""Which deliveries came before: a table in a small file that all collect processes share, and that a kill leaves alone.

May not: hold an id; only 8 bytes of its digest, keyed with a salt that is the file's own. Never waits: the file is
mapped, and read through once when it is opened.

    file = salt:32 slot*            slot = digest:8 forgotten_at:u64 (Unix seconds, 0 for a free one)

Why no lock: two processes that write one slot at once lose a delivery at worst, which is then taken once more under
the event id that it had, and told from the first by it. Why no sync: after a power cut the same.
"""

from __future__ import annotations

import mmap
import os
from hashlib import blake2b
from pathlib import Path
from struct import Struct

_SALT_BYTES = 32
_SLOT = Struct("<8sQ")
_WAYS = 8

#: Sets of slots. 65,536 deliveries within a window; of more, those that would be forgotten soonest are.
_SETS = 8192

_SIZE = _SALT_BYTES + _SETS * _WAYS * _SLOT.size


class Seen:
    """Remembers deliveries until a time. Raises OSError when it is opened, never later."""

    def __init__(self, file: Path) -> None:
        fd = _open(file)
        try:
            self._map = mmap.mmap(fd, _SIZE)
        finally:
            os.close(fd)
        self._salt = self._map[:_SALT_BYTES]
        self._map[:]  # every page is in memory before the first request

    def digest(self, *parts: str) -> bytes:
        """What a delivery is remembered by."""
        said = "\0".join(parts).encode("utf-8", "surrogatepass")
        return blake2b(said, digest_size=8, key=self._salt).digest()

    def holds(self, digest: bytes, now: float) -> bool:
        """Whether it was put and is not forgotten yet."""
        return any(found == digest and until > now for _, found, until in self._slots(digest))

    def put(self, digest: bytes, until: float) -> None:
        """Remembers it until that time, in the place of the one of its set that is forgotten first."""
        place = min(self._slots(digest), key=lambda slot: -1 if slot[1] == digest else slot[2])[0]
        _SLOT.pack_into(self._map, place, digest, int(until))

    def close(self) -> None:
        self._map.close()

    def _slots(self, digest: bytes) -> list[tuple[int, bytes, int]]:
        first = _SALT_BYTES + int.from_bytes(digest, "big") % _SETS * _WAYS * _SLOT.size
        places = range(first, first + _WAYS * _SLOT.size, _SLOT.size)
        return [(place, *_SLOT.unpack_from(self._map, place)) for place in places]


def _open(file: Path) -> int:
    """The file, made if there is none of its size: whole under its name, or not at all."""
    try:
        if file.stat().st_size != _SIZE:
            file.unlink()
        return os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return _create(file)


def _create(file: Path) -> int:
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(os.urandom(_SALT_BYTES))
        out.truncate(_SIZE)
    try:
        os.link(fresh, file)  # fails where another process was first
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return os.open(file, os.O_RDWR | os.O_CLOEXEC)
