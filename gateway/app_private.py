"""Hands out the powers of the private port, as `gateway.app` does for the others. Apart from it, so that a process
that takes hits does not load pages and reports.
"""

from __future__ import annotations

import asyncio
import socket
from time import monotonic
from typing import Any, NamedTuple

import uvloop
from uvicorn.server import ServerState

from gateway.admin_powers import AdminPowers
from gateway.app import Server, uvicorn_of
from gateway.configuration import Configuration
from gateway.folders import Folders
from gateway.lifecycle import TICK_S, background, running
from gateway.private import Private, warn_of_plain_secrets
from gateway.reload import Watch
from gateway.warehouse.connect import WarehouseError, connect, find
from gateway.web.admin.app import admin_app
from gateway.web.admin.table import metrics_table, table

#: How long the headers of a request to the private port may take to arrive.
_HEADERS_WITHIN_S = 10.0


class PrivateDoor(NamedTuple):
    """Where the private port listens, who may come in, and whether it shows metrics only."""

    listener: socket.socket
    private: Private
    metrics_only: bool = False


def run_admin(watch: Watch, configuration: Configuration, folders: Folders, door: PrivateDoor) -> None:
    """The private port."""
    uvloop.run(_admin(watch, configuration, folders, door))


async def _admin(watch: Watch, configuration: Configuration, folders: Folders, door: PrivateDoor) -> None:
    in_force = [configuration]
    private, settings = door.private, configuration.settings
    powers = AdminPowers(lambda: in_force[0], folders, lambda: warehouse_state(folders, settings.warehouse))
    entries = metrics_table(powers) if door.metrics_only else table(powers, private.guard)
    server = Server(uvicorn_of(admin_app(entries, private.guard), "h11", private.certificate))
    warn_of_plain_secrets(settings, private)

    def stop() -> None:
        server.should_exit = True

    async def tick(_lag_s: float) -> None:
        if (changed := await asyncio.to_thread(watch.look)) is not None:
            in_force[0] = changed
        if private.certificate is not None:
            await asyncio.to_thread(private.certificate.look)

    async with running(stop, tick), background(end_silent(server.server_state)):
        await server.serve([door.listener])


async def end_silent(state: ServerState) -> None:
    """Ends connections to the private port that never became a request: uvicorn would wait for their headers."""
    seen: dict[Any, float] = {}
    while True:
        await asyncio.sleep(TICK_S)
        now = monotonic()
        silent = [c for c in state.connections if getattr(c, "cycle", None) is None]
        seen = {connection: seen.get(connection, now) for connection in silent}
        for connection, since in seen.items():
            if now - since > _HEADERS_WITHIN_S:
                connection.transport.close()


def warehouse_state(folders: Folders, target: str) -> tuple[str, int | None]:
    """A sentence on the warehouse for the health page, and the number of facts in it."""
    try:
        client = connect(find(folders, target))
        try:
            rows = client.query("SELECT count() FROM gateway.events").result_rows[0][0]
        finally:
            client.close()
    except WarehouseError as error:
        return str(error), None
    return "answers", int(rows)
