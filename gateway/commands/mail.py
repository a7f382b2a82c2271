"""`gateway mail`: signs opens and links of mails, one by one or line by line.

May not: send a mail; know a recipient by more than the id that the site itself uses.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time
from typing import Any, NoReturn, TypeVar

import click
import orjson

from gateway.app import make_keyring
from gateway.commands.options import config_option, data_option, fail
from gateway.configuration import Configuration, ConfigurationError, read_configuration
from gateway.folders import FolderError, Folders
from gateway.intake.mail import Letter, write_token
from gateway.intake.moments import read_time
from gateway.intake.targets import read_target

_F = TypeVar("_F", bound=Callable[..., Any])

_FIELDS = ("target", "campaign", "variant", "message", "recipient", "consented_at")


def _letter_options(command: _F) -> _F:
    """What both commands take."""
    for option in reversed(
        (
            click.option("--site", help="The site; needed where several send mail."),
            click.option("--base", required=True, help="Where the gateway is reached: https://t.shop.example[/t]"),
            click.option("--campaign", default="", help="The campaign, as reports shall call it."),
            click.option("--variant", default="", help="The variant of the mail."),
            click.option("--message", default="", help="The mailing, if not the campaign."),
            click.option("--recipient", default="", help="The site's own id of the recipient; no address."),
            click.option("--agreed", "purposes", multiple=True, help="A purpose that the recipient agreed to."),
            click.option("--agreed-at", "consented_at", default="", help="When, as ISO 8601."),
            click.option("--lines", is_flag=True, help="Read JSON lines from standard input; they override options."),
        )
    ):
        command = option(command)
    return command


@click.group()
def mail() -> None:
    """Opens and links of mails. A link leads only where it was signed to lead; consent travels inside of it.

    \b
    Examples:
      gateway mail sign-link --config gateway.yml --base https://t.shop.example --target https://www.shop.example/sale
      gateway mail sign-open --config gateway.yml --base https://t.shop.example --campaign news-47 --agreed analytics
    """


@mail.command("sign-link")
@config_option
@data_option
@_letter_options
@click.option("--target", default="", help="Where the link leads: an http or https URL.")
def sign_link(config: Path | None, data: Path, **told: Any) -> None:
    """Print a link that counts who followed it and leads to the target.

    \b
    Examples:
      gateway mail sign-link --config gateway.yml --base https://t.shop.example --campaign news-47 \\
          --target 'https://www.shop.example/sale?utm_source=news' --variant B --agreed analytics --agreed-at 2026-11-22
      gateway mail sign-link --config gateway.yml --base https://t.shop.example --campaign news-47 --lines < links.jsonl
    """
    _sign(config, data, told, "{base}/l/{token}")


@mail.command("sign-open")
@config_option
@data_option
@_letter_options
def sign_open(config: Path | None, data: Path, **told: Any) -> None:
    """Print the address of a pixel that counts who opened the mail; put it into an image tag.

    \b
    Example:
      gateway mail sign-open --config gateway.yml --base https://t.shop.example --campaign news-47 --agreed analytics
    """
    _sign(config, data, told, "{base}/o/{token}.gif")


def _sign(config: Path | None, data: Path, told: dict[str, Any], form: str) -> None:
    try:
        configuration, folders = read_configuration(config), Folders(data)
        folders.make()
    except (ConfigurationError, FolderError) as error:
        fail(str(error))
    site, base = _site(configuration, told.pop("site")), told.pop("base").rstrip("/")
    keyring = make_keyring(folders, configuration.sites)
    troubles = keyring.refresh(time())
    keys = keyring.links(site)
    if not keys:
        fail(f"{site} has no key of links: {'; '.join(troubles)}", 1)
    day = max(keys)
    lines = _lines() if told.pop("lines") else iter([{}])
    for number, line in enumerate(lines, 1):
        letter = _letter(site, {**told, **line}, "{base}/l" in form, number)
        click.echo(form.format(base=base, token=write_token(letter, day, keys[day])))


def _site(configuration: Configuration, name: str | None) -> str:
    mailing = [site.name for site in configuration.sites.all if site.has_mail]
    if not mailing:
        fail("no site sends mail: say `mail: yes` at one in gateway.yml and pass it with --config")
    if name is None and len(mailing) > 1:
        fail(f"--site is needed: {', '.join(mailing)} send mail")
    if name is not None and name not in mailing:
        fail(f"the site {name} does not send mail; {', '.join(mailing)} do")
    return name or mailing[0]


def _lines() -> Iterator[dict[str, Any]]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            _refuse(number, "it is no JSON object")
        unknown = sorted(found.keys() - {*_FIELDS, "purposes"})
        if unknown:
            _refuse(number, f"'{unknown[0]}' is none of {', '.join((*_FIELDS, 'purposes'))}")
        yield found


def _letter(site: str, told: dict[str, Any], is_link: bool, number: int) -> Letter:
    """The letter, or one sentence that says what is wrong with the line; never the recipient."""
    letter = Letter(site, **{field: str(told.get(field) or "") for field in _FIELDS}, purposes=tuple(told["purposes"]))
    if is_link and read_target(letter.target) is None:
        _refuse(number, "its target is no http or https URL with a plain host (IDNs as xn--…)")
    if "@" in letter.recipient:
        _refuse(number, "its recipient is an address; use an id of your own")
    if letter.consented_at and read_time(letter.consented_at) is None:
        _refuse(number, "agreed-at is no ISO 8601 time")
    return letter


def _refuse(number: int, why: str) -> NoReturn:
    fail(f"line {number} cannot be signed: {why}")
