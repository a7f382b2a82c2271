"""`gateway serve`: everything on one machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from gateway import log
from gateway.commands.children import shared_options, workers
from gateway.commands.options import config_option, data_option, fail, listen, setting_option
from gateway.configuration import Configuration, ConfigurationError, check_starter_stays_home, read_configuration
from gateway.folders import FolderError, Folders
from gateway.private import read_private
from gateway.ready import Port, wait_until_ready
from gateway.settings import Settings
from gateway.supervisor import Child, Supervisor
from gateway.tls import TlsError, read_certificate
from gateway.web.access.users import UsersError

_READY_WITHIN_S = 30.0


class _House(NamedTuple):
    """One gateway on one machine: what is configured, its folder and the locks on it, what its processes share."""

    configuration: Configuration
    folders: Folders
    options: tuple[str, ...]
    locks: tuple[int, int]  #: of the folder, of collecting
    tls: tuple[bool, bool]  #: whether the public and the private port speak it

    @property
    def settings(self) -> Settings:
        """Of all its processes."""
        return self.configuration.settings


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
        house = _take_house(config, data, overrides)
    except (ConfigurationError, FolderError, UsersError, TlsError) as error:
        fail(str(error))
    settings = house.settings
    public = listen(settings.host, settings.port, "--port")
    private = listen(settings.admin_host, settings.admin_port, "--admin-port")
    ports = (
        Port(public.getsockname()[1], settings.host, house.tls[0]),
        Port(private.getsockname()[1], settings.admin_host, house.tls[1]),
    )
    os.environ["GATEWAY_WAREHOUSE"] = settings.warehouse  # for the children; an argument would show its password in ps
    os.environ["GATEWAY_ADMIN_HOST"] = settings.admin_host
    children = _children(house, public.fileno(), private.fileno())
    ready = partial(_ready, house, ports, began)
    raise SystemExit(asyncio.run(Supervisor(children, ready, log.begin("gateway.serve")).run()))


def _take_house(config: Path | None, data: Path, overrides: Mapping[str, Any]) -> _House:
    """Reads what is configured, takes the folder, and forgets what processes before these counted."""
    configuration = read_configuration(config, overrides, secrets_of=("hooks", "forward"))
    check_starter_stays_home(configuration)
    settings, folders = configuration.settings, Folders(data)
    tls = (
        read_certificate(settings, "certificate") is not None,
        read_private(settings).certificate is not None,
    )
    folders.make()
    locks = folders.lock(), folders.lock("collect")
    shutil.rmtree(folders.metrics)
    folders.metrics.mkdir()
    return _House(configuration, folders, shared_options(config, data), locks, tls)


def _children(house: _House, public: int, private: int) -> list[Child]:
    """Engine where the warehouse is embedded, workers, loader, private port, forwarder where there is a destination."""
    settings, options, held = house.settings, house.options, house.locks[:1]
    limits = ("--port", str(settings.warehouse_port), "--analyst-max-seconds", str(settings.analyst_max_seconds))
    engine = Child("engine", ("engine", *options[:2], *limits), 2, held, yields=True)
    forward = Child("forward", ("forward", *options), 1, held, yields=True)
    has_copies = any(site.copiers for site in house.configuration.sites.all) or bool(house.folders.outboxes())
    return [
        *([engine] if settings.warehouse == "embedded" else []),
        *workers(settings.workers, options, public, house.locks),
        Child("load", ("load", *options), 1, held, yields=True),
        Child("admin", ("admin", *options, "--fd", str(private)), 2, (private, *held), yields=True),
        *([forward] if has_copies else []),
    ]


async def _ready(house: _House, ports: tuple[Port, Port], began: float) -> bool:
    well = await wait_until_ready(house.folders, ports, house.settings.warehouse == "embedded", _READY_WITHIN_S)
    if well:
        _greet(house.configuration, house.folders, ports, time.monotonic() - began)
    else:
        click.echo(f"gateway: not ready within {_READY_WITHIN_S:.0f} s; the lines above say why.", err=True)
    return well


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
