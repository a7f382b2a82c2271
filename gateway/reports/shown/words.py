"""Cells in words, and the line that says what was asked: the same in a terminal and on a page.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from gateway.reports.report import Answer, Cell, Estimate, Filled, Kind
from gateway.reports.report.options import UNITS

NOTHING = "–"


def said(cell: Cell, kind: Kind) -> str:
    """A cell as people read it; nothing is an en dash."""
    return NOTHING if cell is None else _SAID[kind](cell)


def _share(cell: Any) -> str:
    if isinstance(cell, Estimate):
        return f"{_percent(cell.value)} % ({_percent(cell.low)}–{_percent(cell.high)})"
    return f"{_percent(cell)} %"


def _percent(value: float) -> str:
    return f"{value * 100:.1f}" if value >= 0.001 or value == 0 else f"{value * 100:.3f}"


def _ratio(cell: Any) -> str:
    return f"{cell.value:.2f} × ({cell.low:.2f}–{cell.high:.2f})" if isinstance(cell, Estimate) else f"{cell:.2f} ×"


def _figure(cell: Any) -> str:
    kinds = {int: Kind.COUNT, Decimal: Kind.MONEY, Estimate: Kind.SHARE, float: Kind.SHARE}
    return said(cell, kinds.get(type(cell), Kind.TEXT))


def _moment(cell: datetime) -> str:
    return cell.strftime("%Y-%m-%d %H:%M:%S")


#: Kind -> how a cell of it is written.
_SAID: Mapping[Kind, Callable[[Any], str]] = {
    Kind.TEXT: str,
    Kind.DAY: date.isoformat,
    Kind.MOMENT: _moment,
    Kind.COUNT: lambda cell: f"{cell:,}",
    Kind.MONEY: lambda cell: f"{cell:,.2f}",
    Kind.SHARE: _share,
    Kind.CHANGE: lambda cell: f"{cell * 100:+,.1f} %" if abs(cell) >= 0.0005 else "0.0 %",
    Kind.RATIO: _ratio,
    Kind.FIGURE: _figure,
}


def asked(answer: Answer) -> str:
    """What was asked, in one line."""
    question = answer.question
    parts = [
        f"site {question.site}" if question.site else "all sites",
        f"{question.since} to {question.last_day} (UTC)",
        *(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in question.options.items() if value),
    ]
    if any(table.fold for table in answer.report.tables):
        parts.append(f"groups of fewer than {question.smallest_group} people together")
    return ", ".join(parts)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " > ".join(map(_plain, value))
    if isinstance(value, timedelta):
        return duration(value)
    return f"{value:g} days" if isinstance(value, float) else str(value)


def duration(value: timedelta) -> str:
    """As it may be asked for: `30m`, in the largest unit that has no remainder; none is `0`."""
    unit = next(unit for unit, length in UNITS.items() if not value % length)
    return f"{value // UNITS[unit]}{unit}" if value else "0"


def tables_of(answer: Answer, name: str) -> tuple[Filled, ...]:
    """The table of that name, or all of them."""
    return tuple(filled for filled in answer.tables if name in ("", filled.table.name))
