"""`weekly`: one page for the board: seven whole days against the seven before. What to do is left to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from itertools import accumulate
from typing import Any

from gateway.reports.report import Chart, Fold, Question, Report, Results, Row, Table
from gateway.reports.report.columns import count, day, fraction, money, portion, text
from gateway.reports.report.figures import FIGURES, figures
from gateway.reports.report.statements import read_statements

_STEPS = ["product_view", "add_to_cart", "begin_checkout", "purchase"]
_BOTH_WEEKS = frozenset({"crowd"})
_RECOGNISED = "Visitors who consented to be recognised, without bots."


def _parameters(question: Question, statement: str) -> Mapping[str, Any]:
    begin = question.before if statement in _BOTH_WEEKS else question.since
    funnel = {"steps": _STEPS, "limits": [0] * (len(_STEPS) - 1), "by": "", "dimension": "site"}
    return {"begin": begin.isoformat(), "arrival": 2, **funnel}


def _days(results: Results, question: Question) -> list[Row]:
    """Each day beside the one that many days before."""
    rows = {row["day"]: row for row in results["days"]}
    orders: Counter[Any] = Counter()
    for row in results["money"]:
        orders[row["day"]] += row["orders"]
    length = question.until - question.since
    days = [question.since + timedelta(days=n) for n in range(length.days)]
    none = {"facts": 0, "visitors": 0}
    return [
        {
            "day": day,
            **{name: rows.get(day, none)[name] for name in none},
            **{f"{name}_before": rows.get(day - length, none)[name] for name in none},
            "orders": orders[day],
            "orders_before": orders[day - length],
        }
        for day in days
    ]


def _tiers(results: Results, _question: Question) -> list[Row]:
    days = [row for row in results["days"] if row["now"] == 1]
    facts, known = (sum(row[name] for row in days) for name in ("facts", "recognised_facts"))
    denied = sum(row["denied"] for row in results["refusals"] if row["now"] == 1)
    parts = (("recognised", known), ("counted without being recognised", facts - known), ("not collected", denied))
    return [{"tier": tier, "events": events, "read": facts + denied} for tier, events in parts]


def _funnel(results: Results, _question: Question) -> list[Row]:
    levels: Counter[int] = Counter()
    for row in results["funnel"]:
        levels[row["level"]] += row["journeys"]
    counts = list(accumulate(levels[level] for level in range(len(_STEPS), 0, -1)))[::-1]
    return [{"event": step, "visits": count, "first": counts[0]} for step, count in zip(_STEPS, counts, strict=True)]


def _visits(results: Results) -> int:
    """Counted, not estimated: parts of them are shown."""
    return sum(row["visits"] for row in results["channels"])


def _micro(results: Results, _question: Question) -> list[Row]:
    visits = _visits(results)
    ranked = sorted(results["micro"], key=lambda row: (-row["did"], row["event"]))
    return [{**row, "visits": visits} for row in ranked[:12]]


def _sales(results: Results, _question: Question) -> list[Row]:
    rows = [{**row, "seller": row["seller"] or "(not known)"} for row in results["sales"]]
    return sorted(rows, key=lambda row: (row["currency"], -row["sales"], row["seller"]))


def _channels(results: Results, _question: Question) -> list[Row]:
    return sorted(results["channels"], key=lambda row: (-row["visits"], row["name"]))


REPORT = Report(
    name="weekly",
    question="How was the week? One page for the board.",
    statements=read_statements("weekly"),
    at_once=3,
    days=7,
    whole_days=True,
    parameters=_parameters,
    tables=(
        Table(
            "figures",
            "The week against the one before",
            "Each says its own basis.",
            FIGURES,
            charts=(Chart("tiles", "figure", "now"),),
            rows=lambda results, _: figures(results),
        ),
        Table(
            "days",
            "Day by day",
            "Events: everybody who consented to be counted, bots included. Visitors (estimates, ± 1.2 %, without bots) "
            "and orders: those who consented to be recognised.",
            (
                day("day", "The day."),
                count("facts", "events", "Events that were kept."),
                count("facts_before", "events", "A week earlier."),
                count("visitors", "visitors", "Visitors of that day."),
                count("visitors_before", "visitors", "A week earlier."),
                count("orders", "orders", "Orders."),
                count("orders_before", "orders", "A week earlier."),
            ),
            charts=(
                Chart("days", "day", "visitors", "visitors_before"),
                Chart("days", "day", "orders", "orders_before"),
            ),
            rows=_days,
        ),
        Table(
            "tiers",
            "What the numbers rest on",
            "Every event that could be read, whether it was kept or refused for want of consent.",
            (
                text("tier", "How far people may be recognised."),
                count("events", "events", "How many."),
                fraction("share", "of events read", "Share of all.", ("events", "read")),
            ),
            charts=(Chart("bars", "tier", "share"),),
            rows=_tiers,
        ),
        Table(
            "channels",
            "How visits came",
            f"{_RECOGNISED} (not known): arrivals before consent.",
            (
                text("name", "The channel."),
                count("visits", "visits", "How many."),
                count("bought", "visits", "Visits with a purchase."),
                portion("conversion", "of visits", "Share of these.", ("bought", "visits")),
            ),
            fold=Fold("name", "people"),
            charts=(Chart("bars", "name", "visits"),),
            rows=_channels,
        ),
        Table(
            "funnel",
            "From product to purchase",
            f"{_RECOGNISED} Within one visit, each step after the one before.",
            (
                text("event", "The step."),
                count("visits", "visits", "How many got there."),
                portion("of_first", "of the first step", "Share of those that began.", ("visits", "first")),
            ),
            charts=(Chart("bars", "event", "visits"),),
            rows=_funnel,
        ),
        Table(
            "micro",
            "Small yeses",
            f"{_RECOGNISED} The twelve most common.",
            (
                text("event", "The micro-conversion."),
                text("stage", "Where it stands in the journey."),
                count("did", "visits", "Visits with it."),
                portion("rate", "of visits", "Share of all visits.", ("did", "visits")),
            ),
            charts=(Chart("bars", "event", "rate"),),
            rows=_micro,
        ),
        Table(
            "sellers",
            "What sellers sold",
            "Orders with a number, of visitors who consented to be recognised; price times quantity, without bots.",
            (
                text("seller", "The seller of the items."),
                text("currency", "ISO 4217."),
                count("orders", "orders", "Orders with an item of the seller."),
                count("pieces", "pieces", "How many pieces."),
                money("sales", "What they sold."),
            ),
            fold=Fold("seller", "people", apart=("currency",)),
            charts=(Chart("bars", "seller", "sales", split="currency"),),
            rows=_sales,
        ),
    ),
)
