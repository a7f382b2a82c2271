"""`quality`: can the numbers be trusted."""

from __future__ import annotations

from collections.abc import Hashable

from gateway.reports.report import Chart, Question, Report, Results, Row, Table
from gateway.reports.report.columns import count, fraction, moment, text
from gateway.reports.report.statements import read_statements

#: What may be wrong with purchases: column of the statement -> what it means, and of what it is a part.
_CHECKS = {
    "without_order": ("recognised, but without an order number", "recognised"),
    "repeated": ("the same order sent again; counted once in every report", "purchases"),
    "without_value": ("recognised, but without a value or a currency", "recognised"),
    "other_sum": ("the items do not add up to the value", "purchases"),
    "without_seller": ("an item without a seller", "purchases"),
}


def _summed(results: Results, key: str) -> list[Row]:
    """Facts summed up by event or by adapter."""
    sums: dict[Hashable, Row] = {}
    for row in results["events"]:
        total = sums.setdefault(
            row[key], {**row, "facts": 0, "flagged": 0, "without": 0, "late": 0, "contracts": set()}
        )
        for name in ("facts", "flagged", "without", "late"):
            total[name] += row[name]
        total["last_at"] = max(total["last_at"], row["last_at"])
        total["contracts"] |= {row["contract"]} - {""}
    return sorted(sums.values(), key=lambda row: (-row["facts"], str(row[key])))


def _events(results: Results, _question: Question) -> list[Row]:
    return [{**row, "contract": " ".join(sorted(row["contracts"]))} for row in _summed(results, "event")]


def _protocols(results: Results, _question: Question) -> list[Row]:
    refused: dict[str, int] = {}
    for row in results["refusals"]:
        if row["refusal"] != "consent_denied":
            refused[row["adapter"]] = refused.get(row["adapter"], 0) + row["events"]
    return [
        {**row, "refused": refused.get(row["adapter"], 0), "all": row["facts"] + refused.get(row["adapter"], 0)}
        for row in _summed(results, "adapter")
    ]


def _refusals(results: Results, _question: Question) -> list[Row]:
    facts = sum(row["facts"] for row in results["events"])
    read = facts + sum(row["events"] for row in results["refusals"])
    return [{**row, "adapter": row["adapter"] or "(none)", "read": read} for row in results["refusals"]]


def _orders(results: Results, _question: Question) -> list[Row]:
    (found,) = results["orders"]
    return [{"check": says, "found": found[name], "of": found[of]} for name, (says, of) in _CHECKS.items()]


_FACTS = count("facts", "events", "Events that were kept, bots included.")
_LATE = fraction("late", "of facts", "Share that came more than an hour after it happened.", ("late", "facts"))

REPORT = Report(
    name="quality",
    question="Can the numbers be trusted?",
    statements=read_statements("quality"),
    tables=(
        Table(
            "events",
            "By event",
            "Every event that was kept.",
            (
                text("event", "What happened."),
                text("contract", "Contracts it was checked against."),
                _FACTS,
                count("flagged", "events", "Broke a rule of their contract."),
                fraction("flagged_share", "of facts", "Share of these.", ("flagged", "facts")),
                count("without", "events", "No contract knows them."),
                moment("last_at", "When the last one was received."),
            ),
            charts=(Chart("bars", "event", "flagged_share"),),
            rows=_events,
        ),
        Table(
            "protocols",
            "By protocol",
            "Every event that was kept, and those refused for other reasons than consent.",
            (
                text("adapter", "Protocol that they came in by."),
                _FACTS,
                count("refused", "events", "Refused, but not for want of consent."),
                fraction(
                    "refused_share",
                    "of events",
                    "Share of these among all but those without consent.",
                    ("refused", "all"),
                ),
                _LATE,
                moment("last_at", "When the last one was received."),
            ),
            rows=_protocols,
        ),
        Table(
            "refusals",
            "Refusals",
            "Every event that was read, or that could not be read.",
            (
                text("adapter", "Protocol that they came in by."),
                text("refusal", "Why they did not become facts."),
                count("events", "events", "How many."),
                fraction("share", "of events read", "Share of all.", ("events", "read")),
            ),
            charts=(Chart("bars", "refusal", "events", split="adapter"),),
            rows=_refusals,
        ),
        Table(
            "orders",
            "Purchases",
            "Purchases that were kept, without bots; recognised ones are those of visitors who consented to be.",
            (
                text("check", "What is wrong with them."),
                count("found", "purchases", "How many."),
                fraction(
                    "share", "of those checked", "Share of the purchases that were checked for it.", ("found", "of")
                ),
            ),
            rows=_orders,
        ),
    ),
)
