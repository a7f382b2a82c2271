"""What breaks a contract that says quarantine: what of it may wait, and what a mended contract makes of it."""

from __future__ import annotations

import os
import random
import string
from typing import Any

import orjson
import pytest

from consent.policy import Policy, read_policy
from consent.starters import starter
from consent.words import Decision
from gateway.intake.contracts import Contracts
from gateway.intake.hit import Event
from gateway.intake.minimise import Minimiser, Trace
from gateway.intake.urls import UrlRules
from gateway.words import Broken, Refusal, SiteKeys
from tests.gateway.intake.contracts.contracts_written import entry, read

NOW = 1_795_345_201.5
KEYS = SiteKeys(b"d" * 32, b"k" * 32, 20_779)
POLICY = read_policy(starter("strictest"))
ANALYTICS = ("operations", "counting", "analytics")
CASES = int(os.environ.get("CONTRACTS_FUZZ", "2000"))

DICTIONARY = """\
  colour: {type: enum, is: user.behavior, enum: [red, blue], example: red}
  mended: {type: enum, is: user.behavior, enum: [red, blue, teal], example: red}
  size: {type: integer, is: user.behavior, min: 1, max: 9, example: 5}
  larger: {type: integer, is: user.behavior, min: 1, max: 99, example: 5}"""

Row = dict[str, Any]


def contracts(properties: str, **clauses: str) -> Contracts:
    return read(entry("sample_ask", properties, **{"enforcement": "quarantine", **clauses}))


def colours(*choices: str, rest: str = "", **clauses: str) -> Contracts:
    colour = f"colour: {{type: enum, is: user.behavior, enum: [{', '.join(choices)}], example: red}}"
    size = "size: {type: integer, is: user.behavior, min: 1, max: 9, example: 5}"
    return contracts(f"{colour}, {size}{rest}", **clauses)


def minimiser(known: Contracts, policy: Policy = POLICY) -> Minimiser:
    return Minimiser("demo", policy, known, UrlRules())


def sent(properties: Row, items: list[Row] | None = None) -> Event:
    return Event("sample_ask", NOW - 1, client_id="123.456", properties=properties, items=items or [])


def broken(known: Contracts, properties: Row, items: list[Row] | None = None) -> Row:
    decision = Decision(POLICY.mask(ANALYTICS), ANALYTICS, "anywhere", POLICY.hash)
    made = minimiser(known).minimise(
        sent(properties, items), Trace("own", NOW, "203.0.113.9", "", "DE"), decision, KEYS
    )
    assert isinstance(made, Broken), made
    row: Row = orjson.loads(made.fact)
    return {"properties": {}, "items": [], **row}  # as the warehouse gives it back


def again(known: Contracts, row: Row, policy: Policy = POLICY) -> Row | tuple[str, ...]:
    made = minimiser(known, policy).again(row)
    if isinstance(made, tuple):
        return made
    fact: Row = orjson.loads(made)
    return fact


def test_what_breaks_its_contract_waits_with_rule_and_field_and_without_what_is_not_listed() -> None:
    row = broken(colours("red", "blue"), {"colour": "teal", "size": 5, "secret": "hunter2"})
    assert row["broken"] == ["colour:enum"]
    assert row["properties"] == {"colour": "teal", "size": "5"}
    assert row["contract"] == "sample_ask@1"
    assert "verdict" not in row
    assert b"hunter2" not in orjson.dumps(row)
    assert row["visitor_kind"] == "durable"


def test_a_mended_contract_makes_the_fact_that_it_would_have_been() -> None:
    row = broken(colours("red", "blue"), {"colour": "teal", "size": 5})
    mended = colours("red", "blue", "teal", version="2")
    fact = again(mended, row)
    assert isinstance(fact, dict)
    assert fact["properties"] == {"colour": "teal", "size": "5"}
    assert (fact["contract"], fact["verdict"]) == ("sample_ask@2", "valid")
    decision = Decision(POLICY.mask(ANALYTICS), ANALYTICS, "anywhere", POLICY.hash)
    event = sent({"colour": "teal", "size": 5})
    at_once = minimiser(mended).minimise(event, Trace("own", NOW, "203.0.113.9", "", "DE"), decision, KEYS)
    assert isinstance(at_once, bytes)
    known: Row = orjson.loads(at_once)
    assert {**known, "event_id": ""} == {**fact, "event_id": ""}


@pytest.mark.parametrize(
    ("mended", "stays"),
    [
        (colours("red", "green"), ("colour:enum",)),
        (contracts("size: {type: integer, is: user.behavior, min: 6, max: 9, example: 6}"), ("size:min",)),
        (read(entry("another_event")), ("no_contract",)),
        (colours("red", "teal", purpose="ad_targeting"), (Refusal.CONSENT_DENIED,)),
        (
            colours("red", "teal", rest=", shop: {type: string, is: user.behavior, example: a, required: true}"),
            ("shop:required",),
        ),
    ],
)
def test_what_is_not_mended_stays_and_says_why(mended: Contracts, stays: tuple[str, ...]) -> None:
    assert again(mended, broken(colours("red", "blue"), {"colour": "teal", "size": 5})) == stays


def test_a_contract_that_flags_from_now_on_lets_it_in_as_flagged() -> None:
    row = broken(colours("red", "blue"), {"colour": "teal", "size": 5})
    fact = again(colours("red", "blue", enforcement="flag"), row)
    assert isinstance(fact, dict)
    assert (fact["verdict"], fact["broken"], fact["properties"]) == ("flagged", ["colour:enum"], {"size": "5"})


def test_a_missing_property_that_is_optional_now_is_no_reason_any_more() -> None:
    need = contracts("colour: {type: string, is: user.behavior, example: a, required: true}")
    may = contracts("colour: {type: string, is: user.behavior, example: a}")
    row = broken(need, {})
    assert row["broken"] == ["colour:required"]
    assert isinstance(again(may, row), dict)


@pytest.mark.parametrize("value", [{"a": "b"}, ["b"], None, "x" * 1025, 10**400])
def test_what_could_never_be_a_property_does_not_wait_and_cannot_be_judged_again(value: Any) -> None:
    row = broken(colours("red", "blue"), {"colour": value, "size": 5})
    assert row["properties"] == {"size": "5"}
    assert again(colours("red", "blue", "teal"), row) == tuple(row["broken"])


def test_what_waits_is_looked_through_as_free_text() -> None:
    row = broken(colours("red", "blue"), {"colour": "write to jane@doe.example", "size": 5})
    assert row["properties"]["colour"] == "write to [email]"


def test_products_wait_by_their_known_parts_and_a_broken_part_stays_broken() -> None:
    listed = contracts("items: {type: items, is: user.behavior, example: a}")
    row = broken(listed, {}, [{"product_id": "P", "price": "dear", "name": "hunter2"}])
    assert (row["broken"], row["items"]) == (["items.price:type"], [{"product_id": "P"}])
    assert again(listed, row) == ("items.price:type",)


def test_an_amount_is_worth_the_same_after_its_replay() -> None:
    amount = "value: {type: number, is: user.behavior.purchase_history, max: %s, example: 5}"
    money = "currency: {type: string, is: user.behavior, pattern: '[A-Z]{3}', example: EUR}"
    row = broken(contracts(f"{amount % 10}, {money}"), {"value": 129.9, "currency": "EUR"})
    fact = again(contracts(f"{amount % 1000}, {money}"), row)
    assert isinstance(fact, dict)
    assert (fact["value"], fact["currency"], "properties" in fact) == (129.9, "EUR", False)


def test_whatever_a_type_can_be_broken_by_no_value_of_an_unlisted_field_rests() -> None:
    """Property-based; CONTRACTS_FUZZ=100000 for more."""
    picked = random.Random(11)
    definitions = (
        "type: string, max_length: 3, example: a",
        "type: string, pattern: '[a-z]{2}', example: ab",
        "type: number, min: 0, max: 1, example: 1",
        "type: integer, max: 9, example: 1",
        "type: boolean, example: 'true'",
        "type: enum, enum: [a, b], example: a",
    )
    for enforcement in ("flag", "quarantine"):
        by = [minimiser(contracts(f"p: {{{d}, is: user.behavior}}", enforcement=enforcement)) for d in definitions]
        decision = Decision(POLICY.mask(ANALYTICS), ANALYTICS, "anywhere", POLICY.hash)
        for number in range(CASES):
            canary = f"canary{number}" + "".join(picked.choices(string.ascii_letters, k=8))
            odd = picked.choice(
                (True, None, -1, 2.5, 10**30, float("nan"), "abcd", "x" * 2000, [canary], {canary: 1}, "")
            )
            event = sent({"p": odd, "unlisted": canary, canary: 1}, [{"product_id": canary}])
            made = picked.choice(by).minimise(event, Trace("own", NOW), decision, KEYS)
            assert not isinstance(made, Refusal)
            row: bytes = made.fact if isinstance(made, Broken) else made
            assert canary.encode() not in row
            if isinstance(made, Broken):
                assert {word.partition(":")[0] for word in orjson.loads(row)["broken"]} == {"p"}
