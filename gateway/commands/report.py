"""`gateway report`: the reports, each a command of its own with its own options.

May not compute anything: reads the options, lends the room of reports a way to ask the warehouse, and shows the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import click

from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.commands.sql import target_of
from gateway.questions import answered, period, read_day
from gateway.reports import REPORTS
from gateway.reports.report import SMALLEST_GROUP, Option, Question, Report
from gateway.reports.shown import FORMATS
from gateway.warehouse.connect import WarehouseError


def _read_day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    """A day, UTC."""
    try:
        return read_day(text) if text is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


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
    try:
        first, last = period(one, given["since"], given["until"])
    except ValueError as error:
        fail(str(error))
    question = Question(first, last + timedelta(days=1), given["site"], given["smallest_group"], chosen)
    try:
        found = answered(one, question, target_of(given["config"], given["warehouse"]), given["data"])
    except WarehouseError as error:
        fail(str(error), 1)
    click.echo(FORMATS[given["shape"]](found, given["table"]), nl=False)


for _one in REPORTS.values():
    report.add_command(_command(_one))
