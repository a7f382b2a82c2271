"""Reading what a hit says about consent: each language, what is absent, what is broken, what is given twice."""

from __future__ import annotations

import json
import time

import pytest

from consent.places import PLACE_HINTS
from consent.signals import CARRIERS, bounded, read_signals
from consent.words import EMPTY, LENGTH_LIMIT, UNREADABLE, Language, Signal, Statement

AT = 1_795_341_600.0


def heard(*statements: tuple[str, str]) -> set[tuple[str, str, bool, bool]]:
    """(language, flag, says, explicit) of each signal."""
    read = read_signals(tuple(Statement(*statement) for statement in statements))
    return {(signal.language.value, signal.flag, signal.says, signal.explicit) for signal in read}


def own(**parts: object) -> tuple[str, str]:
    return "own", json.dumps(parts)


def test_our_own_object_carries_time_and_explicitness() -> None:
    text = own(choice="explicit", at="2026-11-22T10:00:00Z", purposes={"analytics": True, "counting": False, "x": None})
    assert set(read_signals((Statement(*text),))) == {
        Signal(Language.GATEWAY_SDK, "analytics", True, AT, True),
        Signal(Language.GATEWAY_SDK, "counting", False, AT, True),
    }


@pytest.mark.parametrize("choice", [{"choice": "default"}, {"choice": "none"}, {}])
def test_only_an_explicit_choice_is_explicit(choice: dict[str, str]) -> None:
    assert heard(own(purposes={"analytics": True}, **choice)) == {("gateway_sdk", "analytics", True, False)}


@pytest.mark.parametrize(
    "at", ["2026-11-22T10:00:00+00:00", "2026-11-22T12:00:00+02:00", "2026-11-22T10:00:00", AT * 1000, AT]
)
def test_times_of_our_object_are_utc(at: object) -> None:
    (signal,) = read_signals((Statement(*own(at=at, purposes={"a": True})),))
    assert signal.at == AT


def test_our_object_may_carry_other_languages() -> None:
    assert ("gpc", "gpc", False, True) in heard(own(gpc=True))


YES, NO, BY_DEFAULT = (True, True), (False, True), (True, False)
TYPES = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
GCD = {
    "11l1l1l1l5": (None, None, None, None),
    "13r3r3r3r5l1": (YES, YES, YES, YES),
    "11t1t1t1t5": (BY_DEFAULT, BY_DEFAULT, BY_DEFAULT, BY_DEFAULT),
    "11p1q1m1u5": (NO, NO, NO, NO),
    "13n3v3r3l5": (YES, YES, YES, None),
    "13t3tPt2t5l1": (BY_DEFAULT, BY_DEFAULT, BY_DEFAULT, BY_DEFAULT),
    "13x3r3r3r5": (NO, YES, YES, YES),
}


@pytest.mark.parametrize("gcd", GCD)
def test_gcd_letters_are_read_by_position(gcd: str) -> None:
    said = {flag: (says, explicit) for _, flag, says, explicit in heard(("gcd", gcd))}
    assert said == {flag: meant for flag, meant in zip(TYPES, GCD[gcd], strict=True) if meant}


@pytest.mark.parametrize(
    ("gcs", "said"),
    [
        ("G111", {("ad_storage", True, False), ("analytics_storage", True, False)}),
        ("G100", {("ad_storage", False, True), ("analytics_storage", False, True)}),
        ("G1-1", {("analytics_storage", True, False)}),
        ("G1--", set()),
    ],
)
def test_gcs_grants_nothing_explicitly(gcs: str, said: set[tuple[str, bool, bool]]) -> None:
    assert heard(("gcs", gcs)) == {("google_consent_mode", *one) for one in said}


UNREADABLE_TEXTS = [
    ("gcs", "G1"),
    ("gcs", "G2111"),
    ("gcs", "G112"),
    ("gcs", "1"),
    ("gcs", "G111\n"),
    ("gcd", "13r3r3r"),
    ("gcd", "23r3r3r3r5"),
    ("gcd", "13r3r3r3é"),
    ("gcd", "1" * 9000),
    ("own", "{"),
    ("own", "[]"),
    ("own", "1"),
    ("own", '{"purposes": {"analytics": "yes"}}'),
    ("own", '{"purposes": []} x'),
    ("own", '{"choice": "maybe"}'),
    ("own", '{"at": "soon"}'),
    ("own", '{"at": true}'),
    ("own", "[" * 5000),
    ("own", '{"choice": "explicit", "purposes": {"analytics": false, "analytics": true}}'),
    ("own", '{"purposes": {"analytics": NaN}}'),
    ("ga4mp_consent", '{"ad_user_data": "granted"}'),
    ("ga4mp_consent", '{"ad_user_data": true}'),
    ("segment_consent", '{"categoryPreferences": {"Analytics": 1}}'),
    ("segment_consent", '{"categoryPreferences": [1]}'),
    ("rudderstack_consent", '{"allowedConsentIds": "C0002"}'),
    ("snowplow_consent", '{"eventType": "allow"}'),
    ("stape_consent_state", '{"ad_storage": "true"}'),
    ("walkeros_consent", '{"marketing": "true"}'),
]


@pytest.mark.parametrize(("carrier", "text"), UNREADABLE_TEXTS)
def test_what_cannot_be_read_is_one_unreadable_signal_and_never_a_yes(carrier: str, text: str) -> None:
    assert heard((carrier, text)) == {(CARRIERS[carrier].language.value, UNREADABLE, False, True)}


def test_an_unknown_carrier_is_unreadable_in_the_language_that_governs_everything() -> None:
    assert heard(("telepathy", "yes")) == {("gateway_sdk", UNREADABLE, False, True)}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(
    "text", ["", "null", "undefined", "[object Object]", "${GDPR_CONSENT_755}", "{{consent}}", "  "]
)
def test_an_unreplaced_macro_says_nothing_and_is_counted(carrier: str, text: str) -> None:
    assert heard((carrier, text)) == {(CARRIERS[carrier].language.value, EMPTY, False, False)}


@pytest.mark.parametrize("text", ["0", "true", "11", "1 ", "yes", "\u0661"])
def test_gpc_and_dnt_are_1_or_nothing(text: str) -> None:
    assert heard(("sec-gpc", text), ("dnt", text)) == set()
    assert heard(("sec-gpc", "1"), ("dnt", "1")) == {("gpc", "gpc", False, True), ("dnt", "dnt", False, True)}


@pytest.mark.parametrize("text", ["1, 1", "1,1", "0, 1", "0,1", "1, 0", "x, 1, y"])
def test_an_objection_that_came_twice_is_one(text: str) -> None:
    assert heard(("sec-gpc", text), ("dnt", text)) == {("gpc", "gpc", False, True), ("dnt", "dnt", False, True)}


def test_consent_objects_of_trackers_speak_in_their_own_categories() -> None:
    assert heard(
        ("segment_consent", '{"categoryPreferences": {"Analytics": true, "Advertising": false, "F": null}}')
    ) == {
        ("vendor", "segment analytics", True, True),
        ("vendor", "segment advertising", False, True),
    }
    assert heard(("rudderstack_consent", '{"allowedConsentIds": ["C0002", "C4"], "deniedConsentIds": ["C4"]}')) == {
        ("vendor", "rudderstack c0002", True, True),
        ("vendor", "rudderstack c4", False, True),
    }
    assert heard(("walkeros_consent", "{}")) == {("vendor", "walkeros *", False, True)}
    assert heard(("walkeros_consent", '{"functional": true, "marketing": false}')) == {
        ("vendor", "walkeros functional", True, True),
        ("vendor", "walkeros marketing", False, True),
    }
    shopify = '{"analyticsProcessingAllowed": true, "marketingAllowed": false, "saleOfDataAllowed": false}'
    assert heard(("shopify_consent", shopify)) == {
        ("vendor", "shopify analytics", True, False),
        ("vendor", "shopify marketing", False, True),
        ("vendor", "shopify sale", False, True),
    }
    assert heard(("matomo_consent", "1")) == {("vendor", "matomo consent", True, True)}
    assert heard(("matomo_consent", "0")) == {("vendor", "matomo consent", False, True)}
    assert heard(("sp-anonymous", "*")) == {("vendor", "snowplow anonymous", False, True)}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("allow_selected", {("vendor", "snowplow analytics", True, True)}),
        ("withdrawn", {("vendor", "snowplow analytics", False, True)}),
        ("expired", {("vendor", "snowplow analytics", False, True)}),
        ("pending", set()),
        ("implicit_consent", set()),
    ],
)
def test_snowplow_events_allow_or_deny_their_scopes(event: str, said: set[tuple[str, str, bool, bool]]) -> None:
    assert heard(("snowplow_consent", json.dumps({"eventType": event, "consentScopes": ["analytics"]}))) == said


def test_a_snowplow_denial_without_scopes_denies_all_of_them() -> None:
    assert heard(("snowplow_consent", '{"eventType": "deny_all"}')) == {("vendor", "snowplow *", False, True)}


def test_the_states_of_the_measurement_protocol_and_of_stape_speak_for_google() -> None:
    assert heard(("ga4mp_consent", '{"ad_user_data": "GRANTED", "ad_personalization": "DENIED"}')) == {
        ("google_consent_mode", "ad_user_data", True, True),
        ("google_consent_mode", "ad_personalization", False, True),
    }
    assert heard(("stape_consent_state", '{"ad_storage": true, "analytics_storage": false}')) == {
        ("google_consent_mode", "ad_storage", True, False),
        ("google_consent_mode", "analytics_storage", False, True),
    }
    assert heard(("npa", "1")) == {("google_consent_mode", "ad_personalization", False, True)}
    assert heard(("npa", "0")) == set()


def test_a_value_given_twice_is_read_as_the_more_protective() -> None:
    mixed = heard(("gcd", "13r3r3r3r5"), ("gcd", "13r3p3r3l5"))
    assert mixed == {
        ("google_consent_mode", "ad_storage", True, True),
        ("google_consent_mode", "analytics_storage", False, True),
        ("google_consent_mode", "ad_user_data", True, True),
    }
    assert heard(("gcd", "13r3r3r3r5"), ("gcd", "")) == {("google_consent_mode", EMPTY, False, False)}
    assert heard(("gcd", "13r3r3r3r5"), ("gcd", "x")) == {("google_consent_mode", UNREADABLE, False, True)}
    assert heard(("gcs", "G111"), ("gcs", "G111")) == heard(("gcs", "G111"))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_megabyte_and_every_byte_value_are_read_in_no_time(carrier: str) -> None:
    texts = ["a" * (1 << 20), "".join(map(chr, range(256))), "%25" * 300_000, "[" * 8000, "." * 8000, "~" * 8000]
    started = time.process_time()
    for text in texts:
        for signal in read_signals((Statement(carrier, text), Statement("dnt", "0"))):
            assert not signal.says or (signal.language, signal.flag) in PLACE_HINTS
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("carrier", CARRIERS)
def test_an_overlong_text_is_unreadable_and_need_not_be_kept(carrier: str) -> None:
    said = (Statement(carrier, "1" * (LENGTH_LIMIT + 1)), Statement("dnt", "1"))
    kept = bounded(said)
    assert sum(len(text) for _, text in kept) < 100
    assert read_signals(kept) == read_signals(said)
    assert Signal(CARRIERS[carrier].language, UNREADABLE, False) in read_signals(kept)
    assert bounded(kept) is kept
