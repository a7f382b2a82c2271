"""One vocabulary: every protocol's names of events and properties, mapped to those that our contracts define.

May not: see more than names and values handed in; keep anything but names in its caches.

How a name is made: 1. `snake` normalises the raw text (`Product Viewed`, `productViewed` -> `product_viewed`; dots are
kept as hierarchy, letters of every script are kept, everything else becomes `_`); 2. the tables below map what other
vocabularies call the same thing. A name that no table knows passes as it is.
Source: developers.google.com GA4 recommended events; segment.com/docs e-commerce and video spec v2; the protocols'
facts page, sections 1 to 8 (read 2026-11-22).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

NAME_LIMIT_CHARS = 100  # Source: GA4 40, Umami 50, Plausible 120; longer ones are texts, not names
PROPERTY_LIMIT = 200  # Source: GA4 allows 25 (360: 100) parameters and 200 items per event
ITEM_LIMIT = 200
_ENTRIES_READ = 400  # of one object; a larger one is an attack on the time that normalising takes

#: What other vocabularies call our events. Keys are normalised names.
EVENT_NAMES: Mapping[str, str] = {
    # pages and sessions: PostHog, Matomo, Plausible, Umami, Snowplow, Meta, Shopify, walkerOS
    "pageview": "page_view",
    "page_viewed": "page_view",
    "page": "page_view",
    "loaded_a_page": "page_view",
    "viewed_page": "page_view",
    "page_ping": "user_engagement",
    "engagement": "user_engagement",
    "pageleave": "user_engagement",
    "page_leave": "user_engagement",
    "mp_web_page_view": "page_view",
    "mp_page_leave": "user_engagement",
    "mp_click": "click",
    "mp_scroll": "scroll",
    "mp_submit": "form_submit",
    "link_click": "click",
    "element_clicked": "click",
    "outbound_link_click": "click",
    "link": "click",
    "clicked": "click",
    "session_started": "session_start",
    "download": "file_download",
    "file_downloaded": "file_download",
    "form_started": "form_start",
    "form_submission": "form_submit",
    "form_submitted": "form_submit",
    "submit_form": "form_submit",
    # accounts and leads
    "signed_up": "sign_up",
    "signup": "sign_up",
    "complete_registration": "sign_up",
    "account_created": "sign_up",
    "signed_in": "login",
    "logged_in": "login",
    "user_login": "login",
    "lead": "generate_lead",
    "lead_generated": "generate_lead",
    "newsletter_subscribed": "newsletter_signup",
    "subscribe_newsletter": "newsletter_signup",
    "segment_consent_preference_updated": "consent_update",
    "consent_management_interaction": "consent_update",
    "consent_preferences": "consent_update",
    "consent_granted": "consent_update",
    "consent_withdrawn": "consent_update",
    "opt_in": "consent_update",
    # finding: GA4, Segment, Shopify, Meta, Matomo
    "view_search_results": "search",
    "products_searched": "search",
    "search_submitted": "search",
    "site_search": "search",
    "view_item_list": "product_list_view",
    "product_list_viewed": "product_list_view",
    "collection_viewed": "product_list_view",
    "view_category": "product_list_view",
    "list_view": "product_list_view",
    "select_item": "product_select",
    "product_clicked": "product_select",
    "product_list_click": "product_select",
    "list_click": "product_select",
    "view_item": "product_view",
    "product_viewed": "product_view",
    "view_content": "product_view",
    "product_detail_view": "product_view",
    "product_list_filtered": "filter_apply",
    "filter_applied": "filter_apply",
    "sort_applied": "sort_apply",
    "product_compared": "product_compare",
    "compare_products": "product_compare",
    "size_guide_viewed": "size_guide_view",
    # keeping and sharing
    "add_to_wishlist": "wishlist_add",
    "product_added_to_wishlist": "wishlist_add",
    "product_wish": "wishlist_add",
    "remove_from_wishlist": "wishlist_remove",
    "product_removed_from_wishlist": "wishlist_remove",
    "product_shared": "share",
    "cart_shared": "share",
    "mood_board_added": "mood_board_add",
    "quiz_started": "quiz_start",
    "quiz_completed": "quiz_complete",
    "sample_requested": "sample_request",
    # cart and checkout
    "product_added": "add_to_cart",
    "product_added_to_cart": "add_to_cart",
    "wishlist_product_added_to_cart": "add_to_cart",
    "product_add": "add_to_cart",
    "added_to_cart": "add_to_cart",
    "cart_add": "add_to_cart",
    "product_removed": "remove_from_cart",
    "product_removed_from_cart": "remove_from_cart",
    "product_remove": "remove_from_cart",
    "cart_remove": "remove_from_cart",
    "view_cart": "cart_view",
    "cart_viewed": "cart_view",
    "checkout_started": "begin_checkout",
    "initiate_checkout": "begin_checkout",
    "checkout": "begin_checkout",
    "order_start": "begin_checkout",
    "checkout_shipping_info_submitted": "add_shipping_info",
    "shipping_info_entered": "add_shipping_info",
    "payment_info_entered": "add_payment_info",
    "payment_info_submitted": "add_payment_info",
    "order_completed": "purchase",
    "checkout_completed": "purchase",
    "order_complete": "purchase",
    "transaction": "purchase",
    "purchased": "purchase",
    "order_refunded": "refund",
    "coupon_applied": "promo_code_apply",
    "promotion_viewed": "promotion_view",
    "view_promotion": "promotion_view",
    "promotion_clicked": "promotion_select",
    "select_promotion": "promotion_select",
    "content_impression": "promotion_view",
    "content_interaction": "promotion_select",
    "promo_view": "promotion_view",
    "promo_click": "promotion_select",
    # media, mail, reviews, shops
    "video_playback_started": "video_start",
    "video_play": "video_start",
    "video_played": "video_start",
    "video_playback_progress": "video_progress",
    "video_content_playing": "video_progress",
    "video_playback_completed": "video_complete",
    "video_completed": "video_complete",
    "email_opened": "email_open",
    "email_link_clicked": "email_click",
    "email_clicked": "email_click",
    "product_reviewed": "review_write",
    "review_submitted": "review_write",
    "find_location": "store_find",
    "survey_answered": "survey_answer",
    "survey_sent": "survey_answer",
}

#: What other vocabularies call our properties. Keys are normalised names.
PROPERTY_NAMES: Mapping[str, str] = {
    "item_id": "product_id",
    "sku": "product_id",
    "product_sku": "product_id",
    "content_id": "product_id",
    "content_ids": "product_id",
    "item_name": "name",
    "product_name": "name",
    "content_name": "name",
    "item_brand": "brand",
    "product_brand": "brand",
    "item_category": "category",
    "product_category": "category",
    "content_category": "category",
    "item_variant": "variant",
    "product_variant": "variant",
    "seller": "seller_id",
    "vendor": "seller_id",
    "vendor_id": "seller_id",
    "merchant_id": "seller_id",
    "product_price": "price",
    "unit_price": "price",
    "qty": "quantity",
    "currency_code": "currency",
    "currencycode": "currency",
    "transaction_id": "order_id",
    "order_number": "order_id",
    "orderid": "order_id",
    "order": "order_id",
    "total": "value",
    "total_value": "value",
    "order_value": "value",
    "coupon_code": "coupon",
    "coupon_id": "coupon",
    "tax_value": "tax",
    "shipping_value": "shipping",
    "shipping_cost": "shipping",
    "item_list_id": "list_id",
    "item_list_name": "list_name",
    "list": "list_name",
    "index": "position",
    "query": "search_term",
    "search_query": "search_term",
    "search_string": "search_term",
    "search_results": "results",
    "results_count": "results",
    "num_results": "results",
    "sort": "sort_by",
    "share_via": "share_channel",
    "percent_scrolled": "percent",
    "video_percent": "percent",
    "promo_id": "promotion_id",
    "experiment_id": "experiment",
    "experiment_name": "experiment",
    "variation_id": "experiment_variant",
    "variation_name": "experiment_variant",
    "variant_name": "experiment_variant",
    "filename": "file_name",
    "engagement_time_msec": "engagement_ms",
}

#: The same for the parts of an item, where `id` can only be the product's.
ITEM_NAMES: Mapping[str, str] = {
    "id": "product_id",
    "affiliation": "seller_id",  # Why: GA4's "supplying company" is what a marketplace calls a seller
    "amount": "quantity",
    "coupon_code": "coupon",
    "item_list_id": "list",
    "item_list_name": "list",
    "list_name": "list",
    "list_id": "list",
}

#: Where a property list holds the first name but not the second, the second takes its value.
FALLBACKS = (("revenue", "value"),)  # Source: Segment: `total` is what was paid, `revenue` leaves out tax and shipping

#: What an event about a single product says of it by its one item, so that both ways of sending fill the same columns.
SINGLE = ("product_id", "name", "category", "brand", "variant", "seller_id", "price", "quantity")

#: What a bare `id` means, by event. Source: Segment's e-commerce spec v1, still in use.
BARE_IDS: Mapping[str, str] = {
    "product_view": "product_id",
    "product_select": "product_id",
    "add_to_cart": "product_id",
    "remove_from_cart": "product_id",
    "wishlist_add": "product_id",
    "wishlist_remove": "product_id",
    "begin_checkout": "order_id",
    "purchase": "order_id",
    "refund": "order_id",
}

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SCALARS = frozenset((str, int, float, bool))

#: Names that are looked up together. Why a limit: they come from clients, and 1,024 such sets stay below 5 MB.
_NAMES_LIMIT_CHARS = 1024


def event_name(raw: object) -> str:
    """The canonical name of an event, '' when `raw` is no usable name (no text, over 100 characters, no letter)."""
    if raw.__class__ is not str or len(raw) > NAME_LIMIT_CHARS:
        return ""
    return _event_name(raw)


def property_name(raw: str) -> str:
    """The canonical name of a property of an event, '' when it is no usable name."""
    return _property_name(raw) if len(raw) <= NAME_LIMIT_CHARS else ""


def item_name(raw: str) -> str:
    """The canonical name of a part of an item, '' when it is no usable name."""
    return _item_name(raw) if len(raw) <= NAME_LIMIT_CHARS else ""


def read_properties(raw: Mapping[str, Any], skip: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The scalars of `raw` under their canonical names, at most 200; keys of `skip` (raw names) are left out.

    A property that already has the canonical name beats its synonyms. Nested objects and lists are left out: no
    contract can list them.
    """
    if not skip and len("".join(raw)) <= _NAMES_LIMIT_CHARS and _SCALARS.issuperset(map(type, raw.values())):
        names = _names_of(tuple(raw))
        if names is not None:
            return dict(zip(names, raw.values(), strict=True))
    return _read_odd_properties(raw, skip)


@lru_cache(maxsize=1024)
def _names_of(keys: tuple[str, ...]) -> tuple[str, ...] | None:
    """The canonical names of properties that come together, as those of one event do hit by hit; None where they are
    not one each, or one makes another."""
    names = tuple(property_name(key) for key in keys)
    is_plain = all(names) and len(set(names)) == len(names) and all(weaker not in names for weaker, _ in FALLBACKS)
    return names if is_plain else None


def _read_odd_properties(raw: Mapping[str, Any], skip: frozenset[str]) -> dict[str, Any]:
    """The same, one by one."""
    found: dict[str, Any] = {}
    if len(raw) > _ENTRIES_READ:
        raw = dict(islice(raw.items(), _ENTRIES_READ))
    for key, value in raw.items():
        if value.__class__ not in _SCALARS or key in skip or len(found) >= PROPERTY_LIMIT:
            continue
        name = _property_name(key) if len(key) <= NAME_LIMIT_CHARS else ""
        if name and (name == key or name not in found):
            found[name] = value
    for weaker, name in FALLBACKS:
        if weaker in found:
            found.setdefault(name, found[weaker])
    return found


def read_items(raw: object) -> list[dict[str, Any]]:
    """The objects of a list of products under canonical names, at most 200; anything else gives none."""
    if isinstance(raw, dict):
        raw = [raw]
    if not isinstance(raw, list):
        return []
    return [read_item(item) for item in raw[:ITEM_LIMIT] if item.__class__ is dict]


def read_item(raw: Mapping[str, Any]) -> dict[str, Any]:
    """One product under canonical names; a category path in several parts is joined by '/'."""
    item: dict[str, Any] = {}
    if len(raw) > _ENTRIES_READ:
        raw = dict(islice(raw.items(), _ENTRIES_READ))
    for key, value in raw.items():
        if value.__class__ not in _SCALARS or len(item) >= PROPERTY_LIMIT:
            continue
        name = item_name(key)
        if name and (name == key or name not in item):
            item[name] = value
    _join_categories(item)
    return item


def lift_single(properties: dict[str, Any], items: list[dict[str, Any]]) -> None:
    """Where an event is about exactly one product, `properties` gets what its item says and it does not."""
    if len(items) == 1 and "product_id" not in properties:
        item = items[0]
        for name in SINGLE:
            if name in item:
                properties.setdefault(name, item[name])


def put_bare_id(name: str, properties: dict[str, Any]) -> None:
    """Gives a property called just `id` the name of what the event is about."""
    if "id" in properties and name in BARE_IDS:
        properties.setdefault(BARE_IDS[name], properties["id"])


def snake(raw: str) -> str:
    """Letters, digits and marks of any script in lower case, `_` between words, dots kept between parts."""
    spaced = _HUMP.sub("_", unicodedata.normalize("NFC", raw)).lower()
    parts = (_part(part) for part in spaced.split("."))
    return ".".join(part for part in parts if part)


def _part(text: str) -> str:
    kept = "".join(ch if unicodedata.category(ch)[0] in "LNM" else " " for ch in text)
    return "_".join(kept.split())


@lru_cache(maxsize=4096)
def _event_name(raw: str) -> str:
    name = snake(raw)
    return EVENT_NAMES.get(name, name)[:NAME_LIMIT_CHARS]


@lru_cache(maxsize=4096)
def _property_name(raw: str) -> str:
    name = snake(raw)
    return PROPERTY_NAMES.get(name, name)[:NAME_LIMIT_CHARS]


@lru_cache(maxsize=1024)
def _item_name(raw: str) -> str:
    name = snake(raw)
    return (ITEM_NAMES.get(name) or PROPERTY_NAMES.get(name, name))[:NAME_LIMIT_CHARS]


_DEEPER = ("item_category2", "item_category3", "item_category4", "item_category5")


def _join_categories(item: dict[str, Any]) -> None:
    if _DEEPER[0] in item and "category" in item:
        deeper = [str(item.pop(name)) for name in _DEEPER if name in item]
        item["category"] = "/".join([str(item["category"]), *deeper])
