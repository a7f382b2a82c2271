"""Runs the processes of a gateway: starts them, restarts the ones that die, drains them in order.

May not: see a hit, a row or a key; it knows commands and exit codes only.

Rules
    1. A child that dies is started again, at once the first time, then with a growing pause.
    2. Draining goes stage by stage: no new hits, then what is in the journal, then the rest. It ends within 10 s.
    3. Children run the code that this process runs, whatever lies in the folder that it was started in.
    4. Children read their standard input; when this process dies, however it dies, that ends, and so do they.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

_PAUSE_FIRST_S = 0.1
_PAUSE_LONGEST_S = 5.0

#: A child that lived this long was well; its next death starts counting anew.
_WELL_AFTER_S = 30.0

#: Seconds that each stage of the drain may take before it is killed; three stages fit into the promised 10 s.
_STAGE_S = (4.5, 3.0, 2.0)

#: Source: sched_prio_to_weight of Linux: 5 weighs 335 where 0 weighs 1024.
_NICE = 5


@dataclass(frozen=True, slots=True)
class Child:
    """One process: its name, the `gateway` command that it is, its stage of the drain, file descriptors it inherits.

    `yields` to those that do not where all cores are busy: whoever sent a hit waits, the warehouse can.
    """

    name: str
    command: tuple[str, ...]
    stage: int
    inherits: tuple[int, ...] = ()
    yields: bool = False


class Supervisor:
    """Runs children until SIGTERM or SIGINT. `ready` is awaited once, beside them; False from it ends everything."""

    def __init__(self, children: Sequence[Child], ready: Callable[[], Awaitable[bool]], log: logging.Logger) -> None:
        self._children = children
        self._ready = ready
        self._log = log
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._draining = asyncio.Event()

    async def run(self) -> int:
        """0 after a drain, 1 if it never became ready."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._draining.set)
        keepers = [asyncio.create_task(self._keep(child)) for child in self._children]
        ready = asyncio.create_task(self._wait_ready())
        await self._draining.wait()
        ready.cancel()
        for keeper in keepers:
            keeper.cancel()
        await self._drain()
        return 1 if ready.done() and not ready.cancelled() and not ready.result() else 0

    async def _wait_ready(self) -> bool:
        well = await self._ready()
        if not well:
            self._draining.set()
        return well

    async def _keep(self, child: Child) -> None:
        loop, pause = asyncio.get_running_loop(), 0.0
        while True:
            await asyncio.sleep(pause)
            try:
                process, began = await self._start(child), loop.time()
            except OSError as error:
                pause = _PAUSE_LONGEST_S
                self._log.error("%s cannot be started (%s); trying again", child.name, error.strerror)
                continue
            code = await process.wait()
            lived = loop.time() - began
            pause = _PAUSE_FIRST_S if lived > _WELL_AFTER_S else min(_PAUSE_LONGEST_S, max(_PAUSE_FIRST_S, pause * 2))
            self._log.warning("%s ended with code %d after %.1f s; starting it again", child.name, code, lived)

    async def _start(self, child: Child) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "gateway",
            *child.command,
            stdin=asyncio.subprocess.PIPE,
            pass_fds=child.inherits,
            env=os.environ | {"GATEWAY_SUPERVISED": "1", "PYTHONPATH": _path()},
            start_new_session=True,  # Ctrl-C reaches this process only, which drains the others in order
        )
        self._running[child.name] = process
        if child.yields:
            _yield(process.pid)
        return process

    async def _drain(self) -> None:
        for stage, seconds in enumerate(_STAGE_S):
            processes = [self._running[c.name] for c in self._children if c.stage == stage and c.name in self._running]
            await asyncio.gather(*(_stop(process, seconds) for process in processes))


def _yield(pid: int) -> None:
    """A lower priority: a third of a core's time beside a busy process that has none."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
    with contextlib.suppress(OSError), open(f"/proc/{pid}/autogroup", "w", encoding="ascii") as group:
        group.write(str(_NICE))  # where sessions are scheduled as groups, sched(7), only theirs counts


def _path() -> str:
    """Where children find modules: first where this one lies. With -P, nothing is taken from the working folder."""
    return os.pathsep.join(
        filter(None, (os.path.dirname(os.path.dirname(os.path.abspath(__file__))), os.environ.get("PYTHONPATH", "")))
    )


async def _stop(process: asyncio.subprocess.Process, seconds: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
