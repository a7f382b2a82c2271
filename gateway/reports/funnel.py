"""`funnel`: how far do journeys get, step by step, each step within its own time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import Any

from gateway.reports.report import Chart, Fold, Option, Question, Report, Results, Row, Table
from gateway.reports.report.columns import count, portion, text
from gateway.reports.report.folding import ALL
from gateway.reports.report.options import ARRIVALS, one_of, read_limits, read_steps
from gateway.reports.report.statements import read_statements

STEPS = "product_view,add_to_cart,begin_checkout,purchase"
_PROPERTIES = ("country", "device")
_GOODS = {"seller": "seller_id", "category": "category"}
_BASIS = (
    "Journeys of visitors who consented to be recognised; with --per day, of visitors known for one day only. A "
    "journey is a visit, a visitor, or a visitor's day; it reaches a step by doing it after the one before, in time. "
    "Broken down by seller or category, all steps have to be about the same one. Without bots."
)


def _chosen(_report: Report, question: Question) -> Sequence[str]:
    per = "visit" if question.options["per"] == "visit" else "visitor"
    by = question.options["by"]
    return [f"{per}_arrival" if by in ARRIVALS else f"{per}_goods" if by in _GOODS else per]


def _parameters(question: Question, _statement: str) -> Mapping[str, Any]:
    by, steps = question.options["by"], question.options["steps"]
    limits = [limit // timedelta(milliseconds=1) for limit in question.options["within"]]
    return {
        "steps": steps,
        "limits": (limits * (len(steps) - 1) if len(limits) == 1 else [*limits, *[0] * len(steps)])[: len(steps) - 1]
        or [0],
        "by": by,
        "dimension": _GOODS.get(by) or (by if by in _PROPERTIES else "site"),
        "arrival": ARRIVALS.get(by, 2),
        "kind": "day" if question.options["per"] == "day" else "durable",
    }


def _rows(results: Results, question: Question) -> list[Row]:
    (found,) = results.values()
    return reached(found, question.options["steps"])


def reached(found: list[Row], steps: list[str]) -> list[Row]:
    """Rows per group and step out of how many journeys got to each level and no further."""
    groups: dict[str, Counter[int]] = {}
    people: dict[str, frozenset[int]] = {}
    for row in found:
        groups.setdefault(row["name"], Counter())[row["level"]] += row["journeys"]
        people[row["name"]] = people.get(row["name"], frozenset()).union(row["people"])
    ranked = sorted(groups, key=lambda name: (-groups[name].total(), name))
    return [row for name in ranked for row in _steps(name or ALL, groups[name], people[name], steps)]


def _steps(name: str, levels: Counter[int], people: frozenset[int], steps: list[str]) -> list[Row]:
    counts = list(accumulate(levels[level] for level in range(len(steps), 0, -1)))[::-1]
    return [
        {
            "name": name,
            "step": place + 1,
            "event": step,
            "journeys": counts[place],
            "first": counts[0],
            "previous": counts[max(0, place - 1)],
            "people": people,
        }
        for place, step in enumerate(steps)
    ]


REPORT = Report(
    name="funnel",
    question="How far do journeys get?",
    statements=read_statements("funnel"),
    options=(
        Option("steps", STEPS, "Events in order, with commas between them.", read_steps),
        Option("within", "", "Longest time from a step to the next, such as 1d; or for each: 30m,1h,1d.", read_limits),
        Option(
            "by",
            "",
            "Break down by channel, source, campaign, country, device, seller or category.",
            one_of("", *ARRIVALS, *_PROPERTIES, *_GOODS),
        ),
        Option(
            "per",
            "visit",
            "What a journey is: visit, visitor, or day (visitors known for one day only).",
            one_of("visit", "visitor", "day"),
        ),
    ),
    chosen=_chosen,
    parameters=_parameters,
    tables=(
        Table(
            "funnel",
            "Steps",
            _BASIS,
            (
                text("name", "The group."),
                count("step", "place", "Which step."),
                text("event", "What has to be done."),
                count("journeys", "journeys", "How many got there."),
                portion("of_first", "of the first step", "Share of those that began.", ("journeys", "first")),
                portion(
                    "of_previous",
                    "of the step before",
                    "Share of those that got to the step before.",
                    ("journeys", "previous"),
                ),
            ),
            fold=Fold("name", "people", along=("step", "event")),
            charts=(Chart("bars", "event", "journeys", split="name"),),
            rows=_rows,
        ),
    ),
)
