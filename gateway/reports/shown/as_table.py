"""An answer for a terminal: aligned columns, each table under what its numbers rest on.

Pure; returns text. Why control characters are replaced: names of events and campaigns come from the internet, and a
terminal obeys what it is shown.
"""

from __future__ import annotations

import textwrap
import unicodedata

from gateway.reports.report import Answer, Filled, Kind
from gateway.reports.shown.words import asked, said, tables_of

_LEFT = frozenset({Kind.TEXT, Kind.DAY, Kind.MOMENT})
_WIDTH = 110


def as_table(answer: Answer, name: str = "") -> str:
    """All tables, or one."""
    head = [answer.report.question, asked(answer), ""]
    return "\n".join([*head, *(line for filled in tables_of(answer, name) for line in _lines(filled))])


def _lines(filled: Filled) -> list[str]:
    columns = filled.table.columns
    rows = [[_safe(said(cell, column.kind)) for cell, column in zip(row, columns, strict=True)] for row in filled.rows]
    widths = [max(len(text) for text in (column.name, *(row[i] for row in rows))) for i, column in enumerate(columns)]
    head = _line([column.name for column in columns], filled, widths)
    body = [_line(row, filled, widths) for row in rows] or ["(nothing)"]
    rests = textwrap.wrap(f"{filled.table.basis}", _WIDTH)
    return [filled.table.title, *rests, head, "-" * len(head), *body, ""]


def _line(texts: list[str], filled: Filled, widths: list[int]) -> str:
    columns = zip(texts, filled.table.columns, widths, strict=True)
    return "  ".join(t.ljust(w) if column.kind in _LEFT else t.rjust(w) for t, column, w in columns).rstrip()


def _safe(text: str) -> str:
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in ("Cc", "Cf") else char for char in text)
