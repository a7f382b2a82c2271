"""Plausible, Umami, walkerOS, Stape, Tealium, Meta and Shopify, beyond what recorded hits show."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from consent.words import Statement
from gateway.intake.adapters import meta, plausible, shopify, stape, tealium, umami, walkeros
from gateway.intake.adapters.adapter import Adapter
from gateway.intake.hit import Event, Hit, Reading
from gateway.words import Refusal

NOW = 1_795_337_409.0


def send(adapter: Adapter, path: str, body: Any, query: bytes = b"", method: str = "POST") -> Reading:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return adapter.read(Hit(method, path, query, {}, raw, "203.0.113.9", NOW))


def only(reading: Reading) -> Event:
    assert reading.refusals == []
    (event,) = reading.events
    return event


@pytest.mark.parametrize("adapter", [plausible, umami, walkeros, stape, tealium, meta, shopify])
def test_what_is_no_json_is_refused_and_answered_without_a_server_error(adapter: Any) -> None:
    reading = send(adapter.ADAPTER, "/x", b'{"a":')
    assert (reading.events, reading.refusals) == ([], [Refusal.BODY_UNREADABLE])
    assert reading.answer.status in (200, 400)


def test_plausible_reads_long_names_and_properties_in_a_text() -> None:
    body = {"name": "Signup", "url": "https://s.example/", "domain": "a.example,b.example", "props": '{"plan":"pro"}'}
    reading = send(plausible.ADAPTER, "/api/event", body)
    event = only(reading)
    assert (reading.key, event.name, event.page_url, event.properties) == (
        "a.example",
        "sign_up",
        "https://s.example/",
        {"plan": "pro"},
    )
    assert (reading.answer.status, reading.answer.body) == (202, b"ok")


def test_umami_hands_out_no_identifier_and_counts_a_batch_as_processed() -> None:
    one = {"type": "event", "payload": {"website": "w", "hostname": "s.example", "url": "/p", "ip": "203.0.113.7"}}
    reading = send(umami.ADAPTER, "/api/send", one)
    event = only(reading)
    assert (reading.key, event.name, event.page_url, event.address) == (
        "w",
        "page_view",
        "https://s.example/p",
        "203.0.113.7",
    )
    assert set(orjson.loads(reading.answer.body).values()) == {"none"}
    batch = send(umami.ADAPTER, "/api/batch", [one, {"type": "identify", "payload": {"website": "w"}}])
    said = orjson.loads(batch.answer.body)
    assert (len(batch.events), batch.refusals, said["processed"], said["errors"]) == (1, [Refusal.NOT_AN_EVENT], 2, 0)


def test_walkeros_v4_says_name_and_url() -> None:
    body = {
        "name": "product view",
        "entity": "product",
        "data": {"id": "SKU-1"},
        "source": {"type": "browser", "url": "https://s.example/", "referrer": "https://r.example/"},
        "consent": {"marketing": False},
        "timestamp": NOW * 1000,
    }
    event = only(send(walkeros.ADAPTER, "/collect", body))
    assert (event.name, event.properties, event.page_url) == (
        "product_view",
        {"product_id": "SKU-1"},
        "https://s.example/",
    )
    assert (event.referrer, event.at) == ("https://r.example/", NOW)
    assert event.statements == (Statement("walkeros_consent", '{"marketing":false}'),)


def test_walkeros_takes_no_id_for_a_url() -> None:
    assert only(send(walkeros.ADAPTER, "/collect", {"event": "a b", "source": {"id": "app-1"}})).page_url == ""


def test_stape_takes_no_user_data_nested_or_flat() -> None:
    body = {
        "event_name": "purchase",
        "value": 5,
        "email": "x",
        "firstName": "x",
        "user_data": {"a": "x"},
        "phone_number": "x",
    }
    assert only(send(stape.ADAPTER, "/data", body)).properties == {"value": 5}


def test_stape_reads_lists_and_all_three_pixels() -> None:
    assert len(send(stape.ADAPTER, "/data", [{"event_name": "a"}, {"event_name": "b"}]).events) == 2
    for query in (
        b"v=2&event=login",
        b"v=2&dtcd=%7B%22event_name%22%3A%22login%22%7D",
        b"v=2&dtdc=eyJldmVudF9uYW1lIjoibG9naW4ifQ",
    ):
        reading = send(stape.ADAPTER, "/data", b"", query, "GET")
        assert (only(reading).name, reading.answer.content_type) == ("login", b"image/gif")


def test_tealium_joins_lists_side_by_side_and_leaves_customers_out() -> None:
    body = {
        "tealium_account": "acme",
        "tealium_profile": "main",
        "tealium_event": "purchase",
        "tealium_visitor_id": "v-1",
        "order_id": "O-1",
        "order_total": "124.25",
        "customer_email": "x",
        "product_id": ["A", "B"],
        "product_price": ["9.5", "3"],
        "product_name": ["Lamp", "Rug"],
    }
    reading = send(tealium.ADAPTER, "/event", body)
    event = only(reading)
    assert (reading.key, event.client_id) == ("acme/main", "v-1")
    assert event.properties == {"order_id": "O-1", "value": "124.25"}
    assert event.items == [
        {"product_id": "A", "name": "Lamp", "price": "9.5"},
        {"product_id": "B", "name": "Rug", "price": "3"},
    ]


def test_tealium_bulk_events_inherit_what_they_share() -> None:
    body = {"shared": {"tealium_visitor_id": "v-1"}, "events": [{"tealium_event": "login"}, 7, {"x": 1}]}
    reading = send(tealium.ADAPTER, "/bulk-event", body)
    assert ([event.client_id for event in reading.events], len(reading.refusals)) == (["v-1"], 2)
    pixel = send(tealium.ADAPTER, "/event", b"", b"tealium_event=login", "GET")
    assert (only(pixel).name, pixel.answer.content_type) == ("login", b"image/gif")


def test_meta_events_are_known_by_name_and_id_and_limited_use_is_an_opt_out() -> None:
    one = {
        "event_name": "Purchase",
        "event_id": "e-1",
        "event_time": NOW - 60,
        "event_source_url": "https://s.example/",
        "user_data": {"em": ["hash"], "fbp": "fb.1.2.3", "client_ip_address": "203.0.113.7", "client_user_agent": "UA"},
        "custom_data": {"value": 9.5, "currency": "EUR", "contents": [{"id": "A", "quantity": 2, "item_price": 4.75}]},
        "data_processing_options": ["LDU"],
    }
    reading = send(meta.ADAPTER, "/v19.0/4711/events", {"data": [one]}, b"access_token=secret")
    event = only(reading)
    assert (reading.key, event.name, event.event_id, event.client_id) == (
        "4711",
        "purchase",
        "purchase|e-1",
        "fb.1.2.3",
    )
    assert (event.at, event.address, event.user_agent) == (NOW - 60, "203.0.113.7", "UA")
    assert event.items == [{"product_id": "A", "quantity": 2, "price": 4.75}]
    assert event.statements == (Statement("us_privacy", "1-Y-"),)
    assert event.email == ""
    assert orjson.loads(reading.answer.body)["events_received"] == 1


SHOPIFY: dict[str, Any] = {
    "site": "shop",
    "privacy": {"analyticsProcessingAllowed": False},
    "event": {
        "id": "sh-1",
        "name": "checkout_completed",
        "clientId": "c-1",
        "timestamp": "2026-11-22T08:50:00Z",
        "context": {"document": {"location": {"href": "https://s.example/"}, "title": "Thanks"}},
        "data": {
            "checkout": {
                "email": "x",
                "totalPrice": {"amount": 124.25, "currencyCode": "EUR"},
                "totalTax": {"amount": "19.84", "currencyCode": "EUR"},
                "order": {"id": "O-1"},
                "lineItems": [
                    {
                        "quantity": 2,
                        "variant": {
                            "sku": "SKU-1",
                            "price": {"amount": 9.5},
                            "product": {"title": "Lamp", "vendor": "ACME"},
                        },
                    }
                ],
            }
        },
    },
}


def test_a_shopify_checkout_is_a_purchase_with_the_shops_consent() -> None:
    reading = send(shopify.ADAPTER, "/shopify/pixel", SHOPIFY)
    event = only(reading)
    assert (reading.key, event.name, event.event_id, event.client_id, event.at) == (
        "shop",
        "purchase",
        "sh-1",
        "c-1",
        NOW - 9,
    )
    assert reading.statements == (Statement("shopify_consent", '{"analyticsProcessingAllowed":false}'),)
    assert event.items == [{"product_id": "SKU-1", "name": "Lamp", "brand": "ACME", "price": 9.5, "quantity": 2}]
    assert {name: event.properties[name] for name in ("value", "tax", "currency", "order_id")} == {
        "value": 124.25,
        "tax": 19.84,
        "currency": "EUR",
        "order_id": "O-1",
    }
    assert "x" not in event.properties.values()


@pytest.mark.parametrize(
    "data", [7, [], {}, {"checkout": 7}, {"cartLine": []}, {"collection": {"productVariants": [7]}}, None]
)
def test_shopify_data_of_any_shape_is_read(data: object) -> None:
    assert (
        only(send(shopify.ADAPTER, "/shopify/pixel", {"event": {"name": "page_viewed", "data": data}})).name
        == "page_view"
    )
