"""Snowplow: `GET /i`, `POST /com.snowplowanalytics.snowplow/tp2` and any `POST /{vendor}/{version}` that says so.

May not: read the collector's cookie (`sp`) or set it: the page asks for anonymity in a header. Of a redirect
(`/r/tp2`) it reads what happened; where it may lead, `web.links` decides.

All values are texts; self-describing events and contexts are JSON in a text, plain (`ue_pr`, `co`) or base64 (`ue_px`,
`cx`). Dedup id: `eid`. Source: facts on the protocols, 4; iglu central, com.snowplowanalytics.snowplow.ecommerce.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consent.words import Statement
from gateway.intake.adapters.adapter import PIXEL, TEXT_TYPE, Adapter, Claim, ok
from gateway.intake.hit import Event, Hit, Reading
from gateway.intake.jsonbody import admit, admit_all, mapping, read_inner, read_json, read_json_base64, statement, text
from gateway.intake.moments import corrected, read_time
from gateway.intake.urlencoded import number, read_query
from gateway.intake.vocabulary import (
    event_name,
    lift_single,
    put_bare_id,
    read_item,
    read_items,
    read_properties,
)
from gateway.words import Refusal

_MARK = b"iglu:com.snowplowanalytics.snowplow/payload_data"
_ECOMMERCE = "com.snowplowanalytics.snowplow.ecommerce/"

#: Types of the ecommerce action whose names mean something else by themselves.
_ACTIONS = {"checkout_step": "checkout_step", "transaction": "purchase", "trans_error": "transaction_error"}

#: Entities of the ecommerce plugin whose fields belong to the event.
_MERGED = frozenset(("cart", "transaction", "checkout_step", "promotion", "refund"))

#: Trackers that run on the visitor's own device; all others are servers.
_ON_DEVICE = ("js-", "ios-", "andr-", "flutter-", "rn-", "web-")

#: Legacy commerce: parameter -> property. Source: snowplow-tracker-protocol, transaction and item events.
_TRANSACTION = {"tr_id": "order_id", "tr_af": "affiliation", "tr_cu": "currency", "ti_id": "order_id"}
_TRANSACTION |= {"ti_sk": "product_id", "ti_nm": "name", "ti_ca": "category", "ti_cu": "currency"}
_TRANSACTION_NUMBERS = {"tr_tt": "value", "tr_tx": "tax", "tr_sh": "shipping", "ti_pr": "price", "ti_qu": "quantity"}


class _Told(NamedTuple):
    """What the self-describing part of an event says: its name and the object with its properties."""

    name: str
    properties: dict[str, Any]
    schema: str = ""


def read(hit: Hit) -> Reading:
    """One event of a query, or those of a payload."""
    reading = Reading(answer=PIXEL if hit.method == "GET" else ok(b"ok", TEXT_TYPE))
    if b"sp-anonymous" in hit.headers:
        reading.statements = (Statement("sp-anonymous", hit.header(b"sp-anonymous")),)
    for raw in _payload(hit, reading):
        event = _read_event(raw, hit.received_at)
        if isinstance(event, Refusal):
            reading.refusals.append(event)
        else:
            if event.statements is not None:
                event.statements = reading.statements + event.statements
            reading.events.append(event)
    return reading


def redirected(host: str) -> Adapter:
    """Reads the hit of a redirect to that host: the event it carries, else that a link was followed."""

    def read_redirect(hit: Hit) -> Reading:
        raw = read_query(hit.query)
        if "e" in raw:
            return read(hit)
        event = _read_event({**raw, "e": "pv"}, hit.received_at)
        if isinstance(event, Refusal):
            return Reading(refusals=[event])
        event.name, event.properties["link_domain"] = "click", host
        return Reading(events=[event])

    return Adapter(ADAPTER.name, (), read_redirect)


def _payload(hit: Hit, reading: Reading) -> list[dict[str, Any]]:
    if hit.method == "GET":
        found: list[Any] = [read_query(hit.query)] if hit.query else []
        admitted = admit(found, len(hit.query), 0, reading.refusals)
    else:
        body = read_json(hit.body)
        if isinstance(body, Refusal):
            reading.refusals.append(body)
            return []
        listed = mapping(body).get("data")
        found = listed if isinstance(listed, list) else []
        admitted = admit_all(found, hit.body, reading.refusals)
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    reading.key = next((key for raw in found[:1] if (key := text(mapping(raw).get("aid")))), "")
    return admitted


def _read_event(raw: Mapping[str, Any], received_at: float) -> Event | Refusal:
    get = raw.get
    told = _tell(raw)
    name = event_name(told.name)
    if not name:
        return Refusal.EVENT_UNREADABLE
    event = Event(
        name=name,
        at=_at(raw, received_at),
        event_id=text(get("eid")),
        client_id=text(get("duid")) or text(get("tnuid")) or text(get("nuid")),
        user_id=text(get("uid")),
        session_id=text(get("sid")),
        page_url=text(get("url")),
        page_title=text(get("page")),
        referrer=text(get("refr")),
        language=text(get("lang")),
        screen=text(get("res")),
        properties=read_properties(told.properties),
        items=read_items(told.properties.get("items") or told.properties.get("products")),
        statements=_statements(told),
    )
    put_bare_id(name, event.properties)
    _put_contexts(event, raw)
    lift_single(event.properties, event.items)
    _put_sender(event, raw)
    return event


def _tell(raw: Mapping[str, Any]) -> _Told:
    kind = text(raw.get("e"))
    if kind == "ue":
        return _tell_self_describing(raw)
    if kind == "se":
        return _tell_structured(raw)
    if kind in ("tr", "ti"):
        return _Told("purchase" if kind == "tr" else "transaction_item", _transaction(raw))
    return _Told({"pv": "page_view", "pp": "page_ping"}.get(kind, ""), {})


def _tell_structured(raw: Mapping[str, Any]) -> _Told:
    """Category and action together are the name, as in `video` `play`."""
    found: dict[str, Any] = {"label": raw.get("se_la"), "property": raw.get("se_pr")}
    found["event_value"] = number(text(raw.get("se_va")))
    return _Told(f"{text(raw.get('se_ca'))} {text(raw.get('se_ac'))}".strip(), found)


def _tell_self_describing(raw: Mapping[str, Any]) -> _Told:
    """The schema's name is the event's, except where the ecommerce plugin names an action inside."""
    outer = read_inner(raw["ue_pr"]) if "ue_pr" in raw else _unwrap(raw.get("ue_px"))
    inner = mapping(mapping(outer).get("data"))
    schema = text(inner.get("schema"))
    found = mapping(inner.get("data"))
    name = _schema_name(schema)
    if name == "snowplow_ecommerce_action":
        action = text(found.get("type"))
        found = {("list_name" if key == "name" else key): value for key, value in found.items() if key != "type"}
        return _Told(_ACTIONS.get(action, action), found, schema)
    return _Told(name, found, schema)


def _unwrap(encoded: object) -> Any:
    return read_inner(read_json_base64(text(encoded)))


def _schema_name(schema: str) -> str:
    """`iglu:com.example/add_to_wishlist/jsonschema/1-0-0` -> `add_to_wishlist`."""
    parts = schema.removeprefix("iglu:").split("/")
    return parts[1] if len(parts) == 4 else ""


def _transaction(raw: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: raw[key] for key, name in _TRANSACTION.items() if key in raw}
    for key, name in _TRANSACTION_NUMBERS.items():
        if (amount := number(text(raw.get(key)))) is not None:
            found[name] = amount
    return found


def _at(raw: Mapping[str, Any], received_at: float) -> float:
    true_time = read_time(text(raw.get("ttm")))
    if true_time is not None:
        return true_time
    return corrected(received_at, read_time(text(raw.get("dtm"))), read_time(text(raw.get("stm"))))


def _statements(told: _Told) -> tuple[Statement, ...] | None:
    """The visitor's choice, where the event is one. Its forerunner can only say that all was withdrawn."""
    name = _schema_name(told.schema)
    if name == "consent_preferences":
        return (statement("snowplow_consent", told.properties),)
    if name == "consent_withdrawn":
        return (statement("snowplow_consent", {"eventType": "withdrawn"}),)
    return None


def _put_contexts(event: Event, raw: Mapping[str, Any]) -> None:
    """Products become items; cart, transaction, step and promotion become properties; other entities are left."""
    wrapped = read_inner(raw["co"]) if "co" in raw else _unwrap(raw["cx"]) if "cx" in raw else {}
    entities = mapping(wrapped).get("data")
    for entity in entities if isinstance(entities, list) else ():
        schema = text(mapping(entity).get("schema")).removeprefix("iglu:")
        if schema.startswith(_ECOMMERCE):
            _put_entity(event, schema.split("/")[1], mapping(entity.get("data")))


def _put_entity(event: Event, kind: str, found: Mapping[str, Any]) -> None:
    if kind == "product" and len(event.items) < 200:
        event.items.append(read_item(found))
        if "currency" in found:
            event.properties.setdefault("currency", text(found["currency"]))
    elif kind in _MERGED:
        for name, value in read_properties(found).items():
            event.properties.setdefault("promotion_id" if (kind, name) == ("promotion", "id") else name, value)


def _put_sender(event: Event, raw: Mapping[str, Any]) -> None:
    """A server speaks for a visitor: its own address and user agent are not the visitor's."""
    if not text(raw.get("tv")).startswith(_ON_DEVICE) or "ip" in raw or "ua" in raw:
        event.address = text(raw.get("ip"))
        event.user_agent = text(raw.get("ua"))


ADAPTER: Adapter = Adapter(
    "snowplow",
    (
        Claim("GET", "/i"),
        Claim("GET", "/ice.png"),
        Claim("POST", "/com.snowplowanalytics.snowplow/tp2"),
        Claim("POST", "*", _MARK),
    ),
    read,
)
