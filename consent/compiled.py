"""The policy as hits meet it: masks over its purposes, tables from flags to masks. Frozen, apart from its memos.

May not: read text, a clock or a disk. Bit i of every mask is the i-th purpose of the policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from consent.clauses.words import FLOOR, Clauses, Destination, Field, Region
from consent.fideslang import ancestors
from consent.words import Action, Decision, Language, Rule, Statement

K = TypeVar("K")
V = TypeVar("V")

#: Memos are keyed by what policy and contracts name, so they stay small; the limit is for hints that hits carry.
_MEMO_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Voice:
    """What a language may say. `needs`: (flag bits, purposes): a yes to all those flags is a yes to the purposes.

    `refuses`: flag -> purposes that its no refuses; `unmapped`: those that the no of an unknown flag refuses.
    `objects_in`: per region, for languages that count by region (gpc, dnt), with `overridden` as their exceptions.
    """

    says_yes: bool
    says_no: bool
    valid_for_s: float
    default_counts: bool
    bits: Mapping[str, int]
    needs: tuple[tuple[int, int], ...]
    refuses: Mapping[str, int]
    unmapped: int
    objects_in: tuple[int, ...]
    overridden: int


class Rules(NamedTuple):
    """What the candidate regions say together: per purpose the strictest. The four masks cover every purpose once."""

    region: str
    always: int
    until_objection: int
    ask_first: int
    never: int
    objections: Mapping[Language, int]


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A compiled policy. `hash` identifies its text and is stamped on every record.

    `statements` are to be read together with those of every hit: they tell readers who we are (our vendor id).
    """

    name: str
    version: str
    hash: str
    purposes: tuple[str, ...]
    keep_days: Mapping[str, int]
    clauses: Clauses
    statements: tuple[Statement, ...]
    voices: Mapping[Language, Voice]
    place_regions: Mapping[str, int]
    hints: Mapping[tuple[Language, str], int]
    minors_under: int
    minors_never: int
    destinations: Mapping[str, int]
    _rules: dict[int, Rules] = field(default_factory=dict, repr=False)
    _decisions: dict[tuple[int, str, int, int], Decision] = field(default_factory=dict, repr=False)
    _names: dict[int, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _actions: dict[tuple[str, int, str, str], Action] = field(default_factory=dict, repr=False)

    @property
    def regions(self) -> tuple[Region, ...]:
        return self.clauses.regions

    @property
    def every_region(self) -> int:
        return (1 << len(self.clauses.regions)) - 1

    def mask(self, names: Iterable[str]) -> int:
        """Purposes as a mask; a name that the policy does not know is no purpose."""
        known = {name: 1 << bit for bit, name in enumerate(self.purposes)}
        return sum(known[name] for name in set(names) if name in known)

    def names(self, mask: int) -> tuple[str, ...]:
        """A mask as purposes, in the policy's order."""
        if mask not in self._names:
            named = tuple(name for bit, name in enumerate(self.purposes) if mask >> bit & 1)
            return _remember(self._names, mask, named)
        return self._names[mask]

    def candidates(self, places: tuple[str, ...]) -> int:
        """The regions that the places may lie in. None, or one that nobody knows: every region."""
        found = 0
        for place in places:
            found |= self.place_regions.get(place) or self._elsewhere(place)
        return found or self.every_region

    def rules(self, candidates: int) -> Rules:
        """The strictest of the candidate regions, purpose by purpose."""
        known = self._rules.get(candidates)
        return known or _remember(self._rules, candidates, self._merge(candidates))

    def decision(self, allowed: int, region: str, yes: int, no: int) -> Decision:
        """The decision with those masks; equal ones are one object."""
        key = (allowed, region, yes, no)
        known = self._decisions.get(key)
        if known is None:
            made = Decision(allowed, self.names(allowed), region, self.hash, yes, no)
            return _remember(self._decisions, key, made)
        return known

    def sends(self, destination: str, allowed: int) -> int:
        """The purposes for which that destination may get something; 0 means that nothing is sent."""
        return self.destinations.get(destination, 0) & allowed

    def action(self, destination: str, allowed: int, field: str, category: str) -> Action:
        """What becomes of a field on its way to a destination, whose purposes alone count."""
        key = (destination, allowed, field, category)
        known = self._actions.get(key)
        if known is None:
            return _remember(self._actions, key, self._act(self.sends(destination, allowed), field, category))
        return known

    def _act(self, sent: int, field: str, category: str) -> Action:
        if not sent:
            return Action.DROP
        purposes = self.names(sent)
        named = [clause for clause in self.clauses.fields if clause.name == field]
        for word in ancestors(category):
            named = named or [clause for clause in self.clauses.fields if clause.category == word]
        return max((_least(clause, purposes) for clause in named), default=Action.DROP)

    def _elsewhere(self, place: str) -> int:
        """A subdivision that no region lists lies where its country does."""
        country, dash, _ = place.partition("-")
        return self.place_regions.get(country + dash, 0) or self.every_region

    def _merge(self, candidates: int) -> Rules:
        chosen = [(bit, region) for bit, region in enumerate(self.clauses.regions) if candidates >> bit & 1]
        strictest = {name: max(region.rules[name] for _, region in chosen) for name in self.purposes}
        masks = {rule: self.mask(name for name, said in strictest.items() if said is rule) for rule in Rule}
        return Rules(
            max(chosen, key=lambda pair: (sum(pair[1].rules.values()), pair[0]))[1].name,
            masks[Rule.ALWAYS],
            masks[Rule.UNTIL_OBJECTION],
            masks[Rule.ASK_FIRST],
            masks[Rule.NEVER],
            {
                language: _union(voice.objects_in[bit] for bit, _ in chosen)
                for language, voice in self.voices.items()
                if voice.objects_in
            },
        )

    def destination(self, name: str) -> Destination:
        return next(clause for clause in self.clauses.destinations if clause.name == name)


def _least(clause: Field, purposes: tuple[str, ...]) -> Action:
    """The least protective action among the purposes, never below the floor."""
    floor = clause.actions.get(FLOOR)
    unlisted = Action.DROP if floor is None else floor
    return max(floor or Action.KEEP, min(clause.actions.get(purpose, unlisted) for purpose in purposes))


def _union(masks: Iterable[int]) -> int:
    together = 0
    for mask in masks:
        together |= mask
    return together


def _remember(memo: dict[K, V], key: K, value: V) -> V:
    if len(memo) < _MEMO_LIMIT:
        memo[key] = value
    return value
