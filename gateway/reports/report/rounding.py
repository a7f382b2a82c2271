"""Amounts shared out so that they sum to what was shared, to the cent.

Pure arithmetic. Source: the method of the largest remainder (Hare–Niemeyer).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

CENT = Decimal("0.01")


def shared_out(total: Decimal, parts: Sequence[float]) -> list[Decimal]:
    """`total` in proportion to `parts` (not negative), in cents; the largest remainders get the cents left over.

    Parts that are all zero get equal shares. No part gets a cent of nothing: zero parts stay zero otherwise.
    """
    if not parts:
        return []
    weights = [Fraction(max(0.0, part)) for part in parts]
    if not any(weights):
        weights = [Fraction(1)] * len(parts)
    cents, whole = int(total.scaleb(2).to_integral_value()), sum(weights)
    exact = [cents * weight / whole for weight in weights]
    given = [floor(value) for value in exact]
    left = cents - sum(given)
    ranked = sorted((i for i, w in enumerate(weights) if w), key=lambda i: (given[i] - exact[i], i))
    for place in range(left):
        given[ranked[place % len(ranked)]] += 1
    return [given_cents * CENT for given_cents in given]
