"""The cookie `_gw` in the pipeline: a fallback identity, only where storage is allowed, gone with the first no."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from consent.policy import read_policy
from consent.starters import starter
from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.cookies import EXPIRE
from gateway.intake.hit import Hit
from gateway.intake.minimise import Minimiser
from gateway.intake.pipeline import Pipeline, Walked
from gateway.intake.site import Site, Sites
from gateway.intake.urls import UrlRules
from gateway.words import SiteKeys

NOW = 1_795_345_201.0
YES, NO = {"analytics": True}, {"analytics": False}
POLICY = read_policy(starter("strictest"))
MINIMISER = Minimiser("demo", POLICY, read_contracts(starter_contracts()), UrlRules())
PIPELINE = Pipeline(Sites((Site("demo", POLICY, MINIMISER),)), lambda _site, _at: SiteKeys(b"d" * 32, b"k" * 32, 1))
BACK = b"_gw=20779." + b"f" * 32


def walk(purposes: dict[str, bool] | None, *events: dict[str, Any], cookie: bytes = b"", site: bytes = b"") -> Walked:
    """The walk of a hit in our own protocol; events are page views unless they say otherwise."""
    body: dict[str, Any] = {"site": "demo", "events": [{"event": "page_view"} | event for event in events]}
    if purposes is not None:
        body["consent"] = {"choice": "explicit", "purposes": purposes}
    headers = {b"user-agent": b"Mozilla/5.0", b"cookie": b"a=1; " + cookie + b"; b=2", b"sec-fetch-site": site}
    return PIPELINE.walk(Hit("POST", "/collect", b"", headers, orjson.dumps(body), "203.0.113.9", NOW))


def kinds(walked: Walked) -> list[str]:
    return [orjson.loads(fact)["visitor_kind"] for fact in walked.outcome.facts]


def visitors(walked: Walked) -> set[str]:
    return {orjson.loads(fact)["visitor"] for fact in walked.outcome.facts}


def test_an_event_without_an_id_sets_the_cookie_where_storage_is_allowed() -> None:
    set_cookie = walk(YES, {}).cookie
    assert set_cookie.startswith(b"_gw=20779.")
    assert set_cookie.endswith(b"; Max-Age=33696000; Path=/; Secure; HttpOnly; SameSite=Lax")


@pytest.mark.parametrize("purposes", [None, NO, {"counting": True}])
def test_nothing_is_set_and_what_was_sent_is_expired_where_storage_is_not_allowed(purposes: Any) -> None:
    assert walk(purposes, {}).cookie == b""
    assert walk(purposes, {}, cookie=BACK).cookie == EXPIRE
    assert walk(purposes, {"client_id": "me"}, cookie=BACK).cookie == EXPIRE


def test_a_denied_hit_is_the_same_visitor_with_the_cookie_as_without_it() -> None:
    with_it, without = walk({"counting": True}, {}, cookie=BACK), walk({"counting": True}, {})
    assert kinds(with_it) == kinds(without) == ["day"]
    assert visitors(with_it) == visitors(without)


def test_a_cookie_that_came_back_makes_one_durable_visitor_and_is_not_renewed() -> None:
    again = [walk(YES, {}, {}, cookie=BACK) for _ in range(2)]
    assert {walked.cookie for walked in again} == {b""}
    assert kinds(again[0]) == ["durable", "durable"]
    assert len(visitors(again[0]) | visitors(again[1])) == 1
    assert visitors(again[0]) != visitors(walk(YES, {}, cookie=BACK.replace(b"f", b"e")))


def test_an_id_that_no_browser_returned_yet_counts_only_for_a_page_of_the_same_origin() -> None:
    first = walk(YES, {}, {}, site=b"same-origin")
    assert kinds(first) == ["durable", "durable"]
    assert len(visitors(first)) == 1
    assert kinds(walk(YES, {}, site=b"same-site")) == ["day"]
    assert walk(YES, {}, site=b"same-site").cookie.startswith(b"_gw=")


def test_what_the_answer_sets_is_the_visitor_of_the_next_hit() -> None:
    first = walk(YES, {}, site=b"same-origin")
    assert visitors(first) == visitors(walk(YES, {}, cookie=first.cookie.partition(b";")[0]))


def test_a_page_of_another_site_is_set_no_cookie_but_may_have_one_expired() -> None:
    assert walk(YES, {}, site=b"cross-site").cookie == b""
    assert walk(YES, {}, site=b"cross-site, cross-site").cookie == b""
    assert walk(NO, {}, site=b"cross-site", cookie=BACK).cookie == EXPIRE


def test_an_id_of_the_clients_own_counts_and_no_second_one_is_set_beside_it() -> None:
    own = walk(YES, {"client_id": "me"})
    assert own.cookie == b""
    beside = walk(YES, {"client_id": "me"}, cookie=BACK)
    assert beside.cookie == b""
    assert visitors(own) == visitors(beside)


def test_one_denied_event_of_a_hit_expires_the_cookie() -> None:
    no = {"consent": {"choice": "explicit", "purposes": NO}}
    mixed = walk(YES, {}, no, cookie=BACK)
    assert (len(mixed.outcome.facts), mixed.cookie) == (1, EXPIRE)


def test_a_value_that_is_not_ours_is_nobodys_and_replaced() -> None:
    forged = walk(YES, {}, cookie=b'_gw=20779."\x01' + b"f" * 32)
    assert kinds(forged) == ["day"]
    assert forged.cookie.startswith(b"_gw=20779.")
