"""RudderStack, beyond what the recorded hits show."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson

from consent.words import Statement
from gateway.intake.adapters import rudderstack
from gateway.intake.hit import Hit, Reading
from gateway.words import Refusal

NOW = 1_795_337_409.0


def read(path: str, body: Any = None, *, method: str = "POST", query: bytes = b"", **headers: str) -> Reading:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    listed = {name.encode(): value.encode() for name, value in headers.items()}
    return rudderstack.ADAPTER.read(Hit(method, path, query, listed, raw, "203.0.113.9", NOW))


def test_the_header_names_the_visitor_where_the_body_does_not() -> None:
    header = b64encode(b"anon-1").decode()
    assert read("/v1/track", {"event": "a"}, anonymousid=header).events[0].client_id == "anon-1"
    assert (
        read("/v1/track", {"event": "a", "anonymousId": "anon-2"}, anonymousid=header).events[0].client_id == "anon-2"
    )
    assert read("/v1/track", {"event": "a"}, anonymousid="%%%").events[0].client_id == ""


def test_consent_management_is_the_events_statement() -> None:
    said = {"allowedConsentIds": ["C0001"], "deniedConsentIds": []}
    (event,) = read("/v1/track", {"event": "a", "context": {"consentManagement": said}}).events
    assert event.statements == (Statement("rudderstack_consent", orjson.dumps(said).decode()),)


def test_the_beacon_names_its_key_in_the_query() -> None:
    reading = read("/beacon/v1/batch", {"batch": [{"type": "track", "event": "a"}]}, query=b"writeKey=wk")
    assert (reading.key, len(reading.events), reading.answer.body) == ("wk", 1, b"OK")


def test_a_pixel_is_an_event_with_plain_or_json_properties() -> None:
    query = b"writeKey=wk&anonymousId=a&event=Product+Viewed&properties.sku=SKU-1&properties=%7B%22price%22%3A9.5%7D"
    reading = read("/pixel/v1/track", b"", method="GET", query=query)
    (event,) = reading.events
    assert (event.name, event.client_id, event.properties) == (
        "product_view",
        "a",
        {"price": 9.5, "product_id": "SKU-1"},
    )
    assert reading.answer.content_type == b"image/gif"
    assert read("/pixel/v1/page", b"", method="GET", query=b"writeKey=wk").events[0].name == "page_view"


def test_a_request_to_set_cookies_is_heard_and_not_followed() -> None:
    body = {"reqType": "setCookies", "data": {"cookies": [{"name": "rl_anonymous_id", "value": "x"}]}}
    reading = read("/rsaRequest", body)
    assert (reading.events, reading.refusals, reading.answer.status) == ([], [], 200)


def test_the_configuration_boots_the_library_for_a_plausible_key_only() -> None:
    reading = read("/sourceConfig/", b"", method="GET", query=b"writeKey=wk_1")
    assert orjson.loads(reading.answer.body)["source"]["writeKey"] == "wk_1"
    assert read("/sourceConfig/", b"", method="GET", query=b"writeKey=%3Cb%3E").answer.status == 404


def test_only_a_body_that_is_no_json_is_answered_400() -> None:
    assert read("/v1/batch", b"{").answer.status == 400
    assert read("/v1/batch", {"batch": []}).refusals == [Refusal.NO_EVENTS]
    assert read("/v1/batch", {"batch": []}).answer.status == 200
