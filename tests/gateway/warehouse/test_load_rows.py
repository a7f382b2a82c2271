"""The loader and a real engine: what is sealed is in the tables once, what is odd never holds up the rest."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from gateway.journal import segment
from gateway.journal.disk import Disk
from gateway.journal.writer import Journal
from gateway.settings import Settings
from gateway.warehouse.connect import TransientError, connect, find
from gateway.warehouse.engine_endpoint import Endpoint
from gateway.warehouse.intents import LoaderHeld
from gateway.warehouse.load import Loaded, Loader
from gateway.warehouse.load_batch import Limits
from gateway.words import Fact, Outcome, Refusal, Tally
from tests.gateway.warehouse.conftest import Engine
from tests.gateway.warehouse.loading import event, left, loader, numbers, quarantined, seal, tallied, tally


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def loading(journal: Path, endpoint: Endpoint) -> Iterator[Loader]:
    with closing(loader(journal, endpoint.url)) as made:
        yield made


def test_every_row_of_what_is_sealed_is_in_its_table_and_the_segments_are_gone(
    journal: Path, loading: Loader, writer: Client
) -> None:
    seal(journal, ("events", [event("all", n) for n in range(1000)]), ("tallies", [tally("all", 7)]))
    seal(journal, ("events", [event("all", n) for n in range(1000, 1100)]))
    assert loading.run_once() == Loaded(1, {"events": 1100, "tallies": 1})
    assert numbers(writer, "all") == list(range(1100))
    assert tallied(writer, "all") == 7
    assert left(journal) == []
    assert loading.run_once() == Loaded(0, {})


def test_a_row_has_its_values_the_defaults_of_its_table_and_its_batch(
    journal: Path, loading: Loader, writer: Client
) -> None:
    extra = {"value": 129.9, "items": [{"product_id": "SKU-1", "price": 9.95, "quantity": 2}], "bot": True}
    seal(journal, ("events", [event("values", 1, visitor="00000000-0000-0000-0000-00000000000a", **extra)]))
    loading.run_once()
    columns = "toString(event_time), visitor_kind, visitor, toString(value), properties, items.price, bot, batch"
    (row,) = writer.query(f"SELECT {columns} FROM gateway.events WHERE site = 'values'").result_rows
    assert row[:2] == ("2026-11-20 10:00:01.123", "none")
    assert (row[2].int, row[3], row[4], row[6]) == (10, "129.9", {"position": "3"}, True)
    assert [float(price) for price in row[5]] == [9.95]
    found = writer.query(f"SELECT rows, segments FROM gateway.load_batches FINAL WHERE batch = {row[7]}").result_rows
    assert found == [({"events": 1}, 1)]


def test_a_batch_ends_at_its_limit_and_has_an_id_of_its_own(journal: Path, endpoint: Endpoint, writer: Client) -> None:
    for first in range(0, 50, 10):
        seal(journal, ("events", [event("limit", n) for n in range(first, first + 10)]))
    with closing(Loader(journal, lambda: connect(endpoint.url), limits=Limits(rows=20))) as made:
        assert made.run_once().batches == 3
    sql = "SELECT count() FROM gateway.events WHERE site = 'limit' GROUP BY batch ORDER BY batch"
    assert [row[0] for row in writer.query(sql).result_rows] == [20, 20, 10]


def test_a_segment_of_a_writer_that_died_is_loaded_too(journal: Path, loading: Loader, writer: Client) -> None:
    sealed = seal(journal, ("events", [event("orphan", 1)]))
    torn = segment.frame([segment.section_of("events", [event("orphan", 2)])])[:-1]
    sealed.with_suffix(".open").write_bytes(sealed.read_bytes() + torn)
    sealed.unlink()
    loading.run_once()
    assert numbers(writer, "orphan") == [1]
    assert left(journal) == []


def test_what_is_odd_is_put_aside_and_the_rest_is_loaded(journal: Path, loading: Loader, writer: Client) -> None:
    seal(journal, ("events", [event("odd", 0)]))
    (journal / "collect-0-1.sealed").write_bytes(b"")
    (journal / "collect-0-2.sealed").write_bytes(b"PK\x03\x04 somebody's archive, renamed" * 10)
    (journal / "collect-0-3.sealed").write_bytes(segment.header(99) + b"from a later version")
    (journal / "collect-0-4.sealed").write_bytes(segment.header())
    (journal / "notes.txt").write_bytes(b"a file of somebody else")
    broken = seal(journal, ("events", [event("odd", 1)]), ("events", [event("odd", 2)]), ("events", [event("odd", 3)]))
    raw = bytearray(broken.read_bytes())
    raw[raw.index(b"10:00:02")] ^= 1
    broken.write_bytes(bytes(raw))
    for _ in range(3):
        loading.run_once()
    assert numbers(writer, "odd") == [0, 1, 3]
    assert left(journal) == ["collect-0-3.sealed", "notes.txt"]
    names = sorted(path.name for path in (journal / "quarantine").iterdir())
    assert names[1:] == ["collect-0-1.damaged", "collect-0-2.damaged"]
    assert (journal / "quarantine" / names[0]).read_bytes() in bytes(raw)
    counts = loading.counts()
    assert (counts["damaged"], counts["foreign"], counts["quarantined"]) == (4, 2, 0)


def test_rows_of_a_stream_without_a_table_wait_in_quarantine(journal: Path, loading: Loader, writer: Client) -> None:
    seal(journal, ("events", [event("strange", 1)]), ("to-partner", [b'{"x":1}', b'{"x":2}']))
    loading.run_once()
    loading.run_once()
    assert numbers(writer, "strange") == [1]
    assert quarantined(journal) == [b'{"x":1}', b'{"x":2}']
    assert left(journal) == []


def test_a_segment_that_cannot_be_read_now_is_tried_again(
    journal: Path, loading: Loader, writer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = seal(journal, ("events", [event("eio", 1)]))
    seal(journal, ("events", [event("eio", 2)]))
    read = Disk.read

    def failing(disk: Disk, path: Path) -> bytes:
        if path == bad:
            raise OSError(5, "Input/output error")
        return read(disk, path)

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "read", failing)
        loading.run_once()
    assert numbers(writer, "eio") == [2]
    loading.run_once()
    assert numbers(writer, "eio") == [1, 2]


def test_rows_for_a_warehouse_elsewhere_travel_compressed(journal: Path, endpoint: Endpoint, writer: Client) -> None:
    seal(journal, ("events", [event("zstd", n) for n in range(3000)]))
    sent: list[dict[str, Any]] = []
    client = connect(endpoint.url.replace("127.0.0.1", "0.0.0.0"))  # another name of this machine
    insert = client.raw_insert

    def seen(*args: Any, **more: Any) -> Any:
        sent.append(more)
        return insert(*args, **more)

    client.raw_insert = seen  # type: ignore[method-assign]
    with closing(Loader(journal, lambda: client)) as made:
        made.run_once()
    assert [more["compression"] for more in sent] == ["zstd"]
    assert numbers(writer, "zstd") == list(range(3000))


def test_one_folder_has_one_loader(journal: Path, loading: Loader, endpoint: Endpoint) -> None:
    loading.run_once()
    with closing(loader(journal, endpoint.url)) as second, pytest.raises(LoaderHeld):
        second.run_once()
    loading.close()
    with closing(loader(journal, endpoint.url)) as third:
        third.run_once()


def test_two_folders_load_into_one_warehouse_side_by_side(tmp_path: Path, endpoint: Endpoint, writer: Client) -> None:
    loaders = [loader(tmp_path / name, endpoint.url) for name in ("a", "b")]
    for turn in range(3):
        for number, made in enumerate(loaders):
            seal(tmp_path / "ab"[number], ("events", [event("both", turn * 2 + number)]))
            made.run_once()
    for made in loaders:
        made.close()
    assert numbers(writer, "both") == list(range(6))


def test_while_there_is_no_warehouse_everything_stays(
    journal: Path, tmp_path: Path, start: Callable[[Path], Engine]
) -> None:
    data = tmp_path / "data"
    seal(journal, ("events", [event("down", n) for n in range(9)]))
    with closing(Loader(journal, lambda: connect(find(data)))) as made:
        with pytest.raises(TransientError):
            made.run_once()
        assert len(left(journal)) == 1
        engine = start(data)
        url = engine.wait_ready().url
        assert made.run_once().rows == {"events": 9}
        seal(journal, ("events", [event("down", 9)]))
        engine.end(9)
        with pytest.raises(TransientError):
            made.run_once()
        again = start(data)
        url = again.wait_ready().url
        made.run_once()
        with closing(connect(url)) as client:
            assert numbers(client, "down") == list(range(10))


def _running(made: Loader) -> threading.Thread:
    thread = threading.Thread(target=made.run)
    thread.start()
    return thread


def test_running_it_says_why_it_does_not_load_and_goes_on_by_itself(
    journal: Path, tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    targets = ["clickhouse://gateway:wrong@" + endpoint.url.rpartition("@")[2]]
    made = Loader(journal, lambda: connect(targets[-1]))
    seal(journal, ("events", [event("again", 1)]))
    thread = _running(made)
    try:
        _until(lambda: made.state() != "")
        assert "check user and password" in made.state()
        assert made.counts()["load_lag_seconds"] >= 0
        targets.append(endpoint.url)
        _until(lambda: numbers(writer, "again") == [1])
        _until(lambda: made.state() == "")
    finally:
        made.stop()
        thread.join(10)
    assert not thread.is_alive()


def test_an_answered_event_is_in_the_warehouse_within_two_seconds_and_stopping_drains(
    journal: Path, endpoint: Endpoint, writer: Client
) -> None:
    """The quickest of three: the machine may have other things to do."""
    made = loader(journal, endpoint.url)
    thread = _running(made)

    async def traffic() -> float:
        appending = Journal(journal, "collect-0", Settings())
        tallies = [Tally("live", "own", Refusal.NO_EVENTS)]
        took = []
        for number in (1, 2, 3):
            await appending.append(Outcome([Fact(event("live", number))], tallies))
            answered = time.monotonic()
            while number not in numbers(writer, "live"):
                await asyncio.sleep(0.02)
            took.append(time.monotonic() - answered)
        await appending.append(Outcome([Fact(event("live", 4))], tallies))
        await appending.close()
        return min(took)

    try:
        assert asyncio.run(traffic()) < 2.0
    finally:
        made.stop()
        thread.join(10)
    assert numbers(writer, "live") == [1, 2, 3, 4]
    assert tallied(writer, "live") == 4


def _until(holds: Callable[[], Any], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
