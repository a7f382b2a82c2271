"""Drafts of contracts, written as a person would: YAML that `gateway contracts check` passes.

May not: write a value of a hit; examples are the dictionary's, or of no meaning. Nor draft what sounds personal.

A draft lets nothing through, and its new properties are of category `user`, which policies drop: whoever takes it on
has to say what each one is before anything survives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from gateway.intake.contracts.contract import Contracts
from gateway.intake.contracts.properties import personal_categories
from gateway.intake.contracts.tools.lint import NOBODY
from gateway.intake.contracts.tools.sightings import Sightings
from gateway.intake.contracts.words import Property, Stage, Type

#: Words of names -> the stage that they speak of; the first that fits. What fits none is discovery: it claims least.
_STAGE_WORDS: tuple[tuple[frozenset[str], Stage], ...] = (
    (frozenset({"purchase", "order", "lead", "paid"}), Stage.CONVERSION),
    (frozenset({"cart", "checkout", "coupon", "promo", "stock", "payment", "shipping"}), Stage.INTENT),
    (frozenset({"compare", "sample", "warranty", "ar", "delivery", "consult", "contact"}), Stage.EVALUATION),
    (frozenset({"wishlist", "board", "share", "quiz", "survey", "favourite", "form", "login"}), Stage.ENGAGEMENT),
    (frozenset({"review", "loyalty", "points"}), Stage.LOYALTY),
    (frozenset({"product", "filter", "sort", "video", "gallery", "size", "swatch"}), Stage.CONSIDERATION),
)

_EXAMPLES = {Type.STRING: "text", Type.NUMBER: "1.5", Type.INTEGER: "1", Type.BOOLEAN: "true"}
_ITEMS = '{type: items, is: user.behavior, say: "The products of the event", example: "[product_id, quantity]"}'


def draft(sightings: Sightings, known: Contracts, today: date) -> str:
    """A file of draft contracts for what was seen and no contract knows; '' if there is nothing to draft."""
    words = _dictionary(known)
    new = [name for name in sorted(sightings.by_name) if known.find(name) is None and name not in known.terms]
    if not new:
        return ""
    lines = [line for name in new for line in _contract(name, sightings, words)]
    return "\n".join([*_head(sightings, today), "contracts:", *lines, ""])


def _head(sightings: Sightings, today: date) -> Iterator[str]:
    yield f"# Drafted by `gateway contracts learn` on {today.isoformat()} from names and types; no value was kept."
    yield "# To take one on: name its owner, say what it means, give each property its category (`is:`), activate it."
    if sightings.unnamed:
        yield f"# {sightings.unnamed} times a name was left out: no contract can have it, or it may be somebody's."


def _dictionary(known: Contracts) -> Mapping[str, Property]:
    """What contracts call a property already, so that one word goes on meaning one thing."""
    return {name: rule for terms in known for name, rule in terms.properties.items()}


def _contract(name: str, sightings: Sightings, words: Mapping[str, Property]) -> Iterator[str]:
    stage, times = _stage(name), sightings.by_name[name].times
    yield f"  {name}:"
    yield f"    version: 1\n    status: draft\n    owner: {NOBODY}\n    stage: {stage}\n    kind: micro"
    yield "    purpose: [counting, analytics]\n    enforcement: observe"
    yield f'    say: "Seen without a contract (count: {times}); say what it means"\n    value: none'
    rules = list(_rules(name, sightings, words))
    yield "    properties:" + ("" if any(not rule.startswith("#") for rule in rules) else " {}")
    yield from (f"      {rule}" for rule in rules)


def _rules(event: str, sightings: Sightings, words: Mapping[str, Property]) -> Iterator[str]:
    seen = sightings.by_name[event]
    if seen.has_items:
        yield f"items: {_ITEMS}"
    for name in sorted(seen.properties - {"items"}):
        kind = sightings.type_of(name)
        if name in words and words[name].type is not Type.ITEMS:
            yield f"{name}: {_known(words[name])}"
        elif personal := personal_categories(name):
            yield f"# {name} sounds personal ({personal[0]}) and was left out"
        else:
            yield f'{name}: {{type: {kind}, is: user, say: "Say what it is", example: "{_EXAMPLES[kind]}"}}'


def _known(rule: Property) -> str:
    """A property as the dictionary defines it."""
    clauses = [f"type: {rule.type}", f"is: {rule.category}"]
    clauses += [
        f"{word}: {_bound(bound)}" for word, bound in (("min", rule.low), ("max", rule.high)) if bound is not None
    ]
    clauses += [f"{word}: {quoted(text)}" for word, text in _texts(rule) if text]
    if rule.type is Type.STRING:
        clauses.append(f"max_length: {rule.max_length}")
    if rule.choices:
        clauses.append(f"enum: [{', '.join(map(quoted, rule.choices))}]")
    return f"{{{', '.join(clauses)}}}"


def _texts(rule: Property) -> tuple[tuple[str, str], ...]:
    return ("unit", rule.unit), ("pattern", rule.pattern), ("say", rule.say), ("example", rule.example)


def _bound(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else repr(bound)


def quoted(text: str) -> str:
    """A text as YAML's single-quoted scalar, which knows no escapes."""
    return "'" + text.replace("'", "''") + "'"


def _stage(name: str) -> Stage:
    parts = set(name.replace(".", "_").split("_"))
    return next((stage for words, stage in _STAGE_WORDS if words & parts), Stage.DISCOVERY)
