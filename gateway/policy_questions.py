"""One hit as a person describes it to `gateway policy explain`, and the answer as JSON.

May not: decide. A question that cannot be understood raises ValueError with one sentence, for the command or the page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from consent.clauses.examples import read_given
from consent.clauses.marked import read_marked
from consent.compiled import Policy
from consent.decide import Case
from consent.examples import EXAMPLE_AT, said
from consent.explain import Explanation
from consent.places import is_place
from consent.policy import PolicyError
from consent.signals import CARRIERS, read_signals
from consent.words import Statement


class Question(NamedTuple):
    """What the options of `gateway policy explain` say of a hit, as text."""

    places: tuple[str, ...]
    signals: tuple[str, ...]
    given: str | None
    age: int | None
    at: str | None


def case_of(loaded: Policy, asked: Question) -> Case:
    if asked.given is not None:
        return _given_case(loaded, asked.given)
    for place in asked.places:
        if not is_place(place):
            raise ValueError(f"{place} is not an ISO 3166 code such as DE or US-CA.")
    statements = tuple(_statement(signal) for signal in asked.signals)
    signals = read_signals((*statements, *loaded.statements))
    return Case(signals, loaded, asked.places, _moment(asked.at), asked.age)


def _given_case(loaded: Policy, text: str) -> Case:
    try:
        read = read_given(read_marked(text.encode(), "--given"), loaded.clauses)
    except PolicyError as error:
        raise ValueError(f"--given {error.sentence}.") from None
    return Case(said(read), loaded, read.places[0], EXAMPLE_AT, read.age)


def _statement(signal: str) -> Statement:
    carrier, equals, text = signal.partition("=")
    if not equals or carrier not in CARRIERS:
        raise ValueError(f"--signal {carrier} is not CARRIER=TEXT; carriers: {', '.join(CARRIERS)}.")
    return Statement(carrier, text)


def _moment(at: str | None) -> float:
    try:
        moment = datetime.fromisoformat(at) if at else datetime.now(UTC)
    except ValueError:
        raise ValueError(f"--at {at} is not a time such as 2026-11-22T10:00:00Z.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def shown(explanation: Explanation) -> dict[str, Any]:
    decision = explanation.decision
    return {
        "allowed": list(decision.purposes),
        "region": decision.region,
        "policy": decision.policy,
        "place": explanation.place,
        "reasons": [reason._asdict() for reason in explanation.reasons],
        "remarks": list(explanation.remarks),
    }
