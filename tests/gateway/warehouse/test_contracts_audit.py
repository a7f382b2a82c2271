"""`gateway contracts audit` on the real engine: each fault that is planted is found, and nothing else is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from clickhouse_connect.driver.client import Client

from gateway.cli import main
from tests.gateway.intake.contracts.contracts_written import entry, written

DAYS, SESSIONS = 7, 80
STAGES = {
    "product_view": "consideration",
    "wishlist_add": "engagement",
    "share": "engagement",
    "add_to_cart": "intent",
    "purchase": "conversion",
}
PROPERTIES = (
    "watts: {type: number, is: user.behavior, example: 5}, shade: {type: string, is: user.behavior, example: linen}"
)


@dataclass(frozen=True)
class Row:
    """One fact as it is stored; the rest is the same for all."""

    event: str
    days_ago: int
    session: int
    contract: str
    verdict: str = "valid"
    order_id: str = ""
    value: float = 0.0
    properties: dict[str, str] = field(default_factory=dict)


Rows = list[Row]


def healthy() -> Rows:
    """Every visit looks, keeps, shares, puts into the cart and buys, every day alike."""
    rows = []
    for number in range(DAYS * SESSIONS):
        day, kept = number % DAYS, {"watts": str(40 + number % 20), "shade": ("linen", "jute")[number % 2]}
        for event in STAGES:
            bought = {"order_id": f"O-{number}", "value": 10.0 + number} if event == "purchase" else {}
            properties = kept if event == "wishlist_add" else {}
            rows.append(Row(event, day, number, f"{event}@1", properties=properties, **bought))  # type: ignore[arg-type]
    return rows


def orphaned(rows: Rows) -> Rows:
    return rows + [Row("lamp_rub", day, 9, "", "no_contract") for day in range(5)]


def silent(rows: Rows) -> Rows:
    return [row for row in rows if row.event != "share"]


def deprecated(rows: Rows) -> Rows:
    return rows + [Row("lamp_look", day % DAYS, day, "lamp_look@1") for day in range(20)]


def malformed(rows: Rows) -> Rows:
    return [
        replace(row, verdict="flagged") if row.event == "add_to_cart" and not row.session % 20 else row for row in rows
    ]


def drift(rows: Rows) -> Rows:
    wrong = {"watts": "sixty", "shade": "linen"}
    return [replace(row, properties=wrong) if row.properties and not row.session % 4 else row for row in rows]


def volume(rows: Rows) -> Rows:
    return rows + [Row("product_view", 0, 10_000 + number, "product_view@1") for number in range(3 * SESSIONS)]


def firing(rows: Rows) -> Rows:
    return rows + [row for row in rows if row.event == "wishlist_add" and not row.days_ago] * 2


def coverage(rows: Rows) -> Rows:
    return [
        replace(row, session=20_000 + row.session) if row.event == "add_to_cart" and row.session % 5 else row
        for row in rows
    ]


def discrepancy(rows: Rows) -> Rows:
    return [replace(row, value=row.value * 1.19) if row.order_id and not row.session % 10 else row for row in rows]


#: Fault -> the event that it is found at.
FAULTS: dict[Callable[[Rows], Rows], str] = {
    orphaned: "lamp_rub",
    silent: "share",
    deprecated: "lamp_look",
    malformed: "add_to_cart",
    drift: "wishlist_add",
    volume: "product_view",
    firing: "wishlist_add",
    coverage: "",
    discrepancy: "purchase",
}

_COLUMNS = (
    "site, event, event_id, event_time, received_at, stage, session, contract, verdict, order_id, value, properties, "
    "expires_at, identity_expires_at"
)


def insert(client: Client, site: str, rows: Rows, now: datetime) -> None:
    chance = random.Random(site)
    later = f"{now + timedelta(days=30):%Y-%m-%d %H:%M:%S}"
    values = ", ".join(_values(site, row, now, chance, later) for row in rows)
    client.command(f"INSERT INTO gateway.events ({_COLUMNS}) VALUES {values}")


def _values(site: str, row: Row, now: datetime, chance: random.Random, later: str) -> str:
    at = f"{now - timedelta(days=row.days_ago, seconds=3600 + row.session % 3600):%Y-%m-%d %H:%M:%S}"
    told = [site, row.event, str(UUID(int=chance.getrandbits(128))), at, at, STAGES.get(row.event, "")]
    told += [str(UUID(int=row.session + 1)), row.contract, row.verdict, row.order_id]
    properties = ", ".join(f"'{name}', '{text}'" for name, text in row.properties.items())
    return f"({', '.join(map(repr, told))}, {row.value:.2f}, map({properties}), '{later}', '{later}')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Contracts of the five events, and one that is deprecated."""
    folder = tmp_path_factory.mktemp("contracts")
    entries = [
        entry(event, PROPERTIES if event == "wishlist_add" else "", stage=stage) for event, stage in STAGES.items()
    ]
    old = entry("lamp_look").replace("status: active", "status: deprecated, use_instead: product_view")
    (folder / "shop.yml").write_bytes(written(*entries, old))
    return folder


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the shop sold, as it says itself: each order in two parts, one per seller."""
    file = tmp_path_factory.mktemp("export") / "orders.csv"
    lines = [f"O-{number},{part},S-{part}" for number in range(DAYS * SESSIONS) for part in (4.0, 6.0 + number)]
    file.write_text("\n".join(["Order_ID,value,seller", *lines, ""]))
    return file


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["contracts", *arguments, "--data", str(data)])


def found(result: Result) -> Sequence[tuple[str, str]]:
    return [(fault["kind"], fault["event"]) for fault in json.loads(result.output)]


def audit(engine: Any, site: str, folder: Path, orders: Path) -> Result:
    told = (str(folder), "--site", site, "--orders", str(orders), "--format", "json")
    return run(Path(engine.data), "audit", *told)


def test_a_healthy_shop_has_no_faults(engine: Any, writer: Client, folder: Path, orders: Path) -> None:
    insert(writer, "healthy", healthy(), datetime.now(UTC))
    result = audit(engine, "healthy", folder, orders)
    assert (result.exit_code, json.loads(result.output)) == (0, [])
    told = run(Path(engine.data), "audit", str(folder), "--site", "healthy").output
    shares = "consideration 100%, conversion 100%, engagement 100%, intent 100%"
    assert told == f"stages of the 560 visits that bought: {shares}\n2800 events in 7 days, 0 faults\n"


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_each_planted_fault_is_found_and_nothing_else(
    engine: Any, writer: Client, folder: Path, orders: Path, plant: Callable[[Rows], Rows]
) -> None:
    insert(writer, plant.__name__, plant(healthy()), datetime.now(UTC))
    result = audit(engine, plant.__name__, folder, orders)
    assert found(result) == [(plant.__name__, FAULTS[plant])]
    assert result.exit_code == 1


def test_all_faults_at_once_are_told_apart(engine: Any, writer: Client, folder: Path, orders: Path) -> None:
    rows = healthy()
    for plant in FAULTS:
        rows = plant(rows)
    insert(writer, "all", rows, datetime.now(UTC))
    expected = [(plant.__name__, event) for plant, event in FAULTS.items()]
    assert found(audit(engine, "all", folder, orders)) == expected


def test_orders_that_consent_kept_out_are_not_held_against_a_tag(
    engine: Any, writer: Client, folder: Path, orders: Path
) -> None:
    lost = [row for row in healthy() if not row.order_id or row.session % 5]
    now = datetime.now(UTC)
    for site in ("lost", "denied"):
        insert(writer, site, lost, now)
    minute = f"{now - timedelta(hours=2):%Y-%m-%d %H:%M:00}"
    row = f"('denied', '{minute}', 'own', 'consent_denied', 900)"
    writer.command(f"INSERT INTO gateway.tallies (site, minute, adapter, refusal, events) VALUES {row}")
    assert found(audit(engine, "lost", folder, orders)) == [("discrepancy", "purchase")]
    assert found(audit(engine, "denied", folder, orders)) == []


def test_events_refused_by_their_contract_are_told_for_the_whole_site(
    engine: Any, writer: Client, folder: Path, orders: Path
) -> None:
    now = datetime.now(UTC)
    insert(writer, "refused", healthy(), now)
    row = f"('refused', '{now - timedelta(hours=2):%Y-%m-%d %H:%M:00}', 'own', 'contract_broken', 200)"
    writer.command(f"INSERT INTO gateway.tallies (site, minute, adapter, refusal, events) VALUES {row}")
    assert found(audit(engine, "refused", folder, orders)) == [("malformed", "")]


def test_the_rules_that_are_broken_are_named_flagged_or_waiting_and_a_replay_ends_it(
    engine: Any, writer: Client, folder: Path, orders: Path
) -> None:
    now = datetime.now(UTC)
    rows = [row for row in healthy() if row.event != "share"]  # all of them wait: not silent
    insert(writer, "rules", rows, now)
    later, at = (f"{now + timedelta(days=days):%Y-%m-%d %H:%M:%S}" for days in (30, -1))
    for number, rule in enumerate(["share_channel:pattern"] * 40 + ["share_channel:required"] * 5):
        told = f"'rules', 'share', 'share@1', toUUID('{UUID(int=number + 1)}'), '{at}', '{at}', ['{rule}'], '{later}'"
        columns = "site, event, contract, event_id, event_time, received_at, broken, expires_at"
        writer.command(f"INSERT INTO gateway.quarantine ({columns}) VALUES ({told})")
    tally = f"('rules', '{now - timedelta(days=1):%Y-%m-%d %H:%M:00}', 'own', 'contract_broken', 45)"
    writer.command(f"INSERT INTO gateway.tallies (site, minute, adapter, refusal, events) VALUES {tally}")
    result = audit(engine, "rules", folder, orders)
    assert found(result) == [("malformed", "share")]
    assert "(0 flagged, 45 in quarantine, of 45): share_channel:pattern 40, share_channel:required 5" in result.output
    writer.command("ALTER TABLE gateway.quarantine DELETE WHERE site = 'rules'", settings={"mutations_sync": 2})
    writer.command("INSERT INTO gateway.replays VALUES (77, now64(3))")
    insert(writer, "rules", [row for row in healthy() if row.event == "share"], now)
    writer.command(
        "ALTER TABLE gateway.events UPDATE batch = 77 WHERE site = 'rules' AND event = 'share'",
        settings={"mutations_sync": 2},
    )
    assert found(audit(engine, "rules", folder, orders)) == []


def test_text_that_turns_into_numbers_and_orders_told_twice_are_found(
    engine: Any, writer: Client, folder: Path, orders: Path
) -> None:
    numbered = {"watts": "40", "shade": "7"}
    rows = [replace(row, properties=numbered) if row.properties and not row.days_ago else row for row in healthy()]
    rows += [row for row in rows if row.order_id and row.session % 3]
    insert(writer, "more", rows, datetime.now(UTC))
    assert found(audit(engine, "more", folder, orders)) == [("drift", "wishlist_add"), ("firing", "purchase")]


def test_few_events_and_bots_prove_nothing(engine: Any, writer: Client, folder: Path, orders: Path) -> None:
    few = [row for row in healthy() if row.session < 20]
    for plant in (malformed, drift, coverage, firing):
        few = plant(few)
    insert(writer, "few", few, datetime.now(UTC))
    assert found(audit(engine, "few", folder, orders)) == [("discrepancy", "purchase")]


def test_learn_drafts_what_the_warehouse_saw_without_contract(engine: Any, writer: Client, tmp_path: Path) -> None:
    rows = [Row(name, 0, 1, "", "no_contract") for name in ("lamp_polish", "lamp_polish", "x.:redacted", "b20261122")]
    insert(writer, "learnt", rows, datetime.now(UTC))
    seen = "('learnt', today(), 'lamp_polish', 'shine', '{}', 12, 1)"
    writer.command(f"INSERT INTO gateway.sightings VALUES {seen.format('integer')}, {seen.format('number')}")
    file = tmp_path / "drafts.yml"
    asked = ("learn", "--since", "2d", "--site", "learnt", "--write", str(file))
    result = run(Path(engine.data), *asked)
    assert (result.exit_code, "1 drafts" in result.output) == (0, True)
    text = file.read_text()
    assert "  lamp_polish:\n" in text
    assert "(count: 2)" in text
    assert 'shine: {type: number, is: user, say: "Say what it is", example: "1.5"}' in text
    assert "redacted:" not in text
    assert "20261122" not in text
    assert CliRunner().invoke(main, ["contracts", "check", str(file)]).exit_code == 0
    assert run(Path(engine.data), *asked).exit_code == 2, "a draft never replaces a file"


@pytest.mark.parametrize("since", ["", "7", "d", "0d", "7 days", "-1d"])
def test_a_stretch_of_time_that_is_none_is_wrong_use(engine: Any, since: str) -> None:
    result = run(Path(engine.data), "audit", "starter", "--since", since)
    assert result.exit_code == 2
    assert "write 36h, 7d or 2w" in result.output


def test_a_warehouse_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere", "audit", "starter")
    assert result.exit_code == 2
    assert result.output.startswith("gateway: embedded warehouse in ")


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("order,amount\n1,2\n", 1, "has none of the columns value"),
        ("", 1, "has none of the columns order_id"),
        ("order_id,total\nO-1,secret-canary\n", 2, "its total is no amount"),
        ("order_id,total\nO-1,nan\n", 2, "its total is no amount"),
        ("order_id,total\nO-1\n", 2, "its total is no amount"),
        ("order_id,total\nO-1,2\n,5\n", 3, "has no order_id"),
    ],
)
def test_an_export_that_cannot_be_read_is_told_by_line_and_never_by_cell(
    engine: Any, tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(text)
    result = run(Path(engine.data), "audit", "starter", "--orders", str(file))
    assert result.exit_code == 1
    assert f"{file}:{line}: {sentence}" in result.output
    assert "canary" not in result.output
