"""The quarantine, loaded: rows that broke a contract, once it was mended, go into `events`, each exactly once.

May talk to the warehouse. May not judge a row: a judge makes a fact of it, or says what it still breaks.

Why no row comes twice, whatever dies when: one session at a time may insert. It raises the fence of the loader `replay`
and waits until no INSERT from before runs; only then does it ask which rows are in `events` already, by event and
`event_id` as `load_copies.py` does, and those it does not load. It removes from the quarantine only what stands in
`events`. A run that was cut off is ended by the next one, on whatever machine.
Why an erasure wins: it raises every fence, this one too, after its tombstone is written; an INSERT that was prepared
before stores nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from clickhouse_connect.driver.client import Client

from gateway.journal.segment import EVENTS, section_of
from gateway.warehouse.connect import TerminalError, TransientError, translated
from gateway.warehouse.engine_statements import quote
from gateway.warehouse.load_batch import new_batch_id
from gateway.warehouse.load_session import RowRefused, Session
from gateway.words import Fact

_LOADER = "replay"

#: Rows judged and inserted at once. Why: their ids stand in statements, which may be 256 KiB long.
_PAGE_ROWS = 1000

_NIL = "00000000-0000-0000-0000-000000000000"
_READ = {"date_time_output_format": "iso", "output_format_json_quote_64bit_integers": 0}

#: What a mended contract and today's policy make of a row of the quarantine: a fact, or the rules that keep it there.
Judge = Callable[[Mapping[str, Any]], Fact | tuple[str, ...]]

_Row = dict[str, Any]
#: (event, event_id), within a site.
_Identity = tuple[str, str]


class Chosen(NamedTuple):
    """Which rows: of a site, and of one event, '' for all."""

    site: str
    event: str = ""


@dataclass(slots=True)
class Replayed:
    """Rows loaded, those that `events` had already, and how many stay, by contract and what they break."""

    loaded: int = 0
    known: int = 0
    stays: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)


class Replay:
    """Raises WarehouseError; nothing is lost then, and the next run goes on."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.time) -> None:
        self._client, self._clock = client, clock
        self._session: Session | None = None

    def run(self, chosen: Chosen, judge: Judge) -> Replayed:
        """Loads what the judge lets through."""
        if self._session is None:
            self._session = Session(self._client, _LOADER, self._clock)
            self._session.wait_for_the_rest()
        done = Replayed()
        for rows in self._pages(chosen):
            self._take(self._session, chosen, rows, _judged(rows, self._known(chosen, rows), judge, done))
        return done

    def look(self, chosen: Chosen, judge: Judge) -> Replayed:
        """What `run` would do; changes nothing."""
        done = Replayed()
        for rows in self._pages(chosen):
            _judged(rows, self._known(chosen, rows), judge, done)
        return done

    def _pages(self, chosen: Chosen) -> Iterator[list[_Row]]:
        """Rows whose time is not over, in the order in which they came."""
        event = f" AND event = {quote(chosen.event)}" if chosen.event else ""
        when, last = "1970-01-01T00:00:00.000Z", _NIL
        while True:
            after = f"(parseDateTime64BestEffort({quote(when)}, 3, 'UTC'), toUUID({quote(last)}))"
            rows = self._rows(
                f"SELECT * EXCEPT (batch) FROM gateway.quarantine WHERE site = {quote(chosen.site)}{event} "
                "AND expires_at > now() AND received_at > now() - INTERVAL 30 DAY "
                f"AND (received_at, event_id) > {after} ORDER BY received_at, event_id LIMIT {_PAGE_ROWS}"
            )
            if not rows:
                return
            when, last = rows[-1]["received_at"], rows[-1]["event_id"]
            yield rows

    def _known(self, chosen: Chosen, rows: list[_Row]) -> set[_Identity]:
        """Those that are in `events`."""
        found = self._rows(f"SELECT event, event_id FROM gateway.events WHERE {_are(chosen.site, rows)}")
        return set(map(_identity, found))

    def _take(self, session: Session, chosen: Chosen, rows: list[_Row], facts: dict[_Identity, Fact]) -> None:
        sections, _ = session.erased.sift([section_of(EVENTS, list(facts.values()))] if facts else [])
        if sections:
            self._insert(session, sections[0].rows, [sections[0].payload])
        known = self._known(chosen, rows)
        if gone := [row for row in rows if _identity(row) in known]:
            is_shared = session.targets["quarantine"].distributed
            table = "quarantine_local ON CLUSTER '{cluster}'" if is_shared else "quarantine"
            self._command(f"ALTER TABLE gateway.{table} DELETE WHERE {_are(chosen.site, gone)}")

    def _insert(self, session: Session, count: int, rows: list[bytes | memoryview]) -> None:
        batch = new_batch_id(self._clock())
        self._command(f"INSERT INTO gateway.replays (batch, begun_at) VALUES ({batch}, now64(3))")
        try:
            session.insert(EVENTS, batch, rows)
        except RowRefused as refused:
            hint = "tables and gateway are not of one version: gateway warehouse migrate"
            raise TerminalError("warehouse", f"it refuses a row with code {refused.code}", hint) from None
        if session.counted(batch).get(EVENTS, 0) != count:
            raise TransientError("warehouse", "another replay or an erasure has begun", "run the same command again")
        session.record(batch, 0, {EVENTS: count})

    def _rows(self, sql: str) -> list[_Row]:
        with translated(str(getattr(self._client, "url", "warehouse"))):
            said: Any = self._client.raw_query(sql, settings=_READ, fmt="JSONEachRow")
        return [orjson.loads(line) for line in said.splitlines()]

    def _command(self, sql: str) -> None:
        with translated(str(getattr(self._client, "url", "warehouse"))):
            self._client.command(sql, settings={"mutations_sync": 2, "distributed_foreground_insert": 1})


def _judged(rows: list[_Row], known: set[_Identity], judge: Judge, done: Replayed) -> dict[_Identity, Fact]:
    """The facts, each once however often it was sent; counts are added to `done`."""
    facts: dict[_Identity, Fact] = {}
    for row in rows:
        if _identity(row) in known or _identity(row) in facts:
            done.known += 1
            continue
        made = judge(row)
        if isinstance(made, tuple):
            done.stays[(row["contract"], made)] += 1
        else:
            facts[_identity(row)] = made
    done.loaded += len(facts)
    return facts


def _identity(row: _Row) -> _Identity:
    return row["event"], row["event_id"]


def _are(site: str, rows: list[_Row]) -> str:
    """The condition that a row is one of these."""
    ids = ", ".join(quote(row["event_id"]) for row in rows)
    pairs = ", ".join(f"({quote(row['event'])}, {quote(row['event_id'])})" for row in rows)
    return f"site = {quote(site)} AND event_id IN ({ids}) AND (event, event_id) IN ({pairs})"
