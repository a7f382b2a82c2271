"""Tombstones: rows of before a request are left out of whatever is loaded, all others pass byte for byte."""

from __future__ import annotations

import time
import timeit
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from gateway.journal import segment
from gateway.journal.disk import Disk
from gateway.warehouse.connect import TransientError
from gateway.warehouse.engine_endpoint import Endpoint
from gateway.warehouse.load import Loader
from gateway.warehouse.retention import mend, verify
from gateway.warehouse.subjects import Subjects
from gateway.warehouse.tombstones import Tombstones, of_person
from gateway.warehouse.waiting import Waiting
from gateway.words import Person
from tests.gateway.warehouse import loading as rows_of
from tests.gateway.warehouse.loading import left, loader, numbers, seal, tally

JANE, JACK = "a" * 32, "b" * 32
ASKED = 1_795_345_200.0 + 86_400  # after received_at of `event`


def event(site: str, number: int, **other: object) -> bytes:
    """A row with an end of its pseudonyms, as minimise writes it."""
    return rows_of.event(site, number, **{"identity_expires_at": "2126-11-22T10:00:00Z"} | other)


def person(site: str) -> Person:
    return Person(site, frozenset({JANE}), frozenset({"c" * 32}))


def sifted(*rows: bytes, asked: float = ASKED) -> list[bytes]:
    kept = of_person(person("s"), asked).sift([segment.section_of("events", rows)])
    assert kept.erased == len(rows) - sum(section.rows for section in kept.sections)
    return [line for section in kept.sections for line in bytes(section.payload).splitlines()]


def test_rows_of_the_person_go_by_visitor_and_by_account_and_all_others_stay_as_they_are() -> None:
    hers = [event("s", 1, visitor=JANE), event("s", 2, visitor=JACK, account="c" * 32)]
    others = [event("s", 3, visitor=JACK), event("s", 4), event("other", 5, visitor=JANE)]
    quoted = event("s", 6, properties={"note": f'"visitor":"{JANE}"'})
    assert sifted(hers[0], *others, hers[1], quoted) == [*others, quoted]


def test_a_pseudonym_in_canonical_form_is_the_same() -> None:
    assert sifted(event("s", 1, visitor=str(UUID(JANE)).upper())) == []


@pytest.mark.parametrize(
    ("happened", "received", "stays"),
    [
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z", True),  # they came back
        ("2026-11-20T00:00:00Z", "2027-01-01T00:00:00Z", False),  # late
        ("2027-01-01T00:00:00Z", "2026-11-20T00:00:00Z", False),  # a clock that was ahead
        ("not a time", "2027-01-01T00:00:00Z", False),
    ],
)
def test_only_what_happened_or_came_before_the_request_goes(happened: str, received: str, stays: bool) -> None:
    row = event("s", 1, visitor=JANE, event_time=happened, received_at=received)
    assert sifted(row) == ([row] if stays else [])


def test_without_tombstones_sections_are_passed_on_untouched() -> None:
    sections = (segment.section_of("events", [event("s", 1, visitor=JANE)]),)
    assert Tombstones({}).sift(sections) == (sections, 0)


def test_looking_for_a_thousand_persons_costs_less_than_two_microseconds_a_row() -> None:
    asked = {("s", "visitor", f"{n:032x}"): ASKED for n in range(1000)}
    section = segment.section_of("events", [event("s", n, visitor=f"{n + 10_000:032x}") for n in range(5000)])
    assert Tombstones(asked).sift([section]).erased == 0
    took = timeit.repeat(lambda: Tombstones(asked).sift([section]), number=1, repeat=3, timer=time.process_time)
    each_us = min(took) / 5000 * 1e6
    print(f"\n{each_us:.2f} µs a row")
    assert each_us < 2


@pytest.fixture
def loading(tmp_path: Path, endpoint: Endpoint) -> Iterator[Loader]:
    with closing(loader(tmp_path / "journal", endpoint.url)) as made:
        yield made


def bury(writer: Client, site: str) -> None:
    values = f"'{site}', 'visitor', toUUID('{UUID(JANE)}'), toDateTime64('2026-12-01', 3, 'UTC'), generateUUIDv4()"
    writer.command(
        "INSERT INTO gateway.tombstones (site, kind, pseudonym, asked_at, request, expires_at) "
        f"VALUES ({values}, toDateTime('2127-01-01', 'UTC'))"
    )


def test_a_loader_leaves_a_buried_persons_rows_out_and_loads_the_rest_once(
    tmp_path: Path, loading: Loader, writer: Client
) -> None:
    bury(writer, "buried")
    rows = [event("buried", n, visitor=JANE if n % 3 == 0 else JACK) for n in range(30)]
    seal(tmp_path / "journal", ("events", rows), ("tallies", [tally("buried")]))
    seal(tmp_path / "journal", ("events", [event("buried", 99, visitor=JANE)]))
    for _ in range(2):
        loading.run_once()
    assert numbers(writer, "buried") == [n for n in range(30) if n % 3]
    assert left(tmp_path / "journal") == []
    assert loading.counts()["erased"] == 11


def test_a_session_that_began_before_an_erasure_stores_nothing_of_the_person(
    tmp_path: Path, loading: Loader, writer: Client
) -> None:
    seal(tmp_path / "journal", ("events", [event("fenced", 1)]))
    loading.run_once()  # the session is open, without the tombstone
    bury(writer, "fenced")
    assert Subjects(writer).fence_loaders() >= 1
    seal(tmp_path / "journal", ("events", [event("fenced", 2, visitor=JANE), event("fenced", 3)]))
    for _ in range(6):
        with suppress(TransientError):  # "another loader has taken over"
            loading.run_once()
    assert numbers(writer, "fenced") == [1, 3]


def test_the_quarantine_is_cleared_of_rows_and_of_damaged_bytes_that_name_the_person(tmp_path: Path) -> None:
    quarantine, waiting = tmp_path / "quarantine", Waiting(Disk(), tmp_path)
    erased = of_person(person("s"), ASKED)
    assert waiting.clear_quarantine(erased, person("s")) == 0
    quarantine.mkdir()
    seal(quarantine, ("events", [event("s", 1, visitor=JANE), event("s", 2, visitor=JACK)]), name="mixed.sealed")
    seal(quarantine, ("events", [event("s", 3, visitor=JANE)]), name="hers.sealed")
    (quarantine / "torn.damaged").write_bytes(b'\x00,"visitor":"' + JANE.encode() + b'","pag')
    (quarantine / "other.damaged").write_bytes(b'\x00,"visitor":"' + JACK.encode())
    assert waiting.clear_quarantine(erased, person("s")) == 3
    assert sorted(file.name for file in quarantine.iterdir()) == ["mixed.sealed", "other.damaged"]
    kept = segment.read_segment((quarantine / "mixed.sealed").read_bytes())
    assert [bytes(s.payload) for s in kept.sections] == [event("s", 2, visitor=JACK) + b"\n"]
    assert waiting.search_quarantine(erased, person("s")) == ([], [])


def test_what_is_kept_too_long_is_found_by_query_and_mended(writer: Client) -> None:
    columns = "site, event, event_id, event_time, received_at, visitor, visitor_kind, expires_at, identity_expires_at"
    past, future = "toDateTime('2026-01-01', 'UTC')", "toDateTime('2126-01-01', 'UTC')"
    when = "toDateTime64('2025-12-01', 3, 'UTC')"
    writer.command("SYSTEM STOP TTL MERGES gateway.events")
    for ends, identity_ends in ((past, past), (future, past), (future, future)):
        row = (
            f"'kept', 'x', generateUUIDv4(), {when}, {when}, toUUID('{UUID(JACK)}'), 'durable', {ends}, {identity_ends}"
        )
        writer.command(f"INSERT INTO gateway.events ({columns}) VALUES ({row})")
    subjects = Subjects(writer)
    found = {proof.promise: proof.broken for proof in verify(subjects, 3600)}
    assert found["rows whose retention is over"] == 1
    assert found["pseudonyms whose retention is over"] == 2
    writer.command("SYSTEM START TTL MERGES gateway.events")
    mend(subjects)
    assert [proof for proof in verify(subjects, 0) if proof.broken] == []
    kinds = writer.query("SELECT visitor_kind, count() FROM gateway.events WHERE site = 'kept' GROUP BY 1 ORDER BY 1")
    assert kinds.result_rows == [("durable", 1), ("none", 1)]


def test_a_table_that_a_later_migration_adds_is_asked_too_and_one_of_states_stops_an_erasure(writer: Client) -> None:
    writer.command("CREATE TABLE gateway.later (site String, visitor UUID) ENGINE = MergeTree ORDER BY site")
    writer.command(f"INSERT INTO gateway.later VALUES ('s', toUUID('{UUID(JANE)}')), ('s', toUUID('{UUID(JACK)}'))")
    try:
        (holder,) = (each for each in Subjects(writer).holders if each.name == "later")
        assert Subjects(writer).count(holder, person("s"), ASKED) == 1
        Subjects(writer).erase(holder, person("s"), ASKED)
        assert writer.query("SELECT visitor FROM gateway.later").result_rows == [(UUID(JACK),)]
    finally:
        writer.command("DROP TABLE gateway.later SYNC")
    writer.command(
        "CREATE TABLE gateway.states (site String, people AggregateFunction(uniq, UUID)) "
        "ENGINE = AggregatingMergeTree ORDER BY site"
    )
    try:
        with pytest.raises(Exception, match=r"gateway\.states: it holds visitors as states of an aggregate"):
            Subjects(writer)
    finally:
        writer.command("DROP TABLE gateway.states SYNC")
