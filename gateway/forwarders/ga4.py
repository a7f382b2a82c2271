"""Google Analytics 4, by the Measurement Protocol: rows to `POST /mp/collect?measurement_id=…&api_secret=…`.

May not: send an address, a user agent, a query or a click id (no row has one); an id that is not a pseudonym made for
this destination alone; a grant that the row's purposes do not hold.

The client id is derived from the pseudonym, in the form of Google's own, so that Google sees one person where policy
lets it, and nobody can join it with the warehouse. `ad_user_data` is granted with the purpose `ad_measurement`,
`ad_personalization` with `ad_targeting`; without, both are said to be denied, never left out.
Source: developers.google.com, Measurement Protocol for GA4, reference and reserved names (read 2026-11-22); facts on
the protocols, 1.2. Google answers 2xx for nonsense too: a 2xx is a delivery, not a promise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from gateway.forwarders.forwarder import Forwarder, Request, Row
from gateway.outward import RelayTerms

#: Our names -> Google's, where they differ. Source: GA4, recommended events.
EVENTS: Mapping[str, str] = {
    "product_view": "view_item",
    "product_list_view": "view_item_list",
    "product_select": "select_item",
    "wishlist_add": "add_to_wishlist",
    "cart_view": "view_cart",
    "promotion_view": "view_promotion",
    "promotion_select": "select_promotion",
}

#: Names that Google keeps for itself, and beginnings of such names.
_RESERVED = frozenset(
    """
    ad_activeview|ad_click|ad_exposure|ad_query|ad_reward|adunit_exposure|app_clear_data|app_exception|app_install|
    app_remove|app_store_refund|app_update|app_upgrade|dynamic_link_app_open|dynamic_link_app_update|
    dynamic_link_first_open|error|first_open|first_visit|in_app_purchase|notification_dismiss|notification_foreground|
    notification_open|notification_receive|os_update|session_start|session_start_with_rollout|user_engagement
    """.replace("\n", "")
    .replace(" ", "")
    .split("|")
)
_RESERVED_PREFIXES = ("_", "firebase_", "ga_", "google_", "gtag.")

#: Columns and properties -> Google's parameters, where they differ.
PARAMETERS: Mapping[str, str] = {
    "order_id": "transaction_id",
    "list_id": "item_list_id",
    "list_name": "item_list_name",
    "engagement_ms": "engagement_time_msec",
}

#: Columns of a row that are parameters.
_COLUMNS = ("order_id", "currency", "experiment", "variant", "language")

#: What a single product says of itself, as Google's items do. `name` and the like are properties of the row.
_ITEM = {
    "product_id": "item_id", "name": "item_name", "brand": "item_brand", "category": "item_category",
    "variant": "item_variant", "seller_id": "affiliation", "price": "price", "quantity": "quantity",
}  # fmt: skip

#: Limits of the protocol.
_EVENTS_LIMIT, _PARAMETERS_LIMIT, _NAME_CHARS, _VALUE_CHARS, _ITEMS_LIMIT = 25, 25, 40, 100, 200
_OLDEST_S = 72 * 3600.0

_NAME = re.compile(r"[A-Za-z]\w*\Z", re.ASCII)
_NUMBERS = frozenset(("price", "quantity", "tax", "shipping", "position", "engagement_ms", "percent", "rating"))

#: Which purpose grants which of Google's consents.
_GRANTS = {"ad_user_data": "ad_measurement", "ad_personalization": "ad_targeting"}


def together(row: Row) -> object:
    """Who, when, and with what consent: the parts of a request that all of its events share."""
    return row.get("visitor"), row.get("account"), row.get("event_time"), tuple(row.get("purposes", ()))


def request(rows: Sequence[Row], terms: RelayTerms) -> Request | None:
    """The events of one moment of one visitor."""
    events = [event for row in rows if (event := _event(row)) is not None]
    if not events:
        return None
    first = rows[0]
    body: dict[str, Any] = {
        "client_id": _client_id(first["visitor"]),
        "timestamp_micros": int(datetime.fromisoformat(first["event_time"]).timestamp() * 1_000_000),
        "consent": {name: _said(purpose in first["purposes"]) for name, purpose in _GRANTS.items()},
        "events": events,
    }
    if account := first.get("account"):
        body["user_id"] = account
    query = urlencode({"measurement_id": terms.options["measurement_id"], "api_secret": terms.secret.decode()})
    return Request(f"/mp/collect?{query}", orjson.dumps(body), {"Content-Type": "application/json"}, len(events))


def _said(granted: bool) -> str:
    return "GRANTED" if granted else "DENIED"


def _client_id(pseudonym: str) -> str:
    """Two numbers with a dot, as in Google's own cookie."""
    return f"{int(pseudonym[:8], 16)}.{int(pseudonym[8:16], 16)}"


def _event(row: Row) -> dict[str, Any] | None:
    """None for bots, and for names that Google keeps for itself."""
    name = EVENTS.get(row["event"], row["event"]).replace(".", "_")[:_NAME_CHARS]
    if row.get("bot") or name in _RESERVED or name.startswith(_RESERVED_PREFIXES) or not _NAME.match(name):
        return None
    return {"name": name, "params": _parameters(row)}


def _parameters(row: Row) -> dict[str, Any]:
    properties = row.get("properties", {})
    found = {name: row[name] for name in _COLUMNS if row.get(name)}
    found |= {name: _value(name, text) for name, text in properties.items() if name not in _ITEM}
    params = _page(row) | {PARAMETERS.get(name, name)[:_NAME_CHARS]: value for name, value in found.items()}
    if "value" in row:
        params["value"] = row["value"]
    if session := row.get("session"):
        params["session_id"] = str(int(session[:8], 16))
    params.setdefault("engagement_time_msec", 1)  # Why: without it Google counts no user
    if items := _items(row, properties):
        params["items"] = items
    kept = [name for name in params if _NAME.match(name) and not name.startswith(_RESERVED_PREFIXES)]
    return {name: _shortened(params[name]) for name in _most_important(kept)}


def _most_important(names: list[str]) -> list[str]:
    """At most 25, those that Google's own reports need first."""
    return sorted(names, key=lambda name: name not in _FIRST)[:_PARAMETERS_LIMIT]


_FIRST = frozenset(
    ("items", "value", "currency", "transaction_id", "session_id", "engagement_time_msec", "page_location")
)


def _page(row: Row) -> dict[str, Any]:
    """The page without its query; the words of a campaign, where policy kept them, as Google reads them."""
    found = {}
    if host := row.get("page_host"):
        words = {f"utm_{name}": row[name] for name in ("source", "medium", "campaign") if row.get(name)}
        query = f"?{urlencode(words)}" if row.get("campaign") else ""
        found["page_location"] = f"https://{host}{quote(row.get('page_path', ''), safe='/:')}{query}"
    if referrer := row.get("referrer_host"):
        found["page_referrer"] = f"https://{referrer}/"
    return found


def _items(row: Row, properties: Mapping[str, str]) -> list[dict[str, Any]]:
    """The row's products; where it is about one, with what the row itself says of that."""
    listed = [_item(item) for item in row.get("items", ())[:_ITEMS_LIMIT]]
    alone = {**properties, **{name: row[name] for name in ("product_id", "category", "seller_id") if row.get(name)}}
    if len(listed) > 1 or "product_id" not in alone:
        return listed
    return [_item(alone) | (listed[0] if listed else {})]


def _item(said: Mapping[str, Any]) -> dict[str, Any]:
    return {theirs: _shortened(_value(ours, said[ours])) for ours, theirs in _ITEM.items() if ours in said}


def _value(name: str, said: Any) -> Any:
    """The map of properties holds texts; Google wants numbers where they are numbers."""
    number = read_number(said) if name in _NUMBERS and isinstance(said, str) else None
    return said if number is None else number


def read_number(text: str) -> int | float | None:
    """None where a contract calls a text what Google knows as a number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def _shortened(value: Any) -> Any:
    return value[:_VALUE_CHARS] if isinstance(value, str) and not value.startswith("https://") else value


FORWARDER = Forwarder(
    "ga4",
    ("measurement_id",),
    "https://region1.google-analytics.com",
    _OLDEST_S,
    together,
    _EVENTS_LIMIT,
    request,
)
