"""Rate of the loader, journal to embedded warehouse, beside a bare INSERT of the same bytes in the same batches.

    python loadtests/loader_rate.py [--rows 200000] [--batch 20000] [--repeats 5] [--held 1200000] [--copies 0.01]

All ways run against one engine process, in turns within one run, into the same tables, which between turns go back to
the `held` rows of ten minutes at 2,000 events/s; the rows of a turn are of the next ones.
The loader does all that it does in life: reads and checks segments, looks for copies that clients sent again, writes
and syncs intents, adds the batch, asks the fence, records the batch, removes the segments. The second way leaves out
the search for copies. The bare INSERT sends `INSERT INTO gateway.events FORMAT JSONEachRow`, copies included.

Budget: 0.6 of the bare rate, 0.8 without the search for copies, and less than 2 s of the loader's own CPU per million
rows. Medians; exits with 1 when one is missed.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import click
import orjson
import psutil
from clickhouse_connect.driver.client import Client

from gateway.journal import segment
from gateway.lifecycle import settle_garbage
from gateway.warehouse.connect import connect
from gateway.warehouse.engine_endpoint import Endpoint, read_endpoint
from gateway.warehouse.load import Loader
from gateway.warehouse.load_batch import Limits
from gateway.warehouse.load_statements import SETTINGS

LEAST_RATIO, LEAST_RATIO_WITHOUT_SEARCH, MOST_CPU_S_PER_MILLION = 0.6, 0.8, 2.0
_RATE = 2000  # events a second, as their times say
_BEGIN = datetime(2026, 11, 22, 10, 20, tzinfo=UTC)
_ROWS_PER_FRAME = 30  # what one group commit holds under 32 busy clients: 972 commits of 30,000 hits, measured


class Turn(NamedTuple):
    """One way of loading all rows: wall seconds, CPU seconds of this process and of the engine."""

    wall_s: float
    own_cpu_s: float
    engine_cpu_s: float


def _row(dice: random.Random, number: int) -> bytes:
    """A row as minimise writes it: 37 columns are known, what has its default is left out."""
    product = f"SKU-{dice.randrange(5000)}"
    row = {
        "site": "demo",
        "event": dice.choice(("page_view", "scroll", "product_view", "add_to_cart", "wishlist_add", "search")),
        "adapter": dice.choice(("own", "ga4", "segment")),
        "visitor": uuid.UUID(int=dice.getrandbits(128)).hex,
        "visitor_kind": "day",
        "session": uuid.UUID(int=dice.getrandbits(128)).hex,
        "stage": "consideration",
        "region": "eu",
        "purposes": ["counting", "analytics"],
        "policy": "ab12cd34ef567890",
        "contract": "product_view@1",
        "verdict": "valid",
        "page_host": "shop.example",
        "page_path": f"/p/{product}",
        "referrer_host": "www.google.com",
        "source": "google",
        "medium": "cpc",
        "campaign": f"autumn-{dice.randrange(20)}",
        "channel": "paid_search",
        "country": "DE",
        "device": "mobile",
        "browser": "Chrome",
        "os": "Android",
        "language": "de",
        "product_id": product,
        "category": "lighting",
        "seller_id": f"S-{dice.randrange(50)}",
        "value": dice.randrange(100, 90000) / 100,
        "currency": "EUR",
        "properties": {"list_id": "home", "position": str(dice.randrange(40))},
        "expires_at": "2127-11-22T10:00:01Z",
        "identity_expires_at": "2126-12-22T10:00:01Z",
        "event_time": (_BEGIN + timedelta(seconds=number / _RATE)).isoformat(timespec="milliseconds")[:23] + "Z",
        "received_at": "2026-11-22T10:35:00.123Z",
        "event_id": uuid.UUID(int=dice.getrandbits(128)).hex,
    }
    return orjson.dumps(row)


def _segments(rows: list[bytes], batch: int) -> list[bytes]:
    """One segment per batch, in frames as small as a busy gateway writes them."""
    made = []
    for first in range(0, len(rows), batch):
        part = rows[first : first + batch]
        groups = (part[i : i + _ROWS_PER_FRAME] for i in range(0, len(part), _ROWS_PER_FRAME))
        frames = (segment.frame([segment.section_of(segment.EVENTS, group)]) for group in groups)
        made.append(segment.header() + b"".join(frames))
    return made


def _timed(engine: psutil.Process, run: Callable[[], None]) -> Turn:
    def engine_cpu() -> float:
        times = engine.cpu_times()
        return float(times.user + times.system)

    before, own, wall = engine_cpu(), time.process_time(), time.perf_counter()
    run()
    return Turn(time.perf_counter() - wall, time.process_time() - own, engine_cpu() - before)


def _bare(client: Client, bodies: list[bytes]) -> None:
    for body in bodies:
        client.command("INSERT INTO gateway.events FORMAT JSONEachRow", data=body, settings=dict(SETTINGS))


def _told(name: str, turns: list[Turn], rows: int) -> float:
    rate = rows / statistics.median(turn.wall_s for turn in turns)
    own = statistics.median(turn.own_cpu_s for turn in turns) / rows * 1e6
    engine = statistics.median(turn.engine_cpu_s for turn in turns) / rows * 1e6
    click.echo(f"{name:<12} {rate:9,.0f} rows/s   own CPU {own:5.2f} s/M   engine CPU {engine:6.2f} s/M")
    return own


def _start_engine(data: Path) -> tuple[subprocess.Popen[bytes], Endpoint]:
    command = [sys.executable, "-m", "gateway", "engine", "--data", str(data), "--until-stdin-closes"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    while (endpoint := read_endpoint(data)) is None:
        if process.poll() is not None:
            raise click.ClickException("the engine did not start")
        time.sleep(0.02)
    return process, endpoint


class Work(NamedTuple):
    """What a turn loads, in both forms; how many of its rows are no copies; how often it is done."""

    segments: list[bytes]
    bodies: list[bytes]
    different: int
    repeats: int


@click.command()
@click.option("--rows", default=200_000, show_default=True, help="Rows per turn.")
@click.option("--batch", default=20_000, show_default=True, help="Rows per batch, in all ways.")
@click.option("--repeats", default=5, show_default=True, help="Turns of each way.")
@click.option("--held", default=1_200_000, show_default=True, help="Rows that are there before.")
@click.option("--copies", default=0.01, show_default=True, help="Share of rows that were sent before.")
def main(rows: int, batch: int, repeats: int, held: int, copies: float) -> None:
    """Compare the loader with a bare INSERT."""
    dice = random.Random(7)
    made: list[bytes] = []
    for number in range(rows):
        made.append(dice.choice(made) if made and dice.random() < copies else _row(dice, number))
    bodies = [b"\n".join(made[first : first + batch]) + b"\n" for first in range(0, rows, batch)]
    work = Work(_segments(made, batch), bodies, len(set(made)), repeats)
    settle_garbage()  # as `gateway load` does
    click.echo(f"{rows} rows of {sum(map(len, made)) // rows} bytes, batches of {batch}, into {held} rows")
    with tempfile.TemporaryDirectory() as folder:
        process, endpoint = _start_engine(Path(folder) / "data")
        try:
            with closing(connect(endpoint.url)) as client:
                _hold(client, held)
            turns = _turns(Path(folder) / "journal", endpoint, psutil.Process(process.pid), work)
        finally:
            process.terminate()
            process.wait()
    sys.exit(_judge(turns, rows))


def _hold(client: Client, held: int) -> None:
    """Rows of the minutes before, in a table that a partition can be taken from."""
    client.command("CREATE TABLE gateway.held AS gateway.events")
    names = "site, event, event_id, event_time, received_at, expires_at"
    for first in range(0, held, 200_000):
        rows = min(200_000, held - first)
        client.command(
            f"INSERT INTO gateway.held ({names}) SELECT 'demo', 'e' || toString(number % 6), generateUUIDv4(), at, at,"
            f" toDateTime('2100-01-01') FROM (SELECT number, toDateTime64({_BEGIN.timestamp()}, 3, 'UTC')"
            f" - (number + {first}) / {_RATE} AS at FROM numbers({rows}))"
        )


def _empty(client: Client) -> None:
    client.command(f"ALTER TABLE gateway.events REPLACE PARTITION {_BEGIN:%Y%m} FROM gateway.held")


def _turns(journal: Path, endpoint: Endpoint, engine: psutil.Process, work: Work) -> dict[str, list[Turn]]:
    """Turns by way, the first of each left out: it warms up."""
    journal.mkdir()
    loader = Loader(journal, lambda: connect(endpoint.url), limits=Limits(rows=1))
    with closing(loader), closing(connect(endpoint.url)) as client:
        ways: dict[str, Callable[[], None]] = {
            "bare INSERT": lambda: _bare(client, work.bodies),
            "no search": lambda: _load_without_search(loader),
            "loader": lambda: _load(loader),
        }
        turns = [_round(client, engine, ways, lambda: _lay(journal, work.segments)) for _ in range(work.repeats + 1)]
        found = client.query("SELECT count() - (SELECT count() FROM gateway.held) FROM gateway.events").result_rows
    assert found == [(work.different,)], found
    return {way: [each[way] for each in turns[1:]] for way in ways}


def _round(
    client: Client, engine: psutil.Process, ways: dict[str, Callable[[], None]], lay: Callable[[], None]
) -> dict[str, Turn]:
    done = {}
    for way, run in ways.items():
        _empty(client)
        if way != "bare INSERT":
            lay()
        done[way] = _timed(engine, run)
    return done


def _load(loader: Loader) -> None:
    click.echo(f"  {loader.run_once()}")


def _load_without_search(loader: Loader) -> None:
    with patch("gateway.warehouse.load.leave_out", return_value=0):
        _load(loader)


def _lay(journal: Path, segments: list[bytes]) -> None:
    for number, raw in enumerate(segments):
        (journal / f"collect-0-{number:013d}-00000000.sealed").write_bytes(raw)


def _judge(turns: dict[str, list[Turn]], rows: int) -> int:
    own = {way: _told(way, done, rows) for way, done in turns.items()}["loader"]
    ratio, without = (_ratio(turns["bare INSERT"], turns[way]) for way in ("loader", "no search"))
    met = ratio >= LEAST_RATIO and without >= LEAST_RATIO_WITHOUT_SEARCH and own < MOST_CPU_S_PER_MILLION
    click.echo(
        f"ratio {ratio:.2f} (at least {LEAST_RATIO}), {without:.2f} without (at least {LEAST_RATIO_WITHOUT_SEARCH})"
    )
    click.echo(f"own CPU {own:.2f} s/M (below {MOST_CPU_S_PER_MILLION})")
    click.echo("budget met" if met else "budget missed")
    return 0 if met else 1


def _ratio(bare: list[Turn], way: list[Turn]) -> float:
    return statistics.median(b.wall_s / w.wall_s for b, w in zip(bare, way, strict=True))


if __name__ == "__main__":
    main()
