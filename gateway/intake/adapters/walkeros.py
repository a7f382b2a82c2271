"""walker.js and walkerOS: one event as JSON, with the consent state in every one of them.

May not: take the user's traits; only its ids.

The site chooses the URL; at `/collect` it is told from our own by the event's name coming first. v3 names an event
`event`, v4 `name`; both are `entity action`. Source: facts on the protocols, 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.intake.adapters.adapter import Adapter, Claim, ok, refuse
from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, statement, text
from gateway.intake.moments import read_time
from gateway.intake.vocabulary import ITEM_LIMIT, event_name, lift_single, read_item, read_properties
from gateway.words import Refusal

#: Entities whose `data.id` has a name of its own in our vocabulary.
_ID_OF = {"product": "product_id", "order": "order_id", "list": "list_id", "promotion": "promotion_id"}
_ID_OF |= {"video": "video_id", "quiz": "quiz_id", "board": "board_id"}

_PAGE_FIELDS = frozenset(("id", "title", "path", "referrer", "campaign", "source", "device"))
_NONE: frozenset[str] = frozenset()


def read(hit: Hit) -> Reading:
    """The one event of a body, or a list of them."""
    body = read_json(hit.body)
    if isinstance(body, Refusal):
        return refuse(body, Answer(400, b'{"ok":false}', b"application/json"))
    found = body if isinstance(body, list) else [body]
    reading = Reading(answer=ok(b'{"ok":true}'))
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    for raw in admit_all(found, hit.body, reading.refusals):
        _put_event(reading, raw, hit.received_at)
    return reading


def _put_event(reading: Reading, raw: Mapping[str, Any], received_at: float) -> None:
    get = raw.get
    name = event_name(get("event") or get("name"))
    if not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    user, source, consent = mapping(get("user")), mapping(get("source")), get("consent")
    at = read_time(get("timestamp"))
    event = Event(
        name=name,
        at=received_at if at is None else at,
        event_id=text(get("id")),
        client_id=text(user.get("device")),
        user_id=text(user.get("id")),
        session_id=text(user.get("session")),
        page_url=_url(source, "url", "id"),
        page_title=text(mapping(get("data")).get("title")),
        referrer=_url(source, "referrer", "previous_id"),
        properties=_properties(raw),
        items=_items(get("nested")),
        statements=None if consent is None else (statement("walkeros_consent", consent),),
    )
    lift_single(event.properties, event.items)
    reading.events.append(event)


def _url(source: Mapping[str, Any], *names: str) -> str:
    """v4 says `url`, v3 puts it into `id`, where other sources have ids that are none."""
    return next((url for name in names if (url := text(source.get(name))).startswith(("http://", "https://"))), "")


def _properties(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with its id named after the entity, then `globals` where they add something."""
    given = mapping(raw.get("data"))
    entity = text(raw.get("entity"))
    found = read_properties(given, _PAGE_FIELDS if entity in ("page", "session") else _NONE)
    if entity in _ID_OF and "id" in found:
        found.setdefault(_ID_OF[entity], found.pop("id"))
    for name, value in read_properties(mapping(raw.get("globals"))).items():
        found.setdefault(name, value)
    return found


def _items(nested: object) -> list[dict[str, Any]]:
    listed = nested if isinstance(nested, list) else []
    products = (mapping(one) for one in listed[:ITEM_LIMIT])
    return [read_item(mapping(one.get("data"))) for one in products if one.get("type", one.get("entity")) == "product"]


ADAPTER: Adapter = Adapter(
    "walkeros",
    (
        Claim("POST", "/collect", b'^{"event":'),
        Claim("POST", "/collect", b'^{"name":'),
        Claim("POST", "/collect", b'^[{"event":'),
        Claim("POST", "/collect", b'^[{"name":'),
    ),
    read,
)
