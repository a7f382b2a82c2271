"""The journal of one destination as whoever sends reads it: the oldest sealed segment, how far it was sent, every no.

May not: call out; look inside an event. It finds a withdrawal by how its row begins.

    <folder>/*.open, *.sealed     written by collect processes, as every journal
    <folder>/relay.lock           one sender per folder
    <folder>/relay.state          segment, parcels of it that are done, tries, again_at, noes; replaced whole, synced

Rules
    1. A segment is removed once all of it is done; until then the state says what of it is, so that a kill repeats at
       most the parcels that were under way. At least once towards the destination, never silently less.
    2. A no is looked for in every segment, also in those still being written, before anything is sent; it is kept in
       the state when its own segment goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from gateway.journal import segment
from gateway.journal.current import OPEN, SEALED
from gateway.journal.disk import Disk, write_whole
from gateway.journal.reader import adopt_orphans, read_backlog

_LOCK, _STATE = "relay.lock", "relay.state"

#: A file larger than this is no segment of ours.
_LARGEST_BYTES = 1024**3


class OutboxHeld(Exception):
    """Another process sends from this outbox."""

    def __init__(self) -> None:
        super().__init__("another forwarder works on this outbox; stop the other one")


@dataclass(slots=True)
class Progress:
    """How far a segment was sent: all parcels before `done`, and those `beyond`; failures in a row, and until when
    (Unix seconds) to wait."""

    segment: str = ""
    done: int = 0
    beyond: set[int] = field(default_factory=set)
    tries: int = 0
    again_at: float = 0.0

    def holds(self, place: int) -> bool:
        """Whether the parcel at that place is done."""
        return place < self.done or place in self.beyond

    def add(self, place: int) -> None:
        """The parcel at that place is done."""
        self.beyond.add(place)
        while self.done in self.beyond:
            self.beyond.discard(self.done)
            self.done += 1


class Noes:
    """The latest no by (code of a person, purpose), Unix seconds."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], float] = {}

    def add(self, person: str, purposes: Iterable[str], at: float) -> None:
        for purpose in purposes:
            self._latest[person, purpose] = max(at, self._latest.get((person, purpose), 0.0))

    def stops(self, person: str, purposes: Iterable[str], at: float) -> bool:
        """Whether somebody with that code said no, at `at` or later, to one of the purposes."""
        return any(self._latest.get((person, purpose), -1.0) >= at for purpose in purposes)

    def forget(self, before: float) -> None:
        self._latest = {key: at for key, at in self._latest.items() if at >= before}

    def rows(self) -> list[list[str | float]]:
        return [[person, purpose, at] for (person, purpose), at in self._latest.items()]


class Outbox:
    """One folder. `mark` is how the row of a withdrawal begins. Methods raise OSError, or OutboxHeld at `hold`."""

    def __init__(self, disk: Disk, folder: Path, mark: bytes) -> None:
        self._disk, self._folder, self._mark = disk, folder, mark
        self._held: int | None = None
        self._looked: dict[str, tuple[int, float]] = {}
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

    def release(self) -> None:
        """Lets go of the folder."""
        if self._held is not None:
            self._disk.close(self._held)
            self._held = None

    def adopt(self) -> None:
        """Seals what dead writers left open."""
        adopt_orphans(self._disk, self._folder)

    def oldest(self) -> list[bytes] | None:
        """The events of the oldest sealed segment, None if there is none. What is damaged is skipped over."""
        for entry in sorted(read_backlog(self._disk, self._folder).sealed, key=lambda e: (e.modified_at, e.name)):
            if entry.name != self.progress.segment:
                self.progress = Progress(entry.name, tries=self.progress.tries)
            rows = self._rows(entry.name, entry.size)
            return [row for row in rows if not row.startswith(self._mark)]
        return None

    def waiting_bytes(self) -> int:
        """Bytes of all segments that are not done."""
        return read_backlog(self._disk, self._folder).waiting_bytes

    def waiting_since(self) -> float | None:
        """When the oldest segment was last written, None if none waits."""
        return read_backlog(self._disk, self._folder).oldest_at

    def listen(self) -> None:
        """Looks for withdrawals in what has changed since the last time."""
        seen: dict[str, tuple[int, float]] = {}
        for entry in self._disk.entries(self._folder):
            if entry.name.endswith((OPEN, SEALED)):
                stem = entry.name.partition(".")[0]
                seen[stem] = (entry.size, entry.modified_at)
                if self._looked.get(stem) != seen[stem]:
                    self._hear(entry.name, entry.size)
        self._looked = seen

    def record(self) -> None:
        """Makes progress and noes durable."""
        now = self.progress
        state = [now.segment, now.done, sorted(now.beyond), now.tries, now.again_at, self.noes.rows()]
        write_whole(self._disk, self._folder / _STATE, orjson.dumps(state))

    def finish(self) -> None:
        """All of the segment is done: its noes stay, then it goes."""
        name, self.progress = self.progress.segment, Progress()
        self.record()
        with suppress(FileNotFoundError):
            self._disk.remove(self._folder / name)

    def _hear(self, name: str, size: int) -> None:
        for row in self._rows(name, size):
            if row.startswith(self._mark):
                told = orjson.loads(row)
                self.noes.add(told["no"], told["purposes"], told["at"])

    def _rows(self, name: str, size: int) -> list[bytes]:
        """The rows of what is whole in a segment; none of what vanished, is too large or no segment."""
        if size > _LARGEST_BYTES:
            return []
        try:
            found = segment.read_segment(self._disk.read(self._folder / name))
        except (FileNotFoundError, segment.NotASegment, segment.NewerSegment):
            return []
        events = [bytes(section.payload) for section in found.sections if section.stream == segment.EVENTS]
        return [row for payload in events for row in payload.split(b"\n") if row]

    def _read_state(self) -> None:
        try:
            name, done, beyond, tries, again_at, noes = orjson.loads(self._disk.read(self._folder / _STATE))
        except FileNotFoundError:
            return
        self.progress = Progress(name, done, set(beyond), tries, again_at)
        for person, purpose, at in noes:
            self.noes.add(person, [purpose], at)
