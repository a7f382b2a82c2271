"""The walk of a hit: one outcome per event, whoever sends what."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from consent.policy import read_policy
from consent.starters import starter
from gateway.intake import pipeline as module
from gateway.intake.choices import Choices
from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.headers import joined
from gateway.intake.hit import Event, Hit
from gateway.intake.minimise import Minimiser
from gateway.intake.pipeline import Pipeline, Walk, Walked
from gateway.intake.site import Site, Sites
from gateway.intake.urls import UrlRules
from gateway.words import Fact, Refusal, SiteKeys, Tally

KEYS = SiteKeys(b"d" * 32, b"k" * 32, 1)
YES = {"choice": "explicit", "purposes": {"analytics": True}}
NO = {"choice": "explicit", "purposes": {"analytics": False}}
EVENT = {"event": "product_view", "client_id": "c", "properties": {"product_id": "SKU-1"}}


def site(name: str, policy: str = "strictest", **more: Any) -> Site:
    compiled = read_policy(starter(policy), f"{policy}.yml")
    return Site(name, compiled, Minimiser(name, compiled, read_contracts(starter_contracts()), UrlRules()), **more)


DEMO = site("demo")


def walk(body: object, *sites: Site, path: str = "/collect", source: str = "", **headers: str) -> Walked:
    told = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
    hit = Hit("POST", path, b"", told, orjson.dumps(body), "203.0.113.9", time.time())
    return Pipeline(Sites(sites or (DEMO,)), lambda _site, _at: KEYS).walk(hit, source)


def reasons(walked: Walked) -> list[Refusal]:
    return [tally.refusal for tally in walked.outcome.tallies]


def own(*events: object, consent: object = YES, name: str = "demo") -> dict[str, object]:
    return {"site": name, "consent": consent, "events": list(events)}


def test_every_event_has_exactly_one_outcome() -> None:
    walked = walk(own(EVENT, {"event": ""}, 7, {**EVENT, "consent": NO}, EVENT))
    assert len(walked.outcome.facts) == 2
    assert reasons(walked) == [Refusal.EVENT_UNREADABLE, Refusal.EVENT_UNREADABLE, Refusal.CONSENT_DENIED]


def test_an_event_that_carries_its_own_consent_is_judged_by_it() -> None:
    assert len(walk(own({**EVENT, "consent": YES}, consent=NO)).outcome.facts) == 1
    assert reasons(walk(own({**EVENT, "consent": NO}))) == [Refusal.CONSENT_DENIED]


def test_what_headers_say_counts_beside_an_events_own_consent() -> None:
    assert reasons(walk(own({**EVENT, "consent": YES}), dnt="1")) == [Refusal.CONSENT_DENIED]


def test_without_a_word_of_consent_nothing_is_collected() -> None:
    assert reasons(walk({"site": "demo", "events": [EVENT]})) == [Refusal.CONSENT_DENIED]


def test_decisions_are_counted_by_purpose_and_what_cannot_be_read_beside_them() -> None:
    choices = Choices()
    walked = Pipeline(Sites((DEMO,)), lambda _site, _at: KEYS, choices=choices)
    for consent in (YES, NO, {**YES, "tcf": "no TC string at all"}):
        walked.walk(Hit("POST", "/collect", b"", {}, orjson.dumps(own(EVENT, consent=consent)), "", time.time()), "")
    assert choices.snapshot()["decisions"] == []  # they are counted by the way when their rows are made
    choices.counted(time.time())
    told = choices.snapshot()
    assert told["consent_unreadable"] == [["demo", 1]]
    decided = {purpose: n for _, purpose, n in told["decisions"]}  # type: ignore[attr-defined]
    assert decided["analytics"] == 1
    choices.counted(time.time())
    assert choices.snapshot() == told


def test_a_path_that_nobody_claims_is_not_found() -> None:
    walked = walk({}, path="/nowhere")
    assert (walked.answer.status, walked.admitted, reasons(walked)) == (404, False, [Refusal.UNKNOWN_PATH])


def test_a_configured_site_takes_its_own_keys_only() -> None:
    shop = site("shop", write_keys=frozenset({"wk_shop"}), origins=frozenset())
    assert len(walk(own(EVENT, name="shop"), shop).outcome.facts) == 1
    assert len(walk(own(EVENT, name="wk_shop"), shop).outcome.facts) == 1
    stranger = walk(own(EVENT, EVENT, name="other"), shop)
    assert (reasons(stranger), stranger.answer.status) == ([Refusal.UNKNOWN_KEY] * 2, 400)


def test_a_configured_site_takes_its_own_origins_only() -> None:
    shop = site("shop", write_keys=frozenset(), origins=frozenset({"https://shop.example"}))
    assert walk(own(EVENT, name="shop"), shop, origin="https://shop.example").admitted
    assert walk(own(EVENT, name="shop"), shop).admitted
    foreign = walk(own(EVENT, name="shop"), shop, origin="https://evil.example")
    assert (foreign.admitted, reasons(foreign)) == (False, [Refusal.ORIGIN_NOT_LISTED])


def test_a_source_names_the_site_and_its_protocol() -> None:
    shop = site("shop", write_keys=frozenset(), origins=frozenset(), sources={"servers": "segment"})
    event = {"type": "track", "event": "Product Viewed", "anonymousId": "a", "messageId": "m", "properties": {}}
    body = {"batch": [event], "context": {"consent": {"categoryPreferences": {"analytics": True}}}}
    walked = walk(body, shop, path="/v1/batch", source="servers")
    assert (walked.site, walked.adapter) == ("shop", "segment")
    assert reasons(walk(body, shop, path="/v1/batch", source="nobody")) == [Refusal.UNKNOWN_KEY]


def test_two_sites_may_not_share_a_key() -> None:
    with pytest.raises(ValueError, match="belongs to two sites: a and b"):
        Sites((site("a", write_keys=frozenset({"k"})), site("b", write_keys=frozenset({"k"}))))


def test_the_strictest_market_counts() -> None:
    lenient = site("uk", "europe", markets=("GB",))
    strict = site("both", "europe", markets=("GB", "DE"))
    body = {"site": "uk", "events": [EVENT]}
    assert len(walk(body, lenient).outcome.facts) == 1
    facts = walk({**body, "site": "both"}, strict).outcome.facts
    assert [orjson.loads(fact)["purposes"] for fact in facts] in ([], [["counting"]])


def test_our_own_mistake_costs_one_event_and_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_walk: Walk, event: Event) -> Fact | Refusal | None:
        if event.properties.get("product_id") == "SKU-2":
            raise RuntimeError("a value of the hit")
        return None

    monkeypatch.setattr(module, "STEPS", (*module.STEPS[:2], broken, *module.STEPS[2:]))
    walked = walk(own(EVENT, {**EVENT, "properties": {"product_id": "SKU-2"}}, EVENT))
    assert len(walked.outcome.facts) == 2
    assert walked.outcome.tallies == [Tally("demo", "own", Refusal.GATEWAY_FAULT)]


def test_a_decision_does_not_outlive_the_term_of_its_choice() -> None:
    chosen = [(datetime.now(UTC) - timedelta(days=days)).isoformat() for days in (150, 210)]
    fresh, stale = (own(EVENT, consent={**YES, "at": at}) for at in chosen)
    assert len(walk(fresh).outcome.facts) == 1
    assert reasons(walk(stale)) == [Refusal.CONSENT_DENIED]


def test_a_banners_cookie_can_say_no() -> None:
    refusal = (
        "CookieConsent={stamp:%27x%27%2Cnecessary:true%2Cpreferences:false%2Cstatistics:false%2Cmarketing:false"
        "%2Cmethod:%27explicit%27%2Cver:1%2Cutc:1795339139717%2Cregion:%27de%27}"
    )
    assert len(walk(own(EVENT), cookie="theme=dark; lang=de").outcome.facts) == 1
    assert reasons(walk(own(EVENT), cookie=f"theme=dark; {refusal}")) == [Refusal.CONSENT_DENIED]


def test_a_statement_of_a_megabyte_is_a_no() -> None:
    assert reasons(walk(own(EVENT, consent={**YES, "tcf": "C" * 50_000}))) == [Refusal.CONSENT_DENIED]


def test_an_objection_in_two_header_fields_is_one() -> None:
    twice = joined([(b"dnt", b"1")] * 2)
    hit = Hit("POST", "/collect", b"", twice, orjson.dumps(own(EVENT)), "203.0.113.9", time.time())
    walked = Pipeline(Sites((DEMO,)), lambda _site, _at: KEYS).walk(hit)
    assert reasons(walked) == [Refusal.CONSENT_DENIED]
