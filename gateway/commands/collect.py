"""`gateway collect`: only the public port; under `serve`, one of its workers."""

from __future__ import annotations

import asyncio
import socket
import time
from functools import partial
from pathlib import Path
from typing import Any

import click

from gateway import log
from gateway.commands.children import shared_options, workers
from gateway.commands.options import config_option, data_option, fail, listen, setting_option
from gateway.configuration import ConfigurationError, check_starter_stays_home, read_configuration
from gateway.folders import FolderError, Folders
from gateway.ready import Port, answers
from gateway.reload import Watch
from gateway.supervisor import Supervisor
from gateway.tls import TlsError, read_certificate

_READY_WITHIN_S = 30.0


@click.command()
@config_option
@data_option
@setting_option("host")
@setting_option("port")
@setting_option("workers")
@setting_option("warehouse")
@click.option("--fd", type=int, hidden=True, help="A listening socket that the supervisor opened.")
@click.option("--name", default="collect-0", hidden=True, help="Name of this worker's journal.")
def collect(config: Path | None, data: Path, fd: int | None, name: str, **overrides: Any) -> None:
    """Run only the public port: hits in, facts into the journal. The loader runs elsewhere on the same folder.

    \b
    Example:
      gateway collect --config gateway.yml --data /var/lib/gateway --host 0.0.0.0 --workers 2
    """
    read = partial(read_configuration, config, overrides, secrets_of=("hooks",))
    try:
        configuration = read()
        check_starter_stays_home(configuration)
        certificate = read_certificate(configuration.settings, "certificate")
        folders = Folders(data)
        folders.make()
        locks = (folders.lock("collect"),) if fd is None else ()
    except (ConfigurationError, FolderError, TlsError) as error:
        fail(str(error))
    logger = log.begin(f"gateway.{name}")
    if fd is not None:
        from gateway.app import Seat, run_collect  # noqa: PLC0415 - only a worker pays for the web server

        seat = Seat(name, socket.socket(fileno=fd), certificate)
        run_collect(Watch(configuration, read), configuration, folders, seat)
        return
    settings = configuration.settings
    public = listen(settings.host, settings.port, "--port")
    children = workers(settings.workers, shared_options(config, data), public.fileno(), locks)
    ready = partial(_ready, Port(public.getsockname()[1], settings.host, certificate is not None), data)
    raise SystemExit(asyncio.run(Supervisor(children, ready, logger).run()))


async def _ready(port: Port, data: Path) -> bool:
    end = time.monotonic() + _READY_WITHIN_S
    while not await answers(port, "/readyz"):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    click.echo(f"Collecting on {port.url} into {data}.")
    return True
