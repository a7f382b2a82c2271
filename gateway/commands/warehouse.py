"""`gateway warehouse`: make and change its tables, show its state, print the SQL for those who run it themselves.

May not do anything but read options, call the warehouse room, and show what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import click
from clickhouse_connect.driver.client import Client

from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.commands.sql import target_of
from gateway.warehouse.connect import WarehouseError, connect, translated
from gateway.warehouse.dictionary import markdown, relations
from gateway.warehouse.engine_process import lent
from gateway.warehouse.migrate import MigrationError, Variant, migrate, migrations, read_applied, render
from gateway.warehouse.roles import Scope, render_roles
from gateway.warehouse.stream_sql import render_kafka

_variant_option = click.option(
    "--variant",
    type=click.Choice([str(variant) for variant in Variant]),
    help="What the SQL is for; default: embedded, or server for a URL.",
)


class _Asked:
    """A client with the two verbs of migrations."""

    def __init__(self, client: Client, url: str) -> None:
        self._client, self._url = client, url

    def command(self, sql: str) -> object:
        with translated(self._url):
            return self._client.command(sql)

    def rows(self, sql: str) -> Sequence[Sequence[object]]:
        with translated(self._url):
            return self._client.query(sql).result_rows


@click.group()
def warehouse() -> None:
    """The tables of the warehouse: make them, look at them, print their SQL.

    \b
    Examples:
      gateway warehouse status
      gateway warehouse migrate --warehouse clickhouse://user:password@clickhouse:8123/gateway
      gateway warehouse sql --variant cluster > gateway.sql
    """


@warehouse.command("migrate")
@config_option
@data_option
@setting_option("warehouse")
@_variant_option
def migrate_command(config: Path | None, data: Path, warehouse: str | None, variant: str | None) -> None:
    """Apply the migrations that are missing. Safe to repeat; the embedded warehouse does it by itself.

    \b
    Example:
      gateway warehouse migrate --warehouse clickhouse://user:password@clickhouse:8123/gateway --variant cluster
    """
    target = target_of(config, warehouse)
    chosen = Variant(variant or _usual(target))
    try:
        with _asked(target, data) as asked:
            steps = 0
            for step in migrate(asked, chosen):
                steps += 1
                click.echo(f"{step.migration.name}  {step.statement}/{step.of}")
    except (WarehouseError, MigrationError) as error:
        fail(str(error), 1)
    click.echo(f"{steps} statements applied." if steps else "Nothing to apply; the warehouse is up to date.")


@warehouse.command("status")
@config_option
@data_option
@setting_option("warehouse")
def status_command(config: Path | None, data: Path, warehouse: str | None) -> None:
    """Show each migration and how far it is. Exit code 1 when something is missing.

    \b
    Example:
      gateway warehouse status --data gateway-data
    """
    try:
        with _asked(target_of(config, warehouse), data) as asked:
            applied = read_applied(asked)
    except WarehouseError as error:
        fail(str(error), 1)
    missing = 0
    for migration in migrations():
        was = applied.get(migration.version)
        state = "missing" if was is None else "applied" if was.statements == was.of else f"{was.statements} of {was.of}"
        if was is not None and was.sha256 != migration.sha256:
            state = "changed after it was applied"
        missing += state != "applied"
        click.echo(f"{migration.name:32} {state:30} {was.variant if was else ''}".rstrip())
    raise SystemExit(1 if missing else 0)


@warehouse.command("sql")
@_variant_option
@click.option("--roles", is_flag=True, help="Print roles, grants, quotas and row policies instead of tables.")
@click.option(
    "--scope", multiple=True, help="With --roles: analysts who see one site, or SITE:SELLER, only. Repeatable."
)
@click.option("--kafka", metavar="BROKERS", help="Print instead what takes the rows of gateway load --kafka.")
def sql_command(variant: str | None, roles: bool, scope: tuple[str, ...], kafka: str | None) -> None:
    """Print the SQL of all migrations, of the roles, or of Kafka; run nothing.

    \b
    Examples:
      gateway warehouse sql --variant cluster > gateway.sql
      gateway warehouse sql --roles --scope demo --scope demo:S-7 > roles.sql
      gateway warehouse sql --kafka kafka-1:9092,kafka-2:9092 --variant cluster > kafka.sql
    """
    chosen = Variant(variant or Variant.SERVER)
    if kafka:
        for statement in render_kafka(chosen, kafka):
            click.echo(f"{statement};\n")
        return
    if roles:
        click.echo(render_roles(chosen, tuple(Scope(*each.split(":", 1)) for each in scope)))
        return
    for migration in migrations():
        click.echo(f"-- {migration.name}, sha256 {migration.sha256}")
        for statement in render(migration.text, chosen):
            click.echo(f"{statement};\n")


@warehouse.command("columns")
@click.argument("names", nargs=-1)
def columns_command(names: tuple[str, ...]) -> None:
    """Print what each table and view holds, column by column, as Markdown. NAMES choose some of them.

    \b
    Example:
      gateway warehouse columns events sessions
    """
    known = {relation.name: relation for relation in relations()}
    if unknown := [name for name in names if name not in known]:
        fail(f"There is no {unknown[0]} in the warehouse: {', '.join(known)}.")
    click.echo("\n\n".join(markdown(known[name]) for name in names or known))


def _usual(target: str) -> Variant:
    return Variant.EMBEDDED if target == "embedded" else Variant.SERVER


@contextmanager
def _asked(target: str, data: Path) -> Iterator[_Asked]:
    """The warehouse of a target, by the user that may change it. A new one has no database `gateway` to start in."""
    if target == "embedded":
        with lent(data) as endpoint, _opened(endpoint.url) as asked:
            yield asked
    else:
        with _opened(target) as asked:
            yield asked


@contextmanager
def _opened(url: str) -> Iterator[_Asked]:
    with closing(connect(url, database="default")) as client:
        yield _Asked(client, url)
