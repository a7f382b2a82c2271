"""The starter policies that come with the gateway, ready to edit.

May not: read anything but the package's own files; they are part of the program, like its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

#: Name -> what it is for, in one line.
STARTERS: Mapping[str, str] = {
    "strictest": "asks first for everything, everywhere; what a gateway without a policy obeys",
    "europe": "the EEA with France apart, the United Kingdom, Switzerland; the strictest of them elsewhere",
    "world": "europe, and US states with Global Privacy Control honoured in all of them",
}


def starter(name: str) -> bytes:
    """The YAML text of a starter policy. Raises `KeyError` for a name that is not in STARTERS."""
    STARTERS[name]
    return (files("consent") / "policies" / f"{name}.yml").read_bytes()
