"""What the warehouse shows to be wrong with contracts, tags and journeys: a table of checks over counts.

May not: see an event; it judges counts. Nothing is said of numbers too small to tell chance from a fault.

How chance is told: a share counts as above its limit when the lower end of its 95 % interval (Wilson) is; a day as
unlike the others when it is twice or half of what is usual, further off than five standard deviations of a Poisson
count, and, where eight days or more were asked about, unlike the same day of the week before too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from statistics import median
from typing import NamedTuple

from gateway.intake.contracts.contract import Contracts
from gateway.intake.contracts.tools.audit_questions import Day, Order, Seen, Shape
from gateway.intake.contracts.words import Stage, Status, Type


class Fault(NamedTuple):
    """One thing to mend: its kind, the event (or '' for all), and a sentence with its figures."""

    kind: str
    event: str
    sentence: str


class Limits(NamedTuple):
    """Above what an audit speaks up; all are shares but for the two counts."""

    malformed: float = 0.01
    drift: float = 0.05
    shape_change: float = 0.5
    repeated_orders: float = 0.05
    stage_coverage: float = 0.5
    differing_orders: float = 0.01
    missing_orders: float = 0.05
    least: int = 30
    earlier_days: int = 3


class Audited(NamedTuple):
    """What is compared: contracts, what was seen, an order export if there is one (order -> value), limits."""

    contracts: Contracts
    seen: Seen
    export: Mapping[str, float] | None
    limits: Limits


#: Stages that a purchase passes through, whoever buys.
_ON_THE_WAY = (Stage.CONSIDERATION, Stage.INTENT)
_Z = 1.96
_SIGMAS = 5.0
_TWICE = 2.0
_FAR = 1.5
_WEEK = 7
_RULES_TOLD = 3


def audit(audited: Audited) -> Iterator[Fault]:
    """Every fault, kind by kind."""
    for check in _CHECKS:
        yield from check(audited)


def least_share(hits: int, of: int) -> float:
    """Lower end of the 95 % interval of a share. Source: E. B. Wilson, JASA 22 (1927), p. 209."""
    if not of:
        return 0.0
    share, spread = hits / of, _Z * _Z / of
    middle = share + spread / 2
    return (middle - _Z * math.sqrt(share * (1 - share) / of + spread / (4 * of))) / (1 + spread)


def _orphaned(audited: Audited) -> Iterator[Fault]:
    counts: dict[str, int] = {}
    for day in audited.seen.by_day:
        if not day.contract or _name(day.contract) not in audited.contracts.terms:
            counts[day.event] = counts.get(day.event, 0) + day.events
    for event, events in counts.items():
        yield Fault("orphaned", event, f"arrived {events} times, but has no contract; its properties were not stored")


def _silent(audited: Audited) -> Iterator[Fault]:
    heard = {_name(day.contract) for day in audited.seen.by_day} | {day.event for day in audited.seen.by_day}
    heard |= {_name(one.contract) for one in audited.seen.aside}
    for terms in audited.contracts:
        if terms.status is Status.ACTIVE and terms.name not in heard:
            sentence = f"is active, but did not arrive in {audited.seen.days} days; ask {terms.owner}"
            yield Fault("silent", terms.name, sentence)


def _deprecated(audited: Audited) -> Iterator[Fault]:
    for name, days in _by_contract(audited.seen.by_day).items():
        terms = audited.contracts.terms.get(name)
        if terms is not None and terms.status is Status.DEPRECATED:
            events = sum(day.events for day in days)
            yield Fault("deprecated", name, f"arrived {events} times, but is deprecated; use {terms.use_instead}")


def _malformed(audited: Audited) -> Iterator[Fault]:
    stored, waiting = _by_contract(audited.seen.by_day), _waiting(audited.seen)
    for name in sorted(stored.keys() | waiting.keys()):
        days, aside = stored.get(name, []), waiting.get(name, 0)
        flagged, events = sum(day.flagged for day in days), aside + sum(day.events for day in days)
        if _is_malformed(audited.limits, flagged + aside, events):
            told = (
                f"breaks its contract in {_percent(flagged + aside, events)} ({flagged} flagged, {aside} in quarantine"
            )
            yield Fault("malformed", name, f"{told}, of {events}): {_rules(audited.seen, name)}")
    yield from _refused_unseen(audited)


def _refused_unseen(audited: Audited) -> Iterator[Fault]:
    """Refusals that no row tells of any more: those of before the last 30 days, or of before there was a quarantine."""
    refused = sum(one.events for one in audited.seen.refused if one.refusal == "contract_broken")
    unseen = refused - sum(one.waiting + one.replayed for one in audited.seen.aside)
    events = unseen + sum(day.events for day in audited.seen.by_day)
    if _is_malformed(audited.limits, unseen, events):
        yield Fault("malformed", "", f"{_percent(unseen, events)} of all events were refused as contract_broken")


def _is_malformed(limits: Limits, broken: int, events: int) -> bool:
    return broken > 0 and events >= limits.least and least_share(broken, events) > limits.malformed


def _waiting(seen: Seen) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in seen.aside:
        if one.waiting:
            counts[_name(one.contract)] = counts.get(_name(one.contract), 0) + one.waiting
    return counts


def _rules(seen: Seen, name: str) -> str:
    """The rules that are broken most, of all versions of a contract."""
    counts: dict[str, int] = {}
    for one in seen.broken:
        if _name(one.contract) == name:
            counts[one.rule] = counts.get(one.rule, 0) + one.events
    most = sorted(counts.items(), key=lambda pair: -pair[1])[:_RULES_TOLD]
    return ", ".join(f"{rule} {events}" for rule, events in most) or "rules of before they were kept"


#: Type of a contract -> how many texts of a property look like it. Texts of any look are texts.
_LOOKS: Mapping[Type, Callable[[Shape], int]] = {
    Type.NUMBER: lambda shape: shape.numbers,
    Type.INTEGER: lambda shape: shape.integers,
    Type.BOOLEAN: lambda shape: shape.truths,
}


def _drift(audited: Audited) -> Iterator[Fault]:
    grouped: dict[tuple[str, str], list[Shape]] = {}
    for shape in audited.seen.shapes:
        grouped.setdefault((_name(shape.contract), shape.name), []).append(shape)
    for (event, name), shapes in grouped.items():
        terms = audited.contracts.terms.get(event)
        rule = terms.properties.get(name) if terms is not None else None
        if rule is not None and rule.type in _LOOKS:
            yield from _unlike_contract(audited, Fault("drift", event, name), rule.type, shapes)
        elif rule is not None and rule.type is Type.STRING:
            yield from _unlike_before(audited, Fault("drift", event, name), shapes)


def _unlike_contract(audited: Audited, fault: Fault, kind: Type, shapes: list[Shape]) -> Iterator[Fault]:
    texts = sum(shape.texts for shape in shapes)
    wrong = texts - sum(_LOOKS[kind](shape) for shape in shapes)
    if texts >= audited.limits.least and least_share(wrong, texts) > audited.limits.drift:
        sentence = f"'{fault.sentence}' is of type {kind}, but {_percent(wrong, texts)} of what is stored is not"
        yield fault._replace(sentence=sentence)


def _unlike_before(audited: Audited, fault: Fault, shapes: list[Shape]) -> Iterator[Fault]:
    """Text that turned into numbers, or numbers that turned into text, between the days before and the last one."""
    last = [shape for shape in shapes if not shape.days_ago]
    before = [shape for shape in shapes if shape.days_ago]
    counts = [(sum(one.numbers for one in some), sum(one.texts for one in some)) for some in (last, before)]
    if min(texts for _, texts in counts) < audited.limits.least:
        return
    now, then = (numbers / texts for numbers, texts in counts)
    if abs(now - then) > audited.limits.shape_change:
        sentence = f"'{fault.sentence}' looked like a number in {then:.0%} of cases, and in the last day in {now:.0%}"
        yield fault._replace(sentence=sentence)


def _volume(audited: Audited) -> Iterator[Fault]:
    """Visits with the event, not events: a tag that fires twice is the next check's."""
    for event, days in _by_event(audited).items():
        counts = _per_day(days, audited.seen.days, lambda day: day.visits)
        usual, last = median(counts[1:]), counts[0]
        weekday: list[float] = [*counts[_WEEK : _WEEK + 1], usual]
        if usual >= audited.limits.least and _unlike(last, usual) and _unlike(last, weekday[0]):
            yield Fault("volume", event, f"came to {last} visits in the last day, where {usual:.0f} are usual")


def _unlike(last: float, usual: float) -> bool:
    far = last > usual * _TWICE or last < usual / _TWICE
    return far and abs(last - usual) > _SIGMAS * math.sqrt(usual)


def _firing(audited: Audited) -> Iterator[Fault]:
    for event, days in _by_event(audited).items():
        rates = [day.events / day.visits for day in days if day.days_ago and day.visits]
        last = [day for day in days if not day.days_ago and day.visits >= audited.limits.least]
        if not last or len(rates) < audited.limits.earlier_days:
            continue
        usual, now = median(rates), sum(day.events for day in last) / sum(day.visits for day in last)
        if now > usual * _FAR or now < usual / _FAR:
            yield Fault("firing", event, f"fired {now:.1f} times per visit in the last day, where {usual:.1f} is usual")
    repeated = sum(order.purchases > 1 for order in audited.seen.orders)
    if least_share(repeated, len(audited.seen.orders)) > audited.limits.repeated_orders:
        share = _percent(repeated, len(audited.seen.orders))
        yield Fault("firing", "purchase", f"told of {share} of orders more than once; reports count each once")


def _coverage(audited: Audited) -> Iterator[Fault]:
    sessions = {one.stage: one.sessions for one in audited.seen.reached}
    bought = sessions.get(Stage.CONVERSION, 0)
    stages = {terms.stage for terms in audited.contracts if terms.status is Status.ACTIVE}
    for stage in _ON_THE_WAY:
        reached = sessions.get(stage, 0)
        missed = least_share(bought - reached, bought)
        if stage in stages and bought >= audited.limits.least and missed > 1 - audited.limits.stage_coverage:
            share = _percent(reached, bought)
            yield Fault("coverage", "", f"only {share} of the visits that bought have an event of the stage {stage}")


def _discrepancy(audited: Audited) -> Iterator[Fault]:
    if audited.export is None:
        return
    export, orders = audited.export, {order.order_id: order for order in audited.seen.orders}
    missing, unknown = len(export.keys() - orders.keys()), len(orders.keys() - export.keys())
    expected = _denied_share(audited.seen) + audited.limits.missing_orders
    if least_share(missing, len(export)) > expected:
        share = _percent(missing, len(export))
        sentence = (
            f"{share} of the exported orders did not arrive, where consent explains {_denied_share(audited.seen):.1%}"
        )
        yield Fault("discrepancy", "purchase", sentence)
    if least_share(unknown, len(orders)) > audited.limits.differing_orders:
        yield Fault("discrepancy", "purchase", f"{_percent(unknown, len(orders))} of the orders are in no export")
    yield from _differing(audited, export, orders)


def _differing(audited: Audited, export: Mapping[str, float], orders: Mapping[str, Order]) -> Iterator[Fault]:
    shared = export.keys() & orders.keys()
    differing = [name for name in shared if abs(export[name] - orders[name].value) >= 0.005]
    if least_share(len(differing), len(shared)) > audited.limits.differing_orders:
        by = sum(orders[name].value - export[name] for name in differing)
        sentence = (
            f"{_percent(len(differing), len(shared))} of the orders have another value than exported, {by:+.2f} in all"
        )
        yield Fault("discrepancy", "purchase", sentence)


def _denied_share(seen: Seen) -> float:
    """The share of events that consent kept out, and so the share of orders that nobody may expect."""
    denied = sum(one.events for one in seen.refused if one.refusal == "consent_denied")
    events = denied + sum(day.events for day in seen.by_day)
    return denied / events if events else 0.0


def _by_contract(by_day: Iterable[Day]) -> dict[str, list[Day]]:
    grouped: dict[str, list[Day]] = {}
    for day in by_day:
        if day.contract:
            grouped.setdefault(_name(day.contract), []).append(day)
    return grouped


def _by_event(audited: Audited) -> dict[str, list[Day]]:
    """Events with a contract that were seen on enough earlier days to tell what is usual; versions added up."""
    grouped: dict[str, dict[int, Day]] = {}
    for day in audited.seen.by_day:
        if day.contract:
            days = grouped.setdefault(day.event, {})
            days[day.days_ago] = _add(days[day.days_ago], day) if day.days_ago in days else day
    least = audited.limits.earlier_days
    return {event: list(days.values()) for event, days in grouped.items() if sum(map(bool, days)) >= least}


def _add(one: Day, other: Day) -> Day:
    events, flagged = one.events + other.events, one.flagged + other.flagged
    sessions, alone = one.sessions + other.sessions, one.alone + other.alone
    return one._replace(events=events, flagged=flagged, sessions=sessions, alone=alone)


def _per_day(days: Iterable[Day], length: int, count: Callable[[Day], int]) -> list[int]:
    """Counts from the last day backwards to the first day that had any, days without one as 0."""
    found = {day.days_ago: count(day) for day in days}
    return [found.get(ago, 0) for ago in range(min(length, max(found) + 1))]


def _name(label: str) -> str:
    return label.partition("@")[0]


def _percent(part: int, of: int) -> str:
    return f"{part / of:.1%}" if of else "0 %"


_CHECKS: tuple[Callable[[Audited], Iterator[Fault]], ...] = (
    _orphaned,
    _silent,
    _deprecated,
    _malformed,
    _drift,
    _volume,
    _firing,
    _coverage,
    _discrepancy,
)
