"""What an audit asks the warehouse, and the shape of each answer. Counts only: no statement reads a value out.

May not: ask anything; whoever may touch the database does. `%(since)s`, `%(until)s`, `%(site)s` are bound by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

_SPAN = "event_time >= %(since)s AND event_time < %(until)s AND (%(site)s = '' OR site = %(site)s) AND NOT bot"
_DAYS_AGO = "toUInt16(intDiv(dateDiff('second', event_time, toDateTime(%(until)s, 'UTC')), 86400))"
_NO_SESSION = "toUUID('00000000-0000-0000-0000-000000000000')"


class Day(NamedTuple):
    """One event on one day; `days_ago` 0 is the day that just ended. `alone` are events without a session."""

    event: str
    contract: str
    days_ago: int
    events: int
    flagged: int
    sessions: int
    alone: int

    @property
    def visits(self) -> int:
        """How often it happened to somebody, however often the tag fired."""
        return self.sessions + self.alone


class Shape(NamedTuple):
    """How many texts of a property look like numbers, whole numbers, truth values, on one day."""

    contract: str
    name: str
    days_ago: int
    texts: int
    numbers: int
    integers: int
    truths: int


class Reached(NamedTuple):
    """Of the sessions with a macro-conversion, those that also have an event of a stage."""

    stage: str
    sessions: int


class Refused(NamedTuple):
    """Events that did not become facts, by reason."""

    refusal: str
    events: int


class Aside(NamedTuple):
    """Events that broke a contract which says quarantine: those that wait, and those that were replayed since."""

    contract: str
    waiting: int
    replayed: int


class Broken(NamedTuple):
    """How many events break one rule of a contract, whatever became of them."""

    contract: str
    rule: str
    events: int


class Order(NamedTuple):
    """One order as the warehouse has it: its value, and how many purchase events told of it."""

    order_id: str
    value: float
    purchases: int


@dataclass(frozen=True, slots=True)
class Seen:
    """All answers of one audit. `days` is how many whole days were asked about."""

    days: int
    by_day: tuple[Day, ...]
    shapes: tuple[Shape, ...]
    reached: tuple[Reached, ...]
    refused: tuple[Refused, ...]
    aside: tuple[Aside, ...]
    broken: tuple[Broken, ...]
    orders: tuple[Order, ...]


class Question(NamedTuple):
    """A statement, and what one row of its answer is."""

    sql: str
    row: Callable[..., Any]


QUESTIONS: Mapping[str, Question] = {
    "by_day": Question(
        f"""
        SELECT event, contract, {_DAYS_AGO} AS days_ago, count(), countIf(verdict = 'flagged'),
            uniqExactIf(session, session != {_NO_SESSION}), countIf(session = {_NO_SESSION})
        FROM gateway.events WHERE {_SPAN} GROUP BY event, contract, days_ago ORDER BY event, contract, days_ago
        """,
        Day,
    ),
    "shapes": Question(
        f"""
        SELECT contract, name, {_DAYS_AGO} AS days_ago, count(), countIf(isNotNull(toFloat64OrNull(text))),
            countIf(isNotNull(toInt64OrNull(text))), countIf(text IN ('true', 'false'))
        FROM gateway.events ARRAY JOIN mapKeys(properties) AS name, mapValues(properties) AS text
        WHERE {_SPAN} AND contract != '' GROUP BY contract, name, days_ago ORDER BY contract, name, days_ago
        """,
        Shape,
    ),
    "reached": Question(
        f"""
        SELECT stage, uniqExact(session) FROM gateway.events
        WHERE {_SPAN} AND stage != '' AND session IN (
            SELECT session FROM gateway.events WHERE {_SPAN} AND event = 'purchase' AND session != {_NO_SESSION})
        GROUP BY stage ORDER BY stage
        """,
        Reached,
    ),
    "refused": Question(
        """
        SELECT refusal, sum(events) FROM gateway.tallies
        WHERE minute >= %(since)s AND minute < %(until)s AND (%(site)s = '' OR site = %(site)s)
        GROUP BY refusal ORDER BY refusal
        """,
        Refused,
    ),
    "aside": Question(
        f"""
        SELECT contract, sum(waits), sum(replays) FROM (
            SELECT contract, 1 AS waits, 0 AS replays FROM gateway.quarantine WHERE {_SPAN}
            UNION ALL
            SELECT contract, 0, 1 FROM gateway.events
            WHERE {_SPAN} AND batch IN (SELECT batch FROM gateway.replays))
        GROUP BY contract ORDER BY contract
        """,
        Aside,
    ),
    "broken": Question(
        f"""
        SELECT contract, rule, count() FROM (
            SELECT contract, arrayJoin(broken) AS rule FROM gateway.events WHERE {_SPAN} AND verdict = 'flagged'
            UNION ALL
            SELECT contract, arrayJoin(broken) FROM gateway.quarantine WHERE {_SPAN})
        GROUP BY contract, rule ORDER BY count() DESC, contract, rule
        """,
        Broken,
    ),
    "orders": Question(
        f"""
        SELECT order_id, toFloat64(any(value)), count() FROM gateway.events
        WHERE {_SPAN} AND event = 'purchase' AND order_id != '' GROUP BY order_id
        """,
        Order,
    ),
}


def read_seen(answers: Callable[[str], Sequence[Sequence[Any]]], days: int) -> Seen:
    """Asks every question, and makes nouns of the answers."""
    found = {name: tuple(question.row(*row) for row in answers(question.sql)) for name, question in QUESTIONS.items()}
    return Seen(days=days, **found)
