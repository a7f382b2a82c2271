"""Migrations on the real engine, and the text of the other two variants through ClickHouse's own parser."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from gateway.warehouse import migrate as module
from gateway.warehouse.engine_statements import quote
from gateway.warehouse.migrate import (
    Applied,
    Migration,
    MigrationError,
    Variant,
    check,
    migrate,
    migrations,
    read_applied,
    render,
)
from gateway.warehouse.roles import VIEWS, Scope, render_roles

# The columns that the journal's rows are written with; a change here is a change of a promise.
_EVENTS = """
site event event_id event_time received_at adapter visitor visitor_kind session account key_epoch stage region purposes
policy contract verdict broken page_host page_path referrer_host source medium campaign channel country device browser
os language product_id category seller_id order_id value currency experiment variant bot properties items expires_at
identity_expires_at batch
"""


class _Asked:
    """A client with the two verbs of migrations, and a break in the middle on demand."""

    def __init__(self, client: Client, breaks_at: str = "") -> None:
        self._client, self._breaks_at = client, breaks_at
        self.commands: list[str] = []

    def command(self, sql: str) -> object:
        if self._breaks_at and self._breaks_at in sql:
            raise ConnectionResetError
        self.commands.append(sql)
        return self._client.command(sql)

    def rows(self, sql: str) -> Sequence[Sequence[object]]:
        return self._client.query(sql).result_rows


@pytest.fixture
def unmigrated(writer: Client) -> Client:
    """The warehouse as it was before its first migration."""
    writer.command("DROP DATABASE IF EXISTS gateway SYNC")
    return writer


# Applying


def test_the_engine_has_migrated_itself_before_it_is_ready(writer: Client) -> None:
    assert {m.version: m.sha256 for m in migrations()} == {v: a.sha256 for v, a in read_applied(_Asked(writer)).items()}


def test_each_statement_runs_once_and_a_second_run_does_nothing(unmigrated: Client) -> None:
    first, second = (_Asked(unmigrated) for _ in range(2))
    steps = list(migrate(first, Variant.EMBEDDED))
    assert [(s.migration.version, s.statement, s.of) for s in steps] == [
        (m.version, n, of)
        for m in migrations()
        for of in [len(render(m.text, Variant.EMBEDDED))]
        for n in range(1, of + 1)
    ]
    assert list(migrate(second, Variant.EMBEDDED)) == []
    assert second.commands == []


def test_every_file_may_run_twice(unmigrated: Client) -> None:
    for _ in range(2):
        for migration in migrations():
            for statement in render(migration.text, Variant.EMBEDDED):
                unmigrated.command(statement)


@pytest.mark.parametrize(
    "where", ["gateway.schema_migrations", "gateway.events", "gateway.tallies", "VIEW gateway.conversions"]
)
def test_a_run_that_broke_goes_on_where_it_stopped(unmigrated: Client, where: str) -> None:
    with pytest.raises(ConnectionResetError):
        list(migrate(_Asked(unmigrated, breaks_at=where), Variant.EMBEDDED))
    again = _Asked(unmigrated)
    list(migrate(again, Variant.EMBEDDED))
    assert all(a.statements == a.of for a in read_applied(again).values())
    assert len(read_applied(again)) == len(migrations())
    creates = [sql for sql in again.commands if sql.startswith("CREATE")]
    assert where in creates[0] or where == "gateway.schema_migrations"


def test_a_file_that_changed_after_it_was_applied_is_refused_before_anything_runs(
    unmigrated: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(migrate(_Asked(unmigrated), Variant.EMBEDDED))
    changed = [m._replace(text=m.text + "\n-- a remark\n") if m.version == 1 else m for m in migrations()]
    monkeypatch.setattr(
        module,
        "migrations",
        lambda: [*changed, Migration(99, "0099_new.sql", "CREATE TABLE gateway.never (a UInt8) ENGINE = Memory")],
    )
    asked = _Asked(unmigrated)
    with pytest.raises(MigrationError, match=r"0001_tables.sql was changed after it was applied: restore it"):
        list(migrate(asked, Variant.EMBEDDED))
    assert asked.commands == []


def test_a_warehouse_of_another_variant_or_of_a_newer_gateway_is_refused() -> None:
    first = migrations()[0]
    with pytest.raises(MigrationError, match="made as cluster, not embedded: say --variant cluster"):
        check({1: Applied(first.sha256, "cluster", 1, 1)}, Variant.EMBEDDED)
    with pytest.raises(MigrationError, match="migration 9999, unknown here: install the newer gateway"):
        check({9999: Applied("x", "embedded", 1, 1)}, Variant.EMBEDDED)


def test_names_of_files_are_numbers_without_doubles() -> None:
    names = [m.name for m in migrations()]
    assert names == sorted(names)
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)
    assert len({m.version for m in migrations()}) == len(names)


# The three variants


@pytest.mark.parametrize("variant", Variant)
def test_every_statement_of_every_variant_is_understood_by_the_parser(writer: Client, variant: Variant) -> None:
    statements = [s for m in migrations() for s in render(m.text, variant)]
    assert len(statements) >= 11
    for statement in statements:
        assert "${" not in statement
        assert writer.command(f"SELECT formatQuery({quote(statement)})") != ""
        writer.query(f"EXPLAIN AST {statement}")


def test_a_cluster_has_replicated_shards_behind_distributed_tables() -> None:
    text = "\n".join(s for m in migrations() for s in render(m.text, Variant.CLUSTER))
    creates = re.findall(
        r"CREATE (?:OR REPLACE )?(?:TABLE|VIEW|DATABASE|MATERIALIZED VIEW)[^(]*?gateway\.?\w*([^\n]*)", text
    )
    assert all("ON CLUSTER '{cluster}'" in rest for rest in creates)
    assert not re.search(r"ENGINE = (Replacing|Aggregating|Summing)?MergeTree", text)
    assert "ENGINE = ReplicatedMergeTree" in text
    assert (
        "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/everywhere', '{shard}-{replica}', updated_at)"
        in text
    )
    for table in ("events", "tallies", "consent_ledger"):
        assert f"CREATE TABLE IF NOT EXISTS gateway.{table} ON CLUSTER '{{cluster}}' AS gateway.{table}_local" in text
    assert "Distributed" not in "".join(s for m in migrations() for s in render(m.text, Variant.SERVER))


def test_tables_of_one_machine_are_synced_to_its_disk(writer: Client) -> None:
    for variant in (Variant.EMBEDDED, Variant.SERVER):
        for table in ("events", "tallies", "consent_ledger"):
            create = next(s for s in render(migrations()[0].text, variant) if f"gateway.{table} (" in s)
            assert "fsync_after_insert = 1, fsync_part_directory = 1" in create


@pytest.mark.parametrize("variant", Variant)
def test_roles_are_understood_by_the_parser_and_name_what_exists(writer: Client, variant: Variant) -> None:
    text = render_roles(variant, (Scope("demo"), Scope("demo", "S'7"), Scope("it's")))
    statements = [line.rstrip(";") for line in text.splitlines() if not line.startswith("--")]
    for statement in statements:
        assert writer.command(f"SELECT formatQuery({quote(statement)})") != ""
    assert "account" not in text
    tables = {name for (name,) in writer.query("SELECT name FROM system.tables WHERE database = 'gateway'").result_rows}
    named = set(re.findall(r"ON gateway\.(\w+)", text))
    assert {name.removesuffix("_local") for name in named} <= tables
    assert "USING site = 'demo' AND seller_id = 'S\\'7' TO gateway_analyst_demo_S_7" in text


# What stands in the tables


def test_the_columns_of_events_are_the_promised_ones_in_their_order(writer: Client) -> None:
    sql = "SELECT name FROM system.columns WHERE database = 'gateway' AND table = 'events' ORDER BY position"
    assert [name for (name,) in writer.query(sql).result_rows] == _EVENTS.split()


def test_every_table_and_every_column_says_what_it_is(writer: Client) -> None:
    bare = "SELECT table || '.' || name FROM system.columns WHERE database = 'gateway' AND comment = ''"
    assert writer.query(bare).result_rows == []
    assert writer.query("SELECT name FROM system.tables WHERE database = 'gateway' AND comment = ''").result_rows == []
    numbers = (
        "SELECT table || '.' || name FROM system.columns WHERE database = 'gateway' AND comment NOT LIKE '%[%]%'"
        " AND table NOT LIKE 'load%' AND type NOT LIKE 'Array%'"
    )
    typed = " AND (type LIKE '%Int%' OR type LIKE '%Date%' OR type LIKE '%Decimal%' OR type LIKE '%Float%')"
    assert writer.query(numbers + typed).result_rows == []


_LATER = datetime.now(UTC) + timedelta(days=300)


def _insert(client: Client, *rows: dict[str, Any]) -> None:
    """Rows as the loader sends them: JSON lines, defaults left out."""
    names = sorted({name for row in rows for name in row})
    usual = {
        "expires_at": _text(_LATER),
        "identity_expires_at": _text(_LATER),
        "event_time": "2026-11-20T10:00:00.000Z",
        "site": "demo",
    }
    lines = "\n".join(json.dumps({**usual, **row}) for row in rows)
    columns = sorted({*names, *usual})
    client.command(f"INSERT INTO gateway.events ({', '.join(columns)}) FORMAT JSONEachRow\n{lines}")


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


_V1, _V2 = "0b9d3a1c5f6e4d2a8b7c9e0f1a2b3c4d", "1b9d3a1c-5f6e-4d2a-8b7c-9e0f1a2b3c4d"
_S1, _S2 = "2b9d3a1c5f6e4d2a8b7c9e0f1a2b3c4d", "3b9d3a1c5f6e4d2a8b7c9e0f1a2b3c4d"


@pytest.fixture
def events(writer: Client) -> Client:
    list(migrate(_Asked(writer), Variant.EMBEDDED))
    writer.command("TRUNCATE TABLE gateway.events")
    return writer


def test_a_row_as_the_journal_writes_it_is_stored_in_its_types(events: Client) -> None:
    _insert(
        events,
        {
            "event": "purchase",
            "event_id": _V1,
            "visitor": _V2,
            "visitor_kind": "durable",
            "value": 129.9,
            "bot": True,
            "purposes": ["counting", "analytics"],
            "properties": {"coupon": "X"},
            "items": [{"product_id": "P", "category": "lamp", "seller_id": "S", "price": 129.9, "quantity": 1}],
        },
    )
    columns = "event_id, visitor, value, bot, purposes, properties, items.price, items.seller_id, account"
    found = events.query(f"SELECT {columns} FROM gateway.events")
    assert found.result_rows == [
        (
            UUID(_V1),
            UUID(_V2),
            Decimal("129.90"),
            True,
            ["counting", "analytics"],
            {"coupon": "X"},
            [Decimal("129.90")],
            ["S"],
            UUID(int=0),
        )
    ]


def test_identity_ends_before_the_row_does_and_the_row_ends_too(events: Client) -> None:
    past = _text(datetime.now(UTC) - timedelta(days=1))
    identity = {"visitor": _V1, "session": _S1, "account": _V2, "visitor_kind": "durable"}
    _insert(
        events,
        {"event": "kept", **identity},
        {"event": "anonymous", **identity, "identity_expires_at": past, "value": 5},
        {"event": "gone", **identity, "identity_expires_at": past, "expires_at": past},
    )
    events.command("OPTIMIZE TABLE gateway.events FINAL")
    sql = "SELECT event, visitor, session, account, visitor_kind, value FROM gateway.events ORDER BY event"
    found = events.query(sql).result_rows
    nobody = UUID(int=0)
    assert found == [
        ("anonymous", nobody, nobody, nobody, "none", Decimal("5.00")),
        ("kept", UUID(_V1), UUID(_S1), UUID(_V2), "durable", Decimal("0.00")),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"event_time": "9999-12-31T23:59:59Z"},
        {"event_time": "1970-01-01T00:00:00Z"},
        {"expires_at": "1970-01-01T00:00:00Z"},
    ],
)
def test_a_time_that_is_none_is_refused_before_it_is_stored(events: Client, row: dict[str, str]) -> None:
    with pytest.raises(Exception, match="VIOLATED_CONSTRAINT"):
        _insert(events, {"event": "x", **row})
    assert events.query("SELECT count() FROM gateway.events").result_rows == [(0,)]


# The views


@pytest.fixture
def journeys(events: Client) -> Client:
    """A visit with an order that the page sent twice, one of a day visitor, an event of nobody, one of a bot."""
    first: dict[str, Any] = {
        "visitor": _V1,
        "visitor_kind": "durable",
        "session": _S1,
        "country": "IT",
        "campaign": "spring",
    }
    second: dict[str, Any] = {"visitor": _V2, "visitor_kind": "day", "session": _S2, "country": "GR"}
    buy = {"event": "purchase", "stage": "conversion", "order_id": "O-1", "value": 100, "currency": "EUR"}
    steps = [
        {**first, "event": "page_view", "stage": "discovery", "event_time": "2026-11-20T10:00:00Z", "page_path": "/in"},
        {
            **first,
            "event": "product_view",
            "stage": "consideration",
            "event_time": "2026-11-20T10:01:00Z",
            "page_path": "/p",
        },
        {
            **first,
            "event": "wishlist_add",
            "stage": "engagement",
            "event_time": "2026-11-20T10:02:00Z",
            "page_path": "/p",
        },
        {**first, "event": "add_to_cart", "stage": "intent", "event_time": "2026-11-20T10:03:00Z", "page_path": "/p"},
        {**first, **buy, "event_time": "2026-11-20T10:05:30.500Z", "page_path": "/thanks"},
        {**first, **buy, "event_time": "2026-11-20T10:06:00Z", "page_path": "/thanks"},
        {**second, "event": "product_view", "stage": "consideration", "event_time": "2026-11-21T09:00:00Z"},
        {**second, "event": "share", "stage": "engagement", "event_time": "2026-11-21T09:00:05Z"},
        {"event": "product_view", "stage": "consideration", "event_time": "2026-11-21T09:00:05Z"},
        {**second, "event": "share", "stage": "engagement", "event_time": "2026-11-21T09:01:00Z", "bot": True},
        {"event": "their_own_event", "event_time": "2026-11-21T09:00:05Z"},
    ]
    _insert(events, *({**step, "event_id": f"{n:032x}"} for n, step in enumerate(steps, 1)))
    return events


def _rows(client: Client, sql: str) -> list[Any]:
    return list(client.query(sql).result_rows)


def test_sessions_are_visits_with_their_entry_their_goals_and_their_length(journeys: Client) -> None:
    columns = "session, events, pages, entry_path, exit_path, campaign, micro_conversions, orders, revenue, currency"
    assert _rows(journeys, f"SELECT {columns} FROM gateway.sessions ORDER BY started_at") == [
        (UUID(_S1), 6, 1, "/in", "/thanks", "spring", 2, 1, Decimal("100.00"), "EUR"),
        (UUID(_S2), 3, 0, "", "", "", 2, 0, Decimal("0.00"), ""),
    ]
    assert _rows(
        journeys, "SELECT duration_s, bot, visitor_kind, stages FROM gateway.sessions ORDER BY started_at"
    ) == [
        (360.0, False, "durable", ["consideration", "conversion", "discovery", "engagement", "intent"]),
        (60.0, True, "day", ["consideration", "engagement"]),
    ]


def test_a_funnel_counts_people_who_can_be_told_apart(journeys: Client) -> None:
    steps = "event = 'product_view', event = 'add_to_cart', event = 'purchase'"
    levels = f"SELECT windowFunnel(3600)(at, {steps}) AS level FROM gateway.funnel_steps GROUP BY site, actor"
    assert _rows(journeys, f"SELECT level, count() FROM ({levels}) GROUP BY level ORDER BY level") == [(1, 1), (3, 1)]
    places = (
        "SELECT DISTINCT event, step FROM gateway.funnel_steps WHERE event IN ('purchase', 'wishlist_add') ORDER BY 2"
    )
    assert _rows(journeys, places) == [("wishlist_add", 3), ("purchase", 6)]


def test_micro_conversions_are_neither_looking_around_nor_the_goal(journeys: Client) -> None:
    assert _rows(journeys, "SELECT event, count() FROM gateway.micro_conversions GROUP BY event ORDER BY event") == [
        ("add_to_cart", 1),
        ("share", 1),
        ("wishlist_add", 1),
    ]


def test_an_order_that_the_page_sent_twice_is_one_conversion(journeys: Client) -> None:
    sql = "SELECT order_id, value, day, event_time = '2026-11-20 10:05:30.500' FROM gateway.conversions"
    assert _rows(journeys, sql) == [("O-1", Decimal("100.00"), date(2026, 11, 20), True)]


def test_daily_counts_never_take_nobody_for_a_visitor(journeys: Client) -> None:
    columns = "event, events, visitors, durable_visitors, sessions, bots"
    sql = f"SELECT {columns} FROM gateway.daily WHERE day = '2026-11-21' ORDER BY event"
    assert _rows(journeys, sql) == [
        ("product_view", 2, 1, 0, 1, 0),
        ("share", 2, 1, 0, 1, 1),
        ("their_own_event", 1, 0, 0, 0, 0),
    ]


def test_the_views_that_roles_grant_are_those_that_exist(writer: Client) -> None:
    sql = "SELECT name FROM system.tables WHERE database = 'gateway' AND engine = 'View'"
    assert {name for (name,) in writer.query(sql).result_rows} == set(VIEWS)
