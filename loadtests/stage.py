"""The gateway under test, what is done to it, and how it stands each second. Real processes, real signals."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from gateway.folders import Folders
from gateway.metrics import registry
from loadtests.scenarios import Fault
from loadtests.small_disk import SmallDisk
from tests.serving import Served

_LOOK_EVERY_S = 1.0
_SEED = 20261128


class Look(NamedTuple):
    """How the gateway stands at a second since the beginning."""

    at_s: float
    backlog_mb: float
    rss_mb: float  #: of the largest worker
    worker_cpu_s: float  #: of all workers, since they started
    others_cpu_share: float  #: of the machine, used by what is not ours, since the last look


class Stage:
    """Serves until it is closed. Its port stays the same over all restarts."""

    def __init__(self, data: Path, workers: int, small_disk: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._options: tuple[str, ...] = ("--workers", str(workers), "--port", str(self.port))
        self._data, self._disk = data, SmallDisk(data) if small_disk else None
        if self._disk is not None:
            self._options += ("--config", str(self._disk.config))
        self.served = Served(data, *self._options)
        self.looks: list[Look] = []
        self.done: list[tuple[float, str]] = []  #: faults as they came, in seconds since the beginning
        self.held: tuple[float, float] | None = None
        self._chance = random.Random(_SEED)
        self._ended = threading.Event()

    def play(self, faults: tuple[Fault, ...], seconds: float, begin_at: float) -> list[threading.Thread]:
        """Starts to watch, and to do what the faults say at their times. Threads to join, the watch last."""
        jobs: list[Callable[[], None]] = [lambda: self._hurt(faults, seconds, begin_at), lambda: self._watch(begin_at)]
        threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        return threads

    def rest(self) -> None:
        """Stops to watch."""
        self._ended.set()

    def close(self) -> int:
        """Drains; the exit code."""
        code = self.served.stop()
        if self._disk is not None:
            self._disk.let_go()
        return code

    def commits(self) -> dict[str, float]:
        """How long the journal's group commits took: where hits waited for the disk, and where for CPU."""
        shown = registry(Folders(self._data).metrics)

        def value(name: str, **labels: str) -> float:
            return shown.get_sample_value(f"gateway_journal_commit_seconds_{name}", labels) or 0.0

        done = value("count")
        over = {f"over_{ms}_ms": done - value("bucket", le=str(ms / 1000)) for ms in (10, 50, 100)}
        return {"done": done, "mean_ms": round(value("sum") / max(1.0, done) * 1000, 2), **over}

    # Faults

    def _hurt(self, faults: tuple[Fault, ...], seconds: float, begin_at: float) -> None:
        for fault in faults:
            time.sleep(max(0.0, begin_at + fault.at * seconds - time.monotonic()))
            victim = self._chance.choice(sorted(self._names())) if fault.victim == "any" else fault.victim
            began = time.monotonic() - begin_at
            self.done.append((began, f"{fault.action} {victim}".strip()))
            ACTIONS[fault.action](self, victim, fault.share * seconds)
            if fault.share:
                self.held = began, time.monotonic() - begin_at
                self.done.append((self.held[1], f"end of {fault.action} {victim}".strip()))

    def _names(self) -> set[str]:
        return {name for name in self.served.processes() if name != "admin"}

    def kill(self, victim: str, _: float) -> None:
        """SIGKILL of one process; its supervisor starts it again."""
        self._send(victim, signal.SIGKILL)

    def end(self, victim: str, _: float) -> None:
        """SIGTERM of one process: it drains, and its supervisor starts it again."""
        self._send(victim, signal.SIGTERM)

    def hold_down(self, victim: str, seconds: float) -> None:
        """SIGKILL as often as it is started, for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._send(victim, signal.SIGKILL)
            time.sleep(0.2)

    def drain(self, *_: object) -> None:
        """SIGTERM of the whole, and a new start once it has ended."""
        self.served.stop()
        self.served = Served(self._data, *self._options)

    def cut(self, *_: object) -> None:
        """SIGKILL of everything at once, and a new start."""
        self.served.kill_everything()
        self.served = Served(self._data, *self._options)

    def fill(self, _: str, seconds: float) -> None:
        """Leaves no byte free on the journal's disk for so long."""
        if self._disk is not None:
            self._disk.fill(seconds)

    def _send(self, victim: str, number: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            if (process := self.served.processes().get(victim)) is not None:
                process.send_signal(number)

    # Watch

    def _watch(self, begin_at: float) -> None:
        us, last = psutil.Process(), _Usage(0.0, 0.0, time.monotonic())
        while not self._ended.wait(_LOOK_EVERY_S):
            now = _usage(us)
            if now.at >= begin_at:
                self.looks.append(self._look(begin_at, now.others_share(last)))
            last = now

    def _look(self, begin_at: float, others: float) -> Look:
        workers = list(self._workers())
        return Look(
            time.monotonic() - begin_at,
            self.backlog_bytes() / 1e6,
            max((process.memory_info().rss for process in workers), default=0) / 1e6,
            sum(sum(process.cpu_times()[:2]) for process in workers),
            others,
        )

    def _workers(self) -> Iterator[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            for name, process in self.served.processes().items():
                if name.startswith("collect") and process.is_running():
                    yield process

    def backlog_bytes(self) -> int:
        """Of the journal's segments, open and sealed. An open one has room ahead, which is counted too."""
        total = 0
        for entry in os.scandir(self._data / "journal"):
            with contextlib.suppress(FileNotFoundError):
                total += entry.stat().st_blocks * 512 if entry.name.endswith((".open", ".sealed")) else 0
        return total


ACTIONS: dict[str, Callable[[Stage, str, float], None]] = {
    "kill": Stage.kill,
    "end": Stage.end,
    "down": Stage.hold_down,
    "drain": Stage.drain,
    "full disk": Stage.fill,
    "power cut": Stage.cut,
}


class _Usage(NamedTuple):
    """CPU seconds up to a time: of the machine, and of us and all that we started."""

    machine_s: float
    ours_s: float
    at: float

    def others_share(self, last: _Usage) -> float:
        """What others used since, as a share of the whole machine. Ours that ended meanwhile may make it negative."""
        if not last.machine_s:
            return 0.0
        used = (self.machine_s - last.machine_s) - (self.ours_s - last.ours_s)
        return max(0.0, used / ((self.at - last.at) * (os.cpu_count() or 1)))


def _usage(us: psutil.Process) -> _Usage:
    times, ours = psutil.cpu_times(), 0.0
    for process in [us, *us.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            ours += sum(process.cpu_times()[:2])
    busy = sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))
    return _Usage(busy, ours, time.monotonic())
