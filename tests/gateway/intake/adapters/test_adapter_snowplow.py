"""Snowplow, beyond what the recorded hits show."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import orjson
import pytest

from consent.words import Statement
from gateway.intake.adapters import snowplow
from gateway.intake.hit import Event, Hit, Reading
from gateway.words import Refusal

NOW = 1_795_337_409.0
UNSTRUCT = "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"


def post(*events: Any, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reading:
    raw = orjson.dumps(
        {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": list(events)}
    )
    return snowplow.ADAPTER.read(Hit("POST", "/com.example/v1", b"", dict(headers), raw, "203.0.113.9", NOW))


def describe(schema: str, **fields: object) -> dict[str, str]:
    told = {"schema": UNSTRUCT, "data": {"schema": schema, "data": fields}}
    return {"e": "ue", "tv": "js-4", "ue_pr": orjson.dumps(told).decode()}


def only(reading: Reading) -> Event:
    assert reading.refusals == []
    (event,) = reading.events
    return event


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({"e": "pv"}, "page_view"),
        ({"e": "pp"}, "user_engagement"),
        ({"e": "se", "se_ca": "Wishlist", "se_ac": "add"}, "wishlist_add"),
        ({"e": "tr", "tr_id": "1"}, "purchase"),
        ({"e": "ti", "ti_id": "1"}, "transaction_item"),
        (describe("iglu:com.example/quiz_started/jsonschema/1-0-0"), "quiz_start"),
        (describe("iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1"), "click"),
    ],
)
def test_every_kind_of_event_has_a_name(raw: dict[str, str], name: str) -> None:
    assert only(post(raw)).name == name


@pytest.mark.parametrize(
    "raw", [{}, {"e": "xx"}, {"e": "ue"}, {"e": "ue", "ue_pr": "{"}, {"e": "ue", "ue_px": "***"}, {"e": "se"}]
)
def test_an_event_that_tells_nothing_is_refused_and_its_neighbours_are_read(raw: dict[str, str]) -> None:
    reading = post({"e": "pv"}, raw)
    assert (len(reading.events), reading.refusals) == (1, [Refusal.EVENT_UNREADABLE])


def test_json_inside_json_may_not_be_a_nest() -> None:
    for deep in ("[" * 50_000, '{"data":' * 40 + "{}" + "}" * 40):
        assert post({"e": "ue", "ue_pr": deep}).refusals == [Refusal.EVENT_UNREADABLE]
        assert post({"e": "pv", "co": deep}).events[0].items == []


def test_base64_with_and_without_padding_in_either_alphabet() -> None:
    told = orjson.dumps({"data": {"schema": "iglu:c/fav/jsonschema/1-0-0", "data": {"text": "ü?>~"}}})
    for encoded in (
        urlsafe_b64encode(told).decode().rstrip("="),
        urlsafe_b64encode(told).decode().replace("-", "+").replace("_", "/"),
    ):
        assert only(post({"e": "ue", "ue_px": encoded})).properties == {"text": "ü?>~"}


def test_legacy_commerce_is_a_purchase_with_its_amounts() -> None:
    raw = {"e": "tr", "tr_id": "O-1", "tr_tt": "124.25", "tr_tx": "19.84", "tr_sh": "x", "tr_cu": "EUR"}
    assert only(post(raw)).properties == {"order_id": "O-1", "currency": "EUR", "value": 124.25, "tax": 19.84}


def test_the_visitors_choice_and_anonymity_are_statements() -> None:
    schema = "iglu:com.snowplowanalytics.snowplow/consent_preferences/jsonschema/1-0-0"
    reading = post(describe(schema, eventType="deny_all"), headers=((b"sp-anonymous", b"*"),))
    anonymous = Statement("sp-anonymous", "*")
    assert reading.statements == (anonymous,)
    assert only(reading).statements == (anonymous, Statement("snowplow_consent", '{"eventType":"deny_all"}'))
    withdrawn = only(post(describe("iglu:com.snowplowanalytics.snowplow/consent_withdrawn/jsonschema/1-0-0", all=True)))
    assert (withdrawn.name, withdrawn.statements) == (
        "consent_update",
        (Statement("snowplow_consent", '{"eventType":"withdrawn"}'),),
    )


def test_a_servers_address_and_user_agent_are_not_the_visitors() -> None:
    device, server = only(post({"e": "pv", "tv": "js-4"})), only(post({"e": "pv", "tv": "py-1.0"}))
    assert (device.address, device.user_agent) == (None, None)
    assert (server.address, server.user_agent) == ("", "")
    told = only(post({"e": "pv", "tv": "py-1.0", "ip": "203.0.113.7", "ua": "Mozilla/5.0"}))
    assert (told.address, told.user_agent) == ("203.0.113.7", "Mozilla/5.0")


def test_the_true_time_beats_the_devices() -> None:
    assert only(post({"e": "pv", "ttm": "1795337000000", "dtm": "1", "stm": "2"})).at == 1_795_337_000.0
    assert only(post({"e": "pv", "dtm": "1000000005000", "stm": "1000000007500"})).at == NOW - 2.5


def test_a_payload_without_events_is_counted_as_one_refusal() -> None:
    assert post().refusals == [Refusal.NO_EVENTS]
    assert snowplow.ADAPTER.read(Hit("GET", "/i", b"", {}, b"", "", NOW)).refusals == [Refusal.NO_EVENTS]
    assert snowplow.ADAPTER.read(Hit("POST", "/a/b", b"", {}, b"{", "", NOW)).refusals == [Refusal.BODY_UNREADABLE]
