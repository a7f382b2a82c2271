"""Google Analytics 4 as browsers send it: `/g/collect`, by GET or POST, also under a path prefix of the site's own.

May not: take user data (`em`, `ep.user_data.*`, `uid` aside), however it is hashed or named.

The query holds what all events share; each line of the body is one event, and what it says wins. Where there are
lines, an `en` of the query is no event of its own. Source: facts on the protocols, 1.1.

Why the event id: gtag sends none and never retries, but proxies do, byte for byte. `(tid, cid, sid, _p, _s, en, line)`
is what the protocol offers; a checksum of the text tells two hits of one page view apart that share it. Without `_p`
and `_s` (a server imitating gtag) there is no id, rather than one that merges strangers.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

from consent.words import Statement
from gateway.intake.adapters.adapter import Adapter, Claim, no_content
from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import EVENT_LIMIT_BYTES, EVENTS_PER_REQUEST
from gateway.intake.urlencoded import decode, number
from gateway.intake.vocabulary import (
    ITEM_LIMIT,
    PROPERTY_LIMIT,
    event_name,
    lift_single,
    property_name,
    read_item,
)
from gateway.words import Refusal

#: Parameters that speak of consent. Every occurrence is a statement, so that the most protective one wins.
CARRIERS = ("gcs", "gcd", "npa", "us_privacy", "gdpr", "gdpr_consent", "gpp", "gpp_sid", "addtl_consent")
_ALIASED_CARRIERS = {"sst.us_privacy": "us_privacy", "sst.gcd": "gcd"}
_CARRIER_OF = {name: name for name in CARRIERS} | _ALIASED_CARRIERS
_CARRIERS = tuple(_CARRIER_OF.items())

#: Parameters of the hit that become properties: text, number, or a flag that is 1.
_TEXTS = (
    ("cu", "currency"),
    ("tt", "traffic_type"),
    ("cs", "utm_source"),
    ("cm", "utm_medium"),
    ("cn", "utm_campaign"),
)
_FLAGS = (("_ss", "session_start"), ("_fv", "first_visit"), ("_dbg", "debug_mode"))

#: Groups of parameters without a closed list of names, and how to see quickly that a hit has none.
_PARAMETER_KINDS = frozenset(("ep", "epn", "up", "upn"))
_OPEN = ("&ep", "&up", "&pr")

#: Keys inside `pr<n>`. Source: facts on the protocols, 1.1, commerce.
_ITEM_KEYS = {
    "id": "item_id",
    "nm": "item_name",
    "br": "item_brand",
    "ca": "item_category",
    "c2": "item_category2",
    "c3": "item_category3",
    "c4": "item_category4",
    "c5": "item_category5",
    "va": "item_variant",
    "pr": "price",
    "qt": "quantity",
    "ds": "discount",
    "cp": "coupon",
    "af": "affiliation",
    "li": "item_list_id",
    "ln": "item_list_name",
    "lp": "index",
    "lo": "location_id",
    "cn": "creative_name",
    "cs": "creative_slot",
    "pi": "promotion_id",
    "pn": "promotion_name",
}
_ITEM_NUMBERS = frozenset(("pr", "qt", "ds", "lp"))

_Params = dict[str, str]


def read(hit: Hit) -> Reading:
    """One event of the query, or one per line of the body."""
    query = hit.query.decode("utf-8", "replace")
    shared, statements, keys = _read_params(query)
    answer = Answer(200, b"", b"text/event-stream") if "richsstsse" in shared else no_content()
    reading = Reading(key=keys[0] if keys else "", statements=statements, answer=answer)
    lines = _named_lines(hit.body, reading.refusals) if hit.body else []
    if lines:
        _put_lines(reading, query, shared, lines, hit.received_at)
    elif "en" in shared:
        _put_event(reading, shared, query, 0, hit.received_at)
    elif not reading.refusals:
        reading.refusals.append(Refusal.NO_EVENTS)
    if len(keys) > 1:  # one hit, several properties: no site could be sure that it is meant
        reading.refusals.extend([Refusal.UNKNOWN_KEY] * len(reading.events))
        reading.events.clear()
    return reading


def _read_params(text: str) -> tuple[_Params, tuple[Statement, ...], list[str]]:
    """Still encoded parameters, the last of a repeated name; statements and measurement ids, every occurrence."""
    parts = [part.partition("=") for part in text.split("&")]
    params = {name: value for name, _, value in parts}
    if len(params) < len(parts) or "%" in "".join(params):
        return _read_odd_params(parts)
    statements = tuple([Statement(carrier, decode(params[name])) for name, carrier in _CARRIERS if name in params])
    return params, statements, [decode(params["tid"])] if "tid" in params else []


def _read_odd_params(parts: list[tuple[str, str, str]]) -> tuple[_Params, tuple[Statement, ...], list[str]]:
    """The same where a name is repeated or encoded."""
    pairs = [(decode(name), value) for name, _, value in parts]
    said = [Statement(_CARRIER_OF[name], decode(value)) for name, value in pairs if name in _CARRIER_OF]
    keys = dict.fromkeys(decode(value) for name, value in pairs if name == "tid")
    return dict(pairs), tuple(said), list(keys)


def _named_lines(body: bytes, refusals: list[Refusal]) -> list[str]:
    """The lines that hold an event name, blank ones skipped, others refused; at most 500 of all."""
    lines = [line for raw in body.split(b"\n") if (line := raw.strip())]
    refusals.extend([Refusal.TOO_MANY_EVENTS] * (len(lines) - EVENTS_PER_REQUEST))
    lines = lines[:EVENTS_PER_REQUEST]
    named = [line.decode("utf-8", "replace") for line in lines if line.startswith(b"en=") or b"&en=" in line]
    refusals.extend([Refusal.EVENT_UNREADABLE] * (len(lines) - len(named)))
    return named


def _put_lines(reading: Reading, query: str, shared: _Params, lines: list[str], received_at: float) -> None:
    for index, line in enumerate(lines):
        if len(query) + len(line) > EVENT_LIMIT_BYTES:
            reading.refusals.append(Refusal.EVENT_TOO_LARGE)
            continue
        params, said, keys = _read_params(line)
        if not reading.key and keys:
            reading.key = keys[0]
        if any(key != reading.key for key in keys):
            reading.refusals.append(Refusal.UNKNOWN_KEY)
            continue
        event = _put_event(reading, {**shared, **params}, f"{query}&{line}", index, received_at)
        if said and event:
            event.statements = reading.statements + said


def _put_event(reading: Reading, params: _Params, text: str, index: int, received_at: float) -> Event | None:
    get = params.get
    name = event_name(decode(get("en", "")))
    if not name or len(text) > EVENT_LIMIT_BYTES:
        reading.refusals.append(Refusal.EVENT_TOO_LARGE if name else Refusal.EVENT_UNREADABLE)
        return None
    client_id, session = decode(get("cid", "")), decode(get("sid", ""))
    event = Event(
        name=name,
        at=received_at,
        event_id=_event_id(params, text, index),
        client_id=client_id,
        user_id=decode(get("uid", "")),
        session_id=f"{client_id}.{session}" if session else "",  # Why: `sid` is a second, many visitors share it
        page_url=decode(get("dl", "")),
        page_title=decode(get("dt", "")),
        referrer=decode(get("dr", "")),
        language=get("ul", ""),
        screen=get("sr", ""),
    )
    _put_properties(event, params, text)
    reading.events.append(event)
    return event


def _event_id(params: _Params, text: str, index: int) -> str:
    if "_p" not in params or "_s" not in params:
        return ""
    get = params.get
    stable = f"{get('tid', '')}|{get('cid', '')}|{get('sid', '')}|{params['_p']}|{params['_s']}|{params['en']}"
    return f"{stable}|{index}|{crc32(text.encode()):08x}"


def _put_properties(event: Event, params: _Params, text: str) -> None:
    found = event.properties
    for name, canonical in _TEXTS:
        if params.get(name):
            found[canonical] = decode(params[name])
    for name, canonical in _FLAGS:
        if params.get(name) == "1":
            found[canonical] = True
    if "_et" in params and (engaged := number(params["_et"])) is not None:
        found["engagement_ms"] = engaged
    if any(open_ in text for open_ in _OPEN) or text.startswith(("ep", "up", "pr")):
        _put_open_ended(event, params)


def _put_open_ended(event: Event, params: _Params) -> None:
    """`ep.<k>` and `up.<k>` texts, `epn.<k>` and `upn.<k>` numbers, `pr<n>` items. User data is left where it is."""
    for key, raw in params.items():
        kind, _, name = key.partition(".")
        if kind in _PARAMETER_KINDS and not name.startswith("user_data") and len(event.properties) < PROPERTY_LIMIT:
            _put_parameter(event.properties, kind, name, decode(raw))
        elif kind[:2] == "pr" and kind[2:].isdecimal() and len(event.items) < ITEM_LIMIT:
            event.items.append(_read_item(raw))
    lift_single(event.properties, event.items)


def _put_parameter(found: dict[str, Any], kind: str, raw_name: str, text: str) -> None:
    name = property_name(raw_name)
    value = number(text) if kind[2:] == "n" else text
    if not name or value is None:
        return
    if kind[0] == "u":
        name = f"user.{name}"
    if name == raw_name or name not in found:
        found[name] = value


def _read_item(raw: str) -> dict[str, Any]:
    """`idSKU-1~nmShoe~pr79.9~k0size~v0XL`: two-letter keys, and custom pairs whose index may be missing."""
    encoded = "~" not in raw
    item: dict[str, Any] = {}
    custom, width = "", 1
    for token in (decode(raw) if encoded else raw).split("~")[:PROPERTY_LIMIT]:
        part = token if encoded else decode(token)
        key = part[:2]
        if key in _ITEM_KEYS:
            value = number(part[2:]) if key in _ITEM_NUMBERS else part[2:]
            if value is not None:
                item[_ITEM_KEYS[key]] = value
        elif key[:1] == "k":
            custom = part[1:].lstrip("0123456789")
            width = max(1, len(part) - 1 - len(custom))
        elif key[:1] == "v" and custom:
            item[custom] = part[1 + width :]
            custom = ""
    return read_item(item)


ADAPTER = Adapter(
    "ga4",
    (
        Claim("POST", "/g/collect"),
        Claim("GET", "/g/collect"),
        Claim("POST", "*/g/collect"),
        Claim("GET", "*/g/collect"),
    ),
    read,
)
