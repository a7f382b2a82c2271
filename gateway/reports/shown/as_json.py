"""An answer for programs: what was asked, and every table with its columns, units and basis.

Pure; returns text. Amounts are JSON numbers with two decimals, days and times ISO 8601, durations as they are asked for
(`30m`), an estimate is an object of `value`, `low` and `high` (95 %).
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from gateway.reports.report import Answer, Cell, Estimate, Filled
from gateway.reports.shown.words import duration, tables_of


def as_json(answer: Answer, name: str = "") -> str:
    """All tables, or one."""
    question = answer.question
    whole = {
        "report": answer.report.name,
        "question": answer.report.question,
        "site": question.site,
        "first_day": question.since.isoformat(),
        "last_day": question.last_day.isoformat(),
        "time_zone": "UTC",
        "smallest_group": question.smallest_group,
        "options": dict(question.options),
        "tables": [_table(filled) for filled in tables_of(answer, name)],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1, default=duration) + "\n"


def _table(filled: Filled) -> dict[str, Any]:
    columns = filled.table.columns
    return {
        "name": filled.table.name,
        "title": filled.table.title,
        "basis": filled.table.basis,
        "columns": [{"name": c.name, "kind": c.kind.value, "unit": c.unit, "says": c.says} for c in columns],
        "rows": [{c.name: _plain(cell) for c, cell in zip(columns, row, strict=True)} for row in filled.rows],
    }


def _plain(cell: Cell) -> Any:
    if isinstance(cell, Estimate):
        return cell._asdict()
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return cell.isoformat() if isinstance(cell, date) else cell
