"""Hands out the powers of the forwarder, as `gateway.app` does for collect."""

from __future__ import annotations

import asyncio

from gateway.configuration import Configuration
from gateway.folders import Folders
from gateway.forwarding import Forwarding
from gateway.lifecycle import running
from gateway.metrics import write_snapshot
from gateway.reload import Watch


def run_forward(watch: Watch, configuration: Configuration, folders: Folders) -> None:
    """The forwarder: every destination of every site, until it is told to stop."""
    asyncio.run(_forward(Forwarding(watch, configuration, folders), folders))


async def _forward(forwarding: Forwarding, folders: Folders) -> None:
    async def tick(_lag_s: float) -> None:
        await asyncio.to_thread(forwarding.look)
        write_snapshot(folders.metrics, "forward", await asyncio.to_thread(forwarding.counts))

    async with running(forwarding.stop, tick):
        await asyncio.to_thread(forwarding.run)
        await tick(0.0)
