"""`gateway sql`: one question to the warehouse, by the read-only user, wherever the warehouse is.

May not do anything but read its options, send the statement as it is, and show the answer as it comes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from clickhouse_connect.driver.client import Client
from urllib3.exceptions import HTTPError

from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.configuration import ConfigurationError, read_configuration
from gateway.settings import Settings
from gateway.warehouse.connect import TransientError, WarehouseError, connect, name_of_target, translated
from gateway.warehouse.engine_barrier_names import PRETTY
from gateway.warehouse.engine_errors import late_sentence
from gateway.warehouse.engine_process import lent
from gateway.warehouse.engine_statements import find_format

_PIECE_BYTES = 64 * 1024
_PRETTY = "PrettyCompactMonoBlock"


@click.command()
@click.argument("statement")
@click.option(
    "--format", "format_name", help="Any output format of ClickHouse: CSVWithNames, JSONEachRow, Markdown ..."
)
@config_option
@data_option
@setting_option("warehouse")
def sql(statement: str, format_name: str | None, config: Path | None, data: Path, warehouse: str | None) -> None:
    """Ask the warehouse, read-only: the embedded one (also while `gateway serve` runs) or a server.

    STATEMENT is ClickHouse SQL; "-" reads it from stdin. Tables and views: `gateway sql "SHOW TABLES"`; what a column
    means: `gateway sql "SELECT name, comment FROM system.columns WHERE table = 'events'"`.

    \b
    Examples:
      gateway sql "SELECT event, count() FROM events GROUP BY event ORDER BY 2 DESC"
      gateway sql "SELECT * FROM daily WHERE day = today()" --format CSVWithNames > today.csv
      gateway sql "SELECT level, count() AS visitors FROM (
          SELECT windowFunnel(86400)(at, event = 'product_view', event = 'add_to_cart',
                                     event = 'begin_checkout', event = 'purchase') AS level
          FROM funnel_steps WHERE at > now() - INTERVAL 14 DAY GROUP BY site, actor
        ) GROUP BY level ORDER BY level"
      gateway sql "SELECT 1" --warehouse clickhouse://user:password@clickhouse:8123/gateway
    """
    text = sys.stdin.read() if statement == "-" else statement
    try:
        with reader_of(target_of(config, warehouse), data) as url:
            _ask(url, text.rstrip().rstrip(";"), format_name)
    except WarehouseError as error:
        fail(str(error), 1)


def target_of(config: Path | None, warehouse: str | None) -> str:
    """Where the warehouse is; without --config there is no need to read policies for that."""
    if warehouse is not None or config is None:
        return warehouse or Settings().warehouse
    try:
        return read_configuration(config).settings.warehouse
    except ConfigurationError as error:
        fail(str(error))


@contextmanager
def reader_of(target: str, data: Path) -> Iterator[str]:
    """The URL to ask at: the target's own, or the embedded engine's read-only one."""
    if target != "embedded":
        yield target
        return
    with lent(data) as endpoint:
        yield endpoint.reader


def _ask(url: str, text: str, format_name: str | None) -> None:
    asked = format_name or (None if find_format(text.encode()) else _PRETTY)
    with translated(url), closing(connect(url)) as client:
        answer: Any = client.raw_stream(text, settings=_settings(client), fmt=asked)
        with closing(answer):
            shown = _copy(answer, url)
    if not shown and asked == _PRETTY:
        click.echo("No rows.")


def _settings(client: Client) -> dict[str, str]:
    """Binds a user that could do more, and makes tables for people; a user that may set nothing is bound already."""
    known = client.server_settings
    return {
        name: value for name, value in {**PRETTY, "readonly": "1"}.items() if name in known and not known[name].readonly
    }


def _copy(answer: Any, url: str) -> int:
    """The answer as it comes, and its size; a reader of ours that has seen enough (`| head`) is no error."""
    size, held = 0, b""
    try:
        for piece in answer.stream(_PIECE_BYTES):
            size += sys.stdout.buffer.write(held)
            held = piece  # the last piece of a broken answer is the error, not rows
        size += sys.stdout.buffer.write(held)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.stderr.close()  # Python would complain of it once more at its end
    except HTTPError:
        raise TransientError(name_of_target(url), late_sentence(held), "what came before is not all") from None
    return size
