"""Google Analytics 4 as browsers send it: `/g/collect`, by GET or POST, also under a path prefix of the site's own.

May not: take user data (`em`, `ep.user_data.*`, `uid` aside), however it is hashed or named.

The query holds what all events share; each line of the body is one event, and what it says wins. Where there are
lines, an `en` of the query is no event of its own. Source: facts on the protocols, 1.1.

Why the event id: gtag sends none and never retries, but proxies do, byte for byte. `(tid, cid, sid, _p, _s, en, line)`
is what the protocol offers; a checksum of the text tells two hits of one page view apart that share it. Without `_p`
and `_s` (a server imitating gtag) there is no id, rather than one that merges strangers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zlib import crc32

from consent.words import Statement
from gateway.intake.adapters.adapter import Adapter, Claim
from gateway.intake.hit import NO_CONTENT, Answer, Event, Hit, Reading
from gateway.intake.jsonbody import EVENT_LIMIT_BYTES, EVENTS_PER_REQUEST
from gateway.intake.urlencoded import decode, number, read_plain_query, read_raw_pairs
from gateway.intake.vocabulary import (
    ITEM_LIMIT,
    PROPERTY_LIMIT,
    event_name,
    item_name,
    lift_single,
    property_name,
)
from gateway.words import Refusal

#: Parameters that speak of consent. Every occurrence is a statement, so that the most protective one wins.
#: Not: `addtl_consent`; it lists ad vendors outside TCF, so it can say neither yes nor no to us.
CARRIERS = ("gcs", "gcd", "npa", "us_privacy", "gdpr", "gdpr_consent", "gpp", "gpp_sid")
_ALIASED_CARRIERS = {"sst.us_privacy": "us_privacy", "sst.gcd": "gcd"}
_CARRIER_OF = {name: name for name in CARRIERS} | _ALIASED_CARRIERS
_ORDER = {name: place for place, name in enumerate(_CARRIER_OF)}

#: Parameters that are fields of an event: its name, who, and where, in the order in which they are read.
_FIELDS = ("en", "cid", "uid", "sid", "dl", "dt", "dr")

#: Parameters of the hit that become properties: text, number, or a flag that is 1.
_TEXTS = (
    ("cu", "currency"),
    ("tt", "traffic_type"),
    ("cs", "utm_source"),
    ("cm", "utm_medium"),
    ("cn", "utm_campaign"),
)
_FLAGS = (("_ss", "session_start"), ("_fv", "first_visit"), ("_dbg", "debug_mode"))
_NAMED = frozenset(name for name, _ in (*_TEXTS, *_FLAGS))

#: The bare flag, always last, of a page that talks to a server container and could read a stream of commands.
_RICH = b"&richsstsse"

#: Groups of parameters without a closed list of names, and how to see quickly that a hit has none.
_PARAMETER_KINDS = frozenset(("ep", "epn", "up", "upn"))
_OPEN = frozenset(("ep", "up", "pr"))

#: Every line repeats what all share; together they may not be larger than this. gtag sends 20 lines of some 1.5 KB.
_EXPANDED_LIMIT_BYTES = 256 * 1024

#: Keys inside `pr<n>`. Source: facts on the protocols, 1.1, commerce.
_ITEM_KEYS = {
    "id": "product_id",
    "nm": "name",
    "br": "brand",
    "ca": "category",
    "va": "variant",
    "pr": "price",
    "qt": "quantity",
    "ds": "discount",
    "cp": "coupon",
    "af": "seller_id",  # Why: GA4's "affiliation" is what a marketplace calls a seller
    "li": "list",
    "ln": "list",
    "lp": "position",
    "lo": "location_id",
    "cn": "creative_name",
    "cs": "creative_slot",
    "pi": "promotion_id",
    "pn": "promotion_name",
}
_DEEPER_CATEGORIES = frozenset(("c2", "c3", "c4", "c5"))
_ITEM_NUMBERS = frozenset(("pr", "qt", "ds", "lp"))

_Params = dict[str, str]


def read(hit: Hit) -> Reading:
    """One event of the query, or one per line of the body."""
    rich = hit.query.endswith(_RICH)
    query = hit.query.removesuffix(_RICH)
    shared, statements, keys = _read_params(query)
    answer = Answer(200, b"", b"text/event-stream") if rich else NO_CONTENT
    reading = Reading(key=keys[0] if keys else "", statements=statements, answer=answer)
    limit = min(EVENTS_PER_REQUEST, 1 + _EXPANDED_LIMIT_BYTES // (len(query) + 1))
    lines = _named_lines(hit.body, limit, reading.refusals) if hit.body else []
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


def _read_params(text: bytes) -> tuple[_Params, tuple[Statement, ...], list[str]]:
    """Still encoded parameters, the last of a repeated name; statements and measurement ids, every occurrence."""
    params = read_plain_query(text)
    if params is None:
        return _read_odd_params(text)
    said = sorted(params.keys() & _CARRIER_OF.keys(), key=_ORDER.__getitem__)
    statements = tuple([_statement(_CARRIER_OF[name], params[name]) for name in said])
    return params, statements, [decode(params["tid"])] if "tid" in params else []


def _read_odd_params(text: bytes) -> tuple[_Params, tuple[Statement, ...], list[str]]:
    """The same where a name is repeated, encoded or without a value."""
    pairs = read_raw_pairs(text.decode("utf-8", "replace"))
    said = [_statement(_CARRIER_OF[name], value) for name, value in pairs if name in _CARRIER_OF]
    keys = dict.fromkeys(decode(value) for name, value in pairs if name == "tid")
    return dict(pairs), tuple(said), list(keys)


@lru_cache(maxsize=1024)
def _statement(carrier: str, raw: str) -> Statement:
    return Statement(carrier, decode(raw))


def _named_lines(body: bytes, limit: int, refusals: list[Refusal]) -> list[bytes]:
    """The lines that hold an event name, blank ones skipped, others refused; as many as `limit` of all."""
    lines = [line for raw in body.split(b"\n") if (line := raw.strip())]
    refusals.extend([Refusal.TOO_MANY_EVENTS] * (len(lines) - limit))
    lines = lines[:limit]
    named = [line for line in lines if line.startswith(b"en=") or b"&en=" in line]
    refusals.extend([Refusal.EVENT_UNREADABLE] * (len(lines) - len(named)))
    return named


def _put_lines(reading: Reading, query: bytes, shared: _Params, lines: list[bytes], received_at: float) -> None:
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
        event = _put_event(reading, {**shared, **params}, query + b"&" + line, index, received_at)
        if said and event:
            event.statements = reading.statements + said


def _put_event(reading: Reading, params: _Params, text: bytes, index: int, received_at: float) -> Event | None:
    raw_name, client_id, user_id, session, url, title, referrer = [
        decode(raw) if raw and ("%" in raw or "+" in raw) else raw or "" for raw in map(params.get, _FIELDS)
    ]
    name = event_name(raw_name)
    if not name or len(text) > EVENT_LIMIT_BYTES:
        reading.refusals.append(Refusal.EVENT_TOO_LARGE if name else Refusal.EVENT_UNREADABLE)
        return None
    event = Event(
        name=name,
        at=received_at,
        event_id=_event_id(params, text, index),
        client_id=client_id,
        user_id=user_id,
        session_id=f"{client_id}.{session}" if session else "",  # Why: `sid` is a second, many visitors share it
        page_url=url,
        page_title=title,
        referrer=referrer,
        language=params.get("ul", ""),
        screen=params.get("sr", ""),
    )
    _put_properties(event, params)
    reading.events.append(event)
    return event


def _event_id(params: _Params, text: bytes, index: int) -> str:
    if "_p" not in params or "_s" not in params:
        return ""
    get = params.get
    stable = f"{get('tid', '')}|{get('cid', '')}|{get('sid', '')}|{params['_p']}|{params['_s']}|{params['en']}"
    return f"{stable}|{index}|{crc32(text):08x}"


def _put_properties(event: Event, params: _Params) -> None:
    found = event.properties
    if not params.keys().isdisjoint(_NAMED):
        _put_named(found, params)
    if "_et" in params and (engaged := number(params["_et"])) is not None:
        found["engagement_ms"] = engaged
    names = "&" + "&".join(params)
    if "&ep" in names or "&up" in names or "&pr" in names:
        _put_open_ended(event, params)


def _put_named(found: dict[str, Any], params: _Params) -> None:
    for name, canonical in _TEXTS:
        if params.get(name):
            found[canonical] = decode(params[name])
    for name, canonical in _FLAGS:
        if params.get(name) == "1":
            found[canonical] = True


def _put_open_ended(event: Event, params: _Params) -> None:
    """`ep.<k>` and `up.<k>` texts, `epn.<k>` and `upn.<k>` numbers, `pr<n>` items. User data is left where it is."""
    for key, raw in params.items():
        if key[:2] not in _OPEN:
            continue
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
    tokens = [decode(token) for token in raw.split("~")] if "%7" in raw else decode(raw).split("~")
    item: dict[str, Any] = {}
    custom, width = "", 1
    for token in tokens[:PROPERTY_LIMIT]:
        key = token[:2]
        if key in _ITEM_KEYS:
            _put_item_part(item, key, token[2:])
        elif key in _DEEPER_CATEGORIES and "category" in item:
            item["category"] = f"{item['category']}/{token[2:]}"
        elif key[:1] == "k":
            custom = token[1:].lstrip("0123456789")
            width = max(1, len(token) - 1 - len(custom))
        elif key[:1] == "v" and custom and (name := item_name(custom)):
            item.setdefault(name, token[1 + width :])
            custom = ""
    return item


def _put_item_part(item: dict[str, Any], key: str, value: str) -> None:
    if key in _ITEM_NUMBERS:
        found = number(value)
        if found is not None:
            item[_ITEM_KEYS[key]] = found
    elif value:
        item[_ITEM_KEYS[key]] = value


ADAPTER: Adapter = Adapter(
    "ga4",
    (
        Claim("POST", "/g/collect"),
        Claim("GET", "/g/collect"),
        Claim("POST", "*/g/collect"),
        Claim("GET", "*/g/collect"),
    ),
    read,
)
