"""Two sites, two days, two kinds: one person's pseudonyms have nothing in common; a restart keeps today's."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import orjson
import pytest

from consent.decide import decide
from consent.policy import read_policy
from consent.starters import starter
from consent.words import Language, Signal
from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.hit import Event
from gateway.intake.minimise import Minimiser, Trace
from gateway.intake.urls import UrlRules
from gateway.journal.keyring import DAY_S, Keyring

SITES = ("shop", "outlet")
NOON = 20_779 * DAY_S + DAY_S / 2  # 2026-11-22T12:00Z
DAYS = (NOON, NOON + DAY_S)
KINDS = {"durable": ("analytics", "counting"), "day": ("counting",)}

POLICY = read_policy(starter("strictest"))
CONTRACTS = read_contracts(starter_contracts())
MINIMISERS = {site: Minimiser(site, POLICY, CONTRACTS, UrlRules()) for site in SITES}


def pseudonyms(keyring: Keyring, site: str, at: float, kind: str) -> dict[str, str]:
    """All of a person's pseudonyms in a fact that is made on that site at that time."""
    assert keyring.refresh(at) == ()
    signals = tuple(Signal(Language.GATEWAY_SDK, purpose, True, at, True) for purpose in KINDS[kind])
    event = Event("page_view", at, client_id="1795.17", user_id="ada", session_id="s-1")
    trace = Trace("own", at, "203.0.113.9", "Mozilla/5.0", "DE")
    made = MINIMISERS[site].minimise(event, trace, decide(signals, POLICY, ("DE",), at), keyring.keys(site, at))
    row = orjson.loads(bytes(made))  # type: ignore[arg-type]  # a fact, or this fails
    assert row["visitor_kind"] == kind
    return {name: row[name] for name in ("visitor", "session", "account") if name in row}


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path, SITES)


def test_one_person_on_two_sites_two_days_and_in_two_kinds_is_several_strangers(keyring: Keyring) -> None:
    found = {
        (site, kind, name, at if kind == "day" else None): pseudonym
        for site, at, kind in product(SITES, DAYS, KINDS)
        for name, pseudonym in pseudonyms(keyring, site, at, kind).items()
    }
    assert len(found) == 2 * 3 + 2 * 2, "three durable ones a site, one a day and site where nobody is recognised"
    assert len(set(found.values())) == len(found)
    halves = [half for pseudonym in found.values() for half in (pseudonym[:16], pseudonym[16:]) if int(half, 16)]
    assert len(set(halves)) == len(halves)


def test_who_agreed_is_the_same_tomorrow_on_the_same_site(keyring: Keyring) -> None:
    today, tomorrow = (pseudonyms(keyring, "shop", at, "durable") for at in DAYS)
    assert today == tomorrow


@pytest.mark.parametrize("kind", KINDS)
def test_a_restart_keeps_todays_ids(keyring: Keyring, tmp_path: Path, kind: str) -> None:
    before = pseudonyms(keyring, "shop", NOON, kind)
    assert pseudonyms(Keyring(tmp_path, SITES), "shop", NOON + 60, kind) == before
