"""Stape's data tag, a widely used template of Google Tag Manager: `/data` by POST (JSON as text) or GET (a pixel).

May not: take user data, nested (`user_data`) or flat (`email`, `firstName` …), or read or set its cookie `_dcid`.

Source: facts on the protocols, 1.4; stape-io/data-client@e9b2b6c.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.intake.adapters.adapter import PIXEL, Adapter, Claim, ok
from gateway.intake.hit import NO_CONTENT, Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, read_json_base64, statement, text
from gateway.intake.urlencoded import read_query
from gateway.intake.vocabulary import event_name, lift_single, put_bare_id, read_items, read_properties
from gateway.words import Refusal

#: Fields that are the event's own, and the flat names of a person's data that data-client knows.
_FIELDS = frozenset(
    """v event_name event_id unique_event_id client_id _dcid_temp user_id page_location page_title page_referrer
    page_hostname page_path page_encoding screen_resolution viewport_size language ip_override user_agent email mail
    userEmail email_address emailAddress user_email phone phone_number phoneNumber userPhoneNumber telephone firstName
    first_name nameFirst lastName last_name nameLast name street address city region state zip postal_code postalCode
    country countryRegion addressRegion""".split()  # noqa: SIM905 - a table of forty words reads better as words
)


def read(hit: Hit) -> Reading:
    """Events of a body or of the pixel's parameter; the template's cookie round trip is heard and not followed."""
    if hit.path.startswith("/_set_cookie"):
        return Reading(answer=NO_CONTENT)
    query = read_query(hit.query)
    reading = Reading(answer=_answer(hit, query))
    body = _read_body(hit, query)
    if isinstance(body, Refusal):
        reading.refusals.append(body)
        return reading
    found = body if isinstance(body, list) else [body] if body else []
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    for raw in admit_all(found, hit.body or orjson.dumps(body), reading.refusals):
        _put_event(reading, raw, query.get("event", ""), hit.received_at)
    return reading


def _read_body(hit: Hit, query: Mapping[str, str]) -> Any:
    if hit.method != "GET":
        return read_json(hit.body)
    if encoded := query.get("dtdc"):
        return read_json_base64(encoded)
    return (
        read_json(query["dtcd"].encode())
        if query.get("dtcd")
        else {"event_name": query.get("event", "")}
        if query
        else []
    )


def _answer(hit: Hit, query: Mapping[str, str]) -> Answer:
    if "richsstsse" in query:
        return ok(b"", b"text/event-stream")
    if hit.method == "GET":
        return PIXEL
    said = {"timestamp": int(hit.received_at), "unique_event_id": f"{int(hit.received_at * 1000)}_1"}
    return ok(orjson.dumps(said))


def _put_event(reading: Reading, raw: Mapping[str, Any], named: str, received_at: float) -> None:
    get = raw.get
    name = event_name(text(get("event_name")) or named)
    if not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    consent = get("consent_state")
    event = Event(
        name=name,
        at=received_at,
        event_id=text(get("event_id")) or text(get("unique_event_id")),
        client_id=text(get("client_id")) or text(get("_dcid_temp")),
        user_id=text(get("user_id")),
        page_url=text(get("page_location")),
        page_title=text(get("page_title")),
        referrer=text(get("page_referrer")),
        language=text(get("language")),
        screen=text(get("screen_resolution")),
        properties=read_properties({key: value for key, value in raw.items() if key[:5] != "x-ga-"}, _FIELDS),
        items=read_items(get("items") or mapping(get("ecommerce")).get("items")),
        statements=None if consent is None else (statement("stape_consent_state", consent),),
    )
    reading.key = reading.key or text(get("x-ga-measurement_id"))
    put_bare_id(name, event.properties)
    lift_single(event.properties, event.items)
    reading.events.append(event)


ADAPTER: Adapter = Adapter("stape", (Claim("POST", "/data"), Claim("GET", "/data"), Claim("GET", "/_set_cookie")), read)
