"""Drafts of contracts out of what was seen: they pass the check, and hold names and types, never a value."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import date

import orjson
import pytest

from gateway.intake.adapters import claim
from gateway.intake.contracts import Contracts, read_contracts, starter_contracts
from gateway.intake.contracts.tools.drafts import draft
from gateway.intake.contracts.tools.findings import Weight
from gateway.intake.contracts.tools.lint import lint
from gateway.intake.contracts.tools.recordings import UnreadableRecording, read_recordings
from gateway.intake.contracts.tools.sightings import Sightings, is_name
from gateway.intake.contracts.words import Status, Terms, Type
from gateway.intake.hit import Hit
from tests.canaries import CANARY, Canaries
from tests.gateway.intake.contracts.contracts_written import entry, read
from tests.hits.golden import clients, read_hit, requests
from tests.recorded import Recorded, recorded

STARTERS = read_contracts(starter_contracts())
NONE = Contracts({})
TODAY = date(2026, 11, 22)


def recordings() -> Iterator[bytes]:
    for client in clients():
        yield from (orjson.dumps(request) for request in requests(client))


def learned(*lines: bytes, known: Contracts = STARTERS) -> str:
    sightings = Sightings()
    read_recordings(lines, sightings)
    return draft(sightings, known, TODAY)


def sent(events: list[dict[str, object]]) -> bytes:
    body = base64.b64encode(orjson.dumps({"site": "demo", "events": events})).decode()
    return orjson.dumps({"method": "POST", "path": "/collect", "query": "", "headers": [], "body_b64": body})


def only(text: str) -> Terms:
    (terms,) = read_contracts({"drafts.yml": text.encode()})
    return terms


@pytest.mark.parametrize("known", [STARTERS, NONE], ids=["beside the starters", "of everything"])
def test_drafts_of_all_recorded_hits_pass_the_check(known: Contracts) -> None:
    drafts = read_contracts({"drafts.yml": learned(*recordings(), known=known).encode()})
    assert len(drafts) > 100
    assert all(terms.status is Status.DRAFT for terms in drafts)
    assert [found for found in lint(drafts) if found.weight is Weight.ERROR] == []


def test_drafts_stand_beside_the_contracts_that_were_known() -> None:
    together = read_contracts({**starter_contracts(), "drafts.yml": learned(*recordings()).encode()})
    assert [found for found in lint(together) if found.weight is Weight.ERROR] == []


def test_no_value_of_any_hit_stands_in_a_draft() -> None:
    canaries, sightings, carried = Canaries(7), Sightings(), set()
    for request in recorded("*.jsonl"):
        planted = canaries.plant(request)
        read_recordings([as_line(planted)], sightings)
        carried |= carried_canaries(planted)
    text = draft(sightings, NONE, TODAY)
    assert text.count("status: draft") > 100
    assert len(carried) > 1000  # what adapters read out of the hits, and drafts could have written down
    assert CANARY.findall(text.encode()) == []


def as_line(request: Recorded) -> bytes:
    path, _, query = request.target.partition("?")
    headers = [pair for pair in request.headers if pair[0].lower() != "content-encoding"]
    told = {"method": request.method, "path": path, "query": query, "headers": headers}
    return orjson.dumps(told | {"body_b64": base64.b64encode(request.body).decode()})


def carried_canaries(request: Recorded) -> set[bytes]:
    path, _, query = request.target.partition("?")
    hit = Hit(request.method, path, query.encode(), {}, request.body, "", 0.0)
    adapter = claim(hit.method, hit.path, hit.body)
    events = adapter.read(hit).events if adapter is not None else []
    return set(CANARY.findall(" ".join(f"{event.properties} {event.items}" for event in events).encode()))


def test_no_text_that_a_recorded_property_held_stands_in_a_draft() -> None:
    held, names = set(), set()
    for client in clients():
        for request in requests(client):
            hit = read_hit(request)
            adapter = claim(hit.method, hit.path, hit.body)
            for event in adapter.read(hit).events if adapter is not None else ():
                held |= {text for text in event.properties.values() if isinstance(text, str) and len(text) > 5}
                names |= {event.name, *event.properties}
    text = learned(*recordings(), known=NONE)
    assert len(held) > 50
    assert [value for value in held if value in text and value not in " ".join(names)] == []


def test_a_draft_says_names_types_and_how_often() -> None:
    properties = {"watts": 5, "colour_name": "ink-canary", "is_lit": True, "height": 1.5, "price": "9.90"}
    more = {"watts": 5.5, "colour_name": 7}
    text = learned(
        sent([{"event": "Lamp Turned", "properties": properties}, {"event": "lamp_turned", "properties": more}])
    )
    terms = only(text)
    assert (terms.name, terms.owner, terms.status) == ("lamp_turned", "nobody", Status.DRAFT)
    assert "(count: 2)" in terms.say
    types = {name: (rule.type, rule.category) for name, rule in terms.properties.items()}
    assert types == {
        "watts": (Type.NUMBER, "user"),
        "colour_name": (Type.STRING, "user"),
        "is_lit": (Type.BOOLEAN, "user"),
        "height": (Type.NUMBER, "user"),
        "price": (Type.NUMBER, "user.behavior"),  # as the dictionary of the contracts that are known says
    }
    assert terms.properties["price"].high == STARTERS.terms["product_view"].properties["price"].high


def test_what_a_contract_knows_is_not_drafted_again() -> None:
    line = sent([{"event": "wishlist_add"}, {"event": "wishlist_add.lamp"}, {"event": "lamp_turn"}])
    assert learned(line, known=read(entry("lamp_turn", status="draft"), entry("wishlist_add"))) == ""


def test_what_sounds_personal_is_named_and_left_out() -> None:
    text = learned(sent([{"event": "lamp_turn", "properties": {"contact_email": "a@b.example", "watts": 5}}]))
    assert "# contact_email sounds personal (user.contact.email) and was left out" in text
    assert set(only(text).properties) == {"watts"}


@pytest.mark.parametrize(
    "name",
    [
        "jane_doe.example.org",
        "order_20261122",
        "a" * 65,
        "größe",
        "4711",
        "_a",
        "a..b",
        "user_cnry0123456789",
        "cnry23e21b9d76",
        "b4711",
        "",
    ],
)
def test_a_name_that_may_be_somebodys_is_counted_and_not_kept(name: str) -> None:
    assert not is_name(name)
    sightings = Sightings()
    sightings.see(name, {})
    sightings.see("lamp_turn", {name: 1})
    assert sightings.unnamed == 2
    assert f" {name}:" not in draft(sightings, NONE, TODAY)


@pytest.mark.parametrize("line", [b"{", b"[]", b"7", b'{"method": "GET"}', b'{"headers": 5}', b"\xff"])
def test_a_line_that_is_no_recorded_hit_is_named_by_its_number_alone(line: bytes) -> None:
    with pytest.raises(UnreadableRecording) as caught:
        read_recordings([b"", sent([]), line], Sightings())
    assert str(caught.value) == "line 3 is no recorded hit"
