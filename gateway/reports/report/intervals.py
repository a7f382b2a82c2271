"""How sure a number is: 95 % confidence intervals of shares and of ratios of shares.

Pure arithmetic. Source: E. B. Wilson, JASA 22 (1927) 209, for shares: holds for few and for rare events, stays within 0
and 1. D. Katz et al., Biometrics 34 (1978) 469, for ratios, each count raised by one half (S. D. Walter, Biometrics 31
(1975) 371), so that none of a few is no division by zero.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

#: The 97.5 % point of the normal distribution.
Z = 1.959963984540054


class Estimate(NamedTuple):
    """A number, and the ends of its interval."""

    value: float
    low: float
    high: float


def share(part: int, whole: int) -> Estimate | None:
    """`part` of `whole`, with Wilson's interval; None of nothing."""
    if whole <= 0:
        return None
    p, shrink = part / whole, 1 + Z * Z / whole
    middle = (p + Z * Z / (2 * whole)) / shrink
    reach = Z * sqrt(p * (1 - p) / whole + Z * Z / (4 * whole * whole)) / shrink
    low = 0.0 if part <= 0 else max(0.0, middle - reach)
    high = 1.0 if part >= whole else min(1.0, middle + reach)
    return Estimate(p, low, high)


def lift(part: int, whole: int, other_part: int, other_whole: int) -> Estimate | None:
    """How many times as large `part` of `whole` is as the other share; None where there is nothing to compare."""
    if whole <= 0 or other_whole <= 0 or (part <= 0 and other_part <= 0):
        return None
    risk = (part + 0.5) / (whole + 0.5)
    other = (other_part + 0.5) / (other_whole + 0.5)
    spread = 1 / (part + 0.5) - 1 / (whole + 0.5) + 1 / (other_part + 0.5) - 1 / (other_whole + 0.5)
    reach = Z * sqrt(max(0.0, spread))
    middle = log(risk / other)
    return Estimate(risk / other, exp(middle - reach), exp(middle + reach))


def change(now: float, before: float) -> float | None:
    """How much more than before, as a share of it; None where there was nothing."""
    return now / before - 1 if before else None
