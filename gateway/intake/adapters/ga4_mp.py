"""Google Analytics 4 Measurement Protocol: `/mp/collect`, sent by servers and apps, and its validating twin.

May not: keep `api_secret` (a password in a query string) or take `user_data`.

`/debug/mp/collect` checks and tells; as with Google, what is sent there is no event. `/mp/collect` always answers 204.
An id of its own the protocol has not: an event that a server sends twice counts twice, unless it names an order.
Source: facts on the protocols, 1.2; developers.google.com …/protocol/ga4 (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from consent.words import Statement
from gateway.intake.adapters.adapter import JSON_TYPE, Adapter, Claim, refuse
from gateway.intake.hit import NO_CONTENT, Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, statement, text
from gateway.intake.moments import read_time
from gateway.intake.urlencoded import read_query
from gateway.intake.vocabulary import event_name, lift_single, property_name, read_items, read_properties
from gateway.words import Refusal

_DEBUG_PATH = "/debug/mp/collect"

#: Google's limits, which only the validating endpoint speaks of; we take more.
_EVENTS_PER_REQUEST = 25
_NAME_LIMIT_CHARS = 40

#: Parameters that are the event's own fields, not properties.
_FIELDS = frozenset(
    ("page_location", "page_title", "page_referrer", "language", "screen_resolution", "session_id", "ga_session_id")
)


def read(hit: Hit) -> Reading:
    """Events of a Measurement Protocol body; validation messages at the debug path."""
    query = read_query(hit.query)
    key = query.get("measurement_id") or query.get("firebase_app_id") or ""
    body = read_json(hit.body)
    if hit.path.startswith("/debug/"):
        return Reading(key=key, answer=_validation(body))
    if body.__class__ is not dict:
        return refuse(body if isinstance(body, Refusal) else Refusal.BODY_UNREADABLE, NO_CONTENT, key)
    reading = Reading(key=key, statements=_statements(body), answer=NO_CONTENT)
    found = _events(body)
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    for raw in admit_all(found, hit.body, reading.refusals):
        _put_event(reading, raw, body, hit.received_at)
    return reading


def _events(body: Mapping[str, Any]) -> list[Any]:
    """The list of events; the Python client sends a single postponed one without a list around it."""
    found = body.get("events")
    if found.__class__ is dict:
        return [found]
    return found if isinstance(found, list) else []


def _statements(body: Mapping[str, Any]) -> tuple[Statement, ...]:
    consent = body.get("consent")
    return () if consent is None else (statement("ga4mp_consent", consent),)


def _put_event(reading: Reading, raw: Mapping[str, Any], body: Mapping[str, Any], received_at: float) -> None:
    name = event_name(raw.get("name"))
    if not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    params = mapping(raw.get("params"))
    client_id = text(body.get("client_id")) or text(body.get("app_instance_id"))
    session = text(params.get("session_id")) or text(params.get("ga_session_id"))
    event = Event(
        name=name,
        at=_at(raw, body, received_at),
        client_id=client_id,
        user_id=text(body.get("user_id")),
        session_id=f"{client_id}.{session}" if session else "",
        page_url=text(params.get("page_location")),
        page_title=text(params.get("page_title")),
        referrer=text(params.get("page_referrer")),
        language=text(params.get("language")),
        screen=text(params.get("screen_resolution")),
        user_agent=text(body.get("user_agent")),
        address=text(body.get("ip_override")),
        properties=read_properties(params, _FIELDS),
        items=read_items(params.get("items")),
    )
    _put_user_properties(event.properties, mapping(body.get("user_properties")))
    lift_single(event.properties, event.items)
    reading.events.append(event)


def _at(raw: Mapping[str, Any], body: Mapping[str, Any], received_at: float) -> float:
    at = read_time(raw.get("timestamp_micros") or body.get("timestamp_micros"))
    return received_at if at is None else at


def _put_user_properties(properties: dict[str, Any], raw: Mapping[str, Any]) -> None:
    """`{"plan": {"value": "gold"}}` -> `user.plan`, as the browser's `up.plan`."""
    plain = {key: mapping(wrapped).get("value") for key, wrapped in raw.items()}
    for name, value in read_properties(plain).items():
        properties.setdefault(f"user.{name}", value)


class _Message(dict[str, str]):
    """One validation message in Google's shape; positions only, never a value of the body."""

    def __init__(self, field: str, code: str, says: str) -> None:
        super().__init__(fieldPath=field, validationCode=code, description=says)


def _validation(body: Any) -> Answer:
    messages = _messages(body) if body.__class__ is dict else [_Message("", "VALUE_INVALID", "The body is no object.")]
    return Answer(200, orjson.dumps({"validationMessages": messages}), JSON_TYPE)


def _messages(body: Mapping[str, Any]) -> list[_Message]:
    found = []
    if not (text(body.get("client_id")) or text(body.get("app_instance_id"))):
        found.append(_Message("client_id", "VALUE_REQUIRED", "client_id or app_instance_id is required."))
    events = _events(body)
    if not events:
        found.append(_Message("events", "VALUE_REQUIRED", "At least one event is required."))
    if len(events) > _EVENTS_PER_REQUEST:
        found.append(_Message("events", "EXCEEDED_MAX_ENTITIES", "At most 25 events are allowed."))
    for index, raw in enumerate(events[:_EVENTS_PER_REQUEST]):
        found.extend(_event_messages(f"events[{index}]", mapping(raw)))
    return found


def _event_messages(field: str, raw: Mapping[str, Any]) -> list[_Message]:
    name = raw.get("name")
    if not event_name(name):
        return [_Message(f"{field}.name", "NAME_INVALID", "A name is required, and must hold a letter or digit.")]
    found = []
    if len(text(name)) > _NAME_LIMIT_CHARS:
        found.append(_Message(f"{field}.name", "VALUE_OUT_OF_BOUNDS", "Names have at most 40 characters."))
    params = raw.get("params")
    if params is not None and params.__class__ is not dict:
        found.append(_Message(f"{field}.params", "VALUE_INVALID", "params must be an object."))
    if any(not property_name(key) for key in mapping(params)):
        found.append(_Message(f"{field}.params", "NAME_INVALID", "A parameter's name must hold a letter or digit."))
    return found


ADAPTER: Adapter = Adapter("ga4_mp", (Claim("POST", "/mp/collect"), Claim("POST", _DEBUG_PATH)), read)
