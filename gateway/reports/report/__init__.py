"""The nouns of reports: a question, its statements, its tables, its columns with units, the smallest group it may show.

May not: know any one report; read a clock, a disk (but SQL of the package), a network or a database. Whoever runs a
report passes `ask`, which sends one statement with its parameters and returns the rows.

Rules
    1. Values reach the warehouse as server-side parameters only; the text of a statement never changes.
    2. A number with an interval is an `Estimate`: the value, and where the true one lies with 95 % confidence.
    3. A table says what its numbers rest on (`basis`): whose consent they need, and whom they leave out.
    4. Groups of fewer people than `Question.smallest_group` are put together (`folding`) before anything is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from gateway.reports.report.folding import Fold, folded, told
from gateway.reports.report.intervals import Estimate

__all__ = [
    "Answer", "Cell", "Chart", "Column", "Estimate", "Fold", "Kind", "Option", "Question", "Report", "Results", "Row",
    "Table", "answer",
]  # fmt: skip

Cell = str | int | float | bool | Decimal | date | datetime | Estimate | None
#: A row under way: what the warehouse said, by name. `Any`, because ClickHouse's types enter here.
Row = dict[str, Any]
#: What each statement of a report answered, by the statement's name.
Results = Mapping[str, list[Row]]
#: Sends one statement with its parameters; returns the rows. Has to bear several threads, see `Report.at_once`.
Ask = Callable[[str, Mapping[str, Any]], list[Row]]

#: Groups of fewer people than this are not shown by themselves, unless somebody asks for it.
SMALLEST_GROUP = 10


class Kind(StrEnum):
    """What a column holds; decides how it is written."""

    TEXT = "text"
    DAY = "day"
    MOMENT = "moment"
    COUNT = "count"
    MONEY = "money"
    SHARE = "share"  # 0 to 1; written in percent
    CHANGE = "change"  # 0.1 is a tenth more than before; written in percent with a sign
    RATIO = "ratio"  # times
    FIGURE = "figure"  # whatever its row is about: a count, an amount, a share


class Column(NamedTuple):
    """A column: its unit ('' for text), and one sentence. `of` computes it from the row; else the row has it."""

    name: str
    kind: Kind
    unit: str
    says: str
    of: Callable[[Row], Cell] | None = None


class Chart(NamedTuple):
    """How a table is drawn: `bars` (one per row; a chart for each value of `split`), `days` (a column per day, compared
    with the column `split`), or `tiles` (figures, instead of the table)."""

    shape: str
    label: str
    value: str
    split: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of an answer. `rows` makes its rows of the results; without it they are those of `name`'s statement."""

    name: str
    title: str
    basis: str
    columns: tuple[Column, ...]
    fold: Fold | None = None
    charts: tuple[Chart, ...] = ()
    rows: Callable[[Results, Question], list[Row]] | None = None


class Option(NamedTuple):
    """What may be chosen about a report. `read` makes a value of the text, or raises ValueError with a sentence."""

    name: str
    default: str
    says: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: days from `since` to before `until` (UTC), of one site or ('') all, with the report's options."""

    since: date
    until: date
    site: str = ""
    smallest_group: int = SMALLEST_GROUP
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def before(self) -> date:
        """The first day of the period of the same length just before."""
        return self.since - (self.until - self.since)

    @property
    def last_day(self) -> date:
        return self.until - timedelta(days=1)


def _all(report: Report, _question: Question) -> Sequence[str]:
    return tuple(report.statements)


@dataclass(frozen=True, slots=True)
class Report:
    """A question and how it is answered. `days` is how many it looks back on unless told.

    `chosen` names the statements that a question needs; `parameters` adds to what each of them gets, by its name.
    `whole_days` says that today, which is not over, is left out unless asked for. `at_once` is how many of its
    statements may be under way. Why more than one: each alone leaves cores idle while it plans, sorts and sends.
    """

    name: str
    question: str
    statements: Mapping[str, str]
    tables: tuple[Table, ...]
    options: tuple[Option, ...] = ()
    days: int = 30
    whole_days: bool = False
    at_once: int = 1
    chosen: Callable[[Report, Question], Sequence[str]] = _all
    parameters: Callable[[Question, str], Mapping[str, Any]] = lambda question, _statement: question.options


class Filled(NamedTuple):
    """A table with its rows: one cell per column."""

    table: Table
    rows: list[tuple[Cell, ...]]


class Answer(NamedTuple):
    """A report's tables, filled."""

    report: Report
    question: Question
    tables: tuple[Filled, ...]


def answer(report: Report, question: Question, ask: Ask) -> Answer:
    """Asks what the report needs and fills its tables. Raises what `ask` raises."""
    results = _asked(report, question, ask)
    return Answer(report, question, tuple(_filled(table, results, question) for table in report.tables))


def _asked(report: Report, question: Question, ask: Ask) -> Results:
    names = report.chosen(report, question)
    with ThreadPoolExecutor(report.at_once) as lanes:
        found = lanes.map(lambda name: ask(report.statements[name], _sent(report, question, name)), names)
        return dict(zip(names, found, strict=True))


def _sent(report: Report, question: Question, statement: str) -> Mapping[str, Any]:
    """The parameters of one statement. `begin` is the first day of which visits are read; `told` is how many people of
    a group are told apart, so that groups can be folded."""
    since = question.since.isoformat()
    return {
        "site": question.site,
        "before": question.before.isoformat(),
        "begin": since,
        "since": since,
        "until": question.until.isoformat(),
        "told": told(question.smallest_group),
        **report.parameters(question, statement),
    }


def _filled(table: Table, results: Results, question: Question) -> Filled:
    rows = table.rows(results, question) if table.rows else results[table.name]
    if table.fold is not None:
        rows = folded(rows, table.fold, question.smallest_group)
    return Filled(table, [_computed(table.columns, row) for row in rows])


def _computed(columns: tuple[Column, ...], row: Row) -> tuple[Cell, ...]:
    whole = dict(row)
    for column in columns:
        if column.of is not None:
            whole[column.name] = column.of(whole)
    return tuple(whole[column.name] for column in columns)
