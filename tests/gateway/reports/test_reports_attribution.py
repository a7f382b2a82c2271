"""`attribution`: each model on journeys that can be done by hand, and all of them to the cent on many."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from tests.gateway.reports.asking import DAY, Warehouse, event, purchase, table

_TODAY = DAY.date()
_FIRST = _TODAY.replace(month=10, day=1)
_DAY_M = 24 * 60
_MODELS = ("first", "last", "linear", "decay", "position", "data")


def _credit(shop: Warehouse, rows: list[dict[str, Any]], **options: str) -> dict[tuple[str, str], dict[str, Any]]:
    shop.insert("events", rows)
    found = table(shop.ask("attribution", _TODAY, _TODAY, **options), "credit")
    return {(row["name"], row["currency"]): row for row in found}


def _visit(days_ago: float, visitor: str, channel: str, **more: Any) -> dict[str, Any]:
    return event("page_view", 600 - days_ago * _DAY_M, visitor, session=f"{visitor}{days_ago}", channel=channel, **more)


def _journey() -> list[dict[str, Any]]:
    """Three arrivals, 14, 7 and 0 days before an order of 100."""
    return [_visit(14, "ann", "email"), _visit(7, "ann", "organic"), _visit(0, "ann", "direct"),
            purchase(601, "ann", "o1", "100", session="ann0")]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "email", "organic", "direct"),
    [
        ("first", "100.00", "0.00", "0.00"),
        ("last", "0.00", "0.00", "100.00"),
        ("linear", "33.33", "33.33", "33.34"),
        ("decay", "14.29", "28.57", "57.14"),
        ("position", "40.00", "20.00", "40.00"),
        ("data", "33.33", "33.33", "33.34"),
    ],
)
def test_each_model_shares_a_journey_out_by_its_own_rule(
    shop: Warehouse, model: str, email: str, organic: str, direct: str
) -> None:
    found = _credit(shop, _journey())
    given = {name: row[model] for (name, _), row in found.items()}
    assert sum(given.values()) == Decimal(100)
    wanted = {"email": email, "organic": organic, "direct": direct}
    assert all(abs(given[name] - Decimal(amount)) <= Decimal("0.01") for name, amount in wanted.items())


def test_an_arrival_before_the_lookback_earns_nothing(shop: Warehouse) -> None:
    found = _credit(shop, _journey(), lookback="10d")
    assert {name for name, _ in found} == {"organic", "direct"}
    assert found["organic", "EUR"]["first"] == Decimal(100)


def test_the_half_life_decides_how_fast_credit_fades(shop: Warehouse) -> None:
    found = _credit(shop, _journey(), half_life="1d")
    assert found["direct", "EUR"]["decay"] > Decimal(99)


def test_an_arrival_without_which_nobody_buys_gets_more_by_data(shop: Warehouse) -> None:
    rows = []
    for n in range(10):  # half of the buyers came by e-mail before; without the search all are lost
        rows += [_visit(3, f"a{n}", "email"), _visit(0, f"a{n}", "organic"), _visit(0, f"b{n}", "organic")]
        rows += [purchase(601, f"{who}{n}", f"{who}{n}", "10", session=f"{who}{n}0") for who in "ab"]
    found = _credit(shop, rows)
    assert (found["organic", "EUR"]["linear"], found["email", "EUR"]["linear"]) == (Decimal(150), Decimal(50))
    assert (found["organic", "EUR"]["data"], found["email", "EUR"]["data"]) == (Decimal("166.67"), Decimal("33.33"))


def test_orders_whose_journey_nobody_knows_stand_in_a_row_of_their_own(shop: Warehouse) -> None:
    rows = [*_journey(), purchase(500, "bob", "o2", "40"), purchase(500, "", "", "0", currency=""),
            purchase(500, "cat", "o3", "5.55", kind="day")]  # fmt: skip
    found = _credit(shop, rows)
    assert {found["(no known journey)", "EUR"][model] for model in _MODELS} == {Decimal("45.55")}
    assert found["(no known journey)", "EUR"]["orders"] == 2
    assert found["(no known journey)", "(none)"]["orders"] == 1


def test_visitors_of_one_day_earn_no_arrival_a_journey(shop: Warehouse) -> None:
    rows = [_visit(0, "ann", "email", kind="day"), purchase(601, "ann", "o1", "10", kind="day")]
    assert _credit(shop, rows).keys() == {("(no known journey)", "EUR")}


def test_an_order_that_was_sent_twice_is_one(shop: Warehouse) -> None:
    rows = [*_journey(), purchase(650, "ann", "o1", "100", session="ann0")]
    assert sum(row["linear"] for row in _credit(shop, rows).values()) == Decimal(100)


def test_campaigns_and_sources_are_told_apart_like_channels(shop: Warehouse) -> None:
    rows = [_visit(1, "ann", "email", source="letter", campaign="spring"), _visit(0, "ann", "direct"),
            purchase(601, "ann", "o", "10", session="ann0")]  # fmt: skip
    assert {name for name, _ in _credit(shop, rows, by="campaign")} == {"spring", "(none)"}
    assert {name for name, _ in _credit(shop, [], by="source")} == {"letter", "(none)"}


def test_an_order_of_several_small_arrivals_is_one_where_they_are_put_together(shop: Warehouse) -> None:
    found = _credit(shop, [*_journey(), _visit(1, "bob", "email"), purchase(601, "bob", "o2", "5")], smallest_group="3")
    assert {name: row["orders"] for (name, _), row in found.items()} == {"(small groups)": 2}


def test_every_model_sums_to_the_revenue_of_each_currency_to_the_cent(shop: Warehouse) -> None:
    lots = random.Random(12)
    channels = ("email", "organic", "direct", "paid_search", "social", "affiliate", "display")
    rows, revenue = [], {"EUR": Decimal(0), "CHF": Decimal(0), "GBP": Decimal(0)}
    for n in range(400):
        name = f"v{n}"
        rows += [_visit(lots.uniform(0, 40), name, lots.choice(channels)) for _ in range(lots.randrange(0, 6))]
        for order in range(lots.choice((0, 0, 1, 2))):
            currency, value = lots.choice(list(revenue)), Decimal(lots.randrange(1, 99_999)) / 100
            revenue[currency] += value
            rows.append(purchase(700 + n / 10, name, f"{n}-{order}", str(value), currency=currency))
    shop.insert("events", rows)
    for floor in ("1", "10", "60"):
        found = table(shop.ask("attribution", _TODAY, _TODAY, smallest_group=floor), "credit")
        for model in _MODELS:
            sums = dict.fromkeys(revenue, Decimal(0))
            for row in found:
                sums[row["currency"]] += row[model]
            assert sums == revenue, model


def test_coverage_says_how_much_of_the_revenue_has_a_journey(shop: Warehouse) -> None:
    shop.insert("events", [*_journey(), purchase(500, "bob", "o2", "25")])
    (row,) = table(shop.ask("attribution", _TODAY, _TODAY), "coverage")
    assert (row["orders"], row["known_orders"], row["revenue"], row["known"], row["share"]) == (
        2, 1, Decimal(125), Decimal(100), 0.8,
    )  # fmt: skip
