"""Intervals hold what they promise, shares sum to the cent, small groups vanish without a number lost."""

from __future__ import annotations

import random
from decimal import Decimal
from math import isclose
from typing import Any

import pytest

from gateway.reports.report.folding import ALL, SMALL, Fold, folded
from gateway.reports.report.intervals import change, lift, share
from gateway.reports.report.markov import removal_effects
from gateway.reports.report.rounding import shared_out


def test_wilson_gives_the_textbook_interval() -> None:
    found = share(10, 100)
    assert found is not None
    assert [round(part, 4) for part in found] == [0.1, 0.0552, 0.1744]


@pytest.mark.parametrize(("part", "whole", "ends"), [(0, 5, (0.0, 0.4345)), (5, 5, (0.5655, 1.0))])
def test_shares_of_none_and_of_all_stay_within_0_and_1(part: int, whole: int, ends: tuple[float, float]) -> None:
    found = share(part, whole)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == ends


def test_there_is_no_share_of_nothing() -> None:
    assert share(0, 0) is None


@pytest.mark.parametrize(("p", "n"), [(0.5, 30), (0.1, 40), (0.03, 200), (0.01, 500)])
def test_the_interval_of_a_share_holds_the_truth_about_95_times_in_100(p: float, n: int) -> None:
    lots, tries = random.Random(7), 2000
    held = 0
    for _ in range(tries):
        found = share(sum(lots.random() < p for _ in range(n)), n)
        assert found is not None
        held += found.low <= p <= found.high
    assert 0.92 <= held / tries <= 0.99


def test_the_interval_of_a_lift_holds_the_truth_about_95_times_in_100() -> None:
    lots, tries, held = random.Random(8), 1500, 0
    for _ in range(tries):
        did, other = (sum(lots.random() < p for _ in range(n)) for p, n in ((0.12, 300), (0.06, 600)))
        found = lift(did, 300, other, 600)
        assert found is not None
        held += found.low <= 2.0 <= found.high
    assert 0.92 <= held / tries <= 0.985


def test_nothing_to_compare_is_no_lift_and_no_change() -> None:
    assert lift(0, 0, 3, 10) is None
    assert lift(0, 10, 0, 10) is None
    assert change(5, 0) is None
    assert change(5, 4) == 0.25


def test_amounts_that_are_shared_out_sum_to_the_cent() -> None:
    lots = random.Random(9)
    for _ in range(500):
        total = Decimal(lots.randrange(0, 10**12)) / 100
        parts = [lots.choice((0.0, lots.random(), lots.random() * 1e9)) for _ in range(lots.randrange(1, 40))]
        given = shared_out(total, parts)
        assert sum(given) == total
        assert all(amount == amount.quantize(Decimal("0.01")) for amount in given)
        if any(parts):
            whole = sum(parts)
            exact = [float(total) * part / whole for part in parts]
            assert all(abs(float(a) - b) <= 0.01 + 1e-4 for a, b in zip(given, exact, strict=True))
            assert all(amount == 0 for amount, part in zip(given, parts, strict=True) if part == 0)


def test_a_cent_that_is_left_goes_to_the_largest_remainder() -> None:
    assert shared_out(Decimal("0.10"), [1, 1, 1]) == [Decimal("0.04"), Decimal("0.03"), Decimal("0.03")]
    assert shared_out(Decimal("1.00"), [0.2, 0.334, 0.466]) == [Decimal("0.20"), Decimal("0.33"), Decimal("0.47")]
    assert shared_out(Decimal("5"), []) == []


_FOLD = Fold("name", "people", apart=("currency",))


def _row(name: str, people: int, sales: str, currency: str = "EUR") -> dict[str, Any]:
    """A group that shares nobody with another."""
    return {
        "name": name,
        "currency": currency,
        "people": [f"{name}{n}" for n in range(people)],
        "sales": Decimal(sales),
    }


def _told(rows: list[dict[str, Any]]) -> list[tuple[str, str, Decimal]]:
    return [(row["name"], row["currency"], row["sales"]) for row in rows]


def test_groups_of_fewer_people_than_the_floor_are_added_up() -> None:
    rows = [_row("a", 50, "100"), _row("b", 6, "7.50"), _row("c", 5, "2.25")]
    assert _told(folded(rows, _FOLD, 10)) == [("a", "EUR", Decimal(100)), (SMALL, "EUR", Decimal("9.75"))]


def test_one_small_group_takes_the_next_along_so_that_nobody_can_subtract_it() -> None:
    rows = [_row("a", 50, "100"), _row("b", 20, "40"), _row("c", 5, "2.25")]
    assert _told(folded(rows, _FOLD, 10)) == [("a", "EUR", Decimal(100)), (SMALL, "EUR", Decimal("42.25"))]


def test_people_of_two_small_groups_are_no_more_than_they_are() -> None:
    """Six people in two groups are six, not twelve: the next group goes in too."""
    rows = [{**_row(name, 0, "1"), "people": range(size)} for name, size in (("a", 50), ("b", 20), ("c", 6), ("d", 6))]
    assert _told(folded(rows, _FOLD, 10)) == [("a", "EUR", Decimal(1)), (SMALL, "EUR", Decimal(3))]


def test_what_may_not_be_added_up_is_folded_apart() -> None:
    rows = [_row("a", 50, "100"), _row("a", 2, "9", "CHF"), _row("b", 3, "1", "CHF"), _row("b", 12, "7")]
    assert _told(folded(rows, _FOLD, 10)) == [
        ("a", "EUR", Decimal(100)), ("b", "EUR", Decimal(7)), (SMALL, "CHF", Decimal(10)),
    ]  # fmt: skip


def test_a_total_is_no_group_unless_somebody_calls_a_campaign_so() -> None:
    assert _told(folded([_row(ALL, 3, "9")], _FOLD, 10)) == [(ALL, "EUR", Decimal(9))]
    assert [row["name"] for row in folded([_row(ALL, 3, "9"), _row("a", 3, "9")], _FOLD, 10)] == [SMALL]


def test_the_steps_of_a_group_stay_together() -> None:
    fold = Fold("name", "people", along=("step",))
    rows = [
        {"name": n, "step": s, "people": [f"{n}{i}" for i in range(p)], "n": p // s}
        for n, p in (("a", 40), ("b", 8), ("c", 4))
        for s in (1, 2)
    ]
    assert [(row["name"], row["step"], row["n"]) for row in folded(rows, fold, 10)] == [
        ("a", 1, 40), ("a", 2, 20), (SMALL, 1, 12), (SMALL, 2, 6),
    ]  # fmt: skip


def test_no_number_is_lost_by_folding_whatever_the_floor() -> None:
    lots = random.Random(10)
    for _ in range(200):
        rows = [
            _row(str(i), lots.randrange(1, 30), str(lots.randrange(1000)), lots.choice(("EUR", "CHF")))
            for i in range(12)
        ]
        floor = lots.randrange(1, 40)
        found = folded(rows, _FOLD, floor)
        for currency in ("EUR", "CHF"):
            assert sum(r["sales"] for r in found if r["currency"] == currency) == sum(
                r["sales"] for r in rows if r["currency"] == currency
            )
            named = [r for r in found if r["currency"] == currency]
            assert len(named) <= 1 or all(len(r["people"]) >= floor for r in named)


def test_removal_effects_are_those_of_a_chain_that_can_be_done_by_hand() -> None:
    # Half begin at a, half at b. a: half convert, half go on to b. b: half convert, half leave.
    # Converting: a -> order 1/4, a -> b -> order 1/8, b -> order 1/4. Without a only b's 1/4 is left, of 5/8.
    steps = [
        ("(start)", "a", 4),
        ("(start)", "b", 4),
        ("a", "(order)", 2),
        ("a", "b", 2),
        ("b", "(order)", 3),
        ("b", "(end)", 3),
    ]
    found = removal_effects(steps)
    assert {name: round(effect, 6) for name, effect in found.items()} == {"a": 0.6, "b": 0.6}


def test_removal_effects_are_what_is_lost_when_journeys_end_there() -> None:
    """The closed form against walking the chain without the state, for random chains with loops."""
    lots = random.Random(11)
    for _ in range(20):
        names = ["a", "b", "c", "d"]
        steps = [(x, y, lots.randrange(1, 9)) for x in ("(start)", *names) for y in (*names, "(order)", "(end)")
                 if x != "(start)" or y in names]  # fmt: skip
        found = removal_effects(steps)
        whole = _converting(steps, "")
        for name in names:
            assert isclose(found[name], 1 - _converting(steps, name) / whole, rel_tol=1e-6)


def _converting(steps: list[tuple[str, str, int]], without: str) -> float:
    """The share that converts when journeys end at `without`, by walking on until nobody is on the way."""
    there, converted = {"(start)": 1.0}, 0.0
    for _ in range(3000):
        ahead: dict[str, float] = {}
        for place, weight in there.items():
            ways = [(after, times) for before, after, times in steps if before == place]
            whole = sum(times for _, times in ways)
            for after, times in ways:
                if after == "(order)":
                    converted += weight * times / whole
                elif after not in ("(end)", without):
                    ahead[after] = ahead.get(after, 0.0) + weight * times / whole
        there = ahead
    return converted


def test_no_order_means_no_effect() -> None:
    assert removal_effects([("(start)", "a", 3), ("a", "(end)", 3)]) == {}
    assert removal_effects([]) == {}
