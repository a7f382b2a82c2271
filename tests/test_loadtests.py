"""The load tests themselves: they count what they claim to count. Times are not asserted here."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from loadtests import medians, verdict
from loadtests.figures import Run
from loadtests.plan import Sample
from loadtests.scenarios import SCENARIOS, Budget
from loadtests.stage import ACTIONS, Look
from loadtests.traffic import MIXES
from loadtests.verdict import Counted

ROOT = Path(__file__).parents[1]
EXACT = Counted(acknowledged=3, stored=3, lost=0, twice=0, copies=0, caught_up_s=1.0)
ANY = Budget(p99_ms=50)


def sample(number: int, due_s: float, latency_ms: float, status: int = 204, lag_ms: float = 0.1) -> Sample:
    return Sample(number, due_s, latency_ms, lag_ms, status, 0, 1, 0)


def run(*samples: Sample, legs: tuple[tuple[float, float], ...] = ((1.0, 3.0),), others: float = 0.0) -> Run:
    return Run(list(samples), [Look(1.0, 0.0, 80.0, 0.1, others)], list(legs), 0.2)


def told_of(seen: Run, counted: Counted = EXACT) -> dict[str, Any]:
    """What `python -m loadtests` would tell of it."""
    return {
        "scenario": "smoke", "says": "", "rate": 3, "seconds": 1, "workers": 1, "at": "", "machine": {}, "exit_code": 0,
        "doubts": seen.doubts(), "latency": seen.latency(), "commits": {"done": 1.0}, "generator": seen.generator(),
        "counts": seen.counts() | {"bad_drains": 0}, "warehouse": dataclasses.asdict(counted), "memory": seen.memory(),
        "phases": seen.phases(), "backlog_gone_s": seen.backlog_gone_s(),
        "worker": {"rate_at_50_ms": seen.rate_at_50_ms()},
    }  # fmt: skip


def test_a_short_smoke_finds_every_acknowledged_event_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loadtests", "smoke", "--seconds", "3", "--rate", "100", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr  # which one is a question of time
    told = orjson.loads((tmp_path / "smoke.json").read_bytes())
    counted = told["warehouse"]
    assert counted["acknowledged"] == counted["stored"] == told["counts"]["offered"] > 200
    assert (counted["lost"], counted["twice"], told["counts"]["failed"]) == (0, 0, 0)
    page = (tmp_path / "smoke.html").read_text("utf-8")
    assert page.count("<svg") == 4
    assert told["commits"]["done"] > 0
    assert not any(word in page for word in ("<script", "src=", "href="))


def test_a_scenario_names_only_what_there_is_and_fills_its_time() -> None:
    for scenario in SCENARIOS.values():
        assert scenario.mix in MIXES
        assert {fault.action for fault in scenario.faults} <= ACTIONS.keys()
        assert sum(leg.share for leg in scenario.legs) == pytest.approx(1.0)
        assert list(scenario.faults) == sorted(scenario.faults, key=lambda fault: fault.at)


@pytest.mark.parametrize(
    ("misses", "doubts", "counted", "expected"),
    [
        ([], [], EXACT, 0),
        (["p99"], [], EXACT, 1),
        (["p99"], ["late"], EXACT, 3),
        ([], ["late"], EXACT, 3),
        ([], ["late"], Counted(3, 2, 1, 0, 0, 1.0), 1),
        ([], [], Counted(3, 4, 0, 1, 0, 1.0), 1),
    ],
    ids=["met", "missed", "doubted and missed", "doubted", "lost", "twice"],
)
def test_what_is_lost_or_twice_never_passes_and_a_doubted_run_says_nothing(
    misses: list[str], doubts: list[str], counted: Counted, expected: int
) -> None:
    assert expected == verdict.exit_code(misses, doubts, told_of(run(sample(1, 0.1, 5)), counted))


def test_a_stall_is_seen_by_everyone_who_was_due_meanwhile() -> None:
    stalled = run(*(sample(i, i / 100, 1000.0 - i * 10) for i in range(100)))
    assert stalled.latency()["p50_ms"] == pytest.approx(500, abs=20)
    assert any(says.startswith("p99_ms") for says in verdict.missed(ANY, told_of(stalled)))


def test_the_highest_rate_ends_at_the_first_leg_that_misses() -> None:
    legs = ((1.0, 10.0), (1.0, 20.0), (1.0, 30.0))
    times = (5.0, 80.0, 5.0)
    ramp = run(*(sample(i, leg + 0.5, ms) for leg, ms in enumerate(times) for i in range(10)), legs=legs)
    assert ramp.rate_at_50_ms() == 10.0


def test_a_late_generator_and_a_shared_machine_are_doubted() -> None:
    assert not run(sample(1, 0.1, 5)).doubts()
    assert len(run(sample(1, 0.1, 5, lag_ms=30), others=0.5).doubts()) == 2


def test_only_counting_is_believed_on_a_busy_machine() -> None:
    assert {"crash", "restart", "full"} == {name for name, s in SCENARIOS.items() if not s.budget.is_timed}


def test_every_part_of_a_budget_is_judged() -> None:
    seen = run(sample(1, 0.1, 60), sample(2, 0.2, 60, status=503))
    budget = Budget(p99_ms=50, p999_ms=50, rss_mb=70, caught_up_s=0.5, rate_at_50_ms=3)
    told = told_of(seen, Counted(3, 4, 1, 1, 0, 1.0))
    told["counts"]["bad_drains"] = 1
    assert len(list(verdict.missed(budget, told))) == 9


def test_a_bad_phase_is_not_hidden_by_a_long_run() -> None:
    samples = [sample(i, i / 100, 80.0 if 100 <= i < 105 else 5.0) for i in range(1000)]
    seen = Run(
        samples, [Look(0.5, 1.0, 80.0, 0.1, 0.0), Look(5.0, 1.0, 80.0, 0.1, 0.0)], [(10.0, 100.0)], 0.2, (1.0, 2.0)
    )
    assert list(verdict.missed(ANY, told_of(seen))) == ["p99_ms down 80.0, budget 50"]


def test_times_of_several_runs_are_medians_and_what_is_lost_in_one_is_lost() -> None:
    fast, slow, lossy = (told_of(run(sample(1, 0.1, ms))) for ms in (5, 90, 7))
    lossy["warehouse"]["lost"] = 1
    seen = medians.of(ANY, [fast, slow, lossy])
    assert seen["latency"]["p99_ms"] == 7
    assert seen["warehouse"]["acknowledged"] == 9
    assert (seen["misses"], seen["exit_code"]) == (["1 acknowledged events are not in the warehouse"], verdict.MISSED)


def test_a_run_that_is_not_to_be_believed_gives_no_times_to_the_medians() -> None:
    doubted, believed = told_of(run(sample(1, 0.1, 90, lag_ms=30))), told_of(run(sample(1, 0.1, 5)))
    most, few = medians.of(ANY, [believed, doubted, believed]), medians.of(ANY, [doubted, believed, doubted])
    assert (most["latency"]["p99_ms"], most["exit_code"]) == (5, verdict.MET)
    assert (few["latency"]["p99_ms"], few["exit_code"]) == (5, verdict.INVALID)


def test_the_worst_of_several_scenarios_is_told() -> None:
    assert [verdict.worst(codes) for codes in ([0, 0], [0, 3], [3, 1, 0])] == [0, 3, 1]
