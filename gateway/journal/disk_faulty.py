"""A disk that fails on demand: the real one underneath, faults by verb, a quota that fills up.

May not: be used outside tests and load tests. It ships, so that a plugin's tests can use it too.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

from gateway.journal.disk import Disk, Entry


class FaultyDisk(Disk):
    """Behaves as `Disk` until told otherwise; may be told so and used from other threads."""

    def __init__(self) -> None:
        self._faults: dict[str, list[int]] = {}
        self._delays: dict[str, float] = {}
        self._room: int | None = None
        self._interrupt: list[Any] | None = None
        self._meeting = threading.Lock()
        self.calls: dict[str, int] = {}

    def fail(self, verb: str, code: int, times: int = 1_000_000_000) -> None:
        """The next `times` calls of the verb raise OSError(code) and do nothing."""
        self._faults[verb] = [code, times]

    def delay(self, verb: str, seconds: float) -> None:
        """Every call of the verb takes that much longer."""
        self._delays[verb] = seconds

    def room(self, size: int | None) -> None:
        """Bytes that can still be written; what does not fit is written in part and raises ENOSPC. None: no limit."""
        self._room = size

    def interrupt(self, after: int, error: BaseException) -> None:
        """The call after the next `after` calls, of whatever verb, raises this, once: a kill between two verbs."""
        self._interrupt = [after, error]

    def heal(self) -> None:
        """No fault, no delay, no limit from now on."""
        self._faults.clear()
        self._delays.clear()
        self._room = None
        self._interrupt = None

    def create(self, path: Path) -> int:
        self._meet("create")
        return super().create(path)

    def adopt(self, path: Path) -> int | None:
        self._meet("adopt")
        return super().adopt(path)

    def hold(self, path: Path) -> int | None:
        self._meet("hold")
        return super().hold(path)

    def write(self, fd: int, block: bytes) -> None:
        self._meet("write")
        if self._room is None or len(block) <= self._room:
            super().write(fd, block)
            self._spend(len(block))
            return
        super().write(fd, block[: self._room])
        self._room = 0
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def reserve(self, fd: int, start: int, size: int) -> None:
        self._meet("reserve")
        super().reserve(fd, start, size)

    def sync(self, fd: int) -> None:
        self._meet("sync")
        super().sync(fd)

    def date(self, fd: int, modified_at: float) -> None:
        self._meet("date")
        super().date(fd, modified_at)

    def truncate(self, fd: int, size: int) -> None:
        self._meet("truncate")
        self._spend(size - os.fstat(fd).st_size)
        super().truncate(fd, size)

    def rename(self, old: Path, new: Path) -> None:
        self._meet("rename")
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._meet("remove")
        size = os.stat(path).st_size
        super().remove(path)
        self._spend(-size)

    def sync_folder(self, folder: Path) -> None:
        self._meet("sync_folder")
        super().sync_folder(folder)

    def read(self, path: Path) -> bytes:
        self._meet("read")
        return super().read(path)

    def entries(self, folder: Path) -> list[Entry]:
        self._meet("entries")
        return super().entries(folder)

    def free_bytes(self, folder: Path) -> int:
        self._meet("free_bytes")
        return super().free_bytes(folder) if self._room is None else self._room

    def _spend(self, size: int) -> None:
        if self._room is not None:
            self._room -= size

    def _meet(self, verb: str) -> None:
        with self._meeting:
            self._count(verb)
        if delay := self._delays.get(verb):
            time.sleep(delay)
        with self._meeting:
            fault = self._faults.get(verb)
            if fault and fault[1] > 0:
                fault[1] -= 1
                raise OSError(fault[0], os.strerror(fault[0]))

    def _count(self, verb: str) -> None:
        self.calls[verb] = self.calls.get(verb, 0) + 1
        if self._interrupt is not None:
            self._interrupt[0] -= 1
            if self._interrupt[0] < 0:
                error, self._interrupt = self._interrupt[1], None
                raise error
