"""The columns that most tables are made of, each in a line.

Pure.
"""

from __future__ import annotations

from gateway.reports.report import Column, Kind
from gateway.reports.report.intervals import share


def text(name: str, says: str) -> Column:
    return Column(name, Kind.TEXT, "", says)


def day(name: str, says: str) -> Column:
    return Column(name, Kind.DAY, "UTC", says)


def moment(name: str, says: str) -> Column:
    return Column(name, Kind.MOMENT, "UTC", says)


def count(name: str, unit: str, says: str) -> Column:
    return Column(name, Kind.COUNT, unit, says)


def money(name: str, says: str) -> Column:
    """An amount, in the currency that its row names."""
    return Column(name, Kind.MONEY, "currency units", says)


def portion(name: str, unit: str, says: str, of: tuple[str, str]) -> Column:
    """`of` names the part and the whole; with the 95 % interval of a share."""
    part, whole = of
    return Column(name, Kind.SHARE, unit, says, lambda row: share(row[part], row[whole]))


def fraction(name: str, unit: str, says: str, of: tuple[str, str]) -> Column:
    """The same of everything there is: nothing was drawn by lot, so there is no interval."""
    part, whole = of
    return Column(name, Kind.SHARE, unit, says, lambda row: row[part] / row[whole] if row[whole] else None)
