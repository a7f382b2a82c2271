"""`gateway privacy`: requests of data subjects, their receipts, and the proof that nothing is kept too long.

May not: show or log an identifier; it turns it into pseudonyms and forgets it. Other commands may join the group.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from gateway import persons
from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.commands.privacy_proof import check_ledger, is_genuine, receipt_json, receipt_sentences
from gateway.configuration import ConfigurationError, read_configuration
from gateway.folders import Folders
from gateway.intake.subject import FoundBy, Said, find_subjects
from gateway.journal.signing import Signer
from gateway.persons import Asked, Place, access_of, connected, read_request, stored_receipt
from gateway.warehouse import retention
from gateway.warehouse.connect import WarehouseError, connect
from gateway.warehouse.proofs import Receipt, find_receipt, of_subjects
from gateway.warehouse.receipts import check_receipt
from gateway.warehouse.subjects import Subjects

_F = TypeVar("_F", bound=Callable[..., Any])

_DAY_S = 86_400

#: What may go wrong on the way, and loses nothing: the same command again goes on.
_FAILURES = (WarehouseError, OSError)

_SAYS = {
    FoundBy.CLIENT_ID: "client id, such as the value of the cookie _ga or _gw; '-' reads it from standard input",
    FoundBy.USER_ID: "user id of the site's own accounts; '-' reads it from standard input",
    FoundBy.EMAIL: "e-mail address; leads to rows where a site uses it as an id; '-' reads it from standard input",
    FoundBy.BROWSER: "IP address of today or yesterday, with --user-agent as the browser sends it",
}
_OPTIONS = {FoundBy.BROWSER: "--address"}


def _identifiers(command: _F) -> _F:
    """The options by which a person is named, and --site."""
    command = click.option("--user-agent", default="", help="With --address: the browser.")(command)
    for kind in reversed(FoundBy):
        flag = _OPTIONS.get(kind, f"--{kind.replace('_', '-')}")
        command = click.option(flag, kind.value, help=f"The person's {_SAYS[kind]}.")(command)
    return click.option("--site", help="The site that was asked; may be left out where there is one.")(command)


@click.group()
def privacy() -> None:
    """Requests of data subjects: what is held of a person, its erasure, the receipt; and proof of retention.

    \b
    Examples:
      gateway privacy access --client-id 1795345201.1700000000
      gateway privacy erase --user-id - < id.txt
      gateway privacy verify
    """


@privacy.command()
@config_option
@data_option
@setting_option("warehouse")
@_identifiers
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def access(config: Path | None, data: Path, warehouse: str | None, site: str | None, form: str, **said: str) -> None:
    """Find all rows that a person's identifier leads to under the keys that still exist, and print them.

    \b
    Examples:
      gateway privacy access --client-id 1795345201.1700000000 --format json > answer.json
      gateway privacy access --site shop --email - < address.txt
    """
    place = _place(config, data, warehouse)
    asked = _read_request(place, site, said)
    try:
        answer = access_of(place, asked)
    except _FAILURES as error:
        fail(str(error), 1)
    shown = orjson.dumps(answer, default=str, option=orjson.OPT_INDENT_2).decode()
    click.echo(shown if form == "json" else "\n".join(_sentences(answer)))


@privacy.command()
@config_option
@data_option
@setting_option("warehouse")
@_identifiers
@click.option(
    "--receipt", "receipt_file", type=click.Path(path_type=Path), help="Write the signed receipt to this file."
)
def erase(
    config: Path | None,
    data: Path,
    warehouse: str | None,
    site: str | None,
    receipt_file: Path | None,
    **said: str,
) -> None:
    """Delete all rows of a person everywhere, keep old ones from coming back, and sign a receipt.

    Safe to repeat, also after it was cut off: it then goes on. Exit code 1 if anything is left.

    \b
    Examples:
      gateway privacy erase --client-id 1795345201.1700000000 --receipt receipt.json
      gateway privacy erase --site shop --user-id - < id.txt
    """
    place = _place(config, data, warehouse)
    asked = _read_request(place, site, said)
    try:
        ended = persons.erase(place, asked)
    except _FAILURES as error:
        fail(f"{error}; the request is written down, and the same command goes on with it", 1)
    if receipt_file is not None:
        receipt_file.write_text(ended.receipt + "\n")
    for line in (*_report(ended.body), *ended.remarks):
        click.echo(line)
    raise SystemExit(0 if ended.body["complete"] else 1)


@privacy.command()
@config_option
@data_option
@setting_option("warehouse")
def orders(config: Path | None, data: Path, warehouse: str | None) -> None:
    """Erase whoever hits asked to forget: consent taken back where policy says `on_withdrawal: erase`, Mixpanel's
    $delete, Shopify's customers/redact. `gateway load` does it by itself, every `erase_every_s`.

    \b
    Examples:
      gateway privacy orders
      gateway privacy orders --config gateway.yml          as a CronJob, with erase_every_s: 0
    """
    place, complete = _place(config, data, warehouse), True
    try:
        for ended in persons.carry_out(place):
            complete = complete and ended.body["complete"]
            for line in _report(ended.body):
                click.echo(line)
    except _FAILURES as error:
        fail(f"{error}; the orders are kept, and the same command goes on with them", 1)
    click.echo("No order waits." if complete else "Not complete; run it again.")
    raise SystemExit(0 if complete else 1)


@privacy.command()
@config_option
@data_option
@setting_option("warehouse")
@click.argument("which", required=False)
@click.option("--site", help="With --client-id: the site that was asked; may be left out where there is one.")
@click.option("--client-id", help=f"Show the newest proof of choice of this person's {_SAYS[FoundBy.CLIENT_ID]}.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def receipt(
    config: Path | None, data: Path, warehouse: str | None, which: str | None, form: str, **person: str | None
) -> None:
    """Show and check a receipt: of a choice (WHICH is its entry_id), or of an erasure (a file, or its request).

    Without WHICH, show the public key that everybody can check receipts with. Exit code 1 if it is not genuine.

    \b
    Examples:
      gateway privacy receipt --client-id 1795345201.1700000000
      gateway privacy receipt 3b4f0a80-9728-0ddc-f108-d329c5789de4 --format json
      gateway privacy receipt receipt.json
    """
    place = _place(config, data, warehouse)
    if proof := _proof_of_choice(place, which, person):
        key = Signer(place.folders.keys).public
        shown = orjson.dumps(receipt_json(proof, key), option=orjson.OPT_INDENT_2).decode()
        click.echo(shown if form == "json" else "\n".join(receipt_sentences(proof, key)))
        raise SystemExit(0 if is_genuine(proof, key) else 1)
    try:
        key = Signer(place.folders.keys).public
        text = Path(which).read_text() if which and Path(which).is_file() else ""
        if which and not text:
            text = stored_receipt(place, which)
    except _FAILURES as error:
        fail(str(error), 1)
    if not which:
        click.echo(f"Receipts of this gateway are signed with the Ed25519 key {key}.")
        return
    verdict = check_receipt(text, key)
    click.echo(verdict.sentence)
    raise SystemExit(0 if verdict.well else 1)


@privacy.command()
@config_option
@data_option
@setting_option("warehouse")
@click.option("--mend", is_flag=True, help="Carry out what is due now, instead of waiting for ClickHouse's merges.")
@click.option("--grace-hours", default=24, show_default=True, help="How late ClickHouse may be.")
def verify(config: Path | None, data: Path, warehouse: str | None, mend: bool, grace_hours: int) -> None:
    """Prove by query that nothing is kept longer than policy said, and nothing of the erased; and that every proof
    of choice is as it was written: the first broken link of a chain is named. Exit code 1 if anything is amiss.

    \b
    Examples:
      gateway privacy verify
      gateway privacy verify --mend --grace-hours 0        nightly, as a CronJob
    """
    place = _place(config, data, warehouse)
    try:
        with connected(place) as url, closing(connect(url)) as client:
            subjects = Subjects(client)
            if mend:
                retention.mend(subjects)
            proofs = list(retention.verify(subjects, grace_hours * 3600))
            ledger = check_ledger(client, place.folders, place.configuration)
    except _FAILURES as error:
        fail(str(error), 1)
    for proof in proofs:
        click.echo(f"{'MEND' if proof.broken else 'ok  '}  {proof.broken:,} {proof.promise}")
    for sentence in ledger.sentences():
        click.echo(sentence)
    raise SystemExit(1 if ledger.broken or any(proof.broken for proof in proofs) else 0)


def _proof_of_choice(place: Place, which: str | None, person: dict[str, str | None]) -> Receipt | None:
    """The receipt of a choice that is meant; None where none is, or the identity is not one of a choice."""
    client_id = person["client_id"]
    if not client_id and (not which or Path(which).is_file()):
        return None
    try:
        with connected(place) as url, closing(connect(url)) as client:
            if not client_id:
                return find_receipt(client, which or "")
            asked = _read_request(place, person["site"], {"client_id": client_id, "user_agent": ""})
            found = of_subjects(client, asked.site.name, find_subjects(asked.site.name, asked.said, asked.keys))
            newest = find_receipt(client, found[-1].entry_id) if found else None
    except _FAILURES as error:
        fail(str(error), 1)
    return newest or fail("no proof of choice is held that this identifier leads to", 1)


def _place(config: Path | None, data: Path, warehouse: str | None) -> Place:
    try:
        configuration = read_configuration(config)
    except ConfigurationError as error:
        fail(str(error))
    return Place(configuration, Folders(data), warehouse or configuration.settings.warehouse)


def _read_request(place: Place, name: str | None, said: dict[str, str]) -> Asked:
    given = [Said(kind, _text(said[kind]), said["user_agent"]) for kind in FoundBy if said.get(kind)]
    if len(given) != 1 or not given[0].text:
        fail("name the person by exactly one of --client-id, --user-id, --email, --address")
    try:
        return read_request(place, name, given[0])
    except ValueError as error:
        fail(f"{error} (--site)")


def _text(said: str) -> str:
    """Why standard input: what stands on a command line is seen by every process of the machine."""
    return sys.stdin.readline().strip() if said == "-" else said


def _sentences(answer: dict[str, Any]) -> Iterator[str]:
    total = sum(len(rows) for rows in answer["held"].values())
    head = f"Site {answer['site']}, found by {answer['found_by']}, answered {answer['answered_at']}"
    yield f"{head}: {total:,} rows held."
    yield from answer["remarks"]
    for store, rows in answer["held"].items():
        yield f"{store}: {len(rows):,} rows"
        for row in rows:
            yield "  " + ", ".join(f"{name}: {value}" for name, value in row.items())
    if not total:
        yield "Nothing is held that this identifier leads to."


def _report(body: dict[str, Any]) -> Iterator[str]:
    yield f"Request {body['request']}: " + ("erased." if body["complete"] else "NOT complete; run it again.")
    for name, store in body["stores"].items():
        remark = f" ({store['remark']})" if store["remark"] else ""
        yield f"  {name:24} {store['removed']:>8,} rows removed, {store['left']:,} left{remark}"
    yield "  gateway.consent_ledger   kept: proofs of choice, until they end (GDPR 17(3)(e)); they lead to no fact"
    if not body["pseudonyms"]:
        yield "No key is left that leads from this identifier to any row: nothing can be linked any more."
