"""The journal of one destination as whoever sends reads it: the oldest sealed segment, how far it was sent, every no.

May not: call out; look inside an event. It finds a withdrawal by how its row begins; whose rows are erased it is told.

    <folder>/*.open, *.sealed     written by collect processes, as every journal
    <folder>/relay.lock           one sender per folder
    <folder>/relay.state          segment, rows of it that are done, tries, again_at, noes; replaced whole, synced

Rules
    1. A segment is removed once all of it is done; until then the state says what of it is, by place, so that a kill
       repeats at most what was under way. At least once towards the destination, never silently less.
    2. A segment that was begun is ended before another: else what is done of it would be forgotten.
    3. A no is looked for in every segment, also in those still being written, before anything is sent; it is kept in
       the state when its own segment goes.
    4. Where a row is erased an empty one stays, so that places stay right and a segment without some rows is one step,
       however it is cut off: the old one or the new one, and the noes are still there. It looks as old as it was.
    5. Segments that are being written are their writers'; what they hold is erased once they are sealed. What is
       damaged in a segment that is written anew goes; one that cannot be read at all is left. Neither is ever sent.
    6. While a segment of a newer gateway lies there, nothing is sent and nothing is done: it may hold a no. It stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import orjson

from gateway.journal import segment
from gateway.journal.disk import FRESH, Disk, Entry, write_whole
from gateway.journal.reader import adopt_orphans, read_backlog, read_found
from gateway.journal.segment import Section
from gateway.journal.segment_files import OPEN, SEALED
from gateway.outward import EVERYTHING

_LOCK, _STATE = "relay.lock", "relay.state"

#: What stays in the place of a row that is erased.
GONE = b"{}"

#: A file larger than this is no segment of ours.
_LARGEST_BYTES = 1024**3


class OutboxHeld(Exception):
    """Another process sends from this outbox."""

    def __init__(self) -> None:
        super().__init__("another forwarder works on this outbox; stop the other one")


@dataclass(slots=True)
class Progress:
    """How far a segment was sent: all rows before `done`, and those `beyond`; failures in a row, and until when (Unix
    seconds) to wait."""

    segment: str = ""
    done: int = 0
    beyond: set[int] = field(default_factory=set)
    tries: int = 0
    again_at: float = 0.0

    def holds(self, place: int) -> bool:
        """Whether the row at that place is done."""
        return place < self.done or place in self.beyond

    def add(self, place: int) -> None:
        """The row at that place is done."""
        self.beyond.add(place)
        while self.done in self.beyond:
            self.beyond.discard(self.done)
            self.done += 1


class Waiting(NamedTuple):
    """A row that is not done, and its place in the segment."""

    place: int
    row: bytes


class Noes:
    """The latest no by (code of a person, purpose), Unix seconds. `erasing` are the codes of whoever is erased."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], float] = {}
        self.erasing: set[bytes] = set()
        self.erasures = 0  #: how many were heard: more are new ones

    def add(self, person: str, purposes: Iterable[str], at: float) -> None:
        for purpose in purposes:
            before = self._latest.get((person, purpose), 0.0)
            self._latest[person, purpose] = max(at, before)
            if purpose == EVERYTHING and at > before:
                self.erasing.add(person.encode())
                self.erasures += 1

    def stops(self, person: str, purposes: Iterable[str], at: float) -> bool:
        """Whether somebody with that code said no, at `at` or later, to one of the purposes."""
        return any(self._latest.get((person, purpose), -1.0) >= at for purpose in purposes)

    def erases(self, person: str, at: float) -> bool:
        """Whether somebody with that code is to be forgotten with all that was so at `at`."""
        return at <= self._latest.get((person, EVERYTHING), -1.0)

    def forget(self, before: float) -> None:
        self._latest = {key: at for key, at in self._latest.items() if at >= before}
        self.erasing = {person.encode() for person, purpose in self._latest if purpose == EVERYTHING}

    def rows(self) -> list[list[str | float]]:
        return [[person, purpose, at] for (person, purpose), at in self._latest.items()]


#: Gives a section with GONE in the place of each row that the noes erase.
Sift = Callable[[Section, Noes], Section]


class Outbox:
    """One folder. `mark` is how the row of a withdrawal begins. Methods raise OSError, or OutboxHeld at `hold`."""

    def __init__(self, disk: Disk, folder: Path, mark: bytes) -> None:
        self._disk, self._folder, self._mark = disk, folder, mark
        self._held: int | None = None
        self._looked: dict[str, tuple[int, float]] = {}
        self._sifted: dict[str, int] = {}
        self._newer: set[str] = set()
        self.noes = Noes()
        self.progress = Progress()

    def hold(self) -> None:
        """Takes the folder for this process and reads its state. Does nothing when it is held already."""
        if self._held is not None:
            return
        self._disk.make_folder(self._folder)
        self._held = self._disk.hold(self._folder / _LOCK)
        if self._held is None:
            raise OutboxHeld
        self._read_state()
        self._remove_unfinished()

    def pending(self, sift: Sift) -> int:
        """Rows that the noes laid so far erase and that are still there, sealed or not. Needs no hold."""
        self._read_state()
        self.listen()
        found = [entry for entry in self._disk.entries(self._folder) if entry.name.endswith((OPEN, SEALED))]
        sections = [section for entry in found for section in self._sections(entry.name, entry.size)]
        sifted = [sift(section, self.noes) for section in sections]
        return sum(was != stays for was, stays in zip(_rows(sections), _rows(sifted), strict=True))

    def release(self) -> None:
        """Lets go of the folder."""
        if self._held is not None:
            self._disk.close(self._held)
            self._held = None

    def adopt(self) -> None:
        """Seals what dead writers left open."""
        adopt_orphans(self._disk, self._folder)

    def oldest(self) -> list[Waiting] | None:
        """The events that are not done of the oldest sealed segment, None if there is no segment. What is damaged is
        skipped over."""
        sealed = read_backlog(self._disk, self._folder).sealed
        if not sealed:
            return None
        entry = min(sealed, key=lambda e: (e.name != self.progress.segment, e.modified_at, e.name))
        if entry.name != self.progress.segment:
            self.progress = Progress(entry.name, tries=self.progress.tries)
        rows = [Waiting(*placed) for placed in enumerate(self._rows(entry.name, entry.size))]
        for place, row in rows:
            if row == GONE or row.startswith(self._mark):
                self.progress.add(place)
        return [waiting for waiting in rows if not self.progress.holds(waiting.place)]

    def waiting_bytes(self) -> int:
        """Bytes of all segments that are not done."""
        return read_backlog(self._disk, self._folder).waiting_bytes

    def waiting_since(self) -> float | None:
        """When the oldest segment was last written, None if none waits."""
        return read_backlog(self._disk, self._folder).oldest_at

    @property
    def newer(self) -> int:
        """Segments of a newer gateway, which this one cannot read, as far as `listen` heard."""
        return len(self._newer)

    def listen(self) -> None:
        """Looks for withdrawals in what has changed since the last time."""
        seen: dict[str, tuple[int, float]] = {}
        for entry in self._disk.entries(self._folder):
            if entry.name.endswith((OPEN, SEALED)):
                stem = _stem(entry.name)
                seen[stem] = (entry.size, entry.modified_at)
                if self._looked.get(stem) != seen[stem]:
                    self._hear(entry.name, entry.size)
        self._looked = seen
        self._newer &= seen.keys()

    def erase(self, sift: Sift) -> int:
        """Writes sealed segments anew without the rows that `sift` empties; gives how many of them were not done.

        What was sifted since the last erasing no was heard is passed over.
        """
        if not self.noes.erasing:
            return 0
        now, gone = self.noes.erasures, 0
        sealed = read_backlog(self._disk, self._folder).sealed
        for entry in sealed:
            if self._sifted.get(entry.name) != now:
                gone += self._erase(entry, sift)
        self._sifted = dict.fromkeys((entry.name for entry in sealed), now)
        return gone

    def record(self) -> None:
        """Makes progress and noes durable."""
        now = self.progress
        state = [now.segment, now.done, sorted(now.beyond), now.tries, now.again_at, self.noes.rows()]
        write_whole(self._disk, self._folder / _STATE, orjson.dumps(state))

    def finish(self) -> None:
        """All of the segment is done, which the state says before it goes; its noes stay."""
        self.record()
        with suppress(FileNotFoundError):
            self._disk.remove(self._folder / self.progress.segment)
        self.progress = Progress()

    def _erase(self, entry: Entry, sift: Sift) -> int:
        sections = self._sections(entry.name, entry.size)
        sifted = [sift(section, self.noes) for section in sections]
        if sifted == sections:
            return 0
        write_whole(self._disk, self._folder / entry.name, segment.whole(sifted), entry.modified_at)
        done = self.progress if entry.name == self.progress.segment else Progress()
        pairs = zip(_rows(sections), _rows(sifted), strict=True)
        return sum(not done.holds(place) for place, (was, stays) in enumerate(pairs) if was != stays)

    def _remove_unfinished(self) -> None:
        """Segments whose writing anew was cut off; they may hold rows of whoever is erased later."""
        for entry in self._disk.entries(self._folder):
            if entry.name.endswith(FRESH):
                self._disk.remove(self._folder / entry.name)

    def _hear(self, name: str, size: int) -> None:
        for row in self._rows(name, size):
            if row.startswith(self._mark):
                told = orjson.loads(row)
                self.noes.add(told["no"], told["purposes"], told["at"])

    def _rows(self, name: str, size: int) -> list[bytes]:
        """The rows of what is whole in a segment, by their places."""
        return _rows(self._sections(name, size))

    def _sections(self, name: str, size: int) -> list[Section]:
        """What is whole in a segment; nothing of what vanished, is too large or no segment."""
        if size > _LARGEST_BYTES:
            return []
        try:
            return list(segment.read_segment(read_found(self._disk, self._folder, name)).sections)
        except segment.NewerSegment:
            self._newer.add(_stem(name))
        except segment.NotASegment:
            pass
        return []

    def _read_state(self) -> None:
        try:
            name, done, beyond, tries, again_at, noes = orjson.loads(self._disk.read(self._folder / _STATE))
        except FileNotFoundError:
            return
        self.progress = Progress(name, done, set(beyond), tries, again_at)
        for person, purpose, at in noes:
            self.noes.add(person, [purpose], at)


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _rows(sections: Iterable[Section]) -> list[bytes]:
    events = [bytes(section.payload) for section in sections if section.stream == segment.EVENTS]
    return [row for payload in events for row in payload.split(b"\n") if row]
