"""Token buckets in a table of fixed size: how often something may come, by whom, in bounded memory.

May not: keep whom it counts. A key leads to a place by a hash under a random key of this process, and is forgotten.

Why two arrays and no dictionary: an attacker with many addresses cannot make them grow, and one place costs 16 bytes.
The price: two keys may share a place, and then its budget; among 65,536 places a thousand busy networks meet rarely.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from hashlib import blake2b
from secrets import token_bytes
from time import monotonic

_PLACES = 65_536


class Buckets:
    """`per_s` flow into each bucket, `burst` is what it holds and begins with."""

    __slots__ = ("_at", "_burst", "_clock", "_key", "_left", "_per_s")

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_s, self._burst, self._clock = per_s, max(1.0, burst), clock
        self._key = token_bytes(16)
        self._left = array("d", [self._burst]) * _PLACES
        self._at = array("d", [clock()]) * _PLACES

    def take(self, key: str) -> bool:
        """Whether there was one left for that key; it is gone then."""
        place, left = self._level(key)
        if left < 1.0:
            return False
        self._left[place] = left - 1.0
        return True

    def wait_s(self, key: str) -> float:
        """Seconds until there is one for that key; 0 if there is one now."""
        return max(0.0, (1.0 - self._level(key)[1]) / self._per_s)

    def fill(self, key: str) -> None:
        """As if nothing had come."""
        self._left[self._place(key)] = self._burst

    def _level(self, key: str) -> tuple[int, float]:
        place, now = self._place(key), self._clock()
        left = min(self._burst, self._left[place] + (now - self._at[place]) * self._per_s)
        self._left[place], self._at[place] = left, now
        return place, left

    def _place(self, key: str) -> int:
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=2, key=self._key).digest()
        return int.from_bytes(digest)
