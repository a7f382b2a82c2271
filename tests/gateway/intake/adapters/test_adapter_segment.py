"""Segment, beyond what the recorded hits show."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
import pytest

from gateway.intake.adapters import segment
from gateway.intake.hit import Hit, Reading
from gateway.words import Refusal

NOW = 1_795_337_409.0


def post(body: Any, path: str = "/v1/t", headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reading:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return segment.ADAPTER.read(Hit("POST", path, b"", dict(headers), raw, "203.0.113.9", NOW))


def basic(user: str) -> tuple[bytes, bytes]:
    return b"authorization", b"Basic " + b64encode(f"{user}:".encode())


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/v1/t", {"event": "Product Viewed"}, "product_view"),
        ("/v1/track", {"event": "Order Completed"}, "purchase"),
        ("/v1/p", {"anonymousId": "a"}, "page_view"),
        ("/v1/page", {"anonymousId": "a"}, "page_view"),
        ("/v1/s", {"anonymousId": "a"}, "screen_view"),
        ("/v1/batch", {"type": "page"}, "page_view"),
    ],
)
def test_the_path_names_the_call_where_the_body_does_not(path: str, body: dict[str, Any], name: str) -> None:
    assert [event.name for event in post(body, path).events] == [name]


@pytest.mark.parametrize("path", ["/v1/i", "/v1/g", "/v1/a", "/v1/identify", "/v1/group", "/v1/alias"])
def test_a_call_about_a_person_is_no_event(path: str) -> None:
    reading = post({"userId": "u", "traits": {"email": "jane.doe@example.com"}}, path)
    assert (reading.events, reading.refusals) == ([], [Refusal.NOT_AN_EVENT])
    assert reading.answer.body == b'{"success":true}'


def test_the_write_key_of_the_body_or_else_of_basic_authorization_is_the_key() -> None:
    assert post({"event": "a", "writeKey": "wk"}, headers=(basic("other"),)).key == "wk"
    assert post({"event": "a"}, headers=(basic("wk"),)).key == "wk"
    for header in (b"Basic ***", b"Basic /w==", b"Bearer abc", b""):
        assert post({"event": "a"}, headers=((b"authorization", header),)).key == ""


def test_a_wrong_clock_is_corrected_by_its_own_reading() -> None:
    """The device is a day slow; the event happened five seconds before it was sent."""
    body = {"event": "a", "timestamp": "2026-11-21T08:50:00Z", "sentAt": "2026-11-21T08:50:05Z"}
    assert post(body).events[0].at == NOW - 5
    batch = {
        "batch": [{"type": "track", "event": "a", "timestamp": "2026-11-21T08:50:00Z"}],
        "sentAt": "2026-11-21T08:50:05Z",
    }
    assert post(batch, "/v1/batch").events[0].at == NOW - 5


def test_a_time_after_it_was_sent_or_none_is_the_time_of_receipt() -> None:
    assert (
        post({"event": "a", "timestamp": "2026-11-21T08:50:09Z", "sentAt": "2026-11-21T08:50:05Z"}).events[0].at == NOW
    )
    assert post({"event": "a", "sentAt": "2026-11-21T08:50:05Z"}).events[0].at == NOW
    assert post({"event": "a", "timestamp": "2026-11-22T08:49:09Z"}).events[0].at == NOW - 60


def test_a_browser_is_its_own_sender_and_a_server_is_not() -> None:
    browser = {"event": "a", "context": {"library": {"name": "analytics.js"}}}
    server = {"event": "a", "context": {"library": {"name": "analytics-python"}}}
    assert (post(browser).events[0].address, post(browser).events[0].user_agent) == (None, None)
    assert (post(server).events[0].address, post(server).events[0].user_agent) == ("", "")
    assert post({"event": "a"}).events[0].address == ""


def test_what_was_paid_is_the_value_and_revenue_only_where_nothing_else_is() -> None:
    both = post({"event": "Order Completed", "properties": {"revenue": 99.99, "total": 124.25}}).events[0].properties
    alone = post({"event": "Order Completed", "properties": {"revenue": 99.99}}).events[0].properties
    assert (both["value"], alone["value"]) == (124.25, 99.99)


def test_a_bare_id_is_what_the_event_is_about() -> None:
    def identified(event: str) -> dict[str, Any]:
        return post({"event": event, "properties": {"id": "X"}}).events[0].properties

    assert identified("Product Viewed")["product_id"] == "X"
    assert identified("Order Completed")["order_id"] == "X"
    assert identified("Something Else") == {"id": "X"}


def test_filters_and_sorting_are_read_from_their_lists() -> None:
    properties = {"filters": [{"type": "colour", "value": "blue"}, {"type": "size"}], "sorts": [{"type": "price"}]}
    found = post({"event": "Product List Filtered", "properties": properties}).events[0]
    assert found.name == "filter_apply"
    assert found.properties == {"filter_name": "colour", "filter_value": "blue", "sort_by": "price"}


def test_metrics_of_the_library_are_no_events() -> None:
    reading = post({"series": [{"type": "Counter", "metric": "x", "value": 1}]}, "/v1/m")
    assert (reading.events, reading.refusals, reading.answer.status) == ([], [], 200)


def test_settings_boot_the_library_for_a_plausible_key_only() -> None:
    def settings(path: str) -> Reading:
        return segment.ADAPTER.read(Hit("GET", path, b"", {}, b"", "", NOW))

    reading = settings("/v1/projects/wk_Test-1/settings")
    assert (reading.key, reading.answer.status) == ("wk_Test-1", 200)
    assert orjson.loads(reading.answer.body)["integrations"]["Segment.io"]["apiKey"] == "wk_Test-1"
    assert (reading.events, reading.refusals) == ([], [])
    for path in (
        "/v1/projects/%3Cscript%3E/settings",
        "/v1/projects//settings",
        "/v1/projects/wk",
        f"/v1/projects/{'k' * 101}/settings",
    ):
        assert settings(path).answer.status == 404


def test_only_a_body_that_is_no_json_is_answered_400() -> None:
    assert post(b"{").answer.status == 400
    bodies: tuple[Any, ...] = (
        {},
        [],
        {"batch": []},
        {"batch": [1]},
        {"event": ""},
        {"event": "x", "properties": {"a": "x" * 70_000}},
    )
    for body in bodies:
        assert post(body, "/v1/batch").answer.status == 200
        assert len(post(body, "/v1/batch").refusals) == 1
