"""From the answer to the row: how long until an acknowledged event can be queried, copies being looked for.

    python -m loadtests.visible [--rate 2000] [--seconds 30] [--copies 0.01]

Requests of 20 events of our own leave on a schedule; a share of them is sent twice. One worker, one loader: rows become
visible in the order of their answers, so the k-th acknowledged event is visible when the warehouse counts k rows and
duplicates.

Budget: p95 below 2 s, and every event sent is one row. Exits with 1 when it is missed.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import orjson

from tests.recorded import Recorded, connect, send
from tests.serving import Served, serving

P95_LIMIT_S, _PER_REQUEST, _LOOK_EVERY_S, _CATCH_UP_S = 2.0, 20, 0.05, 20.0
_YES = {"choice": "explicit", "purposes": {"analytics": True}}
_SEEN = (
    "SELECT (SELECT count() FROM gateway.events)"
    " + (SELECT sum(events) FROM gateway.tallies WHERE refusal = 'duplicate')"
)


def _bodies(dice: random.Random, copies: float) -> Iterator[bytes]:
    """Bodies without end; a copy is one that went before, byte for byte."""
    while True:
        events = [
            {"event": "product_view", "id": str(uuid.uuid4()), "at": time.time(), "client_id": str(dice.random()),
             "properties": {"product_id": f"SKU-{dice.randrange(5000)}"}}
            for _ in range(_PER_REQUEST)
        ]  # fmt: skip
        body = orjson.dumps({"site": "demo", "consent": _YES, "events": events})
        yield body
        if dice.random() < copies:
            yield body


def _send(url: str, rate: float, seconds: float, copies: float) -> tuple[list[float], int]:
    """When each acknowledged event was, and how many were different."""
    answered: list[float] = []
    different: set[bytes] = set()
    began = time.perf_counter()
    with closing(connect(url)) as connection:
        for number, body in enumerate(_bodies(random.Random(7), copies)):
            due = began + number * _PER_REQUEST / rate
            if due > began + seconds:
                return answered, len(different) * _PER_REQUEST
            time.sleep(max(0.0, due - time.perf_counter()))
            answer = send(connection, Recorded("own", "", "POST", "/collect", [("Host", "x")], body))
            answered += [time.perf_counter()] * answer.outcome[0]
            different.add(body)
    raise AssertionError("bodies never end")


def _watch(served: Served, seen: list[tuple[float, int]], ended: threading.Event) -> None:
    while not ended.is_set():
        (count,) = served.ask(_SEEN)[0]
        seen.append((time.perf_counter(), int(count)))
        time.sleep(_LOOK_EVERY_S)


def _delays(answered: list[float], seen: list[tuple[float, int]]) -> list[float]:
    """Seconds from each answer to the first look that counted it, sorted."""
    looks, delays = iter(seen), []
    at, count = next(looks)
    for number, then in enumerate(answered, 1):
        while count < number:
            at, count = next(looks)
        delays.append(at - then)
    return sorted(delays)


@click.command()
@click.option("--rate", default=2000.0, show_default=True, help="Events a second.")
@click.option("--seconds", default=30.0, show_default=True, help="How long.")
@click.option("--copies", default=0.01, show_default=True, help="Share of requests that are sent twice.")
def main(rate: float, seconds: float, copies: float) -> None:
    """Measure how soon a row is there."""
    seen: list[tuple[float, int]] = []
    ended = threading.Event()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data") as served:
        watcher = threading.Thread(target=_watch, args=(served, seen, ended))
        watcher.start()
        answered, different = _send(served.url, rate, seconds, copies)
        until = time.monotonic() + _CATCH_UP_S
        while seen[-1][1] < len(answered) and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)
        ended.set()
        watcher.join()
        (rows,) = served.ask("SELECT count() FROM gateway.events")[0]
    delays = _delays(answered, seen)
    p50, p95, p99 = (delays[int(len(delays) * share)] for share in (0.5, 0.95, 0.99))
    click.echo(f"{len(answered)} acknowledged, {different} different, {rows} rows")
    click.echo(f"visible after p50 {p50:.2f} s, p95 {p95:.2f} s (below {P95_LIMIT_S}), p99 {p99:.2f} s")
    sys.exit(0 if p95 < P95_LIMIT_S and rows == different else 1)


if __name__ == "__main__":
    main()
