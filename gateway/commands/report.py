"""`gateway report`: the reports, each a command of its own with its own options.

May not compute anything: reads the options, lends the room of reports a way to ask the warehouse, and shows the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from clickhouse_connect.driver.client import Client

from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.commands.sql import target_of
from gateway.reports import REPORTS
from gateway.reports.report import SMALLEST_GROUP, Answer, Option, Question, Report, Row, answer
from gateway.reports.shown import FORMATS
from gateway.warehouse.connect import WarehouseError, connect, translated
from gateway.warehouse.engine_process import lent

_AGO = re.compile(r"(\d{1,4})d")
_LONGEST_DAYS = 800


def _read_day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    """A day, UTC: 2026-11-22, today, yesterday, or 7d for so many days ago."""
    if text is None:
        return None
    ago = {"today": "0", "yesterday": "1"}.get(text) or (found[1] if (found := _AGO.fullmatch(text)) else None)
    if ago is not None:
        return datetime.now(UTC).date() - timedelta(days=int(ago))
    try:
        return date.fromisoformat(text)
    except ValueError:
        say = f"{text!r} is no day; write 2026-11-22, today, yesterday, or 7d for seven days ago"
        raise click.BadParameter(say) from None


_COMMON: tuple[Callable[..., Any], ...] = (
    click.option("--site", default="", help="Only this site; all of them without it."),
    click.option("--since", callback=_read_day, metavar="DAY", help="First day (UTC): 2026-11-22, yesterday, 7d."),
    click.option("--until", callback=_read_day, metavar="DAY", help="Last day, itself included."),
    click.option("--format", "shape", type=click.Choice(list(FORMATS)), default="table", show_default=True),
    click.option("--table", "table", default="", help="Only this table of the answer; CSV has one, the first."),
    click.option("--smallest-group", type=click.IntRange(1), default=SMALLEST_GROUP, show_default=True,
                 help="Groups of fewer people are put together; lower it only for what nobody else will see."),
    config_option,
    data_option,
    setting_option("warehouse"),
)  # fmt: skip


@click.group(invoke_without_command=True)
@click.pass_context
def report(context: click.Context) -> None:
    """Answer a question out of the warehouse; without a name, list the reports.

    \b
    Examples:
      gateway report
      gateway report overview --since 7d
      gateway report funnel --by campaign --within 30m
      gateway report weekly --format html > week.html
    """
    if context.invoked_subcommand is None:
        width = max(map(len, REPORTS))
        for one in REPORTS.values():
            click.echo(f"{one.name.ljust(width)}  {one.question}")


def _command(one: Report) -> click.Command:
    def run(**given: Any) -> None:
        chosen = {option.name: given.pop(option.name) for option in one.options}
        _run(one, chosen, given)

    for decorate in reversed((*map(_option, one.options), *_COMMON)):
        run = decorate(run)
    return click.command(one.name, help=_help(one), short_help=one.question)(run)


def _option(option: Option) -> Callable[..., Any]:
    def read(_context: click.Context, _parameter: click.Parameter, text: str) -> Any:
        try:
            return option.read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    flag = f"--{option.name.replace('_', '-')}"
    return click.option(flag, option.name, default=option.default, show_default=True, callback=read, help=option.says)


def _help(one: Report) -> str:
    tables = ", ".join(table.name for table in one.tables)
    example = f"gateway report {one.name} --since 14d --format html > {one.name}.html"
    return f"{one.question}\n\nTables: {tables}.\n\n\b\nExample:\n  {example}"


def _run(one: Report, chosen: Mapping[str, Any], given: dict[str, Any]) -> None:
    names = [table.name for table in one.tables]
    if given["table"] and given["table"] not in names:
        fail(f"{one.name} has no table {given['table']!r}; it has {', '.join(names)}")
    since, until = _period(one, given["since"], given["until"])
    question = Question(since, until + timedelta(days=1), given["site"], given["smallest_group"], chosen)
    try:
        found = _answered(one, question, target_of(given["config"], given["warehouse"]), given["data"])
    except WarehouseError as error:
        fail(str(error), 1)
    click.echo(FORMATS[given["shape"]](found, given["table"]), nl=False)


def _period(one: Report, since: date | None, until: date | None) -> tuple[date, date]:
    """First and last day."""
    last = until or datetime.now(UTC).date() - timedelta(days=int(one.whole_days))
    first = since or last - timedelta(days=one.days - 1)
    if not 0 <= (last - first).days < _LONGEST_DAYS:
        fail(f"--since {first} to --until {last} is no period of 1 to {_LONGEST_DAYS} days")
    return first, last


def _answered(one: Report, question: Question, target: str, data: Path) -> Answer:
    with _client(target, data) as (client, url):

        def ask(statement: str, parameters: Mapping[str, Any]) -> list[Row]:
            with translated(url):
                result = client.query(statement, parameters=dict(parameters))
                return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

        return answer(one, question, ask)


@contextmanager
def _client(target: str, data: Path) -> Iterator[tuple[Client, str]]:
    """A client that reads: of the target, or of the embedded engine as its read-only user."""
    if target != "embedded":
        with closing(connect(target)) as client:
            yield client, target
        return
    with lent(data) as endpoint, closing(connect(endpoint.reader)) as client:
        yield client, endpoint.reader


for _one in REPORTS.values():
    report.add_command(_command(_one))
