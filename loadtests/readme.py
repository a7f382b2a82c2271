"""README's figures of the load tests, anew from the JSON files: `python -m loadtests readme`."""

from __future__ import annotations

import re
from pathlib import Path

import orjson

from loadtests.scenarios import SCENARIOS
from loadtests.verdict import Told

_README = Path(__file__).parents[1] / "README.md"
_MARK = re.compile(r"(<!-- loadtests:.*?-->\n).*?(<!-- /loadtests -->)", re.S)
_HEAD = (
    "| scenario | requests/s | runs | p50 ms | p99 ms | p99.9 ms | acknowledged | lost | twice | verdict |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)
_PHASES_HEAD = "| p99 / p99.9 ms | before | warehouse down | catching up | after |\n|---|---|---|---|---|\n"
_VERDICTS = {0: "met", 1: "missed", 3: "run invalid"}


def fill(folder: Path) -> str:
    """Writes the block; the sentence that says what was found."""
    found = [orjson.loads(file.read_bytes()) for name in SCENARIOS if (file := folder / f"{name}.json").exists()]
    if not found:
        return f"No figures in {folder}; run a scenario first."
    phases = "".join(_phases_row(told) for told in found if told["phases"] and _is_timed(told))
    block = _HEAD + "".join(map(_row, found)) + "\n" + (phases and _PHASES_HEAD + phases + "\n") + _where(found)
    _README.write_text(_MARK.sub(lambda mark: mark[1] + block + mark[2], _README.read_text("utf-8")), "utf-8")
    return f"README shows {len(found)} scenarios."


def _row(told: Told) -> str:
    latency, warehouse = told["latency"], told["warehouse"]
    keys = ("p50_ms", "p99_ms", "p999_ms")
    times = " | ".join(f"{latency[key]:.1f}" if _is_timed(told) else "–" for key in keys)
    rate = (
        f"{told['worker']['rate_at_50_ms']:.0f} at p99 < 50 ms" if told["scenario"] == "ramp" else f"{told['rate']:.0f}"
    )
    counted = " | ".join(f"{warehouse[key]:,}" for key in ("acknowledged", "lost", "twice"))
    runs = len(told.get("runs", [told]))
    return f"| `{told['scenario']}` | {rate} | {runs} | {times} | {counted} | {_VERDICTS[told['exit_code']]} |\n"


def _is_timed(told: Told) -> bool:
    return SCENARIOS[told["scenario"]].budget.is_timed  # the others wait for a restart or a Retry-After: no figure


def _phases_row(told: Told) -> str:
    times = " | ".join(f"{phase['p99_ms']:.1f} / {phase['p999_ms']:.1f}" for phase in told["phases"].values())
    return f"| `{told['scenario']}` | {times} |\n"


def _where(found: list[Told]) -> str:
    machine, loads = found[0]["machine"], [told["machine"]["load_average"] for told in found]
    return (
        "Times of several runs are their medians; acknowledged, lost and twice are of all of them. "
        f"{machine['cores']} cores ({machine['cpu']}), Python {machine['python']}, load average before the runs "
        f"{min(loads)} to {max(loads)}; gateway, embedded engine and generator on the same cores.\n"
    )
