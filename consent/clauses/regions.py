"""Regions: where, under which law, and what it says of every purpose, exactly once.

May not: fill a gap. A purpose that a region forgets is an error, not a default.
"""

from __future__ import annotations

from consent.clauses.marked import Node, PolicyError
from consent.clauses.words import ANYWHERE, Purpose, Region
from consent.periods import read_date
from consent.places import is_place
from consent.words import Rule

RULE_WORDS = {rule.name.lower(): rule for rule in Rule}


def read_regions(node: Node, purposes: tuple[Purpose, ...]) -> tuple[Region, ...]:
    names = [purpose.name for purpose in purposes]
    regions = tuple(_read_region(key, value, names) for key, value in node.pairs("regions"))
    if not regions or regions[-1].where != (ANYWHERE,):
        raise node.error("regions should end with one whose where is 'anywhere', so that no place is forgotten")
    _refuse_unreachable(node, regions)
    return regions


def _read_region(key: Node, node: Node, names: list[str]) -> Region:
    name = key.text("a region")
    parts = node.keyed(f"the region '{name}'", ("where", "law"), tuple(RULE_WORDS))
    law, valid_from = _read_law(parts["law"])
    rules, lines = _read_rules(name, parts, names)
    for purpose in names:
        if purpose not in rules:
            raise key.error(f"the region '{name}' says nothing about the purpose '{purpose}'")
    return Region(name, _read_where(name, parts["where"]), law, valid_from, rules, lines, key.line)


def _read_rules(name: str, parts: dict[str, Node], names: list[str]) -> tuple[dict[str, Rule], dict[str, int]]:
    rules: dict[str, Rule] = {}
    lines: dict[str, int] = {}
    for word, rule in RULE_WORDS.items():
        for node in parts[word].listed(word) if word in parts else ():
            purpose = node.one_of(names, "purpose")
            if purpose in rules:
                raise node.error(f"the region '{name}' names the purpose '{purpose}' twice")
            rules[purpose], lines[purpose] = rule, node.line
    return rules, lines


def _read_law(node: Node) -> tuple[str, str]:
    if node.entries is None:
        return node.text("law"), ""
    parts = node.keyed("law", ("name", "valid_from"))
    return parts["name"].text("the name of a law"), read_date(parts["valid_from"], "valid_from")


def _read_where(name: str, node: Node) -> tuple[str, ...]:
    if node.scalar == ANYWHERE:
        return (ANYWHERE,)
    where = tuple(read_place(item) for item in node.listed("where"))
    if not where:
        raise node.error(f"the region '{name}' is nowhere")
    return where


def read_place(node: Node) -> str:
    """An ISO 3166 code. An unquoted NO is refused: to other YAML readers it is a refusal, not Norway."""
    code = node.text("a place")
    if code == "NO" and not node.quoted:
        raise node.error('write "NO" (Norway) in quotes; without them other programs read it as a no')
    if not is_place(code):
        raise node.error(f"'{code}' is not an ISO 3166 code such as DE or US-CA")
    return code


def _refuse_unreachable(node: Node, regions: tuple[Region, ...]) -> None:
    taken: dict[str, str] = {}
    for region in regions:
        for code in region.where:
            earlier = taken.get(code) or taken.get(code.partition("-")[0]) or taken.get(ANYWHERE)
            if earlier:
                sentence = f"the region '{region.name}' never applies to {code}; '{earlier}' comes first"
                raise PolicyError(node.file, region.line, sentence)
        taken.update(dict.fromkeys(region.where, region.name))
