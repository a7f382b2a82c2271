"""Names without a contract: told when many sent them, and never a value, or a name that may be somebody's."""

from __future__ import annotations

import random
import string
from typing import Any

import orjson
import pytest

from gateway.intake.unlisted import FLOOR, Told, Unlisted
from tests.gateway.intake.minimise.test_minimise_facts import KEYS, decide, event, minimiser, trace


def seen(properties: dict[str, Any], visitors: int, times: int = 1) -> list[Told]:
    names = Unlisted()
    for number in range(visitors):
        for _ in range(times):
            names.see("sofa_bounce", properties, ("listed",), f"{number:032x}")
    return names.told()


def test_a_name_is_told_once_ten_visitors_sent_it_with_its_type_and_how_often() -> None:
    assert seen({"springs": 4, "listed": 1}, FLOOR, 2) == [Told("sofa_bounce", "springs", "integer", 2 * FLOOR)]
    assert seen({"springs": 4}, FLOOR - 1, 50) == []


def test_types_that_differ_are_told_as_the_one_that_holds_them() -> None:
    names = Unlisted()
    for number in range(FLOOR):
        names.see("sofa_bounce", {"height": 4 if number else 1.5}, (), str(number))
    assert [told.type for told in names.told()] == ["number"]


def test_what_was_told_is_told_again_only_for_what_came_since() -> None:
    names = Unlisted()
    for number in range(FLOOR):
        names.see("sofa_bounce", {"springs": 4}, (), str(number))
    assert names.told()[0].events == FLOOR
    assert names.told() == []
    names.see("sofa_bounce", {"springs": 4}, (), "")
    assert names.told()[0].events == 1


def test_events_of_nobody_never_bring_a_name_nearer_to_being_told() -> None:
    names = Unlisted()
    for _ in range(100):
        names.see("sofa_bounce", {"springs": 4}, (), "")
    assert names.told() == []


def test_with_the_day_everything_is_forgotten() -> None:
    names = Unlisted()
    for number in range(FLOOR - 1):
        names.see("sofa_bounce", {"springs": 4}, (), str(number))
    names.forget()
    names.see("sofa_bounce", {"springs": 4}, (), "x")
    assert names.told() == []


@pytest.mark.parametrize("name", ["jane@doe.example", "4915112345678", "Jane Doe", "b7e23ec29af22b0b", "a" * 65, ""])
def test_what_looks_like_no_name_is_not_told_however_many_send_it(name: str) -> None:
    assert seen({name: "x"}, 50) == []


def test_more_names_than_are_kept_are_left_out() -> None:
    names = Unlisted()
    letters = string.ascii_lowercase
    for number in range(FLOOR):
        for a, b, c in [(a, b, c) for a in letters for b in letters for c in "abcdef"]:
            names.see("sofa_bounce", {f"x_{a}{b}{c}": 1}, (), str(number))
    assert len(names.told()) == 2048


def test_a_minimiser_tells_names_of_the_warehouse_and_no_value_of_any_hit() -> None:
    by, picked = minimiser(), random.Random(5)
    for number in range(40):
        canary = "".join(picked.choices(string.ascii_lowercase, k=12))
        sent = event("sofa_bounce", client_id=f"c{number}", properties={"springs": 4, "colour": canary, canary: canary})
        made = by.minimise(sent, trace(), decide(("operations", "counting", "analytics")), KEYS)
        assert isinstance(made, bytes)
        by.minimise(
            event("product_view", client_id=f"c{number}", properties={"product_id": canary, "legs": "4"}),
            trace(), decide(("operations", "counting", "analytics")), KEYS,
        )  # fmt: skip
    assert [orjson.loads(row) for row in by.sighted("2026-11-22")] == [
        {"site": "demo", "day": "2026-11-22", "event": name, "property": prop, "type": kind, "events": 40}
        for name, prop, kind in (
            ("sofa_bounce", "springs", "integer"), ("sofa_bounce", "colour", "string"),
            ("product_view", "legs", "string"),
        )
    ]  # fmt: skip
    assert by.sighted("2026-11-22") == []
