"""Our own protocol."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson

from consent.words import Statement
from gateway.intake.adapters import own
from gateway.intake.hit import Hit, Reading
from gateway.words import Refusal

NOW = 1_795_337_409.0  # 2026-11-22T08:50:09Z
EVENT: dict[str, Any] = {"event": "wishlist_add", "id": "0b9d", "at": "2026-11-22T08:50:01Z", "client_id": "c-1"}


def post(body: Any, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reading:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return own.ADAPTER.read(Hit("POST", "/collect", b"", dict(headers), raw, "203.0.113.9", NOW))


def get(**fields: object) -> Reading:
    return own.ADAPTER.read(Hit("GET", "/collect.gif", urlencode(fields).encode(), {}, b"", "203.0.113.9", NOW))


def test_every_field_of_an_event_finds_its_place() -> None:
    reading = post(
        {
            "site": "demo",
            "events": [
                EVENT
                | {
                    "user_id": 4711,
                    "session_id": "s-1",
                    "page": {"url": "https://shop.example/p", "referrer": "https://www.example/", "title": "Lamp"},
                    "properties": {"product_id": "SKU-1", "price": 129.9, "sellerId": "S-7", "nested": {"a": 1}},
                }
            ],
        },
        headers=((b"content-type", b"text/plain"),),
    )
    (event,) = reading.events
    assert reading.key == "demo"
    assert (event.name, event.event_id, event.client_id, event.user_id) == ("wishlist_add", "0b9d", "c-1", "4711")
    assert (event.session_id, event.at) == ("s-1", NOW - 8)
    assert (event.page_url, event.referrer, event.page_title) == (
        "https://shop.example/p",
        "https://www.example/",
        "Lamp",
    )
    assert event.properties == {"product_id": "SKU-1", "price": 129.9, "seller_id": "S-7"}
    assert (reading.answer.status, reading.refusals, reading.statements) == (204, [], ())


def test_an_events_own_consent_is_its_own_and_the_hits_is_for_the_rest() -> None:
    reading = post(
        {"consent": {"purposes": {"analytics": True}}, "events": [EVENT, EVENT | {"consent": {"purposes": {}}}]}
    )
    assert reading.statements == (Statement("own", '{"purposes":{"analytics":true}}'),)
    assert [event.statements for event in reading.events] == [None, (Statement("own", '{"purposes":{}}'),)]


def test_consent_that_is_no_object_is_still_a_statement() -> None:
    """It will not be readable, and what cannot be read denies."""
    assert post({"consent": "yes", "events": [EVENT]}).statements == (Statement("own", "yes"),)
    assert post({"consent": True, "events": [EVENT]}).statements == (Statement("own", "true"),)


def test_one_bad_event_never_sinks_its_batch() -> None:
    reading = post({"events": [EVENT] * 50 + [{"event": 7}, None, {"event": "✓"}] + [EVENT] * 49})
    assert len(reading.events) == 99
    assert reading.refusals == [Refusal.EVENT_UNREADABLE] * 3
    assert reading.answer.status == 204


def test_events_after_the_five_hundredth_are_refused_and_counted() -> None:
    reading = post({"events": [EVENT] * 503})
    assert (len(reading.events), reading.refusals) == (500, [Refusal.TOO_MANY_EVENTS] * 3)


def test_one_event_over_64_kb_is_refused_and_its_neighbours_are_not() -> None:
    large = EVENT | {"properties": {"blob": "x" * 65_000}}
    too_large = EVENT | {"properties": {"blob": "x" * 66_000}}
    reading = post({"events": [EVENT, large, too_large]})
    assert (len(reading.events), reading.refusals) == (2, [Refusal.EVENT_TOO_LARGE])


def nest(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def test_an_event_nested_deeper_than_32_is_refused_and_its_neighbours_are_not() -> None:
    reading = post({"events": [EVENT | {"properties": nest(31)}, EVENT | {"properties": nest(32)}]})
    assert (len(reading.events), reading.refusals) == (1, [Refusal.BODY_TOO_DEEP])


def test_a_nest_that_no_reader_survives_is_refused() -> None:
    for body in (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000):
        assert post(body).refusals == [Refusal.BODY_TOO_DEEP]


def test_a_body_that_is_no_json_is_told_so() -> None:
    for body in (b"", b"hello", b'{"events":', b'"text"', b"[1]"):
        reading = post(body)
        assert (reading.refusals, reading.answer.status) == ([Refusal.BODY_UNREADABLE], 400)


def test_a_request_without_events_is_counted_as_one_refusal() -> None:
    bodies: tuple[dict[str, Any], ...] = ({}, {"events": []}, {"events": {}}, {"events": "x"})
    for body in bodies:
        assert post(body).refusals == [Refusal.NO_EVENTS]


def test_a_time_that_cannot_be_read_is_the_time_of_receipt() -> None:
    unreadable: tuple[Any, ...] = ("yesterday", None, {}, "", float("1e18"), -5, True)
    for at in unreadable:
        assert post({"events": [EVENT | {"at": at}]}).events[0].at == NOW


def test_times_in_seconds_milliseconds_and_microseconds_are_told_apart() -> None:
    for at in (NOW - 60, (NOW - 60) * 1e3, int((NOW - 60) * 1e6), str(int(NOW - 60)), "2026-11-22T09:49:09+01:00"):
        assert post({"events": [EVENT | {"at": at}]}).events[0].at == NOW - 60


def test_nan_from_a_python_sender_costs_its_value_not_its_batch() -> None:
    reading = post(
        b'\xef\xbb\xbf{"events":[{"event":"quiz_complete","properties":{"score":NaN,"tries":2,"t":"\\ud800"}}]}'
    )
    assert reading.events[0].properties == {"tries": 2, "t": "?"}


def test_one_item_says_what_the_event_is_about() -> None:
    items = [
        {"item_id": "SKU-1", "item_category": "Lamps", "item_category2": "Floor", "affiliation": "S-7", "price": 9.5}
    ]
    (event,) = post({"events": [EVENT | {"properties": {"currency": "EUR"}, "items": items}]}).events
    expected = {"product_id": "SKU-1", "category": "Lamps/Floor", "seller_id": "S-7", "price": 9.5}
    assert event.items == [expected]
    assert event.properties == {"currency": "EUR"} | expected


def test_the_pixel_carries_the_same_fields() -> None:
    consent = '{"choice":"explicit","purposes":{"analytics":true}}'
    reading = get(
        site="demo",
        e="Product Viewed",
        id="e-1",
        at="2026-11-22T08:50:00Z",
        client_id="c-1",
        url="https://shop.example/ä?a=b&c=d",
        consent=consent,
        **{"p.product_id": "SKU 1", "n.price": "129.9", "n.broken": "NaN"},
    )
    (event,) = reading.events
    assert (reading.key, event.name, event.at, event.event_id) == ("demo", "product_view", NOW - 9, "e-1")
    assert event.page_url == "https://shop.example/ä?a=b&c=d"
    assert event.properties == {"product_id": "SKU 1", "price": 129.9}
    assert reading.statements == (Statement("own", consent),)
    assert (reading.answer.status, reading.answer.content_type, len(reading.answer.body)) == (200, b"image/gif", 43)


def test_every_consent_of_a_pixel_counts() -> None:
    hit = Hit("GET", "/collect.gif", b"e=login&consent=%7B%7D&consent=no", {}, b"", "", NOW)
    assert own.ADAPTER.read(hit).statements == (Statement("own", "{}"), Statement("own", "no"))


def test_a_pixel_without_a_name_is_refused() -> None:
    assert get(site="demo").refusals == [Refusal.EVENT_UNREADABLE]
    assert get().refusals == [Refusal.NO_EVENTS]
    assert get(e="login", title="x" * 70_000).refusals == [Refusal.EVENT_TOO_LARGE]
