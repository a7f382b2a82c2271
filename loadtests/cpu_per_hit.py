"""CPU per acknowledged hit of the gateway, as a ratio to a bare Starlette app on the same uvicorn.

The bare app reads the body and answers 204. The gateway is `gateway collect`: decided, minimised, synced to its
journal; loader and warehouse are processes of their own, and on two cores would only disturb both sides. Both serve
the same requests over 32 connections in a closed loop, by turns of a thousand requests and less than a fifth of a
second: a shared machine changes its pace within seconds, and so disturbs both alike. CPU is what the serving process
itself used, all its threads, user and system, by its own clock, to the nanosecond. Exit 0: budget met, 1: missed.

    python -m loadtests.cpu_per_hit                    our own protocol, one event a hit: at most 2.0 x the bare app
    python -m loadtests.cpu_per_hit --kind ga4         GA4 with gcs and gcd: at most 1.5 x
    python -m loadtests.cpu_per_hit --kind ga4-tcf     GA4 with a TC string: at most 1.5 x
    python -m loadtests.cpu_per_hit --kind own-batch   20 events a hit: at least 40,000 events per second of CPU
    python -m loadtests.cpu_per_hit --compiled …       the gateway as GATEWAY_COMPILED=1 installs it (see setup.py)
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import uvloop

from consent.decide import decide
from consent.policy import read_policy
from consent.signals import read_signals
from consent.starters import starter
from consent.words import Statement
from gateway.ready import Port, answers
from tests.compiled import compile_into
from tests.recorded import recorded
from tests.serving import GATEWAY, ROOT

CONNECTIONS = 32

#: Requests of one side before it is the other's turn.
SLICE = 1_000

BARE = """
import sys, socket, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

async def take(request):
    await request.body()
    return Response(status_code=204)

app = Starlette(routes=[Route("/{path:path}", take, methods=["GET", "POST"])])
config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_keep_alive=75)
uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
"""

OWN = (
    b'{"site":"demo","consent":{"choice":"explicit","at":"2026-11-22T10:00:00Z","purposes":{"analytics":true,"ad_targeting":false}},'
    b'"events":[%s]}'
)

OWN_EVENT = (
    b'{"event":"product_view","id":"%s","client_id":"c-%d","session_id":"s-%d","page":{"url":'
    b'"https://shop.example/p/%d?utm_source=news&utm_medium=email","referrer":"https://search.example/","title":"Lamp"},'
    b'"properties":{"product_id":"SKU-%d","price":129.9,"currency":"EUR","seller_id":"S-7","category":"lamps"}}'
)

BATCH = 20

TC_STRINGS = Path(__file__).parents[1] / "tests" / "consent" / "vectors" / "tcf.jsonl"

HEADERS = (
    b"Host: t.shop.example\r\nConnection: keep-alive\r\nContent-Type: text/plain\r\nOrigin: https://shop.example\r\n"
    b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/142.0.0.0 Safari/537.36\r\n"
    b"Accept: */*\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nReferer: https://shop.example/\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: de-DE,de;q=0.9\r\n"
)


def own_request(number: int, events: int = 1) -> bytes:
    """Events of our own protocol, of one visitor; ids and products differ, as real visitors' do."""
    visitor = number % 5000
    told = [
        OWN_EVENT % (os.urandom(16).hex().encode(), visitor, visitor, product, product)
        for product in ((number + i) % 900 for i in range(events))
    ]
    body = OWN % b",".join(told)
    return b"POST /collect HTTP/1.1\r\n" + HEADERS + b"Content-Length: %d\r\n\r\n" % len(body) + body


def own_batch(number: int) -> bytes:
    """As many events as a tag sends that gathers."""
    return own_request(number, BATCH)


def ga4_request(number: int, said: str = "gcs=G111&gcd=13r3r3r3r5l1") -> bytes:
    """A recorded GA4 page view with consent given by update (gcd letters r), one visitor of 5,000."""
    pairs = [p for p in _page_view().split("&") if p.split("=")[0] not in ("gcs", "gcd", "cid", "_p")]
    query = "&".join([*pairs, said, f"cid={number % 5000}.1700000000", f"_p={number}"])
    return f"POST /g/collect?{query} HTTP/1.1\r\n".encode() + HEADERS + b"Content-Length: 0\r\n\r\n"


def ga4_tcf_request(number: int) -> bytes:
    """The same page view where a TC string says yes."""
    return ga4_request(number, f"gdpr=1&gdpr_consent={_tc_string()}")


@cache
def _page_view() -> str:
    return next(r for r in recorded("ga4-gtag.jsonl") if r.step == "page_view_plain").target.split("?")[1]


@cache
def _tc_string() -> str:
    """A TC string of the test vectors that grants analytics today, by the policy that the gateway starts with."""
    policy = read_policy(starter("strictest"))
    for line in TC_STRINGS.read_text().splitlines():
        text: str = json.loads(line)["tc"]
        if (
            "analytics"
            in decide(read_signals((Statement("gdpr_consent", text),)), policy, ("DE",), time.time()).purposes
        ):
            return text
    raise SystemExit("no TC string of the vectors is still fresh")


class Kind(NamedTuple):
    """What is sent, how many events it holds, and the budget: a ratio for one event, events per CPU second for more."""

    request: Callable[[int], bytes]
    events: int
    budget: float


KINDS = {
    "own": Kind(own_request, 1, 2.0),
    "own-batch": Kind(own_batch, BATCH, 40_000),
    "ga4": Kind(ga4_request, 1, 1.5),
    "ga4-tcf": Kind(ga4_tcf_request, 1, 1.5),
}


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
def collecting(folder: Path, sources: Path = ROOT) -> Iterator[tuple[int, int]]:
    """(port, pid) of one collect process of these sources with the starter site; its journal gathers in `folder`."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)
    port, fd = listener.getsockname()[1], listener.fileno()
    command = [*GATEWAY, "collect", "--data", str(folder / "data"), "--fd", str(fd)]
    process = subprocess.Popen(command, pass_fds=[fd], stdin=subprocess.DEVNULL, cwd=sources)
    try:
        while not asyncio.run(answers(Port(port), "/readyz")):
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()
        listener.close()


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[list[Connection]]:
    """Open connections to one side."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    try:
        yield connections
    finally:
        for _, writer in connections:
            writer.close()


async def exchange(connections: list[Connection], requests: list[bytes]) -> int:
    """Sends all requests, each connection waiting for its answer before the next; the number of 2xx."""
    waiting = iter(requests)
    well = 0

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal well
        for request in waiting:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            well += answer[9:10] == b"2"

    await asyncio.gather(*(one(*connection) for connection in connections))
    return well


async def drive(port: int, requests: list[bytes]) -> int:
    """Sends all requests over connections of their own; the number of 2xx."""
    async with connected(port) as connections:
        return await exchange(connections, requests)


class Side:
    """One of the two: its process, its connections, and the CPU seconds that it has used for what was sent."""

    def __init__(self, pid: int, connections: list[Connection]) -> None:
        self._clock = ~pid << 3 | 2  # of the whole process; source: clock_getcpuclockid(3), linux/posix-timers.h
        self._connections = connections
        self.used_s = 0.0

    async def take(self, requests: list[bytes]) -> None:
        """Answers the requests."""
        before = time.clock_gettime(self._clock)
        well = await exchange(self._connections, requests)
        self.used_s += time.clock_gettime(self._clock) - before
        assert well == len(requests), f"{len(requests) - well} of {len(requests)} not acknowledged"


class Turn(NamedTuple):
    """µs of CPU per request."""

    bare: float
    gateway: float


class Served(NamedTuple):
    """Where a side is reached, and which process it is."""

    port: int
    pid: int


async def turn_of(requests: list[bytes], bare: Served, gateway: Served) -> Turn:
    """All requests to both, slice by slice, who comes first by turns."""
    async with connected(bare.port) as to_bare, connected(gateway.port) as to_gateway:
        sides = one, other = Side(bare.pid, to_bare), Side(gateway.pid, to_gateway)
        for start in range(0, len(requests), SLICE):
            for side in sides:
                await side.take(requests[start : start + SLICE])
            sides = sides[::-1]
        return Turn(*(side.used_s / len(requests) * 1e6 for side in (one, other)))


def turns_of(kind: Kind, requests: int, turns: int, sources: Path = ROOT) -> Iterator[Turn]:
    """As many turns; a first one, which warms caches and memory, is not told."""
    with tempfile.TemporaryDirectory() as folder, collecting(Path(folder), sources) as gateway, bare() as other:
        for turn in range(turns + 1):
            sent = [kind.request(turn * requests + i) for i in range(requests)]
            told = uvloop.run(turn_of(sent, Served(*other), Served(*gateway)))
            if turn:
                yield told


def compiled_sources() -> Path:
    """The sources with a compiled hot path, in a folder that is gone when this process ends."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    click.echo("compiling the hot path …")
    return compile_into(Path(folder.name))


def machine() -> str:
    """What the figures were measured on."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    return (
        f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"
    )


@click.command()
@click.option("--kind", type=click.Choice(sorted(KINDS)), default="own", show_default=True)
@click.option("--hits", default=0, help="Requests per turn; 20,000, or 2,000 with batches.")
@click.option("--turns", default=5, show_default=True)
@click.option("--budget", default=0.0, help="Highest ratio, or least events per second of CPU, that passes.")
@click.option("--compiled", is_flag=True, help="Compile the hot path first, in a folder of its own (a minute).")
def main(kind: str, hits: int, turns: int, budget: float, compiled: bool) -> None:
    """Print CPU per request of both, turn by turn, and the median."""
    chosen = KINDS[kind]
    budget = budget or chosen.budget
    hits = hits or (20_000 if chosen.events == 1 else 2_000)
    taken = []
    for turn in turns_of(chosen, hits, turns, compiled_sources() if compiled else ROOT):
        taken.append(turn)
        ratio = turn.gateway / turn.bare
        click.echo(
            f"turn {len(taken)}: bare Starlette {turn.bare:5.1f} µs, gateway {turn.gateway:5.1f} µs, ratio {ratio:.2f}"
        )
    if chosen.events == 1:
        median = statistics.median(turn.gateway / turn.bare for turn in taken)
        met, say = median <= budget, f"median ratio {median:.2f} (budget {budget})"
    else:
        median = statistics.median(chosen.events / turn.gateway * 1e6 for turn in taken)
        met, say = median >= budget, f"median {median:,.0f} events per second of CPU (budget {budget:,.0f})"
    click.echo(f"{kind}{', compiled' if compiled else ''}: {say}; {machine()}")
    raise SystemExit(0 if met else 1)


if __name__ == "__main__":
    main()
