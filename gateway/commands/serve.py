"""`gateway serve`: everything on one machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from pathlib import Path
from typing import Any

import click

from gateway import log
from gateway.commands.options import config_option, data_option, fail, listen, setting_option
from gateway.configuration import Configuration, ConfigurationError, check_starter_stays_home, read_configuration
from gateway.folders import FolderError, Folders
from gateway.private import read_private
from gateway.ready import Port, wait_until_ready
from gateway.supervisor import Child, Supervisor
from gateway.tls import TlsError, read_certificate
from gateway.web.access.users import UsersError

_READY_WITHIN_S = 30.0


@click.command()
@config_option
@data_option
@setting_option("host")
@setting_option("port")
@setting_option("admin_host")
@setting_option("admin_port")
@setting_option("workers")
@setting_option("warehouse")
def serve(config: Path | None, data: Path, **overrides: Any) -> None:
    """Run everything on one machine: the public port, the loader, the warehouse, the admin port.

    Needs no configuration: without one there is one site, `demo`, with the strictest policy, on loopback only.

    \b
    Examples:
      gateway serve
      gateway serve --port 9000 --workers 2
      gateway serve --config gateway.yml --warehouse clickhouse://user:password@clickhouse:8123/gateway
    """
    began = time.monotonic()
    try:
        configuration = read_configuration(config, overrides, secrets_of=("hooks", "forward"))
        check_starter_stays_home(configuration)
        tls = read_certificate(configuration.settings, "certificate") is not None
        admin_tls = read_private(configuration.settings).certificate is not None
        folders = Folders(data)
        folders.make()
        held, collecting = folders.lock(), folders.lock("collect")
    except (ConfigurationError, FolderError, UsersError, TlsError) as error:
        fail(str(error))
    shutil.rmtree(folders.metrics)
    folders.metrics.mkdir()
    settings = configuration.settings
    public = listen(settings.host, settings.port, "--port")
    private = listen(settings.admin_host, settings.admin_port, "--admin-port")
    ports = (
        Port(public.getsockname()[1], settings.host, tls),
        Port(private.getsockname()[1], settings.admin_host, admin_tls),
    )
    common = ("--data", str(data), *(("--config", str(config)) if config else ()))
    os.environ["GATEWAY_WAREHOUSE"] = settings.warehouse  # for the children; an argument would show its password in ps
    os.environ["GATEWAY_ADMIN_HOST"] = settings.admin_host

    async def ready() -> bool:
        well = await wait_until_ready(folders, ports, settings.warehouse == "embedded", _READY_WITHIN_S)
        if well:
            _greet(configuration, folders, ports, time.monotonic() - began)
        else:
            click.echo(f"gateway: not ready within {_READY_WITHIN_S:.0f} s; the lines above say why.", err=True)
        return well

    children = _children(configuration, common, public.fileno(), private.fileno(), (held, collecting))
    if any(site.copiers for site in configuration.sites.all) or folders.outboxes():
        children.append(Child("forward", ("forward", *common), 1, (held,), yields=True))
    code = asyncio.run(Supervisor(children, ready, log.begin("gateway.serve")).run())
    raise SystemExit(code)


def _children(
    configuration: Configuration, common: tuple[str, ...], public: int, private: int, locks: tuple[int, int]
) -> list[Child]:
    settings, (held, collecting) = configuration.settings, locks
    limits = ("--port", str(settings.warehouse_port), "--analyst-max-seconds", str(settings.analyst_max_seconds))
    engine = [Child("engine", ("engine", *common[:2], *limits), 2, (held,), yields=True)]
    collect = [
        Child(
            f"collect-{i}",
            ("collect", *common, "--fd", str(public), "--name", f"collect-{i}"),
            0,
            (public, held, collecting),
        )
        for i in range(settings.workers)
    ]
    return [
        *(engine if settings.warehouse == "embedded" else []),
        *collect,
        Child("load", ("load", *common), 1, (held,), yields=True),
        Child("admin", ("admin", *common, "--fd", str(private)), 2, (private, held), yields=True),
    ]


def _greet(configuration: Configuration, folders: Folders, ports: tuple[Port, Port], seconds: float) -> None:
    settings, (public, private) = configuration.settings, ports
    sites = ", ".join(f"{site.name} ({site.policy.name})" for site in configuration.sites.all)
    data = "" if str(folders.data) == "gateway-data" else f" --data {folders.data}"
    click.echo(f"Gateway ready in {seconds:.1f} s. Sites: {sites}.")
    if configuration.is_starter:
        click.echo("  Starter site: any write key and origin, loopback only, nothing kept without consent.")
    click.echo(f"  hits       {public.url}")
    click.echo(f"  admin      {private.url}")
    click.echo(f"  warehouse  {settings.warehouse if settings.warehouse == 'embedded' else 'by URL'}")
    click.echo("Try:")
    click.echo(f"  curl -i {public.url}/collect -d '{_FIRST_HIT}'")
    click.echo(f'  gateway sql{data} "SELECT event, visitor_kind, value, currency FROM events"')
    click.echo(f"  gateway demo --url {public.url}")


_FIRST_HIT = (
    '{"site":"demo","consent":{"choice":"explicit","purposes":{"analytics":true}},'
    '"events":[{"event":"wishlist_add","client_id":"me","properties":{"product_id":"SKU-1","price":129.9,"currency":"EUR"}}]}'
)
