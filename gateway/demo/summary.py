"""The end of a demo in lines for people: what was sent, what the gateway told, what to ask it next.

May not: send or ask anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.demo.sender import Received
from gateway.demo.truth import FUNNEL, Truth
from gateway.demo.words import Stance

_MONTH_MS = 30 * 86_400_000
_MOMENT = "toUInt64(toUnixTimestamp64Milli(event_time))"
_STEPS = ", ".join(f"event = '{step}'" for step in FUNNEL)
_LEVELS = ", ".join(f"countIf(level >= {place}) AS {step}" for place, step in enumerate(FUNNEL, start=1))

#: Three questions, each with what it answers.
QUESTIONS: tuple[tuple[str, str], ...] = (
    (
        "How many recognised visitors get from a product to a purchase?",
        f"SELECT {_LEVELS} FROM (SELECT visitor, windowFunnel({_MONTH_MS})({_MOMENT}, {_STEPS}) AS level "
        "FROM events WHERE visitor_kind = 'durable' GROUP BY visitor)",
    ),
    (
        "What does each seller sell?",
        "SELECT item.seller_id AS seller, currency, uniqExact(order_id) AS orders, "
        "sum(item.price * item.quantity) AS sales FROM events ARRAY JOIN items AS item "
        "WHERE event = 'purchase' GROUP BY seller, currency ORDER BY sales DESC",
    ),
    (
        "What was not collected, and why?",
        "SELECT adapter, refusal, sum(events) AS events FROM tallies GROUP BY adapter, refusal ORDER BY events DESC",
    ),
)


def summarise(truth: Truth, received: Received, seconds: float) -> Iterator[str]:
    """The lines, without line ends."""
    bad, of_bad = truth.requests["bad"], f"{received.facts_of_bad:,} facts, {received.refused_of_bad:,} refused"
    yield f"Sent {received.hits:,} hits in {seconds:.1f} s, {bad:,} of them bad on purpose; {received.events:,} events."
    yield f"Answers: {_counts(received.statuses)}."
    if received.sent_again:
        yield f'Sent again because there was no answer, or "later": {received.sent_again:,}.'
    yield f"The gateway told: {received.facts:,} facts, {received.refused:,} refused; of bad hits {of_bad}."
    yield f"What the visitors had said at each event: {_counts(_stances(truth))}."
    yield _verdict(truth, received)
    yield ""
    yield "Try next:"
    for question, sql in QUESTIONS:
        yield f"  # {question}"
        yield f'  gateway sql "{sql}"'


def _verdict(truth: Truth, received: Received) -> str:
    expected = truth.facts.names.total()
    if received.facts == expected:
        return (
            "That is exactly what the strictest policy lets through: nothing without a fresh, explicit yes to being "
            "counted or analysed; a banner left open, a yes assumed or outdated is none."
        )
    return (
        f"The strictest policy would have let {expected:,} facts through; this gateway has another policy, other keys, "
        "or saw some hits twice."
    )


def _stances(truth: Truth) -> dict[str, int]:
    counts = {stance.value.replace("_", " "): 0 for stance in Stance}
    for (_, stance), count in truth.stances.items():
        counts[stance.value.replace("_", " ")] += count
    return counts


def _counts(counts: dict[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} × {count:,}" for name, count in ranked if count)
