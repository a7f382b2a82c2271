"""What changed in contracts since they were last agreed, and whether somebody who relied on them is broken by it."""

from __future__ import annotations

import pytest

from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.contracts.tools.changes import changes
from gateway.intake.contracts.tools.findings import Weight
from tests.gateway.intake.contracts.contracts_written import entry, read

WORD = "type: string, is: user.behavior, example: L"
NUMBER = "type: number, is: user.behavior, example: 5"
ENUM = "type: enum, is: user.behavior, example: a"


def test_nothing_differs_from_itself() -> None:
    starters = read_contracts(starter_contracts())
    assert list(changes(starters, starters)) == []


BREAKING = [
    (entry("lamp", f"p: {{{WORD}}}"), entry("lamp"), "no longer lists the property 'p'"),
    (entry("lamp", f"p: {{{WORD}}}"), entry("lamp", f"p: {{{NUMBER}}}"), "from string to number (tried.yml:2)"),
    (entry("lamp", f"p: {{{WORD}}}"), entry("lamp", f"p: {{{WORD}, required: true}}"), "'p' of 'lamp' is now required"),
    (entry("lamp"), entry("lamp", f"p: {{{WORD}, required: true}}"), "newly requires the property 'p'"),
    (entry("lamp", f"p: {{{ENUM}, enum: [a, b]}}"), entry("lamp", f"p: {{{ENUM}, enum: [a]}}"), "no longer allows b"),
    (entry("lamp", f"p: {{{NUMBER}}}"), entry("lamp", f"p: {{{NUMBER}, max: 9}}"), "allows less than it did"),
    (entry("lamp", f"p: {{{NUMBER}, min: 1}}"), entry("lamp", f"p: {{{NUMBER}, min: 2}}"), "allows less than it did"),
    (entry("lamp", f"p: {{{WORD}}}"), entry("lamp", f"p: {{{WORD}, max_length: 9}}"), "allows less than it did"),
    (entry("lamp", f"p: {{{WORD}}}"), entry("lamp", f'p: {{{WORD}, pattern: "[A-Z]"}}'), "has another pattern"),
    (entry("lamp", f"p: {{{NUMBER}, unit: cm}}"), entry("lamp", f"p: {{{NUMBER}, unit: m}}"), "unit from 'cm' to 'm'"),
    (entry("lamp", f"p: {{{WORD}}}"), entry("lamp", f"p: {{{WORD}}}".replace("behavior", "name")), "policy may treat"),
    (entry("lamp"), entry("lamp", stage="loyalty"), "the stage of 'lamp' changed"),
    (entry("lamp"), entry("lamp", kind="macro"), "the kind of 'lamp' changed"),
    (entry("lamp"), entry("lamp", value="{fixed: 2, currency: EUR}"), "the value rule of 'lamp' changed"),
    (entry("lamp"), entry("lamp", status="draft"), "is a draft again"),
]


@pytest.mark.parametrize(("was", "now", "sentence"), BREAKING)
def test_a_breaking_change_is_an_error_until_the_version_says_so(was: str, now: str, sentence: str) -> None:
    found = list(changes(read(was), read(now)))
    assert [(one.weight, one.line) for one in found] == [(Weight.ERROR, 2)]
    assert sentence in found[0].sentence
    assert "raise its version from 1" in found[0].sentence
    raised = list(changes(read(was), read(now.replace("version: 1", "version: 2"))))
    assert [one.weight for one in raised] == [Weight.NOTE]
    assert raised[0].sentence.endswith("(version 1 to 2)")


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (entry("lamp"), entry("lamp", f"p: {{{WORD}}}")),
        (entry("lamp", f"p: {{{WORD}, required: true}}"), entry("lamp", f"p: {{{WORD}}}")),
        (entry("lamp", f"p: {{{ENUM}, enum: [a]}}"), entry("lamp", f"p: {{{ENUM}, enum: [a, b]}}")),
        (entry("lamp", f'p: {{{WORD}, pattern: "[A-Z]"}}'), entry("lamp", f"p: {{{WORD}}}")),
        (entry("lamp"), entry("lamp", purpose="analytics")),
    ],
)
def test_a_change_that_breaks_nobody_only_asks_for_a_version(was: str, now: str) -> None:
    found = list(changes(read(was), read(now)))
    assert [one.weight for one in found] == [Weight.WARNING]
    assert found[0].sentence.endswith("raise its version from 1")


@pytest.mark.parametrize(
    "now",
    [
        entry("lamp", f"p: {{{NUMBER}, max: 9}}", say="Said in other words"),
        entry("lamp", f"p: {{{NUMBER}, max: 9}}", owner="another team"),
        entry("lamp", f"p: {{{NUMBER}, max: 10}}"),
    ],
)
def test_words_owners_and_room_for_more_need_no_version(now: str) -> None:
    assert list(changes(read(entry("lamp", f"p: {{{NUMBER}, max: 9}}")), read(now))) == []


def test_a_version_never_goes_back() -> None:
    found = list(changes(read(entry("lamp", version="3")), read(entry("lamp", version="2"))))
    assert [(one.weight, one.line) for one in found] == [(Weight.ERROR, 2)]
    assert "goes back from 3 to 2" in found[0].sentence


def test_a_contract_goes_only_after_it_was_deprecated() -> None:
    other, gone = entry("sofa"), "status: deprecated, use_instead: sofa"
    was = read(other, entry("lamp"))
    assert [one.sentence for one in changes(was, read(other))] == [
        "the contract 'lamp', which stood here, is gone; deprecate it first and say what to use_instead"
    ]
    deprecated = read(other, entry("lamp").replace("status: active", gone))
    assert list(changes(was, deprecated)) == []
    assert list(changes(deprecated, read(other))) == []
    assert list(changes(read(other, entry("lamp", status="draft")), read(other))) == []


def test_a_change_of_the_dictionary_is_told_at_every_contract_that_uses_it() -> None:
    contracts = [entry(name, "p: optional") for name in ("lamp", "sofa")]
    was, now = (read(*contracts, dictionary=f"  p: {{{kind}}}") for kind in (WORD, NUMBER))
    found = list(changes(was, now))
    assert [(one.weight, one.line) for one in found] == [(Weight.ERROR, 4), (Weight.ERROR, 5)]
    assert all("(tried.yml:2)" in one.sentence for one in found)
