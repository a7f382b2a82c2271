"""Rows on their way into chDB: one file per INSERT, without a name, gone when it has run or when the engine dies.

May touch its own files only. They hold facts, never hits.

Why without a name: chDB reads a file, and a file in memory that only a descriptor holds (memfd; on disk above a limit,
O_TMPFILE) leaves nothing behind when the engine is killed. Not /dev/shm: 64 MB in a container, and it stays.
Where the system has no such files (macOS) they are named, 0600, in the run folder, and swept when an engine starts; it
holds the data folder's lock.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from gateway.warehouse.engine_errors import NOT_ENOUGH_SPACE, EngineError

_IN_MEMORY_BYTES = 128 * 1024**2
_COPY_BYTES = 1024**2
_PREFIX = "rows-"


class RowFiles:
    """The row files of one engine. `folder` is on disk, and its owner's only."""

    def __init__(self, folder: Path, in_memory_bytes: int = _IN_MEMORY_BYTES) -> None:
        self._folder, self._in_memory_bytes = folder, in_memory_bytes
        self._numbers = count()
        for left in folder.glob(f"{_PREFIX}*"):
            left.unlink()

    @contextmanager
    def holding(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """The path of a file with these bytes, for as long as the block lasts."""
        make = self._unnamed if sys.platform == "linux" else self._named
        with make(chunks) as path:
            yield path

    @contextmanager
    def _unnamed(self, chunks: Iterable[bytes]) -> Iterator[str]:
        held = [os.memfd_create(_PREFIX, os.MFD_CLOEXEC)]
        try:
            with _told_when_full():
                self._fill(held, chunks)
            yield f"/proc/self/fd/{held[-1]}"
        finally:
            for descriptor in held:
                os.close(descriptor)

    def _fill(self, held: list[int], chunks: Iterable[bytes]) -> None:
        """Writes to the last of `held`, and adds a file on disk to it when memory has had its share."""
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > self._in_memory_bytes and len(held) == 1:
                held.append(os.open(self._folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600))
                _copy(held[0], held[1])
            _write(held[-1], chunk)

    @contextmanager
    def _named(self, chunks: Iterable[bytes]) -> Iterator[str]:
        path = self._folder / f"{_PREFIX}{next(self._numbers)}"
        try:
            with _told_when_full(), open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.writelines(chunks)
            yield str(path)
        finally:
            path.unlink(missing_ok=True)


def _write(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]


def _copy(source: int, target: int) -> None:
    at = 0
    while piece := os.pread(source, _COPY_BYTES, at):
        _write(target, piece)
        at += len(piece)
    os.ftruncate(source, 0)


@contextmanager
def _told_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM):
            raise
        raise EngineError(NOT_ENOUGH_SPACE, "No space for the rows of this INSERT.") from None
