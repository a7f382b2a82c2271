"""Loading a policy: the complete example loads, and every trap is refused with its line and one plain sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import consent.policy as policy_module
from consent.clauses import examples, signals
from consent.clauses.destinations import ROLES, TRANSFERS
from consent.clauses.fields import ACTION_WORDS
from consent.clauses.head import HEAD_KEYS, STATUSES
from consent.clauses.regions import RULE_WORDS
from consent.flags import SOURCES, US_OPT_OUTS
from consent.policy import SECTIONS, PolicyError, read_policy
from consent.starters import STARTERS, starter
from consent.words import Action, Language

EXAMPLE = (Path(__file__).parent / "policies" / "shop-web.yml").read_text()


def refused(text: str | bytes) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        read_policy(text.encode() if isinstance(text, str) else text, "shop.yml")
    return caught.value


def line_of(fragment: str) -> int:
    return EXAMPLE[: EXAMPLE.index(fragment)].count("\n") + 1


def test_the_complete_example_loads_and_its_examples_pass() -> None:
    policy = read_policy(EXAMPLE.encode())
    assert policy.purposes == ("operations", "counting", "analytics", "personalise", "ad_measurement", "ad_targeting")
    assert (policy.name, policy.version) == ("shop-web", "2026-11-15.1")
    assert len(policy.hash) == 16
    assert len(policy.clauses.examples) == 18


def test_words_that_yaml_would_turn_into_something_else_stay_text() -> None:
    policy = read_policy(EXAMPLE.encode())
    assert "NO" in next(region for region in policy.regions if region.name == "eea").where
    assert policy.clauses.head.review_by == "2027-05-15"
    loud = read_policy(EXAMPLE.replace("version: 2026-11-15.1 ", "version: on ").encode())
    assert loud.version == "on"


def test_the_format_is_told_whole_where_it_is_read() -> None:
    """Every word that a policy may use as a key, or as one of a few values, stands in the description of the format."""
    words = {*HEAD_KEYS, *SECTIONS, *US_OPT_OUTS, *RULE_WORDS, *ACTION_WORDS, *STATUSES, *ROLES, *TRANSFERS}
    words |= {language.value for language in Language} | {source for sources in SOURCES.values() for source in sources}
    words |= {*signals._HEAD, *signals.TCF_READ, *signals.TCF_INTEREST, *examples._GIVEN, *examples._THEN}
    words |= {
        *examples._TCF_KEYS,
        *examples._GOOGLE_WORDS,
        *examples._OPT_OUT_WORDS,
        "except_explicit_yes_for",
        "ignored",
    }
    told = set(re.findall(r"[A-Za-z_]+", policy_module.__doc__ or ""))
    assert words - told == set()


def test_retention_is_days_and_never_longer_than_the_words_say() -> None:
    keep = read_policy(EXAMPLE.encode()).keep_days
    assert keep == {
        "operations": 30,
        "counting": 760,
        "analytics": 395,
        "personalise": 182,
        "ad_measurement": 90,
        "ad_targeting": 90,
    }


BAD = {
    "a duplicate key": ("people:\n", "people: {}\npeople:\n", 1, "says 'people' twice; the first is on line"),
    "an anchor": ("people:\n", "people: &them\n", 0, "uses an anchor"),
    "an alias": ("minors_under: 16", "minors_under: *them", 0, "uses an alias"),
    "a tag": ("minors_under: 16", "minors_under: !!int 16", 0, "uses a tag"),
    "an unknown end of a consent": (
        "minors_under: 16",
        "minors_under: 16\n  on_withdrawal: erases",
        1,
        "'erases' is not a known on_withdrawal; did you mean 'erase'?",
    ),
    "an unknown key": (
        "people:\n",
        "peeple: {}\npeople:\n",
        0,
        "'peeple' is not a known key of the policy; did you mean 'people'?",
    ),
    "Norway without quotes": ('"NO"', "NO", 0, 'write "NO" (Norway) in quotes'),
    "a tab": ("  minors_under: 16", "\tminors_under: 16", 0, "is indented with a tab; use spaces"),
    "a purpose missing in a region": (
        "until_objection: [counting, analytics], always: [operations]}\n  swiss",
        "until_objection: [analytics], always: [operations]}\n  swiss",
        0,
        "the region 'uk' says nothing about the purpose 'counting'",
    ),
    "a purpose twice in a region": (
        "until_objection: [counting, analytics], always: [operations]}\n  swiss",
        "until_objection: [counting, analytics, counting], always: [operations]}\n  swiss",
        0,
        "the region 'uk' names the purpose 'counting' twice",
    ),
    "an unknown purpose in a region": (
        "ask_first: [ad_targeting]",
        "ask_first: [ad_targetting]",
        0,
        "did you mean 'ad_targeting'?",
    ),
    "a place that does not exist": ("where: [CH]", "where: [ZZ]", 0, "'ZZ' is not an ISO 3166 code"),
    "no last region": ("where: anywhere", "where: [BR]", None, "regions should end with one whose where is 'anywhere'"),
    "a region that never applies": (
        "where: [CH]",
        "where: [GB]",
        0,
        "the region 'swiss' never applies to GB; 'uk' comes first",
    ),
    "a destination without transfer tool": (
        "location: US, transfer: DPF,",
        "location: US,",
        0,
        "the destination 'ads_platform' is in US and names no transfer tool",
    ),
    "a transfer tool that does not reach": (
        "location: US, transfer: DPF",
        "location: IN, transfer: DPF",
        0,
        "covers the US only",
    ),
    "a destination without purposes": (
        "purposes: [counting, analytics], role",
        "purposes: [], role",
        0,
        "the destination 'warehouse' has no purpose",
    ),
    "an unknown fideslang use": (
        "analytics.reporting.ad_performance",
        "analytics.reporting.ads",
        0,
        "not a known fideslang data use",
    ),
    "an unknown fideslang category": (
        "user.device.cookie_id",
        "user.device.cookies",
        0,
        "not a known fideslang data category",
    ),
    "an unknown action": ("strip_query", "strip", 0, "'strip' is not a known action"),
    "a field without a purpose": (
        'event_name:    {"*": keep, is',
        "event_name:    {is",
        0,
        "the field 'event_name' serves no purpose",
    ),
    "retention that forgets a purpose": ("personalise: 6 months, ", "", 0, "keep_for lacks 'personalise'"),
    "a period that is none": (
        "choice_valid_for: 6 months",
        "choice_valid_for: a while",
        0,
        "should be a period such as",
    ),
    "a language that never says yes": (
        "believe_yes_from: [gateway_sdk",
        "believe_yes_from: [gpc, gateway_sdk",
        0,
        "gpc can only refuse",
    ),
    "a yes without its no": (
        "believe_no_from:  [gateway_sdk, ",
        "believe_no_from:  [",
        -1,
        "a yes from gateway_sdk is believed, but not its no",
    ),
    "a banner's yes without a map": (
        "google_consent_mode]\n",
        "google_consent_mode, cmp_cookie]\n",
        None,
        "believes a yes from cmp_cookie, which needs its categories mapped first",
    ),
    "a no that refuses nothing": (
        "  dnt:  {in",
        "  # dnt:  {in",
        None,
        "believes a no from dnt, but signals does not say what it refuses",
    ),
    "leniency about broken strings": (
        "unreadable_signal: refuse",
        "unreadable_signal: ignore",
        0,
        "'ignore' is not a known answer",
    ),
    "an unknown flag": ("[analytics_storage]", "[analytics_store]", 0, "did you mean 'analytics_storage'?"),
    "a failing example": (
        "{place: GB}, then: {allowed: [operations, counting, analytics]",
        "{place: GB}, then: {allowed: [operations, counting]",
        0,
        "example 7 fails: it expects operations, counting to be allowed; the policy allows",
    ),
    "an example that expects too little of a field": (
        "visitor_id: drop, to",
        "visitor_id: keep, to",
        0,
        "it expects warehouse to get visitor_id as keep",
    ),
    "an approval by nobody": ("approved_by: [{who", "approved_by: [] # [{who", -1, "approved_by names nobody"),
    "a date that is none": ("review_by: 2027-05-15", "review_by: 2027-13-15", 0, "should be a date such as 2027-05-15"),
    "a second document": ("people:\n", "---\npeople:\n", 0, "starts a second document"),
    "YAML that does not close": ("for_minors_never: [", "for_minors_never: [[", None, "is not well-formed YAML"),
}


@pytest.mark.parametrize("trap", BAD)
def test_a_trap_is_refused_with_its_line_and_a_sentence(trap: str) -> None:
    old, new, offset, sentence = BAD[trap]
    assert EXAMPLE.count(old) >= 1, "the trap must be set"
    error = refused(EXAMPLE.replace(old, new, 1))
    assert sentence in error.sentence
    assert "\n" not in str(error)
    assert str(error) == f"shop.yml:{error.line}: {error.sentence}"
    if offset is not None:
        assert error.line == line_of(old) + offset


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    error = refused(EXAMPLE.encode().replace(b"people:\n", b"people: # \xff\n"))
    assert (error.line, error.sentence) == (line_of("people:\n"), "is not UTF-8 text; save it as UTF-8")
    assert refused(b"").sentence == "is empty"
    unseen = refused("# Größen und Maße\n\n" + EXAMPLE.replace("people:\n", "people: # \x07\n"))
    assert (unseen.line, "control character" in unseen.sentence) == (line_of("people:\n") + 2, True)
    assert "larger than" in refused(b"#" * (1 << 20) + b"\npolicy: x").sentence
    assert "nested too deep" in refused("a: " + "[" * 40 + "]" * 40).sentence


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_loads(name: str) -> None:
    assert read_policy(starter(name), f"{name}.yml").name == name


def test_a_field_gets_the_least_protective_action_of_the_destinations_own_purposes() -> None:
    policy = read_policy(EXAMPLE.encode())
    every = policy.mask(policy.purposes)
    counting, analytics = policy.mask(["counting"]), policy.mask(["counting", "analytics"])
    ip = ("ip", "user.device.ip_address")
    assert policy.action("warehouse", counting, *ip) is Action.USE_THEN_DROP
    assert policy.action("warehouse", analytics, *ip) is Action.TRUNCATE
    assert policy.action("security_log", every, *ip) is Action.TRUNCATE
    assert policy.action("warehouse", every, "click_id", "user.unique_id.pseudonymous") is Action.DROP
    assert policy.action("ads_platform", every, "click_id", "user.unique_id.pseudonymous") is Action.KEEP
    assert policy.action("nowhere", every, *ip) is Action.DROP


def test_a_field_that_is_not_listed_follows_its_category_and_else_is_dropped() -> None:
    policy = read_policy(EXAMPLE.encode())
    analytics = policy.mask(["analytics"])
    asked = {
        "user.behavior.purchase_history": Action.KEEP,  # as order_value
        "user.behavior.search_history": Action.KEEP,  # nearest listed: user.behavior, as event_name
        "user.behavior.browsing_history": Action.HOST_ONLY,  # page_url and referrer: the more protective
        "user.contact.phone_number": Action.DROP,
        "user.location.imprecise": Action.DROP,
    }
    assert {category: policy.action("warehouse", analytics, "some_property", category) for category in asked} == asked


def test_a_purpose_never_goes_below_the_floor_of_its_field() -> None:
    lax = EXAMPLE.replace('page_url:      {"*": strip_query,', 'page_url:      {"*": strip_query, analytics: keep,')
    policy = read_policy(lax.encode())
    action = policy.action("warehouse", policy.mask(["analytics"]), "page_url", "user.behavior.browsing_history")
    assert action is Action.STRIP_QUERY


def test_nothing_is_sent_where_no_purpose_is_left() -> None:
    policy = read_policy(EXAMPLE.encode())
    assert policy.sends("ads_platform", policy.mask(["operations", "analytics"])) == 0
    assert policy.names(policy.sends("warehouse", policy.mask(policy.purposes))) == ("counting", "analytics")
