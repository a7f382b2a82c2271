"""Rows of one person that wait on disk: segments of the journal not loaded yet, and its quarantine; outboxes, too.

May not talk to the warehouse. Of segments that wait it reads only: they are the loader's, who leaves the person's rows
out (`tombstones.py`), or the forwarder's, who erases them. The quarantine, which no process touches any more, it writes
anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.journal import segment
from gateway.journal.disk import Disk, Entry, write_whole
from gateway.journal.reader import DAMAGED, QUARANTINE, read_found
from gateway.journal.segment_files import OPEN, SEALED
from gateway.warehouse.tombstones import Tombstones
from gateway.words import Person


class Found(NamedTuple):
    """Rows as JSON, and files whose bytes hold a pseudonym of the person although no row could be read from them."""

    rows: list[bytes]
    files: list[Path]


class _Place(NamedTuple):
    """Where to search: endings of files, and the one of those that may hold more than can be read."""

    folder: Path
    endings: tuple[str, ...]
    opaque: str


class Waiting:
    """One journal folder. Raises OSError."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk, self._folder = disk, folder

    def segments(self) -> set[str]:
        """Names of segments that are not loaded, open and sealed; a name without its ending is never used again."""
        return {_stem(entry.name) for entry in self._entries(self._folder) if entry.name.endswith((OPEN, SEALED))}

    def search(self, erased: Tombstones, person: Person) -> Found:
        """What waits in the folder; open segments are read as far as they are written."""
        return self._search(_Place(self._folder, (OPEN,), SEALED), erased, person)

    def search_quarantine(self, erased: Tombstones, person: Person) -> Found:
        return self._search(_Place(self._folder / QUARANTINE, (SEALED,), DAMAGED), erased, person)

    def clear_quarantine(self, erased: Tombstones, person: Person) -> int:
        """Takes the person's rows out of it; damaged bytes that hold a pseudonym go as a whole. How many went."""
        quarantine = self._folder / QUARANTINE
        found = self.search_quarantine(erased, person)
        for file in found.files:
            self._disk.remove(file)
        for entry in self._entries(quarantine):
            if entry.name.endswith(SEALED):
                self._rewrite(quarantine / entry.name, erased)
        if found.files or found.rows:
            self._disk.sync_folder(quarantine)
        return len(found.rows) + len(found.files)

    def _rewrite(self, path: Path, erased: Tombstones) -> None:
        try:
            sifted = erased.sift(segment.read_segment(self._disk.read(path)).sections)
        except (segment.NotASegment, segment.NewerSegment):
            return
        if sifted.erased and sifted.sections:
            write_whole(self._disk, path, segment.whole(sifted.sections))
        elif sifted.erased:
            self._disk.remove(path)

    def _search(self, place: _Place, erased: Tombstones, person: Person) -> Found:
        rows: list[bytes] = []
        files: list[Path] = []
        for entry in self._entries(place.folder):
            if not entry.name.endswith((*place.endings, place.opaque)):
                continue
            raw = read_found(self._disk, place.folder, entry.name)
            lines = list(_lines(raw)) if _holds(raw, person) else []
            rows += filter(erased.covers, lines)
            if entry.name.endswith(place.opaque) and _holds(raw, person) and not any(_holds(e, person) for e in lines):
                files.append(place.folder / entry.name)
        return Found(rows, files)

    def _entries(self, folder: Path) -> list[Entry]:
        try:
            return self._disk.entries(folder)
        except FileNotFoundError:
            return []


def _holds(raw: bytes, person: Person) -> bool:
    return any(pseudonym.encode() in raw for pseudonym in person.visitors | person.accounts)


def _lines(raw: bytes) -> Iterator[bytes]:
    try:
        sections = segment.read_segment(raw).sections
    except (segment.NotASegment, segment.NewerSegment):
        return
    for section in sections:
        yield from bytes(section.payload).splitlines()


def _stem(name: str) -> str:
    return name.removesuffix(OPEN).removesuffix(SEALED)
