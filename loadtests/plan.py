"""What the generator is told, and what it tells: the seam between the process that judges and the one that sends.

May not: import locust, which bends threads and sockets of the process that imports it.
"""

from __future__ import annotations

import subprocess
import sys
from array import array
from pathlib import Path
from typing import NamedTuple

import orjson

#: Connections that come in a second, before the first arrival; locust warns above.
SPAWNED_PER_S = 100
#: A ramp that has come to such a latency has seen what it looks for.
TOO_HIGH_MS = 500.0


class Plan(NamedTuple):
    """What to send. `legs` are (seconds, requests a second). Arrivals end at a latency of `give_up_ms`; 0: never."""

    port: int
    run: int
    mix: str
    legs: list[tuple[float, float]]
    connections: int
    give_up_ms: float = 0.0

    @classmethod
    def of(cls, port: int, run: int, mix: str, legs: list[tuple[float, float]]) -> Plan:
        """A tenth of a second's requests may be under way at once. Rates that only rise end where they are too high."""
        most = max(rate for _, rate in legs)
        return cls(port, run, mix, legs, max(32, int(most / 10)), TOO_HIGH_MS if is_ramp(legs) else 0.0)


def is_ramp(legs: list[tuple[float, float]]) -> bool:
    """Whether the rates only rise, until they are too high for somebody."""
    rates = [rate for _, rate in legs]
    return len(rates) > 1 and rates == sorted(rates)


class Sample(NamedTuple):
    """One request, from due to done. Written as eight doubles."""

    number: float
    due_s: float  #: since the beginning
    latency_ms: float
    lag_ms: float
    status: float  #: of the last answer; 0: none
    hurdles: float  #: broken connections and answers that asked to come again
    facts: float
    refused: float


class Sent(NamedTuple):
    """All requests of a plan, and the share of a core that the generator used."""

    samples: list[Sample]
    cpu_share: float


class Generator:
    """Plays a plan in a locust process of its own, which begins when it is ready: `begin_at` is monotonic, one clock
    in all processes.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._samples, plan_file = folder / "samples", folder / "plan.json"
        plan_file.write_bytes(orjson.dumps(plan._asdict()))
        command = [sys.executable, "-m", "loadtests.generator", str(plan_file), str(self._samples)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.begin_at = float(self._told()["begin_at"])

    def sent(self) -> Sent:
        """Waits for the end. Raises RuntimeError if locust counted other than we did."""
        told = self._told()
        self._process.wait()
        numbers, width = array("d", self._samples.read_bytes()), len(Sample._fields)
        samples = [Sample(*numbers[i : i + width]) for i in range(0, len(numbers), width)]
        if told["requests"] != len(samples):
            raise RuntimeError(f"locust counted {told['requests']} requests, the samples are {len(samples)}")
        return Sent(samples, told["cpu_share"])

    def _told(self) -> dict[str, float]:
        assert self._process.stdout is not None
        return dict(orjson.loads(self._process.stdout.readline()))
