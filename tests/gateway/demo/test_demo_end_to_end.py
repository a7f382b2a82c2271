"""`gateway demo` against `gateway serve`: the warehouse tells the truth, and the printed questions are answered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from gateway.demo.summary import QUESTIONS
from gateway.demo.truth import FUNNEL
from tests.serving import Served, serving

GATEWAY = (sys.executable, "-m", "gateway")


class Ran(NamedTuple):
    """One demo that ran: the gateway it ran against, what it printed, and its truth."""

    served: Served
    output: str
    truth: dict[str, Any]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("demo")
    with serving(folder / "data", first=True) as served:
        file = folder / "truth.json"
        options = ["--visitors", "250", "--seed", "6", "--url", served.url, "--truth", str(file)]
        done = subprocess.run([*GATEWAY, "demo", *options], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        truth = json.loads(file.read_text("utf-8"))
        served.wait_for("SELECT count() FROM events", truth["facts"]["events"])
        yield Ran(served, done.stdout, truth)


def _answers(ran: Ran, question: int) -> list[dict[str, Any]]:
    """What `gateway sql` answers to a printed question."""
    sql = QUESTIONS[question][1]
    assert sql in ran.output
    command = [*GATEWAY, "sql", "--data", str(ran.served.data), sql, "--format", "JSONEachRow"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def test_the_gateway_told_the_facts_that_the_strictest_policy_lets_through(ran: Ran) -> None:
    assert f"The gateway told: {ran.truth['facts']['events']:,} facts" in ran.output
    assert "That is exactly what the strictest policy lets through" in ran.output


def test_the_warehouse_holds_each_fact_once_under_its_name_adapter_and_day(ran: Ran) -> None:
    facts = ran.truth["facts"]
    by_day = ran.served.ask(
        "SELECT toString(toDate(event_time)), count() FROM events WHERE adapter != 'ga4' GROUP BY 1"
    )

    assert facts["by_event"] == dict(ran.served.ask("SELECT event, count() FROM events GROUP BY event"))
    assert facts["by_adapter"] == dict(ran.served.ask("SELECT adapter, count() FROM events GROUP BY adapter"))
    assert {day: count for day, count in facts["by_day"].items() if day != "on_arrival"} == dict(by_day)


def test_what_is_no_fact_is_a_tally(ran: Ran) -> None:
    sent, facts = ran.truth["sent"]["events"], ran.truth["facts"]["events"]
    tallied = sent - facts + ran.truth["calls_that_are_no_events"] + ran.truth["hits"]["bad"]

    ran.served.wait_for("SELECT sum(events) FROM tallies", tallied)
    reasons = {answer["refusal"] for answer in _answers(ran, 2)}
    assert {"consent_denied", "body_unreadable", "unknown_path", "not_an_event"} <= reasons
    assert "gateway_fault" not in reasons


def test_the_funnel_question_is_answered_with_the_truth(ran: Ran) -> None:
    (answer,) = _answers(ran, 0)

    assert ran.truth["recognised"]["funnel"]["visitors"] == {step: int(answer[step]) for step in FUNNEL}


def test_the_sellers_question_is_answered_to_the_cent(ran: Ran) -> None:
    sales: dict[str, dict[str, float]] = {}
    for answer in _answers(ran, 1):
        sales.setdefault(answer["seller"], {})[answer["currency"]] = round(float(answer["sales"]), 2)

    assert ran.truth["recognised"]["revenue_by_seller"] == sales
    assert len(sales) > 5


def test_visitors_and_orders_are_the_truth(ran: Ran) -> None:
    recognised = ran.truth["recognised"]
    told = ran.served.ask(
        "SELECT uniqExactIf(visitor, visitor_kind = 'durable'), "
        "uniqExactIf(order_id, event = 'purchase' AND order_id != '') FROM events"
    )

    assert [(recognised["visitors"], recognised["orders"])] == told
