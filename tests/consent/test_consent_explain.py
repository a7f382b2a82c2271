"""Explaining: every decision in sentences that name signal, clause and line; never another verdict than decide's."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest

from consent.compiled import Policy
from consent.decide import Case, decide
from consent.explain import Explanation, explain
from consent.signals import read_signals
from consent.words import Statement

AT = datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()


def told(policy: Policy, *statements: tuple[str, str], place: str = "DE", age: int | None = None) -> Explanation:
    signals = read_signals(tuple(Statement(*statement) for statement in statements))
    return explain(Case(signals, policy, (place,) if place else (), AT, age))


def own(at: str = "2026-11-20T00:00:00Z", **purposes: bool) -> tuple[str, str]:
    return "own", json.dumps({"choice": "explicit", "at": at, "purposes": purposes})


def about(explanation: Explanation, purpose: str) -> str:
    return next(reason.sentence for reason in explanation.reasons if reason.purpose == purpose)


def test_each_purpose_has_one_sentence_with_its_clause_and_line(shop: Policy) -> None:
    assert told(shop, own(analytics=True, counting=False)).sentences() == [
        "DE lies in the region eea (line 19): GDPR + ePrivacy.",
        "operations is allowed: the region eea allows it always (line 19).",
        "counting is refused: the region eea allows it until objection (line 19); "
        "gateway_sdk said no on 2026-11-20 (line 28).",
        "analytics is allowed: the region eea asks first (line 19); "
        "gateway_sdk said yes on 2026-11-20, and is believed (line 27).",
        "personalise is refused: the region eea asks first (line 19), and nobody said yes.",
        "ad_measurement is refused: the region eea asks first (line 19), and nobody said yes.",
        "ad_targeting is refused: the region eea asks first (line 19), and nobody said yes.",
    ]


@pytest.mark.parametrize(
    ("statements", "place", "purpose", "sentence"),
    [
        (
            [own(ad_targeting=True), ("sec-gpc", "1")],
            "DE",
            "ad_targeting",
            "ad_targeting is refused: the region eea asks first (line 19); "
            "gpc said no (line 33), which outweighs the yes.",
        ),
        (
            [("gdpr_consent", "x")],
            "GB",
            "analytics",
            "analytics is refused: the region uk allows it until objection (line 20); tcf could not be read, "
            "which is a no for all that it could have refused (line 28).",
        ),
        (
            [("gcs", "G100")],
            "GB",
            "analytics",
            "analytics is refused: the region uk allows it until objection (line 20); "
            "google_consent_mode said no to analytics_storage (line 32).",
        ),
        (
            [("us_privacy", "1YYN")],
            "US-CA",
            "ad_targeting",
            "ad_targeting is refused: the region us_gpc allows it until objection (line 22); "
            "us_privacy said no to opt_out_of_sale_or_sharing (line 35).",
        ),
        (
            [("cookies", "CookieConsent=%7Bstatistics:false%7D")],
            "GB",
            "analytics",
            "analytics is refused: the region uk allows it until objection (line 20); cmp_cookie said no to "
            "cookiebot statistics, which no clause maps, so it counts by its usual meaning (line 28).",
        ),
        (
            [],
            "",
            "analytics",
            "analytics is refused: the region strictest asks first (line 24), and nobody said yes.",
        ),
    ],
)
def test_the_sentence_names_who_spoke_and_which_clause_settled_it(
    statements: list[tuple[str, str]], place: str, purpose: str, sentence: str, shop: Policy
) -> None:
    assert about(told(shop, *statements, place=place), purpose) == sentence


def test_a_minor_is_named_as_such(shop: Policy) -> None:
    sentence = about(told(shop, place="US-CA", age=15), "ad_targeting")
    assert "the person is a minor, for whom it is never allowed (line 39)" in sentence


OLD = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("statement", "remark"),
    [
        (own(OLD, analytics=True), "gateway_sdk said yes to analytics on 2026-01-01, which is too old or lies ahead"),
        (("gcs", "G111"), "google_consent_mode said yes to analytics_storage without a valid choice of the person"),
        (("gpp", "{{gpp}}"), "gpp was sent empty or as an unreplaced macro, which says nothing"),
        (("matomo_consent", "0"), "vendor said no to matomo consent, but the policy does not believe it"),
    ],
)
def test_what_was_heard_and_did_not_count_is_told(statement: tuple[str, str], remark: str, shop: Policy) -> None:
    assert any(said.startswith(remark) for said in told(shop, statement).remarks)


def test_several_places_are_named_together(shop: Policy) -> None:
    signals = read_signals((Statement("gpp_sid", "8"),))
    assert explain(Case(signals, shop, ("DE",), AT)).place == (
        "DE may lie in eea, us_gpc; for each purpose the strictest of them counts."
    )


def test_no_explanation_ever_contradicts_the_decision(shop: Policy, strictest: Policy) -> None:
    chance = random.Random(11)
    denials = ("said no", "could not be read", "nobody said yes", "minor", "never")
    pool = [
        own(analytics=True),
        own(analytics=False, counting=False),
        own("2025-01-01", ad_targeting=True),
        own(operations=False),
        ("gcs", "G111"),
        ("gcs", "G100"),
        ("gcd", "13r3r3r3r5"),
        ("sec-gpc", "1"),
        ("dnt", "1"),
        ("gdpr", "1"),
        ("gpp_sid", "7"),
        ("gpp", "DBABLA~CAAQAAAAAABA.YA"),
        ("us_privacy", "1YYN"),
        ("us_privacy", "x"),
        ("gdpr_consent", "CQ"),
        ("cookies", "klaro=%7B%22x%22:false%7D"),
        ("segment_consent", '{"categoryPreferences": {"Analytics": true}}'),
    ]
    for _ in range(400):
        policy = chance.choice([shop, strictest])
        statements = tuple(Statement(*one) for one in chance.sample(pool, chance.randint(0, 5)))
        places = tuple(chance.sample(["DE", "FR", "GB", "CH", "US-CA", "US", "BR", "XX"], chance.randint(0, 2)))
        case = Case(read_signals(statements), policy, places, AT, chance.choice([None, 12, 40]))
        explanation = explain(case)
        assert explanation.decision == decide(*case)
        for reason in explanation.reasons:
            assert reason.allowed is (reason.purpose in explanation.decision.purposes)
            denies = any(word in reason.sentence for word in denials)
            assert denies is not reason.allowed, reason.sentence
            assert reason.line > 0
