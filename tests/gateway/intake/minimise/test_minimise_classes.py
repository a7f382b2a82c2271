"""User agents to classes, addresses to networks, times as fine as allowed, texts that columns can hold."""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import UTC, datetime

import pytest

from gateway.intake.text import clean_text
from gateway.intake.times import expiry, is_storable, to_hour, to_millisecond, to_second
from gateway.intake.useragent import classify
from gateway.intake.visitors import Pseudonym, truncate

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0.0.0 Safari/537.36",
            "Chrome Windows desktop",
        ),
        (
            f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/142.0.0.0 Safari/537.36",
            "Chrome Chrome OS desktop",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox Linux desktop"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15",
            "Safari Mac OS X desktop",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/17.5 Mobile/15E148 Safari/604.1",
            "Mobile Safari iOS mobile",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/16.6 Mobile/15E148 Safari/604.1",
            "Mobile Safari iOS tablet",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36",
            "Chrome Mobile Android mobile",
        ),
        (f"Mozilla/5.0 (Linux; Android 14; SM-X710) {WEBKIT} Chrome/126.0 Safari/537.36", "Chrome Android tablet"),
        (
            f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {WEBKIT} SamsungBrowser/2.1 Chrome/76.0 TV Safari/537.36",
            "Samsung Internet Tizen tv",
        ),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot  bot"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/120.0 Safari/537.36", "HeadlessChrome Linux bot"),
        ("curl/8.5.0", "curl  other"),
        ("analytics-python/2.3.4", "  other"),
    ],
)
def test_a_user_agent_is_two_families_and_a_class(agent: str, expected: str) -> None:
    classes = classify(agent)
    assert f"{classes.browser} {classes.system} {classes.device}" == expected
    assert classes.is_bot == expected.endswith(" bot")


@pytest.mark.parametrize(
    "agent", ["JaneDoesApp/1.0 CFNetwork/1474 Darwin/23.0.0", "janedoe-player/3 (Windows NT 10.0)"]
)
def test_a_name_that_nobody_listed_is_other(agent: str) -> None:
    assert "jane" not in str(classify(agent)).lower()


@pytest.mark.parametrize("agent", ["x" * 8192, "Mozilla/5.0 " * 700, "\ud800", "é\x00\u202e", "(" * 8000, "; " * 4000])
def test_a_hostile_user_agent_costs_little(agent: str) -> None:
    start = time.process_time()
    classify(agent)
    assert time.process_time() - start < 0.05


def test_no_user_agent_is_no_class() -> None:
    assert classify("") == ("", "", "", False)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113"),
        ("::ffff:203.0.113.9", "203.0.113"),
        ("2001:db8:1:2:3:4:5:6", "20010db80001"),
        ("2001:db8:1::9%eth0", "20010db80001"),
        ("[2001:db8:1::9]", "20010db80001"),
        ("256.0.0.1", ""),
        ("1.2.3", ""),
        ("1.2.3.4.5", ""),
        ("１.2.3.4", ""),
        ("203.0.113.9, 10.0.0.1", ""),
        ("unknown", ""),
        ("", ""),
        (":" * 5000, ""),
    ],
)
def test_an_address_is_truncated_to_its_network(address: str, network: str) -> None:
    assert truncate(address) == network


def test_a_pseudonym_is_hmac_sha_256_of_site_kind_and_text_cut_to_128_bits() -> None:
    key, text = bytes(range(32)), "123.456 é\ud800"
    message = b"demo\0visitor\0" + text.encode("utf-8", "surrogatepass")
    expected = hmac.new(key, message, hashlib.sha256).hexdigest()[:32]
    assert Pseudonym(key, "demo", "visitor").of(text) == expected


def test_times_are_as_fine_as_they_may_be() -> None:
    at = datetime(2026, 11, 22, 23, 59, 59, 999_600, tzinfo=UTC).timestamp()
    assert to_millisecond(at) == "2026-11-23T00:00:00.000Z"
    assert to_millisecond(at - 0.0006) == "2026-11-22T23:59:59.999Z"
    assert to_second(at) == "2026-11-22T23:59:59Z"
    assert to_hour(at) == "2026-11-22T23:00:00Z"


def test_storage_ends_at_a_midnight_and_never_after_the_last_second_of_the_column() -> None:
    assert expiry(20_779, 90) == "2027-02-20T00:00:00Z"
    assert expiry(20_779, 9_999_999) == "2106-02-07T06:28:15Z"


def test_an_hour_ahead_and_thirty_days_behind_are_storable() -> None:
    now = 1_795_345_200.0
    assert is_storable(now + 3600, now)
    assert is_storable(now - 30 * 86_400, now)
    assert not is_storable(now + 3601, now)
    assert not is_storable(now - 30 * 86_400 - 1, now)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("sofa", "sofa"),
        ("a\x00b", "ab"),
        ("a\tb\nc", "a b c"),
        ("\u202egnp.exe", "gnp.exe"),
        ("lone\ud800", "lone"),
        ("zero\u200bwidth", "zerowidth"),
        ("é漢😀", "é漢😀"),
        ("x" * 50, "x" * 20),
    ],
)
def test_text_is_bounded_printable_and_one_line(raw: str, clean: str) -> None:
    assert clean_text(raw, 20) == clean
    clean_text(raw, 20).encode("utf-8")
