"""The fixed answers to conflicts, one row each. Where the shared semantics lie beside the project, none is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from consent.decide import decide
from consent.policy import Policy, read_policy
from consent.signals import read_signals
from consent.words import Statement

SEMANTICS = Path(__file__).parents[2].parent / "shared" / "consent-policy.md"
AT = datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()
TcWriter = Callable[..., str]


class Said(NamedTuple):
    """One reading of a case: statements, place, and whether a purpose is allowed by the policy."""

    statements: list[tuple[str, str]]
    purpose: str
    allowed: bool
    place: str = "DE"


def own(at: str = "2026-11-20T00:00:00Z", **purposes: bool) -> tuple[str, str]:
    return "own", json.dumps({"choice": "explicit", "at": at, "purposes": purposes})


def silent(**purposes: bool) -> tuple[str, str]:
    """Our object without a time."""
    return "own", json.dumps({"choice": "explicit", "purposes": purposes})


OLD, NEW = "2026-08-01T00:00:00Z", "2026-11-01T00:00:00Z"


def cases(tc: TcWriter) -> dict[str, list[Said]]:
    def cookie(*consents: int, created: str) -> tuple[str, str]:
        return "cookies", f"euconsent-v2={tc(consents, created=created)}"

    def gdpr_consent(*consents: int, **odd: object) -> tuple[str, str]:
        return "gdpr_consent", tc(consents, **odd)

    analytics = (1, 8)
    return {
        "two sources disagree": [
            Said([own(analytics=True), ("gcd", "13r3p3r3r5")], "analytics", False),
            Said([own(analytics=False), ("gcd", "13r3r3r3r5")], "analytics", False),
            Said([own(analytics=True), ("gcd", "13r3r3r3r5")], "analytics", True),
        ],
        "old yes, new no, arriving in any order": [
            Said([own(OLD, analytics=True), ("gdpr_consent", tc(analytics, created="2026-08-01"))], "analytics", True),
            Said([gdpr_consent(*analytics, created="2026-08-01"), cookie(created="2026-11-01")], "analytics", False),
            Said([gdpr_consent(created="2026-11-01"), cookie(*analytics, created="2026-08-01")], "analytics", False),
            Said([gdpr_consent(created="2026-08-01"), cookie(*analytics, created="2026-11-01")], "analytics", True),
            Said([("gcs", "G100"), ("gcd", "13r3r3r3r5")], "analytics", False),
        ],
        "GPC = 1 and an explicit yes on this site": [
            Said([("sec-gpc", "1"), own(ad_targeting=True)], "ad_targeting", False),
            Said([("sec-gpc", "1"), own(ad_targeting=True)], "ad_targeting", False, "US-CA"),
            Said([own(ad_targeting=True)], "ad_targeting", True),
        ],
        "`gdpr=0`, place in the EEA": [
            Said([("gdpr", "0")], "analytics", False),
            Said([("gdpr", "0")], "analytics", True, "GB"),
            Said([("gdpr", "1")], "analytics", False, "GB"),
        ],
        "gcs and gcd disagree": [
            Said([("gcs", "G110"), ("gcd", "13r3r3r3r5")], "analytics", False),
            Said([("gcs", "G110"), ("gcd", "13r3r3r3r5")], "ad_measurement", True),
            Said([("gcs", "G111"), ("gcd", "13r3p3r3r5")], "analytics", False),
        ],
        "TCF core yes, publisher segment no": [
            Said([gdpr_consent(1, 8, 7, publisher=())], "analytics", False),
            Said([gdpr_consent(publisher=(1, 8))], "analytics", True),
        ],
        "TCF legitimate interest only": [
            Said([gdpr_consent(1, interests=(8,))], "analytics", False),
            Said([gdpr_consent(7, interests=(1,))], "ad_measurement", False),
            Said([gdpr_consent(8, interests=(1,))], "analytics", False, "GB"),
        ],
        "TCF created after 2026-02-28 without disclosedVendors; encoding version not 2; policy version below 4; "
        "older than 13 months": [
            Said([gdpr_consent(*analytics, created="2026-03-01", disclosed=0)], "analytics", False),
            Said([gdpr_consent(*analytics, created="2026-06-01", disclosed=1)], "analytics", True),
            Said([gdpr_consent(*analytics, encoding=3)], "analytics", False),
            Said([gdpr_consent(*analytics, policy=3)], "analytics", False),
            Said([gdpr_consent(*analytics, policy=4)], "analytics", True),
            Said([gdpr_consent(*analytics, created="2025-10-20")], "analytics", False),
        ],
        "a parameter given twice": [
            Said([gdpr_consent(*analytics), gdpr_consent()], "analytics", False),
            Said([gdpr_consent(), gdpr_consent(*analytics)], "analytics", False),
            Said([gdpr_consent(*analytics), gdpr_consent(*analytics)], "analytics", True),
            Said([("us_privacy", "1YNN"), ("us_privacy", "1YYN")], "ad_targeting", False, "US-CA"),
        ],
        "event queued with a yes, a no since": [
            Said([own(OLD, analytics=True), own(NEW, analytics=False)], "analytics", False),
            Said([own(NEW, analytics=False), own(OLD, analytics=True)], "analytics", False),
        ],
        "server-to-server event without a consent block": [
            Said([], "analytics", False),
            Said([], "operations", True),
        ],
        "a CMP cookie": [
            Said([("cookies", "cookieyes-consent=action:yes,analytics:yes")], "analytics", False),
            Said([("cookies", "cookieyes-consent=action:yes,analytics:no"), own(analytics=True)], "analytics", False),
            Said([("cookies", "cookieyes-consent=action:yes,analytics:no")], "analytics", False, "GB"),
        ],
    }


CASES = cases(lambda *a, **b: "")


@pytest.mark.parametrize("case", CASES)
def test_a_conflict_has_its_fixed_answer(case: str, shop: Policy, tc: TcWriter) -> None:
    for said in cases(tc)[case]:
        signals = read_signals(tuple(Statement(*statement) for statement in said.statements))
        decision = decide(signals, shop, (said.place,), AT)
        assert (said.purpose in decision.purposes) is said.allowed, said


def test_no_case_of_the_semantics_is_missing() -> None:
    if not SEMANTICS.is_file():
        pytest.skip("the shared semantics do not lie beside the project")
    table = SEMANTICS.read_text().split("## Conflicts: fixed answers")[1].split("##")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]
    assert [row for row in rows if row not in ("case", "---")] == list(CASES)


def test_the_policy_may_list_an_exception_to_gpc(shop_text: str) -> None:
    """CCPA Regulations 7025(c)(4): a person who asked this site for it outweighs their own browser's signal."""
    old = "everywhere: [ad_targeting]}}"
    text = shop_text.replace(old, "everywhere: [ad_targeting]}, except_explicit_yes_for: [ad_targeting]}")
    policy = read_policy(
        text[: text.index("examples:")].encode()
        + b"examples: [{given: {place: DE}, then: {to: [warehouse, security_log]}}]\n"
    )
    gpc = ("sec-gpc", "1")
    for statements, allowed in (
        ([gpc], False),
        ([gpc, own(ad_targeting=True)], True),
        ([gpc, own(ad_targeting=False)], False),
    ):
        signals = read_signals(tuple(Statement(*statement) for statement in statements))
        assert ("ad_targeting" in decide(signals, policy, ("US-CA",), AT).purposes) is allowed


def test_a_legitimate_interest_supports_until_objection_only_where_the_policy_says_so(
    shop_text: str, tc: TcWriter
) -> None:
    text = shop_text.replace("vendor_id: none,", "vendor_id: none, legitimate_interest: supports_until_objection,")
    lenient, strict = read_policy(text.encode()), read_policy(shop_text.encode())
    signals = read_signals((Statement("gdpr_consent", tc((1,), interests=(8,))),))
    assert "analytics" in decide(signals, lenient, ("GB",), AT).purposes
    assert "analytics" not in decide(signals, strict, ("GB",), AT).purposes
    assert "analytics" not in decide(signals, lenient, ("DE",), AT).purposes


def test_a_banners_yes_counts_once_the_policy_maps_it(shop_text: str) -> None:
    mapped = "  cmp_cookie: {cookieyes: {analytics: [analytics], ad_targeting: [advertisement], ignored: [other]}}\n"
    text = shop_text.replace("  gpp:  {opt", mapped + "  gpp:  {opt").replace(
        "google_consent_mode]\n", "google_consent_mode, cmp_cookie]\n", 1
    )
    policy = read_policy(text.encode())

    def allowed(cookie: str) -> set[str]:
        signals = read_signals((Statement("cookies", f"cookieyes-consent={cookie}"),))
        return {*decide(signals, policy, ("DE",), AT).purposes}

    assert "analytics" in allowed("action:yes,analytics:yes")
    assert "analytics" in allowed("action:yes,analytics:yes,other:no")
    assert "analytics" not in allowed("action:,analytics:yes")
    assert "analytics" not in allowed("action:yes,analytics:yes,functional:no")  # nobody said what functional concerns


def test_a_vendor_id_asks_for_consent_to_that_vendor_too(shop_text: str, tc: TcWriter) -> None:
    text = shop_text.replace("vendor_id: none", "vendor_id: 31")
    policy = read_policy(
        text.replace("{purposes: [1, 3, 4, 7, 8]}", "{purposes: [1, 3, 4, 7, 8], vendors: [31]}").encode()
    )
    for vendors, allowed in (((31, 32), True), ((30,), False)):
        statement = Statement("gdpr_consent", tc((1, 8), vendors=vendors))
        assert (
            "analytics" in decide(read_signals((statement, *policy.statements)), policy, ("DE",), AT).purposes
        ) is allowed
        assert "analytics" not in decide(read_signals((statement,)), policy, ("DE",), AT).purposes


@pytest.mark.parametrize(
    ("gpp", "sid", "allowed"),
    [
        ("DBABLA~CAAQAAAAAABA.QA", "7", False),  # usnat: sale opted out
        ("DBABLA~CAAAAAAAAABA.YA", "7", False),  # GPC sub-section
        ("DBABLA~CAAAAAAAAABA.QA", "7", True),
        ("DBABTA~1YYN", "6", False),
        ("DBABTA~1YNN", "6", True),
        ("DBABTA~1Y-N", "6", False),
        ("DBABLA~CAAQ", "7", False),
        ("${GPP_STRING_755}", "7", True),
    ],
)
def test_a_gpp_string_opts_out_of_sale_in_california(gpp: str, sid: str, allowed: bool, shop: Policy) -> None:
    signals = read_signals((Statement("gpp", gpp), Statement("gpp_sid", sid)))
    assert ("ad_measurement" in decide(signals, shop, ("US-CA",), AT).purposes) is allowed
