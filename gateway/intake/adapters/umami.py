"""Umami: `POST /api/send` and `/api/batch`.

May not: hand out an identifier: the session cache that the tracker sends back is the same word for everybody.

`identify` tells of a person; `performance` is an event of its own. Source: facts on the protocols, 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.intake.adapters.adapter import Adapter, Claim, ok
from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, text
from gateway.intake.moments import read_time
from gateway.intake.vocabulary import event_name, lift_single, put_bare_id, read_items, read_properties
from gateway.words import Refusal

_NOBODY = {"cache": "none", "sessionId": "none", "visitId": "none"}
_VITALS = ("lcp", "inp", "cls", "fcp", "ttfb", "duration")


def read(hit: Hit) -> Reading:
    """The one payload of `/api/send`, or those of `/api/batch`."""
    body = read_json(hit.body)
    if isinstance(body, Refusal):
        return Reading(refusals=[body], answer=Answer(400, b'{"error":"Bad request"}', b"application/json"))
    found = body if isinstance(body, list) else [body]
    reading = Reading(key=_key(found))
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    for raw in admit_all(found, hit.body, reading.refusals):
        _put_event(reading, raw, hit.received_at)
    reading.answer = ok(orjson.dumps(_said(reading, len(found)) if isinstance(body, list) else _NOBODY))
    return reading


def _key(found: list[Any]) -> str:
    """The website, link or pixel of the first payload."""
    payload = mapping(mapping(found[0]).get("payload")) if found else {}
    return next((key for part in ("website", "link", "pixel") if (key := text(payload.get(part)))), "")


def _said(reading: Reading, size: int) -> dict[str, Any]:
    """Every event counts as processed: what the law refuses is no error of the sender's."""
    return {"size": size, "processed": size, "errors": 0, "details": [], "cache": _NOBODY["cache"]}


def _put_event(reading: Reading, raw: Mapping[str, Any], received_at: float) -> None:
    payload = mapping(raw.get("payload"))
    kind = text(raw.get("type"))
    if kind == "identify":
        reading.refusals.append(Refusal.NOT_AN_EVENT)
        return
    name = event_name(text(payload.get("name")) or ("performance" if kind == "performance" else "page_view"))
    if not name or not payload:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    at = read_time(payload.get("timestamp"))
    event = Event(
        name=name,
        at=received_at if at is None else at,
        user_id=text(payload.get("id")),
        page_url=_url(payload),
        page_title=text(payload.get("title")),
        referrer=text(payload.get("referrer")),
        language=text(payload.get("language")),
        screen=text(payload.get("screen")),
        user_agent=text(payload.get("userAgent")) or None,
        address=text(payload.get("ip")) or None,
        properties=_properties(payload, kind),
        items=read_items(mapping(payload.get("data")).get("items") or mapping(payload.get("data")).get("products")),
    )
    put_bare_id(name, event.properties)
    lift_single(event.properties, event.items)
    reading.events.append(event)


def _url(payload: Mapping[str, Any]) -> str:
    """A path alone is one of the payload's host."""
    url, host = text(payload.get("url")), text(payload.get("hostname"))
    return f"https://{host}{url}" if host and url.startswith("/") else url


def _properties(payload: Mapping[str, Any], kind: str) -> dict[str, Any]:
    found = read_properties(mapping(payload.get("data")))
    if tag := text(payload.get("tag")):
        found.setdefault("tag", tag)
    if kind == "performance":
        found |= read_properties({name: payload.get(name) for name in _VITALS})
    return found


ADAPTER: Adapter = Adapter("umami", (Claim("POST", "/api/send"), Claim("POST", "/api/batch")), read)
