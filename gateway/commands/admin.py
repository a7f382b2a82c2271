"""`gateway admin`: the private port."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import click

from gateway import log
from gateway.app import run_admin
from gateway.commands.options import config_option, data_option, fail, listen, setting_option
from gateway.configuration import ConfigurationError, read_configuration
from gateway.folders import FolderError, Folders


@click.command()
@config_option
@data_option
@setting_option("admin_host")
@setting_option("admin_port")
@setting_option("warehouse")
@click.option("--fd", type=int, hidden=True, help="A listening socket that the supervisor opened.")
def admin(config: Path | None, data: Path, fd: int | None, **overrides: Any) -> None:
    """Run only the private port: health page, /metrics, /api. Keep it on loopback.

    \b
    Example:
      gateway admin --admin-port 8081 --data /var/lib/gateway
    """
    try:
        configuration = read_configuration(config, overrides)
        folders = Folders(data)
        folders.make()
    except (ConfigurationError, FolderError) as error:
        fail(str(error))
    log.begin("gateway.admin")
    settings = configuration.settings
    listener = (
        socket.socket(fileno=fd) if fd is not None else listen(settings.admin_host, settings.admin_port, "--admin-port")
    )
    run_admin(configuration, folders, listener)
