"""Reports, asked: of which days, and how the room of reports is lent a way to the warehouse. For command and page.

May not: compute anything; ask as anybody but the user who only reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from gateway.reports.report import Answer, Question, Report, Row, answer
from gateway.warehouse.connect import connect, translated
from gateway.warehouse.engine_process import lent

_AGO = re.compile(r"(\d{1,4})d")
_LONGEST_DAYS = 800


def read_day(text: str) -> date:
    """A day, UTC: 2026-11-22, today, yesterday, or 7d for so many days ago. Raises ValueError with a sentence."""
    ago = {"today": "0", "yesterday": "1"}.get(text) or (found[1] if (found := _AGO.fullmatch(text)) else None)
    if ago is not None:
        return datetime.now(UTC).date() - timedelta(days=int(ago))
    try:
        return date.fromisoformat(text)
    except ValueError:
        say = f"{text!r} is no day; write 2026-11-22, today, yesterday, or 7d for seven days ago"
        raise ValueError(say) from None


def period(one: Report, since: date | None, until: date | None) -> tuple[date, date]:
    """First and last day; those that a report looks back on where they were not said. Raises ValueError."""
    last = until or datetime.now(UTC).date() - timedelta(days=int(one.whole_days))
    try:
        first = since or last - timedelta(days=one.days - 1)
    except OverflowError:
        first = last
    if not 0 <= (last - first).days < _LONGEST_DAYS or not 1970 < first.year <= last.year < 2100:
        raise ValueError(f"--since {first} to --until {last} is no period of 1 to {_LONGEST_DAYS} days")
    return first, last


def answered(one: Report, question: Question, target: str, data: Path) -> Answer:
    """The report, filled. Raises WarehouseError."""
    with _client(target, data) as (client, url):

        def ask(statement: str, parameters: Mapping[str, Any]) -> list[Row]:
            with translated(url):
                result = client.query(statement, parameters=dict(parameters))
                return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

        return answer(one, question, ask)


@contextmanager
def _client(target: str, data: Path) -> Iterator[tuple[Client, str]]:
    """A client that reads: of the target, or of the embedded engine as its read-only user."""
    if target != "embedded":
        with closing(connect(target)) as client:
            yield client, target
        return
    with lent(data) as endpoint, closing(connect(endpoint.reader)) as client:
        yield client, endpoint.reader
