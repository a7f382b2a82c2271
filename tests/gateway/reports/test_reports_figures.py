"""`overview`, `weekly`, `consent`, `quality` and `sellers`: each number against a count by hand, each tier honest."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.gateway.reports.asking import DAY, Warehouse, event, pseudonym, purchase, table

_TODAY = DAY.date()
_DAY_M = 24 * 60


def _figures(shop: Warehouse, report: str, first: date, last: date) -> dict[str, tuple[Any, Any]]:
    return {row["figure"]: (row["now"], row["before"]) for row in table(shop.ask(report, first, last), "figures")}


def _two_days() -> list[dict[str, Any]]:
    return [
        event("page_view", -_DAY_M, "ann", session="1"), event("page_view", 1, "ann", session="2"),
        event("page_view", 2, "ann", session="2"), event("page_view", 500, "ann"), event("page_view", 10, "bob"),
        event("page_view", 5, "dora", kind="day"), event("page_view", -900, "dora-yesterday", kind="day"),
        event("page_view", 5), event("page_view", 5, "bot", session="9", bot=True),
        purchase(11, "bob", "o1", "30"), purchase(12, "bob", "o1", "30"),
        purchase(3, "ann", "o2", "12.50", session="2"),
        purchase(3, "cat", "o3", "7", currency="CHF"), purchase(3, "", "", "0", currency=""),
        purchase(-700, "ann", "o0", "20", session="1"),
    ]  # fmt: skip


def test_overview_counts_people_only_as_far_as_they_consented(shop: Warehouse) -> None:
    shop.insert("events", _two_days())
    found = _figures(shop, "overview", _TODAY, _TODAY)
    assert {name: found[name] for name in ("visitors", "visits", "orders", "events")} == {
        "visitors": (3, 1),  # ann, bob, cat; never dora, nobody, or the bot
        "visits": (4, 1),  # ann's named one, ann's half hour, bob's, cat's
        "orders": (3, 1),
        "events": (12, 3),
    }
    assert found["visitors of one day"] == (1, 1)
    assert found["revenue, EUR"] == (Decimal("42.50"), Decimal("20.00"))
    assert found["revenue, CHF"] == (Decimal("7.00"), None)
    assert found["revenue per order, EUR"] == (Decimal("21.25"), Decimal("20.00"))
    assert found["purchases without an order number"] == (1, 0)
    assert round(found["orders per visit"][0].value, 4) == 0.75


def test_a_visitor_of_one_day_is_another_one_on_the_next(shop: Warehouse) -> None:
    """Even if a key were kept too long and the pseudonym stayed the same, days would not be joined."""
    rows = [event("page_view", 1 - n * _DAY_M, "dora", kind="day") for n in range(3)]
    shop.insert("events", rows)
    found = _figures(shop, "overview", _TODAY - timedelta(days=2), _TODAY)
    assert found["visitors of one day"] == (3, 0)
    assert found["visitors"] == (0, 0)
    assert found["visits"] == (0, 0)


def test_a_visitor_who_may_be_recognised_is_one_over_days(shop: Warehouse) -> None:
    shop.insert("events", [event("page_view", 1 - n * _DAY_M, "ann", session=str(n)) for n in range(3)])
    found = _figures(shop, "overview", _TODAY - timedelta(days=2), _TODAY)
    assert (found["visitors"], found["visits"]) == ((1, 0), (3, 0))


def test_every_figure_says_its_basis(shop: Warehouse) -> None:
    shop.insert("events", _two_days())
    for report in ("overview", "weekly"):
        assert all(row["basis"] for row in table(shop.ask(report, _TODAY, _TODAY), "figures"))


def test_overview_by_day_and_by_event_sum_to_its_events(shop: Warehouse) -> None:
    shop.insert("events", _two_days())
    found = shop.ask("overview", _TODAY - timedelta(days=1), _TODAY)
    assert [(row["day"], row["facts"]) for row in table(found, "days")] == [
        (_TODAY - timedelta(days=1), 3),
        (_TODAY, 12),
    ]
    assert {row["event"]: row["facts"] for row in table(found, "events")} == {"page_view": 9, "purchase": 6}


@pytest.mark.parametrize("report", ["overview", "weekly"])
def test_bots_are_events_of_a_day_and_never_its_visitors(shop: Warehouse, report: str) -> None:
    rows = [event("page_view", 1, "ann"), event("page_view", 2, "crawler", bot=True), event("page_view", 3, bot=True)]
    rows += [event("page_view", 4, "dora", kind="day"), event("page_view", 5, "spider", kind="day", bot=True)]
    shop.insert("events", rows)
    found = shop.ask(report, _TODAY, _TODAY)
    figures = {row["figure"]: row["now"] for row in table(found, "figures")}
    (day,) = table(found, "days")
    assert (figures["visitors"], figures["visitors of one day"], figures["events"]) == (1, 1, 5)
    assert day["visitors"] == figures["visitors"]
    if report == "overview":
        assert (day["day_visitors"], day["facts"]) == (1, 5)


def test_overview_keeps_to_its_site(shop: Warehouse) -> None:
    shop.insert("events", [event("page_view", 1, "ann"), event("page_view", 1, "bob", site="other")])
    rows = table(shop.ask("overview", _TODAY, _TODAY, site="other"), "figures")
    assert {row["figure"]: row["now"] for row in rows}["visitors"] == 1


def test_two_sites_may_number_their_orders_alike(shop: Warehouse) -> None:
    shop.insert("events", [purchase(1, "ann", "o1", "30"), purchase(2, "ann", "o1", "12", site="other")])
    found = _figures(shop, "overview", _TODAY, _TODAY)
    assert (found["orders"][0], found["revenue, EUR"][0]) == (2, Decimal("42.00"))


def test_the_week_stands_beside_the_one_before_day_by_day(shop: Warehouse) -> None:
    rows = [purchase(n * -_DAY_M + 5, f"v{n}", f"o{n}", "10", session=str(n)) for n in range(14) if n != 3]
    rows += [purchase(6, "w", "o-w", "10", session="w"), event("product_view", 1, "v0", session="0")]
    shop.insert("events", rows)
    found = shop.ask("weekly", _TODAY - timedelta(days=6), _TODAY)
    days = table(found, "days")
    assert [row["orders"] for row in days] == [1, 1, 1, 0, 1, 1, 2]
    assert [row["orders_before"] for row in days] == [1] * 7
    figures = {row["figure"]: (row["now"], row["before"], row["change"]) for row in table(found, "figures")}
    assert figures["orders"] == (7, 7, 0.0)
    assert [row["visits"] for row in table(found, "funnel")] == [1, 0, 0, 0]


def test_weekly_says_what_its_numbers_rest_on(shop: Warehouse) -> None:
    shop.insert("events", [event("page_view", 1, "ann"), event("page_view", 1), event("page_view", 1, "d", kind="day")])
    shop.insert("tallies", [_tally("consent_denied", 7), _tally("body_unreadable", 2)])
    found = table(shop.ask("weekly", _TODAY, _TODAY), "tiers")
    assert {row["tier"]: (row["events"], row["share"]) for row in found} == {
        "recognised": (1, 0.1), "counted without being recognised": (2, 0.2), "not collected": (7, 0.7),
    }  # fmt: skip


def _tally(refusal: str, events: int, adapter: str = "own") -> dict[str, Any]:
    return {"site": "demo", "minute": DAY, "adapter": adapter, "refusal": refusal, "events": events, "batch": 1}


def test_consent_tells_every_tier_and_what_rests_on_it(shop: Warehouse) -> None:
    rows = [event("page_view", 1, "ann", region="eu"), event("page_view", 1, region="eu"),
            event("page_view", 1, "dora", kind="day", region="us", country="US", adapter="ga4")]  # fmt: skip
    shop.insert("events", rows)
    shop.insert(
        "tallies", [_tally("consent_denied", 5), _tally("event_unreadable", 3), _tally("consent_denied", 2, "ga4")]
    )
    found = shop.ask("consent", _TODAY, _TODAY)
    assert {row["tier"]: row["events"] for row in table(found, "tiers")} == {
        "recognised": 1, "counted by the day": 1, "counted only": 1, "not collected": 7,
    }  # fmt: skip
    assert [(row["region"], row["facts"], row["recognised"]) for row in table(found, "regions")] == [
        ("eu", 2, 0.5),
        ("us", 1, 0),
    ]
    assert [(row["adapter"], row["facts"], row["denied"], row["kept"]) for row in table(found, "sources")] == [
        ("own", 2, 5, 2 / 7), ("ga4", 1, 2, 1 / 3),
    ]  # fmt: skip
    assert {row["purpose"]: row["facts"] for row in table(found, "purposes")} == {
        "counting": 3,
        "operations": 3,
        "analytics": 1,
    }
    assert [(row["policy"], row["first_day"]) for row in table(found, "policies")] == [("0123456789abcdef", _TODAY)]


def test_consent_tells_what_was_answered_where(shop: Warehouse) -> None:
    said = {"": 10, "gateway_sdk analytics yes 0; gateway_sdk ad_targeting no 0": 4, "gateway_sdk analytics no": 5,
            "google_consent_mode analytics_storage yes_by_default": 2}  # fmt: skip
    rows = [{"site": "demo", "day": _TODAY, "place": "DE", "said": text, "purposes": [], "events": n, "batch": 1}
            for text, n in said.items()]  # fmt: skip
    shop.insert("decisions", rows)
    (found,) = table(shop.ask("consent", _TODAY, _TODAY), "answers")
    assert {name: found[name] for name in ("decided", "silent", "assumed", "yes", "only_no")} == {
        "decided": 21, "silent": 10, "assumed": 2, "yes": 4, "only_no": 5,
    }  # fmt: skip
    assert (found["answered"], found["given"]) == (9 / 21, 4 / 9)


def test_consent_counts_choices_of_people_and_leaves_the_proofs_of_nobody_out(shop: Warehouse) -> None:
    rows = [_proof("given", f"p{n}", n) for n in range(12)] + [_proof("withdrawn", "p3", 20), _proof("refused", "", 21)]
    shop.insert("consent_ledger", rows)
    (found,) = table(shop.ask("consent", _TODAY, _TODAY, smallest_group="10"), "choices")
    assert {name: found[name] for name in ("region", "given", "changed", "withdrawn")} == {
        "region": "eu", "given": 12, "changed": 0, "withdrawn": 1,
    }  # fmt: skip


def _proof(action: str, subject: str, place: int) -> dict[str, Any]:
    at = DAY + timedelta(minutes=place)
    return {
        "site": "demo", "entry_id": pseudonym(f"entry{place}"), "decided_at": at, "received_at": at,
        "subject": pseudonym(subject), "action": action, "source": "gateway_sdk", "notice": "n1", "policy": "p1",
        "region": "eu", "expires_at": at + timedelta(days=100), "chain": "c" * 32, "seq": place + 1, "batch": 1,
    }  # fmt: skip


def test_quality_finds_what_is_wrong_with_events_and_with_whom(shop: Warehouse) -> None:
    late = event("share", 1, "ann", contract="share@1")
    late["received_at"] = late["event_time"] + timedelta(hours=2)
    rows = [late, event("share", 2, "ann", contract="share@2", verdict="flagged"),
            event("mystery", 3, adapter="ga4", verdict="no_contract")]  # fmt: skip
    shop.insert("events", rows)
    shop.insert("tallies", [_tally("event_unreadable", 2), _tally("consent_denied", 50)])
    found = shop.ask("quality", _TODAY, _TODAY)
    events = {row["event"]: row for row in table(found, "events")}
    assert [events["share"][name] for name in ("contract", "facts", "flagged", "flagged_share", "without")] == [
        "share@1 share@2", 2, 1, 0.5, 0,
    ]  # fmt: skip
    assert (events["mystery"]["without"], events["mystery"]["contract"]) == (1, "")
    protocols = {row["adapter"]: row for row in table(found, "protocols")}
    assert (protocols["own"]["refused"], protocols["own"]["refused_share"], protocols["own"]["late"]) == (2, 0.5, 0.5)
    assert protocols["own"]["last_at"] == datetime(2026, 11, 2, 2, 1)
    assert [(row["refusal"], row["events"]) for row in table(found, "refusals")] == [
        ("consent_denied", 50), ("event_unreadable", 2),
    ]  # fmt: skip


def test_quality_finds_orders_that_do_not_add_up(shop: Warehouse) -> None:
    good = [("p1", "vases", "S-1", 10, 2)]
    rows = [
        purchase(1, "a", "o1", "20", items=good), purchase(2, "a", "o1", "20", items=good),
        purchase(3, "b", "", "5"), purchase(4, "c", "o3", "0"), purchase(5, "d", "o4", "21", items=good),
        purchase(6, "e", "o5", "10", items=[("p1", "vases", "", 10, 1)]), purchase(7, "", "", "0", currency=""),
    ]  # fmt: skip
    shop.insert("events", rows)
    assert [row["found"] for row in table(shop.ask("quality", _TODAY, _TODAY), "orders")] == [1, 1, 1, 1, 1]


def test_sellers_share_orders_and_their_sales_sum_to_the_revenue(shop: Warehouse) -> None:
    two = [("p1", "vases", "S-1", 10, 2), ("p2", "rugs", "S-2", Decimal("5.50"), 1)]
    rows = [
        purchase(1, "ann", "o1", "30.40", items=two),
        purchase(2, "bob", "o2", "10", items=[("p1", "vases", "S-1", 10, 1)]),
        purchase(3, "cat", "o3", "8", currency="CHF", items=[("p1", "vases", "S-1", 8, 1)]),
        purchase(4, "", "", "0", currency="", items=[("p1", "vases", "S-1", 10, 1)]),
        event("product_view", 1, seller_id="S-1"), event("add_to_cart", 1, "ann", seller_id="S-1"),
    ]  # fmt: skip
    shop.insert("events", rows)
    found = shop.ask("sellers", _TODAY, _TODAY)
    sales = {(row["seller"], row["currency"]): row for row in table(found, "sellers")}
    assert {key: (row["orders"], row["shared_orders"], row["pieces"], row["sales"]) for key, row in sales.items()} == {
        ("S-1", "EUR"): (2, 1, 3, Decimal(30)), ("S-2", "EUR"): (1, 1, 1, Decimal("5.50")),
        ("(not in items)", "EUR"): (0, 0, 0, Decimal("4.90")), ("S-1", "CHF"): (1, 0, 1, Decimal(8)),
    }  # fmt: skip
    assert (sales["S-1", "EUR"]["views"], sales["S-1", "EUR"]["carts"]) == (1, 1)
    assert [(row["sellers"], row["currency"], row["orders"]) for row in table(found, "splits")] == [
        (1, "CHF", 1), (1, "EUR", 1), (2, "EUR", 1),
    ]  # fmt: skip
