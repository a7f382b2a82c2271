"""What the samples of a run say: percentiles, seconds, legs, and whether the run itself was sound."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from loadtests.plan import Sample, is_ramp
from loadtests.stage import Look

#: A generator that is later than this at its p99, or has no CPU left, measures itself.
LAG_LIMIT_MS = 10.0
BUSY_LIMIT_SHARE = 0.9
#: What others may use of the machine before a time says more of them than of us.
OTHERS_LIMIT_SHARE = 0.15

_SHARES = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p999_ms": 0.999, "max_ms": 1.0}


def percentile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank, of numbers in order; 0 of none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def _latency(samples: Iterable[Sample]) -> dict[str, float]:
    ordered = sorted(sample.latency_ms for sample in samples)
    return {name: round(percentile(ordered, share), 2) for name, share in _SHARES.items()}


@dataclass(frozen=True, slots=True)
class LegFigures:
    """One rate, as it went."""

    rate: float
    offered: int
    p50_ms: float
    p99_ms: float
    lag_p99_ms: float

    @property
    def is_within_50_ms(self) -> bool:
        return 0 < self.p99_ms < 50


@dataclass(frozen=True, slots=True)
class Run:
    """All that was seen while traffic came."""

    samples: list[Sample]
    looks: list[Look]
    legs: list[tuple[float, float]]  #: seconds, requests a second
    generator_cpu_share: float
    held: tuple[float, float] | None = None  #: from when to when something was kept from running, in seconds

    def latency(self) -> dict[str, float]:
        """Percentiles in ms, from the time that each was due."""
        return _latency(self.samples)

    def generator(self) -> dict[str, float]:
        """How late the generator itself was, and how busy it and others were."""
        lags = sorted(sample.lag_ms for sample in self._judged())
        others = sorted(look.others_cpu_share for look in self.looks)
        return {
            "lag_p50_ms": round(percentile(lags, 0.5), 2),
            "lag_p99_ms": round(percentile(lags, 0.99), 2),
            "lag_p999_ms": round(percentile(lags, 0.999), 2),
            "cpu_share": round(self.generator_cpu_share, 2),
            "others_cpu_share": round(percentile(others, 0.5), 2),
        }

    def _judged(self) -> list[Sample]:
        """All but the end of a ramp, where it is too fast for the generator too."""
        if not is_ramp(self.legs):
            return self.samples
        end = sum(seconds for seconds, rate in self.legs if rate <= self.rate_at_50_ms())
        return [sample for sample in self.samples if sample.due_s < end] or self.samples

    def doubts(self) -> list[str]:
        """Why the times of this run are not to be believed; none if they are."""
        seen = self.generator()
        limits = (
            ("lag_p99_ms", LAG_LIMIT_MS, "the generator was late"),
            ("cpu_share", BUSY_LIMIT_SHARE, "the generator had no CPU left"),
            ("others_cpu_share", OTHERS_LIMIT_SHARE, "others used the machine"),
        )
        return [f"{says}: {name} {seen[name]}, limit {most}" for name, most, says in limits if seen[name] > most]

    def steps(self) -> list[LegFigures]:
        """Each leg by itself."""
        found, begin = [], 0.0
        for seconds, rate in self.legs:
            part = [s for s in self.samples if begin <= s.due_s < begin + seconds]
            times, lags = sorted(s.latency_ms for s in part), sorted(s.lag_ms for s in part)
            shares = percentile(times, 0.5), percentile(times, 0.99), percentile(lags, 0.99)
            found.append(LegFigures(rate, len(part), *(round(ms, 2) for ms in shares)))
            begin += seconds
        return found

    def rate_at_50_ms(self) -> float:
        """The highest rate of a leg with p99 < 50 ms, all before it having it too."""
        highest = 0.0
        for leg in self.steps():
            if not leg.is_within_50_ms:
                break
            highest = leg.rate
        return highest

    def backlog_gone_s(self) -> float:
        """From the end of what was held until the journal was as it had been before; 0 where nothing was."""
        if self.held is None:
            return 0.0
        usual = max((look.backlog_mb for look in self.looks if look.at_s < self.held[0]), default=0.0) + 1
        after = [look.at_s for look in self.looks if look.at_s > self.held[1]]
        well = [look.at_s for look in self.looks if look.at_s > self.held[1] and look.backlog_mb <= usual]
        return round(min(well or after[-1:] or [self.held[1]]) - self.held[1], 1)

    def phases(self) -> dict[str, dict[str, float]]:
        """Latency before, while something was held, while it caught up, and after; none where nothing was held."""
        if self.held is None:
            return {}
        begin, end = self.held
        edges = (0.0, begin, end, max(end + 1, end + self.backlog_gone_s()), float("inf"))
        names = ("before", "down", "catching up", "after")
        return {name: self._between(*part) for name, part in zip(names, pairwise(edges), strict=True)}

    def _between(self, begin: float, end: float) -> dict[str, float]:
        return _latency(sample for sample in self.samples if begin <= sample.due_s < end)

    def per_second(self) -> list[dict[str, float]]:
        """By second: offered (when due), acknowledged (when answered 2xx), p99 of those due."""
        due, done = Counter[int](), Counter[int]()
        times: dict[int, list[float]] = {}
        for sample in self.samples:
            due[int(sample.due_s)] += 1
            times.setdefault(int(sample.due_s), []).append(sample.latency_ms)
            if is_acknowledged(sample):
                done[int(sample.due_s + sample.latency_ms / 1e3)] += 1
        p99 = {at: percentile(sorted(seen), 0.99) for at, seen in times.items()}
        return [
            {"at_s": at, "offered": due[at], "acknowledged": done[at], "p99_ms": p99.get(at, 0.0)}
            for at in sorted(due.keys() | done.keys())
        ]

    def counts(self) -> dict[str, int]:
        """Requests by how they ended."""
        return {
            "offered": len(self.samples),
            "acknowledged": sum(map(is_acknowledged, self.samples)),
            "refused_4xx": sum(400 <= sample.status < 500 for sample in self.samples),
            "failed": sum(sample.status == 0 or sample.status >= 500 for sample in self.samples),
            "hurdles": int(sum(sample.hurdles for sample in self.samples)),
        }

    def memory(self) -> dict[str, float]:
        """MB of the largest worker, after a tenth of the run, at its end, at most; the most in the journal."""
        rss = [look.rss_mb for look in self.looks if look.rss_mb] or [0.0]
        return {
            "rss_early_mb": round(rss[len(rss) // 10], 1),
            "rss_end_mb": round(rss[-1], 1),
            "rss_most_mb": round(max(rss), 1),
            "backlog_most_mb": round(max((look.backlog_mb for look in self.looks), default=0.0), 1),
        }

    def cpu_us_per_request(self) -> float:
        """Of the workers, between the first and the last look; 0 where one was restarted."""
        first, last = self.looks[0], self.looks[-1]
        answered = sum(first.at_s <= s.due_s < last.at_s for s in self.samples)
        return round(max(0.0, last.worker_cpu_s - first.worker_cpu_s) / max(1, answered) * 1e6, 1)


def is_acknowledged(sample: Sample) -> bool:
    """Whether it was answered 2xx."""
    return 200 <= sample.status < 300


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _cpu_name() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
