"""A row that the warehouse refuses is found, kept, counted; every other row of its batch is loaded once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from gateway.warehouse.connect import TerminalError
from gateway.warehouse.engine_endpoint import Endpoint
from gateway.warehouse.load import Loader
from tests.gateway.warehouse.loading import event, left, loader, numbers, quarantined, seal, tallied, tally


@pytest.fixture
def loading(tmp_path: Path, endpoint: Endpoint) -> Iterator[Loader]:
    with closing(loader(tmp_path, endpoint.url)) as made:
        yield made


BAD: dict[str, dict[str, object]] = {
    "a time that is none": {"event_time": "yesterday"},
    "a time that the table forbids": {"event_time": "1970-01-01T00:00:00Z"},
    "no end of life": {"expires_at": "1970-01-01T00:00:00Z"},
    "a key without a column": {"ip": "x"},
    "an id that is none": {"event_id": "order 17"},
    "text for a number": {"key_epoch": "many"},
    "an object for a number": {"key_epoch": {"a": 1}},
    "a text for a list": {"purposes": "all"},
    "a text for a map": {"properties": "all"},
    "an item with an unknown key": {"items": [{"sku": "x"}]},
    "a number too large for its column": {"value": 1e30},
    "a negative count": {"items": [{"quantity": -1}]},
    "neither true nor false": {"bot": "perhaps"},
}


@pytest.mark.parametrize("why", BAD)
def test_a_bad_row_is_put_aside_and_counted_and_its_neighbours_are_loaded(
    tmp_path: Path, loading: Loader, writer: Client, why: str
) -> None:
    site = "bad " + why
    bad = event(site, 5, **BAD[why])
    seal(tmp_path, ("events", [*(event(site, n) for n in range(5)), bad, *(event(site, n) for n in range(6, 9))]))
    loading.run_once()
    assert quarantined(tmp_path) == [bad]
    assert numbers(writer, site) == [0, 1, 2, 3, 4, 6, 7, 8]
    sql = f"SELECT adapter, refusal, events FROM gateway.tallies WHERE site = '{site}'"
    assert writer.query(sql).result_rows == [("", "quarantined", 1)]
    assert left(tmp_path) == []
    assert loading.counts()["quarantined"] == 1


@pytest.mark.parametrize("bad", [b"", b"not json", b'{"site":"cut"', b"{}{}", b"[1,2]"])
def test_what_is_no_row_at_all_is_put_aside(tmp_path: Path, loading: Loader, writer: Client, bad: bytes) -> None:
    site = "none " + bad.hex()
    seal(tmp_path, ("events", [event(site, 0), bad, event(site, 1)]))
    loading.run_once()
    assert quarantined(tmp_path) == [bad]
    assert numbers(writer, site) == [0, 1]


def test_several_bad_rows_in_many_segments_are_found_each(tmp_path: Path, loading: Loader, writer: Client) -> None:
    dice = random.Random(11)
    bad_numbers = dice.sample(range(900), 3)
    rows = [event("many", n, **({"event_time": "never"} if n in bad_numbers else {})) for n in range(900)]
    for first in range(0, 900, 150):
        seal(tmp_path, ("events", rows[first : first + 150]), ("tallies", [tally("many")]))
    loading.run_once()
    assert quarantined(tmp_path) == sorted(rows[n] for n in bad_numbers)
    assert numbers(writer, "many") == [n for n in range(900) if n not in bad_numbers]
    assert tallied(writer, "many") == 6 + len(bad_numbers)


def test_a_bad_tally_is_put_aside_without_another_tally(tmp_path: Path, loading: Loader, writer: Client) -> None:
    seal(tmp_path, ("events", [event("badtally", 0)]), ("tallies", [tally("badtally"), tally("badtally", -3)]))
    loading.run_once()
    assert numbers(writer, "badtally") == [0]
    assert tallied(writer, "badtally") == 1
    assert quarantined(tmp_path) == [tally("badtally", -3)]


def test_when_every_row_is_refused_it_stops_and_says_what_to_do(
    tmp_path: Path, loading: Loader, writer: Client
) -> None:
    rows = [event("drift", n, column_of_tomorrow=1) for n in range(32)]
    seal(tmp_path, ("events", rows))
    for _ in range(2):
        with pytest.raises(TerminalError, match="gateway warehouse migrate"):
            loading.run_once()
    assert len(quarantined(tmp_path)) == 20
    assert len(left(tmp_path)) > 0
    writer.command("ALTER TABLE gateway.events ADD COLUMN column_of_tomorrow UInt8")
    try:
        loading.run_once()
        assert len(numbers(writer, "drift")) == 12
        for path in (tmp_path / "quarantine").iterdir():
            path.rename(tmp_path / path.name)
        loading.run_once()
        assert numbers(writer, "drift") == list(range(32))
        assert left(tmp_path) == []
    finally:
        writer.command("ALTER TABLE gateway.events DROP COLUMN column_of_tomorrow")


def test_what_a_refused_row_holds_is_in_no_log(
    tmp_path: Path, loading: Loader, caplog: pytest.LogCaptureFixture
) -> None:
    seal(tmp_path, ("events", [event("log", 0), event("log", 1, event_time="canary-7f3a")]))
    loading.run_once()
    assert "quarantine" in caplog.text
    assert "canary" not in caplog.text
