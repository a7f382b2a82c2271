"""Matomo: `/matomo.php` and `/piwik.php` by GET, form POST, and bulk in its three forms.

May not: keep `token_auth`; believe `cip` and `cdt` of anybody without one.

A sendBeacon carries everything in the query of a POST with an empty body; a long hit moves to the body; a bulk is JSON
`{"requests": [query, URL or object, …]}` whatever its content type says, or repeated form fields `requests`.
Matomo has no event id: page view and random number (`pv_id`, `r`) are the nearest. Source: facts on the protocols, 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from consent.words import Statement
from gateway.intake.adapters.adapter import PIXEL, Adapter, Claim, ok
from gateway.intake.hit import NO_CONTENT, Event, Hit, Reading
from gateway.intake.jsonbody import EVENT_LIMIT_BYTES, EVENTS_PER_REQUEST, mapping, read_inner, read_json, text
from gateway.intake.moments import read_time
from gateway.intake.urlencoded import decode, number, read_raw_pairs
from gateway.intake.vocabulary import ITEM_LIMIT, event_name, lift_single, property_name
from gateway.words import Refusal

#: Parameters that become properties as texts, and as numbers.
_TEXTS = {
    "ec_id": "order_id",
    "search": "search_term",
    "search_cat": "category",
    "e_n": "label",
    "link": "link_url",
    "download": "file_name",
    "c_n": "promotion_id",
    "c_p": "creative_name",
    "c_t": "link_url",
    "_pks": "product_id",
    "_pkn": "name",
    "_rcn": "utm_campaign",
    "_rck": "utm_term",
}
_NUMBERS = {
    "revenue": "value",
    "ec_tx": "tax",
    "ec_sh": "shipping",
    "ec_dt": "discount",
    "ec_st": "subtotal",
    "search_count": "results",
    "e_v": "event_value",
    "_pkp": "price",
}

_ITEM_PARTS = ("product_id", "name", "category", "price", "quantity")

_Pairs = list[tuple[str, str]]


def read(hit: Hit) -> Reading:
    """One hit of the query and body together, or those of a bulk."""
    reading = Reading()
    bulk = _bulk(hit)
    if bulk is not None:
        return _read_bulk(hit, reading, bulk)
    pairs = _pairs(hit.query) + _pairs(hit.body)
    if not pairs:
        reading.refusals.append(Refusal.NO_EVENTS)
    elif len(hit.query) + len(hit.body) > EVENT_LIMIT_BYTES:
        reading.refusals.append(Refusal.EVENT_TOO_LARGE)
    else:
        _put_event(reading, pairs, hit.received_at)
    reading.answer = NO_CONTENT if ("send_image", "0") in pairs else PIXEL
    return reading


def _pairs(raw: bytes) -> _Pairs:
    return [(name, decode(value)) for name, value in read_raw_pairs(raw.decode("utf-8", "replace"))] if raw else []


def _bulk(hit: Hit) -> list[Any] | None:
    """The hits of a bulk, None if it is none."""
    if hit.body[:1] == b"{" and b'"requests"' in hit.body:
        found = mapping(read_json(hit.body)).get("requests")
        return found if isinstance(found, list) else []
    if b"requests=" in hit.body or b"requests%5B" in hit.body:
        return [value for name, value in _pairs(hit.body) if name in ("requests", "requests[]")]
    return None


def _read_bulk(hit: Hit, reading: Reading, found: list[Any]) -> Reading:
    invalid: list[int] = []
    for index, one in enumerate(found[:EVENTS_PER_REQUEST]):
        before = len(reading.refusals)
        _put_bulk_event(reading, one, hit.received_at)
        if len(reading.refusals) > before:
            invalid.append(index)
    reading.refusals.extend([Refusal.TOO_MANY_EVENTS] * (len(found) - EVENTS_PER_REQUEST))
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    said = {"status": "success", "tracked": len(reading.events), "invalid": len(invalid), "invalid_indices": invalid}
    reading.answer = ok(orjson.dumps(said))
    return reading


def _put_bulk_event(reading: Reading, one: Any, received_at: float) -> None:
    """A query string, an absolute URL, or an object of parameters."""
    if isinstance(one, dict):
        pairs = [(name, text(value)) for name, value in list(one.items())[:200]]
    else:
        pairs = _pairs(text(one).rpartition("?")[2].encode("utf-8", "replace")) if text(one) else []
    if sum(len(value) for _, value in pairs) > EVENT_LIMIT_BYTES:
        reading.refusals.append(Refusal.EVENT_TOO_LARGE)
    else:
        _put_event(reading, pairs, received_at)


def _put_event(reading: Reading, pairs: _Pairs, received_at: float) -> None:
    fields = dict(pairs)
    name = event_name(_name(fields))
    if not name or "idsite" not in fields:
        reading.refusals.append(Refusal.EVENT_UNREADABLE)
        return
    get = fields.get
    reading.key = reading.key or fields["idsite"]
    event = Event(
        name=name,
        at=_at(fields, received_at),
        event_id=_event_id(fields),
        client_id=get("_id", "") or get("cid", ""),
        user_id=get("uid", ""),
        page_url=get("url", ""),
        page_title=get("action_name", ""),
        referrer=get("urlref", ""),
        language=get("lang", ""),
        screen=get("res", ""),
        properties=_properties(fields),
        items=_items(get("ec_items", "")),
        statements=tuple(Statement("matomo_consent", value) for key, value in pairs if key == "consent") or None,
    )
    lift_single(event.properties, event.items)
    _put_sender(event, fields)
    reading.events.append(event)


def _name(fields: Mapping[str, str]) -> str:
    """What happened, most particular first. `_pkc` alone stays on every later hit of a page, so it names nothing."""
    if fields.get("ping") == "1":
        return "user_engagement"
    if "idgoal" in fields:
        return _goal_name(fields)
    if fields.get("e_c") and fields.get("e_a"):
        return f"{fields['e_c']} {fields['e_a']}"
    for key, name in (("search", "search"), ("download", "file_download"), ("link", "click")):
        if key in fields:
            return name
    if "c_n" in fields:
        return "content_interaction" if "c_i" in fields else "content_impression"
    return "product_view" if fields.get("_pks") or fields.get("_pkn") else "page_view"


def _goal_name(fields: Mapping[str, str]) -> str:
    if fields["idgoal"] != "0":
        return "goal"
    return "purchase" if fields.get("ec_id") else "cart_update"


def _at(fields: Mapping[str, str], received_at: float) -> float:
    at = read_time(fields.get("cdt")) if fields.get("token_auth") else None
    return received_at if at is None else at


def _event_id(fields: Mapping[str, str]) -> str:
    page, chance = fields.get("pv_id"), fields.get("r") or fields.get("rand")
    return f"{fields['idsite']}|{page}|{chance}" if page and chance else ""


def _properties(fields: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: fields[key] for key, name in _TEXTS.items() if fields.get(key)}
    for key, name in _NUMBERS.items():
        if (amount := number(fields.get(key, ""))) is not None:
            found[name] = amount
    if category := _category(fields.get("_pkc", "")):
        found.setdefault("category", category)
    if fields.get("idgoal", "0") != "0":
        found["goal_id"] = fields["idgoal"]
    found.update(_dimensions(fields))
    return found


def _category(raw: str) -> str:
    """One category, or a JSON list of up to five from general to particular."""
    listed = read_inner(raw) if raw.startswith("[") else None
    return "/".join(text(part) for part in listed[:5]) if isinstance(listed, list) else raw


def _dimensions(fields: Mapping[str, str]) -> Iterable[tuple[str, Any]]:
    """`dimension<N>`, and custom variables of page and visit (`{"1": ["tier", "gold"]}`)."""
    for key, value in fields.items():
        if key.startswith("dimension") and key[9:].isdecimal() and len(key) < 14:
            yield key, value
    for key in ("cvar", "_cvar"):
        for pair in list(mapping(read_inner(fields.get(key, "{}"))).values())[:20]:
            if isinstance(pair, list) and len(pair) == 2 and (name := property_name(text(pair[0]))):
                yield name, text(pair[1])


def _items(raw: str) -> list[dict[str, Any]]:
    """`[[sku, name, category or categories, price, quantity], …]`."""
    listed = read_inner(raw) if raw else None
    return [_item(one) for one in listed[:ITEM_LIMIT] if isinstance(one, list)] if isinstance(listed, list) else []


def _item(parts: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in zip(_ITEM_PARTS, parts, strict=False):
        if isinstance(value, list):
            value = "/".join(text(part) for part in value[:5])
        if isinstance(value, (str, int, float)) and value != "":
            found[name] = value
    return found


def _put_sender(event: Event, fields: Mapping[str, str]) -> None:
    """With `token_auth` a server speaks for a visitor: its own address and user agent are not the visitor's."""
    if fields.get("token_auth"):
        event.address = fields.get("cip", "")
        event.user_agent = fields.get("ua", "")


ADAPTER: Adapter = Adapter(
    "matomo",
    tuple(Claim(method, path) for method in ("POST", "GET") for path in ("/matomo.php", "/piwik.php")),
    read,
)
