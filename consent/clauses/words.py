"""The nouns of a policy's text: what its clauses say, before they are compiled. Every clause knows its line.

May not: read YAML, decide anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from consent.words import Action, Language, Rule, Signal, Statement

ANYWHERE = "anywhere"
EVERYWHERE = "everywhere"
FLOOR = "*"

#: `stop`: nothing more from now on. `erase`: what was stored under the consent goes too. Source: GDPR 7(3), 17(1)(b).
STOP, ERASE = "stop", "erase"
ON_WITHDRAWAL = (STOP, ERASE)


class Basis(NamedTuple):
    """A lawful basis. Source: GDPR Art. 6(1)."""

    name: str
    article: str


BASES = (
    Basis("consent", "6(1)(a)"),
    Basis("contract", "6(1)(b)"),
    Basis("legal_obligation", "6(1)(c)"),
    Basis("vital_interest", "6(1)(d)"),
    Basis("public_task", "6(1)(e)"),
    Basis("legitimate_interest", "6(1)(f)"),
)


@dataclass(frozen=True, slots=True)
class Approval:
    who: str
    on: str


@dataclass(frozen=True, slots=True)
class Head:
    """Who stands for the policy. Dates are ISO text; `review_by` is the last day on which it may be activated."""

    name: str
    version: str
    status: str
    approved_by: tuple[Approval, ...]
    review_by: str
    changed_because: str
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What we want to do with data. `say` is shown to people; `uses` are fideslang data uses."""

    name: str
    say: str
    uses: tuple[str, ...]
    basis: str
    line: int


@dataclass(frozen=True, slots=True)
class Region:
    """Places under one law. `where` are ISO 3166 codes, or `('anywhere',)`; `rules` holds every purpose once."""

    name: str
    where: tuple[str, ...]
    law: str
    valid_from: str
    rules: Mapping[str, Rule]
    lines: Mapping[str, int]
    line: int


class Speaks(NamedTuple):
    """A flag of a language concerns a purpose. `region` is '' unless the language counts by region (gpc, dnt)."""

    language: Language
    flag: str
    purpose: str
    region: str
    line: int


class Believed(NamedTuple):
    """Languages whose yes, or whose no, counts, each with its line."""

    yes: Mapping[Language, int]
    no: Mapping[Language, int]


@dataclass(frozen=True, slots=True)
class Signals:
    """Where choices come from. `options` are single words such as `('tcf', 'read') -> 'core'`.

    `listed` are purposes that a language lists, even with no flag: `counting: []` says that it does not speak of
    counting. `overrides` are the purposes for which our own explicit yes outweighs a signal of that language.
    """

    believed: Believed
    valid_for_days: int
    valid_for_line: int
    speaks: tuple[Speaks, ...]
    options: Mapping[tuple[Language, str], str]
    overrides: Mapping[Language, tuple[str, ...]]
    ignored: frozenset[tuple[Language, str]]
    lines: Mapping[Language, int]


@dataclass(frozen=True, slots=True)
class People:
    """`on_withdrawal` is one of ON_WITHDRAWAL: what becomes of the past of who takes all of a consent back."""

    minors_under: int
    never: Mapping[str, int]
    on_withdrawal: str
    withdrawal_line: int
    line: int


@dataclass(frozen=True, slots=True)
class Field:
    """What may become of one field. `actions` per purpose, with `*` as floor and default; `lines` likewise."""

    name: str
    category: str
    actions: Mapping[str, Action]
    line: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where consented facts may go. `role`: own, processor or third_party. Source: GDPR Art. 4(7)-(10), 44-49."""

    name: str
    purposes: tuple[str, ...]
    role: str
    location: str
    transfer: str
    is_sale_or_share: bool
    line: int


@dataclass(frozen=True, slots=True)
class Keep:
    """How long, per purpose, and how long the proof of a choice; in days, with the words of the policy."""

    days: Mapping[str, int]
    words: Mapping[str, str]
    proof_days: int
    proof_words: str
    line: int


@dataclass(frozen=True, slots=True)
class Given:
    """The circumstances of an example, which holds at every one of `places` (each a set of candidates, none: unknown).

    `signals` carry `at` as seconds from the example's moment, None if it does not say.

    `wire` are statements as a hit would carry them; a lawyer may paste a consent string.
    """

    places: tuple[tuple[str, ...], ...]
    age: int | None
    signals: tuple[Signal, ...]
    wire: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Then:
    """What must follow. None means that the example does not say. `fields`: (destination or '', field) -> word."""

    allowed: tuple[str, ...] | None
    region: str | None
    to: tuple[str, ...] | None
    not_to: tuple[str, ...] | None
    fields: Mapping[tuple[str, str], str]
    on_withdrawal: str | None


@dataclass(frozen=True, slots=True)
class Example:
    given: Given
    when: str
    then: Then
    line: int


@dataclass(frozen=True, slots=True)
class Clauses:
    """A whole policy as written."""

    file: str
    head: Head
    purposes: tuple[Purpose, ...]
    regions: tuple[Region, ...]
    signals: Signals
    people: People
    fields: tuple[Field, ...]
    keep: Keep
    destinations: tuple[Destination, ...]
    examples: tuple[Example, ...]
