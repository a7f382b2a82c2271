"""`python -m loadtests NAME`: plays a scenario against a gateway of its own, and judges it."""

from __future__ import annotations

import dataclasses
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from loadtests import figures, medians, page, verdict
from loadtests.figures import Run
from loadtests.plan import Generator, Plan
from loadtests.readme import fill
from loadtests.scenarios import SCENARIOS, Scenario
from loadtests.stage import Stage
from loadtests.verdict import Told

_LIST = "\n    ".join(f"  {name:13} {scenario.says}" for name, scenario in SCENARIOS.items())


@click.command(
    epilog=f"""
    \b
    Scenarios:
    {_LIST}

    \b
    Examples:
      python -m loadtests smoke
      python -m loadtests steady --rate 2000 --seconds 30
      python -m loadtests steady calm --runs 5       (in turns, judged by medians)
      python -m loadtests soak --rate 500
      python -m loadtests readme                      (README's figures anew, from the JSON files)

    \b
    Exit codes: 0 budget met, 1 missed, 3 the run is not to be believed: generator late, or CPU taken by others.
    Of several scenarios: 1 before 3 before 0.
    """
)
@click.argument("names", nargs=-1, required=True, type=click.Choice([*SCENARIOS, "readme"]), metavar="NAME...")
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True, help="Times that each is played.")
@click.option("--rate", type=float, help="Requests a second instead of the scenario's own.")
@click.option("--seconds", type=float, help="Length instead of the scenario's own; faults and rates stretch with it.")
@click.option("--workers", type=int, help="Collect processes instead of the scenario's own.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("loadtests/out"), show_default=True,
    help="Folder of the reports and the JSON files.",
)  # fmt: skip
def main(names: tuple[str, ...], runs: int, out: Path, **changes: Any) -> None:
    """Play scenarios against a gateway of their own on loopback, and judge them.

    With --runs each is judged by the medians of its times, and by the sums of what was lost, doubled or failed.
    """
    if "readme" in names:
        click.echo(fill(out))
        return
    scenarios = {name: _changed(SCENARIOS[name], out, changes) for name in names}
    last = _in_turns(scenarios, runs, out) if runs > 1 else [_played(name, scenarios[name], out) for name in scenarios]
    raise SystemExit(verdict.worst(told["exit_code"] for told in last))


def _in_turns(scenarios: dict[str, Scenario], runs: int, out: Path) -> Iterator[Told]:
    """The medians of each, after all have been played so often; what is known by then is written after each run."""
    played: dict[str, list[Told]] = {name: [] for name in scenarios}
    for turn in range(1, runs + 1):
        for name, scenario in scenarios.items():
            played[name].append(_played(name, scenario, out, f"-{turn}"))
            page.write_json(out / f"{name}.json", medians.of(scenario.budget, played[name]))
    for name, scenario in scenarios.items():
        told = medians.of(scenario.budget, played[name])
        click.echo(_summary(f"{name}, medians of {runs}", told))
        yield told


def _changed(scenario: Scenario, out: Path, changes: dict[str, Any]) -> Scenario:
    said = {"rate": _rate(scenario, out)} | {key: value for key, value in changes.items() if value}
    return dataclasses.replace(scenario, **said)


def _rate(scenario: Scenario, out: Path) -> float:
    """The scenario's own, or its share of what a ramp before it found."""
    if not scenario.of_highest or not (ramp := out / "ramp.json").exists():
        return scenario.rate
    highest = orjson.loads(ramp.read_bytes())["worker"]["rate_at_50_ms"]
    return float(highest * scenario.of_highest or scenario.rate)


def _played(name: str, scenario: Scenario, out: Path, ending: str = "") -> Told:
    """Plays it, writes report and JSON file named NAME and `ending`; what is told about it."""
    with tempfile.TemporaryDirectory(prefix="loadtests-") as folder:
        stage = Stage(Path(folder) / "data", scenario.workers, scenario.small_disk)
        try:
            number, before = secrets.randbits(32), figures.machine()
            run = _traffic(scenario, stage, Path(folder), number)
            counted, commits = verdict.COUNTS[scenario.mix](stage, number, run), stage.commits()
        finally:
            drained = stage.close()
    told: dict[str, Any] = {
        "scenario": name, "says": scenario.says, "rate": scenario.rate, "seconds": scenario.seconds,
        "workers": scenario.workers, "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "doubts": run.doubts() if scenario.budget.is_timed else [],
        "latency": run.latency(), "commits": commits, "generator": run.generator(),
        "counts": run.counts() | {"bad_drains": int(drained != 0)},
        "warehouse": dataclasses.asdict(counted), "memory": run.memory(), "machine": before,
        "phases": run.phases(), "backlog_gone_s": run.backlog_gone_s(),
        "worker": {"cpu_us_per_request": run.cpu_us_per_request(), "rate_at_50_ms": run.rate_at_50_ms()},
        "legs": [dataclasses.asdict(leg) for leg in run.steps()], "per_second": run.per_second(),
        "faults": stage.done,
    }  # fmt: skip
    told["misses"] = list(verdict.missed(scenario.budget, told))
    told["exit_code"] = verdict.exit_code(told["misses"], told["doubts"], told)
    file = page.write(out / f"{name}{ending}.html", told, run, stage.done)
    click.echo(_summary(file.stem, told) + f"\n  report      {file}")
    return told


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


def _summary(title: str, told: Told) -> str:
    lines = [
        f"{title}: {page.VERDICTS[told['exit_code']][1]}",
        *(f"  ! {sentence}" for sentence in [*told["misses"], *told["doubts"]]),
        *(f"  {name:11} {figures}" for name, figures in page.sections(told) if name != "machine"),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
