"""The engine as clients see it: the real clickhouse-connect against the real process."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import lz4.frame  # type: ignore[import-untyped]  # no stubs
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

_ROWS = b"".join(b'{"a":"%d","b":"x%d"}\n' % (i, i) for i in range(1000))
_ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
}


def _table(client: Client, name: str) -> str:
    client.command(f"CREATE OR REPLACE TABLE {name} (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
    return name


@pytest.mark.parametrize("encoding", _ENCODE)
def test_an_insert_through_input_stores_every_row_of_its_body(writer: Client, encoding: str) -> None:
    name = _table(writer, f"rows_{encoding}")
    sql = f"INSERT INTO {name} (a, b) SELECT toUInt32(a), b FROM input('a String, b String') FORMAT JSONEachRow"
    headers = {"Content-Encoding": encoding}

    summary = writer.command(sql, data=_ENCODE[encoding](_ROWS), transport_settings=headers)

    assert summary.written_rows == 1000  # type: ignore[union-attr]  # a QuerySummary
    assert writer.query(f"SELECT count(), sum(a), max(b) FROM {name}").result_rows == [(1000, 499500, "x999")]


def test_a_broken_row_fails_the_whole_insert(writer: Client) -> None:
    name = _table(writer, "broken")
    sql = f"INSERT INTO {name} (a, b) SELECT toUInt32(a), b FROM input('a String, b String') FORMAT JSONEachRow"
    with pytest.raises(DatabaseError) as caught:
        writer.command(sql, data=b'{"a":"1","b":"x"}\n{"a":"no number","b":"x"}\n')
    assert caught.value.code == 6
    assert writer.query(f"SELECT count() FROM {name}").result_rows == [(0,)]
