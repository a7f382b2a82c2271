"""Journeys as a Markov chain: what share of conversions is lost when a state is taken away.

Pure arithmetic. With N = (I - Q)^-1 of the chain's transient states and b_i the probability to convert from i, the
journeys that convert past i are a share N[start, i] / N[i, i] * b_i / b_start of those that convert: what is lost when
journeys end at i.
Source: J. G. Kemeny, J. L. Snell, Finite Markov Chains, 1960, ch. 3.
"""

from __future__ import annotations

from collections.abc import Iterable

START, ORDER, END = "(start)", "(order)", "(end)"

Matrix = list[list[float]]


def removal_effects(steps: Iterable[tuple[str, str, int]]) -> dict[str, float]:
    """State -> removal effect, 0 to 1, out of counted steps (before, after, times).

    An order ends a journey and what follows begins a new one; an order without an arrival before it says nothing.
    """
    counts: dict[str, dict[str, int]] = {}
    for before, after, times in steps:
        origin = START if before == ORDER else before
        if not (origin == START and after in (ORDER, END)):
            row = counts.setdefault(origin, {})
            row[after] = row.get(after, 0) + times
    names = sorted({START, *counts, *(after for row in counts.values() for after in row)} - {ORDER, END})
    chances = {name: sum(counts.get(name, {}).values()) for name in names}
    inside = [[counts.get(a, {}).get(b, 0) / (chances[a] or 1) for b in names] for a in names]
    converts = [counts.get(a, {}).get(ORDER, 0) / (chances[a] or 1) for a in names]
    return _effects(
        names, _inverse([[(i == j) - q for j, q in enumerate(row)] for i, row in enumerate(inside)]), converts
    )


def _effects(names: list[str], visits: Matrix, converts: list[float]) -> dict[str, float]:
    reach = [sum(times * chance for times, chance in zip(row, converts, strict=True)) for row in visits]
    start = names.index(START)
    if not reach[start]:
        return {}
    return {
        name: min(1.0, max(0.0, visits[start][i] / visits[i][i] * reach[i] / reach[start]))
        for i, name in enumerate(names)
        if name != START
    }


def _inverse(matrix: Matrix) -> Matrix:
    """Gauss and Jordan, with the largest pivot. A chain that always ends has an inverse."""
    size = len(matrix)
    rows = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda i: abs(rows[i][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        scale = rows[column][column]
        rows[column] = [value / scale for value in rows[column]]
        for i in range(size):
            if i != column and rows[i][column]:
                factor = rows[i][column]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[column], strict=True)]
    return [row[size:] for row in rows]
