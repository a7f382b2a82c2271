"""Rows on their way into chDB: one file per INSERT, in memory where the machine offers that, gone when it has run.

May touch its own folder only. Files hold facts, never hits; 0600 in a folder of 0700; what a killed engine left is
swept when the next one starts, which is safe because the engine holds the data folder's lock.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from gateway.warehouse.engine_errors import NOT_ENOUGH_SPACE, EngineError

_MEMORY = Path("/dev/shm")
_MEMORY_AT_LEAST_BYTES = 1024**3  # a container's default of 64 MB would not hold two segments


class RowFiles:
    """The folder of row files of one data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = _folder(data)
        self._numbers = count()
        for left in self._folder.iterdir():
            left.unlink()

    @contextmanager
    def holding(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """A file with these bytes, for as long as the block lasts."""
        path = self._folder / f"{next(self._numbers)}.rows"
        try:
            _fill(path, chunks)
            yield str(path)
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _fill(path: Path, chunks: Iterable[bytes]) -> None:
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(chunks)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EngineError(NOT_ENOUGH_SPACE, "No space for the rows of this INSERT.") from None
        raise


def _folder(data: Path) -> Path:
    name = "gateway-rows-" + hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]
    for parent in (_MEMORY, data / "run"):
        if parent is _MEMORY and not _roomy(parent):
            continue
        folder = parent / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if _is_ours(folder):
            return folder
    raise PermissionError(f"{data / 'run' / name} belongs to somebody else")


def _roomy(parent: Path) -> bool:
    try:
        space = os.statvfs(parent)
    except OSError:
        return False
    return os.access(parent, os.W_OK) and space.f_bavail * space.f_frsize >= _MEMORY_AT_LEAST_BYTES


def _is_ours(folder: Path) -> bool:
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) == 0o700
