"""The disk as the journal needs it: a few verbs, each one system call or two.

May not: know what it stores. `disk_faulty.FaultyDisk` has the same verbs and fails on demand.
Why: a full, read-only or broken disk cannot be had in a test otherwise; both pass `test_disk_verbs.py`.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

#: How a file ends that will replace another.
FRESH = ".new"

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC


class Entry(NamedTuple):
    """A regular file of a folder."""

    name: str
    size: int
    modified_at: float


class Disk:
    """The real disk. Every verb raises OSError."""

    def create(self, path: Path) -> int:
        """A new file, locked for as long as the descriptor is open.

        Raises FileExistsError also if another process took the name between the two calls.
        """
        fd = os.open(path, _NEW, 0o600)
        if not _lock(fd) or not _is_at(fd, path):
            os.close(fd)
            raise FileExistsError(path.name)
        return fd

    def adopt(self, path: Path) -> int | None:
        """An existing file that nobody holds, opened and locked; None if its writer is alive or it is gone."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        if _lock(fd) and _is_at(fd, path):
            return fd
        os.close(fd)
        return None

    def hold(self, path: Path) -> int | None:
        """A lock file, created if absent; None if another process holds it."""
        fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if _lock(fd):
            return fd
        os.close(fd)
        return None

    def write(self, fd: int, block: bytes) -> None:
        """All of the block, after what was written before."""
        written = os.write(fd, block)
        while written < len(block):
            written += os.write(fd, block[written:])

    def reserve(self, fd: int, start: int, size: int) -> None:
        """Zeros from `start` on, on stable storage with the file's size; the next `write` goes on where it was."""
        os.pwrite(fd, bytes(size), start)
        os.fdatasync(fd)

    def sync(self, fd: int) -> None:
        """Returns when everything written is on stable storage, and the size with it."""
        os.fdatasync(fd)

    def date(self, fd: int, modified_at: float) -> None:
        """The file was last written at that time (Unix seconds), for all who ask."""
        os.utime(fd, (modified_at, modified_at))

    def truncate(self, fd: int, size: int) -> None:
        """Cuts the file; later writes continue there."""
        os.ftruncate(fd, size)
        os.lseek(fd, size, os.SEEK_SET)

    def close(self, fd: int) -> None:
        os.close(fd)

    def rename(self, old: Path, new: Path) -> None:
        os.replace(old, new)

    def remove(self, path: Path) -> None:
        os.unlink(path)

    def sync_folder(self, folder: Path) -> None:
        """Returns when names made, changed and removed in the folder are on stable storage."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def entries(self, folder: Path) -> list[Entry]:
        """The regular files of a folder in order of name; files that vanish meanwhile are left out."""
        found = []
        with os.scandir(folder) as listing:
            for item in listing:
                try:
                    if item.is_file(follow_symlinks=False):
                        seen = item.stat(follow_symlinks=False)
                        found.append(Entry(item.name, seen.st_size, seen.st_mtime))
                except FileNotFoundError:
                    continue
        return sorted(found)

    def free_bytes(self, folder: Path) -> int:
        """Space that this user may still write."""
        seen = os.statvfs(folder)
        return seen.f_bavail * seen.f_frsize


def write_whole(disk: Disk, path: Path, block: bytes, modified_at: float | None = None) -> None:
    """Puts a file in place so that a reader sees the old one or the whole new one, also after a power cut.

    With `modified_at` it looks as old as that.
    """
    fresh = path.with_name(path.name + FRESH)
    write_file(disk, fresh, block, modified_at)
    disk.rename(fresh, path)
    disk.sync_folder(path.parent)


def write_file(disk: Disk, path: Path, block: bytes, modified_at: float | None = None) -> None:
    """A synced file; one of the same name is replaced. Its name is not yet durable: see `sync_folder`."""
    with suppress(FileNotFoundError):
        disk.remove(path)
    fd = disk.create(path)
    try:
        disk.write(fd, block)
        if modified_at is not None:
            disk.date(fd, modified_at)
        disk.sync(fd)
    finally:
        disk.close(fd)


def _lock(fd: int) -> bool:
    """A lock that ends with the process, however it ends."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(fd: int, path: Path) -> bool:
    """True if the open file is still the one with that name: it may have been adopted, renamed and released."""
    try:
        named, opened = os.stat(path), os.fstat(fd)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)
