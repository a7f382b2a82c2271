"""`funnel` on journeys small enough to be counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.reports.asking import DAY, Warehouse, event, purchase, table

_TODAY = DAY.date()
_STEPS = "product_view,add_to_cart,purchase"


def _steps(shop: Warehouse, rows: list[dict[str, Any]], **options: str) -> list[tuple[str, int]]:
    shop.insert("events", rows)
    found = table(shop.ask("funnel", _TODAY, _TODAY, **{"steps": _STEPS, **options}), "funnel")
    return [(row["name"], row["journeys"]) for row in found]


def test_each_step_counts_only_after_the_one_before(shop: Warehouse) -> None:
    rows = [
        event("product_view", 1, "ann", session="1"), event("add_to_cart", 2, "ann", session="1"),
        purchase(3, "ann", "o1", "10", session="1"),
        event("add_to_cart", 1, "bob", session="2"), event("product_view", 2, "bob", session="2"),
        purchase(3, "bob", "o2", "10", session="2"),
        event("product_view", 1, "cat", session="3"), event("product_view", 9, "cat", session="3"),
    ]  # fmt: skip
    assert _steps(shop, rows) == [("(all)", 3), ("(all)", 1), ("(all)", 1)]


def test_a_step_of_another_visit_is_of_no_use_to_this_one_but_to_its_visitor(shop: Warehouse) -> None:
    rows = [event("product_view", 1, "ann", session="1"), event("add_to_cart", 600, "ann", session="2"),
            purchase(900, "ann", "o1", "10", session="3")]  # fmt: skip
    assert _steps(shop, rows) == [("(all)", 1), ("(all)", 0), ("(all)", 0)]
    assert [n for _, n in _steps(shop, [], per="visitor")] == [1, 1, 1]


def test_a_visit_without_a_named_session_is_a_run_of_half_hours(shop: Warehouse) -> None:
    bridged = [event("product_view", 5, "ann"), event("page_view", 35, "ann"), event("add_to_cart", 61, "ann")]
    apart = [event("product_view", 5, "bob"), event("add_to_cart", 65, "bob")]
    assert [n for _, n in _steps(shop, bridged + apart)] == [2, 1, 0]


def test_a_visit_that_passes_midnight_is_one(shop: Warehouse) -> None:
    shop.insert("events", [event("product_view", -2, "ann", session="1"), event("add_to_cart", 2, "ann", session="1"),
                           event("product_view", -2, "bob"), event("add_to_cart", 2, "bob")])  # fmt: skip
    found = table(shop.ask("funnel", _TODAY.replace(day=1), _TODAY, steps=_STEPS), "funnel")
    assert [row["journeys"] for row in found] == [2, 2, 0]


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ("", [1, 1, 1]),
        ("20m", [1, 1, 1]),
        ("10m", [1, 1, 0]),
        ("10m,20m", [1, 1, 1]),
        ("4m,0", [1, 0, 0]),
        ("5m,0", [1, 1, 1]),
    ],
)
def test_each_step_has_its_own_time_after_the_one_before(shop: Warehouse, within: str, expected: list[int]) -> None:
    rows = [event("product_view", 1, "ann", session="1"), event("add_to_cart", 6, "ann", session="1"),
            purchase(25, "ann", "o1", "10", session="1")]  # fmt: skip
    assert [n for _, n in _steps(shop, rows, within=within)] == expected


def test_a_later_chance_counts_when_the_first_one_was_too_early(shop: Warehouse) -> None:
    rows = [event("product_view", 1, "ann", session="1"), event("product_view", 30, "ann", session="1"),
            event("add_to_cart", 33, "ann", session="1"), purchase(36, "ann", "o", "1", session="1")]  # fmt: skip
    assert [n for _, n in _steps(shop, rows, within="5m")] == [1, 1, 1]


def test_the_same_event_twice_is_two_steps_and_once_is_one(shop: Warehouse) -> None:
    rows = [event("product_view", 1, "ann", session="1"), event("product_view", 1, "bob", session="2"),
            event("product_view", 2, "bob", session="2")]  # fmt: skip
    assert [n for _, n in _steps(shop, rows, steps="product_view,product_view")] == [2, 1]


def test_two_steps_at_the_same_moment_are_in_order(shop: Warehouse) -> None:
    rows = [event("product_view", 1, "ann", session="1"), event("add_to_cart", 1, "ann", session="1")]
    assert [n for _, n in _steps(shop, rows)] == [1, 1, 0]


def test_bots_nobodies_and_other_sites_are_on_no_journey(shop: Warehouse) -> None:
    rows = [
        event("product_view", 1, "ann", session="1", bot=True), event("product_view", 1),
        event("product_view", 1, "cat", session="3", site="other"), event("product_view", 1, "dan", session="4"),
    ]  # fmt: skip
    shop.insert("events", rows)
    assert table(shop.ask("funnel", _TODAY, _TODAY, site="demo"), "funnel")[0]["journeys"] == 1
    assert table(shop.ask("funnel", _TODAY, _TODAY), "funnel")[0]["journeys"] == 2


def test_visitors_of_one_day_have_journeys_of_their_own_and_never_mix_with_others(shop: Warehouse) -> None:
    rows = [event("product_view", 1, "ann", kind="day"), event("add_to_cart", 5, "ann", kind="day"),
            event("product_view", 1, "bob", session="1")]  # fmt: skip
    assert [n for _, n in _steps(shop, rows, per="day")] == [1, 1, 0]
    assert [n for _, n in _steps(shop, [], per="visit")] == [1, 0, 0]


def test_a_campaign_is_that_of_the_visit_even_where_its_steps_do_not_carry_it(shop: Warehouse) -> None:
    rows = [
        event("page_view", 0, "ann", session="1", channel="email", campaign="spring"),
        event("product_view", 1, "ann", session="1"), event("add_to_cart", 2, "ann", session="1"),
        event("page_view", 0, "bob", channel="direct"), event("product_view", 2, "bob"),
        event("product_view", 1, "cat", session="3"),
    ]  # fmt: skip
    found = _steps(shop, rows, by="campaign")
    assert sorted(found[::3]) == [("(none)", 1), ("(not known)", 1), ("spring", 1)]
    assert [row for row in found if row[0] == "spring"] == [("spring", 1), ("spring", 1), ("spring", 0)]
    assert sorted(_steps(shop, [], by="campaign", per="visitor")[::3]) == sorted(found[::3])


def test_country_and_device_are_those_of_the_steps(shop: Warehouse) -> None:
    rows = [event("product_view", 1, "ann", session="1", country="GR", device="desktop"),
            event("product_view", 1, "bob", session="2", country="", device="mobile")]  # fmt: skip
    assert {row for row in _steps(shop, rows, by="country") if row[1]} == {("GR", 1), ("(not known)", 1)}
    assert {row for row in _steps(shop, [], by="device") if row[1]} == {("desktop", 1), ("mobile", 1)}


def test_by_seller_all_steps_are_about_the_same_one_items_of_orders_included(shop: Warehouse) -> None:
    items = [("p1", "vases", "S-1", 10, 1), ("p2", "rugs", "S-2", 10, 1)]
    rows = [
        event("product_view", 1, "ann", session="1", seller_id="S-1", category="vases"),
        event("add_to_cart", 2, "ann", session="1", seller_id="S-1", category="vases"),
        event("product_view", 3, "ann", session="1", seller_id="S-2", category="rugs"),
        purchase(4, "ann", "o1", "20", session="1", items=items),
    ]  # fmt: skip
    found = _steps(shop, rows, by="seller")
    assert sorted(found) == sorted([("S-1", 1), ("S-1", 1), ("S-1", 1), ("S-2", 1), ("S-2", 0), ("S-2", 0)])
    assert sorted(_steps(shop, [], by="category", per="visitor"))[:3] == [("rugs", 0), ("rugs", 0), ("rugs", 1)]


def test_groups_of_few_people_are_one_row_per_step(shop: Warehouse) -> None:
    rows = [event("product_view", n, f"v{n}", session=str(n), country="IT" if n < 12 else "CY") for n in range(15)]
    shop.insert("events", rows)
    found = table(shop.ask("funnel", _TODAY, _TODAY, by="country", smallest_group="10"), "funnel")
    assert {(row["name"], row["step"], row["journeys"]) for row in found if row["step"] == 1} == {
        ("(small groups)", 1, 15)
    }
    found = table(shop.ask("funnel", _TODAY, _TODAY, by="country", smallest_group="3"), "funnel")
    assert {row["name"] for row in found} == {"IT", "CY"}


def test_the_same_few_people_in_two_groups_are_few(shop: Warehouse) -> None:
    """Six people who came by two campaigns are six, not twelve: too few to stand together by themselves."""
    visits = (
        [("spring", n) for n in range(6)] + [("autumn", n) for n in range(6)] + [("winter", n) for n in range(20, 35)]
    )
    rows = [
        event("product_view", place, f"v{n}", session=f"{campaign}{n}", channel="email", campaign=campaign)
        for place, (campaign, n) in enumerate(visits)
    ]
    shop.insert("events", rows)
    found = table(shop.ask("funnel", _TODAY, _TODAY, by="campaign", smallest_group="10"), "funnel")
    assert {(row["name"], row["journeys"]) for row in found if row["step"] == 1} == {("(small groups)", 27)}


def test_shares_come_with_their_intervals(shop: Warehouse) -> None:
    rows = [event("product_view", n, f"v{n}", session=str(n)) for n in range(10)]
    rows += [event("add_to_cart", n + 1, f"v{n}", session=str(n)) for n in range(4)]
    shop.insert("events", rows)
    second = table(shop.ask("funnel", _TODAY, _TODAY, steps=_STEPS), "funnel")[1]
    assert [round(part, 3) for part in second["of_first"]] == [0.4, 0.168, 0.687]
