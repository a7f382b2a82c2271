"""`gateway contracts audit`: what arrives against what contracts say, from counts of the warehouse.

May not: read an event; every question is about counts, but for the order numbers that --orders are compared with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from gateway.commands.contracts_texts import folder_of, load, texts_of
from gateway.commands.contracts_warehouse import asked, read_span
from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.intake.contracts.tools.audit import Audited, Fault, Limits
from gateway.intake.contracts.tools.audit import audit as audit_counts
from gateway.intake.contracts.tools.audit_questions import Seen, read_seen
from gateway.intake.contracts.tools.orders import UnreadableExport, read_orders


@click.command()
@click.argument("folder", required=False)
@click.option(
    "--since", default="7d", show_default=True, help="How far back: 36h, 7d, 2w. Four days at least tell trends."
)
@click.option("--site", default="", help="One site; all of them, if not said.")
@click.option(
    "--orders", type=click.Path(path_type=Path, dir_okay=False), help="CSV with order_id and value, same time."
)
@click.option("--malformed", type=click.FloatRange(0, 1), default=Limits().malformed, show_default=True,
              help="Share of events that may break their contract.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@config_option
@data_option
@setting_option("warehouse")
def audit(folder: str | None, orders: Path | None, form: str, **where: Any) -> None:
    """Compare contracts with what arrived: orphaned, silent, deprecated, malformed, drift, volume, firing, coverage.

    The last day is compared with the days before it. With --orders, orders are compared with the shop's own list;
    those that consent kept out are not held against a tag. Exit code 1: something was found.

    \b
    Examples:
      gateway contracts audit contracts/ --since 7d
      gateway contracts audit contracts/ --site shop --orders orders.csv --format json
    """
    known = load(texts_of(folder_of(folder, where["config"])))
    export = _read_export(orders) if orders else None
    span = read_span(where["since"], where["site"])
    with asked(where["config"], where["data"], where["warehouse"], span) as warehoused:
        seen = read_seen(warehoused.rows, max(1, (span.until - span.since).days))
    faults = list(audit_counts(Audited(known, seen, export, Limits(malformed=where["malformed"]))))
    if form == "json":
        click.echo(orjson.dumps([fault._asdict() for fault in faults], option=orjson.OPT_INDENT_2))
    else:
        _show(faults, seen)
    raise SystemExit(1 if faults else 0)


def _read_export(file: Path) -> dict[str, float]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return read_orders(lines)
    except OSError as error:
        fail(f"{file} cannot be read ({error.strerror}).")
    except UnicodeDecodeError:
        fail(f"{file}:1: is not UTF-8 text; export it as UTF-8.", 1)
    except UnreadableExport as error:
        fail(f"{file}:{error.line}: {error.sentence}.", 1)


def _show(faults: list[Fault], seen: Seen) -> None:
    for fault in faults:
        click.echo(f"{fault.kind:12} {fault.event or '-':28} {fault.sentence}")
    bought = max((one.sessions for one in seen.reached if one.stage == "conversion"), default=0)
    if bought:
        shares = ", ".join(f"{one.stage} {one.sessions / bought:.0%}" for one in seen.reached)
        click.echo(f"stages of the {bought} visits that bought: {shares}")
    events = sum(day.events for day in seen.by_day)
    click.echo(f"{events} events in {seen.days} days, {len(faults)} faults")
