"""Rate of the loader, journal to embedded warehouse, beside a bare INSERT of the same bytes in the same batches.

    python loadtests/loader_rate.py [--rows 200000] [--batch 20000] [--repeats 5]

Both run against one engine process, in turns within one run, into the same tables, which are emptied between turns.
The loader does all that it does in life: reads and checks segments, writes and syncs intents, adds the batch, asks the
fence, records the batch, removes the segments. The bare INSERT sends `INSERT INTO gateway.events FORMAT JSONEachRow`.

Budget: 0.8 of the bare rate, and less than 2 s of the loader's own CPU per million rows. Medians; exits with 1 when
one is missed.
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
from pathlib import Path
from typing import NamedTuple

import click
import orjson
import psutil
from clickhouse_connect.driver.client import Client

from gateway.journal import segment
from gateway.warehouse.connect import connect
from gateway.warehouse.engine_endpoint import Endpoint, read_endpoint
from gateway.warehouse.load import Loader
from gateway.warehouse.load_batch import Limits
from gateway.warehouse.load_statements import SETTINGS

LEAST_RATIO, MOST_CPU_S_PER_MILLION = 0.8, 2.0
_ROWS_PER_FRAME = 8  # what one group commit holds under 32 busy clients


class Turn(NamedTuple):
    """One way of loading all rows: wall seconds, CPU seconds of this process and of the engine."""

    wall_s: float
    own_cpu_s: float
    engine_cpu_s: float


def _row(dice: random.Random) -> bytes:
    """A row as minimise writes it: 37 columns are known, what has its default is left out."""
    product = f"SKU-{dice.randrange(5000)}"
    row = {
        "site": "demo",
        "event": dice.choice(("page_view", "scroll", "product_view", "add_to_cart", "wishlist_add", "search")),
        "event_id": uuid.UUID(int=dice.getrandbits(128)).hex,
        "event_time": f"2026-11-{dice.randint(1, 28):02d}T10:{dice.randrange(60):02d}:{dice.randrange(60):02d}.177Z",
        "received_at": "2026-11-22T10:00:00.123Z",
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


@click.command()
@click.option("--rows", default=200_000, show_default=True, help="Rows per turn.")
@click.option("--batch", default=20_000, show_default=True, help="Rows per batch, in both ways.")
@click.option("--repeats", default=5, show_default=True, help="Turns of each way.")
def main(rows: int, batch: int, repeats: int) -> None:
    """Compare the loader with a bare INSERT."""
    dice = random.Random(7)
    made = [_row(dice) for _ in range(rows)]
    segments = _segments(made, batch)
    bodies = [b"\n".join(made[first : first + batch]) + b"\n" for first in range(0, rows, batch)]
    click.echo(f"{rows} rows of {sum(map(len, made)) // rows} bytes, batches of {batch}")
    with tempfile.TemporaryDirectory() as folder:
        process, endpoint = _start_engine(Path(folder) / "data")
        try:
            turns = _turns(Path(folder) / "journal", endpoint, psutil.Process(process.pid), (segments, bodies, repeats))
        finally:
            process.terminate()
            process.wait()
    sys.exit(_judge(*turns, rows))


def _turns(
    journal: Path, endpoint: Endpoint, engine: psutil.Process, work: tuple[list[bytes], list[bytes], int]
) -> tuple[list[Turn], list[Turn]]:
    segments, bodies, repeats = work
    bare, loaded = [], []
    loader = Loader(journal, lambda: connect(endpoint.url), limits=Limits(rows=1))
    with closing(loader), closing(connect(endpoint.url)) as client:
        loader.run_once()
        for _ in range(repeats + 1):
            bare.append(_timed(engine, lambda: _bare(client, bodies)))
            client.command("TRUNCATE TABLE gateway.events")
            for number, raw in enumerate(segments):
                (journal / f"collect-0-{number:013d}-00000000.sealed").write_bytes(raw)
            loaded.append(_timed(engine, lambda: click.echo(f"  {loader.run_once()}")))
            client.command("TRUNCATE TABLE gateway.events")
    return bare[1:], loaded[1:]  # the first turn warms up


def _judge(bare: list[Turn], loaded: list[Turn], rows: int) -> int:
    _told("bare INSERT", bare, rows)
    own = _told("loader", loaded, rows)
    ratio = statistics.median(b.wall_s / w.wall_s for b, w in zip(bare, loaded, strict=True))
    met = ratio >= LEAST_RATIO and own < MOST_CPU_S_PER_MILLION
    click.echo(f"ratio {ratio:.2f} (at least {LEAST_RATIO}), own CPU {own:.2f} s/M (below {MOST_CPU_S_PER_MILLION})")
    click.echo("budget met" if met else "budget missed")
    return 0 if met else 1


if __name__ == "__main__":
    main()
