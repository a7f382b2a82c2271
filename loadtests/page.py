"""The report of one run: one HTML file that needs nothing else, and the JSON that it was made from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import orjson

from loadtests.chart import Chart
from loadtests.figures import Run, percentile
from loadtests.verdict import Told

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:#1c1c1c;background:#fff;max-width:760px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h1 b{padding:.1em .5em;border-radius:.3em;color:#fff}
.met{background:#2e7031}.missed{background:#a8261f}.invalid{background:#8a6500}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
td,th{padding:.15rem .8rem .15rem 0;text-align:left;border-bottom:1px solid #ddd}td+td,th+th{text-align:right}
figure{margin:1.2rem 0}figcaption{font-size:.9rem}svg{width:100%;height:auto}
svg text{font:11px system-ui,sans-serif;fill:#555}
.grid{stroke:#e3e3e3}.mark{stroke:#a8261f;stroke-dasharray:3 3}polyline{fill:none;stroke-width:1.5}
"""

VERDICTS = {0: ("met", "budget met"), 1: ("missed", "budget missed"), 3: ("invalid", "run not to be believed")}

SECTIONS = ("latency", "commits", "generator", "counts", "warehouse", "memory", "worker", "machine")

_SHARES = (0.0, 0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999)
_TICKS = ((0.0, "p0"), (0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"), (0.9999, "p99.99"))


def write(file: Path, told: Told, run: Run, marks: list[tuple[float, str]]) -> Path:
    """Writes the page, and beside it the JSON file of the same name; the page's path."""
    write_json(file.with_suffix(".json"), told)
    file.write_text(_page(told, run, marks), encoding="utf-8")
    return file


def write_json(file: Path, told: Told) -> None:
    """Figures for other programs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))


def sections(told: Told) -> Iterator[tuple[str, str]]:
    """(title, its figures in a line), a line for each phase."""
    for name, figures in _groups(told):
        yield name, ", ".join(f"{key} {value}" for key, value in figures.items())


def _groups(told: Told) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((name, told[name]) for name in SECTIONS)
    yield from told["phases"].items()


def _page(told: Told, run: Run, marks: list[tuple[float, str]]) -> str:
    name, (kind, words) = told["scenario"], VERDICTS[told["exit_code"]]
    reasons = "".join(f"<li>{escape(reason)}" for reason in [*told["misses"], *told["doubts"]])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}: {words}</title><style>{_STYLE}</style>'
        f'<h1>{name} <b class="{kind}">{words}</b></h1><p>{escape(told["says"])}. {told["rate"]:g} requests/s, '
        f"{told['seconds']:g} s, {told['workers']} worker(s), {told['at']}.</p><ul>{reasons}</ul>"
        f"<p>Latency counts from the time that a request was due, a free connection or not.</p>"
        f"{''.join(chart.svg() for chart in charts(run, marks))}{_legs(run)}"
        f"{''.join(_table(name, figures) for name, figures in _groups(told))}"
        f"{_list('What was done', marks)}</html>\n"
    )


def charts(run: Run, marks: list[tuple[float, str]]) -> list[Chart]:
    """The four pictures of a run."""
    seconds = run.per_second()

    def line(name: str) -> list[tuple[float, float]]:
        return [(row["at_s"], row[name]) for row in seconds]

    flow = {name: line(name) for name in ("offered", "acknowledged")}
    backlog = {"journal": [(look.at_s, look.backlog_mb) for look in run.looks]}
    return [
        Chart("Latency by percentile", "ms", _curves(run), True, [(_nines(share), word) for share, word in _TICKS]),
        Chart("p99 of each second", "ms", {"p99": line("p99_ms")}, True, marks=marks),
        Chart("Offered and acknowledged", "requests/s", flow, marks=marks),
        Chart("Waiting in the journal", "MB", backlog, marks=marks),
    ]


def _curves(run: Run) -> dict[str, list[tuple[float, float]]]:
    lines = {
        "from due to answer": sorted(sample.latency_ms for sample in run.samples),
        "generator's own lag": sorted(sample.lag_ms for sample in run.samples),
    }
    told = [share for share in _SHARES if share < 1 - 1 / (len(run.samples) + 1)]
    return {name: [(_nines(s), max(0.01, percentile(times, s))) for s in told] for name, times in lines.items()}


def _nines(share: float) -> float:
    return -math.log10(1 - share)


def _legs(run: Run) -> str:
    rows = "".join(
        f"<tr><td>{leg.rate:,.0f}<td>{leg.offered:,}<td>{leg.p50_ms}<td>{leg.p99_ms}<td>{leg.lag_p99_ms}"
        for leg in run.steps()
    )
    return f"<table><tr><th>requests/s<th>offered<th>p50 ms<th>p99 ms<th>generator lag p99 ms{rows}</table>"


def _table(name: str, values: Mapping[str, Any]) -> str:
    rows = "".join(f"<tr><td>{escape(key)}<td>{escape(str(value))}" for key, value in values.items())
    return f"<table><tr><th>{name}<th>{rows}</table>"


def _list(title: str, marks: list[tuple[float, str]]) -> str:
    rows = "".join(f"<li>{at:.1f} s: {escape(word)}" for at, word in marks)
    return f"<h2>{title}</h2><ul>{rows}</ul>" if marks else ""
