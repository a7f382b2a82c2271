"""Rows of one person in the warehouse: in which tables they can be, how many there are, what they say, and away.

May talk to the warehouse; every statement about persons is here. May not know an identifier, only pseudonyms.

Rules
    1. Tables are found by their columns (`visitor`, `account`), not by a list: a table that a later migration adds is
       asked too. Views hold nothing. Projections are rebuilt by the same mutation as their table.
    2. A table that holds pseudonyms only as states of an aggregate cannot give one person up: it stops an erasure.
    3. Rows are deleted by mutation, not marked: their bytes leave with the old parts, which ClickHouse removes within
       `old_parts_lifetime`, 480 s.
    4. An order to erase goes last: while it is there, a request that was cut off is made again.
    5. Only rows up to the request count as the person's; who comes back later is not erased in advance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from gateway.warehouse.connect import TerminalError, translate
from gateway.warehouse.engine_statements import quote
from gateway.warehouse.load_statements import query_prefix
from gateway.warehouse.tombstones import IDENTITY
from gateway.words import Person

_DELETING = {"mutations_sync": 2}
_TIMES = ("received_at", "event_time")

_TABLES = f"""
SELECT t.name, groupArray(c.name)
FROM system.tables AS t JOIN system.columns AS c ON c.database = t.database AND c.table = t.name
WHERE t.database = 'gateway' AND t.engine LIKE '%MergeTree'
GROUP BY t.name
HAVING hasAny(groupArray(c.name), {list(IDENTITY)}) OR countIf(c.type LIKE 'AggregateFunction%UUID%') > 0
ORDER BY t.name = 'erasure_orders', t.name = 'erasure_orders_local', t.name"""


class Holder(NamedTuple):
    """A table that holds pseudonyms: what it is asked as, where its rows are deleted, by which columns."""

    name: str
    deleted_in: str
    columns: tuple[str, ...]
    times: tuple[str, ...]


class Subjects:
    """The rows of persons. Raises WarehouseError."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.holders = [_holder(*row) for row in self.rows(_TABLES)]

    def count(self, holder: Holder, person: Person, asked_at: float) -> int:
        """How many rows of the table are the person's."""
        return int(self.rows(f"SELECT count() FROM gateway.{holder.name} WHERE {_are(holder, person, asked_at)}")[0][0])

    def export(self, holder: Holder, person: Person, asked_at: float) -> list[dict[str, Any]]:
        """Those rows, in order of time where the table has one; zeros and empty text left out."""
        order = f" ORDER BY {holder.times[0]}" if holder.times else ""
        sql = f"SELECT * FROM gateway.{holder.name} WHERE {_are(holder, person, asked_at)}{order}"
        with self._translated():
            return [_told(row) for row in self.client.query(sql).named_results()]

    def erase(self, holder: Holder, person: Person, asked_at: float) -> None:
        """Returns when they are gone on every replica."""
        sql = f"ALTER TABLE gateway.{holder.deleted_in} DELETE WHERE {_are(holder, person, asked_at)}"
        self.command(sql, _DELETING)

    def unlinkable(self, site: str, epochs: frozenset[int]) -> int:
        """Rows of durable visitors that were made with keys of which none is left."""
        known = ", ".join(map(str, epochs or {0}))
        sql = (
            f"SELECT count() FROM gateway.events WHERE site = {quote(site)} AND visitor_kind = 'durable' "
            f"AND key_epoch NOT IN ({known})"
        )
        return int(self.rows(sql)[0][0])

    def fence_loaders(self) -> int:
        """Raises the epoch of every loader; their next INSERT stores nothing, and they begin anew. How many."""
        self.command(
            "INSERT INTO gateway.load_epochs (loader, epoch) "
            "SELECT loader, max(epoch) + 1 FROM gateway.load_epochs GROUP BY loader"
        )
        return int(self.rows("SELECT uniqExact(loader) FROM gateway.load_epochs")[0][0])

    def loading(self) -> int:
        """INSERTs of any loader that have not ended."""
        prefix = quote(query_prefix("").removesuffix("-"))
        return int(self.rows(f"SELECT count() FROM system.processes WHERE startsWith(query_id, {prefix})")[0][0])

    def rows(self, sql: str) -> list[Any]:
        with self._translated():
            return list(self.client.query(sql).result_rows)

    def command(self, sql: str, settings: Mapping[str, int] | None = None) -> None:
        with self._translated():
            self.client.command(sql, settings=dict(settings or {}))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What ClickHouse says of an error may quote a row; only its code is passed on."""
        try:
            yield
        except ClickHouseError as error:
            told = translate(error, str(getattr(self.client, "url", "warehouse")))
            raise type(told)(told.where, f"ClickHouse says code {told.code}", told.hint, told.code) from None


def _holder(name: str, columns: list[str]) -> Holder:
    if not set(IDENTITY) & set(columns):
        raise TerminalError(
            f"gateway.{name}", "it holds visitors as states of an aggregate", "drop and rebuild it, then erase again"
        )
    local = name.endswith("_local")
    return Holder(
        name.removesuffix("_local"),
        f"{name} ON CLUSTER '{{cluster}}'" if local else name,
        tuple(column for column in IDENTITY if column in columns),
        tuple(column for column in _TIMES if column in columns),
    )


def _are(holder: Holder, person: Person, asked_at: float) -> str:
    """The condition that a row is the person's, as of the request."""
    pseudonyms = {"visitor": person.visitors, "account": person.accounts}
    named = [_in(column, pseudonyms[column]) for column in holder.columns if pseudonyms[column]]
    before = f" <= fromUnixTimestamp64Milli({int(asked_at * 1000)}, 'UTC')"
    when = f" AND ({' OR '.join(column + before for column in holder.times)})" if holder.times else ""
    return f"site = {quote(person.site)} AND ({' OR '.join(named) or '0'}){when}"


def _in(column: str, pseudonyms: frozenset[str]) -> str:
    listed = ", ".join(f"toUUID('{p[:8]}-{p[8:12]}-{p[12:16]}-{p[16:20]}-{p[20:]}')" for p in sorted(pseudonyms))
    return f"{column} IN ({listed})"


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for people: what says nothing is left out."""
    return {name: value for name, value in row.items() if str(value) not in ("", "0", "0.00", "{}", "[]", _NIL)}


_NIL = "00000000-0000-0000-0000-000000000000"
