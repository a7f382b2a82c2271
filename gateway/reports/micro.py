"""`micro`: which small yeses lead to a purchase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.reports.report import Chart, Column, Estimate, Fold, Kind, Question, Report, Results, Row, Table
from gateway.reports.report.columns import count, portion, text
from gateway.reports.report.folding import ALL
from gateway.reports.report.intervals import lift
from gateway.reports.report.options import ARRIVALS, by_arrival
from gateway.reports.report.statements import read_statements

_COUNTS = ("did", "then_bought", "bought_at_all")


def _chosen(_report: Report, question: Question) -> Sequence[str]:
    return ("visits_by", "micro_by", "bought_by") if question.options["by"] else ("visits", "micro", "bought")


def _parameters(question: Question, _statement: str) -> Mapping[str, Any]:
    return {"arrival": ARRIVALS.get(question.options["by"], 2)}


def _rows(results: Results, _question: Question) -> list[Row]:
    """A row per group and event: counts of visits with it, and those of all visits of the group beside them."""
    visits, micro, bought = results.values()
    names = {row["arrival"]: row["name"] or ALL for row in visits}
    whole = _groups(visits, names)
    counts: dict[tuple[str, str], Counter[str]] = {}
    stages = {row["event"]: row["stage"] for row in micro}
    for row in (*micro, *bought):
        key = (names[row["arrival"]], row["event"])
        counts.setdefault(key, Counter()).update({name: row[name] for name in _COUNTS if name in row})
    rows = [
        {"name": name, "event": event, "stage": stages[event], **whole[name], **{c: found[c] for c in _COUNTS}}
        for (name, event), found in counts.items()
    ]
    for row in rows:
        row["other"], row["other_bought"] = row["visits"] - row["did"], row["bought"] - row["bought_at_all"]
    return sorted(rows, key=lambda row: (-row["visits"], row["name"], -row["did"], row["event"]))


def _lift(row: Row) -> Estimate | None:
    return lift(row["then_bought"], row["did"], row["other_bought"], row["other"])


def _groups(visits: list[Row], names: Mapping[int, str]) -> dict[str, Row]:
    """All visits by group: arrivals that share a name are one group."""
    groups: dict[str, Row] = {}
    for row in visits:
        group = groups.setdefault(names[row["arrival"]], {"visits": 0, "bought": 0, "people": frozenset()})
        group["visits"] += row["visits"]
        group["bought"] += row["bought"]
        group["people"] |= frozenset(row["people"])
    return groups


REPORT = Report(
    name="micro",
    question="Which small yeses lead to a purchase?",
    statements=read_statements("micro"),
    at_once=3,
    options=(by_arrival(""),),
    chosen=_chosen,
    parameters=_parameters,
    tables=(
        Table(
            "micro",
            "Micro-conversions",
            "Visits of visitors who consented to be recognised, without bots. Lift compares visits that bought after "
            "it with visits without it; that they differ does not say that one caused the other.",
            (
                text("name", "The group."),
                text("event", "The micro-conversion."),
                text("stage", "Where it stands in the journey."),
                count("did", "visits", "Visits with it."),
                portion("rate", "of visits", "Share of all visits of the group.", ("did", "visits")),
                count("then_bought", "visits", "Visits with a purchase after it."),
                portion(
                    "conversion",
                    "of visits with it",
                    "Share of visits with it that bought after it.",
                    ("then_bought", "did"),
                ),
                portion(
                    "without",
                    "of visits without it",
                    "Share of visits without it that bought.",
                    ("other_bought", "other"),
                ),
                Column("lift", Kind.RATIO, "times", "How many times as large the one share is as the other.", _lift),
            ),
            fold=Fold("name", "people", along=("event", "stage")),
            charts=(Chart("bars", "event", "rate", split="name"),),
            rows=_rows,
        ),
    ),
)
