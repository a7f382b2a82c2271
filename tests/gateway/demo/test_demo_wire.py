"""What goes over the wire is what happened: read back with the gateway's own adapters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from gateway.demo.journeys import journey
from gateway.demo.people import DAY_S
from gateway.demo.traffic import Plan, traffic
from gateway.demo.truth import Truth
from gateway.demo.wire import ga4, own, requests, segment
from gateway.demo.wire.bad import BAD, broken
from gateway.demo.words import SENT_AT, Happening, Journey, Line, Protocol, Request, Stance
from gateway.intake.adapters import claim
from gateway.intake.hit import Event, Hit, Reading
from gateway.intake.vocabulary import event_name
from gateway.words import Refusal

NOW = 1_795_339_145.0
JOURNEYS = [journey(3, index, 14, NOW) for index in range(300)]


def _hit(request: Request) -> Hit:
    path, _, query = request.target.partition("?")
    lines = [line.partition(b": ") for line in request.head.split(b"\r\n") if line]
    headers = {name.lower(): value for name, _, value in lines}
    body = request.body.replace(SENT_AT, b"2026-11-22T09:19:05.000Z")  # NOW, as the sender writes it
    return Hit(request.method, path, query.encode(), headers, body, "", NOW)


def _read(request: Request) -> Reading:
    hit = _hit(request)
    adapter = claim(hit.method, hit.path, hit.body)
    assert adapter is not None, request.target
    return adapter.read(hit)


def _pairs(protocol: Protocol) -> Iterator[tuple[Journey, list[Happening], list[Event]]]:
    """Journeys with what happened and what the gateway reads of it, in the order of happening per way of sending."""
    for made in JOURNEYS:
        if made.person.protocol is protocol:
            happened = [happening for visit in made.visits for happening in visit.happenings]
            read = [event for request in requests(made) for event in _read(request).events]
            yield made, happened, read


@pytest.mark.parametrize("protocol", Protocol)
def test_the_gateway_reads_every_happening_once_and_in_order(protocol: Protocol) -> None:
    for _, happened, read in _pairs(protocol):
        assert [happening.name for happening in happened] == [event.name for event in read]


@pytest.mark.parametrize("protocol", [Protocol.OWN, Protocol.SEGMENT])
def test_times_ids_and_sessions_survive_where_the_protocol_has_them(protocol: Protocol) -> None:
    for made, happened, read in _pairs(protocol):
        assert [happening.at for happening in happened] == pytest.approx([event.at for event in read], abs=0.0011)
        assert [happening.event_id for happening in happened] == [event.event_id for event in read]
        assert {made.person.client_id} == {event.client_id for event in read}


def test_ga4_happens_when_it_arrives_but_letters_keep_their_time() -> None:
    for _, happened, read in _pairs(Protocol.GA4):
        for happening, event in zip(happened, read, strict=True):
            assert event.at == pytest.approx(NOW if happening.page.url else happening.at, abs=0.0011)


def test_the_events_that_a_request_promises_are_read_out_of_it() -> None:
    for made in JOURNEYS:
        for request in requests(made):
            reading = _read(request)
            assert request.events == len(reading.events) + len(reading.refusals), request.target


def test_only_calls_that_identify_a_person_are_no_events() -> None:
    refused = Counter(refusal for made in JOURNEYS for request in requests(made) for refusal in _read(request).refusals)

    assert set(refused) == {Refusal.NOT_AN_EVENT}


@pytest.mark.parametrize("protocol", Protocol)
def test_orders_keep_their_money_and_their_sellers(protocol: Protocol) -> None:
    orders = 0
    for _, happened, read in _pairs(protocol):
        for happening, event in zip(happened, read, strict=True):
            if happening.name != "purchase":
                continue
            orders += 1
            for name in ("order_id", "value", "currency", "tax", "shipping"):
                assert happening.properties[name] == event.properties[name], name
            assert [_of_line(line) for line in happening.lines] == [_of_item(item) for item in event.items]
    assert orders > 3


def _of_line(line: Line) -> tuple[object, ...]:
    return line.product.product_id, line.product.seller_id, line.price_cents / 100, line.quantity


def _of_item(item: dict[str, Any]) -> tuple[object, ...]:
    return item["product_id"], item["seller_id"], item["price"], item["quantity"]


@pytest.mark.parametrize("protocol", Protocol)
def test_a_product_is_named_with_its_seller_and_price_in_every_protocol(protocol: Protocol) -> None:
    for _, happened, read in _pairs(protocol):
        for happening, event in zip(happened, read, strict=True):
            if happening.name == "product_view":
                for name in ("product_id", "seller_id", "category", "price", "currency"):
                    assert happening.properties[name] == event.properties[name], name


def test_the_names_of_ga4_and_segment_are_known_to_the_gateways_vocabulary() -> None:
    for name in {happening.name for made in JOURNEYS for visit in made.visits for happening in visit.happenings}:
        assert name == event_name(ga4.NAMES.get(name, name))
        assert name == event_name(segment.spec_name(name))


def test_our_own_consent_object_tells_choice_and_time_and_an_assumed_yes_is_no_choice() -> None:
    said = {}
    for made in JOURNEYS:
        for visit in made.visits:
            for happening in visit.happenings:
                key = (happening.choice.stance, made.person.assumed_yes)
                said[key] = own.consent(made.person, happening.choice)

    assert said[Stance.NO_ANSWER, False] == {"choice": "none"}
    assert said[Stance.NO_ANSWER, True]["choice"] == "default"
    assert said[Stance.COUNTING, False]["purposes"] == {
        "counting": True, "analytics": False, "personalise": False, "ad_measurement": False, "ad_targeting": False
    }  # fmt: skip
    assert said[Stance.YES, False]["at"].endswith("Z")


def test_a_batch_of_our_own_lets_an_event_from_before_the_answer_carry_its_own_consent() -> None:
    mixed = 0
    for made in JOURNEYS:
        if made.person.protocol is not Protocol.OWN:
            continue
        for request in requests(made):
            if request.method == "POST":
                body = json.loads(request.body)
                mixed += any("consent" in event for event in body["events"])
    assert mixed > 10


def test_ga4_never_mixes_two_choices_in_one_hit() -> None:
    for made in JOURNEYS:
        if made.person.protocol is Protocol.GA4:
            for request in requests(made):
                names = [event.name for event in _read(request).events]
                assert "consent_update" not in names[1:], names


def test_every_kind_of_bad_hit_is_made_and_none_can_become_a_fact() -> None:
    """It has no event, or no yes, or (with a yes) a time that no gateway takes."""
    seen = set()
    lots = Random(5)
    for _ in range(1500):
        request = broken(lots, NOW)
        seen.add(request.bad)
        hit = _hit(request)
        adapter = claim(hit.method, hit.path, hit.body)
        for event in adapter.read(hit).events if adapter else ():
            assert abs(event.at - NOW) >= DAY_S or b'"explicit"' not in request.body, request.bad
    assert seen == {name for name, _, _ in BAD}


def test_one_hit_in_fifty_is_bad() -> None:
    truth = Truth()
    sent = [request for requests_ in traffic(Plan(300, 3, 14, NOW), truth) for request in requests_]

    assert 0.015 < sum(bool(request.bad) for request in sent) / len(sent) < 0.025


def test_the_same_seed_sends_the_same_bytes_and_more_visitors_only_add() -> None:
    few = list(traffic(Plan(20, 3, 14, NOW), Truth()))
    more = list(traffic(Plan(40, 3, 14, NOW), Truth()))

    assert few == more[:20]
    assert few != list(traffic(Plan(20, 4, 14, NOW), Truth()))


def test_people_who_object_send_the_signal_with_every_hit_of_their_browser() -> None:
    objecting = [made for made in JOURNEYS if made.person.objects]
    heads = [request.head for made in objecting for request in requests(made) if b"Origin" in request.head]

    assert heads
    assert all(b"Sec-GPC: 1\r\n" in head for head in heads)
