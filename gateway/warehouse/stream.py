"""The loader of sites that outgrow direct inserts: sealed segments go to Kafka, and ClickHouse reads them there.

May not: talk to the warehouse; look inside a row. The journal still comes first: what was acknowledged is on its disk
until every broker that must have it has said so.

The life of a batch:
    intend    batch id and segments, synced, as in `load.py`
    send      its rows, cut into parcels of whole lines; one message per parcel, its id is the message's key
    end       every parcel was acknowledged by all replicas in sync: the segments go, then the intent
After any other end the same parcels are sent again under the same ids: nobody can ask a log what it holds. So a parcel
arrives at least once, and its second copy is known by its key (`stream_sql.py` leaves it out). That a segment of the
batch is missing proves that all of it was acknowledged.
Why a batch id per parcel: copies are left out by whole batches, and a batch that came in half would lose the rest.
Why an id is 16 ms of time above 26 bits of the loader's identity, and not random: two parcels of one id would be taken
for copies, and one of them be lost. No loader uses a moment twice, for it waits until its ids are of the past before it
lets go of a batch (so it sends 30 MB a second at most). Two of a hundred loaders share their bits with a probability of
7 in 100,000. A clock that is set back by hand while a loader runs undoes this; let it be slewed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple, NoReturn, Protocol

from gateway.journal.disk import Disk
from gateway.warehouse.connect import TerminalError, WarehouseError
from gateway.warehouse.intents import LoadIntent, ReplaceIntent
from gateway.warehouse.load import Loader
from gateway.warehouse.load_batch import Batch, Limits
from gateway.warehouse.tombstones import Tombstones

_ID_BITS, _SLOT_MS = 26, 16

#: Under the 1 MB that brokers and ClickHouse take by default; some 600 events.
PARCEL_BYTES = 512 * 1024


class Parcel(NamedTuple):
    """One message: rows of one stream as JSON lines. `batch` is its key, and the column of every row of it."""

    stream: str
    batch: int
    payload: bytes


class Log(Protocol):
    """What a log must do. Raises WarehouseError."""

    def send(self, parcels: list[Parcel]) -> None:
        """Returns when all of them are acknowledged by all replicas in sync."""

    def close(self) -> None: ...


class Streamer(Loader):
    """A loader whose far end is a log; `connect` opens it, and is called again after every failure."""

    def __init__(
        self,
        folder: Path,
        connect: Callable[[], Log],
        disk: Disk | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(folder, _no_warehouse, disk, limits, clock)
        self._open = connect
        self._log: Log | None = None
        self._gathering.erased = lambda: Tombstones({})  # the warehouse leaves them out as it reads

    def _load(self, batch: Batch) -> None:
        first = first_id(self._identity, self._clock())
        intent = LoadIntent(first, 0, tuple(batch.segments), batch.rows)
        self._intents.write(intent)
        self._send(intent, batch)

    def _send(self, intent: LoadIntent, batch: Batch) -> None:
        if self._log is None:
            self._log = self._open()
        made = list(parcels(intent.batch, batch))
        try:
            self._log.send(made)
        except WarehouseError:
            self._gathering.doubt(intent.segments, self._counts["batches"])
            raise
        self._wait_until_past(made[-1].batch if made else 0)
        self._finish(intent)

    def _wait_until_past(self, used: int) -> None:
        while (used >> _ID_BITS) >= _slot(self._clock()):
            time.sleep(_SLOT_MS / 1000)

    def _settle(self) -> None:
        """Ends what was begun, by this process or one before it."""
        intent = self._intents.read()
        if isinstance(intent, ReplaceIntent):
            self._intents.end_replace(intent)
        elif intent is not None:
            self._send_again(intent)
            self._counts["repaired"] += 1

    def _send_again(self, intent: LoadIntent) -> None:
        waiting = self._gathering.waiting()
        if not waiting.issuperset(intent.segments):
            self._finish(intent)
            return
        batch = Batch()
        for name in intent.segments:
            batch.join(self._gathering.take(name))
        if batch.rows == intent.rows:
            self._send(intent, batch)
        else:  # damaged since: what is left goes under new ids, and comes twice rather than never
            self._intents.forget()

    def _hang_up(self) -> None:
        log, self._log = self._log, None
        if log is not None:
            log.close()


def first_id(loader: str, now: float) -> int:
    """The id of a batch's first parcel; those after it follow in time. In order with ids of `load_batch`."""
    return _slot(now) << _ID_BITS | int(loader, 16) & ((1 << _ID_BITS) - 1)


def _slot(now: float) -> int:
    return int(now * 1000) // _SLOT_MS


def parcels(batch_id: int, batch: Batch) -> Iterator[Parcel]:
    """The rows of a batch in parcels, the same ones whenever it is asked."""
    ids = count(batch_id, 1 << _ID_BITS)
    for stream in sorted(batch.rows):
        payload = b"".join(batch.payload(stream))
        for piece in cut(payload, PARCEL_BYTES):
            yield Parcel(stream, next(ids), piece)


def cut(lines: bytes, limit: int) -> Iterator[bytes]:
    """Whole lines, at most `limit` bytes at once; one that is longer comes alone."""
    start = 0
    while start < len(lines):
        end = lines.rfind(b"\n", start, start + limit) + 1 or lines.find(b"\n", start) + 1 or len(lines)
        yield lines[start:end]
        start = end


def _no_warehouse() -> NoReturn:
    raise TerminalError("kafka", "nothing here may ask the warehouse", "tell us")
