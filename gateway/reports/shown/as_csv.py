"""One table of an answer as CSV (RFC 4180). An estimate takes three columns: the value, `_low` and `_high` (95 %).

Pure; returns text. Why an apostrophe before some texts: spreadsheets run what begins like a formula, and names of
events and campaigns come from the internet. Source: OWASP, CSV Injection.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal

from gateway.reports.report import Answer, Cell, Column, Estimate, Kind
from gateway.reports.shown.words import tables_of

#: The signs that spreadsheets take for the beginning of a formula, full-width ones included.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_ESTIMATED = frozenset({Kind.SHARE, Kind.RATIO, Kind.FIGURE})


class _Lines:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        self.parts.append(text)


def as_csv(answer: Answer, name: str = "") -> str:
    """The first table, or the one of that name."""
    filled = tables_of(answer, name)[0]
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow([head for column in filled.table.columns for head in _heads(column)])
    for row in filled.rows:
        cells = zip(filled.table.columns, row, strict=True)
        writer.writerow([text for column, cell in cells for text in _texts(column, cell)])
    return "".join(lines.parts)


def _heads(column: Column) -> tuple[str, ...]:
    if column.kind in _ESTIMATED:
        return column.name, f"{column.name}_low", f"{column.name}_high"
    return (column.name,)


def _texts(column: Column, cell: Cell) -> Iterator[str]:
    parts = cell if isinstance(cell, Estimate) else (cell, None, None)
    for part, _ in zip(parts, _heads(column), strict=False):
        yield _text(part)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, (int, float, Decimal)):
        return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
    text = str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
