"""Google Analytics 4: `/g/collect` as gtag sends it, with gcs and gcd; letters opened through `/mp/collect`.

May not: know another protocol. GA4 has no event time on this wire: what is sent, happens when it arrives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from gateway.demo.wire.envelope import JSON_TYPE, TEXT_TYPE, batches, browser_head, elsewhere, server_head
from gateway.demo.words import Choice, Happening, Journey, Line, Person, Request, Stance, Visit

MEASUREMENT_ID = "G-DEMO000001"
LINES = 4

#: What GA4 calls our events; others keep their name.
NAMES: Mapping[str, str] = {
    "product_list_view": "view_item_list", "product_select": "select_item", "product_view": "view_item",
    "wishlist_add": "add_to_wishlist", "wishlist_remove": "remove_from_wishlist", "cart_view": "view_cart",
    "promotion_view": "view_promotion", "promotion_select": "select_promotion", "search": "view_search_results",
}  # fmt: skip

#: What GA4 calls our properties; `currency` is `cu`.
PARAMETERS: Mapping[str, str] = {"order_id": "transaction_id", "list_id": "item_list_id", "list_name": "item_list_name"}

#: Properties that the one item of an event says already.
_IN_ITEM = frozenset({"product_id", "name", "category", "variant", "seller_id", "price", "quantity"})

#: gcs, gcd, npa: what consent mode sends after each answer. GA4 has no word for counting alone, and does not say when.
_SIGNALS: Mapping[Stance, str] = {
    Stance.YES: "gcs=G111&gcd=13r3r3r3r5l1&npa=0",
    Stance.MEASURING: "gcs=G101&gcd=13q3r3q3q5l1&npa=1",
    Stance.COUNTING: "gcs=G100&gcd=13q3q3q3q5l1&npa=1",
    Stance.NO: "gcs=G100&gcd=13q3q3q3q5l1&npa=1",
    Stance.NO_ANSWER: "gcs=G100&gcd=13p3p3p3p5l1&npa=1",
}
_ASSUMED = "gcs=G111&gcd=13t3t3t3t5l1&npa=0"


def requests(journey: Journey) -> Iterator[Request]:
    """One event in the query, or several as lines of the body; a new request when the choice changes."""
    person = journey.person
    for visit in journey.visits:
        yield from (_letter(person, happening) for happening in elsewhere(visit))
        number = 0
        for batch in batches(visit, LINES):
            for same in _by_choice(batch):
                number += 1
                yield _hit(person, visit, same, number)


def _by_choice(batch: tuple[Happening, ...]) -> Iterator[tuple[Happening, ...]]:
    start = 0
    for end in range(1, len(batch) + 1):
        if end == len(batch) or batch[end].choice != batch[start].choice:
            yield batch[start:end]
            start = end


def _hit(person: Person, visit: Visit, batch: tuple[Happening, ...], number: int) -> Request:
    shared = _shared(person, visit, batch[0], number)
    events = [_event(happening) for happening in batch]
    if len(events) == 1:
        return Request("POST", f"/g/collect?{shared}&{events[0]}", browser_head(person), b"", batch[-1].at, 1)
    body = "\r\n".join(events).encode()
    return Request("POST", f"/g/collect?{shared}", browser_head(person, TEXT_TYPE), body, batch[-1].at, len(events))


def _shared(person: Person, visit: Visit, first: Happening, number: int) -> str:
    page, agent = first.page, person.agent
    fields = [
        f"v=2&tid={MEASUREMENT_ID}&gtm=45je5bi1v896246467za200&_p={int(first.at * 1000)}",
        signals(person, first.choice),
        f"dma={int(not person.country.startswith('US'))}&cid={person.client_id}&ul={person.language.lower()}",
        f"sr={agent.screen}&uap={agent.platform}&uamb={int(agent.mobile)}",
        f"_s={number}&sid={visit.session_id}&sct={visit.number + 1}&seg=1",
        f"dl={quote(page.url, '')}&dr={quote(page.referrer, '')}&dt={quote(page.title, '')}",
    ]
    if person.user_id:
        fields.append(f"uid={person.user_id}")
    if number == 1:
        fields.append("_ss=1&_nsi=1" if visit.number else "_fv=1&_ss=1&_nsi=1")
    if first.name == "consent_update":
        fields.append("gcu=1&gcut=2")
    return "&".join(fields)


def signals(person: Person, choice: Choice) -> str:
    """The consent parameters of a choice."""
    if choice.stance is Stance.NO_ANSWER and person.assumed_yes:
        return _ASSUMED
    return _SIGNALS[choice.stance]


def _event(happening: Happening) -> str:
    fields = [f"en={NAMES.get(happening.name, happening.name)}"]
    fields += [_parameter(key, value) for key, value in happening.properties.items() if key not in _said(happening)]
    fields += [f"pr{place}={_item(line)}" for place, line in enumerate(happening.lines, start=1)]
    return "&".join(fields)


def _said(happening: Happening) -> frozenset[str]:
    return _IN_ITEM if len(happening.lines) == 1 else frozenset()


def _parameter(key: str, value: str | int | float | bool) -> str:
    if key == "currency":
        return f"cu={value}"
    name = PARAMETERS.get(key, key)
    return f"ep.{name}={quote(value, '')}" if isinstance(value, str) else f"epn.{name}={value}"


def _item(line: Line) -> str:
    """Two-letter keys, `~` between them."""
    product = line.product
    parts = (f"id{product.product_id}", f"nm{product.name}", f"ca{product.category}", f"va{line.variant}",
             f"af{product.seller_id}", f"pr{line.price_cents / 100}", f"qt{line.quantity}")  # fmt: skip
    return quote("~".join(parts), "~")


def _letter(person: Person, happening: Happening) -> Request:
    """A mail program's server tells of a letter opened. Measurement Protocol knows a yes for advertising only."""
    says = "GRANTED" if person.opening.stance is Stance.YES else "DENIED"
    body: dict[str, Any] = {
        "client_id": person.client_id,
        "timestamp_micros": int(happening.at * 1e6),
        "consent": {"ad_user_data": says, "ad_personalization": says},
        "events": [{"name": happening.name, "params": {"engagement_time_msec": 1}}],
    }
    target = f"/mp/collect?measurement_id={MEASUREMENT_ID}&api_secret=demo-secret"
    return Request("POST", target, server_head("letter-sender/3.2", JSON_TYPE), orjson.dumps(body), happening.at, 1)
