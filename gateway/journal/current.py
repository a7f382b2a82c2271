"""The segment that a process is writing: begin, add, seal; and let go of it when the disk fails.

May not: be called from the event loop; every method may wait for the disk.

Rules:
    1. A name is never used twice, so that an old intent can never mean a new segment: time and 32 random bits.
    2. The lock is held from creation to rename: a file without one belongs to nobody, and the loader adopts it.
    3. After an error the file is cut back to the last frame that was synced, and not written again. Why: after a failed
       fsync Linux may call the next one good although the pages are lost; what was acknowledged before is safe.
    4. Frames are written into room made of zeros beforehand. Why: a sync that changes no size commits no metadata, and
       costs 32 µs of CPU instead of 90, and 0.2 ms instead of 1. A frame never ends in a zero, so what is left is seen.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from gateway.journal import segment
from gateway.journal.disk import Disk

OPEN, SEALED = ".open", ".sealed"
_NAMES_TO_TRY = 8

#: Room made at once: as much as is written already, within these bounds, so that a quiet second writes little.
_ROOM_LEAST_BYTES, _ROOM_MOST_BYTES = 64 * 1024, 4 * 1024 * 1024


class CurrentSegment:
    """At most one open file. Not thread-safe."""

    def __init__(self, disk: Disk, folder: Path, name: str, limit_bytes: int, synced: bool) -> None:
        self._disk = disk
        self._folder = folder
        self._name = name
        self._limit_bytes = limit_bytes
        self._synced = synced
        self._fd: int | None = None
        self._path = folder
        self._size = self._room = 0
        self.serial = 0

    @property
    def holds_frames(self) -> bool:
        """True if there is something to seal."""
        return self._fd is not None and self._size > segment.HEADER_BYTES

    def begin(self) -> None:
        """Opens a new segment unless one is open: its name and header are durable afterwards."""
        if self._fd is not None:
            return
        self._fd, self._path = self._create()
        self.serial += 1
        try:
            self._append(segment.header())
            if self._synced:
                self._disk.sync_folder(self._folder)
        except OSError:
            self._let_go()
            raise

    def add(self, frame: bytes) -> None:
        """A frame, durable when this returns; seals at the size limit.

        Raises OSError: then the frame does not count.
        """
        self.begin()
        try:
            self._append(frame)
        except OSError:
            self._let_go()
            raise
        if self._size >= self._limit_bytes:
            self.seal()

    def seal(self) -> None:
        """Hands the segment to the loader; one without frames is removed. On an error it stays behind to be adopted."""
        if self._fd is None:
            return
        try:
            if self.holds_frames:
                self._disk.truncate(self._fd, self._size)
                self._disk.sync(self._fd)
                self._disk.rename(self._path, self._path.with_suffix(SEALED))
                self._disk.sync_folder(self._folder)
            else:
                self._disk.remove(self._path)
        except OSError:
            pass  # rule 2: without its lock it is an orphan, complete and durable as it is
        self._close()

    def _create(self) -> tuple[int, Path]:
        self._disk.make_folder(self._folder)
        for _ in range(_NAMES_TO_TRY):
            path = self._folder / f"{self._name}-{time.time_ns() // 1_000_000:013d}-{secrets.token_hex(4)}{OPEN}"
            try:
                return self._disk.create(path), path
            except FileExistsError:
                continue
        raise FileExistsError(self._name)

    def _append(self, block: bytes) -> None:
        assert self._fd is not None
        if self._synced:
            self._make_room(self._fd, self._size + len(block))
        self._disk.write(self._fd, block)
        if self._synced:
            self._disk.sync(self._fd)
        self._size += len(block)

    def _make_room(self, fd: int, needed: int) -> None:
        if needed > self._room:
            room = needed + min(max(needed, _ROOM_LEAST_BYTES), _ROOM_MOST_BYTES)
            self._disk.reserve(fd, self._size, room - self._size)
            self._room = room

    def _let_go(self) -> None:
        """After an error: cut back what is not durable and hand over the rest, as far as the disk still lets us."""
        assert self._fd is not None
        try:
            if self.holds_frames:
                self._disk.truncate(self._fd, self._size)
                self._disk.sync(self._fd)
        except OSError:
            self._close()  # its tail may be torn: the loader cuts it when it adopts the file
        else:
            self.seal()

    def _close(self) -> None:
        fd, self._fd, self._size, self._room = self._fd, None, 0, 0
        if fd is not None:
            self._disk.close(fd)
