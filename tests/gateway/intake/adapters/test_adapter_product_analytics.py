"""PostHog, Mixpanel and Amplitude, beyond what the recorded hits show."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest

from gateway.intake.adapters import amplitude, mixpanel, posthog
from gateway.intake.adapters.adapter import Adapter
from gateway.intake.hit import Event, Hit, Reading
from gateway.words import Refusal

NOW = 1_795_337_409.0


def send(adapter: Adapter, path: str, body: Any, query: bytes = b"", **headers: str) -> Reading:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    listed = {name.encode(): value.encode() for name, value in headers.items()}
    return adapter.read(Hit("POST", path, query, listed, raw, "203.0.113.9", NOW))


def only(reading: Reading) -> Event:
    assert reading.refusals == []
    (event,) = reading.events
    return event


def hog(event: str, **properties: object) -> Reading:
    return send(posthog.ADAPTER, "/e/", {"api_key": "k", "batch": [{"event": event, "properties": properties}]})


def test_posthog_reads_one_event_a_list_or_a_batch() -> None:
    one = {"event": "login", "properties": {"token": "k", "distinct_id": "d"}}
    for body in (one, [one], {"api_key": "k", "batch": [one]}):
        reading = send(posthog.ADAPTER, "/e/", body)
        assert (reading.key, only(reading).name, only(reading).client_id) == ("k", "login", "d")


def test_posthog_unwraps_a_form_and_refuses_lz64_with_a_reason() -> None:
    encoded = quote(b64encode(b'{"api_key":"k","batch":[{"event":"login"}]}').decode()).encode()
    assert only(send(posthog.ADAPTER, "/e/", b"data=" + encoded, b"compression=base64")).name == "login"
    reading = send(posthog.ADAPTER, "/e/", b"data=Q0JBQUFB", b"compression=lz64")
    assert (reading.refusals, reading.answer.status) == ([Refusal.BODY_UNREADABLE], 400)


def test_the_constant_id_of_cookieless_mode_is_nobodys() -> None:
    assert only(hog("a", distinct_id="$posthog_cookieless")).client_id == ""


def test_a_person_is_known_by_user_id_only() -> None:
    anonymous = only(hog("a", distinct_id="new", **{"$device_id": "old"}))
    known = only(hog("a", distinct_id="u-1", **{"$device_id": "old", "$user_id": "u-1"}))
    assert (anonymous.client_id, anonymous.user_id) == ("new", "")
    assert (known.client_id, known.user_id) == ("old", "u-1")


@pytest.mark.parametrize("event", ["$identify", "$set", "$create_alias", "$groupidentify", "$set_once", "$delete"])
def test_what_posthog_tells_of_a_person_is_no_event(event: str) -> None:
    reading = hog(event, distinct_id="d")
    assert (reading.events, reading.refusals) == ([], [Refusal.NOT_AN_EVENT])


def test_posthog_v1_is_told_ok_for_every_well_formed_id() -> None:
    uuid = "01a2028c-0d94-75a4-a4ac-c512d9481cdf"
    body = {"batch": [{"event": "a", "uuid": uuid}, {"event": "$set", "uuid": "jane.doe@example.com"}]}
    reading = send(posthog.ADAPTER, "/i/v1/analytics/events", body, authorization="Bearer phc_1")
    assert reading.key == "phc_1"
    assert orjson.loads(reading.answer.body) == {"results": {uuid: {"result": "ok"}}}


def test_posthog_flags_recordings_and_configuration_hold_no_event() -> None:
    flags = send(posthog.ADAPTER, "/flags/", {"token": "k", "distinct_id": "d"})
    assert (flags.key, flags.events, flags.refusals, orjson.loads(flags.answer.body)["flags"]) == ("k", [], [], {})
    assert send(posthog.ADAPTER, "/s/", {"event": "$snapshot"}).refusals == [Refusal.NOT_AN_EVENT]
    config = posthog.ADAPTER.read(Hit("GET", "/array/phc_1/config", b"", {}, b"", "", NOW))
    assert (config.key, orjson.loads(config.answer.body)["hasFeatureFlags"]) == ("phc_1", False)
    assert posthog.ADAPTER.read(Hit("GET", "/e/", b"", {}, b"", "", NOW)).answer.status == 404


def test_posthog_is_not_told_of_surveys_for_it_would_fetch_their_script() -> None:
    config = posthog.ADAPTER.read(Hit("GET", "/array/phc_1/config", b"", {}, b"", "", NOW))
    assert "surveys" not in orjson.loads(config.answer.body)


def test_a_posthog_server_is_not_the_visitor() -> None:
    server, browser = only(hog("a", **{"$lib": "posthog-python"})), only(hog("a", **{"$lib": "web"}))
    assert (server.address, server.user_agent) == ("", "")
    assert (browser.address, browser.user_agent) == (None, None)


MIXED: dict[str, Any] = {"event": "Purchase", "properties": {"token": "k", "distinct_id": "$device:d", "time": NOW - 5}}


def mix(body: bytes, path: str = "/track", query: bytes = b"") -> Reading:
    return send(mixpanel.ADAPTER, path, body, query)


@pytest.mark.parametrize(
    "body",
    [
        urlencode({"data": b64encode(orjson.dumps(MIXED))}).encode(),
        urlencode({"data": orjson.dumps([MIXED])}).encode(),
        b"data=" + b64encode(orjson.dumps([MIXED])),
        orjson.dumps([MIXED]),
        orjson.dumps(MIXED),
    ],
)
def test_mixpanel_reads_every_wrapping(body: bytes) -> None:
    reading = mix(body)
    event = only(reading)
    assert (reading.key, event.name, event.client_id, event.at) == ("k", "purchase", "d", NOW - 5)


def test_mixpanel_lines_of_an_import_are_events_each() -> None:
    reading = mix(orjson.dumps(MIXED) + b"\n{oops\n" + orjson.dumps(MIXED), "/import")
    assert (len(reading.events), reading.refusals) == (2, [Refusal.EVENT_UNREADABLE])
    assert orjson.loads(reading.answer.body)["num_records_imported"] == 3


def test_mixpanel_answers_are_what_its_clients_parse() -> None:
    form = urlencode({"data": orjson.dumps(MIXED)}).encode()
    assert mix(form).answer.body == b"1"
    assert orjson.loads(mix(form, query=b"verbose=1").answer.body) == {"error": None, "status": 1}
    assert orjson.loads(mix(form + b"&verbose=1").answer.body) == {"error": None, "status": 1}
    assert mix(form, query=b"img=1").answer.content_type == b"image/gif"
    assert mix(b"data=***").answer.body == b"1"


def test_mixpanel_operations_on_people_are_no_events_and_one_asks_to_forget() -> None:
    for operation, leavers in (({"$set": {"$email": "x"}}, 0), ({"$delete": ""}, 1), ({"$unset": ["a"]}, 0)):
        body = urlencode({"data": orjson.dumps({"$token": "k", "$distinct_id": "u-1"} | operation)}).encode()
        reading = mix(body, "/engage")
        assert (reading.key, reading.events, reading.refusals) == ("k", [], [Refusal.NOT_AN_EVENT])
        assert [(one.client_id, one.user_id) for one in reading.leavers] == [("u-1", "u-1")] * leavers


def test_a_nest_hidden_in_base64_is_found() -> None:
    deep = b'{"a":' * 60 + b"1" + b"}" * 60
    body = b"data=" + b64encode(b'{"event":"a","properties":{"x":' + deep + b"}}")
    assert mix(body).refusals == [Refusal.BODY_TOO_DEEP]


def amp(event: dict[str, Any], **envelope: object) -> Reading:
    return send(amplitude.ADAPTER, "/2/httpapi", {"api_key": "k", "events": [event]} | envelope)


def test_amplitude_uses_an_address_only_as_it_is_told() -> None:
    def address(**fields: object) -> str | None:
        return only(amp({"event_type": "a", "platform": "Web"} | fields)).address

    assert address(ip="$remote") is None
    assert address(ip="203.0.113.7") == "203.0.113.7"
    assert address() == ""
    assert address(ip="$remote", platform="Node.js", library="amplitude-node/1") == ""


def test_amplitude_corrects_the_clock_and_joins_sessions_to_devices() -> None:
    event = {"event_type": "a", "time": 1_000_000_000_000, "device_id": "d", "session_id": 99, "insert_id": "i-1"}
    found = only(amp(event, client_upload_time="2001-09-09T01:46:50Z"))
    assert (found.at, found.session_id, found.event_id) == (NOW - 10, "d.99", "i-1")
    assert only(amp({"event_type": "a", "session_id": -1})).session_id == ""


def test_amplitude_is_told_that_everything_was_ingested_and_a_400_it_can_parse() -> None:
    reading = amp({"event_type": "$identify", "user_properties": {}})
    assert reading.refusals == [Refusal.NOT_AN_EVENT]
    assert orjson.loads(reading.answer.body)["events_ingested"] == 1
    broken = send(amplitude.ADAPTER, "/2/httpapi", b"{")
    assert (broken.answer.status, orjson.loads(broken.answer.body)["code"]) == (400, 400)
