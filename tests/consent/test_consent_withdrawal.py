"""`on_withdrawal` in a policy: what it is without it, what is refused, and that an example can hold it."""

from __future__ import annotations

import pytest

from consent.policy import PolicyError, read_policy
from consent.starters import STARTERS, starter
from consent.tools.mutants import untested

CLAUSE, EXAMPLE = "  on_withdrawal: stop", ", on_withdrawal: stop"
STOP = starter("strictest").decode()
LINE = STOP[: STOP.index(CLAUSE)].count("\n") + 1


@pytest.mark.parametrize("word", ["delete", "yes", "[stop]", ""])
def test_any_other_word_is_refused_with_its_line(word: str) -> None:
    with pytest.raises(PolicyError) as refused:
        read_policy(STOP.replace(CLAUSE, f"  on_withdrawal: {word}", 1).encode(), "p.yml")
    assert str(refused.value).startswith(f"p.yml:{LINE}: ")


def test_an_example_that_expects_the_other_answer_fails() -> None:
    with pytest.raises(PolicyError, match="it expects a withdrawal to stop; the policy says erase"):
        read_policy(STOP.replace(CLAUSE, "  on_withdrawal: erase", 1).encode())


def test_a_policy_that_says_nothing_stops_and_one_without_such_an_example_is_told_so() -> None:
    silent = "\n".join(line for line in STOP.split("\n") if not line.startswith(CLAUSE)).replace(EXAMPLE, "")
    policy = read_policy(silent.encode())
    assert policy.clauses.people.on_withdrawal == "stop"
    assert [mutant.change for mutant in untested(policy)] == ["on_withdrawal is erase"]


@pytest.mark.parametrize("name", STARTERS)
def test_every_starter_says_it_and_has_an_example(name: str) -> None:
    assert "on_withdrawal is erase" not in [mutant.change for mutant in untested(read_policy(starter(name)))]
