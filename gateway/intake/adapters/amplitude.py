"""Amplitude: `POST /2/httpapi` and `/batch`, and its remote configuration.

May not: take user or group properties.

`ip: "$remote"` means the address of the request; without `ip` the page has turned the use of it off, or a server
sends. Source: facts on the protocols, 7 and 10; amplitude.com/docs HTTP API v2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.intake.adapters.adapter import JSON_TYPE, Adapter, Claim, ok
from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, text
from gateway.intake.moments import corrected, read_time
from gateway.intake.vocabulary import event_name, lift_single, put_bare_id, read_items, read_properties
from gateway.words import Refusal

_OF_A_PERSON = frozenset(("$identify", "$groupidentify"))
_OWN = "[Amplitude] "

#: Autocaptured properties that are the page itself, and the plain names of the referrer that come with them.
_PAGE_FIELDS = frozenset(("referrer", "referring_domain"))


def read(hit: Hit) -> Reading:
    """Events of a body; an empty configuration."""
    if hit.method == "GET":
        return Reading(key=hit.path.rpartition("/")[2], answer=ok(b'{"configs":{}}'))
    body = read_json(hit.body)
    if isinstance(body, Refusal):
        return Reading(
            refusals=[body], answer=Answer(400, b'{"code":400,"error":"Invalid JSON request body"}', JSON_TYPE)
        )
    envelope = mapping(body)
    listed = envelope.get("events")
    found = listed if isinstance(listed, list) else [listed] if isinstance(listed, dict) else []
    reading = Reading(key=text(envelope.get("api_key")))
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    sent_at = read_time(envelope.get("client_upload_time"))
    for raw in admit_all(found, hit.body, reading.refusals):
        event = _read_event(raw, sent_at, hit.received_at)
        if isinstance(event, Refusal):
            reading.refusals.append(event)
        else:
            reading.events.append(event)
    reading.answer = _answer(hit, len(found))
    return reading


def _answer(hit: Hit, count: int) -> Answer:
    """What was refused counts as ingested: a difference would be sent again."""
    said = {"code": 200, "events_ingested": count, "payload_size_bytes": len(hit.body)}
    return ok(orjson.dumps(said | {"server_upload_time": int(hit.received_at * 1000)}))


def _read_event(raw: Mapping[str, Any], sent_at: float | None, received_at: float) -> Event | Refusal:
    told = text(raw.get("event_type"))
    name = event_name(told.removeprefix(_OWN))
    if told in _OF_A_PERSON or not name:
        return Refusal.NOT_AN_EVENT if told in _OF_A_PERSON else Refusal.EVENT_UNREADABLE
    properties = mapping(raw.get("event_properties"))
    get = properties.get
    device = text(raw.get("device_id"))
    session = text(raw.get("session_id"))
    event = Event(
        name=name,
        at=corrected(received_at, read_time(raw.get("time")), sent_at),
        event_id=text(raw.get("insert_id")),
        client_id=device,
        user_id=text(raw.get("user_id")),
        session_id=f"{device}.{session}" if session not in ("", "-1") else "",
        page_url=text(get(f"{_OWN}Page Location")) or text(get(f"{_OWN}Page URL")),
        page_title=text(get(f"{_OWN}Page Title")),
        referrer=text(get("referrer")),
        language=text(raw.get("language")),
        user_agent=text(raw.get("user_agent")),
        address=None if raw.get("ip") == "$remote" and _is_device(raw) else _address(raw),
        properties=_properties(properties),
        items=read_items(get("items") or get("products")),
    )
    put_bare_id(name, event.properties)
    lift_single(event.properties, event.items)
    return event


def _is_device(raw: Mapping[str, Any]) -> bool:
    """Browser and app libraries; node, python and the rest send from servers."""
    return text(raw.get("platform")) in ("Web", "iOS", "Android") or text(raw.get("library")).startswith("amplitude-ts")


def _address(raw: Mapping[str, Any]) -> str:
    address = text(raw.get("ip"))
    return "" if address == "$remote" else address


def _properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The site's own properties; of autocaptured ones the file's and the form's."""
    found = {key: value for key, value in properties.items() if not key.startswith(_OWN)}
    for part in ("File Name", "File Extension", "Form ID", "Form Name", "Link Text"):
        if value := text(properties.get(_OWN + part)):
            found.setdefault(part, value)
    return read_properties(found, _PAGE_FIELDS)


ADAPTER: Adapter = Adapter(
    "amplitude",
    (
        Claim("POST", "/2/httpapi"),
        Claim("POST", "/batch"),
        Claim("POST", "/batch/", b'"client_upload_time"'),
        Claim("GET", "/config/*"),
    ),
    read,
)
