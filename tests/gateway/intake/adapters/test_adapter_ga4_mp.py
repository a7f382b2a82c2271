"""GA4 Measurement Protocol."""

from __future__ import annotations

from typing import Any

import orjson

from consent.words import Statement
from gateway.intake.adapters import ga4_mp
from gateway.intake.hit import Hit, Reading
from gateway.words import Refusal

NOW = 1_795_337_409.0
QUERY = b"measurement_id=G-1&api_secret=test_secret"


def post(body: Any, path: str = "/mp/collect", query: bytes = QUERY) -> Reading:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return ga4_mp.ADAPTER.read(Hit("POST", path, query, {}, raw, "203.0.113.9", NOW))


def codes(body: Any) -> list[tuple[str, str]]:
    answer = post(body, "/debug/mp/collect").answer
    assert answer.status == 200
    return [(found["fieldPath"], found["validationCode"]) for found in orjson.loads(answer.body)["validationMessages"]]


def test_a_servers_address_and_user_agent_are_not_the_visitors() -> None:
    (event,) = post({"client_id": "1.2", "events": [{"name": "login"}]}).events
    assert (event.address, event.user_agent) == ("", "")
    body = {
        "client_id": "1.2",
        "ip_override": "203.0.113.7",
        "user_agent": "Mozilla/5.0",
        "events": [{"name": "login"}],
    }
    (event,) = post(body).events
    assert (event.address, event.user_agent) == ("203.0.113.7", "Mozilla/5.0")


def test_consent_is_a_statement_and_user_data_is_not_taken() -> None:
    consent = {"ad_user_data": "DENIED", "ad_personalization": "GRANTED"}
    reading = post(
        {
            "client_id": "1.2",
            "consent": consent,
            "user_data": {"sha256_email_address": ["x"]},
            "events": [{"name": "a"}],
        }
    )
    assert reading.statements == (Statement("ga4mp_consent", orjson.dumps(consent).decode()),)
    assert reading.events[0].email == ""
    assert reading.events[0].properties == {}


def test_an_app_is_known_by_its_instance() -> None:
    (event,) = post({"app_instance_id": "abc", "events": [{"name": "a", "params": {"ga_session_id": 5}}]}).events
    assert (event.client_id, event.session_id) == ("abc", "abc.5")
    assert post({"events": []}, query=b"firebase_app_id=1:2:web:3&api_secret=s").key == "1:2:web:3"


def test_the_time_of_an_event_beats_the_time_of_the_request() -> None:
    micros = int((NOW - 60) * 1e6)
    reading = post(
        {"timestamp_micros": micros - 60_000_000, "events": [{"name": "a", "timestamp_micros": micros}, {"name": "b"}]}
    )
    assert [event.at for event in reading.events] == [NOW - 60, NOW - 120]


def test_nonsense_is_answered_204_and_counted() -> None:
    for body, reason in (
        (b"", Refusal.BODY_UNREADABLE),
        (b"[]", Refusal.BODY_UNREADABLE),
        (b"{}", Refusal.NO_EVENTS),
        (b'{"events":"x"}', Refusal.NO_EVENTS),
        (b'{"events":[{"name":""}]}', Refusal.EVENT_UNREADABLE),
        (b'{"events":[7]}', Refusal.EVENT_UNREADABLE),
    ):
        reading = post(body)
        assert (reading.refusals, reading.events, reading.answer.status) == ([reason], [], 204)


def test_the_validating_endpoint_finds_what_is_wrong_and_keeps_no_event() -> None:
    assert codes({"client_id": "1.2", "events": [{"name": "login"}]}) == []
    assert codes({"events": []}) == [("client_id", "VALUE_REQUIRED"), ("events", "VALUE_REQUIRED")]
    assert codes(b"nonsense") == [("", "VALUE_INVALID")]
    assert codes({"client_id": "1", "events": [{"name": "a"}] * 26}) == [("events", "EXCEEDED_MAX_ENTITIES")]
    assert codes(
        {
            "client_id": "1",
            "events": [{"name": "✓"}, {"name": "a" * 41, "params": []}, {"name": "b", "params": {"": 1}}],
        }
    ) == [
        ("events[0].name", "NAME_INVALID"),
        ("events[1].name", "VALUE_OUT_OF_BOUNDS"),
        ("events[1].params", "VALUE_INVALID"),
        ("events[2].params", "NAME_INVALID"),
    ]
    reading = post({"client_id": "1", "events": [{"name": "login"}]}, "/debug/mp/collect")
    assert (reading.events, reading.refusals) == ([], [])


def test_validation_names_positions_and_never_values() -> None:
    answer = post({"events": [{"name": "jane.doe@example.com" * 3, "params": "canary"}]}, "/debug/mp/collect").answer
    assert b"jane" not in answer.body
    assert b"canary" not in answer.body
