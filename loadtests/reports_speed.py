"""How fast reports are on ten million events, and what an event weighs on disk. Fails when a budget is missed.

Budgets, on 2 cores: all SQL of every report as it is asked by default below 1 s at the 95th percentile, of `overview`
below 0.2 s, fewer than 45 bytes per event in the columns and indices of `events` (its projections are told apart).
Other options are timed and told. A report is asked for the days that it looks back on unless told.

The events are made in SQL: visits of 700,000 people over 30 days, in the order of time, as a loader would bring them.
52 % of people name their sessions, 18 % are recognised without (Segment), 10 % are known for a day, 20 % only counted.

    python loadtests/reports_speed.py --events 10000000 --data /tmp/speed --runs 20
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click
from clickhouse_connect.driver.client import Client

from gateway.reports import REPORTS
from gateway.reports.report import Question, Row, answer
from gateway.warehouse.connect import connect
from gateway.warehouse.engine_endpoint import Endpoint, read_endpoint

_FIRST, _LAST = date(2026, 10, 20), date(2026, 11, 19)
_DAYS, _PEOPLE, _EVENTS_PER_VISIT, _VISITS_PER_INSERT = 30, 700_000, 5.66, 40_000
_BUDGET_S, _OVERVIEW_BUDGET_S, _BYTES_BUDGET = 1.0, 0.2, 45.0

#: Event -> its share in a hundred, its stage; the rest are page views.
_EVENTS: Mapping[str, tuple[int, str]] = {
    "product_view": (22, "discovery"), "scroll": (9, ""), "product_list_view": (9, "discovery"),
    "product_select": (6, "discovery"), "search": (3, "discovery"), "filter_apply": (4, "consideration"),
    "sort_apply": (1, "consideration"), "add_to_cart": (4, "intent"), "cart_view": (2, "intent"),
    "gallery_zoom": (2, "consideration"), "wishlist_add": (2, "engagement"), "mood_board_add": (1, "engagement"),
    "product_compare": (1, "evaluation"), "size_guide_view": (1, "evaluation"), "video_start": (1, "engagement"),
    "share": (1, "engagement"), "delivery_check": (1, "evaluation"), "newsletter_signup": (1, "engagement"),
    "begin_checkout": (1, "intent"), "add_shipping_info": (1, "intent"), "add_payment_info": (1, "intent"),
    "purchase": (0, "conversion"),
}  # fmt: skip

_INSERT = Path(__file__).with_suffix(".sql").read_text()

#: What is asked: the report, and its options.
_ASKED: tuple[tuple[str, dict[str, str]], ...] = (
    ("overview", {}), ("weekly", {}), ("funnel", {}), ("funnel", {"per": "visitor"}), ("funnel", {"within": "30m"}),
    ("funnel", {"by": "campaign"}), ("funnel", {"by": "country"}), ("funnel", {"by": "seller"}), ("micro", {}),
    ("micro", {"by": "campaign"}), ("attribution", {}), ("attribution", {"by": "campaign"}), ("sellers", {}),
    ("consent", {}), ("quality", {}),
)  # fmt: skip


class Timed(NamedTuple):
    """What one report took, run by run: as a whole, and each of its statements."""

    name: str
    whole: list[float]
    statements: dict[str, list[float]]

    @property
    def slowest(self) -> tuple[str, float]:
        return max(((name, _p95(times)) for name, times in self.statements.items()), key=lambda pair: pair[1])


@click.command()
@click.option("--events", type=click.IntRange(1000), default=10_000_000, show_default=True)
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="Folder of the warehouse; kept and used again."
)
@click.option("--runs", type=click.IntRange(1), default=20, show_default=True, help="How often each report is asked.")
@click.option("--only", default="", help="Only this report.")
def main(events: int, data: Path, runs: int, only: str) -> None:
    with _engine(data) as endpoint:
        with closing(connect(endpoint.url)) as writer:
            _fill(writer, events)
            bytes_per_event = _weigh(writer)
        with closing(connect(endpoint.reader)) as reader:
            times = [_time(reader, name, options, runs) for name, options in _ASKED if only in ("", name)]
    failures = [*_missed(times), *(["bytes per event"] if bytes_per_event >= _BYTES_BUDGET else [])]
    click.echo(f"Missed: {', '.join(failures)}." if failures else "All budgets are kept.")
    raise SystemExit(bool(failures))


@contextmanager
def _engine(data: Path) -> Iterator[Endpoint]:
    command = [sys.executable, "-m", "gateway", "engine", "--data", str(data), "--until-stdin-closes"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        while (found := read_endpoint(data)) is None:
            if process.poll() is not None:
                raise SystemExit("the engine did not start")
            time.sleep(0.05)
        yield found
    finally:
        process.communicate(timeout=60)


def _fill(writer: Client, events: int) -> None:
    """Brings the warehouse up to about so many events."""
    visits = round(events / _EVENTS_PER_VISIT)
    done = writer.query("SELECT max(batch) FROM gateway.events").result_rows[0][0]
    begin = (done - 1760000000000 + 1) * 2000 if done else 0
    began = time.monotonic()
    for start in range(begin, visits, _VISITS_PER_INSERT):
        writer.command(
            _insert(start, min(_VISITS_PER_INSERT, visits - start), visits), settings={"max_insert_threads": 1}
        )
    click.echo(f"Filled in {time.monotonic() - began:.0f} s.")
    writer.command("SYSTEM WAIT LOADING PARTS gateway.events")


def _insert(begin: int, count: int, visits: int) -> str:
    names = [name for name, (share, _) in _EVENTS.items() for _ in range(share)]
    names += ["page_view"] * (100 - len(names))
    return _INSERT.format(
        people=_PEOPLE, first=_FIRST, pace_s=_DAYS * 86400 / visits, names=names, staged=list(_EVENTS),
        stages=[stage for _, stage in _EVENTS.values()], begin=begin, count=count,
    )  # fmt: skip


def _weigh(writer: Client) -> float:
    active = "active AND database = 'gateway' AND table = 'events'"
    ask = "SELECT sum(rows), sum(bytes_on_disk), count() FROM system.{} WHERE " + active
    rows, whole, parts = writer.query(ask.format("parts")).result_rows[0]
    projections = writer.query(ask.format("projection_parts")).result_rows[0][1]
    own = (whole - projections) / rows
    click.echo(f"{rows:,} events in {parts} parts: {own:.1f} bytes each, and {projections / rows:.1f} of projections.")
    return float(own)


def _time(reader: Client, name: str, options: dict[str, str], runs: int) -> Timed:
    report = REPORTS[name]
    chosen = {one.name: one.read(options.get(one.name, one.default)) for one in report.options}
    question = Question(_LAST - timedelta(days=report.days), _LAST, "", 10, chosen)
    names = {text: statement for statement, text in report.statements.items()}
    timed = Timed(" ".join([name, *(f"--{key} {value}" for key, value in options.items())]), [], {})

    def ask(sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        began = time.perf_counter()
        result = reader.query(sql, parameters=dict(parameters))
        rows = [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]
        timed.statements.setdefault(names[sql], []).append(time.perf_counter() - began)
        return rows

    for _ in range(runs):
        began = time.perf_counter()
        answer(report, question, ask)
        timed.whole.append(time.perf_counter() - began)
    slowest, seconds = timed.slowest
    click.echo(f"{timed.name:28} whole p50 {_ms(sorted(timed.whole)[runs // 2])} p95 {_ms(_p95(timed.whole))}   "
               f"slowest statement {slowest} p95 {_ms(seconds)}")  # fmt: skip
    return timed


def _missed(times: list[Timed]) -> list[str]:
    budgets = {"overview": _OVERVIEW_BUDGET_S} | {name: _BUDGET_S for name in REPORTS if name != "overview"}
    return [one.name for one in times if _p95(one.whole) >= budgets.get(one.name, math.inf)]


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:5.0f} ms"


if __name__ == "__main__":
    main()
