"""Canaries: a unique text in every place of an event that holds one; facts may hold those that policy allows, only.

`ALLOWED` names, per decision, the places whose canary may be seen again; everything else must be gone.
"""

from __future__ import annotations

import random
import string
from typing import Any

import pytest

from consent.policy import read_policy
from consent.starters import starter
from consent.words import Decision
from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.hit import Event
from gateway.intake.minimise import Minimiser, Trace
from gateway.intake.urls import UrlRules
from gateway.words import SiteKeys

NOW = 1_795_345_201.5
POLICY = read_policy(starter("strictest"))
CONTRACTS = read_contracts(starter_contracts())
KEYS = SiteKeys(b"d" * 32, b"k" * 32, 20_779)

#: Every place of an event and its hit that holds text.
PLACES = (
    *("event_id", "client_id", "user_id", "session_id", "email", "address", "user_agent", "language", "screen"),
    *("page_user", "page_host", "page_path", "page_query", "page_fragment", "page_title"),
    *("referrer_host", "referrer_path", "referrer_query", "click_id", "utm_source", "utm_campaign", "utm_content"),
    *("unlisted", "item_name", "item_unlisted", "product_id", "name", "search_term", "order_id"),
)

#: Contract properties and the parts of URLs that the strictest policy keeps for counting.
COUNTED = {"page_host", "page_path", "referrer_host", "product_id", "name", "search_term", "utm_source", "utm_campaign"}

ALLOWED = {
    (): set[str](),
    ("operations",): set[str](),
    ("operations", "counting"): COUNTED,
    ("operations", "counting", "analytics"): COUNTED | {"order_id"},
    ("operations", "counting", "ad_targeting"): COUNTED,
}


def plant(rng: random.Random) -> dict[str, str]:
    """A unique word per place: letters, so that no rule for numbers or tokens removes it by luck."""
    return {place: "q" + "".join(rng.choices(string.ascii_lowercase, k=11)) + "z" for place in PLACES}


def event(name: str, canary: dict[str, str]) -> Event:
    listed = ("product_id", "name", "search_term", "order_id", "unlisted")
    properties: dict[str, Any] = {key: canary[key] for key in listed}
    return Event(
        name,
        NOW,
        event_id=canary["event_id"],
        client_id=canary["client_id"],
        user_id=canary["user_id"],
        session_id=canary["session_id"],
        page_url=(
            f"https://{canary['page_user']}:pw@{canary['page_host']}.example:8443/{canary['page_path']}?"
            f"q={canary['page_query']}&gclid={canary['click_id']}&utm_source={canary['utm_source']}"
            f"&utm_campaign={canary['utm_campaign']}&utm_content={canary['utm_content']}#{canary['page_fragment']}"
        ),
        page_title=canary["page_title"],
        referrer=f"https://{canary['referrer_host']}.example/{canary['referrer_path']}?q={canary['referrer_query']}",
        language=canary["language"],
        screen=canary["screen"],
        email=f"{canary['email']}@example.org",
        properties=properties | {"value": 5, "currency": "EUR", "email": canary["email"]},
        items=[{"product_id": "SKU", "name": canary["item_name"], "secret": canary["item_unlisted"]}],
    )


@pytest.mark.parametrize("names", list(ALLOWED))
def test_no_canary_survives_that_policy_did_not_allow(names: tuple[str, ...]) -> None:
    minimiser = Minimiser("demo", POLICY, CONTRACTS, UrlRules())
    decision = Decision(POLICY.mask(names), names, "anywhere", POLICY.hash)
    rng, planted, seen = random.Random(3), 0, set()
    for name in (*CONTRACTS.terms, "unknown_event"):
        canary = plant(rng)
        planted += len(canary)
        trace = Trace("collect", NOW, canary["address"], f"Mozilla/5.0 ({canary['user_agent']}) x/1", "DE")
        made = minimiser.minimise(event(name, canary), trace, decision, KEYS)
        text = bytes(made).decode() if isinstance(made, bytes) else ""
        seen |= {place for place, word in canary.items() if word in text}
    assert planted > 1000
    assert seen == ALLOWED[names]


@pytest.mark.parametrize(
    "personal",
    [
        "jane.doe@example.org",
        "jane.doe%40example.org",
        "jane.doe%2540example.org",
        "+49 170 1234567",
        "4111111111111111",
        "DE89370400440532013000",
        "203.0.113.77",
        "amFuZS5kb2VAZXhhbXBsZS5vcmc=",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.abcdefghij",
    ],
)
def test_personal_data_in_places_that_are_kept_is_replaced(personal: str) -> None:
    minimiser = Minimiser("demo", POLICY, CONTRACTS, UrlRules())
    names = ("operations", "counting", "analytics")
    decision = Decision(POLICY.mask(names), names, "anywhere", POLICY.hash)
    sent = Event(
        "search",
        NOW,
        page_url=f"https://shop.example/u/{personal}/x;{personal}?utm_campaign={personal}&utm_source={personal}",
        properties={"search_term": f"sofa {personal} red", "category": personal, "results": 3},
    )
    made = minimiser.minimise(sent, Trace("collect", NOW), decision, KEYS)
    assert isinstance(made, bytes)
    text = made.decode()
    for word in (personal, personal.replace("%25", "%"), "jane.doe", "1234567", "0532013000", "113.77", "amFuZS5kb2"):
        assert word not in text
    assert "sofa [" in text
    assert "/u/:redacted/x" in text
    assert sum(minimiser.scrubbed.values()) >= 2
    assert {field for field, _ in minimiser.scrubbed} == {"search_term", "category"}
