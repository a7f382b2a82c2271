"""One connection of the loader, behind one fence: insert, count, erase.

May talk to the warehouse; may not decide what an answer means for the journal (`load.py` does), nor touch the disk.

Rules:
    1. A session begins by raising the loader's epoch. An INSERT of an earlier session that has not begun yet will store
       nothing; one that has begun can be seen in system.processes, and `wait_for_the_rest` waits for it.
       Why that order is enough: ClickHouse lists a query before it evaluates anything of it.
    2. After any error without an answer the session is over: nobody knows what the warehouse did.
    3. An INSERT is sent as a stream of pieces. Why: the driver sends one that it has in one piece again by itself when
       the connection breaks, although the first may have been carried out. The statement goes first in the body, not in
       the URL. Why: urllib3 spends 5 ms on a URL as long as that, and proxies refuse it. A length that is known is
       told. Why: urllib3 copies each piece once more to frame it as a chunk.
    4. What ClickHouse says of an error may quote a row; only its code leaves this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from gateway.warehouse import load_statements as say
from gateway.warehouse import tombstones
from gateway.warehouse.connect import TransientError, WarehouseError, translate
from gateway.warehouse.load_batch import blocks

#: Codes by which ClickHouse refuses a row and not the statement: it could not be parsed, converted or kept.
#: Source: src/Common/ErrorCodes.cpp, 26.9; those that rows can cause were tried (test_load_poison.py).
ROW_CODES = frozenset({6, 10, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 376, 407, 441, 467})
ROW_CODES |= {469, 636, 675, 676, 691}
_REST_ENDS_WITHIN_S, _LOOK_EVERY_S = 60.0, 0.05
_ZSTD_LEVEL = 1


class RowRefused(Exception):
    """The warehouse would not take one of the rows. `code` is ClickHouse's; 0: it stored other rows than were sent."""

    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


class Session:
    """Raises WarehouseError from every method."""

    def __init__(self, client: Client, loader: str, now: Callable[[], float]) -> None:
        self._client = client
        self._url = str(getattr(client, "url", ""))
        self._packed = not any(host in self._url for host in ("//127.0.0.1", "//localhost", "//[::1]"))
        with self._translated():
            self.targets = {stream: self._describe(stream) for stream in say.TABLES}
            self.fence = self._raised(loader, now)
            self.erased = tombstones.read(client)  # after the fence; see tombstones.py

    def close(self) -> None:
        self._client.close()

    def insert(self, stream: str, batch: int, rows: Sequence[bytes | memoryview]) -> int:
        """Sends one stream of a batch; returns how many rows the warehouse says it wrote. Raises RowRefused."""
        statement = say.insert(self.targets[stream], batch, self.fence)
        settings = {**say.SETTINGS, "query_id": f"{say.query_prefix(self.fence.loader)}{batch}-{stream}"}
        head = statement.encode() + b"\n"
        body = blocks((head, *rows))
        try:
            if self._packed:
                return self._send(_zstd(body), settings, compression="zstd")
            size = len(head) + sum(map(len, rows))
            return self._send(body, settings, transport_settings={"Content-Length": str(size)})
        except ClickHouseError as error:
            told = self._told(error)
            raise (RowRefused(told.code) if told.code in ROW_CODES else told) from None

    def loaded_before(self, ids: Iterable[bytes], moments: Iterable[say.Span]) -> set[tuple[str, str, str]]:
        """(site, event, event_id) of those rows that the warehouse has already."""
        with self._translated():
            # Not `query`: it would search a text of a megabyte for comments and formats.
            found = self._client.raw_query(
                say.loaded_before(ids, moments), settings=dict(say.LOOKING), fmt="JSONEachRow"
            )
        rows = map(orjson.loads, found.splitlines())
        return {(row["site"], row["event"], row["id"]) for row in rows}

    def counted(self, batch: int) -> dict[str, int]:
        """Rows of a batch by stream, streams without any left out."""
        found = self._rows(say.count(list(self.targets.values()), batch))
        return {stream: rows for stream, rows in found if rows}

    def erase(self, batch: int) -> None:
        """Takes away what there is of a batch."""
        for target in self.targets.values():
            self._command(say.erase(target, batch), say.DELETING)

    def record(self, batch: int, segments: int, rows: Mapping[str, int]) -> None:
        """Writes the batch into gateway.load_batches."""
        self._command(say.record(batch, self.fence.loader, segments, rows), say.SETTINGS)

    def holds_the_fence(self) -> bool:
        """False if another session has raised the epoch since."""
        return bool(self._rows(say.greatest_epoch(self.fence.loader))[0][0] == self.fence.epoch)

    def wait_for_the_rest(self) -> None:
        """Returns when no INSERT of this loader runs. Raises TransientError after a minute."""
        until = time.monotonic() + _REST_ENDS_WITHIN_S
        statement = say.still_running(self.fence.loader, any(t.distributed for t in self.targets.values()))
        while self._rows(statement)[0][0]:
            if time.monotonic() > until:
                raise TransientError("warehouse", "an earlier INSERT of the loader still runs", "see system.processes")
            time.sleep(_LOOK_EVERY_S)

    def _describe(self, stream: str) -> say.Target:
        table = say.TABLES[stream]
        described = self._client.query(f"DESCRIBE TABLE gateway.{table}").result_rows
        engines = f"SELECT engine FROM system.tables WHERE database = 'gateway' AND name = '{table}'"
        return say.target_of(stream, described, self._client.query(engines).result_rows[0][0])

    def _raised(self, loader: str, now: Callable[[], float]) -> say.Fence:
        """A fence greater than any before, those included whose own INSERT may still be on its way."""
        before = self._client.query(say.greatest_epoch(loader)).result_rows[0][0]
        fence = say.Fence(loader, max(before + 1, int(now() * 1000)))
        self._client.command(say.raise_epoch(fence), settings=dict(say.SETTINGS))
        return fence

    def _send(self, body: Generator[bytes, None, None], settings: dict[str, int | str], **framing: Any) -> int:
        return self._client.raw_insert("", insert_block=body, settings=settings, **framing).written_rows

    def _rows(self, statement: str) -> Sequence[Sequence[Any]]:
        with self._translated():
            return self._client.query(statement).result_rows

    def _command(self, statement: str, settings: Mapping[str, int | str]) -> None:
        with self._translated():
            self._client.command(statement, settings=dict(settings))

    def _told(self, error: ClickHouseError) -> WarehouseError:
        told = translate(error, self._url)
        if told.code is None:
            return told
        name = getattr(error, "name", None) or "an error"
        return type(told)(told.where, f"ClickHouse says {name} (code {told.code})", told.hint, told.code)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ClickHouseError as error:
            raise self._told(error) from None


def _zstd(pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
    packing = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
    for piece in pieces:
        yield packing.compress(piece)
    yield packing.flush()
