"""Meta Conversions API, inbound: for shops that already produce it. `POST /<version>/<pixel>/events`.

May not: keep `access_token`; take `user_data` beyond the browser's id and what a server vouches for.

`data_processing_options: ["LDU"]` (limited data use) is a sale opted out of, said in Meta's words.
Source: facts on the protocols, 8; developers.facebook.com server event parameters. No recorded hits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from consent.words import Statement
from gateway.intake.adapters.adapter import JSON_TYPE, Adapter, Claim, ok, refuse
from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, text
from gateway.intake.moments import read_time
from gateway.intake.vocabulary import event_name, lift_single, read_item, read_properties
from gateway.words import Refusal

#: Opted out of sale, as IAB US Privacy says it: notice not told, opt-out yes, LSPA not told.
_LIMITED = Statement("us_privacy", "1-Y-")
_FIELDS = frozenset(("contents", "content_ids", "content_type", "num_items"))
_ITEM_NAMES = {"item_price": "price", "title": "name"}


def read(hit: Hit) -> Reading:
    """The events of `data`. Refused ones count as received: a difference would be sent again."""
    body = read_json(hit.body)
    if body.__class__ is not dict:
        reason = body if isinstance(body, Refusal) else Refusal.BODY_UNREADABLE
        return refuse(reason, Answer(400, b'{"error":{"message":"Invalid parameter","code":100}}', JSON_TYPE))
    listed = body.get("data")
    found = listed if isinstance(listed, list) else []
    reading = Reading(key=_pixel(hit.path), answer=ok(orjson.dumps({"events_received": len(found), "messages": []})))
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    for raw in admit_all(found, hit.body, reading.refusals):
        _put_event(reading, raw, hit.received_at)
    return reading


def _pixel(path: str) -> str:
    """`/v19.0/123456/events` -> `123456`."""
    parts = path.split("/")
    return parts[-2] if len(parts) > 2 else ""


def _put_event(reading: Reading, raw: Mapping[str, Any], received_at: float) -> None:
    name = event_name(raw.get("event_name"))
    if not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    user, custom = mapping(raw.get("user_data")), mapping(raw.get("custom_data"))
    at = read_time(raw.get("event_time"))
    event = Event(
        name=name,
        at=received_at if at is None else at,
        event_id=f"{name}|{event_id}" if (event_id := text(raw.get("event_id"))) else "",
        client_id=text(user.get("fbp")),
        page_url=text(raw.get("event_source_url")),
        referrer=text(raw.get("referrer_url")),
        user_agent=text(user.get("client_user_agent")),
        address=text(user.get("client_ip_address")),
        properties=read_properties(custom, _FIELDS),
        items=_items(custom),
        statements=(_LIMITED,) if raw.get("data_processing_options") else None,
    )
    lift_single(event.properties, event.items)
    reading.events.append(event)


def _items(custom: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`contents: [{id, quantity, item_price}]`, else the bare `content_ids`."""
    contents, ids = custom.get("contents"), custom.get("content_ids")
    if isinstance(contents, list) and contents:
        return [_item(one) for one in contents[:200] if isinstance(one, dict)]
    return [{"product_id": text(one)} for one in ids[:200] if text(one)] if isinstance(ids, list) else []


def _item(raw: Mapping[str, Any]) -> dict[str, Any]:
    return read_item({_ITEM_NAMES.get(key, key): value for key, value in raw.items()})


ADAPTER: Adapter = Adapter("meta", (Claim("POST", "*/events", b'"event_name"'),), read)
