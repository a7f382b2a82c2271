"""`micro` on visits small enough to be counted by hand."""

from __future__ import annotations

from typing import Any

from tests.gateway.reports.asking import DAY, Warehouse, event, purchase, table

_TODAY = DAY.date()


def _micro(shop: Warehouse, rows: list[dict[str, Any]], **options: str) -> dict[tuple[str, str], dict[str, Any]]:
    shop.insert("events", rows)
    found = table(shop.ask("micro", _TODAY, _TODAY, **options), "micro")
    return {(row["name"], row["event"]): row for row in found}


def _share(minute: float, visitor: str, session: str = "", **more: Any) -> dict[str, Any]:
    return event("share", minute, visitor, session=session, stage="engagement", **more)


def test_visits_with_it_and_visits_that_bought_after_it(shop: Warehouse) -> None:
    rows = [
        _share(1, "ann", "1"), _share(2, "ann", "1"), purchase(3, "ann", "o1", "10", session="1"),
        purchase(1, "bob", "o2", "10", session="2"), _share(2, "bob", "2"),
        _share(1, "cat", "3"),
        purchase(1, "dan", "o4", "10", session="4"), event("page_view", 2, "eve", session="5"),
    ]  # fmt: skip
    found = _micro(shop, rows)[("(all)", "share")]
    assert (found["did"], found["then_bought"]) == (3, 1)
    assert [round(found[name].value, 4) for name in ("rate", "conversion", "without")] == [0.6, 0.3333, 0.5]
    assert found["lift"].low < 1 / 3 / 0.5 < found["lift"].high


def test_looking_around_and_the_goal_itself_are_no_micro_conversions(shop: Warehouse) -> None:
    rows = [event("product_view", 1, "ann", session="1", stage="discovery"), purchase(2, "ann", "o", "1", session="1"),
            event("unheard_of", 3, "ann", session="1"), _share(4, "ann", "1")]  # fmt: skip
    assert _micro(shop, rows).keys() == {("(all)", "share")}


def test_visits_without_a_named_session_count_like_others(shop: Warehouse) -> None:
    rows = [
        _share(5, "ann"), purchase(40, "ann", "o1", "10"),  # one run of half hours
        _share(5, "bob"), purchase(95, "bob", "o2", "10"),  # two
    ]  # fmt: skip
    found = _micro(shop, rows)[("(all)", "share")]
    assert (found["did"], found["then_bought"]) == (2, 1)
    assert [round(found[name].value, 4) for name in ("rate", "without")] == [round(2 / 3, 4), 1.0]


def test_a_purchase_at_the_very_moment_is_not_after_it(shop: Warehouse) -> None:
    found = _micro(shop, [_share(1, "ann", "1"), purchase(1, "ann", "o", "1", session="1")])[("(all)", "share")]
    assert found["then_bought"] == 0


def test_nobodies_visitors_of_one_day_and_bots_have_no_visits_here(shop: Warehouse) -> None:
    rows = [_share(1, ""), _share(1, "ann", kind="day"), _share(1, "bob", "1", bot=True), _share(1, "cat", "2")]
    assert _micro(shop, rows)[("(all)", "share")]["did"] == 1


def test_by_campaign_it_is_the_campaign_that_the_visit_came_by(shop: Warehouse) -> None:
    rows = [
        event("page_view", 0, "ann", session="1", channel="email", campaign="spring"), _share(1, "ann", "1"),
        purchase(2, "ann", "o1", "10", session="1"),
        event("page_view", 0, "bob", channel="email", campaign="spring"), event("page_view", 20, "bob"),
        event("page_view", 0, "cat", session="3", channel="direct"), _share(5, "cat", "3"),
        _share(5, "dan", "4"),
    ]  # fmt: skip
    found = _micro(shop, rows, by="campaign")
    assert {key: (row["did"], row["then_bought"], row["rate"].value) for key, row in found.items()} == {
        ("spring", "share"): (1, 1, 0.5),
        ("(none)", "share"): (1, 0, 1.0),
        ("(not known)", "share"): (1, 0, 1.0),
    }
    assert _micro(shop, [], by="channel")[("email", "share")]["did"] == 1


def test_a_campaign_of_few_people_is_not_shown_by_itself(shop: Warehouse) -> None:
    rows = [event("page_view", 0, f"v{n}", session=str(n), channel="email", campaign="big" if n < 20 else "tiny")
            for n in range(22)]  # fmt: skip
    rows += [_share(1, f"v{n}", str(n)) for n in range(22)]
    shop.insert("events", rows)
    found = table(shop.ask("micro", _TODAY, _TODAY, by="campaign", smallest_group="10"), "micro")
    assert [(row["name"], row["did"]) for row in found] == [("(small groups)", 22)]
