"""Our own protocol: `POST /collect` (JSON, any content type) and `GET /collect.gif` (the same fields in the query).

May not: believe anything; it reads.

    {"site": "demo", "consent": {…}, "events": [{"event": "wishlist_add", "id": "…", "at": "…", "client_id": "…",
     "user_id": "…", "session_id": "…", "page": {"url", "referrer", "title"}, "properties": {…}, "items": […],
     "consent": {…}}]}

    /collect.gif?site=demo&e=wishlist_add&id=…&at=…&client_id=…&user_id=…&session_id=…&url=…&referrer=…&title=…
     &consent=<JSON>&p.product_id=SKU-1&n.price=129.9&items=<JSON>

Answer: 204, or the pixel; 400 for a body that is not JSON, so that whoever tries it with curl sees why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.intake.adapters.adapter import JSON_TYPE, PIXEL, Adapter, Claim, refuse
from gateway.intake.hit import NO_CONTENT, Answer, Event, Hit, Reading
from gateway.intake.jsonbody import EVENT_LIMIT_BYTES, admit_all, mapping, read_json, statement, text, texts
from gateway.intake.moments import read_time
from gateway.intake.urlencoded import decode, number, read_raw_pairs
from gateway.intake.vocabulary import (
    PROPERTY_LIMIT,
    event_name,
    lift_single,
    property_name,
    read_items,
    read_properties,
)
from gateway.words import Refusal

#: Names of texts, in the order in which they are read.
_TEXTS = ("id", "client_id", "user_id", "session_id", "language", "screen")
_PAGE_TEXTS = ("url", "referrer", "title")


def read(hit: Hit) -> Reading:
    """Events of our own JSON or pixel."""
    return _read_pixel(hit) if hit.method == "GET" else _read_body(hit)


def _read_body(hit: Hit) -> Reading:
    body = read_json(hit.body)
    if body.__class__ is not dict:
        reason = body if isinstance(body, Refusal) else Refusal.BODY_UNREADABLE
        return refuse(reason, Answer(400, b'{"error":"not a JSON object"}', JSON_TYPE))
    reading = Reading(key=text(body.get("site")), answer=NO_CONTENT)
    if (consent := body.get("consent")) is not None:
        reading.statements = (statement("own", consent),)
    found = body.get("events")
    if found.__class__ is not list or not found:
        reading.refusals.append(Refusal.NO_EVENTS)
        return reading
    for raw in admit_all(found, hit.body, reading.refusals):
        _put_event(reading, raw, hit.received_at)
    return reading


def _put_event(reading: Reading, raw: dict[str, Any], received_at: float) -> None:
    get = raw.get
    name = event_name(get("event"))
    if not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    event_id, client_id, user_id, session_id, language, screen = texts(raw, _TEXTS)
    page_url, referrer, title = texts(mapping(get("page")), _PAGE_TEXTS)
    properties = mapping(get("properties"))
    event = Event(
        name=name,
        at=_at(get("at"), received_at),
        event_id=event_id,
        client_id=client_id,
        user_id=user_id,
        session_id=session_id,
        page_url=page_url,
        page_title=title,
        referrer=referrer,
        language=language,
        screen=screen,
        properties=read_properties(properties),
    )
    if items := get("items") or properties.get("items"):
        _put_items(event, items)
    if (consent := get("consent")) is not None:
        event.statements = (statement("own", consent),)
    reading.events.append(event)


def _at(value: object, received_at: float) -> float:
    at = read_time(value) if value is not None else None
    return received_at if at is None else at


def _put_items(event: Event, raw: object) -> None:
    event.items = read_items(raw)
    lift_single(event.properties, event.items)


def _read_pixel(hit: Hit) -> Reading:
    pairs = read_raw_pairs(hit.query.decode("utf-8", "replace"))
    fields = {name: decode(value) for name, value in pairs}
    reading = Reading(key=fields.get("site", ""), answer=PIXEL)
    reading.statements = tuple(statement("own", decode(value)) for name, value in pairs if name == "consent")
    name = event_name(fields.get("e") or fields.get("event"))
    if not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE if fields else Refusal.NO_EVENTS)
    elif len(hit.query) > EVENT_LIMIT_BYTES:
        reading.refusals.append(Refusal.EVENT_TOO_LARGE)
    else:
        reading.events.append(_pixel_event(name, fields, hit.received_at))
    return reading


def _pixel_event(name: str, fields: Mapping[str, str], received_at: float) -> Event:
    get = fields.get
    event = Event(
        name=name,
        at=_at(get("at"), received_at),
        event_id=get("id", ""),
        client_id=get("client_id", ""),
        user_id=get("user_id", ""),
        session_id=get("session_id", ""),
        page_url=get("url", ""),
        page_title=get("title", ""),
        referrer=get("referrer", ""),
        language=get("language", ""),
        screen=get("screen", ""),
        properties=_pixel_properties(fields),
    )
    if items := get("items"):
        _put_items(event, read_json(items.encode()))
    return event


def _pixel_properties(fields: Mapping[str, str]) -> dict[str, Any]:
    """`p.<name>` is a text, `n.<name>` a number; a number that is none is left out."""
    found: dict[str, Any] = {}
    for key, value in fields.items():
        kind, _, raw = key.partition(".")
        if kind not in ("p", "n") or not (name := property_name(raw)) or len(found) >= PROPERTY_LIMIT:
            continue
        read_value = value if kind == "p" else number(value)
        if read_value is not None:
            found[name] = read_value
    return found


ADAPTER: Adapter = Adapter("own", (Claim("POST", "/collect"), Claim("GET", "/collect.gif")), read)
