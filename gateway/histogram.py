"""How long something took, counted by size: a histogram that processes can add up. Holds no values of hits."""

from __future__ import annotations

from bisect import bisect_left

#: Upper bounds in seconds, dense around the promise of 50 ms.
BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 5.0)


class Histogram:
    """Counts per bucket, the last one for all that is longer, and the sum."""

    __slots__ = ("_counts", "_sum_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._sum_s = 0.0

    def add(self, seconds: float) -> None:
        """One more that took so long."""
        self._counts[bisect_left(BUCKETS_S, seconds)] += 1
        self._sum_s += seconds

    def snapshot(self) -> list[float]:
        """JSON-ready: the counts, and the sum in seconds as the last one."""
        return [*self._counts, self._sum_s]
