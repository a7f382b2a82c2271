"""Several runs of one scenario as one: the median of what was timed, the sum of what was counted.

Why: a disk or core that is shared has slow minutes, and one of five says little of the gateway. One lost event says
all, in whichever run. Runs that are not to be believed give no times; where they are half or more, neither do all.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from loadtests import verdict
from loadtests.scenarios import Budget
from loadtests.verdict import Told

_TIMED = ("latency", "commits", "generator", "phases", "memory", "worker", "backlog_gone_s")
_COUNTED = ("counts", "warehouse")
_KEPT = ("scenario", "says", "rate", "seconds", "workers", "at", "machine")


def of(budget: Budget, runs: Sequence[Told]) -> dict[str, Any]:
    """What is told of all of them, judged anew; `runs` holds what each said by itself."""
    believed = [told for told in runs if not told["doubts"]]
    told = {name: runs[-1][name] for name in _KEPT}
    told |= {name: _each(statistics.median, [run[name] for run in believed or runs]) for name in _TIMED}
    told |= {name: _each(sum, [run[name] for run in runs]) for name in _COUNTED}
    told["warehouse"]["caught_up_s"] = max(run["warehouse"]["caught_up_s"] for run in runs)
    told["misses"] = list(verdict.missed(budget, told))
    is_believed = len(believed) * 2 > len(runs)
    told["doubts"] = [] if is_believed else [says for run in runs for says in run["doubts"]]
    told["exit_code"] = verdict.exit_code(told["misses"], told["doubts"], told)
    told["runs"] = [{name: run[name] for name in ("at", "latency", "doubts", "exit_code")} for run in runs]
    return told


def _each(combined: Any, found: Sequence[Any]) -> Any:
    """The same shape, each number combined with those in its place."""
    if isinstance(found[0], dict):
        return {name: _each(combined, [part[name] for part in found]) for name in found[0]}
    return round(combined(found), 2)
