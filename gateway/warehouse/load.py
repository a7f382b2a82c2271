"""The loader: what is sealed in the journal goes into the warehouse, each row exactly once, whatever dies when.

May not: look inside a row; give up. All that it must remember lies on disk (`intents.py`) or in the warehouse.

The life of a batch:
    gather    sealed segments, oldest first, up to a limit; without the copies that clients sent again (load_copies.py)
    intend    batch id, epoch, segments, rows per stream: synced before the first INSERT
    insert    one INSERT per stream, the batch in every row, behind the fence
    end       the warehouse wrote as many rows as were sent: record the batch, remove the segments, then the intent
After any other end (killed, no answer, wrong count) the intent is still there, and the next run settles it first:
    fence     a new session has raised the epoch; wait until no INSERT of ours runs: nothing of that batch can come now
    count     its rows by stream. As many as intended: end. Else erase them; the segments are gathered again, as a
              new batch with a new id
Why not ClickHouse's deduplication token: killed at the wrong moment a single node forgets the rows and remembers the
token, so that the second try is thrown away (measured: 8 losses in 1,052 kills).
A row that the warehouse refuses, or does not survive, is found by halving segments on disk and put aside
(`load_aside.py`); the rest loads.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from gateway.journal.disk import Disk
from gateway.journal.reader import adopt_orphans
from gateway.warehouse.connect import TerminalError, TransientError, WarehouseError
from gateway.warehouse.intents import Intents, IntentUnreadable, LoaderHeld, LoadIntent, ReplaceIntent
from gateway.warehouse.load_aside import Aside
from gateway.warehouse.load_batch import Batch, Gathering, Limits, new_batch_id
from gateway.warehouse.load_copies import leave_out
from gateway.warehouse.load_session import RowRefused, Session

_log = logging.getLogger("gateway.load")

_LOOK_EVERY_S = 0.1  # for sealed segments, while nothing waits
_ADOPT_EVERY_S = 1.0  # for segments whose writer died
_BACKOFF_FROM_S, _BACKOFF_TO_S = 0.2, 5.0
_DRAIN_S = 5.0
#: Rows refused one after the other without a batch loaded between them: then it is not the rows.
_REFUSED_IN_A_ROW = 20

#: Failures, others being loaded meanwhile, after which a segment is split, and a row alone is put aside.
_DOUBTS, _DOUBTS_OF_A_ROW = 2, 5

#: What the loader itself counts, by keys of the table of metrics.
_COUNTED = ("batches", "repaired", "duplicates", "quarantined", "load_errors")

#: What a run may fail with; nothing is lost by any of them.
FAILURES = (WarehouseError, OSError, IntentUnreadable, LoaderHeld)


class Loaded(NamedTuple):
    """What one run brought into the warehouse: batches, and rows by stream."""

    batches: int
    rows: dict[str, int]


class Loader:
    """One per journal folder. `connect` opens a client; it is called again after every failure.

    Not thread-safe, but for `stop`, `counts` and `state`.
    """

    def __init__(
        self,
        folder: Path,
        connect: Callable[[], Client],
        disk: Disk | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._connect, self._clock = folder, connect, clock
        self._disk = disk or Disk()
        self._intents = Intents(self._disk, folder)
        self._aside = Aside(self._disk, folder, self._intents, clock)
        self._gathering = Gathering(self._disk, folder, self._aside, limits or Limits())
        self._gathering.erased = lambda: self._talk().erased
        self._identity = ""
        self._session: Session | None = None
        self._adopted_at = 0.0
        self._refused_in_a_row = 0
        self._counts: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._failure = ""
        self._stop = threading.Event()

    def run(self) -> None:
        """Loads until `stop`, then once more what is sealed by then, for a few seconds at most.

        Does not raise for the sake of warehouse or disk: it says so once, and tries again after growing pauses.
        """
        tries = 0
        while not self._stop.is_set():
            tries = 0 if self._tried() else tries + 1
            self._stop.wait(_pause_s(tries))
        if not self._failure:
            self._tried(_DRAIN_S)
        self.close()

    def stop(self) -> None:
        """Makes `run` return soon."""
        self._stop.set()

    def close(self) -> None:
        """Lets go of connection and folder."""
        self._hang_up()
        self._intents.release()
        self._identity = ""

    def run_once(self, seconds: float = float("inf")) -> Loaded:
        """Loads all that is sealed, or what fits into the time. Raises one of FAILURES; the next run goes on."""
        until = time.monotonic() + seconds
        batches, rows = self._counts["batches"], self._rows.copy()
        try:
            self._identity = self._identity or self._intents.hold()
            self._settle()
            self._adopt()
            while time.monotonic() < until and self._load_next():
                pass
        except FAILURES:
            self._counts["load_errors"] += 1
            self._hang_up()
            raise
        return Loaded(self._counts["batches"] - batches, dict(self._rows - rows))

    def counts(self) -> dict[str, Any]:
        """Counts of this life, by their keys in the table of metrics."""
        backlog, now = self._gathering.backlog, self._clock()
        return {
            "loaded": sorted([stream, rows] for stream, rows in self._rows.items()),
            **{key: self._counts[key] for key in _COUNTED},
            **{key: self._gathering.counts[key] for key in ("damaged", "foreign", "unreadable", "erased")},
            "load_lag_seconds": max(0.0, now - backlog.oldest_at) if backlog.oldest_at is not None else 0.0,
        }

    def state(self) -> str:
        """Empty while loading works, else the sentence that says why not."""
        return self._failure

    def _tried(self, seconds: float = float("inf")) -> bool:
        try:
            self.run_once(seconds)
        except FAILURES as failure:
            self._say(_sentence(failure))
            return False
        self._say("")
        return True

    def _say(self, failure: str) -> None:
        """Logs a change, not every try."""
        if failure and failure != self._failure:
            _log.warning("Not loading: %s. The journal keeps everything meanwhile.", failure)
        elif self._failure and not failure:
            _log.info("Loading again.")
        self._failure = failure

    def _adopt(self) -> None:
        if time.monotonic() - self._adopted_at >= _ADOPT_EVERY_S:
            self._intents.sweep()
            adopt_orphans(self._disk, self._folder)
            self._adopted_at = time.monotonic()

    # The life of a batch

    def _load_next(self) -> bool:
        """False if nothing waits. The batch is forgotten when this returns: two of them in memory are one too many."""
        batch = self._gathering.next()
        if batch.segments:
            self._load(batch)
        return bool(batch.segments)

    def _load(self, batch: Batch) -> None:
        session = self._talk()
        copies = leave_out(batch, session.loaded_before, self._clock())
        intent = LoadIntent(new_batch_id(self._clock()), session.fence.epoch, tuple(batch.segments), batch.rows)
        self._intents.write(intent)
        try:
            written = {s: session.insert(s, intent.batch, batch.payload(s)) for s, n in batch.rows.items() if n}
            if written != intent.rows:
                self._look_again(session, intent)
        except RowRefused as refused:
            if not self._found_complete(session, intent):
                self._narrow(batch, refused.code)
        except WarehouseError:
            self._gathering.doubt(intent.segments, self._counts["batches"])
            raise
        else:
            self._end(session, intent)
            self._counts["duplicates"] += copies

    def _look_again(self, session: Session, intent: LoadIntent) -> None:
        """The answer told other rows than were sent: with views that is usual, else it is the fence or the rows."""
        if session.counted(intent.batch) == intent.rows:
            return
        if not session.holds_the_fence():
            raise TransientError("warehouse", "another loader has taken over", "stop the other one")
        raise RowRefused(0)

    def _end(self, session: Session, intent: LoadIntent) -> None:
        if intent.rows:
            session.record(intent.batch, len(intent.segments), intent.rows)
        self._finish(intent)

    def _finish(self, intent: LoadIntent) -> None:
        self._intents.end_load(intent)
        self._gathering.suspects.difference_update(intent.segments)
        self._refused_in_a_row = 0
        self._counts["batches"] += 1
        self._rows.update(intent.rows)

    def _settle(self) -> None:
        """Ends what was begun, by this process or one before it."""
        intent = self._intents.read()
        if isinstance(intent, ReplaceIntent):
            self._intents.end_replace(intent)
        elif intent is not None:
            session = self._talk()
            session.wait_for_the_rest()
            if not self._found_complete(session, intent):
                self._look_closer(intent)
            self._counts["repaired"] += 1

    def _found_complete(self, session: Session, intent: LoadIntent) -> bool:
        """True if all of the batch is there, and now ended; else nothing of it is left, and nothing is intended."""
        found = session.counted(intent.batch)
        if found == intent.rows:
            self._end(session, intent)
            return True
        if found:
            session.erase(intent.batch)
        self._intents.forget()
        return False

    def _look_closer(self, intent: LoadIntent) -> None:
        """A segment that fails again and again, while others are loaded: a row of it is to blame."""
        name = intent.segments[0]
        rows = sum(intent.rows.values())
        if self._gathering.doubted(name) < (_DOUBTS if rows > 1 else _DOUBTS_OF_A_ROW):
            return
        batch = self._gathering.take(name)
        if batch.segments:
            self._narrow(batch, 0)

    def _narrow(self, batch: Batch, code: int) -> None:
        """A row of the batch was refused: look closer at its segments, or put the row aside if it is alone."""
        suspects = self._gathering.suspects
        if len(batch.segments) > 1:
            suspects.update(batch.segments)
        elif sum(batch.rows.values()) > 1:
            suspects.update(self._aside.split(batch.segments[0], batch.sections))
        elif self._refused_in_a_row < _REFUSED_IN_A_ROW:
            self._aside.refuse(batch.segments[0], batch.sections[0])
            self._refused_in_a_row += 1
            self._counts["quarantined"] += 1
            _log.warning("The warehouse refused a row with code %d; it lies in quarantine.", code)
        else:
            raise TerminalError(
                "warehouse",
                f"it refuses row after row, the last one with code {code}",
                "tables and gateway are not of one version: gateway warehouse migrate",
            )

    def _talk(self) -> Session:
        if self._session is None:
            client = self._connect()
            try:
                self._session = Session(client, self._identity, self._clock)
            except WarehouseError:
                client.close()
                raise
        return self._session

    def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()


def _pause_s(tries: int) -> float:
    """After `tries` failures in a row; random, so that loaders do not come back all at once."""
    if tries == 0:
        return _LOOK_EVERY_S
    longest = min(_BACKOFF_TO_S, _BACKOFF_FROM_S * 2.0 ** min(tries, 16))
    return random.uniform(longest / 2, longest)


def _sentence(failure: BaseException) -> str:
    """In our own words: what the system says of a disk, without the path."""
    if isinstance(failure, OSError):
        return f"the journal's disk says: {failure.strerror or type(failure).__name__}"
    return str(failure)
