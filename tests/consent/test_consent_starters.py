"""The starter policies: sound, tested to the last clause, and proof against every added refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from consent.decide import decide
from consent.policy import Policy, read_policy
from consent.signals import read_signals
from consent.starters import STARTERS, starter
from consent.tools.findings import Weight, check_activation, findings
from consent.tools.mutants import mutants, untested
from consent.words import UNREADABLE, Language, Signal, Statement

AT = datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()


def load(name: str) -> Policy:
    return read_policy(starter(name), f"{name}.yml")


def test_an_unknown_starter_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        starter("lenient")


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_has_nothing_to_answer_for(name: str) -> None:
    policy = load(name)
    assert [finding for finding in findings(policy, AT) if finding.weight is not Weight.NOTE] == []
    check_activation(policy, AT)


@pytest.mark.parametrize("name", STARTERS)
def test_every_clause_of_a_starter_is_tested_by_an_example(name: str) -> None:
    policy = load(name)
    assert [(mutant.line, mutant.change) for mutant in untested(policy)] == []
    assert len(list(mutants(policy.clauses))) > 150


def _refusals(policy: Policy) -> list[Signal]:
    """Every single refusal that a hit may add: each flag that some purpose needs or that refuses, in each language."""
    refusals = {(language, flag) for language, voice in policy.voices.items() for flag in (*voice.bits, *voice.refuses)}
    refusals |= {(language, UNREADABLE) for language in Language} | {(Language.GATEWAY_SDK, "a purpose nobody knows")}
    return [Signal(language, flag, False) for language, flag in sorted(refusals)]


def _places(policy: Policy) -> list[tuple[str, ...]]:
    """One place per region, an unlisted one, an unknown one, none."""
    places = [(region.where[0],) for region in policy.regions if region.where != ("anywhere",)]
    return [*places, ("BR",), ("XX",), ()]


@pytest.mark.parametrize("name", STARTERS)
def test_a_no_never_widens(name: str) -> None:
    """All places x every yes, no or nothing over the purposes x every single added refusal, exhaustively."""
    policy = load(name)
    refusals, places, count = _refusals(policy), _places(policy), 0
    choices = [purpose for purpose in policy.purposes if purpose != "operations"]
    for said in product((True, False, None), repeat=len(choices)):
        signals = tuple(
            Signal(Language.GATEWAY_SDK, purpose, says, AT - 60)
            for purpose, says in zip(choices, said, strict=True)
            if says is not None
        )
        for place in places:
            before = decide(signals, policy, place, AT).allowed
            for refusal in refusals:
                count += 1
                assert decide((*signals, refusal), policy, place, AT).allowed & ~before == 0, (place, signals, refusal)
    print(f"\n{name}: {count} combinations, 0 violations ({len(places)} places, {len(refusals)} refusals)")
    assert count > 50_000


@pytest.mark.parametrize("name", STARTERS)
def test_a_place_that_may_be_one_more_never_widens(name: str) -> None:
    policy = load(name)
    grants = tuple(Signal(Language.GATEWAY_SDK, purpose, True) for purpose in policy.purposes[2:4])
    places = [place for (place,) in (entry for entry in _places(policy) if entry)]
    for signals, one, other in product(((), grants), places, places):
        together = decide(signals, policy, (one, other), AT).allowed
        assert together & ~decide(signals, policy, (one,), AT).allowed == 0
        assert decide(signals, policy, (), AT).allowed & ~together == 0


@pytest.mark.parametrize("name", STARTERS)
def test_without_a_choice_no_starter_recognises_anybody(name: str) -> None:
    """R1: no identifier where nothing was asked; where the law lets counting begin, the visitor stays unrecognised."""
    policy = load(name)
    for place in ("DE", "FR", "IT", "XX"):
        allowed = decide((), policy, (place,), AT).allowed
        assert {*policy.names(allowed)} <= {"operations", "counting"}
        for field in ("visitor_id", "session_id", "account_id", "click_id", "email_sha256"):
            category = "user.device.cookie_id"
            assert policy.action("warehouse", allowed, field, category).name == "DROP"


def test_the_strictest_starter_lets_nothing_through_that_was_not_granted() -> None:
    policy = load("strictest")
    silent = [
        ("gcs", "G111"),
        ("gcd", "11t1t1t1t5"),
        ("npa", "0"),
        ("cookies", "klaro=%7B%22x%22:true%7D"),
        ("dnt", "0"),
    ]
    for place in ("DE", "GB", "US-CA", "BR"):
        signals = read_signals(tuple(Statement(*statement) for statement in silent))
        decision = decide(signals, policy, (place,), AT)
        assert decision.purposes == ("operations",)
        assert policy.sends("warehouse", decision.allowed) == 0
