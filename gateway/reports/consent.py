"""`consent`: what was asked, given and refused, and what share of the traffic each number rests on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable

from gateway.reports.report import Chart, Fold, Question, Report, Results, Row, Table
from gateway.reports.report.columns import count, day, fraction, text
from gateway.reports.report.statements import read_statements

_TIERS = {
    "durable": ("recognised", "visitors, visits, funnels, micro-conversions, orders, revenue, attribution"),
    "day": ("counted by the day", "visitors of one day, events"),
    "none": ("counted only", "events"),
    "refused": ("not collected", "nothing but this count"),
}


def _tiers(results: Results, _question: Question) -> list[Row]:
    events = Counter(dict.fromkeys(_TIERS, 0))
    for row in results["facts"]:
        events[row["visitor_kind"]] += row["facts"]
    events["refused"] = sum(row["denied"] for row in results["refused"])
    return [
        {"tier": tier, "carries": carries, "events": events[kind], "read": events.total()}
        for kind, (tier, carries) in _TIERS.items()
    ]


def _by(*names: str) -> Callable[[Results, Question], list[Row]]:
    """Facts summed up by these columns: all, recognised, by the day; first and last day."""

    def rows(results: Results, _question: Question) -> list[Row]:
        sums: dict[Hashable, Row] = {}
        for row in results["facts"]:
            total = sums.setdefault(tuple(row[name] for name in names), _zero(row, names))
            total["facts"] += row["facts"]
            total[row["visitor_kind"]] += row["facts"]
            total["first_day"] = min(total["first_day"], row["first_at"].date())
            total["last_day"] = max(total["last_day"], row["last_at"].date())
        return sorted(sums.values(), key=lambda total: (-total["facts"], *(total[name] for name in names)))

    return rows


def _zero(row: Row, names: tuple[str, ...]) -> Row:
    whole = {"facts": 0, "durable": 0, "day": 0, "none": 0}
    first, last = row["first_at"].date(), row["last_at"].date()
    return {**{name: row[name] or "(not known)" for name in names}, **whole, "first_day": first, "last_day": last}


def _sources(results: Results, question: Question) -> list[Row]:
    sums = {row["adapter"]: row for row in _by("adapter")(results, question)}
    refused = {row["adapter"]: row for row in results["refused"]}
    rows = [
        {
            "adapter": adapter or "(not known)",
            "facts": sums.get(adapter, {}).get("facts", 0),
            "durable": sums.get(adapter, {}).get("durable", 0),
            "denied": refused.get(adapter, {}).get("denied", 0),
            "read": sums.get(adapter, {}).get("facts", 0) + refused.get(adapter, {}).get("denied", 0),
        }
        for adapter in sorted({*sums, *refused})
    ]
    return sorted(rows, key=lambda row: -(row["facts"] + row["denied"]))


def _purposes(results: Results, _question: Question) -> list[Row]:
    facts: dict[str, int] = defaultdict(int)
    for row in results["facts"]:
        for purpose in row["purposes"]:
            facts[purpose] += row["facts"]
    read = sum(row["facts"] for row in results["facts"]) + sum(row["denied"] for row in results["refused"])
    return [
        {"purpose": name, "facts": count, "read": read}
        for name, count in sorted(facts.items(), key=lambda p: (-p[1], p[0]))
    ]


def _answers(results: Results, _question: Question) -> list[Row]:
    return [
        {**row, "place": row["place"] or "(not known)", "answered_events": row["yes"] + row["only_no"]}
        for row in results["answers"]
    ]


_FACTS = count("facts", "events", "Events that were kept.")
_RECOGNISED = fraction(
    "recognised", "of facts", "Share whose visitors consented to be recognised.", ("durable", "facts")
)
_READ = "Every event that could be read, whether it was kept or refused for want of consent."

REPORT = Report(
    name="consent",
    question="What was asked, given and refused, and what do the numbers rest on?",
    statements=read_statements("consent"),
    tables=(
        Table(
            "tiers",
            "What the numbers rest on",
            _READ,
            (
                text("tier", "How far people may be recognised."),
                count("events", "events", "How many."),
                fraction("share", "of events read", "Share of all that was read.", ("events", "read")),
                text("carries", "Numbers that rest on it."),
            ),
            charts=(Chart("bars", "tier", "events"),),
            rows=_tiers,
        ),
        Table(
            "purposes",
            "By purpose",
            _READ,
            (
                text("purpose", "A purpose of the policy."),
                count("facts", "events", "Events for which it was allowed."),
                fraction("share", "of events read", "Share of all that was read.", ("facts", "read")),
            ),
            rows=_purposes,
        ),
        Table(
            "regions",
            "By region of the policy",
            "Events that were kept; where a refused one came from is not kept.",
            (text("region", "A region of the policy."), _FACTS, _RECOGNISED),
            rows=_by("region"),
        ),
        Table(
            "countries",
            "By country",
            "Events that were kept; where a refused one came from is not kept.",
            (text("country", "ISO 3166-1 alpha-2."), _FACTS, _RECOGNISED),
            rows=_by("country"),
        ),
        Table(
            "sources",
            "By protocol",
            _READ,
            (
                text("adapter", "Protocol that the events came in by."),
                _FACTS,
                count("denied", "events", "Events refused for want of consent."),
                fraction("kept", "of events read", "Share that was kept.", ("facts", "read")),
                _RECOGNISED,
            ),
            rows=_sources,
        ),
        Table(
            "policies",
            "By version of the policy",
            "Events that were kept.",
            (
                text("policy", "Hash of the policy that decided."),
                day("first_day", "First day of its events."),
                day("last_day", "Last day of its events."),
                _FACTS,
                _RECOGNISED,
            ),
            rows=_by("policy"),
        ),
        Table(
            "answers",
            "What was asked and answered, by place",
            "Every event that was decided upon. A place is where its visitor may have been; (not known) counts as the "
            "strictest.",
            (
                text("place", "Candidate places, ISO 3166."),
                count("decided", "events", "Events that were decided upon."),
                count("silent", "events", "Nothing was said: not asked, or not answered yet."),
                count("assumed", "events", "A yes that nobody gave was claimed."),
                count("yes", "events", "A yes to something was given."),
                count("only_no", "events", "There were only noes."),
                fraction("answered", "of events", "Share with an answer.", ("answered_events", "decided")),
                fraction("given", "of answers", "Share of answers with a yes.", ("yes", "answered_events")),
            ),
            rows=_answers,
        ),
        Table(
            "choices",
            "Choices as they changed",
            "Proofs of choice of people who have said yes at some time. A no without a yes before is told by nobody's "
            "proof, so that it cannot become an identifier: see the table before.",
            (
                text("region", "A region of the policy."),
                text("source", "Languages that the choice was told in."),
                text("policy", "Hash of the policy in force."),
                text("notice", "Version of the notice that was shown."),
                count("given", "choices", "Said yes."),
                count("changed", "choices", "Changed their mind in part."),
                count("withdrawn", "choices", "Took their yes back."),
            ),
            fold=Fold("region", "people", apart=("source", "policy", "notice")),
        ),
    ),
)
