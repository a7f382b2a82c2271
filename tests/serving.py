"""A real gateway for tests: `gateway serve` as a process, real sockets, real chDB, real signals."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from gateway.warehouse.connect import WarehouseError, connect, find
from tests.laid import lay_warehouse

ROOT = Path(__file__).parents[1]
GATEWAY = (sys.executable, "-m", "gateway")


class Served:
    """One running `gateway serve`. `lines` is all that it printed, on both streams.

    Its warehouse is laid beforehand, unless this is its `first` start.
    """

    def __init__(self, data: Path, *options: str, first: bool = False) -> None:
        self.data = data
        if not first:
            lay_warehouse(data)
        self.lines: list[str] = []
        self._client: Client | None = None
        command = [*GATEWAY, "serve", "--data", str(data), "--port", "0", "--admin-port", "0", *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, stdin=subprocess.DEVNULL
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._told(r"hits\s+(https?://\S+)")
        self.admin = self._told(r"admin\s+(https?://\S+)")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def _told(self, pattern: str, seconds: float = 30.0) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, "".join(self.lines))
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise AssertionError("gateway did not start:\n" + "".join(self.lines))

    def processes(self) -> dict[str, psutil.Process]:
        """Children by command name: collect-0, load, engine, admin; one that is only starting has none yet."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess, ValueError):
                words = child.cmdline()
                command = words[words.index("gateway") + 1]
                found[words[words.index("--name") + 1] if "--name" in words else command] = child
        return found

    def ask(self, sql: str, seconds: float = 10.0) -> list[Any]:
        """Rows of a query, asked as the read-only user; an engine that is starting is asked again."""
        end = time.monotonic() + seconds
        while True:
            try:
                self._client = self._client or connect(find(self.data, reader=True))
                return list(self._client.query(sql).result_rows)
            except (WarehouseError, ClickHouseError):
                self._leave()
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _leave(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def wait_for(self, sql: str, expected: Any, seconds: float = 30.0) -> float:
        """Seconds until the query's first value is as expected; AssertionError after `seconds`."""
        began = time.monotonic()
        while (seen := self.ask(sql)[0][0]) != expected:
            if time.monotonic() - began > seconds:
                raise AssertionError(f"expected {expected}, saw {seen} after {seconds} s")
            time.sleep(0.05)
        return time.monotonic() - began

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal and waits; the exit code."""
        self._leave()
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        self._reader.join(timeout=5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def kill_everything(self) -> None:
        """kill -9 of the supervisor and every child, at once."""
        victims = [*self.processes().values(), psutil.Process(self.process.pid)]
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim.pid, signal.SIGKILL)
        psutil.wait_procs(victims, timeout=10)
        self.stop()


@contextlib.contextmanager
def serving(data: Path, *options: str, first: bool = False) -> Iterator[Served]:
    """A gateway for the block; it must drain cleanly at its end."""
    served = Served(data, *options, first=first)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.stop()
