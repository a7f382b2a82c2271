"""Shopify web pixel: `POST /shopify/pixel`, an event as the sandbox hands it to a pixel, with the shop's consent.

May not: take the customer, the addresses or the e-mail of a checkout.

A custom pixel in Shopify's admin sends the event object as it is, plus `privacy` from `init.customerPrivacy`:

    analytics.subscribe("all_events", (event) => fetch(URL, {method: "POST", keepalive: true,
        body: JSON.stringify({site: KEY, event, privacy: init.customerPrivacy})}))

Source: facts on the protocols, 8; shopify.dev web pixels API, standard events. No recorded hits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.intake.adapters.adapter import Adapter, Claim, refuse
from gateway.intake.hit import NO_CONTENT, Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, statement, text
from gateway.intake.moments import read_time
from gateway.intake.urlencoded import number
from gateway.intake.vocabulary import ITEM_LIMIT, event_name, lift_single, read_properties
from gateway.words import Refusal

_Object = Mapping[str, Any]


def read(hit: Hit) -> Reading:
    """The one event of a body."""
    body = read_json(hit.body)
    if body.__class__ is not dict:
        return refuse(body if isinstance(body, Refusal) else Refusal.BODY_UNREADABLE, Answer(400))
    reading = Reading(key=text(body.get("site")), answer=NO_CONTENT)
    if (said := body.get("privacy")) is not None:
        reading.statements = (statement("shopify_consent", said),)
    for raw in admit_all([body.get("event", body)], hit.body, reading.refusals):
        _put_event(reading, raw, hit.received_at)
    return reading


def _put_event(reading: Reading, raw: _Object, received_at: float) -> None:
    name = event_name(raw.get("name"))
    if not name:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    context, given = mapping(raw.get("context")), mapping(raw.get("data"))
    document, window = mapping(context.get("document")), mapping(context.get("window"))
    screen = mapping(window.get("screen"))
    at = read_time(raw.get("timestamp"))
    event = Event(
        name=name,
        at=received_at if at is None else at,
        event_id=text(raw.get("id")),
        client_id=text(raw.get("clientId")),
        page_url=text(mapping(document.get("location")).get("href")),
        page_title=text(document.get("title")),
        referrer=text(document.get("referrer")),
        language=text(mapping(context.get("navigator")).get("language")),
        screen=f"{text(screen.get('width'))}x{text(screen.get('height'))}" if screen else "",
        properties=_properties(raw, given),
        items=_items(given),
    )
    lift_single(event.properties, event.items)
    reading.events.append(event)


def _properties(raw: _Object, given: _Object) -> dict[str, Any]:
    """Amounts of a checkout or cart, the search's words, and what a custom event says."""
    found = read_properties(mapping(raw.get("customData")))
    checkout = mapping(given.get("checkout"))
    cart = mapping(given.get("cart"))
    for name, amount in (
        ("value", checkout.get("totalPrice") or mapping(cart.get("cost")).get("totalAmount")),
        ("tax", checkout.get("totalTax")),
        ("shipping", mapping(checkout.get("shippingLine")).get("price")),
    ):
        _put_amount(found, name, mapping(amount))
    if order := text(mapping(checkout.get("order")).get("id")):
        found["order_id"] = order
    if query := text(mapping(given.get("searchResult")).get("query")):
        found["search_term"] = query
    if title := text(mapping(given.get("collection")).get("title")):
        found["list_name"] = title
    return found


def _put_amount(found: dict[str, Any], name: str, amount: _Object) -> None:
    """`{"amount": 12.5, "currencyCode": "EUR"}`; amounts come as numbers and as texts."""
    value = number(text(amount.get("amount"))) if isinstance(amount.get("amount"), str) else amount.get("amount")
    if isinstance(value, (int, float)):
        found[name] = value
        if currency := text(amount.get("currencyCode")):
            found.setdefault("currency", currency)


def _items(given: _Object) -> list[dict[str, Any]]:
    if variant := mapping(given.get("productVariant")):
        return [_item(variant, 1)]
    if line := mapping(given.get("cartLine")):
        return [_item(mapping(line.get("merchandise")), line.get("quantity"))]
    if lines := mapping(given.get("checkout")).get("lineItems"):
        listed = lines[:ITEM_LIMIT] if isinstance(lines, list) else []
        return [_item(mapping(mapping(one).get("variant")), mapping(one).get("quantity")) for one in listed]
    holder = mapping(given.get("collection")) or mapping(given.get("searchResult"))
    variants = holder.get("productVariants")
    return [_item(mapping(one), 1) for one in variants[:ITEM_LIMIT]] if isinstance(variants, list) else []


def _item(variant: _Object, quantity: object) -> dict[str, Any]:
    product = mapping(variant.get("product"))
    found: dict[str, Any] = {
        "product_id": text(variant.get("sku")) or text(variant.get("id")) or text(product.get("id")),
        "name": text(product.get("title")) or text(variant.get("title")),
        "brand": text(product.get("vendor")),
        "category": text(product.get("type")),
        "variant": text(variant.get("title")),
    }
    found = {name: value for name, value in found.items() if value}
    _put_amount(found, "price", mapping(variant.get("price")))
    if isinstance(quantity, int):
        found["quantity"] = quantity
    return found


ADAPTER: Adapter = Adapter("shopify", (Claim("POST", "/shopify/pixel"),), read)
