"""What every reader of signals shares: its shape, its one exception, and JSON that is read strictly.

May not: know a language of consent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from consent.words import Language, Signal, Statement, Unreadable

#: A reader answers with signals, or with statements in another language, which are read in turn.
Reader = Callable[[str], Sequence[Signal | Statement]]


class Carrier(NamedTuple):
    """A place where consent travels: its language, its reader, and the carrier that `read` gets joined to it.

    `beside`: the reader gets `text`, a line feed and the text of that other carrier (`gpp` needs `gpp_sid`).
    """

    language: Language
    read: Reader
    beside: str = ""


def read_object(text: str) -> dict[str, Any]:
    """A JSON object without a key given twice, without NaN, not nested beyond reason. Raises `Unreadable`."""
    try:
        read = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable("not the JSON of an object") from None
    if not isinstance(read, dict):
        raise Unreadable("not a JSON object")
    return read


def read_flags(held: Any, prefix: str = "") -> dict[str, bool]:
    """A JSON object of true, false and null (nothing said), with each key behind `prefix`. Raises `Unreadable`."""
    if not isinstance(held, dict) or not all(said is None or isinstance(said, bool) for said in held.values()):
        raise Unreadable("not a table of true and false")
    return {prefix + name: said for name, said in held.items() if said is not None}


def read_names(held: Any) -> list[str]:
    """A JSON list of texts; absent is empty. Raises `Unreadable`."""
    if held is None:
        return []
    if not isinstance(held, list) or not all(isinstance(name, str) for name in held):
        raise Unreadable("not a list of names")
    return held


def read_time(said: Any) -> float | None:
    """ISO 8601 (without a zone: UTC), or Unix time in seconds or milliseconds; as seconds, None if absent.

    Raises `Unreadable`. Seconds and milliseconds cannot be confused before the year 5138.
    """
    if said is None:
        return None
    if isinstance(said, int | float) and not isinstance(said, bool):
        return said / 1000 if abs(said) >= 1e11 else float(said)
    try:
        moment = datetime.fromisoformat(said)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise Unreadable("the time of the choice is not a time") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise Unreadable("a key is given twice")
    return table


def _refuse(constant: str) -> Any:
    raise Unreadable("not a JSON value")
