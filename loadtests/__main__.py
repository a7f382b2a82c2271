"""`python -m loadtests NAME`: plays a scenario against a gateway of its own, and judges it."""

from __future__ import annotations

import dataclasses
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import orjson

from loadtests import figures, page, verdict
from loadtests.figures import Run
from loadtests.plan import Generator, Plan
from loadtests.readme import fill
from loadtests.scenarios import SCENARIOS, Scenario
from loadtests.stage import Stage

_LIST = "\n    ".join(f"  {name:8} {scenario.says}" for name, scenario in SCENARIOS.items())


@click.command(
    epilog=f"""
    \b
    Scenarios:
    {_LIST}

    \b
    Examples:
      python -m loadtests smoke
      python -m loadtests steady --rate 2000 --seconds 30
      python -m loadtests soak --rate 500
      python -m loadtests readme                  (README's figures anew, from the JSON files)

    \b
    Exit codes: 0 budget met, 1 missed, 3 the run is not to be believed: generator late, or CPU taken by others.
    """
)
@click.argument("name", type=click.Choice([*SCENARIOS, "readme"]))
@click.option("--rate", type=float, help="Requests a second instead of the scenario's own.")
@click.option("--seconds", type=float, help="Length instead of the scenario's own; faults and rates stretch with it.")
@click.option("--workers", type=int, help="Collect processes instead of the scenario's own.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("loadtests/out"), show_default=True,
    help="Folder of the report and the JSON file.",
)  # fmt: skip
def main(name: str, out: Path, **changes: Any) -> None:
    """Play a scenario against a gateway of its own on loopback, and judge it."""
    if name == "readme":
        click.echo(fill(out))
        return
    scenario = SCENARIOS[name]
    said = {"rate": _rate(scenario, out)} | {key: value for key, value in changes.items() if value}
    scenario = dataclasses.replace(scenario, **said)
    told, file = play(name, scenario, out)
    click.echo(_summary(told) + f"\n  report     {file}")
    raise SystemExit(told["exit_code"])


def _rate(scenario: Scenario, out: Path) -> float:
    """The scenario's own, or its share of what a ramp before it found."""
    if not scenario.of_highest or not (ramp := out / "ramp.json").exists():
        return scenario.rate
    highest = orjson.loads(ramp.read_bytes())["worker"]["rate_at_50_ms"]
    return float(highest * scenario.of_highest or scenario.rate)


def play(name: str, scenario: Scenario, out: Path) -> tuple[dict[str, Any], Path]:
    """Runs it; what is told about it, and the report."""
    with tempfile.TemporaryDirectory(prefix="loadtests-") as folder:
        stage = Stage(Path(folder) / "data", scenario.workers, scenario.small_disk)
        try:
            number, before = secrets.randbits(32), figures.machine()
            run = _traffic(scenario, stage, Path(folder), number)
            counted = verdict.COUNTS[scenario.mix](stage, number, run)
        finally:
            drained = stage.close()
    misses = [*verdict.missed(scenario.budget, run, counted), *([f"drain ended with {drained}"] if drained else [])]
    doubts = run.doubts() if scenario.budget.is_timed else []
    told = {
        "scenario": name, "says": scenario.says, "rate": scenario.rate, "seconds": scenario.seconds,
        "workers": scenario.workers, "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "exit_code": verdict.exit_code(misses, doubts, counted), "misses": misses, "doubts": doubts,
        "latency": run.latency(), "generator": run.generator(), "counts": run.counts(),
        "warehouse": dataclasses.asdict(counted), "memory": run.memory(), "machine": before,
        "phases": run.phases(), "backlog_gone_s": run.backlog_gone_s(),
        "worker": {"cpu_us_per_request": run.cpu_us_per_request(), "rate_at_50_ms": run.rate_at_50_ms()},
        "legs": [dataclasses.asdict(leg) for leg in run.steps()], "per_second": run.per_second(),
        "faults": stage.done,
    }  # fmt: skip
    return told, page.write(out, told, run, stage.done)


def _traffic(scenario: Scenario, stage: Stage, folder: Path, number: int) -> Run:
    """Faults and watch in threads here, arrivals from a locust process of their own."""
    legs = [(leg.share * scenario.seconds, leg.factor * scenario.rate) for leg in scenario.legs]
    plan = Plan.of(stage.port, number, scenario.mix, legs)
    generator = Generator(plan, folder)
    hurting, watching = stage.play(scenario.faults, scenario.seconds, generator.begin_at)
    sent = generator.sent()
    hurting.join()
    stage.rest()
    watching.join()
    return Run(sent.samples, stage.looks, legs, sent.cpu_share, stage.held)


def _summary(told: dict[str, Any]) -> str:
    lines = [
        f"{told['scenario']}: {page.VERDICTS[told['exit_code']][1]}",
        *(f"  ! {sentence}" for sentence in [*told["misses"], *told["doubts"]]),
        *(
            _line(name, told[name])
            for name in ("latency", "generator", "counts", "warehouse", "memory", "phases", "worker")
        ),
    ]
    return "\n".join(lines)


def _line(name: str, values: dict[str, Any]) -> str:
    return f"  {name:10} " + ", ".join(f"{key} {value}" for key, value in values.items())


if __name__ == "__main__":
    main()
