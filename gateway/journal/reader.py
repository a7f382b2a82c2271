"""What waits in a journal's folder: sealed segments, orphans to adopt, bytes to put aside.

May not: look inside a row; remove a whole frame.

What is found in the folder, and what becomes of it:
    *.sealed                 waits to be loaded
    *.open with a lock       its writer is alive; let be
    *.open without           adopted: cut to its last whole frame and sealed; removed if it has none
    *.next                   made ahead: the same, as a power cut may leave frames in it
    anything else            let be and counted as foreign
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.journal import segment
from gateway.journal.disk import Disk, Entry, write_file
from gateway.journal.segment_files import NEXT, OPEN, SEALED

QUARANTINE = "quarantine"
DAMAGED = ".damaged"
#: Endings of our files; those that are no segments belong to the loader (`gateway.warehouse.intents`).
OURS = (NEXT, OPEN, SEALED, ".lock", ".intent", ".part", ".new")


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: sealed segments in order of name, bytes of all segments, when the oldest was last written."""

    sealed: tuple[Entry, ...] = ()
    waiting_bytes: int = 0
    oldest_at: float | None = None
    foreign: tuple[str, ...] = ()


def read_backlog(disk: Disk, folder: Path) -> Backlog:
    """Looks at the folder, changes nothing. Raises OSError."""
    entries = disk.entries(folder)
    segments = [entry for entry in entries if entry.name.endswith((OPEN, SEALED))]
    return Backlog(
        sealed=tuple(entry for entry in segments if entry.name.endswith(SEALED)),
        waiting_bytes=sum(entry.size for entry in segments),
        oldest_at=min((entry.modified_at for entry in segments), default=None),
        foreign=tuple(entry.name for entry in entries if not entry.name.endswith(OURS)),
    )


def read_found(disk: Disk, folder: Path, name: str) -> bytes:
    """A file of a listing, also if it was sealed meanwhile; nothing of one that is gone. Raises OSError."""
    for path in (folder / name, (folder / name).with_suffix(SEALED)):
        with suppress(FileNotFoundError):
            return disk.read(path)
    return b""


def adopt_orphans(disk: Disk, folder: Path) -> int:
    """Seals the open segments whose writer is gone; returns how many. Raises OSError."""
    adopted = 0
    for entry in disk.entries(folder):
        if entry.name.endswith((NEXT, OPEN)) and (fd := disk.adopt(folder / entry.name)) is not None:
            try:
                adopted += _seal_orphan(disk, folder / entry.name, fd)
            finally:
                disk.close(fd)
    if adopted:
        disk.sync_folder(folder)
    return adopted


def _seal_orphan(disk: Disk, path: Path, fd: int) -> int:
    """1 if the orphan is sealed now, 0 if it never got a frame and is gone, or waits for a newer program.

    What is no segment at all is sealed as it is: the loader puts it aside and says so.
    """
    raw = disk.read(path)
    try:
        whole = _whole_bytes(raw)
    except segment.NewerSegment:
        return 0
    if whole == 0:
        disk.remove(path)
        return 0
    if whole < len(raw):
        disk.truncate(fd, whole)
    disk.sync(fd)
    disk.rename(path, path.with_suffix(SEALED))
    return 1


def _whole_bytes(raw: bytes) -> int:
    """How much of an orphan to keep; 0 if it holds nothing that was ever acknowledged."""
    if len(raw) < segment.HEADER_BYTES or not raw.strip(b"\0"):
        return 0
    try:
        whole = segment.read_segment(raw).whole_bytes
    except segment.NotASegment:
        return len(raw)
    return whole if whole > segment.HEADER_BYTES else 0


def put_aside(disk: Disk, folder: Path, name: str, block: bytes) -> None:
    """Keeps bytes that cannot be loaded in the quarantine, durable when this returns. Doing so twice equals once."""
    quarantine = folder / QUARANTINE
    disk.make_folder(quarantine)
    write_file(disk, quarantine / name, block)
    disk.sync_folder(quarantine)
