"""What a client sends again is one fact: over batches, loaders and kills; what only looks like it is kept."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from gateway.warehouse.connect import connect
from gateway.warehouse.engine_endpoint import Endpoint
from gateway.warehouse.load import Loader
from gateway.warehouse.load_batch import Limits
from tests.gateway.warehouse.loading import KILLS, event, left, loader, numbers, quarantined, seal, tally
from tests.gateway.warehouse.test_load_exactly_once import Interrupted, Killed


def usual(site: str, number: int, **other: object) -> bytes:
    """A row that ends as minimise's do."""
    row = orjson.loads(event(site, number, adapter="segment", **other))
    return orjson.dumps(row | {last: row.pop(last) for last in ("event_time", "received_at", "event_id")})


def refused(client: Client, site: str) -> list[tuple[str, str, int]]:
    sql = f"SELECT adapter, refusal, sum(events) FROM gateway.tallies WHERE site = '{site}' GROUP BY ALL ORDER BY ALL"
    return [(adapter, refusal, int(events)) for adapter, refusal, events in client.query(sql).result_rows]


def load(folder: Path, endpoint: Endpoint, rows: int = 100_000) -> dict[str, Any]:
    with closing(Loader(folder, lambda: connect(endpoint.url), limits=Limits(rows=rows))) as made:
        made.run_once()
        return made.counts()


@pytest.mark.parametrize("write", [usual, partial(event, adapter="segment")], ids=["as minimise writes", "parsed"])
def test_copies_in_one_segment_in_one_batch_and_in_later_ones_are_one_fact(
    tmp_path: Path, endpoint: Endpoint, writer: Client, write: Callable[..., bytes], request: pytest.FixtureRequest
) -> None:
    site = request.node.name
    seal(tmp_path, ("events", [write(site, n) for n in (0, 1, 0, 2)]), ("tallies", [tally(site)]))
    seal(tmp_path, ("events", [write(site, n) for n in (2, 3)]))
    assert load(tmp_path, endpoint)["duplicates"] == 2
    seal(tmp_path, ("events", [write(site, n) for n in (4, 3, 1)]))
    assert load(tmp_path, endpoint)["duplicates"] == 2
    seal(tmp_path, ("events", [write(site, 0)]))
    assert load(tmp_path, endpoint)["duplicates"] == 1
    assert numbers(writer, site) == [0, 1, 2, 3, 4]
    assert refused(writer, site) == [("own", "no_events", 1), ("segment", "duplicate", 5)]
    assert left(tmp_path) == []
    assert quarantined(tmp_path) == []


def test_a_copy_that_reached_another_replica_is_found_in_the_warehouse(
    tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    for replica in ("a", "b", "c"):
        seal(tmp_path / replica, ("events", [usual("replicas", n) for n in range(20)]))
        load(tmp_path / replica, endpoint)
    assert numbers(writer, "replicas") == list(range(20))
    assert refused(writer, "replicas") == [("segment", "duplicate", 40)]


@pytest.mark.parametrize(
    "changed",
    [
        {"event_time": "2026-10-20T10:08:59.000Z"},
        {"event_time": "2026-10-20T10:00:00Z", "visitor_kind": "none"},
        {"received_at": "2026-10-21T09:59:00.000Z", "properties": {"attempt": "2"}},
        {"event_id": str(uuid.UUID(int=0x5E)).upper()},
    ],
    ids=["clock corrected otherwise", "its time made coarser", "a day late", "an id in other writing"],
)
def test_a_copy_may_differ_from_what_it_copies(
    tmp_path: Path, endpoint: Endpoint, writer: Client, changed: dict[str, object], request: pytest.FixtureRequest
) -> None:
    site = request.node.name
    number = 0x5E if "event_id" in changed else 90
    for more in ({}, changed):
        row = usual(site, number, **({"event_time": "2026-10-20T10:00:30.123Z"} | more))
        seal(tmp_path, ("events", [row, usual(site, 1 if more else 3)]))
        load(tmp_path, endpoint)
    assert numbers(writer, site) == sorted([1, 3, number])
    assert refused(writer, site) == [("segment", "duplicate", 1)]


def test_what_only_looks_like_a_copy_is_kept(tmp_path: Path, endpoint: Endpoint, writer: Client) -> None:
    """A late event has an id of its own; an id may come again in another event or at another site."""
    late = usual("alike", 7, event_time="2026-10-01T00:00:00.000Z")
    for rows in (
        [usual("alike", 1), usual("alike", 2)],
        [late, usual("alike", 1, event="purchase"), usual("alike 2", 1)],
    ):
        seal(tmp_path, ("events", rows))
        load(tmp_path, endpoint)
    assert numbers(writer, "alike") == [1, 1, 2, 7]
    assert numbers(writer, "alike 2") == [1]
    assert refused(writer, "alike") == []


def test_a_row_without_a_usable_id_is_judged_by_the_warehouse_not_here(
    tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    bad = [usual("odd", 3, event_id="order 17"), usual("odd", 4, event_time="never"), b'{"event_id":"']
    seal(tmp_path, ("events", [usual("odd", 1), *bad, usual("odd", 2), usual("odd", 2)]))
    load(tmp_path, endpoint)
    assert numbers(writer, "odd") == [1, 2]
    assert quarantined(tmp_path) == sorted(bad)
    assert ("segment", "duplicate", 1) in refused(writer, "odd")


def test_killed_around_any_statement_a_copy_is_counted_once_and_no_first_one_is_lost(
    tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    """The danger of any such check: that rows of a try that is taken back make the next one throw itself away."""
    for after in range(14):
        site, folder = f"copies {after}", tmp_path / str(after)
        seal(folder, ("events", [usual(site, n) for n in range(10)]))
        load(folder, endpoint)
        seal(folder, ("events", [usual(site, n) for n in range(5, 30)]), ("tallies", [tally(site)]))
        left_to_live = [after]

        def kill(_moment: str, left_to_live: list[int] = left_to_live) -> None:
            left_to_live[0] -= 1
            if left_to_live[0] == -1:
                raise Killed

        client: Any = Interrupted(connect(endpoint.url), kill)
        connected: Callable[[], Client] = partial(lambda client: client, client)
        with closing(Loader(folder, connected)) as first, suppress(Killed):
            first.run_once()
        load(folder, endpoint)
        assert numbers(writer, site) == list(range(30)), after
        assert refused(writer, site) == [("own", "no_events", 1), ("segment", "duplicate", 5)], after
        assert left(folder) == [], after


def test_any_mixture_of_copies_over_two_replicas_gives_each_event_once(
    tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    dice, sent = random.Random(5), 0
    for turn in range(max(6, KILLS // 4)):
        folder = tmp_path / dice.choice("ab")
        chosen = [dice.randrange(20 * (turn + 1)) for _ in range(60)]
        sent += len(chosen)
        for first in range(0, 60, 20):
            seal(folder, ("events", [usual("mixture", n) for n in chosen[first : first + 20]]))
        load(folder, endpoint, rows=dice.choice((1, 30, 1000)))
    found = numbers(writer, "mixture")
    assert found == sorted(set(found))
    assert len(found) + sum(events for *_, events in refused(writer, "mixture")) == sent
    with closing(loader(tmp_path / "a", endpoint.url)) as made:
        assert made.run_once().batches == 0
