"""What reading costs when requests are spoiled: a million mutants of every recorded request, through their adapters.

    python -m loadtests.parse_fuzz [--rounds 1000000]

CPU time of the thread, so that a busy machine disturbs little; a request of n bytes counts as n / 8192 of one, at least
as one. No exception may come out, and every reading must be what the rest of the walk relies on.

Budget: p99 below 1 ms per 8 KB; memory at the end at most 10 MB above that after the first tenth. Exits with 1 when it
is missed.
"""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Iterator

import click
import psutil

from tests.gateway.intake.adapters.test_adapters_hostile import check_reading, mutants

P99_LIMIT_MS, GROWTH_LIMIT_MB = 1.0, 10.0
_PIECE_BYTES = 8192


def _costs(rounds: int, memory: list[int]) -> Iterator[float]:
    """Milliseconds per 8 KB of each reading. Puts the memory after every tenth into `memory`."""
    process = psutil.Process()
    for number, (adapter, hit) in enumerate(mutants(rounds), 1):
        started = time.thread_time_ns()
        reading = adapter.read(hit)
        taken = (time.thread_time_ns() - started) / 1e6
        check_reading(reading)
        yield taken / max(1.0, (len(hit.body) + len(hit.query)) / _PIECE_BYTES)
        if number % max(1, rounds // 10) == 0:
            memory.append(process.memory_info().rss)


@click.command()
@click.option("--rounds", default=1_000_000, show_default=True, help="Mutated requests.")
def main(rounds: int) -> None:
    """Read spoiled requests of all protocols."""
    memory: list[int] = []
    costs = array("f", bytes(4 * rounds))  # made before, so that it is no growth
    for number, cost in enumerate(_costs(rounds, memory)):
        costs[number] = cost
    costs = array("f", sorted(costs))
    p50, p99 = costs[len(costs) // 2], costs[int(len(costs) * 0.99)]
    growth = (memory[-1] - memory[0]) / 2**20
    click.echo(f"{rounds} requests, no exception; per 8 KB p50 {p50:.3f} ms, p99 {p99:.3f} ms (below {P99_LIMIT_MS})")
    click.echo(
        f"memory after each tenth {[size >> 20 for size in memory]} MB, grown by {growth:.1f} ({GROWTH_LIMIT_MB})"
    )
    sys.exit(0 if p99 < P99_LIMIT_MS and growth <= GROWTH_LIMIT_MB else 1)


if __name__ == "__main__":
    main()
