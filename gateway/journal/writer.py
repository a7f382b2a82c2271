"""The journal of one collect process: group commit. `append` returns at once; its future is done when the disk has it.

May not: wait for the disk on the event loop; look inside a fact.

Rules:
    1. All hits of one group share one future and one fsync. While a group is being written, the next one gathers: no
       timer and no tuning; an idle process commits at once, a busy one commits as often as its disk can.
    2. A lone hit is committed at the end of the loop's turn. After a group of several, the next one gathers for a
       millisecond more, after one of many for two, as PostgreSQL's commit_delay does where commit_siblings are at work.
    3. A waiter that is cancelled does not cancel the others: the future cannot be cancelled.
    4. What fails is told to everyone in the group, never acknowledged, and tried again only by its sender.
    5. The journal looks at its disk once a second, and four times a second while it is unavailable: it recovers by
       itself.
    6. A commit waits for its frame alone: segments are made ahead and sealed by a second thread (`segments_ahead.py`).

Measured (2 shared cores, ext4, uvloop): append 0.4 µs; commit 0.3 ms when idle (p99 0.7); 6 µs CPU
per hit with 32 clients, all else included.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from gateway.histogram import Histogram
from gateway.journal.current import CurrentSegment
from gateway.journal.disk import Disk, Entry
from gateway.journal.group import Group
from gateway.journal.ledger import Ledger
from gateway.journal.promise import Promise
from gateway.journal.segment_files import OPEN, SEALED
from gateway.journal.segments_ahead import SegmentsAhead
from gateway.journal.trouble import JournalUnavailable, Trouble, trouble_of
from gateway.settings import Settings
from gateway.words import Outcome

__all__ = ["Journal", "JournalFigures", "JournalUnavailable", "Trouble"]

#: Bytes that may gather in memory while one commit runs; more means that the disk hangs.
_GATHER_LIMIT_BYTES = 32 * 1024 * 1024
#: How many a group holds -> how long the next one gathers. Why: a commit costs 0.1 to 0.3 ms of CPU, whatever it syncs;
#: with 32 clients that wait for it, 2 ms instead of 1 save a tenth of all CPU a hit, 3 ms no more.
_GATHER_S = ((16, 0.002), (2, 0.001), (0, 0.0))
_LOOK_EVERY_S = 1.0
_LOOK_AGAIN_S = 0.25
#: What uvloop's clock tells apart.
_TICK_S = 0.001
#: From this many waiting segments on, age seals later. Why: a day without a warehouse leaves 1,300 files, not 86,400.
_FEW_SEGMENTS = 10


class JournalFigures(NamedTuple):
    """What the journal has done in this life, and how it stands. For metrics; sums, so that processes can be added."""

    groups: int = 0
    facts: int = 0
    tallies: int = 0
    refused: int = 0  #: facts and tallies that could not be made durable
    backlog_bytes: int = 0  #: of all processes in the folder
    backlog_segments: int = 0
    own_bytes: int = 0  #: of segments with this process's name
    own_oldest_at: float | None = None  #: Unix seconds at which the oldest of them was last written


class _Look(NamedTuple):
    """How the folder stands."""

    trouble: Trouble | None
    waiting: list[Entry]


class Journal:
    """Appends outcomes to segments in `folder`; `name` is this process's own. Needs a running event loop.

    Uses the settings durability, load_after_ms, segment_limit_bytes, journal_limit_bytes, journal_limit_s,
    disk_reserve_bytes.
    `ledger` chains the proofs of choice; without one they are chained but not signed.
    Never raises for the disk's sake: see `state`.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        settings: Settings,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.time,
        ledger: Ledger | None = None,
    ) -> None:
        self._ledger = ledger or Ledger()
        self._loop = asyncio.get_running_loop()
        self._folder, self._name, self._settings, self._clock = folder, name, settings, clock
        self._disk = disk or Disk()
        synced = settings.durability == "fsync"
        self._files = SegmentsAhead(self._disk, folder, name, synced, settings.segment_limit_bytes)
        self._current = CurrentSegment(self._files, settings.segment_limit_bytes)
        self._group = Group(self._loop)
        self._writing: Group | None = None
        self._busy = self._closing = False
        self._held = 0  # by the group before
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._figures, self._times = JournalFigures(), Histogram()
        self._trouble = self._take(self._seen())
        self._jobs: queue.SimpleQueue[tuple[Callable[[Any], None], Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="journal", daemon=True).start()
        self._look_later()

    # On the event loop

    def append(self, outcome: Outcome) -> asyncio.Future[None]:
        """A future that many may await: done when the outcome is durable, else failed with JournalUnavailable."""
        group = self._group
        if self._trouble is not None or group.size > _GATHER_LIMIT_BYTES:
            return self._refused(outcome)
        group.add(outcome)
        if not self._busy:
            self._busy = True
            self._commit_soon()
        return group.promise

    def state(self) -> str:
        """Empty when hits can be made durable, else the sentence that says why not."""
        if self._trouble is None and self._group.size > _GATHER_LIMIT_BYTES:
            return Trouble.SLOW_DISK.value
        return self._trouble.value if self._trouble else ""

    def figures(self) -> JournalFigures:
        """Counts of this process's life."""
        return self._figures

    def counts(self) -> dict[str, float | list[float]]:
        """The figures by their keys in the table of metrics."""
        return {"commit_times": self._times.snapshot(), "journal_bytes": self._figures.own_bytes}

    def age_s(self, now: float) -> float:
        """How long the oldest segment of this process waits, whether or not there is a loader to ask."""
        oldest_at = self._figures.own_oldest_at
        return 0.0 if oldest_at is None else max(0.0, now - oldest_at)

    async def close(self) -> None:
        """Refuses what comes from now on, commits what came before, seals. Returns when all of it is on disk."""
        if not self._closing:
            self._closing = True
            self._trouble = Trouble.CLOSED
            self._finish()
        await asyncio.shield(self._ended)

    def _refused(self, outcome: Outcome) -> asyncio.Future[None]:
        self._count(refused=len(outcome.facts) + len(outcome.tallies))
        refused = Promise(loop=self._loop)
        refused.fail(self._trouble or Trouble.SLOW_DISK)
        return refused

    def _commit_soon(self) -> None:
        gather_s = next(seconds for held, seconds in _GATHER_S if self._held >= held)
        if gather_s:
            self._loop.call_later(gather_s, self._commit)
        else:
            self._loop.call_soon(self._commit)

    def _commit(self) -> None:
        self._writing, self._group = group, _ = self._group, Group(self._loop)
        self._held = len(group.facts) + len(group.tallies)
        self._jobs.put((self._write, group))

    def _settled(self, group: Group, trouble: Trouble | None, seconds: float) -> None:
        """A group came back from the disk."""
        self._writing = None
        if trouble is None:
            group.promise.set_result(None)
            self._count(groups=1, facts=len(group.facts), tallies=len(group.tallies))
            self._times.add(seconds)
        else:
            group.promise.fail(trouble)
            self._count(refused=len(group.facts) + len(group.tallies))
            self._trouble = self._trouble or trouble
        if self._group.size:
            self._commit_soon()
            return
        self._busy = False
        if self._closing:
            self._finish()

    def _finish(self) -> None:
        if not self._busy:
            self._busy = True
            self._jobs.put((self._seal, None))
            self._jobs.put(None)

    def _look_later(self) -> None:
        again = _LOOK_EVERY_S if self._trouble is None else _LOOK_AGAIN_S
        self._loop.call_later(again, lambda: self._jobs.put((self._look, None)))

    def _looked(self, look: _Look) -> None:
        trouble = self._take(look)
        if not self._closing:
            self._trouble = trouble
            self._look_later()

    def _take(self, look: _Look) -> Trouble | None:
        bytes_of_all = sum(entry.size for entry in look.waiting)
        own = [entry for entry in look.waiting if entry.name.startswith(self._name + "-")]
        self._figures = self._figures._replace(
            backlog_bytes=bytes_of_all,
            backlog_segments=len(look.waiting),
            own_bytes=sum(entry.size for entry in own),
            own_oldest_at=min((entry.modified_at for entry in own), default=None),
        )
        return look.trouble

    def _seal_later(self, serial: int, since: float) -> None:
        """Seals the segment once it is old enough; asks again at least each `load_after_ms`: the limit follows the
        backlog."""
        step = self._settings.load_after_ms / 1000
        limit = step * max(1.0, self._figures.backlog_segments / _FEW_SEGMENTS)
        left = since + limit - self._loop.time()
        if left < _TICK_S:
            self._jobs.put((self._seal, serial))
        else:
            self._loop.call_later(min(left, step), self._seal_later, serial, since)

    def _thread_ended(self) -> None:
        if not self._closing:
            self._trouble = Trouble.BROKEN
        for group in (self._writing, self._group):
            if group and not group.promise.done():
                group.promise.fail(Trouble.BROKEN)
        self._ended.set_result(None)

    def _count(self, **more: float) -> None:
        now = self._figures
        self._figures = now._replace(**{name: getattr(now, name) + amount for name, amount in more.items()})

    # On the journal's own thread

    def _work(self) -> None:
        try:
            with closing(self._files):
                while job := self._jobs.get():
                    job[0](job[1])
        finally:
            self._loop.call_soon_threadsafe(self._thread_ended)

    def _write(self, group: Group) -> None:
        began, trouble, fresh = time.perf_counter(), None, not self._current.holds_frames
        try:
            if group.size:
                self._current.add(group.frame(self._clock(), self._ledger))
                self._ledger.settle()
        except OSError as error:
            trouble = trouble_of(error)
            self._ledger.begin()
        self._loop.call_soon_threadsafe(self._settled, group, trouble, time.perf_counter() - began)
        if fresh and self._current.holds_frames:
            self._loop.call_soon_threadsafe(self._seal_later, self._current.serial, self._loop.time())

    def _seal(self, serial: int | None) -> None:
        if serial is None or serial == self._current.serial:
            self._current.seal()

    def _look(self, _: None) -> None:
        look = self._seen()
        if look.trouble is None and self._trouble is not None:
            try:
                self._current.begin()
            except OSError as error:
                look = look._replace(trouble=trouble_of(error))
        self._loop.call_soon_threadsafe(self._looked, look)

    def _seen(self) -> _Look:
        try:
            self._disk.make_folder(self._folder)
            waiting = [entry for entry in self._disk.entries(self._folder) if entry.name.endswith((OPEN, SEALED))]
            free = self._disk.free_bytes(self._folder)
        except OSError as error:
            return _Look(trouble_of(error), [])
        return _Look(self._over_mark(waiting, free), waiting)

    def _over_mark(self, waiting: list[Entry], free_bytes: int) -> Trouble | None:
        """Why load is shed before the disk is full. Why age: what waits for days outruns retention and erasure."""
        settings = self._settings
        if sum(entry.size for entry in waiting) >= settings.journal_limit_bytes:
            return Trouble.BACKLOG
        if free_bytes < settings.disk_reserve_bytes:
            return Trouble.DISK_RESERVE
        oldest = min((entry.modified_at for entry in waiting), default=self._clock())
        if 0 < settings.journal_limit_s <= self._clock() - oldest:
            return Trouble.OLD_BACKLOG
        return None
