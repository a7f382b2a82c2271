"""How contracts differ from what they were: what breaks senders or reports, and whether the version says so.

May not: know where the older contracts come from; they are passed in, compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.intake.contracts.contract import Contracts
from gateway.intake.contracts.tools.findings import Finding, Weight
from gateway.intake.contracts.words import Property, Status, Terms


class Change(NamedTuple):
    """One difference, and whether it breaks somebody who relied on the contract as it was."""

    breaks: bool
    sentence: str


def changes(was: Contracts, now: Contracts) -> Iterator[Finding]:
    """Errors: broken, or changed back, without a higher version. Drafts promise nothing, so they are not compared."""
    for terms in was:
        if terms.status is Status.DRAFT:
            continue
        if terms.name not in now.terms:
            yield from _removed(terms)
        else:
            yield from _compare(terms, now.terms[terms.name])


def _removed(was: Terms) -> Iterator[Finding]:
    if was.status is not Status.DEPRECATED:
        sentence = (
            f"the contract '{was.name}', which stood here, is gone; deprecate it first and say what to use_instead"
        )
        yield Finding(Weight.ERROR, was.file, was.line, sentence)


def _compare(was: Terms, now: Terms) -> Iterator[Finding]:
    if now.version < was.version:
        sentence = f"the version of '{now.name}' goes back from {was.version} to {now.version}; versions only rise"
        yield Finding(Weight.ERROR, now.file, now.line, sentence)
        return
    raised = now.version > was.version
    for change in _differences(was, now):
        yield Finding(_weigh(change, raised), now.file, now.line, f"{change.sentence}{_advice(was, now, change)}")


def _weigh(change: Change, raised: bool) -> Weight:
    if raised:
        return Weight.NOTE
    return Weight.ERROR if change.breaks else Weight.WARNING


def _advice(was: Terms, now: Terms, change: Change) -> str:
    if now.version > was.version:
        return f" (version {was.version} to {now.version})"
    return f"; raise its version from {was.version}" + (
        ", since this breaks senders or reports" if change.breaks else ""
    )


def _differences(was: Terms, now: Terms) -> Iterator[Change]:
    yield from _clauses(was, now)
    for name, rule in was.properties.items():
        if name not in now.properties:
            yield Change(True, f"'{now.name}' no longer lists the property '{name}'")
        else:
            for compare in _COMPARISONS:
                yield from compare(f"'{name}' of '{now.name}'", rule, now.properties[name])
    for name in now.properties.keys() - was.properties.keys():
        rule = now.properties[name]
        word = "requires" if rule.required else "lists"
        yield Change(rule.required, f"'{now.name}' newly {word} the property '{name}'")


def _clauses(was: Terms, now: Terms) -> Iterator[Change]:
    """What reports group and add up by; what it means in words may change freely."""
    if now.status is Status.DRAFT:
        yield Change(True, f"'{now.name}' is a draft again, so its events lose their properties")
    for word, before, after in (
        ("stage", was.stage, now.stage),
        ("kind", was.kind, now.kind),
        ("value rule", was.worth, now.worth),
    ):
        if before != after:
            yield Change(True, f"the {word} of '{now.name}' changed")
    if set(was.purposes) != set(now.purposes):
        yield Change(False, f"the purposes of '{now.name}' changed")


def _type(what: str, was: Property, now: Property) -> Iterator[Change]:
    if was.type is not now.type:
        yield Change(True, f"{what} changed its type from {was.type} to {now.type} ({now.file}:{now.line})")


def _required(what: str, was: Property, now: Property) -> Iterator[Change]:
    if was.required != now.required:
        yield Change(now.required, f"{what} is {'now required' if now.required else 'no longer required'}")


def _choices(what: str, was: Property, now: Property) -> Iterator[Change]:
    if was.type is not now.type:
        return
    if gone := [choice for choice in was.choices if choice not in now.choices]:
        yield Change(True, f"{what} no longer allows {', '.join(gone)} ({now.file}:{now.line})")
    if new := [choice for choice in now.choices if choice not in was.choices]:
        yield Change(False, f"{what} newly allows {', '.join(new)} ({now.file}:{now.line})")


def _bounds(what: str, was: Property, now: Property) -> Iterator[Change]:
    infinite = float("inf")
    low, high = _floor(was.low, -infinite), _floor(was.high, infinite)
    if _floor(now.low, -infinite) > low or _floor(now.high, infinite) < high or now.max_length < was.max_length:
        yield Change(True, f"{what} allows less than it did ({now.file}:{now.line})")


def _floor(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None else bound


def _pattern(what: str, was: Property, now: Property) -> Iterator[Change]:
    if was.pattern != now.pattern:
        yield Change(bool(now.pattern), f"{what} has another pattern ({now.file}:{now.line})")


def _category(what: str, was: Property, now: Property) -> Iterator[Change]:
    if was.category != now.category:
        yield Change(True, f"{what} is now {now.category}, not {was.category}: policy may treat it otherwise")


def _unit(what: str, was: Property, now: Property) -> Iterator[Change]:
    if was.unit != now.unit:
        yield Change(True, f"{what} changed its unit from '{was.unit}' to '{now.unit}' ({now.file}:{now.line})")


_COMPARISONS: tuple[Callable[[str, Property, Property], Iterator[Change]], ...] = (
    _type,
    _required,
    _choices,
    _bounds,
    _pattern,
    _category,
    _unit,
)
