"""`gateway keys`: what keys of pseudonyms there are, and the daily work on them where no collect process does it.

May not: show a key, or decide when one is due; `gateway.journal.keyring` does.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import time

import click

from gateway.commands.options import config_option, data_option, fail
from gateway.configuration import ConfigurationError, read_configuration
from gateway.folders import Folders
from gateway.journal.keyfolder import KeyFile, KeyFolder
from gateway.journal.keyring import DAY_S, Keyring

_USE = {
    "day": "salt of that day's visitors",
    "durable": "key of consented pseudonyms",
    "link": "key of links in mails",
}
#: Kinds that every site has.
_NEEDED = ("day", "durable")


@click.group()
def keys() -> None:
    """The keys that make pseudonyms. A key that is destroyed makes all rows of its time unlinkable, for everybody.

    \b
    Examples:
      gateway keys status
      gateway keys rotate                  daily, as a CronJob, where the folder is a mounted Secret
    """


@keys.command()
@config_option
@data_option
def status(config: Path | None, data: Path) -> None:
    """Show each key: its site, its use, since when, until when. Exit code 1 if one is missing, unreadable or overdue.

    \b
    Example:
      gateway keys status --data gateway-data
    """
    path, today = Folders(data).keys, int(time() // DAY_S)
    if not path.is_dir():
        fail(f"there are no keys in {path} yet; gateway serve makes them", 1)
    folder = KeyFolder(path)
    files = folder.files()
    for file in files:
        state = "unreadable" if folder.read(file) is None else _state(file, today)
        ends = _day(file.last_day + 1)
        click.echo(f"{file.site:24} {_USE[file.kind]:28} from {_day(file.day)}  destroyed by {ends}  {state}")
    troubles = [*folder.troubles, *_missing(files, _sites(config), today)]
    troubles += [f"{file.name} should have been destroyed" for file in files if today > file.last_day]
    for sentence in troubles:
        click.echo(f"MEND  {sentence}")
    raise SystemExit(1 if troubles else 0)


@keys.command()
@config_option
@data_option
@click.option("--durable", is_flag=True, help="Replace the durable keys too, from the next UTC midnight on.")
@click.option("--site", help="Only this site's; default: every site of the configuration.")
def rotate(config: Path | None, data: Path, durable: bool, site: str | None) -> None:
    """Make what is due tomorrow and destroy what is spent. Safe to repeat; running gateways do the same by themselves.

    With --durable, visitors that consented become new ones at midnight, and nobody can link the rows from before
    to anyone any more: not for a report, and not for a request of access or erasure either.

    \b
    Examples:
      gateway keys rotate
      gateway keys rotate --durable --site shop
    """
    sites = _sites(config)
    if site is not None and site not in sites:
        fail(f"there is no site {site}; there is {', '.join(sites)}")
    path, chosen = Folders(data).keys, [site] if site else sites
    keyring, before = Keyring(path, chosen, _mailing(config)), _names(path)
    troubles = keyring.refresh(time())
    try:
        for each in chosen if durable else ():
            epoch = keyring.rotate(each, time())
            click.echo(
                f"{each}: a new durable key takes over on {_day(epoch)}, 00:00 UTC, and destroys the present one."
            )
    except OSError as error:
        fail(str(error), 1)
    after = _names(path)
    click.echo(f"{len(after - before)} keys made, {len(before - after)} destroyed, {len(after)} in the folder.")
    for sentence in troubles:
        click.echo(f"MEND  {sentence}")
    raise SystemExit(1 if troubles else 0)


def _sites(config: Path | None) -> list[str]:
    try:
        return [site.name for site in read_configuration(config).sites.all]
    except ConfigurationError as error:
        fail(str(error))


def _mailing(config: Path | None) -> list[str]:
    return [site.name for site in read_configuration(config).sites.all if site.has_mail]


def _names(path: Path) -> set[str]:
    return {file.name for file in KeyFolder(path).files()}


def _missing(files: list[KeyFile], sites: list[str], today: int) -> list[str]:
    """A sentence per site and kind that cannot make pseudonyms today."""
    serving = {(f.site, f.kind) for f in files if f.day == today or (f.kind == "durable" and f.day <= today)}
    return [
        f"{site} has no {_USE[kind]} today; run: gateway keys rotate"
        for site in sites
        for kind in _NEEDED
        if (site, kind) not in serving
    ]


def _state(file: KeyFile, today: int) -> str:
    if today > file.last_day:
        return "overdue"
    if file.day > today:
        return "next"
    return "in use" if file.kind != "day" or file.day == today else "kept for late requests"


def _day(number: int) -> date:
    return (datetime.fromtimestamp(0, UTC) + timedelta(days=number)).date()
