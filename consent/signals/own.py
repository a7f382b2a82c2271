"""Our own consent object: the only signal that carries the time of the choice and whether it was one.

    {"choice": "explicit", "at": "2026-11-22T10:00:00Z", "purposes": {"analytics": true}, "tcf": "...", "gpc": true,
     "notice": "2026-11-22.1"}

May not: take anything for a yes but `true` under `"choice": "explicit"`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from consent.signals.carrier import read_flags, read_object, read_time
from consent.words import Language, Signal, Statement, Unreadable

CHOICES = ("explicit", "default", "none")

#: Other languages that may ride in the object, by their carriers.
_RIDERS = {"tcf": "gdpr_consent", "gpp": "gpp", "us_privacy": "us_privacy", "gpp_sid": "gpp_sid"}

#: What a version of a notice looks like: a date, with a number of that day, or up to three numbers. Why: it is stored.
_VERSION = re.compile(r"(?:\d{4}-\d\d-\d\d(?:\.\d{1,3})?|v?\d{1,3}(?:\.\d{1,3}){0,2})\Z", re.ASCII)


def read_notice(text: str) -> str:
    """The version of the notice that was shown; '' where it is untold, or not of the form of a version."""
    if '"notice"' not in text:
        return ""
    try:
        said = read_object(text).get("notice")
    except Unreadable:
        return ""
    return said if isinstance(said, str) and _VERSION.match(said) else ""


def read(text: str) -> Sequence[Signal | Statement]:
    """Raises `Unreadable`."""
    held = read_object(text)
    choice = held.get("choice", "none")
    if choice not in CHOICES:
        raise Unreadable("choice is not one of " + ", ".join(CHOICES))
    at = read_time(held.get("at"))
    flags = read_flags(held.get("purposes") or {})
    said = [Signal(Language.GATEWAY_SDK, flag, says, at, choice == "explicit") for flag, says in flags.items()]
    return [*said, *_riders(held)]


def _riders(held: dict[str, Any]) -> list[Statement]:
    found = [Statement(carrier, _text(held[key])) for key, carrier in _RIDERS.items() if held.get(key) is not None]
    if held.get("gpc") in (True, 1, "1"):
        found.append(Statement("sec-gpc", "1"))
    return found


def _text(said: Any) -> str:
    if isinstance(said, list):
        return ",".join(str(part) for part in said)
    if isinstance(said, str | int):
        return str(said)
    raise Unreadable("a consent string is not text")
