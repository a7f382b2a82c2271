"""Fields, retention and people: what may become of each field, how long it is kept, and what minors never get.

May not: list a field by default. What is not listed is dropped.
"""

from __future__ import annotations

from consent.clauses.marked import Node
from consent.clauses.words import FLOOR, ON_WITHDRAWAL, STOP, Field, Keep, People, Purpose
from consent.fideslang import DATA_CATEGORIES
from consent.periods import read_days
from consent.words import Action

ACTION_WORDS = {action.name.lower(): action for action in Action}


def read_fields(node: Node, purposes: tuple[Purpose, ...]) -> tuple[Field, ...]:
    names = [purpose.name for purpose in purposes]
    return tuple(_read_field(key, value, names) for key, value in node.pairs("fields"))


def _read_field(key: Node, node: Node, names: list[str]) -> Field:
    name = key.text("a field")
    parts = node.keyed(f"the field '{name}'", ("is",), (FLOOR, *names))
    category = parts.pop("is").one_of(DATA_CATEGORIES, "fideslang data category")
    actions = {purpose: ACTION_WORDS[action.one_of(ACTION_WORDS, "action")] for purpose, action in parts.items()}
    if not actions:
        raise key.error(f"the field '{name}' serves no purpose; give it one, or leave it out and it is dropped")
    return Field(name, category, actions, key.line)


def read_keep(node: Node, purposes: tuple[Purpose, ...]) -> Keep:
    names = [purpose.name for purpose in purposes]
    parts = node.keyed("keep_for", (*names, "proof_of_choice"))
    proof = parts.pop("proof_of_choice")
    return Keep(
        days={name: read_days(value, name) for name, value in parts.items()},
        words={name: value.text(name) for name, value in parts.items()},
        proof_days=read_days(proof, "proof_of_choice"),
        proof_words=proof.text("proof_of_choice"),
        line=node.line,
    )


def read_people(node: Node, purposes: tuple[Purpose, ...]) -> People:
    parts = node.keyed("people", ("minors_under", "for_minors_never"), ("on_withdrawal",))
    age = parts["minors_under"].text("minors_under")
    if not age.isdecimal() or not 13 <= int(age) <= 21:
        raise parts["minors_under"].error("minors_under should be an age from 13 to 21")
    names = [purpose.name for purpose in purposes]
    never = {n.one_of(names, "purpose"): n.line for n in parts["for_minors_never"].listed("for_minors_never")}
    then = parts.get("on_withdrawal")
    on_withdrawal = then.one_of(ON_WITHDRAWAL, "on_withdrawal") if then else STOP
    return People(int(age), never, on_withdrawal, then.line if then else node.line, node.line)
