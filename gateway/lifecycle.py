"""How long a process runs: until it is told to stop or its supervisor is gone; what it does each second meanwhile.

May not: know what the process is for.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

_log = logging.getLogger("gateway")

#: How often a process writes its counts, and looks at the midnight that keys change at.
TICK_S = 1.0

#: Objects made until the garbage collector looks at the young ones; Python's own limit is 700. Why: a hit makes some 20
#: that it counts and no cycle, so that every 30 hits it walked what was in flight: 4 µs a hit, 6 % of a worker's CPU.
#: A batch of the loader makes thousands and no cycle either.
_COLLECT_AFTER = 10_000


class Due:
    """True at most once in so many seconds, the first time after as many."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next = monotonic() + every_s

    def now(self) -> bool:
        """Whether it is time again."""
        if monotonic() < self._next:
            return False
        self._next = monotonic() + self._every_s
        return True


def settle_garbage() -> None:
    """Takes what was made at the start out of the collector's sight. Why: every later collection would walk it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


@asynccontextmanager
async def background(work: Any) -> AsyncIterator[None]:
    """Runs a coroutine beside the block and ends it with the block."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def running(stop: Callable[[], None], tick: Callable[[float], Awaitable[None]]) -> AsyncIterator[None]:
    """Calls `stop` on SIGTERM, SIGINT, or when the supervisor is gone; `tick` every second with the loop's lag."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    with watching_parent(loop, stop):
        async with background(_ticks(tick)):
            yield


@contextlib.contextmanager
def watching_parent(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` when standard input ends, if it is a pipe: the supervisor holds its other end while it lives."""
    if not _is_supervised():
        yield
        return

    def ended() -> None:
        if not os.read(0, 1024):
            loop.remove_reader(0)
            stop()

    loop.add_reader(0, ended)
    yield
    loop.remove_reader(0)


def _is_supervised() -> bool:
    return os.environ.get("GATEWAY_SUPERVISED") == "1"


async def _ticks(tick: Callable[[float], Awaitable[None]]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + TICK_S
        await asyncio.sleep(TICK_S)
        try:
            await tick(max(0.0, loop.time() - due))
        except OSError as error:
            _log.warning("The second's housekeeping failed: %s", error.strerror)
