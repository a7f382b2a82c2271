"""Engines for tests: the real process, on a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from gateway.warehouse.connect import connect
from gateway.warehouse.engine_endpoint import Endpoint, read_endpoint
from tests.laid import lay_warehouse

NEWEST = "from gateway.commands.engine import engine; engine()"


class Engine:
    """One engine process on `data`, and what a test does to it."""

    def __init__(self, data: Path, program: str = NEWEST) -> None:
        self.data = data
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "--data", str(data), "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait_ready(self, seconds: float = 60.0) -> Endpoint:
        until = self.began + seconds
        while (found := read_endpoint(self.data)) is None:
            assert self.process.poll() is None, self.error()
            assert time.monotonic() < until, "the engine was not ready in time"
            time.sleep(0.01)
        return found

    def error(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def end(self, number: int = signal.SIGTERM, seconds: float = 15.0) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        code = self.process.wait(seconds)
        for pipe in (self.process.stdin, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return code


@pytest.fixture
def start() -> Iterator[Callable[[Path], Engine]]:
    """Starts engines that end with the test, whatever becomes of it."""
    started: list[Engine] = []

    def begin(data: Path) -> Engine:
        started.append(Engine(data))
        return started[-1]

    yield begin
    for engine in started:
        engine.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for a whole module; tests keep to tables of their own."""
    data = tmp_path_factory.mktemp("engine") / "data"
    lay_warehouse(data)
    engine = Engine(data)
    try:
        engine.wait_ready()
        yield engine
    finally:
        engine.end()


@pytest.fixture(scope="module")
def endpoint(engine: Engine) -> Endpoint:
    """Where the module's engine answers."""
    return engine.wait_ready()


@pytest.fixture(scope="module")
def writer(endpoint: Endpoint) -> Iterator[Client]:
    """A client that may do everything."""
    with closing(connect(endpoint.url, database="default")) as client:
        yield client


@pytest.fixture(scope="module")
def reader(endpoint: Endpoint) -> Iterator[Client]:
    """A client that may read."""
    with closing(connect(endpoint.reader, database="default")) as client:
        yield client
