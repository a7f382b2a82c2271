"""Runs a policy's examples, through the very function that hits go through.

May not: decide by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from consent.clauses.examples import EVERYWHERE_BUT
from consent.clauses.marked import PolicyError
from consent.clauses.words import Example, Given
from consent.compiled import Policy
from consent.decide import Case, decide
from consent.signals import read_signals
from consent.words import Action, Decision, Signal

#: Any moment will do: examples say how long ago a choice was made. 2026-11-15T00:00:00Z.
EXAMPLE_AT = 1_794_700_800.0


def said(given: Given) -> tuple[Signal, ...]:
    """The signals of an example, at the example's moment."""
    placed = tuple(s._replace(at=None if s.at is None else EXAMPLE_AT + s.at) for s in given.signals)
    return placed + read_signals(given.wire)


def cases(example: Example, policy: Policy) -> Iterator[Case]:
    """The visits of an example, one per place."""
    signals = said(example.given)
    for places in example.given.places:
        yield Case(signals, policy, places, EXAMPLE_AT, example.given.age)


def failures(example: Example, policy: Policy) -> Iterator[str]:
    """What the example expects and the policy does not do, one sentence each. None: it passes."""
    for case in cases(example, policy):
        decision = decide(*case)
        yield from _decision_failures(example, policy, decision)
        yield from _field_failures(example, policy, decision.allowed)


def check_examples(policy: Policy) -> None:
    """Raises `PolicyError` for the first example that fails."""
    for number, example in enumerate(policy.clauses.examples, 1):
        for sentence in failures(example, policy):
            raise PolicyError(policy.clauses.file, example.line, f"example {number} fails: {sentence}")


def _decision_failures(example: Example, policy: Policy, decision: Decision) -> Iterator[str]:
    then = example.then
    if then.allowed is not None and set(then.allowed) != set(decision.purposes):
        yield f"it expects {_list(then.allowed)} to be allowed; the policy allows {_list(decision.purposes)}"
    if then.region is not None and then.region != decision.region:
        yield f"it expects the region {then.region}; the policy takes {decision.region}"
    sent = tuple(name for name in policy.destinations if policy.sends(name, decision.allowed))
    if then.to is not None and set(then.to) != set(sent):
        yield f"it expects facts to go to {_list(then.to)}; the policy sends to {_list(sent)}"
    answer = policy.clauses.people.on_withdrawal
    if then.on_withdrawal not in (None, answer):
        yield f"it expects a withdrawal to {then.on_withdrawal}; the policy says {answer}"
    for name in then.not_to or ():
        if name in sent:
            yield f"it expects nothing to go to {name}; the policy sends to it"


def _field_failures(example: Example, policy: Policy, allowed: int) -> Iterator[str]:
    categories = {clause.name: clause.category for clause in policy.clauses.fields}
    for (destination, name), word in example.then.fields.items():
        if word.startswith(EVERYWHERE_BUT):
            yield from _everywhere_but(policy, allowed, name, word.removeprefix(EVERYWHERE_BUT))
            continue
        asked = destination or own_destination(policy)
        action = policy.action(asked, allowed, name, categories[name])
        if action.name.lower() != word:
            yield f"it expects {asked} to get {name} as {word}; the policy says {action.name.lower()}"


def _everywhere_but(policy: Policy, allowed: int, name: str, purpose: str) -> Iterator[str]:
    """Dropped wherever that purpose is not served, and not dropped where it is."""
    category = next(clause.category for clause in policy.clauses.fields if clause.name == name)
    for destination in policy.destinations:
        dropped = policy.action(destination, allowed, name, category) is Action.DROP
        serves = bool(policy.sends(destination, allowed) & policy.mask((purpose,)))
        if dropped == serves:
            yield f"it expects {name} to be dropped wherever {purpose} is not served; look at {destination}"


def own_destination(policy: Policy) -> str:
    """Where an example that names no destination looks: the first that is our own, else the first."""
    clauses = policy.clauses.destinations
    return next((clause.name for clause in clauses if clause.role == "own"), clauses[0].name)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"
