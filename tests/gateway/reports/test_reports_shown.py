"""Answers as tables, JSON, CSV and pages: complete, safe to open, and safe against what names of events may hold."""

from __future__ import annotations

import csv
import json
import re
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from gateway.reports import REPORTS
from gateway.reports.report import (
    Answer,
    Cell,
    Chart,
    Column,
    Estimate,
    Filled,
    Kind,
    Question,
    Report,
    Table,
)
from gateway.reports.shown import FORMATS
from gateway.reports.shown.words import said

_EVIL = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><script>x</script>", "=cmd|' /C calc'!A0",
    "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\uff1d1+1", " =1", "a\x1b[31mred", "line\nbreak", "\u202egpj.exe",
    "&amp;", "'",
]  # fmt: skip

_TYPES = r"String|Date|UInt8|UInt16|UInt64|Float64|Identifier|Array\((String|UInt64)\)"
_COLUMNS = (
    Column("event", Kind.TEXT, "", "What."),
    Column("day", Kind.DAY, "UTC", "When."),
    Column("at", Kind.MOMENT, "UTC", "When exactly."),
    Column("n", Kind.COUNT, "events", "How many."),
    Column("amount", Kind.MONEY, "currency units", "How much."),
    Column("rate", Kind.SHARE, "of visits", "Share."),
    Column("moved", Kind.CHANGE, "of before", "Change."),
    Column("lift", Kind.RATIO, "times", "Lift."),
)


def _row(name: str) -> tuple[Cell, ...]:
    return (
        name, date(2026, 11, 2), datetime(2026, 11, 2, 3, 4, 5), 1234, Decimal("1234.50"), Estimate(0.25, 0.2, 0.31),
        -0.5, None,
    )  # fmt: skip


def _answer(names: list[str]) -> Answer:
    charts = (
        Chart("bars", "event", "rate"),
        Chart("days", "day", "n", "amount"),
        Chart("bars", "event", "n", split="event"),
    )
    one = Table("one", "One <b>", "Based on & nothing", _COLUMNS, charts=charts)
    other = Table("two", "Two", "", _COLUMNS[:1])
    report = Report("r", "What <i>is</i> it?", {}, (one, other))
    question = Question(date(2026, 11, 1), date(2026, 11, 3), site="<demo>")
    return Answer(report, question, (Filled(one, [_row(name) for name in names]), Filled(other, [("x",)])))


def test_csv_is_a_rectangle_that_reads_back_with_intervals_in_columns_of_their_own() -> None:
    rows = list(csv.reader(FORMATS["csv"](_answer(["view", 'with "quotes", and commas']), "").splitlines()))
    assert rows[0] == ["event", "day", "at", "n", "amount", "rate", "rate_low", "rate_high", "moved",
                       "lift", "lift_low", "lift_high"]  # fmt: skip
    assert {len(row) for row in rows} == {12}
    assert rows[2][0] == 'with "quotes", and commas'
    assert rows[1][1:] == [
        "2026-11-02",
        "2026-11-02 03:04:05",
        "1234",
        "1234.50",
        "0.25",
        "0.2",
        "0.31",
        "-0.5",
        "",
        "",
        "",
    ]


@pytest.mark.parametrize("name", _EVIL)
def test_no_text_in_csv_begins_like_a_formula(name: str) -> None:
    text = FORMATS["csv"](_answer([name]), "")
    found = list(csv.reader(text.split("\r\n") if "\n" not in name else [text.partition("\r\n")[2]]))
    cell = found[0][0] if "\n" in name else found[1][0]
    assert cell.lstrip(" ")[:1] not in tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


def test_a_number_below_zero_is_no_formula() -> None:
    assert ",-0.5," in FORMATS["csv"](_answer(["x"]), "")


class _Page(HTMLParser):
    """What a browser would make of it: tags, attributes, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_page_needs_nothing_from_anywhere_and_runs_nothing() -> None:
    text = FORMATS["html"](_answer(_EVIL), "")
    page = _Page(text)
    assert not {"script", "img", "iframe", "object", "embed", "link", "form", "a", "b", "i"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert "default-src 'none'" in text
    assert re.findall(r"https?://[^\"' ]+", text) == ["http://www.w3.org/2000/svg"] * text.count("<svg")
    assert "url(" not in text
    assert "@import" not in text


def test_a_page_shows_every_cell_as_it_is() -> None:
    page = _Page(FORMATS["html"](_answer(_EVIL), ""))
    assert all(name in page.texts for name in _EVIL)
    assert "25.0 % (20.0–31.0)" in page.texts


def test_charts_are_drawn_by_the_server_and_told_to_who_cannot_see() -> None:
    page = _Page(FORMATS["html"](_answer(["view"]), ""))
    assert page.tags.count("svg") == 3
    assert ("aria-label", "Share.") in page.attributes
    assert "polyline" in page.tags
    assert "view: 25.0 % (20.0–31.0)" in page.texts


def test_an_empty_answer_is_a_page_that_says_so() -> None:
    page = _Page(FORMATS["html"](_answer([]), ""))
    assert "Nothing in these days." in page.texts
    assert "(nothing)" in FORMATS["table"](_answer([]), "")


@pytest.mark.parametrize("name", _EVIL)
def test_a_terminal_is_shown_no_control_characters(name: str) -> None:
    text = FORMATS["table"](_answer([name]), "")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert text.count("\n") == FORMATS["table"](_answer(["x"]), "").count("\n")


def test_json_holds_everything_with_units_and_basis() -> None:
    found: dict[str, Any] = json.loads(FORMATS["json"](_answer(["view"]), ""))
    assert (found["first_day"], found["last_day"], found["time_zone"]) == ("2026-11-01", "2026-11-02", "UTC")
    (table, _) = found["tables"]
    assert table["basis"] == "Based on & nothing"
    assert table["columns"][4] == {"name": "amount", "kind": "money", "unit": "currency units", "says": "How much."}
    assert table["rows"] == [{
        "event": "view", "day": "2026-11-02", "at": "2026-11-02T03:04:05.000Z", "n": 1234, "amount": 1234.5,
        "rate": {"value": 0.25, "low": 0.2, "high": 0.31}, "moved": -0.5, "lift": None,
    }]  # fmt: skip


def test_one_table_can_be_had_by_its_name() -> None:
    assert FORMATS["csv"](_answer(["view"]), "two") == "event\r\nx\r\n"
    assert [table["name"] for table in json.loads(FORMATS["json"](_answer(["view"]), "two"))["tables"]] == ["two"]


@pytest.mark.parametrize(
    ("cell", "kind", "text"),
    [
        (None, Kind.COUNT, "–"), (0.0, Kind.SHARE, "0.0 %"), (0.00012, Kind.SHARE, "0.012 %"),
        (0.0001, Kind.CHANGE, "0.0 %"),
        (1.5, Kind.CHANGE, "+150.0 %"), (Estimate(1.5, 1.2, 2), Kind.RATIO, "1.50 × (1.20–2.00)"),
        (Decimal("5"), Kind.FIGURE, "5.00"), (5, Kind.FIGURE, "5"), (0.5, Kind.FIGURE, "50.0 %"),
    ],
)  # fmt: skip
def test_cells_in_words(cell: Cell, kind: Kind, text: str) -> None:
    assert said(cell, kind) == text


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_report_documents_itself(name: str) -> None:
    report = REPORTS[name]
    assert report.question.endswith(("?", "."))
    for table in report.tables:
        assert table.basis.endswith("."), table.name
        assert len({column.name for column in table.columns}) == len(table.columns)
        for column in table.columns:
            assert column.says.endswith("."), (table.name, column.name)
            assert column.unit or column.kind is Kind.TEXT, (table.name, column.name)
        for chart in table.charts:
            known = {column.name for column in table.columns}
            split = {chart.split} if chart.split else set()
            assert {chart.label, chart.value} | split <= known, (table.name, chart)


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_no_statement_is_put_together_from_values(name: str) -> None:
    """What a statement takes is a parameter with a type; nothing of Python's or of a template's is left in it."""
    for statement, text in REPORTS[name].statements.items():
        assert not re.search(r"%\(|\$\{|\{\}|\{[a-z_]+\}", text), statement
        for parameter in re.findall(r"\{([^}]*)\}", text):
            assert re.fullmatch(rf"[a-z_]+:({_TYPES})", parameter), parameter
