"""The gateway's own protocol: `POST /collect` in small batches; a pixel, `GET /collect.gif`, in letters.

May not: know another protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson

from gateway.demo.wire.envelope import MAIL_PROXY, TEXT_TYPE, batches, browser_head, elsewhere, iso, server_head
from gateway.demo.words import GRANTS, PURPOSES, Choice, Happening, Journey, Line, Person, Request, Stance, Visit

SITE = "demo"
BATCH = 6


def requests(journey: Journey) -> Iterator[Request]:
    """Letters opened as pixels; the rest in batches, each with the choice that held at its end."""
    person = journey.person
    for visit in journey.visits:
        yield from (_pixel(person, happening) for happening in elsewhere(visit))
        yield from (_batch(person, visit, batch) for batch in batches(visit, BATCH))


def _batch(person: Person, visit: Visit, batch: tuple[Happening, ...]) -> Request:
    choice = batch[-1].choice
    events = [_event(person, visit, happening, happening.choice != choice) for happening in batch]
    body = orjson.dumps({"site": SITE, "consent": consent(person, choice), "events": events})
    return Request("POST", "/collect", browser_head(person, TEXT_TYPE), body, batch[-1].at, len(batch))


def _event(person: Person, visit: Visit, happening: Happening, says_itself: bool) -> dict[str, Any]:
    page = happening.page
    event: dict[str, Any] = {
        "event": happening.name,
        "id": happening.event_id,
        "at": iso(happening.at),
        "client_id": person.client_id,
        "session_id": visit.session_id,
        "language": person.language,
        "screen": person.agent.screen,
        "page": {"url": page.url, "referrer": page.referrer, "title": page.title},
        "properties": dict(happening.properties),
    }
    if person.user_id:
        event["user_id"] = person.user_id
    if happening.lines:
        event["items"] = [_item(line) for line in happening.lines]
    if says_itself:
        event["consent"] = consent(person, happening.choice)
    return event


def _item(line: Line) -> dict[str, Any]:
    product = line.product
    return {
        "product_id": product.product_id,
        "name": product.name,
        "category": product.category,
        "variant": line.variant,
        "seller_id": product.seller_id,
        "price": line.price_cents / 100,
        "quantity": line.quantity,
    }


def consent(person: Person, choice: Choice) -> dict[str, Any]:
    """Our consent object: the only one that tells whether and when somebody chose."""
    if choice.stance is not Stance.NO_ANSWER:
        granted = GRANTS[choice.stance]
        purposes = {purpose: purpose in granted for purpose in PURPOSES}
        return {"choice": "explicit", "at": iso(choice.at), "purposes": purposes}
    if person.assumed_yes:
        return {"choice": "default", "purposes": dict.fromkeys(PURPOSES, True)}
    return {"choice": "none"}


def _pixel(person: Person, happening: Happening) -> Request:
    fields = {"site": SITE, "e": happening.name, "id": happening.event_id, "at": iso(happening.at)}
    query = urlencode(fields | {"client_id": person.client_id})
    return Request("GET", f"/collect.gif?{query}", server_head(MAIL_PROXY), b"", happening.at, 1)
