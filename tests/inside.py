"""What an object holds, for tests that look for what it may not: with slots or without, interpreted or compiled."""

from __future__ import annotations

from inspect import isgetsetdescriptor, ismemberdescriptor
from typing import Any

_EVERY_CLASS = {"__dict__", "__weakref__", "__mypyc_attrs__"}


def names_inside(kind: type) -> set[str]:
    """The attributes that a class makes room for."""
    made = ((name, member) for one in kind.__mro__[:-1] for name, member in vars(one).items())
    return {name for name, it in made if ismemberdescriptor(it) or isgetsetdescriptor(it)} - _EVERY_CLASS


def inside(thing: object) -> dict[str, Any]:
    """Attributes and their values."""
    slots = {name: getattr(thing, name) for name in names_inside(type(thing)) if hasattr(thing, name)}
    return slots | getattr(thing, "__dict__", {})
