"""Charts as SVG text, for a page without scripts: bars, and columns by day.

Pure; returns markup. Every text is escaped. Colours are the page's (classes), so that they follow light and dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from html import escape
from typing import NamedTuple

from gateway.reports.report import Cell, Estimate, Kind
from gateway.reports.shown.words import said

_WIDTH, _ROW, _BAR = 720, 26, 16
_LABEL, _VALUE = 210, 150
_HEIGHT, _FOOT, _LEFT, _HEAD = 200, 24, 64, 12
_BARS_AT_MOST, _LABEL_CHARS = 16, 27


class Mark(NamedTuple):
    """One bar or column: its label, its cell, and the cell that it is compared with."""

    label: str
    cell: Cell
    before: Cell = None


def bars(title: str, marks: Sequence[Mark], kind: Kind) -> str:
    """Horizontal bars, the interval of an estimate as a whisker; those beyond the first few are counted."""
    shown = marks[:_BARS_AT_MOST]
    top = max((_end(mark.cell) for mark in shown), default=0.0) or 1.0
    lines = [_bar(i, mark, kind, top) for i, mark in enumerate(shown)]
    height = len(shown) * _ROW + (_ROW if len(marks) > len(shown) else 0)
    if len(marks) > len(shown):
        lines.append(_text(_LABEL, height - 8, f"and {len(marks) - len(shown)} more in the table", "note"))
    return _svg(title, height, lines)


def _bar(place: int, mark: Mark, kind: Kind, top: float) -> str:
    y, room = place * _ROW, _WIDTH - _LABEL - _VALUE
    long = room * _number(mark.cell) / top
    label = mark.label if len(mark.label) <= _LABEL_CHARS else f"{mark.label[: _LABEL_CHARS - 1]}…"
    parts = [
        f"<title>{escape(mark.label)}: {escape(said(mark.cell, kind))}</title>",
        _text(_LABEL - 10, y + 17, label, "label end"),
        f'<rect class="bar" x="{_LABEL}" y="{y + 5}" width="{max(1.0, long):.1f}" height="{_BAR}" rx="2"/>',
    ]
    end = long
    if isinstance(mark.cell, Estimate):
        low, end = (room * value / top for value in (mark.cell.low, mark.cell.high))
        parts.append(f'<path class="whisker" d="M{_LABEL + low:.1f} {y + 13}H{_LABEL + end:.1f}"/>')
    parts.append(_text(_LABEL + max(end, long) + 8, y + 17, said(mark.cell, kind).partition(" (")[0], "value"))
    return f"<g>{''.join(parts)}</g>"


def days(title: str, marks: Sequence[Mark], kind: Kind) -> str:
    """A column per day, and a line for what it is compared with."""
    top = _nice(max((max(_number(mark.cell), _number(mark.before)) for mark in marks), default=0.0))
    step = (_WIDTH - _LEFT - 8) / max(1, len(marks))
    lines = [*_grid(top, kind), *(_column(i, mark, kind, (step, top)) for i, mark in enumerate(marks))]
    if any(mark.before is not None for mark in marks):
        points = " ".join(f"{_x(i, step):.1f},{_y(_number(mark.before), top):.1f}" for i, mark in enumerate(marks))
        lines.append(f'<polyline class="before" points="{points}"/>')
    return _svg(title, _HEAD + _HEIGHT + _FOOT, [*lines, *_labels(marks, step)])


def _column(place: int, mark: Mark, kind: Kind, scale: tuple[float, float]) -> str:
    step, top = scale
    y = _y(_number(mark.cell), top)
    wide = min(44.0, step * 0.7)
    told = f"{mark.label}: {said(mark.cell, kind)}"
    if mark.before is not None:
        told += f", before {said(mark.before, kind)}"
    x = _x(place, step) - wide / 2
    return (
        f'<g><title>{escape(told)}</title><rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
        f'height="{_HEAD + _HEIGHT - y:.1f}" rx="2"/></g>'
    )


def _grid(top: float, kind: Kind) -> Iterator[str]:
    for part in (0.0, 0.5, 1.0):
        y, value = _y(part * top, top), part * top
        cell: Cell = value if kind is Kind.SHARE else round(value) if value == round(value) else round(value, 1)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH}"/>'
        yield _text(_LEFT - 8, y + 4, said(cell, kind), "note end")


def _labels(marks: Sequence[Mark], step: float) -> Iterator[str]:
    """As many days as there is room for, from the last one back."""
    every = max(1, -(-len(marks) * 52 // (_WIDTH - _LEFT)))
    for i, mark in enumerate(marks):
        if (len(marks) - 1 - i) % every == 0:
            yield _text(_x(i, step), _HEAD + _HEIGHT + 18, mark.label[5:], "note middle")


def _x(place: int, step: float) -> float:
    return _LEFT + step * (place + 0.5)


def _y(value: float, top: float) -> float:
    return _HEAD + _HEIGHT * (1 - value / top)


def _nice(value: float) -> float:
    """The next round number: 1, 2 or 5 with zeros, at least 2."""
    if value <= 2:
        return 2.0
    size = 10.0 ** (len(str(int(value))) - 1)
    return next(size * part for part in (1, 2, 4, 5, 6, 8, 10, 20) if size * part >= value)


def _number(cell: Cell) -> float:
    if isinstance(cell, Estimate):
        return cell.value
    return float(cell) if isinstance(cell, (int, float, Decimal)) else 0.0


def _end(cell: Cell) -> float:
    return cell.high if isinstance(cell, Estimate) else _number(cell)


def _text(x: float, y: float, text: str, names: str) -> str:
    return f'<text class="{names}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _svg(title: str, height: int, lines: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
    return f"{head}{''.join(lines)}</svg>"
