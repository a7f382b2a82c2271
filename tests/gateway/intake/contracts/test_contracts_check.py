"""Checking an event against its contract: what it lists survives, typed; what breaks a rule does not."""

from __future__ import annotations

import math
import random
import string
import timeit
from typing import Any

import pytest

from gateway.intake.contracts import Contract, Contracts, Verdict, read_contracts, starter_contracts
from gateway.intake.contracts.checks import ITEMS_LIMIT
from gateway.intake.hit import Event

STARTERS = read_contracts(starter_contracts())


def under(definition: str, enforcement: str = "flag") -> Contract:
    text = (
        "contracts: {tried: {version: 3, status: active, owner: w, stage: intent, kind: micro, purpose: counting, "
        f"enforcement: {enforcement}, say: x, properties: {{p: {{is: user.behavior, {definition}}}}}}}}}"
    )
    return found(read_contracts({"tried.yml": text.encode()}), "tried")


def found(contracts: Contracts, name: str) -> Contract:
    contract = contracts.find(name)
    assert contract is not None
    return contract


def event(**properties: Any) -> Event:
    return Event("tried", 0.0, properties=properties)


def test_only_listed_properties_survive_and_the_others_are_counted() -> None:
    checked = found(STARTERS, "product_view").check(event(product_id="SKU-1", email="jane@doe.example", x=1))
    assert checked == (Verdict.VALID, {"product_id": "SKU-1"}, [], (), 2)


@pytest.mark.parametrize(
    ("definition", "sent", "kept"),
    [
        ("type: string, example: a", "text", "text"),
        ("type: string, example: a", 12, "12"),
        ("type: string, example: a", 12.0, "12"),
        ("type: string, example: a", "two\nlines\x00\u202e", "two lines"),
        ("type: string, example: a", "lone \ud800 surrogate", "lone  surrogate"),
        ("type: number, example: 1", "129.90", 129.9),
        ("type: number, example: 1", 7, 7),
        ("type: number, example: 1", " 1e3 ", 1000.0),
        ("type: integer, example: 1", "7", 7),
        ("type: integer, example: 1", 7.0, 7),
        ("type: boolean, example: true", "TRUE", True),
        ("type: boolean, example: true", 0, False),
        ("type: boolean, example: true", False, False),
        ("type: enum, enum: [Red, Blue], example: Red", " red ", "Red"),
        ('type: string, pattern: "[A-Z]{3}", example: EUR', "EUR", "EUR"),
    ],
)
def test_values_are_converted_where_nothing_is_lost(definition: str, sent: Any, kept: Any) -> None:
    checked = under(definition).check(event(p=sent))
    assert checked.kept == {"p": kept}
    assert type(checked.kept["p"]) is type(kept)
    assert checked.broken == ()


@pytest.mark.parametrize(
    ("definition", "sent", "rule"),
    [
        ("type: string, max_length: 3, example: a", "abcd", "max_length"),
        ("type: string, example: a", True, "type"),
        ("type: string, example: a", {"a": 1}, "type"),
        ("type: string, example: a", None, "type"),
        ("type: string, example: a", 1.5, "type"),
        ("type: string, example: a", math.nan, "type"),
        ("type: number, example: 1", math.nan, "type"),
        ("type: number, example: 1", "NaN", "type"),
        ("type: number, example: 1", math.inf, "max"),
        ("type: number, example: 1", "-inf", "min"),
        ("type: number, example: 1", 10**400, "max"),
        ("type: number, example: 1", "1_000", "type"),
        ("type: number, example: 1", "1.299,00 EUR", "type"),
        ("type: number, example: 1", "9" * 5000, "type"),
        ("type: number, example: 1", True, "type"),
        ("type: number, min: 0, example: 1", -0.01, "min"),
        ("type: integer, example: 1", 7.5, "type"),
        ("type: integer, example: 1", "inf", "max"),
        ("type: boolean, example: true", "maybe", "type"),
        ("type: boolean, example: true", 2, "type"),
        ("type: enum, enum: [a], example: a", "b", "enum"),
        ("type: enum, enum: [a], example: a", [], "type"),
        ('type: string, pattern: "[A-Z]{3}", example: EUR', "EURO", "pattern"),
        ('type: string, pattern: "[^@]{1,9}", example: EUR', "a\x00b", "pattern"),
    ],
)
def test_what_breaks_a_rule_is_named_and_does_not_survive(definition: str, sent: Any, rule: str) -> None:
    checked = under(definition).check(event(p=sent))
    assert checked == (Verdict.FLAGGED, {}, [], (f"p:{rule}",), 0)


@pytest.mark.parametrize(
    ("enforcement", "verdict"),
    [("observe", Verdict.VALID), ("flag", Verdict.FLAGGED), ("quarantine", Verdict.BROKEN)],
)
def test_enforcement_decides_the_verdict_and_never_the_value(enforcement: str, verdict: Verdict) -> None:
    checked = under("type: integer, example: 1", enforcement).check(event(p="x"))
    assert (checked.verdict, checked.kept, checked.broken) == (verdict, {}, ("p:type",))


def test_a_required_property_that_is_missing_or_empty_is_named_once() -> None:
    contract = under("type: integer, required: true, example: 1")
    assert contract.check(event()).broken == ("p:required",)
    assert contract.check(event(p="")).broken == ("p:required",)
    assert contract.check(event(p="x")).broken == ("p:type",)


def test_items_keep_their_known_parts_and_name_each_broken_rule_once() -> None:
    items: list[dict[str, Any]] = [
        {"product_id": 7, "seller_id": "S-1", "price": "9.90", "quantity": "2", "name": "x", "email": "a@b.example"},
        {"product_id": "b", "price": "cheap", "quantity": -1},
        {"product_id": "c", "price": "cheap", "category": ""},
        {"coupon": "only"},
    ]
    checked = found(STARTERS, "product_list_view").check(Event("product_list_view", 0.0, items=items))
    assert checked.items == [
        {"product_id": "7", "seller_id": "S-1", "price": 9.9, "quantity": 2},
        {"product_id": "b"},
        {"product_id": "c"},
    ]
    assert checked.broken == ("items.price:type", "items.quantity:min")


def test_items_beyond_the_limit_are_left_out_and_named() -> None:
    items = [{"product_id": str(number)} for number in range(ITEMS_LIMIT + 5)]
    checked = found(STARTERS, "cart_view").check(Event("cart_view", 0.0, items=items))
    assert len(checked.items) == ITEMS_LIMIT
    assert checked.broken == ("items:max",)


def test_items_of_an_event_whose_contract_lists_none_are_left_out() -> None:
    checked = found(STARTERS, "search").check(
        Event("search", 0.0, properties={"search_term": "sofa"}, items=[{"product_id": "1"}])
    )
    assert checked.items == []
    assert checked.verdict is Verdict.VALID


def test_no_value_makes_a_check_raise_or_shows_in_what_it_says() -> None:
    random.seed(7)
    for _ in range(3000):
        contract = found(STARTERS, random.choice(list(STARTERS.terms)))
        names = [*contract.terms.properties, "unlisted"]
        sent = {name: _hostile() for name in random.sample(names, min(4, len(names)))}
        checked = contract.check(
            Event("tried", 0.0, properties=sent, items=[{"price": _hostile(), "quantity": _hostile()}])
        )
        rules = {"type", "min", "max", "max_length", "enum", "pattern", "required"}
        assert {word.rpartition(":")[2] for word in checked.broken} <= rules
        assert {word.rpartition(":")[0].split(".")[0] for word in checked.broken} <= set(contract.terms.properties)


def _hostile() -> Any:
    text = "".join(random.choices(string.printable + "\ud800\u202e\x00é漢😀", k=random.choice((0, 1, 9, 400))))
    return random.choice(
        (text, None, True, -1, 1.5, math.nan, math.inf, 10**30, 2**63, [], {}, [text], {text: text}, b"x")
    )


def test_a_product_view_is_checked_within_the_budget() -> None:
    sent = event(product_id="SKU-1", name="Sofa", category="sofas", brand="C", price=9.9, currency="EUR", seller_id="S")
    contract = found(STARTERS, "product_view")
    best = min(timeit.repeat(lambda: contract.check(sent), number=2000, repeat=5)) / 2000
    assert best < 12e-6  # measured 2.3 µs; the rest is for a machine that does something else
