"""Mixpanel: `/track`, `/engage`, `/groups`, `/import`, under these or the site's own routes.

May not: take people or group properties; take the addresses that servers vouch for as their own.

A body is a form with `data=` base64 or JSON, a GET has the same in its query, an import is JSON or JSON lines. Answers
are parsed: `1`, or with `verbose=1` an object; never `0`, which servers raise on. `$delete` asks for erasure, of the
device or the user with that id (Mixpanel has one word for both), and is counted as no event.
Source: facts on the protocols, 7 and 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.intake.adapters.adapter import PIXEL, TEXT_TYPE, Adapter, Claim, ok
from gateway.intake.calls import basic_user
from gateway.intake.hit import Answer, Event, Hit, Leaver, Reading
from gateway.intake.jsonbody import admit, mapping, read_json, read_json_base64, text
from gateway.intake.moments import corrected, read_time
from gateway.intake.urlencoded import read_query
from gateway.intake.vocabulary import event_name, lift_single, put_bare_id, read_items, read_properties
from gateway.words import Refusal

_OF_A_PERSON = frozenset(("$identify", "$create_alias", "$merge"))
_FIELDS = frozenset(("token", "distinct_id", "time", "ip", "current_page_title", "mp_lib", "mp_sent_by_lib_version"))
_DEVICE_PREFIX = "$device:"
_ON_DEVICE = frozenset(("web", "js", "swift", "android", "iphone", "react-native", "flutter", "unity"))

#: `data=` in base64, of `{"event":`, `[{"event`, `{"$` and `[{"$`: how a renamed route is known.
_MARKS = (b"^data=eyJldmVudCI6", b"^data=W3siZXZlbnQi", b"^data=eyIk", b"^data=W3siJ", b"^data=%7B%22event%22")


def read(hit: Hit) -> Reading:
    """Events of `data=` or of an import; operations on people and groups are no events."""
    if hit.path.startswith("/flags"):
        return Reading(key=basic_user(hit), answer=ok(b'{"flags":{}}'))
    if hit.path.startswith("/record"):
        return Reading(key=basic_user(hit), refusals=[Refusal.NOT_AN_EVENT], answer=ok(b'{"code":200,"status":"OK"}'))
    query = read_query(hit.query)
    form = query | (read_query(hit.body) if hit.body.startswith((b"data=", b"verbose=", b"ip=")) else {})
    found = _found(hit, form)
    reading = Reading()
    if isinstance(found, Refusal):
        reading.refusals.append(found)
        found = []
    elif not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    reading.key = _token(found) or basic_user(hit)
    sent_at = read_time(query.get("_"))
    for raw in admit(found, len(hit.body) + len(hit.query), _brackets(form, hit), reading.refusals):
        _put_event(reading, raw, sent_at, hit.received_at)
    reading.answer = _answer(hit, form, reading)
    return reading


def _found(hit: Hit, form: Mapping[str, str]) -> list[Any] | Refusal:
    """The events, whichever way they are wrapped."""
    encoded = form.get("data")
    if encoded is not None:
        body = read_json(encoded.encode()) if encoded[:1] in ("{", "[") else read_json_base64(encoded)
    elif hit.body[:1] == b"{" and b"}\n{" in hit.body:
        return [read_json(line) for line in hit.body.split(b"\n") if line.strip()]
    else:
        body = read_json(hit.body) if hit.body else []
    if isinstance(body, Refusal):
        return body
    return body if isinstance(body, list) else [body]


def _token(found: list[Any]) -> str:
    """The project's token in the first event or operation."""
    first = mapping(found[0]) if found else {}
    return text(mapping(first.get("properties")).get("token")) or text(first.get("$token"))


def _brackets(form: Mapping[str, str], hit: Hit) -> int:
    """Opening brackets; base64 hides its own, so what it holds is always looked at."""
    return 1_000_000 if "data" in form else hit.body.count(b"{") + hit.body.count(b"[")


def _put_event(reading: Reading, raw: Mapping[str, Any], sent_at: float | None, received_at: float) -> None:
    properties = mapping(raw.get("properties"))
    told = text(raw.get("event"))
    name = event_name(told)
    if told in _OF_A_PERSON or "$token" in raw or "$distinct_id" in raw or "$group_key" in raw:
        reading.refusals.append(Refusal.NOT_AN_EVENT)
        if "$delete" in raw and (person := text(raw.get("$distinct_id"))):
            reading.leavers.append(Leaver(person.removeprefix(_DEVICE_PREFIX), person))
    elif not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
    else:
        reading.events.append(_event(name, properties, sent_at, received_at))


def _event(name: str, properties: Mapping[str, Any], sent_at: float | None, received_at: float) -> Event:
    get = properties.get
    referrer = text(get("$referrer"))
    own = {key: value for key, value in properties.items() if key[:1] != "$" and key[:8] != "current_"}
    event = Event(
        name=name,
        at=corrected(received_at, read_time(get("time")), sent_at),
        event_id=text(get("$insert_id")),
        client_id=(text(get("$device_id")) or text(get("distinct_id"))).removeprefix(_DEVICE_PREFIX),
        user_id=text(get("$user_id")),
        page_url=text(get("$current_url")),
        page_title=text(get("current_page_title")),
        referrer="" if referrer == "$direct" else referrer,
        screen=_screen(properties),
        properties=read_properties(own, _FIELDS),
        items=read_items(get("items") or get("products")),
    )
    put_bare_id(name, event.properties)
    lift_single(event.properties, event.items)
    library = text(get("mp_lib"))
    if library and library not in _ON_DEVICE:
        event.address = text(get("ip"))
        event.user_agent = ""
    return event


def _screen(properties: Mapping[str, Any]) -> str:
    width, height = text(properties.get("$screen_width")), text(properties.get("$screen_height"))
    return f"{width}x{height}" if width and height else ""


def _answer(hit: Hit, form: Mapping[str, str], reading: Reading) -> Answer:
    if hit.path.startswith("/import"):
        count = len(reading.events) + len(reading.refusals)
        return ok(orjson.dumps({"code": 200, "num_records_imported": count, "status": "OK"}))
    if form.get("img") == "1":
        return PIXEL
    return ok(b'{"error":null,"status":1}') if form.get("verbose") == "1" else ok(b"1", TEXT_TYPE)


_PATHS = ("/track", "/track/", "/engage", "/engage/", "/groups", "/groups/", "/import", "/import/")

ADAPTER: Adapter = Adapter(
    "mixpanel",
    (
        *(Claim(method, path) for method in ("POST", "GET") for path in _PATHS),
        Claim("POST", "/record/"),
        Claim("GET", "/flags/"),
        Claim("GET", "/flags"),
        *(Claim("POST", "*", mark) for mark in _MARKS),
    ),
    read,
)
