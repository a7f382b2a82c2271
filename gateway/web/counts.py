"""What one collect process has counted. Plain integers; `gateway.metrics` shows them. Holds no values."""

from __future__ import annotations

from collections import Counter

from gateway.histogram import Histogram
from gateway.intake.site import Sites
from gateway.words import Outcome


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
    """Counts of requests by status, facts by site and adapter, refusals by site, adapter and reason; answers' times."""

    __slots__ = ("facts", "minimised", "refusals", "statuses", "times")

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.facts: Counter[tuple[str, str]] = Counter()
        self.refusals: Counter[tuple[str, str, str]] = Counter()
        self.times = Histogram()
        self.minimised = Minimised()

    def answered(self, status: int, seconds: float) -> None:
        """One answer sent, that many seconds after its request's headers came."""
        self.statuses[status] += 1
        self.times.add(seconds)

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
            "answer_times": self.times.snapshot(),
        }
