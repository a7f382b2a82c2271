"""What minimising costs: p50 and p99 in µs for recorded GA4 and Segment hits, and what the scan of a text does.

One process, warm caches, each event timed by itself. Exit 0: budget met, 1: missed.

    python -m loadtests.minimise_cost --budget 30
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import click

from consent.decide import decide
from consent.policy import read_policy
from consent.starters import starter
from consent.words import Decision, Language, Signal
from gateway.intake.adapters import claim
from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.hit import Event, Hit
from gateway.intake.minimise import Minimiser, Trace
from gateway.intake.scan import scrub
from gateway.intake.urls import UrlRules
from gateway.words import Refusal, SiteKeys
from tests.recorded import recorded

FILES = {"GA4": "ga4-gtag.jsonl", "Segment": "segment-analytics-next.jsonl"}
POLICY = read_policy(starter("strictest"))
KEYS = SiteKeys(b"d" * 32, b"k" * 32, 20_779)
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"

#: What people and shops write, without anything personal in it.
CLEAN = ("Lamp Aurora, brass, 40 cm", "sofa grey linen 3 seats", "SKU-4711-BR", "129.90", "Über uns – Werkstatt")


class Figures(NamedTuple):
    """Microseconds."""

    p50: float
    p99: float
    events: int


def events_of(file: str, now: float) -> list[Event]:
    """The events of a recorded file, as of now."""
    found: list[Event] = []
    for request in recorded(file):
        path, _, query = request.target.partition("?")
        adapter = claim(request.method, path, request.body, "")
        if adapter is not None:
            headers = {name.lower().encode(): text.encode() for name, text in request.headers}
            found += adapter.read(Hit(request.method, path, query.encode(), headers, request.body, "", now)).events
    for event in found:
        event.at = now
    return found


def decision(*purposes: str) -> Decision:
    """The decision after a yes to these purposes in our own words."""
    now = time.time()
    signals = tuple(Signal(Language.GATEWAY_SDK, purpose, True, now, True) for purpose in purposes)
    return decide(signals, POLICY, ("DE",), now)


def timed(calls: Iterator[Callable[[], object]]) -> Figures:
    """Each call timed by itself."""
    taken = []
    for call in calls:
        began = time.perf_counter_ns()
        call()
        taken.append((time.perf_counter_ns() - began) / 1000)
    marks = statistics.quantiles(taken, n=100)
    return Figures(marks[49], marks[98], len(taken))


def minimise_calls(file: str, allowed: Decision, rounds: int) -> Iterator[Callable[[], object]]:
    """Every event of the file, again and again, by another visitor each time."""
    now = time.time()
    minimiser = Minimiser("demo", POLICY, read_contracts(starter_contracts()), UrlRules())
    events = events_of(file, now)
    trace = Trace("ga4", now, "203.0.113.9", AGENT, "DE")
    warm = [minimiser.minimise(event, trace, allowed, KEYS) for event in events]
    assert any(not isinstance(made, Refusal) for made in warm), "nothing was allowed: there is nothing to measure"
    for number in range(rounds):
        for event in events:
            event.client_id = f"{number}.{event.name}"
            yield lambda event=event: minimiser.minimise(event, trace, allowed, KEYS)  # type: ignore[misc]


@click.command()
@click.option("--rounds", default=200, show_default=True, help="How often each recorded event is minimised.")
@click.option("--budget", default=30.0, show_default=True, help="Highest p50 in µs that passes.")
def main(rounds: int, budget: float) -> None:
    """Print p50 and p99 of minimise, by protocol and consent, and of the scan of a clean text."""
    worst = 0.0
    for name, file in FILES.items():
        for label, purposes in (("consented", ("analytics", "counting")), ("counting only", ("counting",))):
            figures = timed(minimise_calls(file, decision(*purposes), rounds))
            worst = max(worst, figures.p50)
            say = f"p50 {figures.p50:5.1f} µs, p99 {figures.p99:5.1f} µs"
            click.echo(f"{name:8} {label:14} {say} over {figures.events:,} events")
    scanned = timed(iter([lambda text=text: scrub(text) for text in CLEAN * 2000]))  # type: ignore[misc]
    click.echo(f"scan of a clean text, without its memory: p50 {scanned.p50:.1f} µs, p99 {scanned.p99:.1f} µs")
    click.echo(f"highest p50 {worst:.1f} µs (budget {budget}), load average {os.getloadavg()[0]:.1f}")
    raise SystemExit(0 if worst <= budget else 1)


if __name__ == "__main__":
    main()
