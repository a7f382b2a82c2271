"""The cookie `_gw`: only where storage is allowed, of fixed life, gone with consent."""

from __future__ import annotations

import pytest

from consent.policy import read_policy
from consent.starters import starter
from consent.words import Decision
from gateway.intake.cookies import EXPIRE, Cookie, life_days, read_cookie, sent_values, set_cookie
from gateway.intake.headers import joined

NOW = 1_795_345_201.0
DAY = 20_779
FRESH, OTHER = "0123456789abcdef" * 2, "f" * 32
POLICY = read_policy(starter("strictest"))


def header(*lines: str) -> frozenset[bytes]:
    told = joined([(b"host", b"x"), *((b"cookie", line.encode("latin-1")) for line in lines)])
    return sent_values(told.get(b"cookie", b""))


def decision(*names: str) -> Decision:
    return Decision(POLICY.mask(names), names, "anywhere", POLICY.hash)


def test_storage_is_allowed_as_long_as_policy_keeps_identifiers_and_390_days_at_most() -> None:
    assert life_days(POLICY, decision("operations", "counting", "analytics")) == 390
    short = starter("strictest").decode().replace("analytics: 13 months", "analytics: 2 months")
    assert life_days(read_policy(short.encode()), decision("operations", "analytics")) == 60


@pytest.mark.parametrize("names", [(), ("operations",), ("operations", "counting"), ("ad_targeting",)])
def test_storage_is_not_allowed_without_a_purpose_that_recognises(names: tuple[str, ...]) -> None:
    assert life_days(POLICY, decision(*names)) == 0


def test_a_line_struck_from_the_policy_ends_storage() -> None:
    clauses = starter("strictest").decode().partition("\nexamples:")[0]
    kept = "\n".join(line for line in clauses.splitlines() if not line.startswith("  visitor_id:"))
    policy = read_policy((kept + "\nexamples:\n  - {given: {place: DE}, then: {allowed: [operations]}}\n").encode())
    assert life_days(policy, decision("analytics")) == 0


def test_a_first_visit_with_storage_allowed_sets_a_cookie_for_this_host_only() -> None:
    expected = b"_gw=20779.%s; Max-Age=33696000; Path=/; Secure; HttpOnly; SameSite=Lax" % FRESH.encode()
    assert set_cookie(header(), 390, NOW, FRESH) == expected
    assert b"domain" not in expected.lower()


def test_a_cookie_that_lives_is_read_and_not_renewed() -> None:
    sent = header(f"a=1; _gw={DAY - 389}.{OTHER}; b=2")
    assert read_cookie(sent, 390, NOW) == Cookie(DAY - 389, OTHER)
    assert set_cookie(sent, 390, NOW, FRESH) == b""


@pytest.mark.parametrize(
    "value",
    [
        f"{DAY - 390}.{OTHER}",  # its time is over
        f"{DAY + 1}.{OTHER}",  # made tomorrow
        f"{DAY}.{OTHER[:-1]}",
        f"{DAY}.{OTHER.upper()}",
        f"-1.{OTHER}",
        f"²0779.{OTHER}",
        f"{DAY}{OTHER}",
        "",
        '"quoted"',
        "\x00\x01\xff",
        "x" * 8000,
    ],
)
def test_what_we_did_not_write_or_no_longer_lives_is_replaced(value: str) -> None:
    sent = header(f"_gw={value}")
    assert read_cookie(sent, 390, NOW) is None
    assert set_cookie(sent, 390, NOW, FRESH).startswith(b"_gw=20779." + FRESH.encode())
    assert set_cookie(sent, 0, NOW, FRESH) == EXPIRE


def test_two_different_values_are_nobodys_and_twice_the_same_is_one() -> None:
    one, other = f"_gw={DAY}.{OTHER}", f"_gw={DAY}.{FRESH}"
    assert read_cookie(header(f"{one}; {other}"), 390, NOW) is None
    assert read_cookie(header(one, other), 390, NOW) is None
    assert read_cookie(header(one, one), 390, NOW) == Cookie(DAY, OTHER)


def test_without_storage_nothing_is_set_or_read_and_what_is_there_expires() -> None:
    sent = header(f"_gw={DAY}.{OTHER}")
    assert read_cookie(sent, 0, NOW) is None
    assert set_cookie(sent, 0, NOW, FRESH) == b"_gw=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"
    assert set_cookie(header(), 0, NOW, FRESH) == b""


def test_a_shorter_policy_ends_older_cookies() -> None:
    sent = header(f"_gw={DAY - 70}.{OTHER}")
    assert read_cookie(sent, 60, NOW) is None
    assert b"Max-Age=5184000" in set_cookie(sent, 60, NOW, FRESH)


def test_other_cookies_are_not_looked_at() -> None:
    assert header("_ga=GA1.1.1.1; x_gw=1; _gwx=2;_gw; =_gw", "_GW=3") == {b""}
    assert header("_ga=GA1.1.1.1; x_gw=1; _gwx=2", "_GW=3") == frozenset()


def test_a_cookie_shows_nothing_of_itself() -> None:
    assert OTHER not in repr(Cookie(DAY, OTHER))
