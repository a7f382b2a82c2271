"""Plausible: `POST /api/event`, JSON as `text/plain`.

May not: make an identity; the protocol has none, nor an event id, nor a time.

Source: facts on the protocols, 6; plausible.io/docs/events-api (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.intake.adapters.adapter import TEXT_TYPE, Adapter, Claim, refuse
from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_inner, read_json, text
from gateway.intake.urlencoded import number
from gateway.intake.vocabulary import event_name, put_bare_id, read_properties
from gateway.words import Refusal


def read(hit: Hit) -> Reading:
    """The one event of a body; short and long names alike."""
    body = read_json(hit.body)
    if isinstance(body, Refusal):
        return refuse(body, Answer(400, b"invalid JSON", TEXT_TYPE))
    key = _first(mapping(body), "d", "domain").partition(",")[0]
    reading = Reading(key=key, answer=Answer(202, b"ok", TEXT_TYPE))
    for raw in admit_all([body], hit.body, reading.refusals):
        _put_event(reading, raw, hit)
    return reading


def _first(raw: Mapping[str, Any], *names: str) -> str:
    return next((found for name in names if (found := text(raw.get(name)))), "")


def _put_event(reading: Reading, raw: Mapping[str, Any], hit: Hit) -> None:
    name = event_name(_first(raw, "n", "name"))
    if not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    event = Event(
        name=name,
        at=hit.received_at,
        page_url=_first(raw, "u", "url"),
        referrer=_first(raw, "r", "referrer"),
        properties=_properties(raw),
    )
    put_bare_id(name, event.properties)
    reading.events.append(event)


def _properties(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`p` and its longer names, object or JSON text; revenue; scroll depth and engaged time."""
    given = raw.get("p") or raw.get("props") or raw.get("m") or raw.get("meta")
    found = read_properties(mapping(read_inner(given)))
    revenue = mapping(read_inner(raw.get("$") or raw.get("revenue")))
    amount = revenue.get("amount")
    value = number(amount) if isinstance(amount, str) else amount
    if isinstance(value, (int, float)):
        found |= {"value": value, "currency": text(revenue.get("currency"))}
    for key, name in (("sd", "percent"), ("e", "engagement_ms")):
        if isinstance(raw.get(key), (int, float)):
            found[name] = raw[key]
    if raw.get("i") is False or raw.get("interactive") is False:
        found["non_interactive"] = True
    return found


ADAPTER: Adapter = Adapter("plausible", (Claim("POST", "/api/event"),), read)
