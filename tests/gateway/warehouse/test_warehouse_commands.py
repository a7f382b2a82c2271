"""`gateway sql` and `gateway warehouse` as a person runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from gateway.warehouse.engine_endpoint import Endpoint, is_held
from gateway.warehouse.migrate import migrations

_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def data(engine: Any) -> Path:
    """A data folder with an engine that runs."""
    return Path(engine.data)


@pytest.fixture
def asleep(tmp_path: Path) -> Path:
    """A data folder whose engine has ended."""
    command = [sys.executable, "-m", "gateway", "engine", "--data", str(tmp_path / "d"), "--until-stdin-closes"]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=_TIMEOUT_S)
    return tmp_path / "d"


def _gateway(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=_TIMEOUT_S)


def test_a_question_is_answered_while_nothing_runs_and_nothing_runs_afterwards(asleep: Path) -> None:
    ended = _gateway("sql", "SELECT number AS n, 'x' AS s FROM numbers(2)", "--data", str(asleep))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "┌─n─┬─s─┐\n│ 0 │ x │\n│ 1 │ x │\n└───┴───┘\n"
    assert not is_held(asleep)


def test_a_question_is_answered_by_the_engine_that_runs(data: Path, writer: Client) -> None:
    columns, values = (
        "site, event, event_time, expires_at",
        "'demo', 'share', '2026-11-22 10:00:00', '2030-01-01 00:00:00'",
    )
    writer.command(f"INSERT INTO gateway.events ({columns}) VALUES ({values})")
    ended = _gateway("sql", "SELECT site, event FROM events", "--format", "JSONEachRow", "--data", str(data))
    assert ended.stdout == '{"site":"demo","event":"share"}\n'
    assert is_held(data)


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected"),
    [
        (("SELECT 1 AS a FORMAT JSONEachRow;",), "", '{"a":1}\n'),
        (("-", "--format", "CSV"), "SELECT 1,\n -- why\n 'ä'\n", '1,"ä"\n'),
        (("SELECT site FROM events WHERE 0",), "", "No rows.\n"),
        (("SELECT site FROM events WHERE 0", "--format", "CSVWithNames"), "", '"site"\n'),
        (("SELECT count() FROM (SELECT * FROM numbers(500000))", "--format", "TSV"), "", "500000\n"),
    ],
)
def test_answers_come_in_the_form_that_was_asked_for(
    data: Path, arguments: tuple[str, ...], stdin: str, expected: str
) -> None:
    ended = _gateway("sql", *arguments, "--data", str(data), stdin=stdin)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, expected, "")


def test_a_pipe_that_has_seen_enough_is_no_error(data: Path) -> None:
    command = (
        f"{sys.executable} -m gateway sql 'SELECT number FROM numbers(3000000)' --format CSV --data {data} | head -n 2"
    )
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=_TIMEOUT_S
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "0\n1\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("SELECT evnt FROM events",), "Unknown expression identifier `evnt`."),
        (("SELEKT 1",), "Syntax error"),
        (("SELECT 1", "--format", "Nonsense"), "Unknown format Nonsense"),
        (("INSERT INTO events (site) VALUES ('x')",), "it may only read"),
        (("DROP TABLE events",), "it may only read"),
        (("SELECT file('/etc/passwd')",), "may not use file()"),
        (("SELECT throwIf(number = 2000000) FROM numbers(3000000)", "--format", "CSV"), "throwIf"),
    ],
)
def test_an_error_is_one_sentence_and_exit_code_1(data: Path, arguments: tuple[str, ...], sentence: str) -> None:
    ended = _gateway("sql", *arguments, "--data", str(data))
    assert ended.returncode == 1
    assert ended.stderr.startswith("gateway: ")
    assert len(ended.stderr.splitlines()) == 1
    assert sentence in ended.stderr


def test_a_folder_without_a_warehouse_and_a_server_that_is_none_are_told(tmp_path: Path) -> None:
    none = _gateway("sql", "SELECT 1", "--data", str(tmp_path / "d"))
    where, what = f"embedded warehouse in {tmp_path / 'd'}", "there is none yet (start: gateway serve, or say --data)"
    assert (none.returncode, none.stderr) == (1, f"gateway: {where}: {what}\n")
    assert not (tmp_path / "d").exists()
    gone = _gateway("sql", "SELECT 1", "--warehouse", "clickhouse://user:secret@127.0.0.1:1/gateway")
    where, what = "clickhouse://127.0.0.1:1/gateway", "does not answer (is it running, and is the address right?)"
    assert (gone.returncode, gone.stderr) == (1, f"gateway: {where}: {what}\n")
    wrong = _gateway("sql", "SELECT 1", "--warehouse", "mysql://user:secret@127.0.0.1/gateway")
    assert wrong.returncode == 1
    assert "secret" not in none.stderr + gone.stderr + wrong.stderr


def test_a_server_by_url_is_asked_and_bound_to_reading(endpoint: Endpoint) -> None:
    url = endpoint.url
    assert _gateway("sql", "SELECT 1", "--format", "TSV", "--warehouse", url).stdout == "1\n"
    refused = _gateway("sql", "DROP TABLE events", "--warehouse", url)
    assert refused.returncode == 1
    assert "READONLY" in refused.stderr
    assert _gateway("sql", "EXISTS events", "--format", "TSV", "--warehouse", url).stdout == "1\n"


def test_status_names_every_migration_and_migrate_has_nothing_to_do(data: Path) -> None:
    status = _gateway("warehouse", "status", "--data", str(data))
    assert status.returncode == 0
    lines = [line.split()[:3] for line in status.stdout.splitlines()]
    assert lines == [[m.name, "applied", "embedded"] for m in migrations()]
    migrated = _gateway("warehouse", "migrate", "--data", str(data))
    assert (migrated.returncode, migrated.stdout) == (0, "Nothing to apply; the warehouse is up to date.\n")


def test_another_variant_than_the_warehouses_is_refused(data: Path) -> None:
    ended = _gateway("warehouse", "migrate", "--variant", "cluster", "--data", str(data))
    assert ended.returncode == 1
    assert "made as embedded, not cluster" in ended.stderr


@pytest.mark.parametrize(
    "arguments", [("--variant", "cluster"), ("--variant", "embedded"), (), ("--roles", "--scope", "demo:S-7")]
)
def test_sql_is_printed_and_nothing_runs(arguments: tuple[str, ...]) -> None:
    ended = _gateway("warehouse", "sql", *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ("ON CLUSTER" in ended.stdout) == ("cluster" in arguments)
    assert ended.stdout.rstrip().endswith(";")


@pytest.mark.parametrize(
    "name", ["sql", "warehouse", "warehouse migrate", "warehouse status", "warehouse sql", "engine"]
)
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    ended = _gateway(*name.split(), "--help")
    assert ended.returncode == 0
    assert "Example" in ended.stdout
    assert f"gateway {name}" in ended.stdout
