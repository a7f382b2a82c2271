"""From event to fact: which columns a decision opens, and that nothing else is written."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest

from consent.policy import Policy, read_policy
from consent.starters import starter
from consent.words import Decision
from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.hit import Event
from gateway.intake.minimise import Minimiser, Trace
from gateway.intake.minimise_plan import FIELDS
from gateway.intake.urls import UrlRules
from gateway.journal.segment import EVENTS, section_of
from gateway.warehouse.load_copies import read_places
from gateway.words import Refusal, SiteKeys

NOW = 1_795_345_201.5  # 2026-11-22T11:00:01.500Z
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
KEYS = SiteKeys(b"d" * 32, b"k" * 32, 20_779)
POLICY = read_policy(starter("strictest"))
CONTRACTS = read_contracts(starter_contracts())
COUNTING, ANALYTICS = ("operations", "counting"), ("operations", "counting", "analytics")

Row = dict[str, Any]


def minimiser(policy: Policy = POLICY, urls: UrlRules | None = None, site: str = "demo") -> Minimiser:
    return Minimiser(site, policy, CONTRACTS, urls or UrlRules())


MINIMISER = minimiser()


def decide(names: tuple[str, ...], policy: Policy = POLICY) -> Decision:
    return Decision(policy.mask(names), names, "anywhere", policy.hash)


def trace(**given: Any) -> Trace:
    told: Row = {
        "adapter": "collect",
        "received_at": NOW,
        "address": "203.0.113.9",
        "user_agent": AGENT,
        "country": "DE",
    }
    return Trace(**(told | given))


def event(name: str = "page_view", **given: Any) -> Event:
    told: Row = {
        "at": NOW - 1.25,
        "client_id": "123.456",
        "session_id": "1700001000",
        "page_url": "https://shop.example/sofas/velvet?ref=x#top",
        "referrer": "https://www.google.de/search?q=sofa",
        "language": "de-AT",
    }
    return Event(name, **(told | given))


def fact(sent: Event, names: tuple[str, ...] = ANALYTICS, keys: SiteKeys = KEYS, **given: Any) -> Row:
    made = given.pop("by", MINIMISER).minimise(sent, trace(**given), decide(names), keys)
    assert isinstance(made, bytes), made
    assert b"\n" not in made
    with patch("gateway.warehouse.load_copies.orjson", None):  # the loader finds these without parsing
        places = read_places([section_of(EVENTS, [made])])
    row: Row = orjson.loads(made)
    assert places == ([row["event_id"].encode()], {row["event_time"][:16].encode()})
    return row


def test_a_page_view_of_somebody_who_said_yes() -> None:
    row = fact(event())
    assert row.pop("event_id") != fact(event())["event_id"]
    assert (len(row.pop("visitor")), len(row.pop("session"))) == (32, 32)
    assert row == {
        "site": "demo",
        "policy": POLICY.hash,
        "purposes": ["counting", "analytics"],
        "region": "anywhere",
        "event": "page_view",
        "adapter": "collect",
        "stage": "discovery",
        "contract": "page_view@1",
        "verdict": "valid",
        "visitor_kind": "durable",
        "key_epoch": 20_779,
        "event_time": "2026-11-22T11:00:00.250Z",
        "received_at": "2026-11-22T11:00:01.500Z",
        "expires_at": "2028-12-21T00:00:00Z",
        "identity_expires_at": "2027-12-22T00:00:00Z",
        "page_host": "shop.example",
        "page_path": "/sofas/velvet",
        "referrer_host": "www.google.de",
        "source": "google",
        "medium": "organic",
        "channel": "organic",
        "device": "desktop",
        "browser": "Chrome",
        "os": "Windows",
        "country": "DE",
        "language": "de",
    }


def test_a_page_view_of_somebody_who_was_not_asked_yet_is_counted_for_the_day() -> None:
    row = fact(event(), COUNTING)
    assert row["visitor_kind"] == "day"
    assert row["purposes"] == ["counting"]
    assert not {"session", "account", "key_epoch"} & row.keys()
    assert (row["event_time"], row["received_at"]) == ("2026-11-22T11:00:00Z", "2026-11-22T11:00:01Z")


def test_without_keys_or_address_nobody_is_recognised_and_times_are_hours() -> None:
    for row in (
        fact(event(), COUNTING, address=""),
        fact(event(), COUNTING, address="not an address"),
        fact(event(address=""), COUNTING),
        fact(event(), COUNTING, SiteKeys(None, b"k" * 32, 1)),
        fact(event(), ANALYTICS, SiteKeys(None, None, 0)),
    ):
        assert not {"visitor", "visitor_kind", "session", "key_epoch"} & row.keys()
        assert (row["event_time"], row["received_at"]) == ("2026-11-22T11:00:00Z", "2026-11-22T11:00:00Z")


def test_nothing_allowed_is_refused() -> None:
    for names in ((), ("operations",), ("ad_targeting",)):
        assert MINIMISER.minimise(event(), trace(), decide(names), KEYS) is Refusal.CONSENT_DENIED


def test_an_event_is_refused_when_its_contract_names_another_purpose() -> None:
    assert MINIMISER.minimise(event("login"), trace(), decide(COUNTING), KEYS) is Refusal.CONSENT_DENIED
    assert fact(event("login"))["event"] == "login"


@pytest.mark.parametrize("off", [-31 * 86_400, 3_700, math.nan, math.inf, -math.inf])
def test_a_time_out_of_range_is_refused(off: float) -> None:
    assert MINIMISER.minimise(event(at=NOW + off), trace(), decide(ANALYTICS), KEYS) is Refusal.TIME_OUT_OF_RANGE


def test_an_event_from_before_midnight_expires_with_its_own_day() -> None:
    row = fact(event(at=NOW - 29 * 86_400))
    assert row["expires_at"] == "2028-11-22T00:00:00Z"


def test_visitors_of_other_days_sites_and_kinds_cannot_be_linked() -> None:
    other_day = SiteKeys(b"e" * 32, b"k" * 32, 20_779)
    same = [fact(event(), COUNTING)["visitor"], fact(event(), COUNTING)["visitor"]]
    apart = [
        fact(event(), COUNTING, other_day)["visitor"],
        fact(event(), COUNTING, by=minimiser(site="shop"))["visitor"],
        fact(event())["visitor"],
        fact(event(), by=minimiser(site="shop"))["visitor"],
        fact(event())["session"],
        fact(event(user_id="123.456"))["account"],
    ]
    assert same[0] == same[1]
    assert len({same[0], *apart}) == 7


def test_a_day_visitor_is_a_network_and_a_browser() -> None:
    one_network = ("203.0.113.9", "203.0.113.200", "::ffff:203.0.113.4")
    same = {fact(event(), COUNTING, address=address)["visitor"] for address in one_network}
    assert len(same) == 1
    others = {
        fact(event(), COUNTING, address="203.0.114.9")["visitor"],
        fact(event(), COUNTING, user_agent="Mozilla/5.0 (X11)")["visitor"],
        fact(event(), COUNTING, address="2001:db8:1:2::3")["visitor"],
    }
    assert len(same | others) == 4
    zoned = fact(event(), COUNTING, address="2001:db8:1:ffff::9%eth0")["visitor"]
    assert zoned == fact(event(), COUNTING, address="2001:db8:1:2::3")["visitor"]


def test_a_server_may_tell_its_visitors_address_and_browser() -> None:
    told = fact(event(address="198.51.100.7", user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_5)"), COUNTING)
    assert told["device"] == "mobile"
    assert told["visitor"] != fact(event(), COUNTING)["visitor"]
    unknown = fact(event(address="", user_agent=""), COUNTING)
    assert not {"visitor", "device", "browser"} & unknown.keys()


def test_a_session_is_64_bits_and_the_rest_weighs_nothing() -> None:
    session = fact(event())["session"]
    assert (len(session), session[16:]) == (32, "0" * 16)
    assert session[:16].strip("0")


def test_sessions_of_two_visitors_in_the_same_second_are_two() -> None:
    assert fact(event())["session"] != fact(event(client_id="other"))["session"]


def test_event_ids_are_the_clients_uuid_or_the_same_hash_for_every_retry() -> None:
    uuid = "B7E9C2A0-6F2E-4B58-9A8E-0F6D3C2B1A00"
    assert fact(event(event_id=uuid))["event_id"] == uuid.replace("-", "").lower()
    hashed = fact(event(event_id="order-1"))["event_id"]
    assert hashed == fact(event(event_id="order-1"), COUNTING)["event_id"]
    assert hashed != fact(event(event_id="order-1"), adapter="segment")["event_id"]
    assert len(hashed) == 32
    for unusable in ("", "00000000-0000-0000-0000-000000000000"):
        first, second = (fact(event(event_id=unusable), COUNTING, SiteKeys(None, None, 0))["event_id"] for _ in "ab")
        assert first != second


def test_properties_become_columns_or_entries_of_the_map() -> None:
    properties = {"product_id": "SKU-1", "name": "Sofa", "category": "living room/sofas", "seller_id": "S-7"}
    properties |= {"price": "129.9", "currency": "EUR", "variant": "emerald", "experiment": "E"}
    properties |= {"experiment_variant": "B", "value": "5", "ssn": "1"}
    row = fact(event("product_view", properties=properties))
    assert row["properties"] == {"name": "Sofa", "price": "129.9", "variant": "emerald"}
    columns = ("product_id", "category", "seller_id", "currency", "experiment", "variant")
    assert [row[name] for name in columns] == ["SKU-1", "living room/sofas", "S-7", "EUR", "E", "B"]
    assert "value" not in row  # a view is worth nothing, says its contract


def purchase() -> Event:
    properties = {"order_id": "O-1", "value": "259.808", "currency": "EUR", "coupon": "TEN", "tax": 41}
    items = [{"product_id": "a", "seller_id": "S-1", "price": 129.904, "quantity": 2, "name": "Sofa"}]
    return event("purchase", properties=properties, items=items)


def test_an_order_is_stored_whole_only_where_policy_lists_purchases() -> None:
    row = fact(purchase())
    assert (row["order_id"], row["value"], row["currency"]) == ("O-1", 259.81, "EUR")
    assert row["items"] == [{"product_id": "a", "seller_id": "S-1", "price": 129.9, "quantity": 2}]
    assert row["properties"] == {"coupon": "TEN", "tax": "41"}
    counted = fact(purchase(), COUNTING)
    assert not {"order_id", "value", "items", "properties"} & counted.keys()
    assert counted["currency"] == "EUR"


def test_a_broken_contract_flags_and_counts_without_the_value() -> None:
    by = minimiser()
    row = fact(event("search", properties={"results": "canary", "unlisted": 1}), by=by)
    assert (row["verdict"], row["contract"]) == ("flagged", "search@1")
    assert row["broken"] == ["results:type", "search_term:required"]
    assert by.broken == {("search@1", "results:type"): 1, ("search@1", "search_term:required"): 1}
    assert by.unlisted == 1


def test_an_event_without_contract_keeps_its_name_and_no_property() -> None:
    row = fact(event("sofa_bounce", properties={"colour": "canary"}))
    assert (row["event"], row["verdict"]) == ("sofa_bounce", "no_contract")
    assert not {"properties", "contract", "stage"} & row.keys()
    assert fact(event("product_view.tv", properties={"product_id": "1"}))["contract"] == "product_view@1"
    for personal in ("user_4917012345678", "jane.doe_example.org", "mail_jane_doe_mail.de"):
        assert fact(event(personal))["event"] == ":redacted"


def test_a_country_is_a_country_and_nothing_finer() -> None:
    assert fact(event(), country="US-CA")["country"] == "US"
    for unusable in ("", "D", "12", "Ünited"):
        assert "country" not in fact(event(), country=unusable)


def test_campaigns_come_from_the_url_or_by_themselves() -> None:
    url = "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=autumn%202026&email=jane@doe.example"
    row = fact(event(page_url=url))
    assert [row[name] for name in ("source", "medium", "campaign", "channel")] == [
        "news",
        "email",
        "autumn 2026",
        "email",
    ]
    tagged = fact(event(properties={"utm_source": "pinterest", "utm_medium": "paid"}))
    assert [tagged[name] for name in ("source", "medium", "channel")] == ["pinterest", "paid", "paid_social"]
    clicked = fact(event(page_url="https://shop.example/?gclid=canary"))
    assert clicked["channel"] == "paid_search"
    assert "canary" not in str(clicked)


def test_pages_of_sensitive_paths_lose_their_path() -> None:
    by = minimiser(urls=UrlRules(sensitive_paths=("/account", "/*/health")))
    for url in ("https://s.example/account", "https://s.example/Account/orders", "https://s.example/de/health/x"):
        assert fact(event(page_url=url), by=by)["page_path"] == ""
    for url in ("https://s.example/accounting", "https://s.example/health"):
        assert fact(event(page_url=url), by=by)["page_path"] != ""


EXAMPLES = "\nexamples:\n  - {given: {place: DE}, then: {allowed: [operations]}}\n"
CLAUSES = starter("strictest").decode().partition("\nexamples:")[0]


def rows_under(clauses: str, sent: Event, urls: UrlRules | None = None) -> Row:
    policy = read_policy((clauses + EXAMPLES).encode())
    made = minimiser(policy, urls).minimise(sent, trace(), decide(ANALYTICS, policy), KEYS)
    assert isinstance(made, bytes), made
    row: Row = orjson.loads(made)
    return row


def test_each_action_opens_what_it_says_of_a_url() -> None:
    url = "https://shop.example/sofas?colour=red&email=jane@doe.example"
    listed = 'page_url:     {"*": strip_query'
    assert listed in CLAUSES
    rows = {}
    for action in ("keep", "strip_query", "host_only", "generalise", "drop"):
        clauses = CLAUSES.replace(listed, listed.replace("strip_query", action))
        row = rows_under(clauses, event(page_url=url, referrer=""), UrlRules(keep_query=("colour",)))
        rows[action] = (row.get("page_host"), row.get("page_path"))
    assert rows == {
        "keep": ("shop.example", "/sofas?colour=red"),
        "strip_query": ("shop.example", "/sofas"),
        "host_only": ("shop.example", None),
        "generalise": (None, None),
        "drop": (None, None),
    }


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ("page_url", {"page_host", "page_path"}),
        ("referrer", {"referrer_host"}),
        ("campaign", {"source", "medium", "channel"}),
        ("country", {"country"}),
        ("user_agent", {"device", "browser", "os", "language"}),
        ("session_id", {"session"}),
        ("account_id", {"account"}),
        ("order_value", {"value"}),
        ("order_id", {"order_id"}),
    ],
)
def test_a_line_struck_from_the_policy_is_a_field_that_is_not_stored(field: str, columns: set[str]) -> None:
    sent = purchase()
    sent.user_id = "jane"
    kept = [line for line in CLAUSES.splitlines() if not line.startswith(f"  {field}:")]
    row = rows_under("\n".join(kept), sent)
    assert columns <= fact(sent).keys()
    assert not columns & row.keys()


def test_a_policy_without_event_names_stores_nothing() -> None:
    kept = [line for line in CLAUSES.splitlines() if not line.startswith("  event_name:")]
    policy = read_policy(("\n".join(kept) + EXAMPLES).encode())
    made = minimiser(policy).minimise(event(), trace(), decide(ANALYTICS, policy), KEYS)
    assert made is Refusal.CONSENT_DENIED


def test_no_value_makes_minimise_raise_or_write_what_json_cannot_hold() -> None:
    random.seed(11)
    texts = ["", "a" * 9000, "\x00\u202e\ud800", "é漢😀", "%ff%00", "https://", "http://[::1]:80/x", "//x", "ftp://a/b"]
    texts += ["\ud83d", "🛋" * 600, "https://\ud800.example/\ud800?utm_source=\ud800&utm_campaign=%ed%a0%80"]
    names = ["page_view", "purchase", "search", "unknown\ud800", "a.b.c", "x" * 300]
    slots = (
        "event_id",
        "client_id",
        "user_id",
        "session_id",
        "page_url",
        "page_title",
        "referrer",
        "language",
        "email",
    )
    listed = ("search_term", "value", "order_id", "utm_source", "name")
    for _ in range(2000):
        given: Row = {slot: random.choice(texts) for slot in slots}
        sent = Event(random.choice(names), NOW, **given)
        sent.properties = {name: random.choice(texts) for name in listed}
        sent.items = [{"product_id": random.choice(texts), "price": random.choice((1e300, -5, "x", math.nan, 3))}]
        told = trace(address=random.choice(texts), user_agent=random.choice(texts), country=random.choice(texts))
        made = MINIMISER.minimise(sent, told, decide(random.choice((COUNTING, ANALYTICS))), KEYS)
        if isinstance(made, bytes):
            orjson.loads(made)
            made.decode("utf-8")
            assert len(made) < 20_000
        else:
            assert made is Refusal.FIELD_UNSTORABLE


def test_amounts_and_texts_fit_their_columns() -> None:
    row = fact(event("purchase", properties={"order_id": "1", "currency": "EUR", "value": 99_999_999.999}))
    assert row["value"] == 100_000_000.0
    for amount in (1e13, math.nan, -1, "1e400"):
        row = fact(event("purchase", properties={"order_id": "1", "currency": "EUR", "value": amount}))
        assert "value" not in row
        assert row["verdict"] == "flagged"


def test_repr_shows_no_value() -> None:
    assert "203.0.113.9" not in repr(trace())
    assert repr(trace()) == "<Trace by collect>"


def test_the_table_of_fields_is_that_of_the_starter_policy() -> None:
    listed = {clause.name: clause.category for clause in POLICY.clauses.fields}
    assert listed == {name: FIELDS.get(name) for name in listed}


def test_the_module_of_facts_is_the_only_one_that_makes_them() -> None:
    root = Path(__file__).parents[4] / "gateway"
    makers = {file.name for file in root.rglob("*.py") if "Fact(" in file.read_text() and file.name != "words.py"}
    assert makers == {"minimise.py"}
