"""`overview`: how is it going, against as many days before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.reports.report import Chart, Column, Kind, Question, Report, Table
from gateway.reports.report.columns import count, day, text
from gateway.reports.report.figures import FIGURES, figures
from gateway.reports.report.intervals import change
from gateway.reports.report.statements import read_statements


def _parameters(question: Question, _statement: str) -> Mapping[str, Any]:
    return {"begin": question.before.isoformat()}


REPORT = Report(
    name="overview",
    question="How is it going, against as many days before?",
    statements=read_statements("overview"),
    at_once=3,
    parameters=_parameters,
    tables=(
        Table(
            "figures",
            "Figures",
            "Each says its own basis. Days are those of UTC; a day that is not over counts as far as it went.",
            FIGURES,
            charts=(Chart("tiles", "figure", "now"),),
            rows=lambda results, _: figures(results),
        ),
        Table(
            "days",
            "By day",
            "Everybody who consented to be counted; visitors are estimates (± 1.2 %) without bots, those of one day "
            "never return.",
            (
                day("day", "The day."),
                count("facts", "events", "Events that were kept, bots included."),
                count("visitors", "visitors", "Visitors who consented to be recognised, bots left out."),
                count("day_visitors", "visitors", "Visitors counted for this day only, bots left out."),
            ),
            charts=(Chart("days", "day", "facts"), Chart("days", "day", "visitors")),
            rows=lambda results, _: [row for row in results["days"] if row["now"]],
        ),
        Table(
            "events",
            "By event",
            "Everybody who consented to be counted; bots included.",
            (
                text("event", "What happened."),
                text("stage", "Where it stands in the journey."),
                count("facts", "events", "How often."),
                count("facts_before", "events", "How often in as many days before."),
                Column(
                    "change",
                    Kind.CHANGE,
                    "of before",
                    "How much more than before.",
                    lambda row: change(row["facts"], row["facts_before"]),
                ),
            ),
            charts=(Chart("bars", "event", "facts"),),
        ),
    ),
)
