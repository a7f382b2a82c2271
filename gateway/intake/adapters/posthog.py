"""PostHog: browser and server SDKs (`/e/`, `/i/v0/e/`, `/batch/`, `/i/v1/analytics/events`), and what boots them.

May not: take person properties; take the constant id of cookieless mode for a person: it is everybody's.

Bodies are JSON, gzip without a sign (inflated before they come here) or a form with base64. LZ64 is refused.
Flags and remote configuration are answered empty. Source: facts on the protocols, 7 and 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from gateway.intake.adapters.adapter import Adapter, Claim, ok
from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, read_json_base64, text
from gateway.intake.moments import corrected, read_time
from gateway.intake.urlencoded import read_query
from gateway.intake.vocabulary import event_name, lift_single, put_bare_id, read_items, read_properties
from gateway.words import Refusal

#: Calls that tell of a person or a group.
_OF_A_PERSON = frozenset(
    ("$identify", "$create_alias", "$groupidentify", "$set", "$set_once", "$unset", "$delete", "$merge_dangerously")
)

#: Ids that stand for nobody in particular. Source: posthog-js 1.449, cookieless mode; servers' placeholders.
_NOBODY = frozenset(("$posthog_cookieless", "anonymous", "guest", "null", "undefined", "distinct_id", "0"))

_FLAGS = {"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}
#: Without `surveys`: to be told of it, even that there are none, makes posthog-js fetch a script that is not here.
_CONFIG = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "autocapture_opt_out": False,
    "autocaptureExceptions": False,
    "sessionRecording": False,
    "heatmaps": False,
    "isAuthenticated": False,
    "siteApps": [],
    "toolbarParams": {},
    "defaultIdentifiedOnly": True,
    "analytics": {"endpoint": "/i/v0/e/"},
    "elementsChainAsString": True,
}
_V1_PATH = "/i/v1/analytics/events"


def read(hit: Hit) -> Reading:
    """Events of a body or `data=`; configuration, flags, surveys and recordings hold none."""
    if hit.method == "GET" and not hit.query.startswith((b"data=", b"compression=")):
        return _read_configuration(hit.path)
    body = _read_body(hit)
    key = _key(body, hit)
    if hit.path.startswith(("/flags", "/decide")):
        return Reading(key=key, answer=ok(orjson.dumps(_FLAGS)))
    if hit.path == "/s/":
        return Reading(key=key, refusals=[Refusal.NOT_AN_EVENT], answer=ok(b'{"status":1}'))
    if isinstance(body, Refusal):
        return Reading(refusals=[body], answer=Answer(400, b'{"type":"validation_error"}', b"application/json"))
    return _read_events(hit, body, key)


def _read_body(hit: Hit) -> Any:
    """The JSON, whichever way it is wrapped."""
    query = read_query(hit.query)
    if query.get("compression") == "lz64":
        return Refusal.BODY_UNREADABLE
    if hit.body.startswith(b"data=") or query.get("data"):
        encoded = read_query(hit.body).get("data") or query.get("data", "")
        return read_json(encoded.encode()) if encoded[:1] in ("{", "[") else read_json_base64(encoded)
    return read_json(hit.body)


def _key(body: Any, hit: Hit) -> str:
    envelope = mapping(body)
    named = text(envelope.get("api_key")) or text(envelope.get("token"))
    if named:
        return named
    scheme, _, bearer = hit.header(b"authorization").partition(" ")
    if scheme.lower() == "bearer":
        return bearer
    found = _events(body)
    return text(mapping(mapping(found[0]).get("properties")).get("token")) if found else ""


def _events(body: Any) -> list[Any]:
    if isinstance(body, list):
        return body
    batch = mapping(body).get("batch")
    if isinstance(batch, list):
        return batch
    return [body] if "event" in mapping(body) else []


def _read_events(hit: Hit, body: Any, key: str) -> Reading:
    reading = Reading(key=key, answer=ok(b'{"status":1}'))
    found = _events(body)
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    sent_at = read_time(mapping(body).get("sent_at") or mapping(body).get("sentAt"))
    for raw in admit_all(found, hit.body, reading.refusals):
        event = _read_event(raw, sent_at, hit.received_at)
        if isinstance(event, Refusal):
            reading.refusals.append(event)
        else:
            reading.events.append(event)
    if hit.path == _V1_PATH:
        reading.answer = ok(_results(found))
    return reading


def _read_event(raw: Mapping[str, Any], sent_at: float | None, received_at: float) -> Event | Refusal:
    told = text(raw.get("event"))
    name = event_name(told)
    if told in _OF_A_PERSON or not name:
        return Refusal.NOT_AN_EVENT if told in _OF_A_PERSON else Refusal.EVENT_UNREADABLE
    properties = mapping(raw.get("properties"))
    get = properties.get
    referrer = text(get("$referrer"))
    event = Event(
        name=name,
        at=corrected(received_at, _at(raw, properties), sent_at),
        event_id=text(raw.get("uuid")) or text(get("$insert_id")),
        session_id=text(get("$session_id")) or text(raw.get("session_id")),
        page_url=text(get("$current_url")),
        page_title=text(get("title")),
        referrer="" if referrer == "$direct" else referrer,
        language=text(get("$browser_language")) or text(get("$locale")),
        screen=_screen(properties),
        properties=read_properties({k: v for k, v in properties.items() if k[:1] != "$"}, _FIELDS),
        items=read_items(get("items") or get("products")),
    )
    put_bare_id(name, event.properties)
    lift_single(event.properties, event.items)
    _put_ids(event, raw, properties)
    _put_sender(event, properties)
    return event


_FIELDS = frozenset(("token", "distinct_id", "title"))


def _at(raw: Mapping[str, Any], properties: Mapping[str, Any]) -> float | None:
    at = read_time(raw.get("timestamp"))
    return read_time(properties.get("$time")) if at is None else at


def _screen(properties: Mapping[str, Any]) -> str:
    width, height = text(properties.get("$screen_width")), text(properties.get("$screen_height"))
    return f"{width}x{height}" if width and height else ""


def _put_ids(event: Event, raw: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    """`distinct_id` is the person once `$user_id` is known, and the browser before that and after a logout."""
    distinct = text(raw.get("distinct_id")) or text(properties.get("distinct_id"))
    user = text(properties.get("$user_id"))
    client = (text(properties.get("$device_id")) or distinct) if user else distinct
    event.client_id = "" if client in _NOBODY else client
    event.user_id = "" if user in _NOBODY else user


def _put_sender(event: Event, properties: Mapping[str, Any]) -> None:
    """A server speaks for a visitor: its own address and user agent are not the visitor's."""
    library = text(properties.get("$lib"))
    if library and library not in ("web", "js", "posthog-ios", "posthog-android", "posthog-react-native"):
        event.address = text(properties.get("$ip"))
        event.user_agent = text(properties.get("$raw_user_agent"))


def _results(found: list[Any]) -> bytes:
    """`{"results": {uuid: {"result": "ok"}}}`: anything but ok is sent again. Only well-formed ids are repeated."""
    known = (_uuid(mapping(raw).get("uuid")) for raw in found)
    return orjson.dumps({"results": {uuid: {"result": "ok"} for uuid in known if uuid}})


def _uuid(raw: object) -> str:
    try:
        return text(raw) if str(UUID(text(raw))) == text(raw).lower() else ""
    except ValueError:
        return ""


def _read_configuration(path: str) -> Reading:
    """`/array/<key>/config` and `config.js`, `/api/surveys/`. The script is empty: the library asks for JSON then."""
    parts = path.strip("/").split("/")
    if parts[0] == "array" and len(parts) == 3 and parts[2] in ("config", "config.js"):
        body = orjson.dumps(_CONFIG) if parts[2] == "config" else b""
        return Reading(key=parts[1], answer=ok(body, b"application/json" if body else b"application/javascript"))
    if path.startswith("/api/surveys"):
        return Reading(answer=ok(b'{"surveys":[]}'))
    return Reading(answer=Answer(404))


_POSTS = (
    "/e/",
    "/e",
    "/i/v0/e/",
    "/i/v0/e",
    "/capture/",
    "/capture",
    "/batch/",
    "/flags/",
    "/flags",
    "/decide/",
    "/s/",
)

ADAPTER: Adapter = Adapter(
    "posthog",
    (
        *(Claim("POST", path) for path in _POSTS),
        Claim("POST", _V1_PATH),
        Claim("POST", "/batch", b'"batch"'),
        Claim("GET", "/e/"),
        Claim("GET", "/array/*"),
        Claim("GET", "/api/surveys/"),
    ),
    read,
)
