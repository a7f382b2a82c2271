"""The scenarios, as data: rates over time, faults at times, a budget. `python -m loadtests NAME` plays one.

Times are shares of the whole and rates are multiples of the base rate, so that `--seconds` and `--rate` stretch a
scenario without changing what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Leg(NamedTuple):
    """A stretch of time with one rate of arrivals."""

    share: float  #: of the scenario's seconds
    factor: float  #: of its rate


class Fault(NamedTuple):
    """What is done to the gateway, and when."""

    at: float  #: share of the scenario's seconds
    action: str  #: a name in `loadtests.stage.ACTIONS`
    victim: str = ""  #: collect-0, load, engine …; any: one by chance
    share: float = 0.0  #: how long it is held


@dataclass(frozen=True, slots=True)
class Budget:
    """What must hold, times in each phase. 0 means that it is reported, not judged. Losing or doubling never passes."""

    p99_ms: float = 0.0
    p999_ms: float = 0.0
    all_well: bool = False  #: no answer but 2xx, no broken connection, not even one that a retry mends
    caught_up_s: float = 0.0  #: from the end of a fault, or of the traffic, to nothing left in the journal
    rss_mb: float = 0.0  #: largest worker
    rate_at_50_ms: float = 0.0  #: the highest leg with p99 < 50 ms

    @property
    def is_timed(self) -> bool:
        """Whether a busy machine could make it miss; one that only counts is believed on any."""
        return any((self.p99_ms, self.p999_ms, self.caught_up_s, self.rate_at_50_ms))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One load test."""

    says: str
    seconds: float
    rate: float  #: requests a second
    budget: Budget
    legs: tuple[Leg, ...] = (Leg(1.0, 1.0),)
    faults: tuple[Fault, ...] = ()
    mix: str = "own"  #: a name in `loadtests.traffic.MIXES`
    workers: int = 1
    of_highest: float = 0.0  #: share of the rate that a ramp found, which then counts instead of `rate`
    small_disk: bool = False  #: the journal lies on a tmpfs of its own


def _staircase(steps: int) -> tuple[Leg, ...]:
    return tuple(Leg(1 / steps, (step + 1) / steps) for step in range(steps))


def _kills(count: int) -> tuple[Fault, ...]:
    """Every fifth takes everything at once."""
    return tuple(
        Fault((i + 0.5) / count, "power cut" if i % 5 == 4 else "kill", "" if i % 5 == 4 else "any")
        for i in range(count)
    )


_DOWN = (Fault(0.1, "down", "engine", 0.4),)

SCENARIOS = {
    "smoke": Scenario("is it well at all", 20, 300, Budget(p99_ms=50, all_well=True)),
    "steady": Scenario(
        "70 % of the highest rate", 60, 1500, Budget(p99_ms=50, p999_ms=100, all_well=True), of_highest=0.7
    ),
    "calm": Scenario("30 % of the highest rate", 60, 650, Budget(p99_ms=10, all_well=True), of_highest=0.3),
    "steady-outage": Scenario(
        "70 % of the highest rate; the warehouse is down for 60 s, then catches up", 150, 1500,
        Budget(p99_ms=50, p999_ms=100, all_well=True, caught_up_s=60), faults=_DOWN, of_highest=0.7,
    ),
    "calm-outage": Scenario(
        "30 % of the highest rate; the warehouse is down for 60 s, then catches up", 150, 650,
        Budget(p99_ms=10, all_well=True, caught_up_s=60), faults=_DOWN, of_highest=0.3,
    ),
    "burst": Scenario(
        "five times the rate for a fifth of the time", 50, 300, Budget(p99_ms=50, p999_ms=100, all_well=True),
        legs=(Leg(0.4, 1), Leg(0.2, 5), Leg(0.4, 1)),
    ),
    "ramp": Scenario(
        "finds the highest rate with p99 < 50 ms", 80, 8000, Budget(rate_at_50_ms=1500), legs=_staircase(10)
    ),
    "outage": Scenario(
        "the warehouse is down for 60 s, then catches up", 150, 1000,
        Budget(p99_ms=50, p999_ms=100, all_well=True, caught_up_s=60), faults=_DOWN,
    ),
    "crash": Scenario(
        "kill -9 of workers, loader, engine and all at once; counts", 80, 300, Budget(), faults=_kills(20), workers=2
    ),
    "restart": Scenario(
        "rolling restart, kill of a worker, drain of all; a client that honours Retry-After", 40, 500, Budget(),
        faults=(
            Fault(0.1, "end", "collect-0"), Fault(0.25, "end", "collect-1"), Fault(0.4, "kill", "collect-0"),
            Fault(0.55, "kill", "collect-1"), Fault(0.7, "drain"),
        ),
        workers=2,
    ),
    "full": Scenario(
        "the journal's disk is full for a while (tmpfs, needs root); a client that honours Retry-After", 40, 500,
        Budget(), faults=(Fault(0.3, "full disk", share=0.3),), small_disk=True,
    ),
    "soak": Scenario(
        "ten minutes; memory stays flat", 600, 1000, Budget(p99_ms=50, p999_ms=100, all_well=True, rss_mb=120)
    ),
    "mixed": Scenario(
        "all protocols from recorded hits, all choices, 2 % bad", 60, 400, Budget(p99_ms=50, p999_ms=100), mix="mixed"
    ),
}  # fmt: skip
