"""Tealium Collect: `/event`, `/v3/collect/event`, `/bulk-event` and `/integration/event/…`; flat objects.

May not: take a customer's data (`customer_…`), however it is named.

Products come as lists side by side (`product_id: [a, b]`, `product_price: [1, 2]`). Source: facts on the protocols,
8; docs.tealium.com HTTP API. No recorded hits: written from documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.intake.adapters.adapter import PIXEL, Adapter, Claim, ok, refuse
from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, text
from gateway.intake.moments import read_time
from gateway.intake.urlencoded import read_query
from gateway.intake.vocabulary import ITEM_LIMIT, event_name, lift_single, put_bare_id, read_item, read_properties
from gateway.words import Refusal

_PRODUCT_PARTS = ("id", "name", "brand", "category", "variant", "price", "quantity", "sku")
_PLAIN = {"order_total": "value", "order_subtotal": "subtotal", "order_currency": "currency", "order_tax": "tax"}
_PLAIN |= {"order_shipping": "shipping", "order_coupon_code": "coupon", "search_keyword": "search_term"}


def read(hit: Hit) -> Reading:
    """One event of a query or body, or those of a bulk with what they share."""
    if hit.method == "GET":
        body: Any = read_query(hit.query)
        answer = PIXEL
    else:
        body = read_json(hit.body)
        answer = ok(b"{}")
    if body.__class__ is not dict:
        return refuse(body if isinstance(body, Refusal) else Refusal.BODY_UNREADABLE, Answer(400))
    reading = Reading(answer=answer)
    shared = mapping(body.get("shared"))
    listed = body.get("events") if "events" in body else [body] if body else []
    found = listed if isinstance(listed, list) else []
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    for raw in admit_all(found, hit.body or hit.query, reading.refusals):
        _put_event(reading, shared | raw, hit.received_at)
    return reading


def _put_event(reading: Reading, raw: Mapping[str, Any], received_at: float) -> None:
    get = raw.get
    name = event_name(get("tealium_event") or get("event_name"))
    if not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    reading.key = reading.key or f"{text(get('tealium_account'))}/{text(get('tealium_profile'))}".strip("/")
    at = read_time(get("tealium_timestamp_epoch") or get("timestamp"))
    event = Event(
        name=name,
        at=received_at if at is None else at,
        event_id=text(get("event_id")),
        client_id=text(get("tealium_visitor_id")),
        session_id=text(get("tealium_session_id")),
        page_url=text(get("page_url")) or text(get("dom.url")),
        page_title=text(get("page_title")) or text(get("dom.title")),
        referrer=text(get("referrer")) or text(get("dom.referrer")),
        properties=_properties(raw),
        items=_items(raw),
    )
    put_bare_id(name, event.properties)
    lift_single(event.properties, event.items)
    reading.events.append(event)


def _properties(raw: Mapping[str, Any]) -> dict[str, Any]:
    own = {_PLAIN.get(key, key): value for key, value in raw.items() if not key.startswith(_NOT_OWN)}
    return read_properties(own, _FIELDS)


_NOT_OWN = ("tealium_", "dom.", "customer_", "cp.", "meta.", "ut.", "js_page.")
_FIELDS = frozenset(("page_url", "page_title", "referrer", "event_id", "event_name", "timestamp"))


def _items(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lists side by side -> one object per product; lists of different lengths end with the shortest."""
    columns = {part: raw[f"product_{part}"] for part in _PRODUCT_PARTS if isinstance(raw.get(f"product_{part}"), list)}
    rows = zip(*columns.values(), strict=False) if columns else ()
    return [read_item(dict(zip(columns, row, strict=True))) for row in list(rows)[:ITEM_LIMIT]]


ADAPTER: Adapter = Adapter(
    "tealium",
    (
        Claim("POST", "/event"),
        Claim("GET", "/event"),
        Claim("POST", "/v3/collect/event"),
        Claim("POST", "/bulk-event"),
        Claim("POST", "/integration/event/*"),
    ),
    read,
)
