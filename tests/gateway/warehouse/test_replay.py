"""The quarantine and its replay: each row once, whatever dies when, and never of who asked to be forgotten."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from gateway.warehouse import replay as module
from gateway.warehouse.connect import TransientError, connect
from gateway.warehouse.engine_endpoint import Endpoint
from gateway.warehouse.replay import Chosen, Replay
from gateway.warehouse.subjects import Subjects
from gateway.words import Fact
from tests.gateway.warehouse.loading import loader, numbers, seal

KILLS = int(os.environ.get("GATEWAY_KILLS", "4"))
NOW = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.000Z"

#: A run in a process of its own: pages are small, so that a kill finds something half done.
CHILD = """
import sys
from gateway.warehouse import replay
from gateway.warehouse.connect import connect
from tests.gateway.warehouse.test_replay import judge
replay._PAGE_ROWS = 40
print("begun", flush=True)
replay.Replay(connect(sys.argv[1])).run(replay.Chosen(sys.argv[2]), judge)
"""


def broken(site: str, number: int, **other: object) -> bytes:
    """A row of the quarantine as minimise writes it."""
    row = {
        "site": site, "event": "sample_ask", "event_id": uuid.UUID(int=number).hex,
        "event_time": f"2026-{10 + number % 2}-20T10:00:{number % 60:02d}.123Z", "received_at": NOW,
        "adapter": "own", "purposes": ["counting"], "contract": "sample_ask@1", "stage": "evaluation",
        "broken": ["colour:enum"], "properties": {"colour": "teal", "size": "5"}, "expires_at": "2105-11-22T10:00:01Z",
    }  # fmt: skip
    return orjson.dumps(row | other)


def judge(row: Mapping[str, Any]) -> Fact | tuple[str, ...]:
    """Rows of a mended contract: those that are teal."""
    if row["properties"]["colour"] != "teal":
        return ("colour:enum",)
    told = {name: value for name, value in row.items() if name not in ("broken", "items")}
    return Fact(orjson.dumps({**told, "contract": "sample_ask@2", "verdict": "valid"}))


def fill(folder: Path, endpoint: Endpoint, site: str, rows: list[bytes]) -> None:
    seal(folder / "journal", ("quarantine", rows))
    with closing(loader(folder / "journal", endpoint.url)) as loading:
        assert loading.run_once().rows == {"quarantine": len(rows)}


def waiting(client: Client, site: str) -> list[int]:
    sql = f"SELECT event_id FROM gateway.quarantine WHERE site = '{site}' ORDER BY event_id"
    return [row[0].int for row in client.query(sql).result_rows]


def test_the_quarantine_has_the_columns_of_events_but_those_that_a_contract_fills(writer: Client) -> None:
    sql = "SELECT name, type FROM system.columns WHERE database = 'gateway' AND table = '{}'"
    events, quarantine = (set(writer.query(sql.format(table)).result_rows) for table in ("events", "quarantine"))
    assert {name for name, _ in events - quarantine} == {
        "category", "currency", "experiment", "order_id", "product_id", "seller_id", "value", "variant", "verdict",
    }  # fmt: skip
    assert quarantine <= events


def test_analysts_read_rule_and_field_and_what_is_mended_is_loaded_once(
    writer: Client, reader: Client, endpoint: Endpoint, tmp_path: Path
) -> None:
    rows = [broken("mended", n) for n in range(1, 51)]
    rows += [broken("mended", n, properties={"colour": "puce"}) for n in (60, 61)]
    fill(tmp_path, endpoint, "mended", [*rows, rows[0], broken("other", 1)])  # a client that sent one twice
    told = "SELECT contract, arrayJoin(broken), count() FROM gateway.quarantine WHERE site = 'mended' GROUP BY 1, 2"
    assert reader.query(told).result_rows == [("sample_ask@1", "colour:enum", 53)]
    rules = "SELECT rule, became, sum(events) FROM gateway.broken_rules WHERE site = 'mended' GROUP BY ALL"
    assert reader.query(rules).result_rows == [("colour:enum", "quarantined", 53)]
    replay = Replay(writer)
    assert replay.look(Chosen("mended"), judge).loaded == 50
    assert numbers(writer, "mended") == []
    first = replay.run(Chosen("mended"), judge)
    assert (first.loaded, first.known, dict(first.stays)) == (50, 1, {("sample_ask@1", ("colour:enum",)): 2})
    again = Replay(writer).run(Chosen("mended"), judge)
    assert (again.loaded, again.known, again.stays.total()) == (0, 0, 2)
    assert numbers(writer, "mended") == list(range(1, 51))
    assert waiting(writer, "mended") == [60, 61]
    assert waiting(writer, "other") == [1]
    kept = "SELECT DISTINCT contract, verdict, properties, received_at FROM gateway.events WHERE site = 'mended'"
    ((contract, verdict, properties, received_at),) = writer.query(kept).result_rows
    assert (contract, verdict, properties) == ("sample_ask@2", "valid", {"colour": "teal", "size": "5"})
    assert received_at.isoformat()[:19] == NOW[:19]


def test_conservation_holds_through_a_replay(writer: Client, endpoint: Endpoint, tmp_path: Path) -> None:
    fill(tmp_path, endpoint, "conserved", [broken("conserved", n) for n in range(1, 8)])
    Replay(writer).run(Chosen("conserved"), judge)
    sql = "SELECT countIf(batch IN (SELECT batch FROM gateway.replays)) FROM gateway.events WHERE site = 'conserved'"
    assert writer.query(sql).result_rows == [(7,)]


def test_two_events_to_which_a_client_gave_one_id_are_two(writer: Client, endpoint: Endpoint, tmp_path: Path) -> None:
    rows = [broken("paired", 1), broken("paired", 2, event="quiz_start")]
    rows += [broken("paired", 1, event="quiz_start", properties={"colour": "puce"}), broken("paired", 2)]
    fill(tmp_path, endpoint, "paired", rows)
    assert Replay(writer).run(Chosen("paired"), judge).loaded == 3
    assert numbers(writer, "paired") == [1, 2, 2]
    assert waiting(writer, "paired") == [1]


def test_one_event_of_a_site_may_be_replayed_alone(writer: Client, endpoint: Endpoint, tmp_path: Path) -> None:
    fill(tmp_path, endpoint, "alone", [broken("alone", 1), broken("alone", 2, event="quiz_start")])
    assert Replay(writer).run(Chosen("alone", "quiz_start"), judge).loaded == 1
    assert numbers(writer, "alone") == [2]


class _Breaks:
    """A client whose connection is gone at its n-th statement, or just after it."""

    def __init__(self, client: Client, at: int, after: bool) -> None:
        self._client, self._left, self._after = client, at, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._counted(found) if name in ("command", "query", "raw_query", "raw_insert") else found

    def _counted(self, call: Any) -> Any:
        def counted(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                self._end()
            answer = call(*given, **named)
            if self._left == 0:
                self._end()
            return answer

        return counted

    def _end(self) -> NoReturn:
        raise ConnectionResetError


def test_a_run_that_breaks_at_any_statement_is_ended_by_the_next(
    writer: Client, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE_ROWS", 2)
    fill(tmp_path, endpoint, "breaks", [broken("breaks", n) for n in range(1, 81)])
    for at, after in itertools.product(range(13, 24), (False, True)):  # the first twelve begin the session
        with pytest.raises(ConnectionResetError):
            Replay(_Breaks(writer, at, after)).run(Chosen("breaks"), judge)  # type: ignore[arg-type]  # stands in
        seen = numbers(writer, "breaks")
        assert sorted({*seen, *waiting(writer, "breaks")}) == list(range(1, 81))
        assert len(seen) == len(set(seen))
    Replay(writer).run(Chosen("breaks"), judge)
    assert numbers(writer, "breaks") == list(range(1, 81))
    assert waiting(writer, "breaks") == []


def test_killed_at_any_moment_each_row_is_there_once(writer: Client, endpoint: Endpoint, tmp_path: Path) -> None:
    fill(tmp_path, endpoint, "killed", [broken("killed", n) for n in range(1, 1001)])
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, endpoint.url, "killed"], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(random.uniform(0.02, 0.5))
        child.send_signal(signal.SIGKILL)
        child.communicate()
    Replay(writer).run(Chosen("killed"), judge)
    assert numbers(writer, "killed") == list(range(1, 1001))
    assert waiting(writer, "killed") == []


def test_whoever_asked_to_be_forgotten_is_not_brought_back(writer: Client, endpoint: Endpoint, tmp_path: Path) -> None:
    visitor = uuid.UUID(int=77)
    rows = [broken("forgotten", n, visitor=visitor.hex, visitor_kind="durable") for n in (1, 2)]
    fill(tmp_path, endpoint, "forgotten", [*rows, broken("forgotten", 3)])
    assert "quarantine" in {holder.name for holder in Subjects(writer).holders}  # so `gateway privacy` finds it
    columns = "site, kind, pseudonym, asked_at, request, expires_at"
    values = f"'forgotten', 'visitor', toUUID('{visitor}'), now64(3), generateUUIDv4(), now() + INTERVAL 1 YEAR"
    writer.command(f"INSERT INTO gateway.tombstones ({columns}) SELECT {values}")
    Replay(writer).run(Chosen("forgotten"), judge)
    assert numbers(writer, "forgotten") == [3]


def test_a_second_replay_takes_over_from_the_first(writer: Client, endpoint: Endpoint, tmp_path: Path) -> None:
    fill(tmp_path, endpoint, "taken", [broken("taken", 1)])

    def overtaken(row: Mapping[str, Any]) -> Fact | tuple[str, ...]:
        with closing(connect(endpoint.url)) as other:
            Replay(other).run(Chosen("taken"), judge)
        return judge(row)

    with pytest.raises(TransientError, match="another replay or an erasure has begun"):
        Replay(writer).run(Chosen("taken"), overtaken)
    assert numbers(writer, "taken") == [1]


def test_what_is_older_than_thirty_days_goes_by_itself_and_is_not_loaded(
    writer: Client, endpoint: Endpoint, tmp_path: Path
) -> None:
    old = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 31 * 86400))
    rows = [broken("old", 1, received_at=old), broken("old", 2)]
    seal(tmp_path / "journal", ("quarantine", rows))
    with closing(loader(tmp_path / "journal", endpoint.url)) as loading:
        loading.run_once()
    assert Replay(writer).run(Chosen("old"), judge).loaded == 1
    writer.command("OPTIMIZE TABLE gateway.quarantine FINAL")
    assert waiting(writer, "old") == []
