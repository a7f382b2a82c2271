"""What the engine reads out of a statement's text: where its rows begin, which format, whether it asks what runs."""

from __future__ import annotations

import pytest

from gateway.warehouse.engine_statements import find_format, find_insert, quote, with_query_ids

_FILE = b"FROM INFILE '/f' COMPRESSION 'none'"


def _over(text: bytes) -> tuple[bytes, bytes] | None:
    """(the statement over a file at /f, the rows), or None."""
    found = find_insert(text)
    return None if found is None else (b" ".join(found.over("/f").split()), text[found.rows_from :])


@pytest.mark.parametrize(
    ("text", "sql", "rows"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2\n", b"INSERT INTO t " + _FILE + b" FORMAT CSV", b"1,2\n"),
        (b"insert into t format TSV 1\t2", b"insert into t " + _FILE + b" FORMAT TSV", b"1\t2"),
        (
            b"INSERT INTO t (a) FORMAT Native\r\n\n\x00",
            b"INSERT INTO t (a) " + _FILE + b" FORMAT Native",
            b"\n\x00",
        ),
        (
            b"INSERT INTO t FORMAT RowBinary;\n;",
            b"INSERT INTO t " + _FILE + b" FORMAT RowBinary",
            b";",
        ),
        (b"INSERT INTO t FORMAT RowBinary", b"INSERT INTO t " + _FILE + b" FORMAT RowBinary", b""),
        (
            b"INSERT INTO t (a, b) SETTINGS async_insert=0, x='FORMAT' FORMAT JSONEachRow\n{}",
            b"INSERT INTO t (a, b) " + _FILE + b" SETTINGS async_insert=0, x='FORMAT' FORMAT JSONEachRow",
            b"{}",
        ),
        (
            b"INSERT INTO t VALUES (1, 'VALUES')",
            b"INSERT INTO t " + _FILE + b" FORMAT Values",
            b" (1, 'VALUES')",
        ),
        (
            b'/* FORMAT CSV */ INSERT INTO t (`FORMAT`, "VALUES") -- FORMAT X\n VALUES (1,2)',
            b'/* FORMAT CSV */ INSERT INTO t (`FORMAT`, "VALUES") -- FORMAT X ' + _FILE + b" FORMAT Values",
            b" (1,2)",
        ),
        (
            b"INSERT INTO t SELECT lower(a) FROM input('a Enum(\\'x\\'=1)') WHERE a='FORMAT' FORMAT JSONEachRow\n{}\n",
            b"INSERT INTO t SELECT lower(a) FROM file('/f', 'JSONEachRow', 'a Enum(\\'x\\'=1)') WHERE a='FORMAT'",
            b"{}\n",
        ),
        (
            b"INSERT INTO t SELECT a FROM (SELECT a FROM INPUT ( 'a Int8' ) ) SETTINGS x=1 FORMAT CSV\n1",
            b"INSERT INTO t SELECT a FROM (SELECT a FROM file('/f', 'CSV', 'a Int8') ) SETTINGS x=1",
            b"1",
        ),
    ],
)
def test_an_insert_is_parted_from_its_rows(text: bytes, sql: bytes, rows: bytes) -> None:
    assert _over(text) == (sql, rows)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"SELECT 1 FORMAT CSV",
        b"INSERT INTO t SELECT 1",
        b"INSERT INTO t SELECT 1 FORMAT CSV",
        b"INSERT INTO t SELECT * FROM (SELECT 'FORMAT CSV 1')",
        b"INSERT INTO t SELECT 'input(''x'') FORMAT CSV'",
        b"-- INSERT INTO t FORMAT CSV\nSELECT 1",
        b"EXPLAIN INSERT INTO t VALUES (1)",
        b"INSERT INTO t (format, values",
        b"INSERT INTO t SELECT '",
        b"INSERT INTO t FORMAT",
    ],
)
def test_other_statements_have_no_rows(text: bytes) -> None:
    assert find_insert(text) is None


def test_every_byte_after_the_format_is_a_row() -> None:
    rows = bytes(range(256)) * 3
    found = find_insert(b"INSERT INTO t FORMAT RowBinary\n" + rows)
    assert found is not None
    assert found.text[found.rows_from :] == rows


def test_hostile_bytes_are_read_in_linear_time_and_without_an_error() -> None:
    for text in (
        b"'" * 200_000,
        b"/*" * 200_000,
        b'"\\' * 100_000,
        b"(" * 200_000,
        b"INSERT " + b"`" * 199_999,
        bytes(range(256)) * 800,
    ):
        find_insert(text)
        find_format(text)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (b"SELECT 1", None),
        (b"SELECT 1 FORMAT JSON", "JSON"),
        (b"SELECT 1 FORMAT JSON SETTINGS max_threads=1", "JSON"),
        (b"SELECT 'FORMAT JSON'", None),
        (b"SELECT format('{}', 1) FROM (SELECT 1 FORMAT JSON)", None),
        (b'SELECT 1 AS "FORMAT" -- FORMAT JSON', None),
        (b"SELECT 1\n FORMAT Native", "Native"),
    ],
)
def test_the_format_of_an_answer_is_found(statement: bytes, expected: str | None) -> None:
    assert find_format(statement) == expected


def test_only_the_table_of_what_runs_is_rewritten() -> None:
    untouched = (
        b"SELECT 'system.processes', \"system.processes\", system.processes_x /* system.processes */ FROM processes"
    )
    assert with_query_ids(untouched, ["a"]) == untouched
    rewritten = with_query_ids(b"SELECT count() FROM system . processes WHERE query_id LIKE 'b%'", ["b'1", "c"])
    assert rewritten.endswith(b" WHERE query_id LIKE 'b%'")
    assert b"arrayJoin(['b\\'1','c'])" in rewritten


def test_a_quoted_text_holds_its_quotes_and_backslashes() -> None:
    assert quote("a'b\\c") == "'a\\'b\\\\c'"
