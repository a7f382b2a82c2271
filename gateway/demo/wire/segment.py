"""Segment: analytics.js of the browser, one call per event or batched, and a server's batch for letters.

May not: know another protocol. Every body says when it was sent (`SENT_AT`, filled in by the sender), so that the
gateway can put the clock right.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from gateway.demo.wire.envelope import JSON_TYPE, batches, browser_head, elsewhere, iso, server_head
from gateway.demo.words import SENT_AT, Choice, Happening, Journey, Line, Person, Request, Stance, Touch, Visit

WRITE_KEY = "wk_demo_meltemi"
_SENT_AT = SENT_AT.decode()
_KEY_LINE = f"Authorization: Basic {b64encode(f'{WRITE_KEY}:'.encode()).decode()}\r\n"
BATCH = 5

#: What Segment's specification calls our events; others are written as people there do, `Mood Board Add`.
NAMES: Mapping[str, str] = {
    "search": "Products Searched", "product_list_view": "Product List Viewed", "filter_apply": "Product List Filtered",
    "product_select": "Product Clicked", "product_view": "Product Viewed", "share": "Product Shared",
    "add_to_cart": "Product Added", "remove_from_cart": "Product Removed", "cart_view": "Cart Viewed",
    "begin_checkout": "Checkout Started", "add_payment_info": "Payment Info Entered", "purchase": "Order Completed",
    "refund": "Order Refunded", "promo_code_apply": "Coupon Applied", "promotion_view": "Promotion Viewed",
    "promotion_select": "Promotion Clicked", "wishlist_add": "Product Added to Wishlist",
    "wishlist_remove": "Product Removed from Wishlist", "review_write": "Product Reviewed", "sign_up": "Signed Up",
    "login": "Signed In", "video_start": "Video Playback Started", "video_complete": "Video Playback Completed",
    "email_open": "Email Opened", "email_click": "Email Link Clicked",
    "consent_update": "Segment Consent Preference Updated",
}  # fmt: skip

#: What it calls our properties.
PROPERTIES: Mapping[str, str] = {"search_term": "query", "share_channel": "share_via", "value": "total"}

#: The categories of the site's banner, by answer. It has none for counting alone.
_CATEGORIES: Mapping[Stance, Mapping[str, bool]] = {
    Stance.YES: {"Analytics": True, "Advertising": True, "Functional": True},
    Stance.MEASURING: {"Analytics": True, "Advertising": False, "Functional": True},
    Stance.COUNTING: {"Analytics": False, "Advertising": False, "Functional": True},
    Stance.NO: {"Analytics": False, "Advertising": False, "Functional": True},
}


def requests(journey: Journey) -> Iterator[Request]:
    """The settings call that boots the library, then calls; a person who signs in is identified, too."""
    person = journey.person
    for visit in journey.visits:
        yield from (_letter(person, happening) for happening in elsewhere(visit))
        yield _boot(person, visit)
        for batch in batches(visit, BATCH if person.index % 3 == 0 else 1):
            yield _calls(person, visit, batch)
            if any(happening.name in ("login", "sign_up") for happening in batch):
                yield _identify(person, visit, batch[-1])


def _boot(person: Person, visit: Visit) -> Request:
    return Request("GET", f"/v1/projects/{WRITE_KEY}/settings", browser_head(person), b"", visit.happenings[0].at, 0)


def _calls(person: Person, visit: Visit, batch: tuple[Happening, ...]) -> Request:
    calls = [_call(person, visit, happening) for happening in batch]
    if len(calls) == 1:
        path = "/v1/p" if calls[0]["type"] == "page" else "/v1/t"
        return _post(path, person, {**calls[0], "writeKey": WRITE_KEY, "sentAt": _SENT_AT}, batch[-1].at, 1)
    return _post("/v1/b", person, {"writeKey": WRITE_KEY, "batch": calls, "sentAt": _SENT_AT}, batch[-1].at, len(batch))


def _post(path: str, person: Person, body: dict[str, Any], at: float, events: int) -> Request:
    head = browser_head(person, "text/plain", _KEY_LINE)
    return Request("POST", path, head, orjson.dumps(body), at, events, stamped=True)


def _call(person: Person, visit: Visit, happening: Happening) -> dict[str, Any]:
    call = _common(person, visit, happening)
    if happening.name == "page_view":
        return {**call, "type": "page", "name": happening.page.title, "properties": _page(happening)}
    return {**call, "type": "track", "event": spec_name(happening.name), "properties": _properties(happening)}


def _page(happening: Happening) -> dict[str, Any]:
    page = happening.page
    return {"url": page.url, "title": page.title, "referrer": page.referrer}


def spec_name(name: str) -> str:
    """Segment's way to write the name of an event."""
    return NAMES.get(name) or name.replace("_", " ").title()


def _common(person: Person, visit: Visit, happening: Happening) -> dict[str, Any]:
    context: dict[str, Any] = {
        "page": _page(happening),
        "userAgent": person.agent.user_agent,
        "locale": person.language,
        "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
        **_campaign(visit.touch),
        **consent(happening.choice),
    }
    return {
        "timestamp": iso(happening.at),
        "messageId": happening.event_id,
        "anonymousId": person.client_id,
        "userId": person.user_id or None,
        "context": context,
    }


def _campaign(touch: Touch) -> dict[str, Any]:
    if not touch.campaign:
        return {}
    return {"campaign": {"source": touch.source, "medium": touch.medium, "name": touch.campaign}}


def consent(choice: Choice) -> dict[str, Any]:
    """The consent part of a context; none while there is no answer."""
    if choice.stance is Stance.NO_ANSWER:
        return {}
    return {"consent": {"categoryPreferences": _CATEGORIES[choice.stance]}}


def _properties(happening: Happening) -> dict[str, Any]:
    properties: dict[str, Any] = {PROPERTIES.get(key, key): value for key, value in happening.properties.items()}
    if len(happening.lines) > 1 or happening.name in ("purchase", "cart_view", "begin_checkout"):
        properties["products"] = [_product(line) for line in happening.lines]
    return properties


def _product(line: Line) -> dict[str, Any]:
    product = line.product
    return {
        "product_id": product.product_id,
        "sku": product.product_id,
        "name": product.name,
        "category": product.category,
        "variant": line.variant,
        "seller_id": product.seller_id,
        "price": line.price_cents / 100,
        "quantity": line.quantity,
    }


def _identify(person: Person, visit: Visit, happening: Happening) -> Request:
    """Who somebody is: a call that tells of a person, which is not an event."""
    call = _common(person, visit, happening)
    call |= {
        "type": "identify",
        "messageId": f"identify-{happening.event_id}",
        "writeKey": WRITE_KEY,
        "sentAt": _SENT_AT,
    }
    call["traits"] = {"email": person.email, "name": person.name}
    return _post("/v1/i", person, call, happening.at, 1)


def _letter(person: Person, happening: Happening) -> Request:
    """A server tells of a letter opened; it knows the address it wrote to, and nothing of consent."""
    call = {
        "type": "track",
        "event": spec_name(happening.name),
        "timestamp": iso(happening.at),
        "messageId": happening.event_id,
        "anonymousId": person.client_id,
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}, "traits": {"email": person.email}},
        "properties": {},
    }
    body = orjson.dumps({"writeKey": WRITE_KEY, "batch": [call], "sentAt": _SENT_AT})
    head = server_head("analytics-python/2.4.0", JSON_TYPE) + _KEY_LINE.encode()
    return Request("POST", "/v1/batch", head, body, happening.at, 1, stamped=True)
