"""What reports read instead of all events is what a recount of the events gives, whatever becomes of the rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing

import pytest
from clickhouse_connect.driver.client import Client

from gateway.reports import REPORTS
from gateway.warehouse.connect import connect
from tests.gateway.reports.asking import Warehouse, event

_EVENTS = """
INSERT INTO gateway.events (site, event, stage, event_id, event_time, received_at, adapter, visitor, visitor_kind,
    session, region, purposes, policy, contract, verdict, channel, source, medium, campaign, country, bot, expires_at,
    identity_expires_at, batch)
WITH n -> toUUID(UUIDNumToString(toFixedString(sipHash128(n), 16))) AS pseudonym,
    toDateTime64('2026-10-30 20:00:00', 3, 'UTC') + number * 61 AS at,
    toUUID('00000000-0000-0000-0000-000000000000') AS nil,
    ['none', 'day', 'durable', 'durable', 'durable'][1 + number % 97 % 5] AS kind
SELECT
    'demo', ['share', 'purchase', 'page_view'][1 + number % 3], 'engagement', generateUUIDv4(number),
    at, at + if(number % 17 = 0, 5000, 1),
    ['own', 'ga4'][1 + number % 2], if(kind = 'none', nil, pseudonym(number % 97)), kind,
    if(kind = 'durable' AND number % 97 < 40, pseudonym(number % 211), nil), 'everywhere', [kind], 'p1',
    if(number % 3 = 0, '', 'share@1'), ['valid', 'flagged', 'no_contract'][1 + number % 3],
    if(number % 5 = 0, 'email', ''), 'letter', 'email', ['spring', 'autumn', ''][1 + number % 3],
    ['IT', 'GR', 'ES'][1 + number % 3], number % 13 = 0, now() + if(number % 7 = 0, {row_s}, 1000000),
    now() + if(number % 97 < 50, {identity_s}, 1000000), {batch}
FROM numbers({count})
SETTINGS max_insert_block_size = 700
"""
_RECOUNTS = {
    "visits": "SELECT * FROM gateway.visits ORDER BY ALL",
    "touches": "SELECT * FROM gateway.touches ORDER BY ALL",
    "consent_rates": "SELECT * FROM gateway.consent_rates ORDER BY ALL",
    "data_quality": "SELECT * FROM gateway.data_quality ORDER BY ALL",
    "crowd": f"SELECT * FROM ({REPORTS['overview'].statements['crowd']}) ORDER BY ALL",
    "days": f"SELECT * FROM ({REPORTS['overview'].statements['days']}) ORDER BY ALL",
    "arrivals": f"SELECT name, visits, bought FROM ({REPORTS['micro'].statements['visits_by']}) ORDER BY ALL",
}
_DAYS = {
    "site": "", "before": "2026-10-30", "begin": "2026-10-30", "since": "2026-10-31", "until": "2026-11-20",
    "arrival": 5, "told": 100,
}  # fmt: skip
_RAW = {"optimize_use_projections": 0, "optimize_use_implicit_projections": 0}


def _insert(client: Client, batch: int, row_s: int = 1_000_000, identity_s: int = 1_000_000) -> None:
    client.command(_EVENTS.format(batch=batch, count=4000, row_s=row_s, identity_s=identity_s))


def _differences(client: Client) -> list[str]:
    """Views that say something else than the rows themselves."""
    found = {name: client.query(sql, _DAYS).result_rows for name, sql in _RECOUNTS.items()}
    assert all(found.values())
    recounted = {name: client.query(sql, _DAYS, settings=_RAW).result_rows for name, sql in _RECOUNTS.items()}
    return [name for name in found if found[name] != recounted[name]]


@pytest.fixture
def events(warehouse: Warehouse) -> Iterator[Client]:
    with closing(connect(warehouse.url)) as client:
        client.command("TRUNCATE TABLE gateway.events")
        yield client
        client.command("TRUNCATE TABLE gateway.events")


def test_people_and_visits_are_estimated_within_what_is_said(events: Client) -> None:
    _insert(events, 1)
    ((_, *estimated),) = events.query(
        REPORTS["overview"].statements["crowd"], {**_DAYS, "since": _DAYS["begin"]}
    ).result_rows
    counted = "SELECT uniqExact(actor), count() FROM gateway.visits WHERE visitor_kind = 'durable'"
    assert estimated == [pytest.approx(exact, rel=0.012) for exact in events.query(counted).result_rows[0]]


@pytest.mark.parametrize("view", sorted(_RECOUNTS))
def test_a_view_reads_its_projection_and_not_the_events(events: Client, view: str) -> None:
    _insert(events, 1)
    plan = "\n".join(line for (line,) in events.query(f"EXPLAIN {_RECOUNTS[view]}", _DAYS).result_rows)
    assert "ReadFromMergeTree (gateway.events)" not in plan
    assert "ReadFromMergeTree (" in plan


def test_a_report_finds_the_visits_that_the_view_tells(events: Client, warehouse: Warehouse) -> None:
    """Named ones and runs of half hours, of one and of many."""
    lots = random.Random(5)
    warehouse.insert(
        "events",
        [
            event(
                lots.choice(("page_view", "purchase")), lots.randrange(1440), f"v{lots.randrange(12)}", session=session
            )
            for session in ("", "", "", "a", "b")
            for _ in range(40)
        ],
    )
    told = events.query("SELECT count(), countIf(purchased), countIf(ended_at - started_at > 1800) FROM gateway.visits")
    found = events.query(f"SELECT sum(visits), sum(bought) FROM ({REPORTS['micro'].statements['visits_by']})", _DAYS)
    assert (*found.result_rows[0], told.result_rows[0][2] > 10) == (*told.result_rows[0][:2], True)


def test_batches_that_come_twice_and_are_taken_back_leave_what_a_recount_gives(events: Client) -> None:
    _insert(events, 1)
    _insert(events, 2)
    assert _differences(events) == []
    events.command("DELETE FROM gateway.events WHERE batch = 2", settings={"lightweight_deletes_sync": 2})
    assert _differences(events) == []
    _insert(events, 3)
    events.command("OPTIMIZE TABLE gateway.events FINAL")
    assert _differences(events) == []


def test_rows_that_expire_take_their_part_of_every_aggregate_along(events: Client) -> None:
    _insert(events, 1, row_s=-10)
    events.command("OPTIMIZE TABLE gateway.events FINAL")
    expired = sum(number % 7 == 0 for number in range(4000))
    assert events.query("SELECT sum(events) FROM gateway.data_quality").result_rows == [(4000 - expired,)]
    assert _differences(events) == []


def test_visitors_whose_time_is_over_are_in_no_visit(events: Client) -> None:
    _insert(events, 1, identity_s=-10)
    events.command("OPTIMIZE TABLE gateway.events FINAL")
    known = events.query(
        "SELECT uniqExact(cityHash64(site, visitor)) FROM gateway.events WHERE visitor_kind != 'none' AND NOT bot",
        settings=_RAW,
    )
    seen = events.query("SELECT uniqExact(actor) FROM gateway.visits")
    assert seen.result_rows == known.result_rows
    assert _differences(events) == []
