"""A data folder of version 1, with data in it, opened by the newest gateway: nothing is lost, everything new is there.

The folder is a real one: the engine's own process makes it, with the first migration and no other, and ends.
Not in it: rows of `consent_ledger`, which no gateway of version 1 wrote; migration 6 makes that table anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from gateway.warehouse.connect import connect
from gateway.warehouse.engine_endpoint import Endpoint
from gateway.warehouse.migrate import migrations
from tests.gateway.warehouse.conftest import NEWEST, Engine
from tests.gateway.warehouse.loading import event, loader, numbers, seal, tally

#: The engine as it was when there was one migration.
FIRST = """
from gateway.warehouse import migrate
newest = migrate.migrations
migrate.migrations = lambda: newest()[:1]
from gateway.commands.engine import engine
engine()
"""
EVENTS = 3000
TABLES = {"events": "event_id", "tallies": "site, minute, refusal", "erasures": "request"}

Rows = dict[str, bytes]


class Old(NamedTuple):
    """What stood in the tables of version 1, as text, and where the newest gateway opened it."""

    columns: dict[str, str]
    rows: Rows
    folder: Path
    endpoint: Endpoint
    client: Client


def told(number: int) -> bytes:
    """An event with something in every kind of column."""
    other = {
        "visitor": uuid.UUID(int=number % 97 + 1).hex, "visitor_kind": "durable",
        "session": uuid.UUID(int=number % 301 + 1).hex, "key_epoch": 7,
        "value": number / 100, "currency": "EUR", "order_id": f"O-{number}", "bot": number % 50 == 0,
        "stage": "intent", "channel": "email", "campaign": "spring", "country": "IT", "verdict": "valid",
        "identity_expires_at": "2105-11-22T10:00:01Z", "expires_at": "2105-11-22T10:00:01Z",
        "items": [{"product_id": "P", "category": "lamp", "seller_id": "S", "price": 1.5, "quantity": number % 3}],
    }  # fmt: skip
    return event(f"shop{number % 2}", number, **other)


def fill(client: Client) -> None:
    """Rows as the first loader wrote them: JSON lines by one INSERT each, in four batches."""
    for batch in range(4):
        rows = [orjson.loads(told(n)) | {"batch": batch + 1} for n in range(batch, EVENTS, 4)]
        put(client, "events", rows)
    put(
        client,
        "tallies",
        [orjson.loads(tally(site, n)) | {"batch": 1} for n in (1, 2, 3) for site in ("shop0", "shop1")],
    )
    put(client, "erasures", [{"request": str(uuid.UUID(int=n)), "site": "shop0", "state": "verified"} for n in (1, 2)])


def put(client: Client, table: str, rows: list[dict[str, object]]) -> None:
    lines = b"\n".join(map(orjson.dumps, rows)).decode()
    client.command(f"INSERT INTO gateway.{table} ({', '.join(rows[0])}) FORMAT JSONEachRow\n{lines}")


def read(client: Client, columns: dict[str, str]) -> Rows:
    asked = {table: f"SELECT {columns[table]} FROM gateway.{table} ORDER BY {order}" for table, order in TABLES.items()}
    return {table: bytes(client.raw_query(sql, fmt="JSONEachRow")) for table, sql in asked.items()}


@contextmanager
def running(folder: Path, program: str) -> Iterator[tuple[Endpoint, Client]]:
    """An engine for the block, and a client of it."""
    engine = Engine(folder, program)
    try:
        endpoint = engine.wait_ready()
        with closing(connect(endpoint.url, database="default")) as client:
            yield endpoint, client
    finally:
        assert engine.end() == 0


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    folder = tmp_path_factory.mktemp("old") / "data"
    named = (
        "SELECT arrayStringConcat(groupArray(name), ', ') FROM system.columns WHERE database = 'gateway' AND table = "
    )
    with running(folder, FIRST) as (_, client):
        versions = client.query("SELECT version FROM gateway.schema_migrations FINAL").result_rows
        assert versions == [(1,)]
        fill(client)
        columns = {table: client.query(f"{named}'{table}'").result_rows[0][0] for table in TABLES}
        rows = read(client, columns)
    with running(folder, NEWEST) as (endpoint, client):
        yield Old(columns, rows, folder, endpoint, client)


def test_every_row_of_version_1_is_as_it_was_column_by_column(old: Old) -> None:
    assert len(old.rows["events"].splitlines()) == EVENTS
    assert read(old.client, old.columns) == old.rows


def test_every_later_migration_has_run(old: Old) -> None:
    sql = "SELECT version, statements = of FROM gateway.schema_migrations FINAL ORDER BY version"
    assert old.client.query(sql).result_rows == [(migration.version, True) for migration in migrations()]


@pytest.mark.parametrize(
    ("aggregate", "recount"),
    [
        ("SELECT sum(events), sum(value) FROM gateway.hourly", "SELECT count(), sum(value) FROM gateway.events"),
        ("SELECT sum(events) FROM gateway.people", "SELECT count() FROM gateway.events"),
        ("SELECT sum(events) FROM gateway.visits", "SELECT countIf(NOT bot) FROM gateway.events"),
        ("SELECT sum(events) FROM gateway.consent_rates", "SELECT count() FROM gateway.events"),
        ("SELECT sum(events) FROM gateway.data_quality", "SELECT count() FROM gateway.events"),
    ],
)
def test_aggregates_that_came_later_hold_the_old_rows(old: Old, aggregate: str, recount: str) -> None:
    def ask(sql: str, settings: dict[str, int]) -> object:
        return old.client.query(sql, settings=settings).result_rows

    assert ask(aggregate, {}) == ask(recount, {"optimize_use_projections": 0, "optimize_use_implicit_projections": 0})


def test_new_rows_are_loaded_beside_the_old(old: Old) -> None:
    seal(old.folder / "journal", ("events", [event("shop9", n) for n in range(5)]))
    with closing(loader(old.folder / "journal", old.endpoint.url)) as loading:
        loading.run_once()
    assert numbers(old.client, "shop9") == list(range(5))
    assert len(numbers(old.client, "shop0")) == EVENTS // 2
