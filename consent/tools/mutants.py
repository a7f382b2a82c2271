"""Mutation check: every clause of a policy, changed one at a time; some example must notice, or nobody tests it.

May not: change the policy itself; mutants live for one run of the examples.

Why not every number: retention and notices are read by people, and no decision depends on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, TypeVar

from consent.clauses.words import ANYWHERE, ERASE, STOP, Clauses, Destination, Field, Region, Signals
from consent.compile import SUPPORTS, compile_policy
from consent.compiled import Policy
from consent.examples import failures
from consent.words import Action, Language, Rule

T = TypeVar("T")


class Mutant(NamedTuple):
    """A policy with one clause changed. `change` says which, in words; `line` is the clause's."""

    line: int
    change: str
    clauses: Clauses


def untested(policy: Policy) -> list[Mutant]:
    """The mutants that no example notices, though they change something."""
    return [mutant for mutant in mutants(policy.clauses) if _survives(mutant, policy)]


def _survives(mutant: Mutant, policy: Policy) -> bool:
    changed = compile_policy(mutant.clauses, policy.hash)
    if any(next(failures(example, changed), None) for example in changed.clauses.examples):
        return False
    return not _is_same(changed, policy)


def _is_same(changed: Policy, policy: Policy) -> bool:
    """A change that no hit can feel is none: a clause that another one overrules."""
    if (changed.place_regions, changed.voices, changed.destinations) != (
        policy.place_regions,
        policy.voices,
        policy.destinations,
    ):
        return False
    if changed.clauses.people.on_withdrawal != policy.clauses.people.on_withdrawal:
        return False
    if (changed.minors_under, changed.minors_never) != (policy.minors_under, policy.minors_never):
        return False
    if [region.rules for region in changed.regions] != [region.rules for region in policy.regions]:
        return False
    return _actions(changed) == _actions(policy)


def _actions(policy: Policy) -> list[Action]:
    """What becomes of every listed field, at every destination, for each purpose and for any two of them."""
    bits = [1 << bit for bit in range(len(policy.purposes))]
    masks = {one | other for one in bits for other in bits}
    return [
        policy.action(destination, mask, field.name, field.category)
        for destination in policy.destinations
        for mask in sorted(masks)
        for field in policy.clauses.fields
    ]


def mutants(clauses: Clauses) -> Iterator[Mutant]:
    for number, region in enumerate(clauses.regions):
        for line, change, changed in _region_mutants(region):
            yield Mutant(line, change, replace(clauses, regions=_with(clauses.regions, number, changed)))
    for line, change, signals in _signal_mutants(clauses.signals):
        yield Mutant(line, change, replace(clauses, signals=signals))
    yield from _people_mutants(clauses)
    for number, field in enumerate(clauses.fields):
        for change, changed_field in _field_mutants(field):
            yield Mutant(field.line, change, replace(clauses, fields=_with(clauses.fields, number, changed_field)))
    for number, destination in enumerate(clauses.destinations):
        for change, other in _destination_mutants(destination, clauses):
            yield Mutant(
                destination.line, change, replace(clauses, destinations=_with(clauses.destinations, number, other))
            )


def _with(items: tuple[T, ...], number: int, item: T) -> tuple[T, ...]:
    return (*items[:number], item, *items[number + 1 :])


def _region_mutants(region: Region) -> Iterator[tuple[int, str, Region]]:
    for purpose, rule in region.rules.items():
        for other in Rule:
            if other is not rule:
                change = f"in the region '{region.name}', {purpose} from {_say(rule)} to {_say(other)}"
                yield region.lines[purpose], change, replace(region, rules={**region.rules, purpose: other})
    for code in region.where:
        if code != ANYWHERE:
            left = tuple(other for other in region.where if other != code)
            yield region.line, f"the region '{region.name}' without {code}", replace(region, where=left)


def _signal_mutants(signals: Signals) -> Iterator[tuple[int, str, Signals]]:
    believed = signals.believed
    for language, line in believed.yes.items():
        rest = {other: at for other, at in believed.yes.items() if other is not language}
        yield line, f"no yes believed from {language.value}", replace(signals, believed=believed._replace(yes=rest))
    for language, line in believed.no.items():
        rest = {other: at for other, at in believed.no.items() if other is not language}
        yield line, f"no no believed from {language.value}", replace(signals, believed=believed._replace(no=rest))
    for number, row in enumerate(signals.speaks):
        where = f" in {row.region}" if row.region else ""
        change = f"{row.language.value}: '{row.flag}' no longer speaks for {row.purpose}{where}"
        yield row.line, change, replace(signals, speaks=signals.speaks[:number] + signals.speaks[number + 1 :])
    for days in (signals.valid_for_days * 2, signals.valid_for_days // 2):
        yield signals.valid_for_line, f"a choice is valid for {days} days", replace(signals, valid_for_days=days)
    yield from _option_mutants(signals)


def _option_mutants(signals: Signals) -> Iterator[tuple[int, str, Signals]]:
    flips = {
        (Language.TCF, "read"): ("publisher_tc_then_core", "core"),
        (Language.TCF, "legitimate_interest"): ("ignored", SUPPORTS),
        (Language.GOOGLE_CONSENT_MODE, "default_counts_as_yes"): ("", "yes"),
    }
    for key, (one, other) in flips.items():
        if key[0] in signals.lines:
            flipped = other if signals.options.get(key, one) == one else one
            changed = replace(signals, options={**signals.options, key: flipped})
            yield signals.lines[key[0]], f"{key[0].value}: {key[1]} is {flipped or 'no'}", changed
    for language, purposes in signals.overrides.items():
        if purposes:
            change = f"{language.value}: no exception for an explicit yes"
            yield signals.lines[language], change, replace(signals, overrides={**signals.overrides, language: ()})
    for language, flag in sorted(signals.ignored):
        change = f"{language.value}: '{flag}' is not ignored"
        yield signals.lines[language], change, replace(signals, ignored=signals.ignored - {(language, flag)})


def _people_mutants(clauses: Clauses) -> Iterator[Mutant]:
    people = clauses.people
    for age in (people.minors_under - 1, people.minors_under + 1):
        yield Mutant(people.line, f"minors are under {age}", replace(clauses, people=replace(people, minors_under=age)))
    for purpose, line in people.never.items():
        rest = {other: at for other, at in people.never.items() if other != purpose}
        yield Mutant(line, f"{purpose} is allowed for minors", replace(clauses, people=replace(people, never=rest)))
    yield _withdrawal_mutant(clauses)


def _withdrawal_mutant(clauses: Clauses) -> Mutant:
    people = clauses.people
    other = STOP if people.on_withdrawal == ERASE else ERASE
    flipped = replace(clauses, people=replace(people, on_withdrawal=other))
    return Mutant(people.withdrawal_line, f"on_withdrawal is {other}", flipped)


def _field_mutants(field: Field) -> Iterator[tuple[str, Field]]:
    for purpose, action in field.actions.items():
        for other in Action:
            if other is not action:
                change = f"the field '{field.name}' for '{purpose}' from {_say(action)} to {_say(other)}"
                yield change, replace(field, actions={**field.actions, purpose: other})


def _destination_mutants(destination: Destination, clauses: Clauses) -> Iterator[tuple[str, Destination]]:
    for purpose in clauses.purposes:
        if purpose.name in destination.purposes:
            rest = tuple(name for name in destination.purposes if name != purpose.name)
            yield f"nothing goes to '{destination.name}' for {purpose.name}", replace(destination, purposes=rest)
        else:
            more = (*destination.purposes, purpose.name)
            yield f"'{destination.name}' also gets {purpose.name}", replace(destination, purposes=more)


def _say(word: Rule | Action) -> str:
    return word.name.lower().replace("_", " ")
