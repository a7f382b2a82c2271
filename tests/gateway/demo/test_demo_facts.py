"""The demo's truth against the gateway's own walk, in one process: strictest policy, starter contracts, no sockets."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any, NamedTuple

import orjson

from gateway.configuration import read_configuration
from gateway.demo.people import invent
from gateway.demo.traffic import Plan, traffic
from gateway.demo.truth import FOR_ANALYTICS, Truth
from gateway.demo.words import SENT_AT, Request
from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.hit import Hit
from gateway.intake.pipeline import Pipeline
from gateway.words import Refusal, SiteKeys, Tally

NOW = 1_795_339_145.0
PLAN = Plan(400, 1, 14, NOW)


class Walked(NamedTuple):
    """All facts as bytes and read, all tallies by the kind of hit ('' for good ones), and the truth."""

    raw: bytes
    facts: list[dict[str, Any]]
    tallies: list[tuple[str, Tally]]
    truth: Truth


@cache
def _walked() -> Walked:
    pipeline = Pipeline(read_configuration(None).sites, lambda site, at: SiteKeys(b"d" * 32, b"k" * 32, 1))
    truth, raw, tallies = Truth(), [], []
    for requests in traffic(PLAN, truth):
        for request in requests:
            outcome = pipeline.walk(_hit(request)).outcome
            raw += outcome.facts
            tallies += [(request.bad, tally) for tally in outcome.tallies]
            assert not (request.bad and outcome.facts), request.bad
    return Walked(b"\n".join(raw), [orjson.loads(fact) for fact in raw], tallies, truth)


def _hit(request: Request) -> Hit:
    path, _, query = request.target.partition("?")
    lines = [line.partition(b": ") for line in request.head.split(b"\r\n") if line]
    headers = {name.lower(): value for name, _, value in lines}
    body = request.body.replace(SENT_AT, b"2026-11-22T09:19:05.000Z")  # NOW, as the sender writes it
    return Hit(request.method, path, query.encode(), headers, body, "127.0.0.1", NOW)


def test_the_facts_are_exactly_those_that_the_truth_tells() -> None:
    facts, expected = _walked().facts, _walked().truth.facts

    assert Counter(fact["event"] for fact in facts) == expected.names
    assert Counter(fact["adapter"] for fact in facts) == expected.adapters


def test_every_event_sent_is_a_fact_or_a_lawful_refusal() -> None:
    walked = _walked()
    refused = Counter(tally.refusal for bad, tally in walked.tallies if not bad)

    assert set(refused) == {Refusal.CONSENT_DENIED, Refusal.NOT_AN_EVENT}
    assert refused[Refusal.NOT_AN_EVENT] == walked.truth.not_events
    assert len(walked.facts) + refused[Refusal.CONSENT_DENIED] == walked.truth.sent.names.total()


def test_each_bad_hit_is_refused_once_and_for_a_reason_of_its_own() -> None:
    walked = _walked()
    reasons = {(bad, tally.refusal) for bad, tally in walked.tallies if bad}

    assert Counter(bad for bad, _ in walked.tallies if bad) == walked.truth.bad
    assert {Refusal.BODY_UNREADABLE, Refusal.UNKNOWN_PATH, Refusal.TIME_OUT_OF_RANGE} <= {why for _, why in reasons}
    assert ("forty_days_old", Refusal.TIME_OUT_OF_RANGE) in reasons
    assert Refusal.GATEWAY_FAULT not in {why for _, why in reasons}


def test_every_fact_keeps_its_contract() -> None:
    assert {fact["verdict"] for fact in _walked().facts} == {"valid"}


def test_only_recognised_visitors_have_a_durable_pseudonym_an_order_and_an_amount() -> None:
    walked = _walked()
    recognised = [fact for fact in walked.facts if fact.get("visitor_kind") == "durable"]
    counted = [fact for fact in walked.facts if fact.get("visitor_kind") != "durable"]

    assert Counter(fact["event"] for fact in recognised) == walked.truth.recognised.names
    assert counted
    assert not any({"order_id", "value", "session"} & set(fact) for fact in counted)


def test_revenue_by_currency_and_by_seller_is_the_truth_to_the_cent() -> None:
    orders = [fact for fact in _walked().facts if fact["event"] == "purchase" and "order_id" in fact]
    money: Counter[tuple[str, str, str]] = Counter()
    for order in orders:
        money["revenue", "", order["currency"]] += round(order["value"] * 100)
        for item in order["items"]:
            money["seller", item["seller_id"], order["currency"]] += round(item["price"] * 100) * item["quantity"]
    truth = _walked().truth.recognised

    assert len(orders) == truth.orders > 10
    assert money == Counter({key: cents for key, cents in truth.money.items() if key[0] in ("revenue", "seller")})


def test_campaigns_of_landing_pages_arrive() -> None:
    touched = {fact["campaign"] for fact in _walked().facts if "campaign" in fact}

    assert {"brand-search", "autumn-terracotta", "olive-harvest-letter"} <= touched


def test_nothing_personal_of_anybody_is_in_any_fact() -> None:
    raw = _walked().raw
    for index in range(PLAN.visitors):
        person = invent(PLAN.seed, index, NOW)
        for secret in (
            person.email,
            person.email.replace("@", "%40"),
            person.client_id,
            person.address,
            person.user_id,
        ):
            assert not secret or secret.encode() not in raw, index


def test_the_events_kept_for_analytics_only_are_those_of_the_starter_contracts() -> None:
    contracts = read_contracts(starter_contracts())
    sent = {name: contracts.find(name) for name in _walked().truth.sent.names}

    assert {name for name, found in sent.items() if found and "counting" not in found.terms.purposes} == FOR_ANALYTICS
    assert not [name for name, found in sent.items() if found is None]
