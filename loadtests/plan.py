"""What the generator is told, and what it tells: the seam between the process that judges and the one that sends.

May not: import locust, which bends threads and sockets of the process that imports it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from array import array
from pathlib import Path
from typing import NamedTuple

import orjson

#: Connections that come in a second, before the first arrival; locust warns above.
SPAWNED_PER_S = 100
#: Until the generator has started.
_LEAD_S = 2.0


class Plan(NamedTuple):
    """What to send. `legs` are (seconds, requests a second); `begin_at` is monotonic: one clock in all processes."""

    port: int
    run: int
    mix: str
    legs: list[tuple[float, float]]
    connections: int
    begin_at: float

    @classmethod
    def of(cls, port: int, run: int, mix: str, legs: list[tuple[float, float]]) -> Plan:
        """Begins as soon as a generator can be there. A tenth of a second's requests may be under way at once."""
        connections = max(32, int(max(rate for _, rate in legs) / 10))
        return cls(port, run, mix, legs, connections, time.monotonic() + _LEAD_S + connections / SPAWNED_PER_S)


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


def generate(plan: Plan, folder: Path) -> Sent:
    """Plays the plan in a locust process of its own. Raises RuntimeError if locust counted other than we did."""
    plan_file, samples_file = folder / "plan.json", folder / "samples"
    plan_file.write_bytes(orjson.dumps(plan._asdict()))
    command = [sys.executable, "-m", "loadtests.generator", str(plan_file), str(samples_file)]
    told = orjson.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    numbers, width = array("d", samples_file.read_bytes()), len(Sample._fields)
    samples = [Sample(*numbers[i : i + width]) for i in range(0, len(numbers), width)]
    if told["requests"] != len(samples):
        raise RuntimeError(f"locust counted {told['requests']} requests, the samples are {len(samples)}")
    return Sent(samples, told["cpu_share"])
