"""`gateway contracts replay`: what waits in the quarantine is loaded, once the contract that it broke is mended.

May not: show a value of a row; rules, field names and counts only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import click
import orjson

from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.configuration import ConfigurationError, read_configuration
from gateway.intake.site import Site
from gateway.warehouse.connect import WarehouseError, connect
from gateway.warehouse.engine_process import lent
from gateway.warehouse.replay import Chosen, Replay, Replayed


@click.command()
@click.option("--site", default="", help="One site; all of them, if not said.")
@click.option("--event", default="", help="One event, by its name; all of them, if not said.")
@click.option("--dry-run", is_flag=True, help="Say what would be loaded; change nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@config_option
@data_option
@setting_option("warehouse")
def replay(
    site: str, event: str, dry_run: bool, form: str, config: Path | None, data: Path, warehouse: str | None
) -> None:
    """Load the quarantine: events that broke a contract which says `enforcement: quarantine`.

    Each row of gateway.quarantine is checked again, by the contracts and the policy of --config. What keeps its
    contract now goes into gateway.events, once however often this runs; the rest stays, for 30 days at most.

    \b
    Exit codes: 0 nothing stays, 1 something does, 2 wrong use.

    \b
    Examples:
      gateway contracts replay --config gateway.yml --dry-run
      gateway contracts replay --config gateway.yml --site shop --event product_view
    """
    try:
        configuration = read_configuration(config, {"warehouse": warehouse})
    except ConfigurationError as error:
        fail(str(error), 1)
    sites = [one for one in configuration.sites.all if site in ("", one.name)]
    if not sites:
        fail(f"there is no site '{site}'; there is {', '.join(one.name for one in configuration.sites.all)}.")
    try:
        with _opened(configuration.settings.warehouse, data) as warehoused:
            done = {one.name: _replay(warehoused, one, event, dry_run) for one in sites}
    except WarehouseError as error:
        fail(str(error))
    if form == "json":
        click.echo(orjson.dumps({name: _json(told) for name, told in done.items()}, option=orjson.OPT_INDENT_2))
    else:
        _show(done, "would be loaded" if dry_run else "loaded")
    raise SystemExit(1 if any(told.stays for told in done.values()) else 0)


def _replay(warehoused: Replay, site: Site, event: str, dry_run: bool) -> Replayed:
    act = warehoused.look if dry_run else warehoused.run
    return act(Chosen(site.name, event), site.minimiser.again)


@contextmanager
def _opened(target: str, data: Path) -> Iterator[Replay]:
    if target != "embedded":
        with closing(connect(target)) as client:
            yield Replay(client)
        return
    with lent(data) as endpoint, closing(connect(endpoint.url)) as client:
        yield Replay(client)


def _show(done: Mapping[str, Replayed], verb: str) -> None:
    for site, told in done.items():
        stays = sum(told.stays.values())
        click.echo(f"{site}: {told.loaded} {verb}, {told.known} were there already, {stays} stay")
        for (contract, rules), count in sorted(told.stays.items()):
            click.echo(f"  {count:8} {contract:32} {', '.join(rules)}")


def _json(told: Replayed) -> dict[str, object]:
    stays = [{"contract": contract, "rules": rules, "events": n} for (contract, rules), n in sorted(told.stays.items())]
    return {"loaded": told.loaded, "known": told.known, "stays": stays}
