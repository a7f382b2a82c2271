"""What a hit costs in the gateway, beside servers that do nothing with it: nginx, bare uvicorn, bare Starlette.

All answer the same requests with 204: nginx with its access log, uvicorn and Starlette after reading the body, the
gateway (`collect`) with the hit decided, minimised and synced. They take turns within one run, so that a noisy machine
disturbs all alike, and what counts is the ratio to the gateway. CPU is what the server's processes used, from /proc.
The rate is found by the open model of the other load tests, step by step, and ends at p99 > 50 ms or where the
generator itself is late; then it is at least that much.

    python -m loadtests.compare
    python -m loadtests.compare --turns 5 --most 8000
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
import psutil
import uvloop

from loadtests import cpu_per_hit
from loadtests.figures import LAG_LIMIT_MS, LegFigures, Run
from loadtests.plan import Generator, Plan
from loadtests.traffic import own

_HITS = 5000
_STEPS = 8
_STEP_S = 2.5

_UVICORN = """
import sys, socket, uvicorn

async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})

config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_keep_alive=75)
uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
"""

_NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log {folder}/access.log combined; keepalive_requests 1000000000; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
}}
"""


@contextlib.contextmanager
def bare_uvicorn(_: Path) -> Iterator[tuple[int, int]]:
    """(port, pid) of an app without a framework."""
    with _listening(_UVICORN) as served:
        yield served


@contextlib.contextmanager
def bare_starlette(_: Path) -> Iterator[tuple[int, int]]:
    """(port, pid) of the app that cpu_per_hit compares with."""
    with _listening(cpu_per_hit.BARE) as served:
        yield served


@contextlib.contextmanager
def _listening(program: str) -> Iterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        listener.set_inheritable(True)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(listener.fileno())], pass_fds=[listener.fileno()]
        )
        try:
            yield listener.getsockname()[1], process.pid
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[tuple[int, int]]:
    """(port, pid) of one nginx worker that writes its access log. Skips with a reason where there is none."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise FileNotFoundError("nginx is not installed (Debian: apt-get install nginx-light)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command)
    try:
        _wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[tuple[int, int]]]] = {
    "gateway": cpu_per_hit.collecting,
    "bare Starlette": bare_starlette,
    "bare uvicorn": bare_uvicorn,
    "nginx 204": nginx,
}


class Seen(NamedTuple):
    """One server, turn by turn."""

    cpu_us: list[float]
    rates: list[float]
    is_at_least: list[bool]  #: the generator was the limit


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError("the server does not listen")


def _cpu_us(port: int, pid: int, first: int) -> float:
    requests = [own(2, first + i) for i in range(_HITS)]
    before = _cpu_s(pid)
    well = uvloop.run(cpu_per_hit.drive(port, requests))
    if well != _HITS:
        raise click.ClickException(f"{_HITS - well} of {_HITS} were not acknowledged")
    return (_cpu_s(pid) - before) / _HITS * 1e6


def _cpu_s(pid: int) -> float:
    top = psutil.Process(pid)
    return sum(sum(process.cpu_times()[:2]) for process in [top, *top.children(recursive=True)])


def _highest(port: int, most: float, folder: Path) -> tuple[float, bool]:
    """The highest rate with p99 < 50 ms, and whether the generator ended the search."""
    legs = [(_STEP_S, most * (step + 1) / _STEPS) for step in range(_STEPS)]
    sent = Generator(Plan.of(port, secrets.randbits(32), "own", legs), folder).sent()
    return _top(Run(sent.samples, [], legs, sent.cpu_share).steps(), most)


def _top(steps: list[LegFigures], most: float) -> tuple[float, bool]:
    highest = 0.0
    for step in steps:
        if step.lag_p99_ms > LAG_LIMIT_MS:
            return highest, True
        if not step.is_within_50_ms:
            return highest, False
        highest = step.rate
    return most, True


@click.command()
@click.option("--turns", default=3, show_default=True)
@click.option("--most", default=6000.0, show_default=True, help="Highest rate that is tried.")
def main(turns: int, most: float) -> None:
    """Print CPU per hit and the highest rate with p99 < 50 ms, and each as a ratio to the gateway's."""
    with tempfile.TemporaryDirectory(prefix="loadtests-") as folder, contextlib.ExitStack() as stack:
        served = dict(_started(stack, Path(folder)))
        seen = {name: Seen([], [], []) for name in served}
        for port, pid in served.values():
            _cpu_us(port, pid, 0)  # the first warms up
        for turn in range(turns):
            for name, (port, pid) in served.items():
                seen[name].cpu_us.append(_cpu_us(port, pid, (turn + 1) * _HITS))
                rate, is_at_least = _highest(port, most, Path(folder))
                seen[name].rates.append(rate)
                seen[name].is_at_least.append(is_at_least)
    for line in _told(seen):
        click.echo(line)
    click.echo(f"median of {turns}, load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


def _started(stack: contextlib.ExitStack, folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    for name, serve in SERVERS.items():
        own = folder / name.replace(" ", "-")
        own.mkdir()
        try:
            yield name, stack.enter_context(serve(own))
        except FileNotFoundError as error:
            print(f"{name}: skipped, {error}", file=sys.stderr)  # noqa: T201 - a command's word to its user


def _told(seen: dict[str, Seen]) -> Iterator[str]:
    """Markdown: one row a server."""
    yield "| server | CPU µs a hit | gateway is | requests/s at p99 < 50 ms | gateway has |"
    yield "|---|---|---|---|---|"
    ours = seen["gateway"]
    for name, theirs in seen.items():
        rate = statistics.median(theirs.rates)
        cost = statistics.median(a / b for a, b in zip(ours.cpu_us, theirs.cpu_us, strict=True))
        share = statistics.median(a / max(1.0, b) for a, b in zip(ours.rates, theirs.rates, strict=True))
        least = "at least " if any(theirs.is_at_least) else ""
        found = f"{least}{rate:.0f} | {share:.2f} x" if rate else "the generator was late from the first step on | –"
        yield f"| {name} | {statistics.median(theirs.cpu_us):.0f} | {cost:.2f} x | {found} |"


if __name__ == "__main__":
    main()
