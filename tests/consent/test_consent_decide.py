"""Deciding: the masks, the places, and the times of choices. Fixed answers have a table of their own."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from consent.decide import decide
from consent.policy import Policy, read_policy
from consent.signals import read_signals
from consent.starters import starter
from consent.words import Decision, Language, Signal, Statement

AT = 1_795_341_600.0  # 2026-11-22T10:00:00Z
DAY = 86400
OWN = Language.GATEWAY_SDK


@pytest.fixture(scope="module")
def shop() -> Policy:
    return read_policy((Path(__file__).parent / "policies" / "shop-web.yml").read_bytes())


@pytest.fixture(scope="module")
def strictest() -> Policy:
    return read_policy(starter("strictest"))


def decided(policy: Policy, *signals: Signal, places: tuple[str, ...] = ("DE",), age: int | None = None) -> Decision:
    return decide(signals, policy, places, AT, age)


def own(flag: str, says: bool, days_ago: float | None = None, explicit: bool = True) -> Signal:
    return Signal(OWN, flag, says, None if days_ago is None else AT - days_ago * DAY, explicit)


def test_silence_allows_only_what_needs_no_question(shop: Policy, strictest: Policy) -> None:
    assert decided(shop).purposes == ("operations", "counting")
    assert decided(strictest).purposes == ("operations",)


def test_a_yes_grants_its_own_purpose_and_no_other(shop: Policy) -> None:
    assert decided(shop, own("analytics", True)).purposes == ("operations", "counting", "analytics")


def test_a_no_is_heard_from_any_believed_language_whatever_another_grants(shop: Policy) -> None:
    google = read_signals((Statement("gcd", "13r3p3r3r5l1"),))
    assert "analytics" not in decided(shop, own("analytics", True), *google).purposes


def test_every_flag_of_a_purpose_must_be_granted(shop: Policy) -> None:
    half = [Signal(Language.TCF, "purpose 8", True)]
    assert "analytics" not in decided(shop, *half).purposes
    assert "analytics" in decided(shop, *half, Signal(Language.TCF, "purpose 1", True)).purposes


def test_flags_of_different_languages_do_not_complete_each_other(shop: Policy) -> None:
    signals = (Signal(Language.TCF, "purpose 8", True), Signal(Language.GOOGLE_CONSENT_MODE, "ad_storage", True))
    assert decided(shop, *signals).purposes == ("operations", "counting")


@pytest.mark.parametrize(("days", "allowed"), [(0, True), (181, True), (183, False), (-0.5, True), (-2, False)])
def test_a_yes_counts_for_six_months_and_not_from_the_future(shop: Policy, days: float, allowed: bool) -> None:
    assert ("analytics" in decided(shop, own("analytics", True, days)).purposes) is allowed


def test_a_no_does_not_expire(shop: Policy) -> None:
    assert "counting" not in decided(shop, own("counting", False, 3000)).purposes


def test_a_yes_by_default_is_no_choice(shop: Policy) -> None:
    assert "analytics" not in decided(shop, own("analytics", True, explicit=False)).purposes


def test_only_never_stops_what_is_allowed_always(shop: Policy) -> None:
    assert decided(shop, own("operations", False)).purposes == ("operations", "counting")


def test_a_minor_is_spared_whatever_was_granted(shop: Policy) -> None:
    grants = tuple(own(name, True) for name in shop.purposes)
    assert decide(grants, shop, ("DE",), AT, 15).purposes == ("operations", "counting", "analytics")
    assert "ad_targeting" in decide(grants, shop, ("DE",), AT, 16).purposes


@pytest.mark.parametrize(
    ("places", "region", "allowed"),
    [
        (("GB",), "uk", "operations counting analytics"),
        (("GB", "DE"), "eea", "operations counting"),
        (("DE", "GB"), "eea", "operations counting"),
        (("US-CA",), "us_gpc", "operations counting analytics personalise ad_measurement ad_targeting"),
        (("US-WY",), "us_other", "operations counting analytics personalise ad_measurement ad_targeting"),
        ((), "strictest", "operations counting"),
        (("XX",), "strictest", "operations counting"),
        (("de",), "strictest", "operations counting"),
        (("BR",), "strictest", "operations counting"),
        (("RE",), "france", "operations counting"),
        (("US-CA", "XX"), "strictest", "operations counting"),
    ],
)
def test_of_several_places_the_strictest_wins_and_an_unknown_one_is_every_place(
    shop: Policy, places: tuple[str, ...], region: str, allowed: str
) -> None:
    decision = decided(shop, places=places)
    assert (decision.region, " ".join(decision.purposes)) == (region, allowed)


def test_a_country_whose_part_is_unknown_may_be_any_part_of_it(shop: Policy) -> None:
    text = (Path(__file__).parent / "policies" / "shop-web.yml").read_text()
    strict_california = text.replace("where: [US-CA,", "where: [US-WA,").replace(
        "  us_gpc:", '  california: {where: [US-CA], law: "x", ask_first: [counting, analytics, personalise, '
        "ad_measurement, ad_targeting], always: [operations]}\n  us_gpc:"
    )  # fmt: skip
    policy = read_policy(strict_california[: strict_california.index("examples:")].encode() + ONE_EXAMPLE)
    assert decided(policy, places=("US-CA",)).purposes == ("operations",)
    assert decided(policy, places=("US",)).purposes == ("operations",)
    assert "counting" in decided(policy, places=("US-NY",)).purposes


ONE_EXAMPLE = b"examples:\n  - {given: {place: FR}, then: {allowed: [operations, counting]}}\n"


def test_the_order_of_signals_never_matters(shop: Policy) -> None:
    chance = random.Random(7)
    kinds = itertools.product((True, False), (None, 1, 2, 300, -5), (True, False))
    pool = [own("analytics", says, days, explicit) for says, days, explicit in kinds]
    for _ in range(500):
        chosen = chance.sample(pool, chance.randint(2, 5))
        shuffled = chance.sample(chosen, len(chosen))
        assert decided(shop, *chosen) == decided(shop, *shuffled)


def test_the_decision_names_what_was_heard(shop: Policy) -> None:
    decision = decided(shop, own("analytics", True), own("counting", False))
    assert shop.names(decision.mask_yes) == ("analytics",)
    assert shop.names(decision.mask_no) == ("counting",)
    assert decision.policy == shop.hash
    assert decision.allowed == shop.mask(["operations", "analytics"])
