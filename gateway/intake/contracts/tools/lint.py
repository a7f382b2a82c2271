"""What is wrong or doubtful in contracts that can be read: names that never arrive, words with two meanings, versions.

May not: refuse what the gateway would accept silently; each rule says what to do instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.intake.contracts.contract import Contracts
from gateway.intake.contracts.tools.findings import Finding, Weight
from gateway.intake.contracts.words import Property, Status, Terms, Type
from gateway.intake.vocabulary import event_name, property_name

#: Owner of a contract that nobody has taken on yet; `learn` writes it.
NOBODY = "nobody"

#: Categories of which every other one is a part; they say nothing of what a property is.
_VAGUE = frozenset({"user", "system"})

#: Nouns that end like a verb of the past.
_NO_PAST = frozenset({"feed", "bed", "seed", "speed", "need", "embed", "shed", "cred"})

_VERSION = re.compile(r"_v\d+(?:\Z|\.)")
_SAY_CHARS = 10


class _Doubt(NamedTuple):
    """What one rule has to say of one contract."""

    weight: Weight
    sentence: str


#: Reads one contract among all, and yields what it doubts.
_Rule = Callable[[Terms, Contracts], Iterator[_Doubt]]


def lint(contracts: Contracts) -> Iterator[Finding]:
    """What to answer before these contracts go live, contract by contract."""
    for terms in contracts:
        for rule in _RULES:
            for doubt in rule(terms, contracts):
                yield Finding(doubt.weight, terms.file, terms.line, doubt.sentence)
    yield from _two_meanings(contracts)


def _never_arrives(terms: Terms, _: Contracts) -> Iterator[_Doubt]:
    """The vocabulary gives some names another spelling before a contract is looked for."""
    arrives = event_name(terms.name)
    if arrives != terms.name:
        yield _Doubt(Weight.ERROR, f"no event arrives as '{terms.name}': the gateway calls it '{arrives}'")


def _property_never_arrives(terms: Terms, _: Contracts) -> Iterator[_Doubt]:
    for name in terms.properties:
        arrives = property_name(name)
        if arrives != name:
            sentence = f"the property '{name}' of '{terms.name}' mostly arrives as '{arrives}'; list that"
            yield _Doubt(Weight.WARNING, sentence)


def _past(terms: Terms, _: Contracts) -> Iterator[_Doubt]:
    last = terms.name.rpartition(".")[2].rpartition("_")[2]
    if last.endswith("ed") and last not in _NO_PAST and event_name(terms.name) == terms.name:
        sentence = f"'{terms.name}' is in the past; events are named object_action in the present, such as wishlist_add"
        yield _Doubt(Weight.WARNING, sentence)


def _version_in_name(terms: Terms, _: Contracts) -> Iterator[_Doubt]:
    if _VERSION.search(terms.name):
        yield _Doubt(Weight.ERROR, f"'{terms.name}' has a version in its name; raise 'version:' instead")


def _parent_missing(terms: Terms, contracts: Contracts) -> Iterator[_Doubt]:
    above = terms.name.rpartition(".")[0]
    if above and above not in contracts.terms:
        weight = Weight.WARNING if terms.status is Status.DRAFT else Weight.ERROR
        yield _Doubt(weight, f"'{terms.name}' stands below '{above}', which has no contract")


def _version_order(terms: Terms, contracts: Contracts) -> Iterator[_Doubt]:
    """A child changes with its parent, so its version can never be the lower one."""
    parent = contracts.terms.get(terms.inherits)
    if parent is not None and terms.version < parent.version:
        sentence = (
            f"'{terms.name}' is at version {terms.version}, below version {parent.version} of '{parent.name}', which "
            "it inherits from; a child changes with its parent, so raise it"
        )
        yield _Doubt(Weight.ERROR, sentence)


def _unowned(terms: Terms, _: Contracts) -> Iterator[_Doubt]:
    if terms.owner == NOBODY and terms.status is Status.ACTIVE:
        yield _Doubt(Weight.ERROR, f"'{terms.name}' is active, but owned by {NOBODY}; name who answers for it")


def _wordless(terms: Terms, _: Contracts) -> Iterator[_Doubt]:
    if len(terms.say) < _SAY_CHARS:
        yield _Doubt(Weight.WARNING, f"'{terms.name}' says too little of what it means: '{terms.say}'")


def _vague(terms: Terms, _: Contracts) -> Iterator[_Doubt]:
    for rule in terms.properties.values():
        if rule.category in _VAGUE and terms.status is not Status.DRAFT:
            sentence = f"'{rule.name}' of '{terms.name}' is only '{rule.category}', which policies drop; say what it is"
            yield _Doubt(Weight.WARNING, sentence)


def _single_choice(terms: Terms, _: Contracts) -> Iterator[_Doubt]:
    for rule in terms.properties.values():
        if rule.type is Type.ENUM and len(rule.choices) == 1:
            yield _Doubt(Weight.WARNING, f"'{rule.name}' of '{terms.name}' has one choice, and so tells nothing")


_RULES: tuple[_Rule, ...] = (
    _never_arrives,
    _property_never_arrives,
    _past,
    _version_in_name,
    _parent_missing,
    _version_order,
    _unowned,
    _wordless,
    _vague,
    _single_choice,
)


def _two_meanings(contracts: Contracts) -> Iterator[Finding]:
    """One word, one type, in every event; a report that adds both up would add different things."""
    first: dict[str, tuple[Property, Terms]] = {}
    for terms in contracts:
        for name, rule in terms.properties.items():
            known, owner = first.setdefault(name, (rule, terms))
            if known.type is not rule.type:
                sentence = (
                    f"'{name}' is of type {rule.type} in '{terms.name}', but of type {known.type} in '{owner.name}' "
                    f"({known.file}:{known.line}); one word means one thing"
                )
                yield Finding(Weight.ERROR, rule.file, rule.line, sentence)
