"""A line chart as SVG, drawn here, without a script: lines, a grid with numbers, marks at times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

_WIDTH, _HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 26, 14, 34
_COLOURS = ("#1f5fa8", "#c2571a", "#3c7d3c")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn. `ticks` name places on the x axis; without them it is seconds. `marks` are times with a word."""

    title: str
    unit: str
    lines: Mapping[str, Points]
    is_log: bool = False
    ticks: Sequence[tuple[float, str]] = ()
    marks: Sequence[tuple[float, str]] = field(default=())

    def svg(self) -> str:
        """A `figure` with the drawing and its legend."""
        title, box = escape(self.title), f"0 0 {_WIDTH} {_HEIGHT}"
        xs = [x for points in self.lines.values() for x, _ in points] or [0.0]
        frame = _Frame(min(xs), max(xs) or 1.0, *self._range(), self.is_log)
        ticks = self.ticks or [(x, f"{x:g} s") for x in _even(frame.x_least, frame.x_most)]
        parts = [*self._grid(frame, ticks), *self._marks(frame), *self._drawn(frame)]
        keys = "".join(
            f'<span style="color:{colour}">— {escape(name)}</span> '
            for name, colour in zip(self.lines, _COLOURS, strict=False)
        )
        drawing = f'<svg viewBox="{box}" role="img" aria-label="{title}">{"".join(parts)}</svg>'
        return f"<figure><figcaption><b>{title}</b> [{escape(self.unit)}] {keys}</figcaption>{drawing}</figure>"

    def _range(self) -> tuple[float, float]:
        ys = [y for points in self.lines.values() for _, y in points]
        most = max(ys, default=1.0) * 1.05 or 1.0
        if not self.is_log:
            return 0.0, most
        least = min((y for y in ys if y > 0), default=0.1)
        return 10 ** math.floor(math.log10(least)), 10 ** math.ceil(math.log10(most))

    def _grid(self, frame: _Frame, ticks: Sequence[tuple[float, str]]) -> list[str]:
        heights = _powers(frame.y_least, frame.y_most) if self.is_log else _even(0.0, frame.y_most)
        rows = [
            f'<path class="grid" d="M{_LEFT} {frame.y(y):.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text x="{_LEFT - 6}" y="{frame.y(y) + 4:.1f}" text-anchor="end">{y:,.6g}</text>'
            for y in heights
        ]
        columns = [
            f'<text x="{frame.x(x):.1f}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(word)}</text>'
            for x, word in ticks
            if x <= frame.x_most
        ]
        return [*rows, *columns]

    def _marks(self, frame: _Frame) -> list[str]:
        return [
            f'<path class="mark" d="M{frame.x(x):.1f} {_TOP}V{_HEIGHT - _BOTTOM}"><title>{escape(word)}</title></path>'
            for x, word in self.marks
        ]

    def _drawn(self, frame: _Frame) -> list[str]:
        paths = [" ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points) for points in self.lines.values()]
        return [f'<polyline stroke="{colour}" points="{path}"/>' for path, colour in zip(paths, _COLOURS, strict=False)]


@dataclass(frozen=True, slots=True)
class _Frame:
    """From numbers to places."""

    x_least: float
    x_most: float
    y_least: float
    y_most: float
    is_log: bool

    def x(self, x: float) -> float:
        share = (x - self.x_least) / ((self.x_most - self.x_least) or 1.0)
        return _LEFT + min(1.0, max(0.0, share)) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, y: float) -> float:
        least, most = self.y_least, self.y_most
        if self.is_log:
            y, least, most = (math.log10(max(number, self.y_least)) for number in (y, least, most))
        return _HEIGHT - _BOTTOM - (y - least) / ((most - least) or 1.0) * (_HEIGHT - _TOP - _BOTTOM)


def _even(least: float, most: float, count: int = 5) -> list[float]:
    """Round numbers between, about so many."""
    rough = (most - least) / count or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * i for i in range(math.ceil(least / step), math.floor(most / step) + 1)]


def _powers(least: float, most: float) -> list[float]:
    return [10.0**i for i in range(round(math.log10(least)), round(math.log10(most)) + 1)]
