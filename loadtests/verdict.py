"""Whether a run passed: every acknowledged event is in the warehouse once, and the budget is met.

Exit codes: 0 budget met, 1 missed, 3 the run itself is not to be believed. Lost or doubled events are 1, always: they
do not depend on how busy the machine was.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadtests.figures import Run, is_acknowledged
from loadtests.scenarios import Budget
from loadtests.stage import Stage

MET, MISSED, INVALID = 0, 1, 3

#: What is told of a run: figures by section and name, as in its JSON file.
Told = Mapping[str, Any]

_PATIENCE_S = 120.0
_OURS = """SELECT toString(event_id), count() FROM gateway.events
WHERE startsWith(toString(event_id), '{run:08x}-') GROUP BY 1"""
_ROWS = "SELECT count() FROM gateway.events"
_COPIES = "SELECT toUInt64(sum(events)) FROM gateway.tallies WHERE refusal = 'duplicate'"


@dataclass(frozen=True, slots=True)
class Counted:
    """Acknowledged events against the warehouse."""

    acknowledged: int
    stored: int
    lost: int
    twice: int
    copies: int  #: rows that the loader left out, because the client had sent them again
    caught_up_s: float  #: from the end of the traffic until all was there


def count_by_id(stage: Stage, run_number: int, run: Run) -> Counted:
    """For traffic whose event ids we know: each acknowledged one is there once."""
    acknowledged = {int(sample.number) for sample in run.samples if is_acknowledged(sample) and sample.facts}
    began = time.monotonic()
    while True:
        rows = {int(name[24:], 16): count for name, count in stage.served.ask(_OURS.format(run=run_number), 60)}
        lost, waited = len(acknowledged - rows.keys()), time.monotonic() - began
        if not lost or waited > _PATIENCE_S:
            break
        time.sleep(0.25)
    twice = sum(count > 1 for count in rows.values())
    return Counted(len(acknowledged), len(rows), lost, twice, _copies(stage), round(waited, 1))


def count_by_sum(stage: Stage, _: int, run: Run) -> Counted:
    """For recorded traffic, whose ids are the clients': facts told in answers = rows + copies left out."""
    told = int(sum(sample.facts for sample in run.samples if is_acknowledged(sample)))
    began = time.monotonic()
    while True:
        rows, copies, waited = stage.served.ask(_ROWS, 60)[0][0], _copies(stage), time.monotonic() - began
        if rows + copies >= told or waited > _PATIENCE_S:
            break
        time.sleep(0.25)
    return Counted(told, rows, max(0, told - rows - copies), max(0, rows + copies - told), copies, round(waited, 1))


COUNTS = {"own": count_by_id, "mixed": count_by_sum}


def _copies(stage: Stage) -> int:
    return int(stage.served.ask(_COPIES, 60)[0][0])


def missed(budget: Budget, told: Told) -> Iterator[str]:
    """A sentence for each part of the budget that was not kept, by a run or by the medians of several."""
    for phase, latency in {"": told["latency"], **told["phases"]}.items():
        for name, most in (("p99_ms", budget.p99_ms), ("p999_ms", budget.p999_ms)):
            yield from _over(f"{name} {phase}".strip(), latency[name], most)
    yield from _over("rss_mb", told["memory"]["rss_most_mb"], budget.rss_mb)
    yield from _over("caught_up_s", max(told["warehouse"]["caught_up_s"], told["backlog_gone_s"]), budget.caught_up_s)
    if (highest := told["worker"]["rate_at_50_ms"]) < budget.rate_at_50_ms:
        yield f"highest rate with p99 < 50 ms is {highest:.0f}, budget {budget.rate_at_50_ms:.0f}"
    yield from _happened(
        (told["counts"]["failed"], "requests failed for a client that tries again"),
        (told["counts"]["hurdles"] * budget.all_well, "times a request had to be sent again"),
        (told["counts"]["bad_drains"], "drains ended with an error"),
        (told["warehouse"]["lost"], "acknowledged events are not in the warehouse"),
        (told["warehouse"]["twice"], "events are there twice"),
    )


def _over(name: str, was: float, most: float) -> Iterator[str]:
    if most and was > most:
        yield f"{name} {was:.1f}, budget {most:.0f}"


def _happened(*seen: tuple[int, str]) -> Iterator[str]:
    yield from (f"{count} {says}" for count, says in seen if count)


def exit_code(misses: list[str], doubts: list[str], told: Told) -> int:
    """0, 1 or 3."""
    if told["warehouse"]["lost"] or told["warehouse"]["twice"]:
        return MISSED
    if doubts:
        return INVALID
    return MISSED if misses else MET


def worst(codes: Iterable[int]) -> int:
    """Of several: 1 before 3 before 0."""
    return max(codes, key=(MET, INVALID, MISSED).index)
