"""`gateway forward`: copies of consented facts to their destinations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway import log
from gateway.app_forward import run_forward
from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.configuration import ConfigurationError, read_configuration
from gateway.folders import FolderError, Folders
from gateway.reload import Watch


@click.command()
@config_option
@data_option
@setting_option("warehouse")
def forward(config: Path | None, data: Path, **overrides: Any) -> None:
    """Run only the forwarder: what sites copy for destinations (`forward:` in gateway.yml), consent checked again.

    Each copy arrives at least once while it is young enough; what was stopped, and why, is on /metrics.

    \b
    Example:
      gateway forward --config gateway.yml --data /var/lib/gateway
    """
    try:
        configuration = read_configuration(config, overrides, secrets_of=("forward",))
        folders = Folders(data)
        folders.make()
    except (ConfigurationError, FolderError) as error:
        fail(str(error))
    log.begin("gateway.forward")
    watch = Watch(configuration, lambda: read_configuration(config, overrides, secrets_of=("forward",)))
    run_forward(watch, configuration, folders)
