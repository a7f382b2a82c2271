"""Contract files to compiled contracts: read strictly, inherit, refuse what is unclear with file, line and a sentence.

May not: open a file; texts are passed in.

A file holds `contracts:`, and may hold `properties:`, the dictionary of properties that contracts refer to by
`name: required` or `name: optional`. Dictionaries of all files are one, so that a word means the same everywhere.
A contract inherits what it leaves out from `inherits:`, else from the nearest name above it (`a.b` for `a.b.c`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from consent.clauses.marked import Node, PolicyError, read_marked
from gateway.intake.contracts.checks import BrokenRule, compile_check
from gateway.intake.contracts.contract import Contracts
from gateway.intake.contracts.properties import read_property
from gateway.intake.contracts.words import (
    ContractError,
    Enforcement,
    Kind,
    Property,
    Stage,
    Status,
    Terms,
    Type,
    Worth,
)

#: What a contract must say, itself or by inheritance.
NEEDS = ("version", "status", "owner", "stage", "kind", "purpose", "enforcement", "say")
MAY = ("inherits", "use_instead", "value", "properties")

_TOP = ("properties", "contracts")
_NAME_SIGNS = str.maketrans("", "", "_.")
_NAME_LIMIT = 64
_USE_WORDS = ("required", "optional")


def read_contracts(files: Mapping[str, bytes]) -> Contracts:
    """All contracts of the given files (name -> text). Raises `ContractError`."""
    try:
        return Contracts(_Reading(files).terms())
    except PolicyError as error:  # the strict reader of YAML is the one of policies
        raise ContractError(error.file, error.line, error.sentence) from None


#: What a contract never takes from its parent.
_OWN = ("inherits", "use_instead", "properties")


class _Said(NamedTuple):
    """What a contract says, with what it inherits: its clauses, its properties, its parent's name."""

    parts: dict[str, Node]
    properties: dict[str, tuple[Node, Node]]
    parent: str


class _Reading:
    """One reading of all files: the dictionary, the contracts as they stand, and what each says in the end."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.dictionary: dict[str, Property] = {}
        self.nodes: dict[str, tuple[Node, Node]] = {}
        self.said: dict[str, _Said] = {}
        tops = [read_marked(text, name).keyed("the file", (), _TOP) for name, text in files.items()]
        for top in tops:
            if "properties" in top:
                self._read_dictionary(top["properties"])
        for top in tops:
            if "contracts" in top:
                self._read_names(top["contracts"])

    def terms(self) -> dict[str, Terms]:
        read = {name: self._read_terms(name) for name in self.nodes}
        for terms in read.values():
            self._check_successor(terms, read.get(terms.use_instead))
        return read

    def _read_dictionary(self, node: Node) -> None:
        for key, value in node.pairs("properties"):
            name = _read_name(key, "property")
            if name in self.dictionary:
                first = self.dictionary[name].line
                raise key.error(f"the property '{name}' is defined twice; the first is on line {first}")
            self.dictionary[name] = read_property(key, value)

    def _read_names(self, node: Node) -> None:
        for key, value in node.pairs("contracts"):
            name = _read_name(key, "event")
            if name in self.nodes:
                first = self.nodes[name][0]
                raise key.error(
                    f"the event '{name}' has two contracts; the first is in {first.file}, line {first.line}"
                )
            self.nodes[name] = (key, value)

    def _say(self, name: str, waiting: tuple[str, ...]) -> _Said:
        """What a contract says, its parent first. `waiting` are the contracts that inherit from it."""
        if name not in self.said:
            own = self.nodes[name][1].keyed(f"the contract '{name}'", (), (*NEEDS, *MAY))
            parent = self._parent(name, own.get("inherits"), waiting)
            above = self._say(parent, (name, *waiting)) if parent else _Said({}, {}, "")
            parts = {key: node for key, node in above.parts.items() if key not in _OWN} | own
            pairs = own["properties"].pairs("properties") if "properties" in own else ()
            properties = above.properties | {_read_name(key, "property"): (key, node) for key, node in pairs}
            self.said[name] = _Said(parts, properties, parent)
        return self.said[name]

    def _parent(self, name: str, inherits: Node | None, waiting: tuple[str, ...]) -> str:
        if inherits is None:
            above = name.rpartition(".")[0]
            while above and above not in self.nodes:
                above = above.rpartition(".")[0]
            return above
        parent = inherits.one_of(self.nodes, "contract")
        if parent in (name, *waiting):
            raise inherits.error(f"'{name}' inherits from itself, by way of '{parent}'")
        return parent

    def _read_terms(self, name: str) -> Terms:
        key, said = self.nodes[name][0], self._say(name, ())
        parts = said.parts
        for need in NEEDS:
            if need not in parts:
                raise key.error(f"the contract '{name}' lacks '{need}'")
        properties = self._read_properties(key, said)
        return Terms(
            name=name,
            version=_read_version(parts["version"]),
            status=Status(_word(parts, "status", Status)),
            owner=parts["owner"].text("owner"),
            stage=Stage(_word(parts, "stage", Stage)),
            kind=Kind(_word(parts, "kind", Kind)),
            purposes=_read_purposes(parts["purpose"]),
            enforcement=Enforcement(_word(parts, "enforcement", Enforcement)),
            say=parts["say"].text("say"),
            worth=_read_worth(parts.get("value"), properties),
            properties=properties,
            inherits=said.parent,
            use_instead=parts["use_instead"].text("use_instead") if "use_instead" in parts else "",
            file=key.file,
            line=key.line,
        )

    def _read_properties(self, key: Node, said: _Said) -> dict[str, Property]:
        found = {name: self._read_property(*nodes) for name, nodes in said.properties.items()}
        for name, rule in found.items():
            if (rule.type is Type.ITEMS) != (name == "items"):
                raise key.error("the property 'items', and no other, has the type items")
        return found

    def _read_property(self, key: Node, node: Node) -> Property:
        if node.scalar is None:
            return read_property(key, node)
        name = str(key.scalar)
        use = node.one_of(_USE_WORDS, "use of a property; or define it here")
        if name not in self.dictionary:
            raise key.error(f"'{name}' is defined in no file's properties; define it there or here")
        return replace(self.dictionary[name], required=use == "required")

    def _check_successor(self, terms: Terms, successor: Terms | None) -> None:
        key = self.nodes[terms.name][0]
        if terms.status is Status.DEPRECATED and not terms.use_instead:
            raise key.error(f"'{terms.name}' is deprecated, but does not say what to use_instead")
        if terms.use_instead and (successor is None or successor.status is not Status.ACTIVE):
            raise key.error(f"'{terms.name}' says use_instead: {terms.use_instead}, which is no active contract")


def _word(parts: Mapping[str, Node], name: str, known: type[StrEnum]) -> str:
    return parts[name].one_of([member.value for member in known], name)


def _read_worth(node: Node | None, properties: Mapping[str, Property]) -> Worth:
    """The value rule. A contract that leaves it out, but lists `value`, takes that."""
    if node is None:
        return Worth(take="value") if "value" in properties else Worth()
    if node.scalar is not None:
        node.one_of(("none",), "value rule; say none, {take: property} or {fixed: amount, currency: EUR}")
        return Worth()
    said = node.keyed("value", (), ("take", "fixed", "currency"))
    if set(said) == {"take"}:
        return Worth(take=_read_amount_name(said["take"], properties))
    if set(said) == {"fixed", "currency"}:
        return Worth(fixed=_read_amount(said["fixed"]), currency=_read_currency(said["currency"]))
    raise node.error("value should say {take: property} or {fixed: amount, currency: EUR}")


def _read_name(key: Node, what: str) -> str:
    name = key.text(f"the name of a {what}")
    bare = name.translate(_NAME_SIGNS)
    is_snake = name.islower() and name.isascii() and bare.isalnum() and name[0].isalpha()
    if not is_snake or len(name) > _NAME_LIMIT or "" in name.split("."):
        raise key.error(
            f"'{name}' is no name of a {what}; use a-z, 0-9 and _, dots for hierarchy, {_NAME_LIMIT} at most"
        )
    return name


def _read_version(node: Node) -> int:
    text = node.text("version")
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise node.error("version should be a whole number from 1 on")
    return int(text)


def _read_purposes(node: Node) -> tuple[str, ...]:
    """One purpose, or a list of which any one suffices."""
    if node.items is None:
        return (node.text("purpose"),)
    purposes = tuple(item.text("a purpose") for item in node.items)
    if not purposes:
        raise node.error("purpose lists no purpose, so the event could never be collected")
    return purposes


def _read_amount_name(node: Node, properties: Mapping[str, Property]) -> str:
    name = node.text("take")
    if name not in properties or properties[name].type not in (Type.NUMBER, Type.INTEGER):
        raise node.error(f"value takes '{name}', which is no number among the contract's properties")
    return name


def _read_amount(node: Node) -> float:
    try:
        return float(compile_check(Property("fixed", Type.NUMBER, ""))(node.text("fixed")))
    except BrokenRule:
        raise node.error("fixed should be an amount, such as 2.50") from None


def _read_currency(node: Node) -> str:
    currency = node.text("currency")
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise node.error("currency should be three capital letters, such as EUR (ISO 4217)")
    return currency
