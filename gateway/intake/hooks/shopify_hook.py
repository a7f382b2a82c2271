"""Shopify webhooks: `X-Shopify-Hmac-Sha256` in base64, keyed by the app's client secret; orders, refunds, checkouts.

May not: take the customer, the addresses or the e-mail of an order.

Consent and identity come with the order's note attributes: `gateway_consent` (our consent object as JSON text) and
`_ga`, Google's cookie, which names the client. `customers/redact` asks to forget a customer, where the site's own
user ids are Shopify's or the customer's e-mail; it is known by its body too, since a topic is not signed. With
`customers/data_request` and `shop/redact`, which are left to people, it is counted as `not_an_event`.
Source: shopify.dev, webhooks; facts on the protocols, 9. The newer headers lack `X-`. Redeliveries keep the body.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from gateway.intake.deliveries import CONSENT_FIELD, named, put_sender, read_object, taken, unreadable
from gateway.intake.hit import Event, Hit, Leaver, Reading
from gateway.intake.hooks.hook import DAY_S, Kind, Stamp, Terms
from gateway.intake.jsonbody import mapping, text
from gateway.intake.moments import read_time
from gateway.intake.proofs import is_signed, read_digest
from gateway.intake.urlencoded import number
from gateway.intake.vocabulary import ITEM_LIMIT, lift_single
from gateway.words import Refusal

#: The topic, and what only its body has. Source: shopify.dev, privacy law compliance webhooks.
_REDACT, _REDACTS = "customers/redact", "orders_to_redact"


def _header(hit: Hit, name: str) -> str:
    return hit.header(f"x-shopify-{name}".encode()) or hit.header(f"shopify-{name}".encode())


def is_genuine(hit: Hit, terms: Terms) -> bool:
    return is_signed(terms.secrets, hit.body, [read_digest(_header(hit, "hmac-sha256"), "base64")])


def stamp(hit: Hit, _terms: Terms) -> Stamp:
    """The body is its own id. Why: `Webhook-Id`, `Topic` and `Triggered-At` are headers, which no digest covers."""
    return Stamp(sha256(hit.body).hexdigest())


def read(hit: Hit, _terms: Terms) -> Reading:
    """The one event of a topic that tells of something that a customer did."""
    body = read_object(hit)
    if not body:
        return unreadable(hit)
    topic = _TOPICS.get(_header(hit, "topic"))
    if topic is None:
        is_redaction = _header(hit, "topic") == _REDACT and _REDACTS in body
        leavers = _leavers(mapping(body.get("customer"))) if is_redaction else []
        return Reading(refusals=[Refusal.NOT_AN_EVENT], answer=taken(), leavers=leavers)
    event = topic(body)
    at, notes = read_time(body.get("created_at")), body.get("note_attributes")
    event.at = hit.received_at if at is None else at
    event.event_id = f"{event.name}:{text(body.get('id'))}"
    event.client_id = _ga_client(text(named(notes, "_ga")))
    lift_single(event.properties, event.items)
    return Reading(events=[put_sender(event, named(notes, CONSENT_FIELD))], answer=taken())


def _leavers(customer: dict[str, Any]) -> list[Leaver]:
    """The customer under each name that a site may have given as its user id or client id."""
    names = {text(customer.get("id")), text(customer.get("email")), text(customer.get("email")).lower()}
    return [Leaver(name, name) for name in sorted(names - {""})]


def _order(body: dict[str, Any]) -> Event:
    found = {"order_id": text(body.get("id")), "currency": text(body.get("currency"))}
    return Event("purchase", 0.0, properties=_said(found) | _amounts(body, _ORDER_AMOUNTS), items=_items(body))


def _checkout(body: dict[str, Any]) -> Event:
    found = {"currency": text(body.get("currency"))}
    return Event("begin_checkout", 0.0, properties=_said(found) | _amounts(body, _ORDER_AMOUNTS), items=_items(body))


def _refund(body: dict[str, Any]) -> Event:
    """The sum of what was paid back. Why: a refund is a list of transactions, one per way of payment."""
    listed = body.get("transactions")
    paid = [mapping(one) for one in listed] if isinstance(listed, list) else []
    amounts = [amount for one in paid if (amount := _number(one.get("amount"))) is not None]
    currency = next((text(one.get("currency")) for one in paid), "")
    found: dict[str, Any] = _said({"order_id": text(body.get("order_id")), "currency": currency})
    if amounts:
        found["value"] = round(sum(amounts), 2)
    return Event("refund", 0.0, properties=found)


#: Topic -> what it tells. Why not `orders/paid` or `orders/updated`: they would count an order twice.
_TOPICS: dict[str, Callable[[dict[str, Any]], Event]] = {
    "orders/create": _order,
    "checkouts/create": _checkout,
    "refunds/create": _refund,
}

_ORDER_AMOUNTS = {"value": "total_price", "tax": "total_tax"}


def _said(found: dict[str, str]) -> dict[str, Any]:
    return {name: said for name, said in found.items() if said}


def _amounts(body: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    amounts = {name: _number(body.get(part)) for name, part in names.items()}
    return {name: amount for name, amount in amounts.items() if amount is not None}


def _number(value: object) -> int | float | None:
    """Shopify writes amounts as texts."""
    if isinstance(value, str):
        return number(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _items(body: dict[str, Any]) -> list[dict[str, Any]]:
    listed = body.get("line_items")
    return [_item(mapping(one)) for one in listed[:ITEM_LIMIT]] if isinstance(listed, list) else []


def _item(line: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "product_id": text(line.get("sku")) or text(line.get("product_id")) or text(line.get("id")),
        "name": text(line.get("title")),
        "seller_id": text(line.get("vendor")),
        "price": _number(line.get("price")),
        "quantity": _number(line.get("quantity")),
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


def _ga_client(cookie: str) -> str:
    """`GA1.1.123456789.1700000000` -> `123456789.1700000000`, what Google's hits call the client."""
    parts = cookie.split(".")
    return ".".join(parts[-2:]) if len(parts) >= 4 else ""


KIND = Kind("shopify_hook", is_genuine, stamp, read, window_s=7 * DAY_S)
