"""Matomo, beyond what the recorded hits show."""

from __future__ import annotations

from urllib.parse import urlencode

import orjson
import pytest

from consent.words import Statement
from gateway.intake.adapters import matomo
from gateway.intake.hit import Event, Hit, Reading
from gateway.words import Refusal
from tests.inside import inside

NOW = 1_795_337_409.0


def read(query: bytes = b"", body: bytes = b"") -> Reading:
    return matomo.ADAPTER.read(Hit("POST", "/matomo.php", query, {}, body, "203.0.113.9", NOW))


def only(**fields: object) -> Event:
    reading = read(urlencode({"idsite": 7, "rec": 1} | fields).encode())
    assert reading.refusals == []
    (event,) = reading.events
    return event


BULK_FORMS = {
    "query strings": b'{"requests":["?idsite=1&rec=1&action_name=a","?idsite=1&rec=1&e_c=Cart&e_a=add"]}',
    "absolute URLs": b'{"requests":["https://t.example/matomo.php?idsite=1&rec=1","http://x/?idsite=1&e_c=Cart&e_a=add"]}',
    "objects": b'{"requests":[{"idsite":1,"rec":1},{"idsite":"1","e_c":"Cart","e_a":"add"}]}',
    "form fields": b"requests=https%3A%2F%2Ft.example%2F%3Fidsite%3D1&requests=%3Fidsite%3D1%26e_c%3DCart%26e_a%3Dadd",
}


@pytest.mark.parametrize("form", BULK_FORMS)
def test_a_bulk_is_read_in_every_form(form: str) -> None:
    reading = read(body=BULK_FORMS[form])
    assert [event.name for event in reading.events] == ["page_view", "add_to_cart"]
    assert orjson.loads(reading.answer.body) == {"status": "success", "tracked": 2, "invalid": 0, "invalid_indices": []}


def test_one_bad_hit_never_sinks_its_bulk() -> None:
    found: list[object] = ["?idsite=1"] * 50 + [7, None, "?x=1", []] + ["?idsite=1"] * 50
    reading = read(body=orjson.dumps({"requests": found}))
    assert (len(reading.events), reading.refusals) == (100, [Refusal.EVENT_UNREADABLE] * 4)
    assert orjson.loads(reading.answer.body)["invalid_indices"] == [50, 51, 52, 53]


def test_hits_beyond_the_limit_are_counted() -> None:
    reading = read(body=orjson.dumps({"requests": ["?idsite=1"] * 503}))
    assert (len(reading.events), reading.refusals) == (500, [Refusal.TOO_MANY_EVENTS] * 3)


def test_consent_is_a_statement_of_the_event() -> None:
    assert only(consent=1).statements == (Statement("matomo_consent", "1"),)
    assert only().statements is None


def test_a_server_is_believed_about_time_and_address_only_with_its_token() -> None:
    told = {"cip": "203.0.113.7", "cdt": "2026-11-22 08:00:00", "ua": "Mozilla/5.0"}
    trusted, other = only(token_auth="secret", **told), only(**told)
    assert (trusted.address, trusted.user_agent, trusted.at) == ("203.0.113.7", "Mozilla/5.0", 1_795_334_400.0)
    assert (other.address, other.user_agent, other.at) == (None, None, NOW)
    assert "secret" not in repr(inside(trusted))


def test_a_cart_is_no_purchase_and_a_goal_is_neither() -> None:
    assert only(idgoal=0, revenue=5).name == "cart_update"
    assert only(idgoal=0, ec_id="O-1", revenue=5).name == "purchase"
    goal = only(idgoal=3, revenue="12.5")
    assert (goal.name, goal.properties) == ("goal", {"value": 12.5, "goal_id": "3"})


def test_items_are_lists_of_five_parts() -> None:
    event = only(idgoal=0, ec_id="O-1", ec_items='[["S1","Lamp",["Light","Floor"],"9.5",2],["S2"],7,[[],{}]]')
    assert event.items == [
        {"product_id": "S1", "name": "Lamp", "category": "Light/Floor", "price": "9.5", "quantity": 2},
        {"product_id": "S2"},
        {},
    ]


def test_what_is_no_hit_is_refused() -> None:
    assert read().refusals == [Refusal.NO_EVENTS]
    assert read(b"rec=1").refusals == [Refusal.EVENT_UNREADABLE]
    assert read(b"idsite=1&action_name=" + b"x" * 70_000).refusals == [Refusal.EVENT_TOO_LARGE]
    assert read(body=b'{"requests":7}').refusals == [Refusal.NO_EVENTS]


def test_the_answer_is_a_pixel_unless_none_is_wanted() -> None:
    assert read(b"idsite=1").answer.content_type == b"image/gif"
    assert read(b"idsite=1&send_image=0").answer.status == 204
