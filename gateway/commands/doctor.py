"""`gateway doctor`: checks a gateway from outside and says what to mend."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import click

from gateway.commands.options import config_option, data_option, setting_option
from gateway.configuration import Configuration, ConfigurationError, read_configuration
from gateway.folders import FolderError, Folders
from gateway.private import read_private
from gateway.tls import TlsError, read_certificate
from gateway.warehouse.connect import WarehouseError, connect, find
from gateway.warehouse.load_statements import TABLES
from gateway.warehouse.stream_kafka import look, topic
from gateway.web.access.users import UsersError

_MARKS = {True: "ok  ", False: "MEND", None: "note"}


class Finding(NamedTuple):
    """One line: well (True), to mend (False) or worth knowing (None), and a sentence."""

    well: bool | None
    sentence: str


Check = Callable[[Configuration, Folders], Iterator[Finding]]


def check_sites(configuration: Configuration, _folders: Folders) -> Iterator[Finding]:
    """Each site's policy, and how long it may still be activated."""
    for site in configuration.sites.all:
        days = (date.fromisoformat(site.policy.clauses.head.review_by) - date.today()).days
        say = f"site {site.name}: policy {site.policy.name} {site.policy.version} ({site.policy.hash})"
        if days < 0:
            yield Finding(False, f"{say} was due for review {-days} days ago; review it and give it a new version")
        else:
            yield Finding(True if days > 30 else None, f"{say}, review due in {days} days")
    if configuration.is_starter:
        yield Finding(None, "no configuration: the starter site takes any key and origin, on loopback only")


def check_folder(_configuration: Configuration, folders: Folders) -> Iterator[Finding]:
    """Whether the data folder can be written, and how fast a commit to it is."""
    try:
        folders.make()
    except FolderError as error:
        yield Finding(False, str(error))
        return
    yield Finding(True, f"data folder {folders.data}: one synced write takes {_sync_ms(folders.run):.1f} ms")


def check_space(configuration: Configuration, folders: Folders) -> Iterator[Finding]:
    """Free disk space against the reserve below which hits are turned away."""
    free, reserve = shutil.disk_usage(folders.data).free, configuration.settings.disk_reserve_bytes
    say = f"{free / 1024**3:.1f} GB free"
    yield Finding(free > reserve, say if free > reserve else f"{say}, below disk_reserve_bytes: hits are answered 503")


def check_warehouse(configuration: Configuration, folders: Folders) -> Iterator[Finding]:
    """Whether the warehouse answers, and what it holds."""
    target = configuration.settings.warehouse
    if target == "embedded" and not (folders.run / "warehouse.json").exists():
        yield Finding(None, "the embedded warehouse is not running; `gateway serve` starts it")
        return
    try:
        client = connect(find(folders, target, reader=True))
        rows = client.query("SELECT count() FROM gateway.events").result_rows[0][0]
        client.close()
    except WarehouseError as error:
        yield Finding(False, f"warehouse: {error}")
        return
    yield Finding(True, f"warehouse: answers, {rows:,} facts")


def check_kafka(configuration: Configuration, _folders: Folders) -> Iterator[Finding]:
    """Whether the brokers answer, where there are any, and have every topic."""
    settings = configuration.settings
    if not settings.kafka:
        return
    try:
        missing = {topic(stream) for stream in TABLES} - look(settings.kafka, settings.kafka_properties)
    except WarehouseError as error:
        yield Finding(False, str(error))
        return
    yield Finding(True, "kafka: answers")
    if missing:
        made = "make them, unless the brokers make topics by themselves"
        yield Finding(None, f"kafka: has no {', '.join(sorted(missing))}; {made}")


def check_ports(configuration: Configuration, _folders: Folders) -> Iterator[Finding]:
    """Whether what each port needs to open can be read: certificates, and who may use the private one."""
    settings = configuration.settings
    try:
        read_certificate(settings, "certificate")
        users = read_private(settings).guard.users
    except (ConfigurationError, TlsError, UsersError) as error:
        yield Finding(False, str(error))
        return
    if users is None:
        yield Finding(None, f"no admin_users: whoever reaches {settings.admin_host} may do everything there")
    else:
        yield Finding(True, f"admin_users {settings.admin_users}")


def check_geo(configuration: Configuration, _folders: Folders) -> Iterator[Finding]:
    """Whether places are known."""
    file = configuration.settings.geo_file
    if not file:
        yield Finding(None, "no geo_file: a place is known from markets and consent strings only, else the strictest")
    elif not os.access(file, os.R_OK):
        yield Finding(False, f"geo_file {file} cannot be read; correct the path or its permissions")
    else:
        yield Finding(True, f"geo_file {file}")


#: Every check, in the order that a person mends them in.
CHECKS: tuple[Check, ...] = (
    check_sites,
    check_ports,
    check_folder,
    check_space,
    check_geo,
    check_warehouse,
    check_kafka,
)


@click.command()
@config_option
@data_option
@setting_option("admin_host")
@setting_option("warehouse")
@setting_option("kafka")
@setting_option("kafka_properties")
def doctor(config: Path | None, data: Path, **overrides: Any) -> None:
    """Check configuration, policies, ports, data folder, warehouse and Kafka. Exit code 1 if something is to mend.

    \b
    Example:
      gateway doctor --config gateway.yml
    """
    try:
        configuration = read_configuration(config, overrides, secrets_of=("hooks", "forward"))
    except ConfigurationError as error:
        _show([Finding(False, str(error))])
    else:
        folders = Folders(data)
        _show([finding for check in CHECKS for finding in check(configuration, folders)])


def _show(findings: list[Finding]) -> None:
    for finding in findings:
        click.echo(f"{_MARKS[finding.well]}  {finding.sentence}")
    raise SystemExit(1 if any(finding.well is False for finding in findings) else 0)


def _sync_ms(folder: Path) -> float:
    probe = folder / f".doctor.{os.getpid()}"
    began = time.perf_counter()
    with probe.open("wb") as file:
        file.write(b"x" * 4096)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.perf_counter() - began
    probe.unlink()
    return seconds * 1000
