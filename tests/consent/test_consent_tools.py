"""The tools of privacy and legal: findings, mutation check, coverage, difference in words, simulation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from consent.compiled import Policy
from consent.decide import decide
from consent.policy import PolicyError, read_clauses, read_policy
from consent.signals import read_signals
from consent.starters import starter
from consent.tools.coverage import SILENCE, coverage
from consent.tools.diff import Change, differences
from consent.tools.findings import Weight, check_activation, findings
from consent.tools.mutants import untested
from consent.tools.simulate import Past, read_past, say, simulate, unsay
from consent.words import Language, Signal, Statement

AT = datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()
WORLD = starter("world").decode()
Edit = Callable[[str, str], str]


def edited(*changes: tuple[str, str]) -> str:
    text = WORLD
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


def found(text: str, weight: Weight) -> list[str]:
    return [f.sentence for f in findings(read_policy(text.encode()), AT) if f.weight is weight]


def test_the_complete_example_has_no_error_and_no_warning(shop: Policy) -> None:
    assert [f for f in findings(shop, AT) if f.weight is not Weight.NOTE] == []


def test_a_policy_past_its_review_may_not_be_activated_and_is_announced_before(shop_text: str) -> None:
    late = read_policy(shop_text.replace("review_by: 2027-05-15", "review_by: 2026-11-21").encode(), "shop.yml")
    with pytest.raises(PolicyError) as caught:
        check_activation(late, AT)
    line = shop_text[: shop_text.index("review_by")].count("\n") + 1
    assert str(caught.value) == f"shop.yml:{line}: review_by was 2026-11-21; review it before it is activated again"
    soon = read_policy(shop_text.replace("review_by: 2027-05-15", "review_by: 2026-12-01").encode())
    check_activation(soon, AT)
    assert found(shop_text.replace("2027-05-15", "2026-12-01"), Weight.WARNING) == [
        "is to be reviewed by 2026-12-01, in 9 days"
    ]


def test_a_law_that_lies_ahead_stops_activation() -> None:
    text = edited(("valid_from: 2026-02-05", "valid_from: 2027-02-05"))
    assert found(text, Weight.ERROR) == [
        "the region 'uk' follows a law that is valid from 2027-02-05, which lies ahead"
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("choice_valid_for: 6 months", "choice_valid_for: 2 years"), "a choice counts for longer than 13 months"),
        (("counting: 25 months", "counting: 3 years"), "'counting' is kept for more than 25 months"),
        (("role: third_party, location", "role: third_party, location"), None),
        (
            ("us_other: [ad_targeting, ad_measurement]", "us_other: [ad_targeting]"),
            "gpc does not stop ad_measurement in 'us_other'",
        ),
        (
            ('referrer:     {"*": host_only', 'referrer:     {"*": host_only, counting: keep'),
            "so keep for 'counting' has no effect",
        ),
    ],
)
def test_what_is_doubtful_is_a_warning(change: tuple[str, str], sentence: str | None) -> None:
    text = edited(change)
    text = (
        text[: text.index("examples:")]
        + "examples:\n  - {given: {place: DE}, then: {allowed: [operations, counting]}}\n"
    )
    warnings = found(text, Weight.WARNING)
    assert bool(warnings) is (sentence is not None)
    assert sentence is None or sentence in warnings[0]


def test_a_third_party_that_gets_what_nobody_was_asked_for_is_a_warning() -> None:
    text = edited(("{purposes: [ad_measurement, ad_targeting], role", "{purposes: [analytics], role"))
    text = (
        text[: text.index("examples:")]
        + "examples:\n  - {given: {place: DE}, then: {allowed: [operations, counting]}}\n"
    )
    assert any(
        "'ads_platform', a third party, gets analytics in 'uk' without a yes" in one
        for one in found(text, Weight.WARNING)
    )


def test_the_mutation_check_names_the_clause_that_no_example_tests() -> None:
    line = next(line for line in WORLD.splitlines() if "place: CH, gateway_sdk: {operations: no" in line)
    policy = read_policy(WORLD.replace(line + "\n", "").encode())
    assert {mutant.change for mutant in untested(policy)} == {
        f"in the region 'swiss', {purpose} from until objection to always"
        for purpose in ("counting", "analytics", "personalise", "ad_measurement")
    } | {"in the region 'swiss', operations from always to until objection"}


def test_coverage_counts_visits_per_region_purpose_and_signal(shop: Policy) -> None:
    cells = {(cell.region, cell.purpose, cell.said): cell.visits for cell in coverage(shop)}
    assert cells["uk", "analytics", SILENCE] == 1
    assert cells["uk", "analytics", "tcf no"] == 1
    assert cells["eea", "analytics", "gateway_sdk yes"] == 1
    assert cells["us_gpc", "ad_targeting", "gpc no"] == 1
    assert cells["eea", "counting", "dnt no"] == 1
    assert len(shop.regions) * len(shop.purposes) == sum(cell[2] == SILENCE for cell in cells)


DIFFERENCES = [
    (
        ("ad_measurement: 90 days", "ad_measurement: 30 days"),
        "what serves ad_measurement is kept for 30 days, not 90 days",
        False,
    ),
    (
        ("ad_measurement: 90 days", "ad_measurement: 120 days"),
        "what serves ad_measurement is kept for 120 days, not 90 days",
        True,
    ),
    (
        ("choice_valid_for: 6 months", "choice_valid_for: 5 months"),
        "a choice is valid for 152 days, not 182",
        False,
    ),
    (("minors_under: 16", "minors_under: 15"), "minors are people under 15, not 16", True),
    (
        ("on_withdrawal: stop", "on_withdrawal: erase"),
        "what was stored of people who withdraw their consent is erased",
        False,
    ),
    (
        ("for_minors_never: [personalise, ", "for_minors_never: ["),
        "personalise may be allowed for minors",
        True,
    ),
    (("gpc, dnt, cmp_cookie]", "dnt, cmp_cookie]"), "a no from gpc is no longer believed", True),
    (
        ("counting: [], analytics: [1, 8]", "counting: [], analytics: [8]"),
        "tcf: the flags that speak for analytics are purpose 8 (gone: purpose 1)",
        True,
    ),
    (
        ("counting: [], analytics: [1, 8]", "counting: [], analytics: [1, 8, 9]"),
        "tcf: the flags that speak for analytics are purpose 1, purpose 8, purpose 9 (new: purpose 9)",
        False,
    ),
    (
        ("default_counts_as_yes: false", "default_counts_as_yes: yes"),
        "google_consent_mode: default_counts_as_yes from no to yes",
        True,
    ),
    (
        ("{analytics: pseudonymise, ad_targeting: pseudonymise", "{analytics: keep, ad_targeting: pseudonymise"),
        "the field 'visitor_id' for analytics changes from pseudonymise to keep",
        True,
    ),
    (
        ('referrer:     {"*": host_only', 'referrer:     {"*": drop'),
        "the field 'referrer' for every purpose that it does not name changes from host only to drop",
        False,
    ),
    (("transfer: DPF", "transfer: SCC"), "'ads_platform': transfer from DPF to SCC", True),
    (
        ("{purposes: [counting, analytics], role", "{purposes: [counting, analytics, personalise], role"),
        "what goes to 'warehouse' serves counting, analytics, personalise (new: personalise)",
        True,
    ),
    (
        ('say: "Adapt content to you"', 'say: "Show you what fits"'),
        'the purpose \'personalise\': say from "Adapt content to you" to "Show you what fits"',
        False,
    ),
    (
        ("us_other: [ad_targeting, ad_measurement]", "us_other: [ad_targeting]"),
        "gpc: the flags that speak for ad_measurement in us_other are none (gone: gpc)",
        True,
    ),
]


def changes(text: str) -> list[Change]:
    return differences(read_clauses(WORLD.encode()), read_clauses(text.encode()))


@pytest.mark.parametrize(("change", "sentence", "widens"), DIFFERENCES)
def test_two_policies_that_differ_in_one_clause_differ_in_one_sentence(
    change: tuple[str, str], sentence: str, widens: bool
) -> None:
    (only,) = changes(edited(change))
    assert (only.sentence, only.widens) == (sentence, widens)
    assert only.line == WORLD[: WORLD.index(change[0])].count("\n") + 1


def test_a_rule_that_changes_is_told_with_its_places_and_direction() -> None:
    stricter = edited(
        ("ask_first: [personalise, ad_measurement, ad_targeting], until_objection: [counting, analytics]",
         "ask_first: [analytics, personalise, ad_measurement, ad_targeting], until_objection: [counting]"))  # fmt: skip
    sentence = "in the region 'uk' (GB), analytics changes from until objection to ask first"
    assert [(c.sentence, c.widens) for c in changes(stricter)] == [(sentence, False)]
    back = differences(read_clauses(stricter.encode()), read_clauses(WORLD.encode()))
    assert [(c.sentence, c.widens) for c in back] == [
        ("in the region 'uk' (GB), analytics changes from ask first to until objection", True)
    ]


def test_a_place_that_moves_is_told_with_what_changes_for_it() -> None:
    moved = edited(("HU, IE, IT", "HU, IT"), ("where: [GB]", "where: [GB, IE]"))
    (only,) = changes(moved)
    assert only.widens
    assert only.sentence == (
        "IE moves from the region 'eea' to 'uk': analytics from ask first to until objection; "
        "dnt no longer refuses counting"
    )


def test_a_place_that_moves_to_equal_rules_is_told_and_does_not_widen() -> None:
    (only,) = changes(edited(('ES, SE, IS, LI, "NO"]', 'ES, SE, IS, "NO"]')))
    assert (only.sentence, only.widens) == (
        "LI moves from the region 'eea' to 'strictest': nothing changes for it",
        False,
    )


def test_a_policy_does_not_differ_from_itself() -> None:
    assert changes(WORLD) == []


def test_an_example_is_counted_and_never_widens() -> None:
    (only,) = changes(WORLD + "  - {given: {place: FR}, then: {allowed: [operations, counting]}}\n")
    assert (only.sentence, only.widens) == ("examples: 1 new or changed, 0 gone or changed", False)


def test_signals_are_told_in_words_that_hold_nobody_and_come_back_as_they_were(shop: Policy) -> None:
    purposes = '{"analytics": true, "jane@example.org": false}'
    own = f'{{"choice": "explicit", "at": "2026-09-01T10:11:12Z", "purposes": {purposes}}}'
    signals = read_signals(
        (Statement("own", own), Statement("sec-gpc", "1"), Statement("gcs", "G110"), Statement("gdpr", "1"))
    )
    words = say(signals, shop, AT)
    assert words == (
        "gateway_sdk analytics yes 2; gateway_sdk unmapped no 2; google_consent_mode ad_storage yes_by_default; "
        "google_consent_mode analytics_storage no; gpc gpc no; tcf gdpr applies yes"
    )
    assert decide(unsay(words, AT), shop, ("DE",), AT) == decide(signals, shop, ("DE",), AT)
    assert say(unsay(words, AT), shop, AT) == words


def test_a_draft_is_simulated_on_counts(shop: Policy, strictest: Policy) -> None:
    gpc = Signal(Language.GPC, "gpc", False)
    past = [
        Past(("GB",), (), ("operations", "counting", "analytics"), 70),
        Past((), (), ("operations", "counting"), 20),
        Past(("US-CA",), (gpc,), ("operations", "counting", "analytics", "personalise"), 10),
    ]
    same = simulate(shop, past, AT)
    assert sum(outcome.gained + outcome.lost for outcome in same) == 0
    outcomes = {(o.place, o.purpose): o[2:] for o in simulate(strictest, past, AT)}
    assert outcomes["GB", "analytics"] == (70, 0, 0, 70)
    assert outcomes["unknown", "counting"] == (20, 0, 0, 20)
    assert outcomes["GB", "operations"] == (70, 70, 0, 0)


def test_counts_are_read_from_json_lines_and_a_broken_line_is_named() -> None:
    said = "gateway_sdk analytics yes 1; tcf purpose 8 no"
    row = f'{{"place": "DE+FR", "said": "{said}", "purposes": ["operations"], "n": 3}}'
    (past,) = read_past([row, ""], AT)
    assert (past.places, past.purposes, past.n) == (("DE", "FR"), ("operations",), 3)
    assert [(s.language.value, s.flag, s.says) for s in past.signals] == [
        ("gateway_sdk", "analytics", True),
        ("tcf", "purpose 8", False),
    ]
    for broken in (
        "{",
        "[]",
        '{"place": "DE"}',
        row.replace("tcf purpose 8 no", "tcf maybe"),
        row.replace("tcf", "telepathy"),
    ):
        with pytest.raises(ValueError, match="line 2 is not a count of decisions"):
            list(read_past([row, broken], AT))
