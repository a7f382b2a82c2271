"""The nouns of contracts: what an event means, who answers for it, what it may carry.

May not: read YAML or check a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

#: What a property may hold once it is checked.
Scalar = str | int | float | bool


class Stage(StrEnum):
    """Where on the way to a purchase an event happens."""

    DISCOVERY = "discovery"  # arrives, looks around
    CONSIDERATION = "consideration"  # looks at products
    ENGAGEMENT = "engagement"  # keeps, shares, takes part
    EVALUATION = "evaluation"  # compares, asks, tries
    INTENT = "intent"  # wants to buy
    CONVERSION = "conversion"  # buys
    LOYALTY = "loyalty"  # comes back, speaks of it


class Kind(StrEnum):
    """What counts as a success of its own, and what leads to one."""

    MICRO = "micro"
    MACRO = "macro"


class Status(StrEnum):
    """A draft lets no property through; a deprecated contract does, and names what replaces it."""

    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"


class Enforcement(StrEnum):
    """What becomes of an event that breaks its contract. Into `events` the broken value never gets."""

    OBSERVE = "observe"  # stored as valid; the breach is counted
    FLAG = "flag"  # stored with the verdict `flagged`
    QUARANTINE = "quarantine"  # refused: contract_broken; kept aside until the contract is mended


class Type(StrEnum):
    """The types of properties. `items` is the list of products of a commerce event."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ENUM = "enum"
    ITEMS = "items"


class Verdict(StrEnum):
    """What a contract says of an event. The first three are the column `verdict`."""

    VALID = "valid"
    FLAGGED = "flagged"
    NO_CONTRACT = "no_contract"
    BROKEN = "broken"  # to be refused


@dataclass(frozen=True, slots=True)
class Property:
    """One thing that an event may carry. `category` is fideslang's; bounds are None where there are none.

    `pattern` is the contract's text, without anchors: a value has to match as a whole. A property with a pattern or
    choices is a code; without, it is free text, and looked through more closely for personal data.
    """

    name: str
    type: Type
    category: str
    say: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    max_length: int = 256
    choices: tuple[str, ...] = ()
    pattern: str = ""
    required: bool = False
    example: str = ""
    line: int = 0
    file: str = field(default="", compare=False)

    @property
    def is_code(self) -> bool:
        """Whether the contract says so exactly what it looks like that it can be no free text."""
        return bool(self.pattern or self.choices) or self.type is not Type.STRING


class Worth(NamedTuple):
    """What an event is worth: what a property says, or a fixed amount, or, all empty, nothing."""

    take: str = ""
    fixed: float = 0.0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a contract says, as it was read, with what it inherits."""

    name: str
    version: int
    status: Status
    owner: str
    stage: Stage
    kind: Kind
    purposes: tuple[str, ...]
    enforcement: Enforcement
    say: str
    worth: Worth
    properties: Mapping[str, Property]
    inherits: str = ""
    use_instead: str = ""
    file: str = ""
    line: int = 0


class Checked(NamedTuple):
    """An event under its contract. Personal still: `kept` and `items` hold what the contract lists, typed.

    `broken` are `property:rule` words, never values; `dropped` counts the properties that the contract does not list.
    """

    verdict: Verdict
    kept: dict[str, Scalar]
    items: list[dict[str, Scalar]]
    broken: tuple[str, ...]
    dropped: int


class ContractError(ValueError):
    """Why a contract cannot be used: `file`, `line` (from 1) and one plain `sentence`. `str()` joins them."""

    def __init__(self, file: str, line: int, sentence: str) -> None:
        super().__init__(f"{file}:{line}: {sentence}")
        self.file, self.line, self.sentence = file, line, sentence
