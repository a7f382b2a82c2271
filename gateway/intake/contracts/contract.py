"""A contract compiled: an event in, what it lists out. And all contracts of a site, found by an event's name.

May not: let anything through that a contract does not list; show a value of what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.intake.contracts.checks import ITEM_CHECKS, ITEMS_LIMIT, BrokenRule, Check, compile_check
from gateway.intake.contracts.words import Checked, Enforcement, Scalar, Status, Terms, Type, Verdict
from gateway.intake.hit import Event

_VERDICTS = {
    Enforcement.OBSERVE: Verdict.VALID,
    Enforcement.FLAG: Verdict.FLAGGED,
    Enforcement.QUARANTINE: Verdict.BROKEN,
}


@dataclass(frozen=True, slots=True)
class Contract:
    """The compiled contract of one event. `label` is what rows carry: `product_view@1`."""

    terms: Terms
    label: str
    _checks: Mapping[str, Check] = field(repr=False)
    _required: frozenset[str] = field(repr=False)
    _has_items: bool
    _verdict_if_broken: Verdict

    def check(self, event: Event) -> Checked:
        """What the contract lists of the event, typed, and what it breaks. Pure."""
        checks = self._checks
        kept: dict[str, Scalar] = {}
        broken: list[str] = []
        dropped = 0
        for name, value in event.properties.items():
            check = checks.get(name)
            if check is None:
                dropped += 1
            elif value != "":
                try:
                    kept[name] = check(value)
                except BrokenRule as error:
                    broken.append(f"{name}:{error.rule}")
        items = _check_items(event.items, broken) if self._has_items and event.items else []
        if not self._required <= kept.keys():
            self._put_missing(kept, items, broken)
        return Checked(self.verdict(broken), kept, items, tuple(broken), dropped)

    def verdict(self, broken: Sequence[str]) -> Verdict:
        """What the contract makes of an event that breaks these rules."""
        return self._verdict_if_broken if broken else Verdict.VALID

    def _put_missing(self, kept: dict[str, Scalar], items: list[dict[str, Scalar]], broken: list[str]) -> None:
        seen = {word.partition(":")[0] for word in broken}
        missing = self._required.difference(kept, seen, ("items",) if items else ())
        broken.extend(f"{name}:required" for name in sorted(missing))


def _check_items(items: list[dict[str, Any]], broken: list[str]) -> list[dict[str, Scalar]]:
    """The known parts of the products, typed; a rule that is broken by several is named once."""
    found: set[str] = {"items:max"} if len(items) > ITEMS_LIMIT else set()
    kept = [_check_item(item, found) for item in items[:ITEMS_LIMIT]]
    broken.extend(sorted(found))
    return [item for item in kept if item]


def _check_item(item: dict[str, Any], broken: set[str]) -> dict[str, Scalar]:
    kept: dict[str, Scalar] = {}
    for name, check in ITEM_CHECKS.items():
        value = item.get(name)
        if value is not None and value != "":
            try:
                kept[name] = check(value)
            except BrokenRule as error:
                broken.add(f"items.{name}:{error.rule}")
    return kept


def compile_contract(terms: Terms) -> Contract:
    """Checks of all properties, made once."""
    scalars = {name: rule for name, rule in terms.properties.items() if rule.type is not Type.ITEMS}
    return Contract(
        terms=terms,
        label=f"{terms.name}@{terms.version}",
        _checks={name: compile_check(rule) for name, rule in scalars.items()},
        _required=frozenset(name for name, rule in terms.properties.items() if rule.required),
        _has_items=len(scalars) < len(terms.properties),
        _verdict_if_broken=_VERDICTS[terms.enforcement],
    )


class Contracts:
    """All contracts of a site. Iterates over their terms, drafts too, by name."""

    def __init__(self, terms: Mapping[str, Terms]) -> None:
        self.terms = dict(sorted(terms.items()))
        self._compiled = {
            name: compile_contract(one) for name, one in self.terms.items() if one.status is not Status.DRAFT
        }

    def find(self, event_name: str) -> Contract | None:
        """The contract of that event, else of its nearest ancestor (`a.b` for `a.b.c`), else None. Drafts are none."""
        contract = self._compiled.get(event_name)
        while contract is None and "." in event_name:
            event_name = event_name.rpartition(".")[0]
            contract = self._compiled.get(event_name)
        return contract

    def __iter__(self) -> Iterator[Terms]:
        return iter(self.terms.values())

    def __len__(self) -> int:
        return len(self.terms)
