"""What the user `analyst` may not do, tried on the real engine: a table of attacks, and what must not come out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from gateway.warehouse.engine_barrier_names import HARMLESS
from gateway.warehouse.engine_endpoint import Endpoint

_CANARY = "canary-5b1c"


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file that the engine's process can read and a reader must not."""
    path = tmp_path_factory.mktemp("secret") / "secret.csv"
    path.write_text(f"a,b\n1,{_CANARY}\n")
    return str(path)


@pytest.fixture(scope="module", autouse=True)
def _table(endpoint: Endpoint) -> None:
    url = urlsplit(endpoint.url)
    columns = "a UInt32, url String, file_name String"
    sql = f"CREATE OR REPLACE TABLE default.t ({columns}) ENGINE = MergeTree ORDER BY a AS SELECT 1, 'u', 'f'"
    assert (
        httpx.post(f"http://127.0.0.1:{url.port}/", content=sql, auth=("gateway", url.password or "")).status_code
        == 200
    )


@pytest.fixture(scope="module")
def browser(endpoint: Endpoint) -> Iterator[httpx.Client]:
    """An HTTP client with the reader's token, in database `default`."""
    url = urlsplit(endpoint.reader)
    with httpx.Client(
        base_url=f"http://127.0.0.1:{url.port}", auth=("analyst", url.password or ""), timeout=60
    ) as client:
        yield client


def _ask(browser: httpx.Client, sql: str, **keys: str) -> httpx.Response:
    return browser.post("/", params={"database": "default", **keys}, content=sql)


_READ_FILE = (
    "SELECT file('{s}')",
    "SELECT File('{s}')",
    "SELECT `file`('{s}')",
    "SELECT \"file\"('{s}')",
    "SELECT \"\\x66ile\"('{s}')",
    "SELECT /* x */ file /* y */ ('{s}')",
    "SELECT file -- y\n('{s}')",
    "SELECT arrayMap(file, ['{s}'])",
    "SELECT arrayMap(x -> file(x), ['{s}'])",
    "SELECT * APPLY(file) FROM (SELECT '{s}' AS a)",
    "SELECT * APPLY file FROM (SELECT '{s}' AS a)",
    "SELECT COLUMNS('a') APPLY(x -> file(x)) FROM (SELECT '{s}' AS a)",
    "WITH file AS f SELECT arrayMap(f, ['{s}'])",
    "WITH x -> file(x) AS f SELECT f('{s}')",
    "SELECT 1 WHERE file('{s}') != ''",
    "SELECT 1 ORDER BY file('{s}')",
    "SELECT 1 LIMIT length(file('{s}'))",
    "SELECT (SELECT file('{s}'))",
    "SELECT 1 UNION ALL SELECT length(file('{s}'))",
    "SELECT 1 FROM t ARRAY JOIN [file('{s}')] AS x",
    "SELECT 1 FROM t JOIN (SELECT file('{s}') AS k) AS q ON 1 = 1",
    "EXPLAIN SELECT file('{s}')",
    "SELECT * FROM (EXPLAIN SYNTAX SELECT file('{s}'))",
    "SHOW TABLES WHERE name = file('{s}')",
    "SELECT * FROM file('{s}', 'LineAsString')",
    "SELECT * FROM FILE('{s}', 'LineAsString')",
    "SELECT * FROM \"\\x66ile\"('{s}', 'LineAsString')",
    "FROM file('{s}', 'LineAsString') SELECT *",
    "WITH q AS (SELECT * FROM file('{s}', 'LineAsString')) SELECT * FROM q",
    "DESCRIBE file('{s}', 'CSVWithNames')",
    "DESCRIBE TABLE file('{s}', 'CSVWithNames')",
    "SELECT * FROM `{s}`",
    "SELECT * FROM default.`{s}`",
    "SELECT * FROM '{s}'",
    "SELECT * FROM url('file://{s}', 'LineAsString')",
    "SELECT * FROM filesystem('{s}')",
    "SELECT * FROM view(SELECT file('{s}'))",
    "SELECT * FROM merge(view(SELECT file('{s}')))",
    "SELECT * FROM eval('SELECT file(''{s}'')')",
    "SELECT * FROM executable('cat {s}', 'LineAsString', 'a String')",
    "SELECT * FROM format(LineAsString, file('{s}'))",
    "SELECT * FROM input('a String') FORMAT LineAsString\n{s}",
    "SELECT * FROM t INTO OUTFILE '{s}.out'",
    "SELECT * FROM t INTO OUTFILE '{s}' TRUNCATE",
    "SELECT * FROM t INTO OUTFILE '{s}' APPEND AND STDOUT",
    "SELECT * FROM t; SELECT file('{s}')",
    "SELECT * FROM t;; INSERT INTO t VALUES (2, '', '')",
    "INSERT INTO t SELECT 1, file('{s}'), ''",
    "INSERT INTO FUNCTION file('{s}', 'CSV') SELECT * FROM t",
    "INSERT INTO t FROM INFILE '{s}' FORMAT CSV",
)
_CHANGE = (
    "INSERT INTO t VALUES (2, '', '')",
    "INSERT INTO t FORMAT CSV\n2,,\n",
    "CREATE TABLE x (a UInt8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE x (a UInt8)",
    "CREATE FUNCTION f AS x -> x",
    "CREATE VIEW v AS SELECT 1",
    "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(FILE(PATH '/x' FORMAT 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE NAMED COLLECTION c AS a = 1",
    "DROP TABLE t",
    "TRUNCATE TABLE t",
    "RENAME TABLE t TO u",
    "ALTER TABLE t DELETE WHERE 1",
    "ALTER TABLE t FREEZE",
    "DELETE FROM t WHERE 1",
    "UPDATE t SET url = '' WHERE 1",
    "OPTIMIZE TABLE t FINAL",
    "ATTACH TABLE x",
    "DETACH TABLE t",
    "BACKUP TABLE t TO File('/tmp/x')",
    "RESTORE TABLE t FROM File('/tmp/x')",
    "SYSTEM STOP MERGES",
    "SYSTEM SHUTDOWN",
    "SYSTEM DROP MARK CACHE",
    "KILL QUERY WHERE 1",
    "KILL MUTATION WHERE 1",
    "SET readonly = 0",
    "SET max_memory_usage = 0",
    "SET ROLE ALL",
    "USE system",
    "EXECUTE AS default SELECT 1",
    "GRANT ALL ON *.* TO default",
    "CREATE USER x",
    "CREATE ROLE x",
    "PARALLEL WITH SELECT 1",
    "BEGIN TRANSACTION",
)
_REACH_OUT = (
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
    "SELECT * FROM s3('http://127.0.0.1:1/a.csv')",
    "DESCRIBE s3('http://127.0.0.1:1/a.csv')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM deltaLake('http://127.0.0.1:1/a')",
    "SELECT * FROM hudi('http://127.0.0.1:1/a')",
    "SELECT * FROM icebergS3('http://127.0.0.1:1/a')",
    "SELECT aiGenerate('x')",
    "SELECT AIGenerate('x')",
    "SELECT * FROM Python(engine)",
    "SELECT * FROM python(tokens)",
    'SELECT * FROM "\\x50ython"(tokens)',
    "SELECT sleep(3)",
    "SELECT sleepEachRow(1) FROM numbers(10)",
)
_LOOSEN = (
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_memory_usage = 1000000000000",
    "SELECT 1 SETTINGS max_execution_time = 100000",
    "SELECT 1 SETTINGS allow_introspection_functions = 1",
    "SELECT * FROM (SELECT 1 SETTINGS max_result_rows = 0)",
    "SELECT * FROM (SELECT getSetting('readonly') settings readonly = 0)",
    "WITH q AS (SELECT 1 /**/ Settings max_memory_usage = 0) SELECT * FROM q",
)


@pytest.mark.parametrize("attack", _READ_FILE + _CHANGE + _REACH_OUT + _LOOSEN)
def test_a_reader_is_refused(browser: httpx.Client, writer: Client, secret: str, attack: str) -> None:
    answer = _ask(browser, attack.replace("{s}", secret))
    assert answer.status_code != 200, answer.text
    assert answer.headers["X-ClickHouse-Exception-Code"] in ("164", "62", "60"), answer.text
    assert _CANARY not in answer.text
    assert sorted(os.listdir(Path(secret).parent)) == ["secret.csv"]
    assert _CANARY in Path(secret).read_text()
    assert writer.query("SELECT count() FROM t").result_rows == [(1,)]


def test_every_table_function_that_is_not_known_to_be_harmless_is_refused(
    browser: httpx.Client, writer: Client
) -> None:
    names = [name for (name,) in writer.query("SELECT name FROM system.table_functions").result_rows]
    assert len(names) > 80
    for name in names:
        if name.lower() in HARMLESS:
            continue
        for sql in (f"SELECT * FROM {name}('a')", f"DESCRIBE {name}('a')", f"SELECT * FROM `{name.upper()}`('a', 'b')"):
            assert _ask(browser, sql).headers.get("X-ClickHouse-Exception-Code") in ("164", "62"), sql


@pytest.mark.parametrize(
    "keys",
    [
        {"readonly": "0"},
        {"max_memory_usage": "0", "max_execution_time": "0", "max_result_rows": "0"},
        {"max_result_bytes": "0", "result_overflow_mode": "break"},
    ],
)
def test_limits_that_a_reader_asks_for_do_not_change_its_limits(browser: httpx.Client, keys: dict[str, str]) -> None:
    names = ("readonly", "max_execution_time", "max_memory_usage", "max_result_bytes")
    ask = "SELECT " + ", ".join(f"getSetting('{name}')" for name in names)
    usual = _ask(browser, ask)
    assert usual.text == "1\t30\t1073741824\t536870912\n"
    assert _ask(browser, ask, **keys).text == usual.text


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("dialect", "kusto", "164"),
        ("allow_experimental_object_type", "1", "164"),
        ("max_query_size", "0", "164"),
        ("param_x = 1, readonly", "0", "36"),
        ("param_x='1' -- ", "0", "36"),
        ("param_x\n", "1", "36"),
        ("max_threads = 1, max_memory_usage", "0", "36"),
        ("default_format", "DataFrame", "73"),
        ("default_format", "CSV; DROP TABLE t", "73"),
        ("database", "x`; DROP TABLE t; --", "81"),
    ],
)
def test_a_key_of_the_url_is_no_way_in(browser: httpx.Client, writer: Client, key: str, value: str, code: str) -> None:
    assert _ask(browser, "SELECT 1", **{key: value}).headers.get("X-ClickHouse-Exception-Code") == code
    assert writer.query("SELECT count() FROM t").result_rows == [(1,)]


def test_a_long_query_is_ended_and_a_large_one_is_refused(browser: httpx.Client) -> None:
    assert _ask(browser, "SELECT length(range(300000000))").headers["X-ClickHouse-Exception-Code"] == "241"
    assert (
        _ask(browser, "SELECT * FROM numbers(20000000) FORMAT CSVWithNames").headers["X-ClickHouse-Exception-Code"]
        == "396"
    )
    assert _ask(browser, "SELECT " + "1," * 200_000 + "1").headers["X-ClickHouse-Exception-Code"] == "39"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT url, file_name FROM t", "u\tf\n"),
        ("SELECT format('{}-{}', url, 'x'), upper(url) FROM t", "u-x\tU\n"),
        ("SELECT * APPLY(toString) FROM t", "1\tu\tf\n"),
        ("SELECT arrayMap(upper, ['a'])", "['A']\n"),
        (
            "SELECT 'INSERT INTO x; DROP TABLE t; file(1); INTO OUTFILE'",
            "INSERT INTO x; DROP TABLE t; file(1); INTO OUTFILE\n",
        ),
        ("SELECT sum(number) FROM numbers(10);", "45\n"),
        ("WITH (SELECT max(a) FROM t) AS m SELECT m", "1\n"),
        ("SELECT count() FROM merge('default', '^t$')", "1\n"),
        ("SHOW TABLES LIKE 't'", "t\n"),
        ("SELECT value FROM system.settings WHERE name = 'readonly'", "1\n"),
        ("EXISTS TABLE t", "1\n"),
        ("SELECT domain('https://a.example/x'), extractURLParameter('https://a/?b=1', 'b')", "a.example\t1\n"),
        ("-- a comment\nSELECT /* another */ 1 -- the last", "1\n"),
    ],
)
def test_what_analysts_do_is_let_through(browser: httpx.Client, sql: str, expected: str) -> None:
    assert _ask(browser, sql).text == expected
