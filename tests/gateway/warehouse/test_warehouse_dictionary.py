"""What the documents say of the warehouse is what the warehouse says of itself."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

from gateway.warehouse.dictionary import markdown, relations


def test_every_table_and_view_is_described_as_it_describes_itself(writer: Client) -> None:
    tables = "SELECT name, if(engine = 'View', 'view', 'table'), comment FROM system.tables WHERE database = 'gateway'"
    assert sorted((r.name, r.kind, r.purpose) for r in relations()) == sorted(
        map(tuple, writer.query(tables).result_rows)
    )


def test_every_column_is_described_in_its_place_with_its_type(writer: Client) -> None:
    sql = "SELECT table, name, type, comment FROM system.columns WHERE database = 'gateway' ORDER BY table, position"
    described = [(r.name, c.name, c.type, c.meaning) for r in sorted(relations()) for c in r.columns]
    assert described == writer.query(sql).result_rows


def test_a_relation_is_a_markdown_table_that_nothing_in_it_breaks() -> None:
    for relation in relations():
        rows = [line for line in markdown(relation).splitlines() if line.startswith("|")]
        assert len(rows) == len(relation.columns) + 2
        assert {row.count("|") for row in rows} == {4}
