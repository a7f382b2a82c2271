"""RudderStack: `/v1/…` of all its SDKs, the unload beacon, the pixel, and the configuration that boots the browser.

May not: take traits, read the cookies that it sends along, or set those that it asks for (`/rsaRequest`).

Told from Segment, which speaks at the same paths, by the library that a body names. Both are read alike, so a body
that names none loses nothing but the vendor's own answer. Source: facts on the protocols, 3 and 10.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import orjson

from consent.words import Statement
from gateway.intake.adapters.adapter import PIXEL, TEXT_TYPE, Adapter, Claim, ok
from gateway.intake.calls import CALL_OF, Dialect, basic_user, read_call, read_calls
from gateway.intake.hit import Answer, Hit, Reading
from gateway.intake.jsonbody import read_inner, statement
from gateway.intake.urlencoded import read_query
from gateway.words import Refusal

_UNREADABLE = frozenset((Refusal.BODY_UNREADABLE, Refusal.BODY_TOO_DEEP))
_KEY_LIMIT_CHARS = 100

#: What only RudderStack's SDKs write into a body.
_MARKS = (b'"RudderLabs', b'"rudder', b'"@rudderstack', b'"channel":"server"', b'"channel": "server"')


def read(hit: Hit) -> Reading:
    """Calls of a body or pixel; the source configuration; requests to set cookies, which are heard and not followed."""
    if hit.method == "GET":
        return _read_pixel(hit) if hit.path.startswith("/pixel/") else _read_configuration(hit)
    reading = Reading(key=_key(hit), answer=ok(b"OK", TEXT_TYPE))
    if hit.path == "/rsaRequest":
        return reading
    read_calls(hit, _DIALECT, reading)
    for event in reading.events:
        event.client_id = event.client_id or _anonymous_id(hit)
    if not reading.events and reading.refusals[0] in _UNREADABLE:
        reading.answer = Answer(400, b"Invalid JSON", TEXT_TYPE)
    return reading


def _key(hit: Hit) -> str:
    return basic_user(hit) or read_query(hit.query).get("writeKey", "")


def _anonymous_id(hit: Hit) -> str:
    """The `AnonymousId` header, which is base64 of the id in the body."""
    try:
        return b64decode(hit.header(b"anonymousid"), validate=True).decode()
    except ValueError:
        return ""


def _consent(context: Mapping[str, Any]) -> tuple[Statement, ...] | None:
    said = context.get("consentManagement")
    return None if said is None else (statement("rudderstack_consent", said),)


_DIALECT = Dialect(browser_library="RudderLabs JavaScript SDK", statements=_consent)


def _read_pixel(hit: Hit) -> Reading:
    """`GET /pixel/v1/track?writeKey=&anonymousId=&event=&properties=<JSON>` or `properties.<name>=`."""
    query = read_query(hit.query)
    reading = Reading(key=query.get("writeKey", ""), answer=PIXEL)
    call: dict[str, Any] = dict(query)
    properties = read_inner(query.get("properties", "{}"))
    dotted = {name[len("properties.") :]: value for name, value in query.items() if name.startswith("properties.")}
    call["properties"] = (properties if isinstance(properties, dict) else {}) | dotted
    call["context"] = {"library": {"name": _DIALECT.browser_library}}
    event = read_call(call, CALL_OF.get(hit.path.rpartition("/")[2], ""), hit.received_at, _DIALECT)
    if isinstance(event, Refusal):
        reading.refusals.append(event)
    else:
        reading.events.append(event)
    return reading


def _read_configuration(hit: Hit) -> Reading:
    """`GET /sourceConfig/`: without it the browser library sends nothing at all."""
    key = _key(hit)
    if not key or len(key) > _KEY_LIMIT_CHARS or not key.replace("-", "").replace("_", "").isalnum():
        return Reading(answer=Answer(404))
    return Reading(key=key, answer=ok(orjson.dumps(_configuration(key))))


def _configuration(key: str) -> dict[str, Any]:
    off = {"enabled": False}
    source = {
        "id": "gateway",
        "name": "gateway",
        "writeKey": key,
        "enabled": True,
        "workspaceId": "gateway",
        "destinations": [],
        "config": {"statsCollection": {"errors": off, "metrics": off}},
        "dataplanes": {},
    }
    return {"source": source, "updatedAt": "2026-01-01T00:00:00.000Z"}


_SHARED_PATHS = ("track", "page", "screen", "identify", "group", "alias", "batch", "import")

ADAPTER: Adapter = Adapter(
    "rudderstack",
    (
        *(Claim("POST", f"/v1/{part}", mark) for part in _SHARED_PATHS for mark in _MARKS),
        Claim("POST", "/v1/merge"),
        Claim("POST", "/beacon/v1/batch"),
        Claim("POST", "/rsaRequest"),
        Claim("GET", "/pixel/v1/track"),
        Claim("GET", "/pixel/v1/page"),
        Claim("GET", "/sourceConfig/"),
        Claim("GET", "/sourceConfig"),
    ),
    read,
)
