"""Sealed segments put together to a batch: payloads of rows as they lie on disk, never parsed.

May not: talk to the warehouse. What cannot be loaded as it is goes to `load_aside.py`, and never holds up the rest.
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from gateway.journal import segment
from gateway.journal.disk import Disk, Entry
from gateway.journal.reader import Backlog, read_backlog
from gateway.journal.segment import Section, Segment
from gateway.warehouse.load_aside import Aside, Odd
from gateway.warehouse.load_statements import TABLES
from gateway.warehouse.tombstones import Tombstones

_log = logging.getLogger("gateway.load")

#: A segment larger than this is none of ours, whatever its name; it is not read into memory.
_LARGEST_BYTES = 1024**3

_BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """A batch ends with the segment that reaches one of these.

    Why: a merge of many small parts costs five times what one large one does (measured at 1,000 and 100,000 rows).
    """

    rows: int = 100_000
    size_bytes: int = 32 * 1024 * 1024


@dataclass(slots=True)
class Batch:
    """Rows of whole segments, in the order of the segments."""

    segments: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def add(self, name: str, found: Segment) -> None:
        self.segments.append(name)
        self.sections.extend(found.sections)
        self.size += found.size
        for stream, rows in found.rows().items():
            if rows:
                self.rows[stream] = self.rows.get(stream, 0) + rows

    def join(self, other: Batch) -> None:
        """Takes in the segments of another batch, after its own."""
        self.segments.extend(other.segments)
        self.sections.extend(other.sections)
        self.size += other.size
        for stream, rows in other.rows.items():
            self.rows[stream] = self.rows.get(stream, 0) + rows

    def payload(self, stream: str) -> list[bytes | memoryview]:
        """The rows of a stream as JSON lines."""
        return [section.payload for section in self.sections if section.stream == stream]

    def is_full(self, limits: Limits) -> bool:
        return sum(self.rows.values()) >= limits.rows or self.size >= limits.size_bytes


def blocks(payloads: Iterable[bytes | memoryview]) -> Generator[bytes, None, None]:
    """Payloads joined to pieces of some size: sections are small, and each thing that is done to one costs a call.

    Why not one piece: this much stays in the cache of a core while it is worked on, and memory is used again.
    """
    gathered: list[bytes | memoryview] = []
    size = 0
    for payload in payloads:
        gathered.append(payload)
        size += len(payload)
        if size >= _BLOCK_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


def new_batch_id(now: float) -> int:
    """Unique: milliseconds above 22 random bits, so that ids of one time lie together in the tables."""
    return int(now * 1000) << 22 | secrets.randbits(22)


class Doubt(NamedTuple):
    """How often a segment failed although others were loaded meanwhile, and how many batches there were then."""

    times: int
    batches: int


class Gathering:
    """Takes batches from the folder, oldest segment first.

    A suspect is taken alone: one of its rows was refused. A segment in doubt is taken alone and last: its INSERT failed
    otherwise or got no answer, and if a row of it is the reason, the others shall not wait for it.
    """

    def __init__(self, disk: Disk, folder: Path, aside: Aside, limits: Limits) -> None:
        self._disk, self._folder, self._aside, self._limits = disk, folder, aside, limits
        self.erased: Callable[[], Tombstones] = lambda: Tombstones({})  # the session's, once there is one
        self._told: set[str] = set()
        self._doubts: dict[str, Doubt] = {}
        self.suspects: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.backlog = Backlog()

    def next(self) -> Batch:
        """The next batch; without segments if nothing waits that can be loaded. Raises OSError."""
        self.backlog = read_backlog(self._disk, self._folder)
        names = {entry.name for entry in self.backlog.sealed}
        self.suspects &= names
        self._doubts = {name: doubt for name, doubt in self._doubts.items() if name in names}
        for name in self.backlog.foreign:
            self._tell(name, "is no file of the gateway; it is let be")
        batch = Batch()
        for entry in sorted(self.backlog.sealed, key=lambda e: (e.name in self._doubts, e.modified_at, e.name)):
            alone = entry.name in self.suspects or entry.name in self._doubts
            if alone and batch.segments:
                break
            found = self._read(entry)
            if found is not None:
                batch.add(entry.name, found)
            if found is not None and (alone or batch.is_full(self._limits)):
                break
        return batch

    def take(self, name: str) -> Batch:
        """That one segment as a batch, without segments if it cannot be loaded. Raises OSError."""
        batch = Batch()
        for entry in read_backlog(self._disk, self._folder).sealed:
            if entry.name == name and (found := self._read(entry)) is not None:
                batch.add(name, found)
        return batch

    def waiting(self) -> set[str]:
        """Names of the sealed segments. Raises OSError."""
        return {entry.name for entry in read_backlog(self._disk, self._folder).sealed}

    def doubt(self, segments: Iterable[str], batches: int) -> None:
        """Their INSERT failed; `batches` have been loaded so far. It counts when others were loaded since."""
        for name in segments:
            before = self._doubts.get(name, Doubt(0, batches))
            self._doubts[name] = Doubt(before.times + (batches > before.batches), batches)

    def doubted(self, name: str) -> int:
        """How often that was."""
        return self._doubts[name].times if name in self._doubts else 0

    def _read(self, entry: Entry) -> Segment | None:
        """What is whole in a segment, None if it cannot be loaded now."""
        try:
            found = self._examine(entry)
        except segment.NewerSegment:
            self._tell(entry.name, "was written by a newer gateway; install that one to load it")
            return None
        except OSError:
            self._tell(entry.name, "cannot be read; it is tried again", "unreadable")
            return None
        if isinstance(found, Segment):
            return found
        if found.erased:
            self.counts["erased"] += found.erased
            _log.info("Left out %d rows of persons who asked to be forgotten.", found.erased)
        if not found.erased or found.damages or found.strange:
            odd = "is damaged or foreign: what is whole is loaded, the rest lies in quarantine"
            self._tell(entry.name, odd, "damaged")
        self._aside.sift(found)
        return None

    def _examine(self, entry: Entry) -> Segment | Odd:
        if entry.size > _LARGEST_BYTES:
            return Odd(entry.name, None)
        raw = self._disk.read(self._folder / entry.name)
        try:
            found = segment.read_segment(raw)
        except segment.NotASegment:
            return Odd(entry.name, None)
        sections, erased = self.erased().sift(found.sections)
        strange = tuple(section for section in sections if section.stream not in TABLES)
        if sections and not strange and not found.damages and not erased:
            return found
        usual = tuple(section for section in sections if section.stream in TABLES)
        return Odd(entry.name, raw, usual, strange, found.damages, erased)

    def _tell(self, name: str, sentence: str, count: str = "foreign") -> None:
        """Once per file. The name is ours to log: no file is named after a hit."""
        if name not in self._told:
            self._told.add(name)
            self.counts[count] += 1
            _log.warning("In the journal, %s %s", name, sentence)
