"""An answer as one page that needs nothing else: no script, no font, no picture from anywhere; charts are SVG.

Pure; returns markup. Every text is escaped, and the page forbids itself to load anything (Content-Security-Policy).
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from gateway.reports.report import Answer, Cell, Chart, Filled, Kind
from gateway.reports.shown.svg import Mark, bars, days
from gateway.reports.shown.words import NOTHING, asked, said, tables_of

_CHARTS_AT_MOST = 6
_LEFT = frozenset({Kind.TEXT, Kind.DAY, Kind.MOMENT})
_FOOT = (
    f"Ranges in parentheses hold the true value with 95 % confidence. {NOTHING} means that there is nothing to compute."
)
_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def as_html(answer: Answer, name: str = "") -> str:
    """All tables, or one."""
    style = files("gateway.reports.shown").joinpath("page.css").read_text(encoding="utf-8")
    title = escape(answer.report.question)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_CSP}">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body_of(answer, name)}
</body>
</html>
"""


def body_of(answer: Answer, name: str = "") -> str:
    """What such a page shows, for a page that has a head and a style of its own."""
    sections = "\n".join(_section(filled) for filled in tables_of(answer, name))
    return f"""<header><h1>{escape(answer.report.question)}</h1><p>{escape(asked(answer))}</p></header>
<main>
{sections}
</main>
<footer><p>{_FOOT}</p></footer>"""


def _section(filled: Filled) -> str:
    table = filled.table
    tiles = [chart for chart in table.charts if chart.shape == "tiles"]
    drawn = "".join(figure for chart in table.charts if chart.shape != "tiles" for figure in _figures(filled, chart))
    body = _tiles(filled) if tiles else drawn + _table(filled)
    return f'<section><h2>{escape(table.title)}</h2><p class="basis">{escape(table.basis)}</p>{body}</section>'


def _figures(filled: Filled, chart: Chart) -> Iterator[str]:
    """One chart, or one for each value of the column that splits it."""
    places = {column.name: i for i, column in enumerate(filled.table.columns)}
    kind, says = filled.table.columns[places[chart.value]].kind, filled.table.columns[places[chart.value]].says
    if not filled.rows:
        return
    if chart.shape == "days":
        yield _figure(
            days(says, [_mark(row, places, chart, chart.split) for row in filled.rows], kind), says, bool(chart.split)
        )
        return
    splits = dict.fromkeys(str(row[places[chart.split]]) for row in filled.rows) if chart.split else {"": None}
    for value in list(splits)[:_CHARTS_AT_MOST]:
        rows = [row for row in filled.rows if not chart.split or str(row[places[chart.split]]) == value]
        title = f"{says} {value}" if len(splits) > 1 else says
        yield _figure(bars(title, [_mark(row, places, chart) for row in rows], kind), title)


def _mark(row: tuple[Cell, ...], places: dict[str, int], chart: Chart, before: str = "") -> Mark:
    return Mark(str(row[places[chart.label]]), row[places[chart.value]], row[places[before]] if before else None)


def _figure(svg: str, says: str, compared: bool = False) -> str:
    legend = ' <span class="legend">line: the period before</span>' if compared else ""
    return f"<figure><figcaption>{escape(says)}{legend}</figcaption>{svg}</figure>"


def _table(filled: Filled) -> str:
    columns = filled.table.columns
    heads = "".join(
        f'<th scope="col" title="{escape(column.says)}"{_align(column.kind)}>{escape(column.name.replace("_", " "))}'
        f"{f'<small>{escape(column.unit)}</small>' if column.unit else ''}</th>"
        for column in columns
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{_align(c.kind)}>{escape(said(cell, c.kind))}</td>" for c, cell in zip(columns, row, strict=True)
        )
        + "</tr>"
        for row in filled.rows
    )
    nothing = f'<tr><td colspan="{len(columns)}">Nothing in these days.</td></tr>'
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows or nothing}</tbody></table></div>'


def _align(kind: Kind) -> str:
    return "" if kind in _LEFT else ' class="number"'


def _tiles(filled: Filled) -> str:
    """Figures as tiles: the figure, how it moved, whom it is about."""
    return f'<ul class="tiles">{"".join(_tile(row) for row in filled.rows)}</ul>'


def _tile(row: tuple[Cell, ...]) -> str:
    figure, now, before, change, basis = row
    value, _, interval = said(now, Kind.FIGURE).partition(" (")
    small = f"<small>({escape(interval)}</small>" if interval else ""
    was = said(before, Kind.FIGURE).partition(" (")[0]
    return (
        f'<li><span class="name">{escape(str(figure))}</span><span class="value">{escape(value)}{small}</span>'
        f'<span class="moved">{escape(said(change, Kind.CHANGE))} <small>from {escape(was)}</small></span>'
        f'<span class="about">{escape(str(basis))}</span></li>'
    )
