"""CPU per acknowledged hit of the gateway, as a ratio to a bare Starlette app on the same uvicorn.

The bare app reads the body and answers 204. The gateway is `gateway collect`: decided, minimised, synced to its
journal; loader and warehouse are processes of their own, and on two cores would only disturb both sides. Both serve
the same requests over 32 connections in a closed loop, in turns within one run, so that a noisy machine disturbs both
alike. CPU is what the serving process itself used, all its threads, user and system, from /proc. Exit 0: budget met,
1: missed.

    python -m loadtests.cpu_per_hit --kind own --budget 2.0
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import psutil
import uvloop

from gateway.ready import answers
from tests.recorded import recorded
from tests.serving import GATEWAY

CONNECTIONS = 32

BARE = """
import sys, socket, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

async def take(request):
    await request.body()
    return Response(status_code=204)

app = Starlette(routes=[Route("/{path:path}", take, methods=["GET", "POST"])])
config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off")
uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
"""

OWN = (
    b'{"site":"demo","consent":{"choice":"explicit","at":"2026-11-22T10:00:00Z","purposes":{"analytics":true,"ad_targeting":false}},'
    b'"events":[{"event":"product_view","id":"%s","client_id":"c-%d","session_id":"s-%d","page":{"url":'
    b'"https://shop.example/p/%d?utm_source=news&utm_medium=email","referrer":"https://search.example/","title":"Lamp"},'
    b'"properties":{"product_id":"SKU-%d","price":129.9,"currency":"EUR","seller_id":"S-7","category":"lamps"}}]}'
)

HEADERS = (
    b"Host: t.shop.example\r\nConnection: keep-alive\r\nContent-Type: text/plain\r\nOrigin: https://shop.example\r\n"
    b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/142.0.0.0 Safari/537.36\r\n"
    b"Accept: */*\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nReferer: https://shop.example/\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: de-DE,de;q=0.9\r\n"
)


def own_request(number: int) -> bytes:
    """One event of our own protocol; ids and products differ, as real visitors' do."""
    body = OWN % (os.urandom(16).hex().encode(), number % 5000, number % 5000, number % 900, number % 900)
    return b"POST /collect HTTP/1.1\r\n" + HEADERS + b"Content-Length: %d\r\n\r\n" % len(body) + body


def ga4_request(number: int) -> bytes:
    """A recorded GA4 page view with consent given by update (gcd letters r), one visitor of 5,000."""
    target = next(r for r in recorded("ga4-gtag.jsonl") if r.step == "page_view_plain").target
    pairs = [p for p in target.split("?")[1].split("&") if p.split("=")[0] not in ("gcs", "gcd", "cid", "_p")]
    query = "&".join([*pairs, "gcs=G111", "gcd=13r3r3r3r5l1", f"cid={number % 5000}.1700000000", f"_p={number}"])
    return f"POST /g/collect?{query} HTTP/1.1\r\n".encode() + HEADERS + b"Content-Length: 0\r\n\r\n"


KINDS = {"own": own_request, "ga4": ga4_request}


@contextlib.contextmanager
def bare() -> Iterator[tuple[int, int]]:
    """(port, pid) of a bare Starlette app."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)
    process = subprocess.Popen([sys.executable, "-c", BARE, str(listener.fileno())], pass_fds=[listener.fileno()])
    try:
        yield listener.getsockname()[1], process.pid
    finally:
        process.terminate()
        process.wait()
        listener.close()


@contextlib.contextmanager
def collecting(folder: Path) -> Iterator[tuple[int, int]]:
    """(port, pid) of one collect process with the starter site; its journal gathers in `folder`."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)
    port, fd = listener.getsockname()[1], listener.fileno()
    command = [*GATEWAY, "collect", "--data", str(folder / "data"), "--fd", str(fd)]
    process = subprocess.Popen(command, pass_fds=[fd], stdin=subprocess.DEVNULL)
    try:
        while not asyncio.run(answers(port, "/readyz")):
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()
        listener.close()


async def drive(port: int, requests: list[bytes]) -> int:
    """Sends all requests over 32 connections, each waiting for its answer; the number of 2xx."""
    waiting = iter(requests)
    well = 0

    async def one() -> None:
        nonlocal well
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            well += answer[9:10] == b"2"
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return well


def cpu_us_per_hit(port: int, pid: int, requests: list[bytes]) -> float:
    """CPU time of the process over one drive, in µs per request."""
    process = psutil.Process(pid)
    before = process.cpu_times()
    well = uvloop.run(drive(port, requests))
    after = process.cpu_times()
    assert well == len(requests), f"{len(requests) - well} of {len(requests)} not acknowledged"
    return (after.user + after.system - before.user - before.system) / len(requests) * 1e6


@click.command()
@click.option("--kind", type=click.Choice(sorted(KINDS)), default="own", show_default=True)
@click.option("--hits", default=20_000, show_default=True, help="Hits per turn.")
@click.option("--turns", default=5, show_default=True)
@click.option("--budget", default=2.0, show_default=True, help="Highest ratio that passes.")
def main(kind: str, hits: int, turns: int, budget: float) -> None:
    """Print CPU per hit of both, turn by turn, and the median ratio."""
    make = KINDS[kind]
    with (
        tempfile.TemporaryDirectory() as folder,
        collecting(Path(folder)) as (port, pid),
        bare() as (bare_port, bare_pid),
    ):
        ratios = []
        for turn in range(turns + 1):
            requests = [make(turn * hits + i) for i in range(hits)]
            theirs, ours = cpu_us_per_hit(bare_port, bare_pid, requests), cpu_us_per_hit(port, pid, requests)
            if turn:  # the first warms up caches on both sides
                ratios.append(ours / theirs)
                click.echo(
                    f"turn {turn}: bare Starlette {theirs:5.1f} µs, gateway {ours:5.1f} µs, ratio {ours / theirs:.2f}"
                )
            time.sleep(0.2)
    ratio = statistics.median(ratios)
    click.echo(
        f"median ratio {ratio:.2f} (budget {budget}), load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"
    )
    raise SystemExit(0 if ratio <= budget else 1)


if __name__ == "__main__":
    main()
