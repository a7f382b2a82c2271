"""`gateway contracts`: the tools of event owners. They read contracts and show what `gateway.intake.contracts` says.

May not: change a contract; what is drafted is printed, or written to a file that is named and not there yet.
"""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from gateway.commands.contracts_audit import audit
from gateway.commands.contracts_learn import learn
from gateway.commands.contracts_replay import replay
from gateway.commands.contracts_texts import folder_of, load, load_revision, texts_of
from gateway.commands.contracts_types import types
from gateway.commands.options import config_option, data_option
from gateway.intake.contracts import Contracts
from gateway.intake.contracts.tools.changes import changes
from gateway.intake.contracts.tools.findings import Finding, Weight
from gateway.intake.contracts.tools.lint import lint


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def contracts() -> None:
    """Tools of event owners: check, draft, audit and hand out the contracts of events.

    FOLDER holds contracts (*.yml); `starter` is the retail set that comes with the gateway. Left out, it is the folder
    that --config names, else the starter set.

    \b
    Example:
      gateway contracts check contracts/ --against origin/main
    """


@contracts.command()
@click.argument("folder", required=False)
@click.option("--against", metavar="GIT_REVISION", help="Compare with the same folder at a revision, such as main.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@config_option
@data_option
def check(folder: str | None, against: str | None, strict: bool, form: str, config: Path | None, data: Path) -> None:
    """Read contracts as strictly as the gateway does, and say what is wrong or doubtful, with file and line.

    Exit codes: 0 sound, 1 refused or an error, 2 wrong use. With --against, what breaks senders or reports is an error
    unless the contract's version was raised.

    \b
    Examples:
      gateway contracts check contracts/
      gateway contracts check contracts/ --against origin/main
      gateway contracts check starter --strict
    """
    place = folder_of(folder, config)
    loaded = load(texts_of(place))
    found = [*lint(loaded), *(changes(load_revision(place, against), loaded) if against else ())]
    if form == "json":
        click.echo(orjson.dumps([finding._asdict() for finding in found], option=orjson.OPT_INDENT_2))
    else:
        _show(found, loaded, folder or str(place))
    failing = {Weight.ERROR, Weight.WARNING} if strict else {Weight.ERROR}
    raise SystemExit(1 if any(finding.weight in failing for finding in found) else 0)


def _show(found: list[Finding], loaded: Contracts, place: str) -> None:
    for finding in found:
        click.echo(str(finding))
    errors, warnings = (sum(one.weight is weight for one in found) for weight in (Weight.ERROR, Weight.WARNING))
    verdict = "is sound" if not errors else "is not sound"
    click.echo(f"{place} {verdict}: {len(loaded)} contracts, {errors} errors, {warnings} warnings")


contracts.add_command(learn)
contracts.add_command(audit)
contracts.add_command(types)
contracts.add_command(replay)
