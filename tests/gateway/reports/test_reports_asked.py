"""A report is answered by its statements: in order, one after the other, or as many at once as it says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from gateway.reports.report import Question, Report, Row, Table, answer
from gateway.reports.report.columns import text

_QUESTION = Question(date(2026, 11, 2), date(2026, 11, 3))


def _report(at_once: int) -> Report:
    names = ("first", "second", "third")
    tables = tuple(Table(name, name, "everybody", (text("said", "Its own name."),)) for name in names)
    return Report("r", "What?", {name: f"SELECT '{name}'" for name in names}, tables, at_once=at_once)


@pytest.mark.parametrize("at_once", [1, 3])
def test_as_many_statements_are_under_way_as_the_report_says(at_once: int) -> None:
    together = threading.Barrier(at_once, timeout=10)

    def ask(statement: str, _parameters: Mapping[str, Any]) -> list[Row]:
        together.wait()
        return [{"said": statement}]

    found = answer(_report(at_once), _QUESTION, ask)
    assert [filled.rows for filled in found.tables] == [
        [("SELECT 'first'",)],
        [("SELECT 'second'",)],
        [("SELECT 'third'",)],
    ]


@pytest.mark.parametrize("at_once", [1, 3])
def test_what_asking_raises_is_raised_and_nothing_half_is_answered(at_once: int) -> None:
    def ask(statement: str, _parameters: Mapping[str, Any]) -> list[Row]:
        if "second" in statement:
            raise ConnectionError("gone")
        return [{"said": statement}]

    with pytest.raises(ConnectionError, match="gone"):
        answer(_report(at_once), _QUESTION, ask)
