"""Answers as people and programs read them: a table for a terminal, JSON, CSV, a page. One file each.

May not: compute a number, ask anything, write anywhere; each returns text.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.reports.report import Answer
from gateway.reports.shown.as_csv import as_csv
from gateway.reports.shown.as_html import as_html
from gateway.reports.shown.as_json import as_json
from gateway.reports.shown.as_table import as_table

#: Format -> what writes it: the whole answer, or only the table of that name ('' for all; CSV: the first).
FORMATS: dict[str, Callable[[Answer, str], str]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
    "html": as_html,
}
