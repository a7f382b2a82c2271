"""Aggregates are what a recount gives, whatever becomes of the rows: taken back, loaded again, expired, anonymous."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import OperationalError

from gateway.warehouse import migrate as module
from gateway.warehouse.connect import TransientError, connect
from gateway.warehouse.engine_endpoint import Endpoint
from gateway.warehouse.load import Loader
from gateway.warehouse.migrate import Variant, migrate, migrations
from tests.gateway.warehouse.loading import event, left, numbers, seal

_ROWS = """
INSERT INTO gateway.events (site, event, stage, event_id, event_time, visitor, visitor_kind, session, channel, country,
    device, value, currency, verdict, bot, expires_at, identity_expires_at, batch)
WITH n -> toUUID(UUIDNumToString(toFixedString(sipHash128(n), 16))) AS pseudonym
SELECT
    'demo', ['share', 'purchase', 'page_view'][1 + number % 3], 'engagement', generateUUIDv4(number),
    toDateTime64('2026-10-30 00:00:00', 3, 'UTC') + number * 61, pseudonym(number % 97),
    if(number % 97 < 20, 'none', 'durable'), pseudonym(number % 211),
    ['paid', 'direct'][1 + number % 2], ['IT', 'GR', 'ES'][1 + number % 3], ['mobile', 'desktop'][1 + number % 2],
    if(number % 3 = 1, number / 7, 0), if(number % 3 = 1, 'EUR', ''),
    if(number % 11 = 0, 'flagged', 'valid'), number % 13 = 0,
    now() + if(number % 7 = 0, {row_s}, 100000), now() + if(number % 97 < 50, {identity_s}, 100000), {batch}
FROM numbers({count})
SETTINGS max_insert_block_size = 1000
"""
_KEYS = "site, event, stage, toStartOfHour(event_time), channel, country, device, currency"
_DAY = "site, toDate(event_time), visitor_kind"
_PEOPLE = "if(visitor_kind = 'none', 0, uniqCombined64(15)(visitor)), uniqCombined64(15)(session)"
_COUNTS = "count(), sum(value), countIf(verdict = 'flagged'), countIf(bot)"
#: View -> its rows, and the same from the events.
_RECOUNTS = {
    "hourly": (
        "site, event, stage, hour, channel, country, device, currency, events, value, flagged, bots",
        f"SELECT {_KEYS}, {_COUNTS} FROM gateway.events GROUP BY {_KEYS}",
    ),
    "people": (
        "site, day, visitor_kind, events, visitors, sessions",
        f"SELECT {_DAY}, count(), {_PEOPLE} FROM gateway.events GROUP BY {_DAY}",
    ),
}


class _Asked:
    def __init__(self, client: Client) -> None:
        self._client = client

    def command(self, sql: str) -> object:
        return self._client.command(sql)

    def rows(self, sql: str) -> Sequence[Sequence[object]]:
        return self._client.query(sql).result_rows


class _Forgets:
    """A client whose first INSERTs of rows are carried out, but never answered."""

    LOST = 3
    inserts = 0

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def raw_insert(self, *given: Any, **named: Any) -> Any:
        answer = self._client.raw_insert(*given, **named)
        _Forgets.inserts += 1
        if _Forgets.inserts <= _Forgets.LOST:
            raise OperationalError("the connection broke")
        return answer


def _insert(client: Client, batch: int, count: int = 5000, row_s: int = 100_000, identity_s: int = 100_000) -> None:
    client.command(_ROWS.format(batch=batch, count=count, row_s=row_s, identity_s=identity_s))


def _aggregates(client: Client) -> dict[str, list[Any]]:
    asked = {name: f"SELECT {columns} FROM gateway.{name}" for name, (columns, _) in _RECOUNTS.items()}
    return {name: sorted(client.query(sql).result_rows) for name, sql in asked.items()}


def _recount(client: Client) -> dict[str, list[Any]]:
    """The same from the rows themselves, no aggregate used."""
    raw = {"optimize_use_projections": 0, "optimize_use_implicit_projections": 0}
    return {name: sorted(client.query(sql, settings=raw).result_rows) for name, (_, sql) in _RECOUNTS.items()}


def _reads(client: Client, sql: str) -> str:
    plan = "\n".join(line for (line,) in client.query(f"EXPLAIN {sql}").result_rows)
    return plan[plan.index("ReadFromMergeTree") :].partition("\n")[0]


@pytest.fixture
def events(writer: Client) -> Client:
    list(migrate(_Asked(writer), Variant.EMBEDDED))
    writer.command("TRUNCATE TABLE gateway.events")
    return writer


def test_aggregates_equal_a_recount_and_are_read_instead_of_the_rows(events: Client) -> None:
    for batch in range(3):
        _insert(events, batch)
    assert _aggregates(events) == _recount(events)
    assert sum(row[8] for row in _aggregates(events)["hourly"]) == 15_000
    by_day = "SELECT toDate(hour) AS day, sum(events) FROM gateway.hourly WHERE hour >= '2026-10-31' GROUP BY day"
    assert _reads(events, by_day) == "ReadFromMergeTree (hourly)"
    assert _reads(events, "SELECT day, sum(visitors) FROM gateway.people GROUP BY day") == "ReadFromMergeTree (people)"
    raw = f"{_RECOUNTS['hourly'][1]} SETTINGS optimize_use_projections = 0"
    assert _reads(events, raw) == "ReadFromMergeTree (gateway.events)"


def test_a_batch_that_was_taken_back_and_loaded_again_counts_once(events: Client) -> None:
    _insert(events, 1)
    _insert(events, 2)
    _insert(events, 2)
    once = _recount(events)
    events.command("DELETE FROM gateway.events WHERE batch = 2", settings={"lightweight_deletes_sync": 2})
    assert _aggregates(events) == _recount(events) != once
    assert sum(row[8] for row in _aggregates(events)["hourly"]) == 5000
    _insert(events, 2)
    events.command("OPTIMIZE TABLE gateway.events FINAL")
    assert _aggregates(events) == _recount(events)
    assert sum(row[8] for row in _aggregates(events)["hourly"]) == 10_000


def test_batches_that_are_sent_twice_and_tried_again_leave_what_a_recount_gives(
    events: Client, endpoint: Endpoint, tmp_path: Path
) -> None:
    """Segments are put back after they were loaded, and INSERTs answered with an error after they were carried out."""
    journal = tmp_path / "journal"
    with closing(Loader(journal, lambda: _Forgets(connect(endpoint.url)))) as loading:  # type: ignore[arg-type,return-value]
        for part in range(4):
            rows = [event("twice", n, channel="email", value=1.5, visitor=f"{n % 9:032x}", visitor_kind="durable")
                    for n in range(part * 300, part * 300 + 400)]  # fmt: skip
            for _ in range(2):
                seal(journal, ("events", rows))
                with suppress(TransientError):
                    loading.run_once()
        for _ in range(2 * _Forgets.LOST):
            with suppress(TransientError):
                loading.run_once()
    assert left(journal) == []
    assert numbers(events, "twice") == list(range(1300))
    assert _aggregates(events) == _recount(events)
    assert sum(row[8] for row in _aggregates(events)["hourly"]) == 1300


def test_expired_rows_and_expired_identities_leave_the_aggregates_with_them(events: Client) -> None:
    _insert(events, 1, row_s=-1000, identity_s=-1000)
    before = _aggregates(events)
    events.command("OPTIMIZE TABLE gateway.events FINAL")
    after = _aggregates(events)
    assert after == _recount(events) != before
    assert sum(row[8] for row in after["hourly"]) < sum(row[8] for row in before["hourly"])
    assert sum(row[4] for row in after["people"]) < sum(row[4] for row in before["people"])


def test_a_person_that_is_erased_is_in_no_aggregate(events: Client) -> None:
    _insert(events, 1)
    visitor = events.query("SELECT visitor FROM gateway.events WHERE visitor_kind = 'durable' LIMIT 1").result_rows[0][
        0
    ]
    events.command(f"ALTER TABLE gateway.events DELETE WHERE visitor = '{visitor}'", settings={"mutations_sync": 2})
    assert _aggregates(events) == _recount(events)


def test_rows_that_were_there_before_are_in_the_aggregates_after_the_migration(
    writer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = migrations()
    writer.command("DROP DATABASE IF EXISTS gateway SYNC")
    monkeypatch.setattr(module, "migrations", lambda: every[:1])
    list(migrate(_Asked(writer), Variant.EMBEDDED))
    _insert(writer, 1)
    before = writer.query("SELECT count(), sum(value), uniqExact(event_id) FROM gateway.events").result_rows
    monkeypatch.setattr(module, "migrations", lambda: every)
    list(migrate(_Asked(writer), Variant.EMBEDDED))
    writer.command("ALTER TABLE gateway.events MATERIALIZE PROJECTION hourly", settings={"mutations_sync": 2})
    assert writer.query("SELECT count(), sum(value), uniqExact(event_id) FROM gateway.events").result_rows == before
    assert _aggregates(writer) == _recount(writer)
    parts = (
        "SELECT sum(rows) > 0 FROM system.projection_parts WHERE database = 'gateway' AND active AND name = 'hourly'"
    )
    assert writer.query(parts).result_rows == [(1,)]


def test_an_aggregate_may_be_thrown_away_and_made_again_month_by_month(events: Client) -> None:
    _insert(events, 1)
    whole = _aggregates(events)
    for partition in ("202610", "202611"):
        for verb in ("CLEAR", "MATERIALIZE"):
            events.command(
                f"ALTER TABLE gateway.events {verb} PROJECTION hourly IN PARTITION {partition}",
                settings={"mutations_sync": 2},
            )
            assert _aggregates(events) == whole
