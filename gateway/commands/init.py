"""`gateway init DIR`: a commented starter that a site owner edits."""

from __future__ import annotations

from pathlib import Path

import click

from consent.starters import starter
from gateway.commands.options import fail
from gateway.intake.contracts import starter_contracts
from gateway.settings import describe

#: How a default without a value is written in YAML.
_EMPTY = {"": "''", "()": "[]"}

_SITE = """\
# The gateway of your site. Run it:  gateway serve --config gateway.yml
# Check it first:                    gateway doctor --config gateway.yml

sites:
  shop:                                   # rows carry this name
    policy: policy.yml                    # what may be collected; legal owns it: gateway policy check policy.yml
    contracts: contracts/                 # what each event may hold; one file per group of events
    write_keys: [G-ABC1234567, wk_shop]   # what your tags name themselves by: measurement ids, write keys
    origins: [https://www.shop.example]   # pages that may send; browsers from elsewhere are refused
    markets: [DE]                         # where your visitors are when nothing else tells; the strictest place counts
    # sources: {servers: segment}         # gives a source a path of its own: /s/servers/v1/batch
    # hooks: {survey: {kind: typeform, secret: {env: TYPEFORM_SECRET}}}   # webhooks at /hooks/survey
    # mail: yes                           # signs opens and links of mails: gateway mail sign-link
    # redirect_hosts: [www.shop.example]  # where unsigned links (/r/<campaign>?u=…) may lead; nowhere else
    # scripts: {ids: [GTM-ABC1234], host: www.shop.example/t}   # /gtm.js and /gtag/js from your own host
    # forward: {google: {kind: ga4, measurement_id: G-ABC1234567, secret: {env: GA4_API_SECRET}}}
    # keep_query: [q]                     # query parameters that page paths keep; all others are dropped
    # sensitive_paths: [/health/]         # pages whose path is never kept

# Every setting with its default. Uncomment what you change; the command line overrides it.
settings: {}
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Write a commented starter into FOLDER: gateway.yml, policy.yml, contracts/. Overwrites nothing.

    \b
    Example:
      gateway init shop && gateway serve --config shop/gateway.yml
    """
    files = {
        folder / "gateway.yml": _gateway_yml().encode(),
        folder / "policy.yml": starter("strictest"),
        **{folder / "contracts" / Path(name).name: text for name, text in starter_contracts().items()},
    }
    present = [file for file in files if file.exists()]
    if present:
        fail(f"{present[0]} exists already; choose an empty folder.")
    try:
        (folder / "contracts").mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            file.write_bytes(text)
    except OSError as error:
        fail(f"{folder} cannot be written ({error.strerror}).")
    click.echo(f"Wrote {len(files)} files into {folder}. Edit write_keys, origins and markets in gateway.yml, then:")
    click.echo(f"  gateway doctor --config {folder / 'gateway.yml'}")
    click.echo(f"  gateway serve --config {folder / 'gateway.yml'}")


def _gateway_yml() -> str:
    lines = [
        f"  # {name}: {_EMPTY.get(default, default)}    # {say} ({unit})" for name, default, unit, say in describe()
    ]
    return _SITE + "\n".join(lines) + "\n"
