"""Names of properties that no contract lists: told to event owners once enough different visitors have sent them.

May not: keep a value, or tell a name that may be somebody's. A page's code gives every visitor the same names; a name
that is an e-mail address, an order number or a search term is sent by one.

Rules
    1. A name is told when ten visitors sent it on one day, and only if it looks like a name (`is_name`).
    2. Who sent it is a hash of a pseudonym that policy allowed, keyed by this process, in memory until the name is told
       or the day ends. Events without a pseudonym count, and never bring a name nearer to being told.
    3. What is full is full: beyond 2,048 names a day, new ones are left out.
    4. Events with the same names in the same order are of one shape; once all that a shape may tell is told, it is only
       counted. Why: 0.3 µs an event instead of 0.6 a name.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple

from gateway.intake.contracts.tools.sightings import TYPES, is_name, widest
from gateway.intake.contracts.words import Type

#: Different visitors before a name is told.
FLOOR = 10

_NAMES_KEPT = 2048
_SHAPES_KEPT = 512


class Told(NamedTuple):
    """A property that may be told: of which event, of what type, how often since it was last told."""

    event: str
    property: str
    type: str
    events: int


class _Name:
    """One property of one event. `senders` is None once there were enough."""

    __slots__ = ("events", "kinds", "senders")

    def __init__(self) -> None:
        self.events = 0
        self.kinds: set[Type] = set()
        self.senders: set[int] | None = set()

    def see(self, kind: Type, visitor: str) -> None:
        self.events += 1
        self.kinds.add(kind)
        if self.senders is not None and visitor:
            self.senders.add(hash(visitor))
            if len(self.senders) >= FLOOR:
                self.senders = None


class _Shape:
    """Events that have nothing new to tell."""

    __slots__ = ("events", "names")

    def __init__(self, names: list[_Name]) -> None:
        self.events = 0
        self.names = names

    def settle(self) -> None:
        for name in self.names:
            name.events += self.events
        self.events = 0


class Unlisted:
    """The names of one site, of one day."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], _Name] = {}
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def see(self, event: str, properties: Mapping[str, Any], listed: Container[str], visitor: str) -> None:
        """Adds what the contract does not list; `visitor` is a pseudonym, '' for nobody."""
        known = self._shapes.get(shape := (event, *properties))
        if known is not None:
            known.events += 1
            return
        names = list(self._look(event, properties, listed, visitor))
        if len(self._shapes) < _SHAPES_KEPT and all(name.senders is None for name in names):
            self._shapes[shape] = _Shape(names)

    def _look(self, event: str, properties: Mapping[str, Any], listed: Container[str], visitor: str) -> Iterator[_Name]:
        for name, value in properties.items():
            if name not in listed and (kind := TYPES.get(value.__class__)) is not None:
                seen = self._names.get((event, name)) or self._begin(event, name)
                if seen is not None:
                    seen.see(kind, visitor)
                    yield seen

    def told(self) -> list[Told]:
        """What may be told, counted since the last time."""
        for shape in self._shapes.values():
            shape.settle()
        found = [
            Told(event, name, widest(seen.kinds), seen.events)
            for (event, name), seen in self._names.items()
            if seen.senders is None and seen.events
        ]
        for one in found:
            self._names[one.event, one.property].events = 0
        return found

    def forget(self) -> None:
        """The day is over."""
        self._names.clear()
        self._shapes.clear()

    def _begin(self, event: str, name: str) -> _Name | None:
        if len(self._names) >= _NAMES_KEPT or not is_name(name) or not is_name(event):
            return None
        self._names[event, name] = seen = _Name()
        return seen
