"""Periods and dates as policies write them: `6 months`, `2027-05-15`.

May not: know what day it is.
"""

from __future__ import annotations

from datetime import date

from consent.clauses.marked import Node

#: A month is a twelfth of 365 days, rounded down: a limit that is a day short breaks no law.
_DAYS = {"day": 1.0, "week": 7.0, "month": 365 / 12, "year": 365.0}

DAY_S = 86400


def read_days(node: Node, what: str) -> int:
    """`6 months` -> 182. Days, weeks, months or years, at least one."""
    words = node.text(what).split()
    unit = words[1].removesuffix("s") if len(words) == 2 else ""
    if unit not in _DAYS or not words[0].isdecimal() or not 0 < int(words[0]) < 10_000:
        raise node.error(f"{what} should be a period such as '30 days' or '13 months', not '{node.scalar}'")
    return int(int(words[0]) * _DAYS[unit])


def read_date(node: Node, what: str) -> str:
    """An ISO date, as text."""
    said = node.text(what)
    try:
        if len(said) != 10:
            raise ValueError
        date.fromisoformat(said)
    except ValueError:
        raise node.error(f"{what} should be a date such as 2027-05-15, not '{said}'") from None
    return said
