"""The main job: recorded requests of GA4 and Segment clients, over a socket, into rows that an analyst can query."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recorded import Answered, Recorded, connect, recorded, send
from tests.serving import Served, serving

FILES = ("ga4-*.jsonl", "ga4mp-*.jsonl", "segment-*.jsonl")

#: Steps after which a person has not agreed, or has refused: nothing of them may be stored.
NEVER_STORED = ("opt_out", "before_consent", "tracked_while_opted_out", "consent_denied")


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, list[tuple[Recorded, Answered]]]]:
    with serving(tmp_path_factory.mktemp("replay") / "data") as served:
        with contextlib.closing(connect(served.url)) as connection:
            requests = [request for pattern in FILES for request in recorded(pattern)]
            answers = [(request, send(connection, request)) for request in requests]
        facts = sum(answer.outcome[0] for _, answer in answers)
        served.wait_for("SELECT count() FROM gateway.events", facts)
        yield served, answers


def test_every_recorded_request_is_answered_without_a_server_error(
    replayed: tuple[Served, list[tuple[Recorded, Answered]]],
) -> None:
    _, answers = replayed
    assert len(answers) > 120
    assert {(r.step, a.status) for r, a in answers if a.status >= 400} == set()


def test_the_warehouse_holds_exactly_the_facts_that_were_told(
    replayed: tuple[Served, list[tuple[Recorded, Answered]]],
) -> None:
    served, answers = replayed
    facts = sum(answer.outcome[0] for _, answer in answers)
    refused = sum(answer.outcome[1] for _, answer in answers)
    assert facts > 20
    assert served.ask("SELECT count() FROM gateway.events") == [(facts,)]
    served.wait_for("SELECT sum(events) FROM gateway.tallies", refused)


def test_steps_without_agreement_leave_no_fact(replayed: tuple[Served, list[tuple[Recorded, Answered]]]) -> None:
    _, answers = replayed
    stored = [r.step for r, a in answers if r.step.startswith(NEVER_STORED) and a.outcome[0]]
    assert stored == []


def test_rows_are_minimised(replayed: tuple[Served, list[tuple[Recorded, Answered]]]) -> None:
    served, _ = replayed
    served.ask("SELECT 1")
    for found in ("jane.doe", "+49", "203.0.113.", "gclid", "Mozilla"):
        columns = "concat(page_host, page_path, campaign, toString(properties), toString(visitor), order_id, browser)"
        assert served.ask(
            f"SELECT count() FROM gateway.events WHERE positionCaseInsensitive({columns}, '{found}') > 0"
        ) == [(0,)]


def test_a_drained_gateway_ends_with_zero(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        assert served.stop(signal.SIGTERM) == 0
