"""The figures that every shop is steered by, of a period and the one before it, out of the statements `now_*`.

Pure. A figure says its basis: whose consent it needs, and so whom it leaves out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from gateway.reports.report import Column, Kind, Results, Row
from gateway.reports.report.intervals import Estimate, change, share

RECOGNISED = "visitors who consented to be recognised"
EVERYBODY = "everybody who consented to be counted"
ESTIMATED = RECOGNISED + "; an estimate beyond a thousand, ± 1.2 %"
BY_DAY = "visitors known for one day, who never come back; an estimate, ± 1.2 %"

#: What `figures` makes.
FIGURES = (
    Column("figure", Kind.TEXT, "", "What it is."),
    Column("now", Kind.FIGURE, "as it says", "In the days that are asked for; shares with their 95 % interval."),
    Column("before", Kind.FIGURE, "as it says", "In as many days before."),
    Column("change", Kind.CHANGE, "of before", "How much more than before."),
    Column("basis", Kind.TEXT, "", "Whom it is about."),
)


def figures(results: Results) -> list[Row]:
    """Rows of `figure`, `now`, `before`, `change` and `basis`."""
    now, before = _period(results, 1), _period(results, 0)
    named = dict.fromkeys([*now, *before])
    return [_row(name, now.get(name), before.get(name)) for name in named]


def _row(name: tuple[str, str], now: Any, before: Any) -> Row:
    figure, basis = name
    ends = [_plain(value) for value in (now, before)]
    moved = change(ends[0], ends[1]) if None not in ends else None
    return {"figure": figure, "now": now, "before": before, "change": moved, "basis": basis}


def _plain(value: Any) -> Any:
    if isinstance(value, Estimate):
        return value.value
    return None if value is None else float(value)


def _period(results: Results, now: int) -> dict[tuple[str, str], Any]:
    return dict(_figures(results, now))


def _figures(results: Results, now: int) -> Iterator[tuple[tuple[str, str], Any]]:
    days, refused = [row for row in results["days"] if row["now"] == now], _of(results, "refusals", now)
    facts = sum(row["facts"] for row in days)
    crowd = _of(results, "crowd", now)
    visits = max(0, crowd.get("visits", 0))
    money = [row for row in results["money"] if row["now"] == now]
    orders = sum(row["orders"] for row in money)
    yield ("visitors", ESTIMATED), crowd.get("visitors", 0)
    yield ("visits", ESTIMATED), visits
    yield ("orders", RECOGNISED), orders
    yield ("orders per visit", RECOGNISED), share(min(orders, visits), visits)
    yield from _money(money)
    yield ("events", EVERYBODY), facts
    yield (
        ("share of recognised visitors", "events of " + EVERYBODY),
        _part(sum(row["recognised_facts"] for row in days), facts),
    )
    yield ("events refused for want of consent", "everybody; counted without a value"), refused.get("denied", 0)
    yield ("visitors of one day", BY_DAY), sum(row["day_visitors"] for row in days)


def _money(rows: list[Row]) -> Iterator[tuple[tuple[str, str], Any]]:
    orders: Counter[str] = Counter()
    revenue: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        orders[row["currency"]] += row["orders"]
        revenue[row["currency"]] += row["revenue"]
    for currency in sorted(+orders, key=lambda name: (-revenue[name], name)):
        said = currency or "unknown currency"
        yield (f"revenue, {said}", RECOGNISED), revenue[currency]
        yield (f"revenue per order, {said}", RECOGNISED), _cents(revenue[currency] / orders[currency])
    unnamed = sum(row["unnamed"] for row in rows)
    yield ("purchases without an order number", "visitors counted without being recognised"), unnamed


def _part(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def _of(results: Results, statement: str, now: int) -> Row:
    return next((row for row in results[statement] if row["now"] == now), {})
