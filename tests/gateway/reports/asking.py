"""A warehouse for tests of reports: the real engine, rows written straight into it, reports asked as people do."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.reports import REPORTS
from gateway.reports.report import Answer, Question, Row, answer
from gateway.warehouse.connect import connect
from gateway.warehouse.engine_endpoint import read_endpoint
from tests.laid import lay_warehouse

#: A day on which tests let things happen.
DAY = datetime(2026, 11, 2, tzinfo=UTC)
_NIL = str(uuid.UUID(int=0))


def pseudonym(name: str) -> str:
    """The pseudonym of a test's visitor or session; '' is nobody's."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name)) if name else _NIL


class Warehouse:
    """One engine process, the two addresses of its warehouse, and a client for each."""

    def __init__(self, data: Path) -> None:
        command = [sys.executable, "-m", "gateway", "engine", "--data", str(data), "--until-stdin-closes"]
        lay_warehouse(data)
        self.data = data
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        until = time.monotonic() + 30
        while (found := read_endpoint(data)) is None:
            assert self.process.poll() is None, self.process.communicate()[1].decode()
            assert time.monotonic() < until, "the engine was not ready in time"
            time.sleep(0.02)
        self.url, self.reader = found.url, found.reader
        self._writing, self._reading = connect(found.url), connect(found.reader)

    def end(self) -> None:
        self._writing.close()
        self._reading.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)

    def empty(self) -> None:
        for table in ("events", "tallies", "consent_ledger", "decisions"):
            self._writing.command(f"TRUNCATE TABLE gateway.{table}")

    def insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Rows by column name; columns that no row names get their defaults."""
        if not rows:
            return
        names = sorted({name for row in rows for name in row})
        self._writing.insert(f"gateway.{table}", [[row[name] for name in names] for row in rows], column_names=names)

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """What the read-only user is answered."""
        result = self._reading.query(sql, parameters=dict(parameters or {}))
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    def ask(self, name: str, first: date, last: date, **options: str) -> Answer:
        """A report over these days; options as on the command line."""
        report = REPORTS[name]
        floor = int(options.pop("smallest_group", "1"))
        site = options.pop("site", "")
        chosen = {one.name: one.read(options.pop(one.name, one.default)) for one in report.options}
        assert not options
        question = Question(first, last + timedelta(days=1), site, floor, chosen)
        return answer(report, question, self.rows)


@contextmanager
def a_warehouse(data: Path) -> Iterator[Warehouse]:
    """An engine for the block."""
    warehouse = Warehouse(data)
    try:
        yield warehouse
    finally:
        warehouse.end()


def table(found: Answer, name: str) -> list[Row]:
    """The rows of a table of an answer, by column name."""
    filled = next(one for one in found.tables if one.table.name == name)
    names = [column.name for column in filled.table.columns]
    return [dict(zip(names, row, strict=True)) for row in filled.rows]


def event(name: str, minute: float, visitor: str = "", **more: Any) -> dict[str, Any]:
    """A row of events, `minute` minutes into the day of tests.

    Without a visitor it is nobody's; `kind` says how far the visitor reaches, `session` names a session.
    """
    at = DAY + timedelta(minutes=minute)
    kind = more.pop("kind", "durable" if visitor else "none")
    row = {
        "site": "demo", "event": name, "event_id": str(uuid.uuid4()), "event_time": at, "received_at": at,
        "adapter": "own", "visitor": pseudonym(visitor), "visitor_kind": kind,
        "session": pseudonym(more.pop("session", "")), "stage": "", "region": "everywhere_alike",
        "purposes": ["operations", "counting", "analytics"] if kind == "durable" else ["operations", "counting"],
        "policy": "0123456789abcdef", "contract": "", "verdict": "valid", "source": "", "medium": "", "campaign": "",
        "channel": "", "country": "IT", "device": "mobile", "product_id": "", "category": "", "seller_id": "",
        "order_id": "", "value": 0, "currency": "", "bot": False, "items": [],
        "expires_at": at + timedelta(days=395), "identity_expires_at": at + timedelta(days=395), "batch": 1,
    }  # fmt: skip
    assert set(more) <= set(row), set(more) - set(row)
    return {**row, **more}


def purchase(minute: float, visitor: str, order: str, value: str, **more: Any) -> dict[str, Any]:
    """A purchase in euro, if not told otherwise."""
    return event(
        "purchase",
        minute,
        visitor,
        **{"stage": "conversion", "order_id": order, "value": value, "currency": "EUR", **more},
    )
