"""The engine as clients see it: the real clickhouse-connect, sync and async, and curl, against the real process."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlsplit

import clickhouse_connect
import httpx
import lz4.frame  # type: ignore[import-untyped]  # no stubs
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from gateway.warehouse.connect import TerminalError, TransientError, connect, translated
from gateway.warehouse.engine_endpoint import Endpoint

_ROWS = b"".join(b'{"a":"%d","b":"x%d"}\n' % (i, i) for i in range(1000))
_ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
}
_DECODE: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "lz4": lz4.frame.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}
_INPUT = "INSERT INTO {} (a, b) SELECT toUInt32(a), b FROM input('a String, b String') FORMAT JSONEachRow"


def _table(client: Client, name: str) -> str:
    client.command(f"CREATE OR REPLACE TABLE {name} (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
    return name


def _post(
    endpoint: Endpoint, body: bytes | str = b"", headers: dict[str, str] | None = None, **keys: str
) -> httpx.Response:
    """One plain request of the writer, as any HTTP client would send it."""
    url = urlsplit(endpoint.url)
    auth = (url.username or "", url.password or "")
    return httpx.post(
        f"http://127.0.0.1:{url.port}/", params=keys, content=body, auth=auth, headers=headers or {}, timeout=30
    )


# Rows in


@pytest.mark.parametrize("encoding", _ENCODE)
def test_an_insert_through_input_stores_every_row_of_its_body(writer: Client, encoding: str) -> None:
    name = _table(writer, f"rows_{encoding}")
    summary: Any = writer.command(
        _INPUT.format(name), data=_ENCODE[encoding](_ROWS), transport_settings={"Content-Encoding": encoding}
    )
    assert summary.written_rows == 1000
    assert writer.query(f"SELECT count(), sum(a), max(b) FROM {name}").result_rows == [(1000, 499500, "x999")]


@pytest.mark.parametrize("encoding", ["gzip", "lz4", "zstd"])
def test_a_body_of_several_compressed_frames_is_read_to_its_end(writer: Client, encoding: str) -> None:
    name = _table(writer, f"frames_{encoding}")
    encode = _ENCODE[encoding]
    writer.command(
        _INPUT.format(name), data=encode(_ROWS) + encode(_ROWS), transport_settings={"Content-Encoding": encoding}
    )
    assert writer.query(f"SELECT count() FROM {name}").result_rows == [(2000,)]


@pytest.mark.parametrize("encoding", ["gzip", "lz4", "zstd"])
def test_a_cut_or_broken_compressed_body_stores_nothing(writer: Client, endpoint: Endpoint, encoding: str) -> None:
    name = _table(writer, f"cut_{encoding}")
    whole = _ENCODE[encoding](_ROWS)
    for body in (whole[:-8], b"\x00" + whole, whole[:10] + b"\xff" * 50):
        answer = _post(endpoint, body, {"Content-Encoding": encoding}, query=_INPUT.format(name))
        assert answer.status_code == 400
        assert answer.headers["X-ClickHouse-Exception-Code"] == "36"
    assert writer.query(f"SELECT count() FROM {name}").result_rows == [(0,)]


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_the_drivers_own_inserts_store_what_they_were_given(endpoint: Endpoint, compress: str | bool) -> None:
    name = f"driver_{compress}"
    url = urlsplit(endpoint.url)
    with closing(
        clickhouse_connect.get_client(
            host="127.0.0.1",
            port=url.port or 0,
            username="gateway",
            password=url.password or "",
            compress=compress,
            dedicated_pool=True,
        )
    ) as client:
        _table(client, name)
        client.insert(name, [[i, f"x{i}"] for i in range(500)], column_names=["a", "b"])
        client.raw_insert(name, ["a", "b"], _ROWS, fmt="JSONEachRow")
        client.raw_insert(name, ["a", "b"], b"7,seven\n", fmt="CSV")
        assert client.query(f"SELECT count(), sum(a) FROM {name}").result_rows == [(1501, 124750 + 499500 + 7)]


@pytest.mark.parametrize(
    "tail",
    [
        "VALUES (1,'a;b'), (2,'FORMAT CSV')",
        "FORMAT Values (1,'a;b'), (2,'FORMAT CSV')",
        "SELECT 1, 'a;b' UNION ALL SELECT 2, 'FORMAT CSV'",
    ],
)
def test_rows_that_stand_in_the_statement_are_stored(writer: Client, endpoint: Endpoint, tail: str) -> None:
    name = _table(writer, "inline")
    assert _post(endpoint, f"INSERT INTO {name} {tail}").status_code == 200
    assert writer.query(f"SELECT * FROM {name} ORDER BY a").result_rows == [(1, "a;b"), (2, "FORMAT CSV")]


def test_a_chunked_body_is_read_to_its_end(writer: Client, endpoint: Endpoint) -> None:
    name = _table(writer, "chunked")
    url = urlsplit(endpoint.url)

    def pieces() -> Any:
        for start in range(0, len(_ROWS), 997):
            yield _ROWS[start : start + 997]

    answer = httpx.post(
        f"http://127.0.0.1:{url.port}/",
        params={"query": _INPUT.format(name)},
        content=pieces(),
        auth=("gateway", url.password or ""),
    )
    assert answer.status_code == 200
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "1000"


@pytest.mark.parametrize("last", [b'{"a":"no number","b":"x"}\n', b'{"a":', b'{"a":"2","c":"x"}\n', b"[1]\n", b"\x00"])
def test_a_broken_row_fails_the_whole_insert(writer: Client, last: bytes) -> None:
    name = _table(writer, "broken")
    with pytest.raises(DatabaseError) as caught:
        writer.command(_INPUT.format(name), data=_ROWS + last, settings={"input_format_skip_unknown_fields": 0})
    assert caught.value.code in (6, 26, 27, 33, 117, 636)
    assert writer.query(f"SELECT count() FROM {name}").result_rows == [(0,)]


def test_a_violated_constraint_is_an_error_and_not_a_silent_loss(writer: Client) -> None:
    columns = "a UInt32, b String, CONSTRAINT small CHECK a < 10"
    writer.command(f"CREATE OR REPLACE TABLE checked ({columns}) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(DatabaseError) as caught:
        writer.command(_INPUT.format("checked"), data=_ROWS)
    assert caught.value.code == 469
    assert writer.query("SELECT count() FROM checked").result_rows == [(0,)]


def test_a_body_that_is_cut_short_is_never_run(writer: Client, endpoint: Endpoint) -> None:
    name = _table(writer, "short")
    _half_a_request(endpoint, _INPUT.format(name), "short.1", _ROWS).close()
    _wait_until(lambda: _running(writer, "short.1") == 0)
    assert writer.query(f"SELECT count() FROM {name}").result_rows == [(0,)]


# Answers out


@pytest.mark.parametrize("encoding", _DECODE)
@pytest.mark.parametrize("rows", [0, 3, 200_000])
def test_an_answer_comes_in_the_encoding_that_was_asked_for(endpoint: Endpoint, encoding: str, rows: int) -> None:
    sql = f"SELECT number FROM numbers({rows})"
    headers = {"Accept-Encoding": encoding}
    url = urlsplit(endpoint.url)
    with httpx.stream(
        "POST",
        f"http://127.0.0.1:{url.port}/",
        params={"enable_http_compression": "1"},
        content=sql,
        headers=headers,
        auth=("gateway", url.password or ""),
    ) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers.get("Content-Encoding", "identity") == encoding
    assert _DECODE[encoding](body) == b"".join(b"%d\n" % i for i in range(rows))


@pytest.mark.parametrize(
    ("format_name", "empty"),
    [
        ("TabSeparated", b""),
        ("CSVWithNames", b'"n","s"\n'),
        ("JSONEachRow", b""),
        ("TSVWithNamesAndTypes", b"n\ts\nUInt64\tString\n"),
        ("Native", None),
    ],
)
def test_a_large_answer_has_one_head_and_an_empty_one_has_it_too(
    endpoint: Endpoint, format_name: str, empty: bytes | None
) -> None:
    sql = "SELECT number AS n, toString(number) AS s FROM numbers({}) WHERE n != 999999999 FORMAT " + format_name
    many, none = (_post(endpoint, sql.format(n)).content for n in (150_000, 0))
    if empty is not None:
        assert none == empty
        assert many.startswith(empty)
        assert many.count(b"\n") == 150_000 + empty.count(b"\n")


@pytest.mark.parametrize(
    "format_name",
    [
        "JSON",
        "JSONCompact",
        "Parquet",
        "Arrow",
        "ArrowStream",
        "PrettyCompact",
        "Markdown",
        "RowBinaryWithNamesAndTypes",
    ],
)
def test_formats_with_a_head_or_a_tail_are_whole(endpoint: Endpoint, format_name: str) -> None:
    answer = _post(endpoint, f"SELECT number FROM numbers(100000) FORMAT {format_name}")
    assert answer.status_code == 200
    assert answer.headers["X-ClickHouse-Format"] == format_name
    if format_name == "JSON":
        assert answer.json()["rows"] == 100_000
    if format_name == "Parquet":
        assert answer.content[:4] == answer.content[-4:] == b"PAR1"
        assert answer.content.count(b"PAR1") == 2


def test_a_million_rows_are_streamed_block_by_block(writer: Client) -> None:
    with writer.query_row_block_stream("SELECT number, toString(number) FROM numbers(1000000)") as stream:
        sizes = [len(block) for block in stream]
    assert sum(sizes) == 1_000_000
    assert len(sizes) > 5


def test_a_reader_that_leaves_in_the_middle_of_an_answer_ends_its_query(writer: Client, endpoint: Endpoint) -> None:
    peer = _send(endpoint, "SELECT number, sleepEachRow(0.0001) FROM numbers(100000000) FORMAT TSV", "leaver.1")
    peer.recv(1000)
    peer.close()
    _wait_until(lambda: _running(writer, "leaver.1") == 0)


def test_parameters_are_bound_by_the_engine(writer: Client) -> None:
    sql = "SELECT {n:UInt32} + 1, {s:String}, {d:Date}"
    found = writer.query(sql, parameters={"n": 41, "s": "it's a \\ tab\t", "d": "2026-11-22"}).result_rows
    assert found[0][:2] == (42, "it's a \\ tab\t")


def test_a_form_may_carry_the_statement(endpoint: Endpoint) -> None:
    url = urlsplit(endpoint.url)
    files = {"query": (None, "SELECT {n:UInt8} + 1"), "param_n": (None, "4")}
    answer = httpx.post(f"http://127.0.0.1:{url.port}/", files=files, auth=("gateway", url.password or ""))
    assert answer.text == "5\n"


def test_settings_of_one_request_are_gone_in_the_next(writer: Client) -> None:
    ask = "SELECT getSetting('max_block_size')"
    before = writer.query(ask).result_rows
    assert writer.query(ask, settings={"max_block_size": 77}).result_rows == [(77,)]
    writer.command("SET max_block_size = 78")
    assert writer.query(ask).result_rows == before


def test_what_has_no_result_says_so_by_having_no_format(endpoint: Endpoint) -> None:
    assert (
        "X-ClickHouse-Format"
        not in _post(endpoint, "CREATE TABLE IF NOT EXISTS silent (a UInt8) ENGINE = Memory").headers
    )
    assert _post(endpoint, "SELECT 1 WHERE 0").headers["X-ClickHouse-Format"] == "TabSeparated"
    assert _post(endpoint, "SHOW TABLES FROM system LIKE 'one'", default_format="CSV").text == '"one"\n'


# Errors


@pytest.mark.parametrize(
    ("sql", "status", "code", "name"),
    [
        ("SELECT * FROM nowhere", 404, 60, "UNKNOWN_TABLE"),
        ("SELEKT 1", 400, 62, "SYNTAX_ERROR"),
        ("SELECT nothing", 404, 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT 1 FORMAT Nonsense", 404, 73, "UNKNOWN_FORMAT"),
        ("SELECT 1 SETTINGS nonsense = 1", 404, 115, "UNKNOWN_SETTING"),
        ("SELECT throwIf(1)", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        (
            "SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage = 1000000",
            500,
            241,
            "MEMORY_LIMIT_EXCEEDED",
        ),
        ("SELECT sleep(3) SETTINGS max_execution_time = 0.1", 500, 159, "TIMEOUT_EXCEEDED"),
    ],
)
def test_an_error_has_a_code_a_name_and_a_status(
    endpoint: Endpoint, sql: str, status: int, code: int, name: str
) -> None:
    answer = _post(endpoint, sql)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name})" in answer.text
    assert answer.text.count("Code:") == 1


def test_an_error_in_the_middle_of_an_answer_reaches_the_client(writer: Client, endpoint: Endpoint) -> None:
    sql = "SELECT throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_block_size = 10000"
    with pytest.raises(StreamFailureError, match="throwIf"):
        _ = writer.query(sql).result_rows
    with pytest.raises(httpx.RemoteProtocolError):
        _post(endpoint, sql)


def test_errors_are_of_two_kinds_and_hold_no_password(endpoint: Endpoint) -> None:
    url = urlsplit(endpoint.url)
    token = url.password or ""
    with closing(connect(endpoint.url, database="default")) as client:
        with (
            pytest.raises(TerminalError, match=r"UNKNOWN_TABLE.*gateway warehouse migrate") as terminal,
            translated(endpoint.url),
        ):
            client.query("SELECT * FROM nowhere")
        with pytest.raises(TransientError, match="MEMORY_LIMIT_EXCEEDED") as transient, translated(endpoint.url):
            client.query("SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage = 1000000")
    with pytest.raises(TransientError, match="does not answer") as gone:
        connect(f"clickhouse://gateway:{token}@127.0.0.1:1/gateway")
    with pytest.raises(TerminalError, match="AUTHENTICATION_FAILED") as wrong:
        connect(endpoint.url.replace(token, "wrong"))
    for caught in (terminal, transient, gone, wrong):
        assert token not in str(caught.value)
    assert terminal.value.code == 60


@pytest.mark.parametrize(
    "target",
    ["", "nonsense", "postgres://a:b@c/d", "clickhouse://", "clickhouse://h:0/x", "clickhouse://h:99999999/x", "//h"],
)
def test_a_url_that_is_none_is_refused_with_an_example(target: str) -> None:
    with pytest.raises(TerminalError, match="write clickhouse://user:password@host:8123/gateway"):
        connect(target)


# Who may ask


def _statuses(endpoint: Endpoint, **request: Any) -> int:
    port = urlsplit(endpoint.url).port
    return httpx.get(
        f"http://127.0.0.1:{port}/", params={"query": "SELECT 1", **request.pop("params", {})}, **request
    ).status_code


def test_a_token_is_taken_in_each_of_the_usual_ways_and_no_other_is(endpoint: Endpoint) -> None:
    token = urlsplit(endpoint.url).password or ""
    assert _statuses(endpoint, auth=("gateway", token)) == 200
    assert _statuses(endpoint, headers={"X-ClickHouse-User": "gateway", "X-ClickHouse-Key": token}) == 200
    assert _statuses(endpoint, params={"user": "gateway", "password": token}) == 200
    assert _statuses(endpoint) == 403
    assert _statuses(endpoint, auth=("gateway", "")) == 403
    assert _statuses(endpoint, auth=("gateway", token[:-1])) == 403
    assert _statuses(endpoint, auth=("analyst", token)) == 403
    assert _statuses(endpoint, auth=("default", "")) == 403
    assert _statuses(endpoint, headers={"Authorization": "Basic !!!"}) == 403
    assert _statuses(endpoint, headers={"Authorization": "Basic " + b64encode(b"\xff:\xff").decode()}) == 403
    assert _statuses(endpoint, headers={"Authorization": f"Bearer {token}"}) == 403


def test_a_get_cannot_change_anything(endpoint: Endpoint, writer: Client) -> None:
    name = _table(writer, "got")
    url = urlsplit(endpoint.url)
    answer = httpx.get(
        f"http://127.0.0.1:{url.port}/", params={"query": f"DROP TABLE {name}"}, auth=("gateway", url.password or "")
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"
    assert writer.query(f"EXISTS {name}").result_rows == [(1,)]


def test_the_engine_listens_on_loopback_only_and_is_pinged_without_a_token(endpoint: Endpoint) -> None:
    port = urlsplit(endpoint.url).port
    assert httpx.get(f"http://127.0.0.1:{port}/ping").text == "Ok.\n"
    assert httpx.get(f"http://127.0.0.1:{port}/").text == "Ok.\n"
    assert httpx.head(f"http://127.0.0.1:{port}/ping").status_code == 200
    addresses = {str(item[4][0]) for item in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {
        "127.0.0.1"
    }
    for address in addresses:
        if not address.startswith("127."):
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"http://{address}:{port}/ping")


# Together


def test_what_runs_is_seen_by_the_id_of_its_request_from_its_first_byte(writer: Client, endpoint: Endpoint) -> None:
    name = _table(writer, "fence")
    with closing(_half_a_request(endpoint, _INPUT.format(name), "fence.1", _ROWS)):
        _wait_until(lambda: _running(writer, "fence.1") == 1)
        second = _post(endpoint, _ROWS, None, query=_INPUT.format(name), query_id="fence.1")
        assert second.headers["X-ClickHouse-Exception-Code"] == "216"
    _wait_until(lambda: _running(writer, "fence.1") == 0)
    slow = threading.Thread(target=_post, args=(endpoint, "SELECT sleep(1)"), kwargs={"query_id": "fence.2"})
    slow.start()
    _wait_until(lambda: _running(writer, "fence.2") == 1)
    found = writer.query("SELECT query FROM system.processes WHERE query_id = 'fence.2'").result_rows
    assert found == [("SELECT sleep(1)",)]
    slow.join()
    assert _running(writer, "fence.%") == 0


def test_readers_see_whole_inserts_while_writers_write(endpoint: Endpoint, writer: Client) -> None:
    name = _table(writer, "busy")
    stop, seen, failures = threading.Event(), [], []

    def read() -> None:
        with closing(connect(endpoint.reader, database="default")) as client:
            while not stop.is_set():
                count = client.query(f"SELECT count() FROM {name}").result_rows[0][0]
                seen.append(count)
                if count % 1000:
                    failures.append(count)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for thread in readers:
        thread.start()
    for _ in range(20):
        writer.command(_INPUT.format(name), data=_ROWS)
    stop.set()
    for thread in readers:
        thread.join()
    assert failures == []
    assert len(set(seen)) > 2
    assert writer.query(f"SELECT count() FROM {name}").result_rows == [(20_000,)]


def test_the_async_client_asks_in_parallel(endpoint: Endpoint) -> None:
    pytest.importorskip("aiohttp", reason="the async client needs aiohttp")
    url = urlsplit(endpoint.url)

    async def ask() -> tuple[list[Any], float]:
        client = await clickhouse_connect.get_async_client(
            host="127.0.0.1",
            port=url.port or 0,
            username="gateway",
            password=url.password or "",
            autogenerate_session_id=False,
        )
        try:
            began = time.monotonic()
            answers = await asyncio.gather(
                *(client.query("SELECT sleepEachRow(1), {n:UInt8}", parameters={"n": n}) for n in range(6))
            )
            return [answer.result_rows[0][1] for answer in answers], time.monotonic() - began
        finally:
            await client.close()

    numbers, seconds = asyncio.run(ask())
    assert numbers == list(range(6))
    assert seconds < 3


def test_more_readers_than_turns_are_answered_one_after_the_other(endpoint: Endpoint) -> None:
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(_post(endpoint, "SELECT sleep(0.2)").text)) for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["0\n"] * 24


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_asks_and_compresses_as_the_readme_says(endpoint: Endpoint) -> None:
    url = urlsplit(endpoint.reader)
    base = f"http://{url.username}:{url.password}@127.0.0.1:{url.port}/"
    asked = quote("SELECT number FROM numbers(3)")
    assert _curl(f"{base}?query={asked}") == "0\n1\n2\n"
    assert _curl(base, "--data-binary", "SELECT 1 AS a FORMAT JSONEachRow") == '{"a":1}\n'
    assert _curl("--compressed", f"{base}?enable_http_compression=1&query={asked}") == "0\n1\n2\n"
    assert (
        _curl("--http1.0", f"{base}?query={quote('SELECT count() FROM (SELECT * FROM numbers(200000))')}") == "200000\n"
    )
    assert len(_curl("--http1.0", f"{base}?query={quote('SELECT * FROM numbers(200000)')}")) == 1288890


def test_hostile_requests_get_an_answer_or_an_end_and_the_engine_lives(endpoint: Endpoint, writer: Client) -> None:
    port = urlsplit(endpoint.url).port or 0
    auth = b"Authorization: Basic " + b64encode(f"gateway:{urlsplit(endpoint.url).password}".encode()) + b"\r\n"
    for request in (
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + auth + b"Content-Length: nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + auth + b"Content-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + auth + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\n" + auth + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n" + auth + b"Content-Length: 3\r\n\r\n\xff\xfe\xfd",
        b"POST /?compress=1 HTTP/1.1\r\n" + auth + b"Content-Length: 8\r\n\r\nSELECT 1",
        b"POST /?"
        + b"&".join(b"a%d=1" % i for i in range(2000))
        + b" HTTP/1.1\r\n"
        + auth
        + b"Content-Length: 0\r\n\r\n",
        b"DELETE / HTTP/1.1\r\n" + auth + b"\r\n",
    ):
        with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as peer:
            peer.sendall(request)
            peer.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda peer=peer: peer.recv(65536), b""))  # type: ignore[misc]  # bound at once
            assert answer.split(b" ")[1:2] in ([b"400"], [b"414"], [b"501"], [b"505"]), request[:80]
    assert writer.query("SELECT 1").result_rows == [(1,)]


def test_whoever_speaks_to_the_warehouse_loads_neither_chdb_nor_pandas() -> None:
    code = "import sys, gateway.commands.sql; print({'chdb', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"


# What these tests speak with


def _curl(*arguments: str) -> str:
    return subprocess.run(["curl", "-sS", *arguments], capture_output=True, check=True, timeout=30).stdout.decode()


def _send(endpoint: Endpoint, sql: str, query_id: str) -> socket.socket:
    return _request(endpoint, query_id, sql.encode(), len(sql))


def _half_a_request(endpoint: Endpoint, sql: str, query_id: str, rows: bytes) -> socket.socket:
    """An INSERT whose body has not arrived whole."""
    return _request(endpoint, query_id, (sql + "\n").encode() + rows[: len(rows) // 2], len(sql) + 1 + len(rows))


def _request(endpoint: Endpoint, query_id: str, body: bytes, announced: int) -> socket.socket:
    url = urlsplit(endpoint.url)
    peer = socket.create_connection(("127.0.0.1", url.port or 0), timeout=10)
    auth = b64encode(f"gateway:{url.password}".encode()).decode()
    head = f"POST /?query_id={query_id} HTTP/1.1\r\nAuthorization: Basic {auth}\r\nContent-Length: {announced}\r\n\r\n"
    peer.sendall(head.encode() + body)
    return peer


def _running(client: Client, pattern: str) -> int:
    return int(client.query(f"SELECT count() FROM system.processes WHERE query_id LIKE '{pattern}'").result_rows[0][0])


def _wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not become true in time"
        time.sleep(0.02)
