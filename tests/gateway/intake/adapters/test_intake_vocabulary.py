"""Names: one vocabulary out of many."""

from __future__ import annotations

import random

import pytest

from gateway.intake.vocabulary import (
    EVENT_NAMES,
    ITEM_NAMES,
    PROPERTY_NAMES,
    _read_odd_properties,
    event_name,
    property_name,
    read_items,
    read_properties,
    snake,
)

#: The vocabulary of events as contracts define it.
_EVENTS = """
page_view session_start first_visit user_engagement scroll click file_download form_start form_submit search
login sign_up generate_lead newsletter_signup consent_update product_list_view product_select product_view
add_to_cart remove_from_cart cart_view begin_checkout add_shipping_info add_payment_info purchase refund
promotion_view promotion_select wishlist_add wishlist_remove mood_board_add mood_board_share product_compare
filter_apply sort_apply size_guide_view sample_request quiz_start quiz_complete seller_favourite
seller_contact share back_in_stock_request warranty_view video_start video_progress video_complete
virtual_consult_request promo_code_apply ar_view survey_answer email_open email_click review_view review_write
delivery_check store_find brochure_download price_alert_set gallery_zoom swatch_select room_plan
"""
CANONICAL = frozenset(_EVENTS.split())

_PROPERTIES = """
product_id name category brand variant seller_id price quantity currency value order_id coupon tax shipping
list_id list_name position search_term results filter_name filter_value sort_by share_channel method percent
video_id board_id size quiz_id answer promotion_id experiment experiment_variant plan rating distance_km
file_name
"""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Product Viewed", "product_view"),
        ("view_item", "product_view"),
        ("ecommerce product view", "ecommerce_product_view"),
        ("$pageview", "page_view"),
        ("productViewed", "product_view"),
        ("HTTPRequest", "http_request"),
        ("product.compare.tv", "product.compare.tv"),
        ("..a . b..", "a.b"),
        ("  Sofa – Größe  wählen! ", "sofa_größe_wählen"),
        ("購入_ünïcode", "購入_ünïcode"),
        ("हिन्दी", "हिन्दी"),
        ("a\u202eb\x00c", "a_b_c"),
        ("cafe\u0301", "café"),
    ],
)
def test_names_are_normalised_and_mapped(raw: str, expected: str) -> None:
    assert event_name(raw) == expected


@pytest.mark.parametrize("raw", ["", " ", "✓", "...", "\x00", "a" * 101, None, 7, True, [], {}])
def test_what_is_no_name_is_nothing(raw: object) -> None:
    assert event_name(raw) == ""


def test_a_mapped_name_is_canonical_and_a_canonical_name_stays() -> None:
    assert set(EVENT_NAMES.values()) <= CANONICAL
    assert {name: event_name(name) for name in CANONICAL} == {name: name for name in CANONICAL}


def test_no_table_has_a_key_that_normalising_would_change() -> None:
    for table in (EVENT_NAMES, PROPERTY_NAMES, ITEM_NAMES):
        assert {key: snake(key) for key in table} == {key: key for key in table}


def test_a_canonical_property_stays_as_it_is() -> None:
    canonical = _PROPERTIES.split()
    assert [property_name(name) for name in canonical] == canonical


def test_a_canonical_property_beats_its_synonyms_in_any_order() -> None:
    assert read_properties({"sku": "a", "product_id": "b"}) == {"product_id": "b"}
    assert read_properties({"product_id": "b", "sku": "a"}) == {"product_id": "b"}


def test_only_scalars_are_properties_and_at_most_two_hundred() -> None:
    assert read_properties({"a": None, "b": [], "c": {}, "d": 0, "e": False, "": 1, "f": ""}) == {
        "d": 0,
        "e": False,
        "f": "",
    }
    assert len(read_properties({f"k{n}": n for n in range(300)})) == 200
    assert len(read_items([{"id": n} for n in range(300)])) == 200


def test_properties_are_the_same_together_and_one_by_one() -> None:
    names = ["sku", "product_id", "Price", "price", "currency", "revenue", "value", "total", "id", "", "x" * 101, "a.b"]
    chance = random.Random(20261129)
    for _ in range(2_000):
        raw = {name: chance.choice(["t", "", 1, 2.5, True]) for name in chance.sample(names, chance.randrange(7))}
        assert read_properties(raw) == _read_odd_properties(raw, frozenset())


def test_items_may_be_one_object_or_a_list_with_rubbish_in_it() -> None:
    assert read_items({"sku": "a", "id": "b"}) == [{"product_id": "a"}]
    assert read_items([None, {"name": "x"}, 5]) == [{"name": "x"}]
    assert read_items("x") == []
