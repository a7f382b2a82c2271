"""`attribution`: which arrivals earned the revenue, by six models that all sum to it, to the cent.

A journey is what is known of a visitor's arrivals within the lookback before an order, the order's own visit included.
Models: first, last, linear (all alike), decay (half as much for each half-life before the order), position (40 % to the
first, 40 % to the last, the rest between), and data: each arrival of a journey in proportion to its removal effect.
Source of the last: E. Anderl et al., Int. J. of Research in Marketing 33 (2016) 457: journeys as a Markov chain of the
first order; an arrival's removal effect is the share of conversions that are lost when journeys end where it was.
Why direct arrivals count like all others: leaving them out would hide what is not known of how people came.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from gateway.reports.report import Chart, Column, Fold, Kind, Option, Question, Report, Results, Row, Table
from gateway.reports.report.columns import count, money, text
from gateway.reports.report.markov import END, ORDER, START, removal_effects
from gateway.reports.report.options import ARRIVALS, by_arrival, read_days
from gateway.reports.report.rounding import shared_out
from gateway.reports.report.statements import read_statements

#: Orders whose visitor may not be recognised, or of whose arrivals none is known within the lookback.
UNKNOWN = "(no known journey)"
_ENDS_SHARE = 0.4
#: States of the chain. Why: its inverse takes the cube of them; 100 take 0.2 s.
_STATES_AT_MOST, _RARE = 100, "(rare)"

Weigh = Callable[[Row, Mapping[str, float]], Sequence[float]]


def _position(row: Row, _effects: Mapping[str, float]) -> Sequence[float]:
    length = len(row["path"])
    if length < 3:
        return [1.0] * length
    return [_ENDS_SHARE, *[(1 - 2 * _ENDS_SHARE) / (length - 2)] * (length - 2), _ENDS_SHARE]


def _data(row: Row, effects: Mapping[str, float]) -> Sequence[float]:
    weights = [effects.get(name, 0.0) for name in row["path"]]
    return weights if any(weights) else [1.0] * len(weights)


#: Model -> the weights of a journey's arrivals, in order; their scale does not matter.
MODELS: Mapping[str, Weigh] = {
    "first": lambda row, _: [1.0, *[0.0] * (len(row["path"]) - 1)],
    "last": lambda row, _: [*[0.0] * (len(row["path"]) - 1), 1.0],
    "linear": lambda row, _: [1.0] * len(row["path"]),
    "decay": lambda row, _: row["decayed"] if any(row["decayed"]) else [1.0] * len(row["path"]),
    "position": _position,
    "data": _data,
}


def _parameters(question: Question, _statement: str) -> Mapping[str, Any]:
    lookback = round(question.options["lookback"])
    return {
        "begin": (question.since - timedelta(days=lookback)).isoformat(),
        "arrival": ARRIVALS[question.options["by"]],
        "lookback": lookback,
        "half_life": question.options["half_life"],
    }


def _credit(results: Results, _question: Question) -> list[Row]:
    """A row per currency and arrival: what each model gives it. Each model's column sums to the currency's revenue."""
    effects = _effects(results["steps"])
    rows: list[Row] = []
    for currency in _currencies(results):
        orders = [row for row in results["orders"] if row["currency"] == currency]
        rows += _credit_of(currency or "(none)", orders, effects)
    return rows


def _currencies(results: Results) -> list[str]:
    """The one with the largest revenue first."""
    revenue: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in results["orders"]:
        revenue[row["currency"]] += row["revenue"]
    return sorted(revenue, key=lambda currency: (-revenue[currency], currency))


def _effects(steps: list[Row]) -> Mapping[str, float]:
    """Removal effects. Arrivals beyond the most common are one state of the chain, and share its effect."""
    often: Counter[str] = Counter()
    for row in steps:
        often[row["after"]] += row["times"]
    common = {name for name, _ in often.most_common(_STATES_AT_MOST)} | {START, ORDER, END}
    pooled = [(_pooled(row["before"], common), _pooled(row["after"], common), row["times"]) for row in steps]
    effects = removal_effects(pooled)
    return {**dict.fromkeys(often, effects.get(_RARE, 0.0)), **effects}


def _pooled(name: str, common: set[str]) -> str:
    return name if name in common else _RARE


def _credit_of(currency: str, orders: list[Row], effects: Mapping[str, float]) -> list[Row]:
    known = [row for row in orders if row["path"]]
    names = sorted({name for row in known for name in row["path"]})
    revenue = sum((row["revenue"] for row in known), Decimal(0))
    credit = {model: _shared(known, names, revenue, weigh, effects) for model, weigh in MODELS.items()}
    rows = [
        {"name": name, "currency": currency, **_touched(known, name), **{model: credit[model][i] for model in MODELS}}
        for i, name in enumerate(names)
    ]
    rows.sort(key=lambda row: (-row["data"], row["name"]))
    return rows + _unknown(currency, [row for row in orders if not row["path"]])


def _shared(
    known: list[Row], names: list[str], revenue: Decimal, weigh: Weigh, effects: Mapping[str, float]
) -> list[Decimal]:
    sums = dict.fromkeys(names, 0.0)
    for row in known:
        weights = weigh(row, effects)
        whole = sum(weights)
        for name, weight in zip(row["path"], weights, strict=True):
            sums[name] += float(row["revenue"]) * weight / whole
    return shared_out(revenue, [sums[name] for name in names])


def _touched(known: list[Row], name: str) -> Row:
    """Journeys with the arrival, each with its orders, and the people who made them. Sets, for arrivals share both."""
    with_it = [row for row in known if name in row["path"]]
    return {
        "journeys": frozenset((tuple(row["path"]), row["orders"]) for row in with_it),
        "people": frozenset().union(*(row["actors"] for row in with_it)),
    }


def _unknown(currency: str, orders: list[Row]) -> list[Row]:
    """Each order is taken for somebody's own: whose it is, is not known."""
    if not orders:
        return []
    revenue, count = sum((row["revenue"] for row in orders), Decimal(0)), sum(row["orders"] for row in orders)
    journeys, people = frozenset({((), count)}), frozenset((UNKNOWN, n) for n in range(count))
    return [
        {
            "name": UNKNOWN,
            "currency": currency,
            "journeys": journeys,
            "people": people,
            **dict.fromkeys(MODELS, revenue),
        }
    ]


def _coverage(results: Results, _question: Question) -> list[Row]:
    return [_covered(currency, results["orders"]) for currency in _currencies(results)]


def _covered(currency: str, rows: list[Row]) -> Row:
    orders = [row for row in rows if row["currency"] == currency]
    known = [row for row in orders if row["path"]]
    return {
        "currency": currency or "(none)",
        "revenue": sum((row["revenue"] for row in orders), Decimal(0)),
        "known": sum((row["revenue"] for row in known), Decimal(0)),
        "orders": sum(row["orders"] for row in orders),
        "known_orders": sum(row["orders"] for row in known),
    }


REPORT = Report(
    name="attribution",
    question="Which arrivals earned the revenue?",
    statements=read_statements("attribution"),
    at_once=3,
    options=(
        by_arrival("channel"),
        Option("lookback", "30d", "How long before an order an arrival may lie.", read_days),
        Option("half_life", "7d", "For the model `decay`: the time in which credit halves.", read_days),
    ),
    parameters=_parameters,
    tables=(
        Table(
            "credit",
            "Revenue by arrival and model",
            "Arrivals and orders of visitors who consented to be recognised; other orders, and those without a known "
            "arrival in the lookback, stand in one row. Each model's amounts sum to the revenue of the currency.",
            (
                text("name", "How people came."),
                text("currency", "ISO 4217."),
                Column(
                    "orders",
                    Kind.COUNT,
                    "orders",
                    "Orders with it in their journey; one may count for several.",
                    lambda row: sum(orders for _, orders in row["journeys"]),
                ),
                money("first", "All to the first arrival."),
                money("last", "All to the last arrival."),
                money("linear", "Alike to all."),
                money("decay", "Half as much for each half-life before the order."),
                money("position", "40 % to the first, 40 % to the last, the rest to those between."),
                money("data", "In proportion to what would be lost without it (Markov chain)."),
            ),
            fold=Fold("name", "people", apart=("currency",)),
            charts=(Chart("bars", "name", "data", split="currency"),),
            rows=_credit,
        ),
        Table(
            "coverage",
            "How much of the revenue has a known journey",
            "All orders that were kept.",
            (
                text("currency", "ISO 4217."),
                count("orders", "orders", "All."),
                count("known_orders", "orders", "With a known arrival in the lookback."),
                money("revenue", "Of all."),
                money("known", "Of those with a known arrival."),
                Column(
                    "share",
                    Kind.SHARE,
                    "of revenue",
                    "Share of the revenue that has a known journey.",
                    lambda row: float(row["known"] / row["revenue"]) if row["revenue"] else None,
                ),
            ),
            rows=_coverage,
        ),
    ),
)
