"""Times as ClickHouse reads them, no finer than the visitor's kind allows.

May not: read a clock; times are arguments, in Unix seconds.

Why: a millisecond time is a fingerprint. Who may not be recognised is stored to the second (`day`: unlinkable
tomorrow) or to the hour (`none`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

HOUR_S = 3600
DAY_S = 86_400

#: Events older than this are refused. Why: 30 days cover the offline queues of the recorded clients.
OLDEST_S = 30 * DAY_S

#: Events further ahead than this are refused: a clock that no adapter could correct.
AHEAD_S = HOUR_S

#: Last second of ClickHouse's DateTime. Source: ClickHouse docs, DateTime, range ends 2106-02-07 06:28:15.
_LAST_SECOND = 2**32 - 1


_FRACTIONS = tuple(f".{millisecond:03d}Z" for millisecond in range(1000))


def is_storable(at: float, received_at: float) -> bool:
    """Whether the time of an event is one that we take; NaN and infinity are not."""
    return received_at - OLDEST_S <= at <= received_at + AHEAD_S


def to_millisecond(at: float) -> str:
    """2026-11-22T10:00:01.123Z"""
    milliseconds = int(at * 1000 + 0.5)
    return _second(milliseconds // 1000) + _FRACTIONS[milliseconds % 1000]


def to_second(at: float) -> str:
    """2026-11-22T10:00:01Z"""
    return _second(int(at)) + "Z"


def to_hour(at: float) -> str:
    """2026-11-22T10:00:00Z"""
    return _second(int(at // HOUR_S) * HOUR_S) + "Z"


#: How finely the times of a visitor's facts are stored, by the visitor's kind.
BY_KIND: dict[str, Callable[[float], str]] = {"durable": to_millisecond, "day": to_second, "none": to_hour}


@lru_cache(maxsize=4096)
def expiry(day: int, keep_days: int) -> str:
    """The midnight that ends the storage of what is of UTC day number `day`: never later than `keep_days` allows."""
    return _second(min((day + keep_days) * DAY_S, _LAST_SECOND)) + "Z"


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
