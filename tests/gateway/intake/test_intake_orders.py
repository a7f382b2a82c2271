"""Orders to forget: what they hold, who may not be found, and which calls and withdrawals bring one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from consent.policy import read_policy
from consent.starters import starter
from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.hit import Hit, Leaver
from gateway.intake.hooks.hook import Terms
from gateway.intake.hooks.shopify_hook import read
from gateway.intake.minimise import Minimiser
from gateway.intake.orders import Cause, write_order
from gateway.intake.pipeline import Pipeline
from gateway.intake.site import Site, Sites
from gateway.intake.subject import FoundBy, Said, find_person
from gateway.intake.urls import UrlRules
from gateway.intake.visitors import Pseudonyms
from gateway.words import Order, Refusal, SiteKeys

KEYS = SiteKeys(b"d" * 32, b"k" * 32, 1)
NOW = 1_795_345_201.5
YES, NO = {"analytics": True, "counting": True}, {"analytics": False, "counting": False}


def order(leaver: Leaver, keys: SiteKeys = KEYS) -> Order | None:
    return write_order("shop", Pseudonyms("shop", keys), leaver, Cause.ASKED, NOW)


def pipeline(on_withdrawal: str) -> Pipeline:
    text = starter("strictest").replace(b"on_withdrawal: stop", b"on_withdrawal: " + on_withdrawal.encode())
    policy = read_policy(text, "policy.yml")
    minimiser = Minimiser("demo", policy, read_contracts(starter_contracts()), UrlRules())
    return Pipeline(Sites((Site("demo", policy, minimiser),)), lambda _site, _at: KEYS)


def orders(walks: Pipeline, purposes: dict[str, bool], **who: str) -> list[dict[str, Any]]:
    consent = {"choice": "explicit", "purposes": purposes}
    body = orjson.dumps({"site": "demo", "consent": consent, "events": [{"event": "page_view", **who}]})
    walked = walks.walk(Hit("POST", "/collect", b"", {}, body, "203.0.113.9", NOW))
    return [orjson.loads(row) for row in walked.outcome.orders]


def test_an_order_holds_the_pseudonyms_that_rows_carry_and_nothing_that_was_said() -> None:
    written = order(Leaver("ada-1", "ada@example.org"))
    assert written is not None
    person = find_person("shop", Said(FoundBy.CLIENT_ID, "ada-1"), [KEYS])
    account = find_person("shop", Said(FoundBy.USER_ID, "ada@example.org"), [KEYS])
    row = orjson.loads(written)
    assert (frozenset([row["visitor"]]), frozenset([row["account"]])) == (person.visitors, account.accounts)
    assert "ada" not in written.decode()
    assert (row["site"], row["cause"], row["received_at"]) == ("shop", "asked", "2026-11-22T11:00:01.500Z")


@pytest.mark.parametrize("keys", [SiteKeys(b"d" * 32, None, 0), SiteKeys(None, None, 0)])
def test_without_a_durable_key_nobody_is_found(keys: SiteKeys) -> None:
    assert order(Leaver("ada-1", "ada"), keys) is None


def test_somebody_without_a_name_is_nobody() -> None:
    assert order(Leaver()) is None


def test_who_takes_all_back_is_forgotten_once_where_policy_erases() -> None:
    walks = pipeline("erase")
    assert orders(walks, YES, client_id="ada") == []
    assert orders(walks, YES | {"analytics": False}, client_id="ada") == [], "something is still agreed to"
    (one,) = orders(walks, NO, client_id="ada")
    assert {one["visitor"]} == find_person("demo", Said(FoundBy.CLIENT_ID, "ada"), [KEYS]).visitors
    assert one["cause"] == "withdrawn"
    assert orders(walks, NO, client_id="ada") == []
    assert orders(walks, NO, client_id="somebody who never agreed") == []
    assert orders(walks, NO) == []


def test_where_policy_stops_the_past_is_kept() -> None:
    walks = pipeline("stop")
    orders(walks, YES, client_id="ada")
    assert orders(walks, NO, client_id="ada") == []


def test_shopify_asks_to_forget_a_customer_under_each_name_that_the_site_may_use() -> None:
    customer = {"id": 207119551, "email": "Ada@example.org", "phone": "555"}
    redacts = orjson.dumps({"shop_id": 1, "customer": customer, "orders_to_redact": [299938]})
    order = orjson.dumps({"id": 299938, "customer": customer})  # a signed body under a topic that nobody signed
    names = ["207119551", "Ada@example.org", "ada@example.org"]
    cases: tuple[tuple[str, bytes, list[str]], ...] = (
        ("customers/redact", redacts, names),
        ("shop/redact", redacts, []),
        ("customers/redact", order, []),
    )
    for topic, body, expected in cases:
        headers = {b"x-shopify-topic": topic.encode()}
        reading = read(Hit("POST", "/hooks/shop", b"", headers, body, "", NOW), Terms("shop", ()))
        assert (reading.events, reading.refusals) == ([], [Refusal.NOT_AN_EVENT])
        assert [leaver.user_id for leaver in reading.leavers] == expected
    assert "Ada" not in repr(reading.leavers)
