"""Cookies of consent banners: a folder of fixtures, one file per banner. A new case is data, not code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from consent.flags import SOURCES
from consent.signals import read_signals
from consent.signals.cmp import BANNERS, consent_cookies
from consent.words import UNREADABLE, Language, Signal, Statement

FOLDER = Path(__file__).parent / "cookies"
CASES = [(path.stem, case) for path in sorted(FOLDER.glob("*.json")) for case in json.loads(path.read_text())]
STRANGERS = "_ga=GA1.1.1; session=s3cr3t; {}; theme=dark"


def word(signal: Signal) -> str:
    return "no" if not signal.says else "yes" if signal.explicit else "default"


@pytest.mark.parametrize(("banner", "case"), CASES, ids=[f"{banner}: {case['note']}" for banner, case in CASES])
def test_a_cookie_says_what_its_fixture_says(banner: str, case: dict[str, Any]) -> None:
    signals = read_signals((Statement("cookies", consent_cookies(STRANGERS.format(case["cookie"]))),))
    assert {signal.language for signal in signals} <= {Language.CMP_COOKIE}
    said = {signal.flag: word(signal) for signal in signals}
    assert said == ({UNREADABLE: "no"} if case["says"] == UNREADABLE else case["says"])


def test_every_banner_has_fixtures() -> None:
    assert {banner.source for banner in BANNERS} == {path.stem for path in FOLDER.glob("*.json")}
    assert {banner.source for banner in BANNERS} == {*SOURCES[Language.CMP_COOKIE]}


def test_cookies_that_do_not_speak_of_consent_are_left_where_they_are() -> None:
    kept = consent_cookies(STRANGERS.format("klaro=%7B%7D") + '; euconsent-v2="CQ"; usprivacy=1YNN')
    assert kept == 'klaro=%7B%7D; euconsent-v2="CQ"; usprivacy=1YNN'
    assert consent_cookies("_ga=1; theme=dark") == ""


def test_cookies_that_hold_another_languages_string_speak_that_language() -> None:
    signals = read_signals((Statement("cookies", 'euconsent-v2="CQ"; usprivacy=1YYN'),))
    assert {(signal.language, signal.flag) for signal in signals} == {
        (Language.TCF, UNREADABLE),
        (Language.US_PRIVACY, "opt_out_of_sale_or_sharing"),
    }


def test_the_time_of_the_choice_travels_with_it() -> None:
    (case,) = [case for banner, case in CASES if banner == "didomi" and case["note"] == "answered"]
    (first, *_) = read_signals((Statement("cookies", case["cookie"]),))
    assert first.at == 1_795_168_800.0  # 2026-11-20T10:00:00Z
