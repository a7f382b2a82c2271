"""What was seen of events: names, the types of their properties, how often. Drafts of contracts are made of it.

May not: keep a value. A name that may be one (`jane@doe.example`, an order's number) is counted, never kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.intake.contracts.words import Type
from gateway.intake.urls import redact_path

#: What the reader of contracts accepts as a name.
_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*\Z")
_NAME_LIMIT = 64

#: A name that ends like a host was an e-mail's; see `minimise_head`.
_HOST_LIKE = re.compile(r"\.(?:com|org|net|info|biz|shop|online|[a-z]{2})\Z")

#: Words of a name: `step`, `step10`, `3d`. What mixes letters and digits otherwise is a token, an id, a number.
_PART = re.compile(r"(?:[a-z]+\d{0,2}|\d{1,2}[a-z]{0,2})\Z")

TYPES: dict[type, Type] = {bool: Type.BOOLEAN, int: Type.INTEGER, float: Type.NUMBER, str: Type.STRING}


class Sighting:
    """One event's name: how often it was seen, and the names of the properties that it ever had."""

    __slots__ = ("has_items", "properties", "times")

    def __init__(self) -> None:
        self.times = 0
        self.has_items = False
        self.properties: set[str] = set()


class Sightings:
    """All events that were seen, by name. `unnamed` counts names, of events and properties, that were not kept.

    Types are those of a property's name in all events together: one word means one thing.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, Sighting] = {}
        self.unnamed = 0
        self._types: dict[str, set[Type]] = {}

    def see(self, name: str, properties: Mapping[str, Any], has_items: bool = False, times: int = 1) -> None:
        """Adds what an event tells by names and types."""
        if not is_name(name):
            self.unnamed += 1
            return
        sighting = self.by_name.setdefault(name, Sighting())
        sighting.times += times
        sighting.has_items |= has_items
        for key, value in properties.items():
            self._see_property(sighting, key, TYPES.get(value.__class__))

    def see_type(self, name: str, prop: str, kind: Type) -> None:
        """Adds a property that was counted by name and type before; of an event that was seen."""
        if name in self.by_name:
            self._see_property(self.by_name[name], prop, kind)

    def _see_property(self, sighting: Sighting, name: str, kind: Type | None) -> None:
        if kind is None or not is_name(name):
            self.unnamed += 1
        else:
            sighting.properties.add(name)
            self._types.setdefault(name, set()).add(kind)

    def type_of(self, name: str) -> Type:
        """The one type that holds all that was seen under a property's name."""
        return widest(self._types[name])


def is_name(text: str) -> bool:
    """Whether it can be the name of an event or property, and nothing of a person's or an order's."""
    if len(text) > _NAME_LIMIT or _NAME.match(text) is None or _HOST_LIKE.search(text):
        return False
    return all(map(_PART.match, re.split(r"[_.]", text))) and redact_path(text) == text


def widest(kinds: set[Type]) -> Type:
    """The type that holds them all. Whole numbers and others are numbers; anything else that differs is text."""
    if len(kinds) == 1:
        return next(iter(kinds))
    return Type.NUMBER if kinds == {Type.INTEGER, Type.NUMBER} else Type.STRING
