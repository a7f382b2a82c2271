"""`gateway load`: the journal into the warehouse, exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway import log
from gateway.app_load import run_load
from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.configuration import ConfigurationError, read_configuration
from gateway.folders import FolderError, Folders


@click.command()
@config_option
@data_option
@setting_option("warehouse")
@setting_option("kafka")
@setting_option("kafka_properties")
@click.option("--once", is_flag=True, help="Load what is sealed, then stop.")
def load(config: Path | None, data: Path, once: bool, **overrides: Any) -> None:
    """Run only the loader: sealed journal segments into ClickHouse, each row exactly once, whatever dies when.

    With --kafka they go to Kafka instead, at least once, and ClickHouse takes them from there (gateway warehouse sql
    --kafka BROKERS prints its tables, which leave copies out).

    \b
    Examples:
      gateway load --warehouse clickhouse://user:password@clickhouse:8123/gateway --data /var/lib/gateway
      gateway load --kafka kafka-1:9092,kafka-2:9092 --data /var/lib/gateway
      gateway load --once
    """
    try:
        configuration = read_configuration(config, overrides)
        folders = Folders(data)
        folders.make()
    except (ConfigurationError, FolderError) as error:
        fail(str(error))
    log.begin("gateway.load")
    raise SystemExit(run_load(configuration, folders, once))
