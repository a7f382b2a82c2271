"""The truth adds up, and says what a counting by hand says."""

from __future__ import annotations

import json

from gateway.demo.journeys import journey
from gateway.demo.traffic import Plan, traffic
from gateway.demo.truth import FUNNEL, Truth, is_fact, is_recognised, reached
from gateway.demo.words import Choice, Happening, Page, Protocol, Stance

NOW = 1_795_339_145.0
PLAN = Plan(400, 2, 14, NOW)


def _whole() -> Truth:
    truth = Truth()
    for _ in traffic(PLAN, truth):
        pass
    return truth


TRUTH = _whole()


def _happening(name: str, stance: Stance = Stance.YES) -> Happening:
    return Happening(name, 0.0, "", Page("", "", ""), Choice(stance), {})


def test_a_funnel_counts_steps_in_their_order_only() -> None:
    steps = ["add_to_cart", "product_view", "purchase", "add_to_cart", "begin_checkout"]

    assert reached([_happening(name) for name in steps]) == ["product_view", "add_to_cart", "begin_checkout"]
    assert reached([_happening("purchase")]) == []


def test_only_a_fresh_explicit_yes_makes_a_fact_and_only_our_tag_can_ask_to_be_merely_counted() -> None:
    people = {journey(2, index, 14, NOW).person.protocol: journey(2, index, 14, NOW).person for index in range(30)}
    facts = {
        (protocol, stance)
        for protocol, person in people.items()
        for stance in Stance
        if is_fact(person, _happening("page_view", stance))
    }

    assert facts == {
        *((protocol, stance) for protocol in Protocol for stance in (Stance.YES, Stance.MEASURING)),
        (Protocol.OWN, Stance.COUNTING),
    }
    assert not is_recognised(people[Protocol.OWN], _happening("page_view", Stance.COUNTING))
    assert not is_fact(people[Protocol.OWN], _happening("first_visit", Stance.COUNTING))


def test_every_book_is_part_of_the_one_before() -> None:
    sent, facts, recognised = TRUTH.sent, TRUTH.facts, TRUTH.recognised

    assert sent.names.total() > facts.names.total() > recognised.names.total() > 0
    assert facts.names <= sent.names
    assert recognised.names <= facts.names


def test_each_break_down_sums_to_the_whole() -> None:
    for book in (TRUTH.sent, TRUTH.facts, TRUTH.recognised):
        whole = book.names.total()
        assert book.adapters.total() == book.countries.total() == book.days.total() == whole
        told = book.whole()
        for dimension in ("revenue_by_campaign", "revenue_by_channel", "revenue_by_seller"):
            for currency, amount in told["revenue"].items():
                summed = sum(by_currency.get(currency, 0) for by_currency in told[dimension].values())
                assert round(summed, 2) == amount, dimension


def test_the_funnel_narrows_and_a_visitor_reaches_at_least_what_one_of_their_visits_does() -> None:
    for book in (TRUTH.sent, TRUTH.recognised):
        told = book.whole()["funnel"]
        for funnel in (told["visitors"], *told["sessions_by_protocol"].values()):
            steps = [funnel[step] for step in FUNNEL]
            assert steps == sorted(steps, reverse=True)
            assert steps[0] > 0
        assert book.visitors >= told["visitors"]["product_view"]
        for protocol, funnel in told["sessions_by_protocol"].items():
            assert funnel["product_view"] <= book.names["product_view"], protocol


def test_the_truth_equals_a_count_by_hand() -> None:
    visits = [
        (made.person, visit)
        for index in range(PLAN.visitors)
        for made in [journey(2, index, 14, NOW)]
        for visit in made.visits
    ]
    carts_kept = sum(
        happening.name == "add_to_cart" and is_fact(person, happening)
        for person, visit in visits
        for happening in visit.happenings
    )
    boards = [visit for _, visit in visits if any(happening.name == "mood_board_add" for happening in visit.happenings)]

    assert carts_kept == TRUTH.facts.counts()["by_event"]["add_to_cart"]
    assert len(boards) == TRUTH.sent.whole()["micro"]["mood_board_add"]["sessions"]
    assert len(visits) == TRUTH.sent.whole()["sessions"]
    assert TRUTH.sent.names.total() == sum(
        sum(stances.values()) for stances in TRUTH.as_json()["by_event_and_consent"].values()
    )


def test_the_truth_is_json_and_the_same_for_the_same_seed() -> None:
    assert json.dumps(TRUTH.as_json()) == json.dumps(_whole().as_json())


def test_requests_promise_all_events_and_the_calls_that_are_none() -> None:
    truth = Truth()
    promised = sum(request.events for requests in traffic(PLAN, truth) for request in requests)

    assert promised == truth.sent.names.total() + truth.not_events
