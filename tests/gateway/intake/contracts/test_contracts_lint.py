"""Lint: what the gateway would accept, and an event owner would regret."""

from __future__ import annotations

import pytest

from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.contracts.tools.findings import Weight
from gateway.intake.contracts.tools.lint import lint
from tests.gateway.intake.contracts.contracts_written import entry, read

SIZE = "size: {type: string, is: user.behavior, example: L}"


def test_the_starter_set_is_beyond_doubt() -> None:
    assert list(lint(read_contracts(starter_contracts()))) == []


@pytest.mark.parametrize(
    ("entries", "line", "weight", "sentence"),
    [
        ((entry("product_viewed"),), 2, Weight.ERROR, "the gateway calls it 'product_view'"),
        ((entry("a"), entry("add_to_wishlist")), 3, Weight.ERROR, "the gateway calls it 'wishlist_add'"),
        ((entry("a__b"),), 2, Weight.ERROR, "the gateway calls it 'a_b'"),
        ((entry("lamp_turned"),), 2, Weight.WARNING, "in the past"),
        ((entry("lamp_turn_v2"),), 2, Weight.ERROR, "raise 'version:' instead"),
        ((entry("lamp.turn"),), 2, Weight.ERROR, "stands below 'lamp', which has no contract"),
        ((entry("lamp.turn", status="draft"),), 2, Weight.WARNING, "stands below 'lamp', which has no contract"),
        ((entry("lamp", owner="nobody"),), 2, Weight.ERROR, "name who answers for it"),
        ((entry("lamp", say="hm"),), 2, Weight.WARNING, "says too little"),
        ((entry("lamp", "sku: {type: string, is: user.behavior, example: L}"),), 2, Weight.WARNING, "as 'product_id'"),
        ((entry("lamp", "size: {type: string, is: user, example: L}"),), 2, Weight.WARNING, "say what it is"),
        (
            (entry("lamp", "n: {type: enum, enum: [a], is: user.behavior, example: a}"),),
            2,
            Weight.WARNING,
            "one choice",
        ),
        (
            (entry("lamp", version="3"), entry("lamp.turn", version="2")),
            3,
            Weight.ERROR,
            "at version 2, below version 3 of 'lamp'",
        ),
        (
            (entry("lamp", SIZE), entry("sofa", SIZE.replace("string", "integer").replace("L}", "1}"))),
            3,
            Weight.ERROR,
            "'size' is of type integer in 'sofa', but of type string in 'lamp' (tried.yml:2)",
        ),
    ],
)
def test_a_doubt_is_told_once_with_its_line(entries: tuple[str, ...], line: int, weight: Weight, sentence: str) -> None:
    found = list(lint(read(*entries)))
    assert [(one.weight, one.file, one.line) for one in found] == [(weight, "tried.yml", line)]
    assert sentence in found[0].sentence
    assert str(found[0]) == f"tried.yml:{line}: {weight}: {found[0].sentence}"


def test_a_draft_may_still_be_without_owner_and_category() -> None:
    draft = entry("lamp", "size: {type: string, is: user, example: L}", status="draft", owner="nobody")
    assert list(lint(read(draft))) == []
