"""`gateway engine`: the embedded ClickHouse as a process of its own. `serve` starts it; people seldom do.

May not do anything but read its options and say why it cannot start.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from gateway.commands.options import data_option, fail
from gateway.settings import Settings


@click.command(hidden=True)
@data_option
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Loopback port; 0 takes any free one.")
@click.option(
    "--analyst-max-seconds",
    type=click.IntRange(1),
    default=Settings().analyst_max_seconds,
    show_default=True,
    help="Longest run of a reader's query.",
)
@click.option("--until-stdin-closes", is_flag=True, help="Stop when stdin ends, so that it never outlives its parent.")
def engine(data: Path, port: int, analyst_max_seconds: int, until_stdin_closes: bool) -> None:
    """Host the embedded ClickHouse (chDB) of a data folder on loopback, until SIGTERM.

    Its address and tokens stand in DATA/run/warehouse.json while it runs.

    \b
    Example:
      gateway engine --data gateway-data --port 8123
    """
    # Why here: chDB comes with it, and `gateway --help` shall not pay 300 MB for that.
    from gateway.warehouse.engine import CannotStart, host  # noqa: PLC0415

    try:
        host(data, port, analyst_max_seconds, until_stdin_closes or os.environ.get("GATEWAY_SUPERVISED") == "1")
    except CannotStart as why:
        fail(str(why))
