"""Query strings and forms: split on '&' and '=', decode once.

May not: raise on any input; decode anything twice (a value may hold an encoded URL of its own).

Why not `urllib.parse`: `parse_qsl` decodes every key and value, most of which no adapter wants, and `unquote` works
escape by escape in Python. Both are a third of a GA4 hit's whole budget. What C can do of it, C does: a query without
oddities is a JSON object but for its punctuation, and percent escapes are quoted-printable but for theirs. Both short
cuts notice when they do not hold, and tests compare them with the plain way on mutated input.
"""

from __future__ import annotations

from binascii import a2b_qp
from urllib.parse import unquote

import orjson

PAIR_LIMIT = 2000  # a Snowplow or GA4 request line of 64 KB holds fewer


def read_raw_pairs(text: str) -> list[tuple[str, str]]:
    """Name and still encoded value of every pair, in order, names decoded; at most 2,000."""
    pairs = []
    for part in text.split("&", PAIR_LIMIT)[:PAIR_LIMIT]:
        name, _, value = part.partition("=")
        if name:
            pairs.append((decode(name), value))
    return pairs


def read_plain_query(raw: bytes) -> dict[str, str] | None:
    """Name and still encoded value of every pair of an ordinary query; None where a name is repeated or encoded, a
    pair is not one name and one value, or bytes stand raw that JSON would read differently: then ask the slow way."""
    if b'"' in raw or b"\\" in raw:
        return None
    try:
        found: dict[str, str] = orjson.loads(b'{"' + raw.replace(b"&", b'","').replace(b"=", b'":"') + b'"}')
    except orjson.JSONDecodeError:
        return None
    names = "".join(found)
    if len(found) <= raw.count(b"&") or "%" in names or "+" in names:
        return None
    found.pop("", None)
    return found


def read_query(raw: bytes) -> dict[str, str]:
    """The decoded parameters of a query or form body; of a repeated name the last one counts."""
    return {name: decode(value) for name, value in read_raw_pairs(raw.decode("utf-8", "replace"))}


def decode(value: str) -> str:
    """Percent escapes and '+' decoded exactly once; bytes that are not UTF-8 become replacement characters."""
    if "+" in value:
        value = value.replace("+", " ")
    escapes = value.count("%")
    if not escapes:
        return value
    if not value.isascii() or "\n" in value or "\r" in value:
        return unquote(value)
    raw = a2b_qp(value.replace("=", "=3D").replace("%", "="))
    if len(raw) != len(value) - 2 * escapes:  # an escape that is none stays as it is
        return unquote(value)
    return raw.decode("utf-8", "replace")


def number(value: str) -> int | float | None:
    """A finite number written in plain digits, None for anything else (`NaN`, `1e999`, `1_000`)."""
    try:
        if value.isdecimal() and len(value) <= 18:
            return int(value)
        found = float(value)
    except ValueError:
        return None
    return found if abs(found) < 1e300 and "_" not in value else None
