"""What one collect process has counted. Plain integers; `gateway.metrics` shows them. Holds no values."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from gateway.intake.site import Sites
from gateway.words import Outcome

#: Upper bounds of the latency histogram in seconds, dense around the promise of 50 ms.
BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 5.0)


class Minimised:
    """What minimisers count by themselves: scrubbed text, broken contracts, unlisted properties. Names, no values.

    A minimiser that a reload replaces leaves its counts here, so that totals never go back.
    """

    __slots__ = ("broken", "scrubbed", "unlisted")

    def __init__(self) -> None:
        self.scrubbed: Counter[tuple[str, str, str]] = Counter()
        self.broken: Counter[tuple[str, str, str]] = Counter()
        self.unlisted: Counter[tuple[str]] = Counter()

    def retire(self, sites: Sites) -> None:
        """Takes over the counts of sites that are about to be replaced."""
        for site in sites.all:
            minimiser = site.minimiser
            self.scrubbed.update({(site.name, *key): n for key, n in minimiser.scrubbed.items()})
            self.broken.update({(site.name, *key): n for key, n in minimiser.broken.items()})
            self.unlisted[site.name,] += minimiser.unlisted

    def snapshot(self, sites: Sites) -> dict[str, object]:
        """JSON-ready rows of labels and count: of these sites and of those that were retired."""
        now = Minimised()
        now.retire(sites)
        return {
            "scrubbed": [[*key, n] for key, n in sorted((self.scrubbed + now.scrubbed).items())],
            "broken": [[*key, n] for key, n in sorted((self.broken + now.broken).items())],
            "unlisted": [[*key, n] for key, n in sorted((self.unlisted + now.unlisted).items())],
        }


class Counts:
    """Counts of requests by status, facts by site and adapter, refusals by site, adapter and reason, and latency."""

    __slots__ = ("facts", "latency", "latency_sum_s", "minimised", "refusals", "statuses")

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.facts: Counter[tuple[str, str]] = Counter()
        self.refusals: Counter[tuple[str, str, str]] = Counter()
        self.latency = [0] * (len(BUCKETS_S) + 1)
        self.latency_sum_s = 0.0
        self.minimised = Minimised()

    def answered(self, status: int, seconds: float) -> None:
        """One answer sent, that many seconds after its request's headers came."""
        self.statuses[status] += 1
        self.latency[bisect_left(BUCKETS_S, seconds)] += 1
        self.latency_sum_s += seconds

    def settled(self, site: str, adapter: str, outcome: Outcome) -> None:
        """One outcome made durable."""
        if outcome.facts:
            self.facts[site, adapter] += len(outcome.facts)
        for tally in outcome.tallies:
            self.refusals[tally] += 1

    def snapshot(self) -> dict[str, object]:
        """JSON-ready: lists instead of tuple keys."""
        return {
            "statuses": sorted(self.statuses.items()),
            "facts": [[*key, n] for key, n in sorted(self.facts.items())],
            "refusals": [[*key, n] for key, n in sorted(self.refusals.items())],
            "latency": self.latency,
            "latency_sum_s": self.latency_sum_s,
        }
