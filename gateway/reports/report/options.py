"""What may be chosen about reports: texts from a command line or a page, read into values.

Pure. Every reader raises ValueError with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from gateway.reports.report import Option

#: Dimensions of how a visit came, and their place in an arrival.
ARRIVALS = {"channel": 2, "source": 3, "campaign": 5}

#: Units of durations, the largest first.
UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_DURATION = re.compile(rf"(\d{{1,8}})\s*({'|'.join(UNITS)})")
_STEPS_AT_LEAST, _STEPS_AT_MOST, _LONGEST_NAME = 2, 10, 100


def one_of(*words: str) -> Callable[[str], str]:
    """A reader of one of these words; '' is what stands for none, where it is one of them."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is not one of {', '.join(filter(None, words))}")
        return text

    return read


def read_steps(text: str) -> list[str]:
    """Names of events, with commas between them."""
    steps = [step.strip() for step in text.split(",")]
    if not _STEPS_AT_LEAST <= len(steps) <= _STEPS_AT_MOST:
        raise ValueError(f"a funnel has {_STEPS_AT_LEAST} to {_STEPS_AT_MOST} steps, with commas between them")
    if any(not step or len(step) > _LONGEST_NAME for step in steps):
        raise ValueError("a step is the name of an event, such as add_to_cart")
    return steps


def read_limits(text: str) -> list[timedelta]:
    """Durations such as `30m,1d`, with commas between them; '' is none."""
    return [read_duration(part) for part in text.split(",")] if text else []


def read_duration(text: str) -> timedelta:
    """`90s`, `30m`, `2h` or `7d`; `0` is no limit."""
    found = _DURATION.fullmatch(text.strip())
    if text.strip() == "0":
        return timedelta(0)
    if found is None:
        raise ValueError(f"{text!r} is no duration; write 90s, 30m, 2h or 7d")
    return int(found[1]) * UNITS[found[2]]


def read_days(text: str) -> float:
    """A duration, in days; at least an hour, at most 400 days."""
    days = read_duration(text) / UNITS["d"]
    if not 1 / 24 <= days <= 400:
        raise ValueError("between 1h and 400d, please")
    return days


def by_arrival(default: str) -> Option:
    """The option of reports that are broken down by how visits came."""
    words = ("", *ARRIVALS) if not default else tuple(ARRIVALS)
    return Option("by", default, "Break down by channel, source or campaign.", one_of(*words))
