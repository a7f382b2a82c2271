"""Bodies that are JSON: read them whatever bytes they are, and admit what is within the limits.

May not: raise on any input; name a value of the body anywhere.

Why orjson first: it is the hot path. The standard library's reader only sees what orjson refuses, because Python
SDKs write `NaN` and browsers write lone surrogates and byte order marks; one such value must not sink a batch.
"""

from __future__ import annotations

import json
import math
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any

import orjson

from consent.words import Statement
from gateway.words import Refusal

EVENTS_PER_REQUEST = 500  # Source: issue 2; Segment's largest batch is 500 KB of about 1 KB each
EVENT_LIMIT_BYTES = 64 * 1024  # Source: the keepalive limit of browsers, 64 KiB
DEPTH_LIMIT = 32
#: The URL alphabet of base64, and the space that a form makes of an unescaped '+'.
_BASE64_PLAIN = str.maketrans("-_ ", "+/+", "=")
_NESTS = frozenset((dict, list))
_BOM = b"\xef\xbb\xbf"


def read_json(body: bytes) -> Any:
    """The JSON value of a body, or the `Refusal` that says why there is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _read_odd_json(body)


def _read_odd_json(body: bytes) -> Any:
    """What orjson refuses: NaN and infinity become null, lone surrogates and bad UTF-8 replacement characters."""
    try:
        text = _decode(body.removeprefix(_BOM))
        value = json.loads(text, parse_constant=_nothing, parse_float=_finite)
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        return Refusal.BODY_TOO_DEEP
    except ValueError:
        return Refusal.BODY_TOO_DEEP if _is_deep(body) else Refusal.BODY_UNREADABLE


def _decode(body: bytes) -> str:
    """UTF-8 with the mistakes of clients: halves of a character written one by one (mixpanel-browser) are joined."""
    try:
        return body.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace")


def _nothing(_constant: str) -> None:
    return None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _is_deep(body: bytes) -> bool:
    """Only asked about bodies that could not be read: brackets without end are a nest, not a typing mistake."""
    opened = body.count(b"[") + body.count(b"{")
    return opened - body.count(b"]") - body.count(b"}") > DEPTH_LIMIT


def admit(found: list[Any], body_bytes: int, brackets: int, refusals: list[Refusal]) -> list[dict[str, Any]]:
    """The objects of `found` that are within the limits; every other entry adds its reason to `refusals`.

    `body_bytes` and `brackets` (opening ones) are those of the whole body: a small or a flat body cannot hold a
    large or a deep event, so most bodies are admitted without a second look.
    """
    if len(found) > EVENTS_PER_REQUEST:
        refusals.extend([Refusal.TOO_MANY_EVENTS] * (len(found) - EVENTS_PER_REQUEST))
        found = found[:EVENTS_PER_REQUEST]
    may_be_large, may_be_deep = body_bytes > EVENT_LIMIT_BYTES, brackets > DEPTH_LIMIT
    if not may_be_large and not may_be_deep:
        objects = [event for event in found if event.__class__ is dict]
        refusals.extend([Refusal.EVENT_UNREADABLE] * (len(found) - len(objects)))
        return objects
    admitted: list[dict[str, Any]] = []
    for event in found:
        reason = _judge(event, may_be_large, may_be_deep)
        if reason is None:
            admitted.append(event)
        else:
            refusals.append(reason)
    return admitted


def admit_all(found: list[Any], body: bytes, refusals: list[Refusal]) -> list[dict[str, Any]]:
    """`admit` for the events of one JSON body."""
    return admit(found, len(body), body.count(b"{") + body.count(b"["), refusals)


def _judge(event: Any, may_be_large: bool, may_be_deep: bool) -> Refusal | None:
    if event.__class__ is not dict:
        return Refusal.EVENT_UNREADABLE
    if may_be_deep and depth_over(event, DEPTH_LIMIT):
        return Refusal.BODY_TOO_DEEP
    if may_be_large and len(orjson.dumps(event)) > EVENT_LIMIT_BYTES:
        return Refusal.EVENT_TOO_LARGE
    return None


def depth_over(value: Any, limit: int) -> bool:
    """Whether objects and lists are nested deeper than `limit`. Walks level by level, never recursing."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if not _NESTS.isdisjoint(map(type, values := outer.values() if outer.__class__ is dict else outer))
            for inner in values
            if inner.__class__ in _NESTS
        ]
        if not level:
            return False
    return True


def text(value: object) -> str:
    """A text or a whole number as text (`4711` -> '4711'), '' for anything else: ids arrive as both."""
    if value.__class__ is str:
        return value
    return str(value) if value.__class__ is int else ""


def texts(raw: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """`text` of each of these values, in order."""
    return [value if value.__class__ is str else text(value) for value in map(raw.get, names)]


def read_json_base64(encoded: str) -> Any:
    """The JSON value inside base64 of either alphabet, padded or not, or the `Refusal` that says why there is none."""
    plain = encoded.translate(_BASE64_PLAIN)
    try:
        return read_json(a2b_base64(plain + "=" * (-len(plain) % 4)))
    except ValueError:
        return Refusal.BODY_UNREADABLE


def read_inner(value: object) -> Any:
    """JSON inside JSON, as a text; None for what is unreadable or nested too deep. What is no text stays as it is."""
    found = read_json(value.encode("utf-8", "replace")) if value.__class__ is str else value
    if isinstance(found, Refusal):
        return None
    return None if found.__class__ in (dict, list) and depth_over(found, DEPTH_LIMIT) else found


def mapping(value: object) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if value.__class__ is dict else {}


def statement(carrier: str, value: object) -> Statement:
    """A consent value of a JSON body as a statement: text as it is, everything else as its JSON text."""
    if value.__class__ is str:
        return Statement(carrier, value)
    return Statement(carrier, orjson.dumps(value).decode())
