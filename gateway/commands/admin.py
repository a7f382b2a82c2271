"""`gateway admin`: the private port, and who may use it."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import click

from gateway import log
from gateway.commands.options import config_option, data_option, fail, listen, setting_option
from gateway.configuration import ConfigurationError, read_configuration
from gateway.folders import FolderError, Folders
from gateway.private import read_private
from gateway.reload import Watch
from gateway.tls import TlsError
from gateway.web.access.users import (
    LONGEST_SECRET,
    SHORTEST_PASSWORD,
    Kind,
    Role,
    User,
    UsersError,
    check_name,
    hash_secret,
    new_token,
    read_users,
)

_ROLES = click.Choice([role.value for role in Role])
_KINDS = click.Choice([kind.value for kind in Kind])


@click.group(invoke_without_command=True)
@click.pass_context
@config_option
@data_option
@setting_option("admin_host")
@setting_option("admin_port")
@setting_option("admin_users")
@setting_option("admin_certificate")
@setting_option("admin_certificate_key")
@setting_option("warehouse")
@click.option("--metrics-only", is_flag=True, help="Show /healthz and /metrics and nothing else; needs no login.")
@click.option("--fd", type=int, hidden=True, help="A listening socket that the supervisor opened.")
def admin(
    context: click.Context, /, config: Path | None, data: Path, fd: int | None, metrics_only: bool, **overrides: Any
) -> None:
    """Run only the private port: pages, /api, /metrics. Beyond loopback it asks who is there (setting admin_users).

    \b
    Examples:
      gateway admin --admin-port 8081 --data /var/lib/gateway
      gateway admin add-user anna --role officer --users /etc/gateway/users
    """
    if context.invoked_subcommand is not None:
        return
    try:
        configuration = read_configuration(config, overrides)
        private = read_private(configuration.settings, metrics_only)
        folders = Folders(data)
        folders.make()
    except (ConfigurationError, FolderError, UsersError, TlsError) as error:
        fail(str(error))
    log.begin("gateway.admin")
    from gateway.app_private import PrivateDoor, run_admin  # noqa: PLC0415 - `add-user` needs no web server

    settings = configuration.settings
    listener = (
        socket.socket(fileno=fd) if fd is not None else listen(settings.admin_host, settings.admin_port, "--admin-port")
    )
    watch = Watch(configuration, lambda: read_configuration(config, overrides))
    run_admin(watch, configuration, folders, PrivateDoor(listener, private, metrics_only))


@admin.command("add-user")
@click.argument("name")
@click.option(
    "--role",
    type=_ROLES,
    required=True,
    help="Each may also what those before it may.",
)
@click.option("--users", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File of users.")
@click.option(
    "--by",
    type=_KINDS,
    default="password",
    show_default=True,
    help="How they prove themselves.",
)
@config_option
@data_option
def add_user(name: str, role: str, users: Path, by: str, config: Path | None, data: Path) -> None:
    """Add a user of the private port, or give one a new secret or role. The file is made if it is missing.

    A password is asked for (or read from standard input), a token is made and shown once; the file keeps scrypt
    hashes only. A gateway that runs takes the change over within the next request, and ends that user's sessions.

    \b
    Examples:
      gateway admin add-user anna --role officer --users /etc/gateway/users
      gateway admin add-user grafana --role analyst --by token --users /etc/gateway/users > token
      gateway admin add-user bob --role admin --by proxy --users /etc/gateway/users
    """
    try:
        secret = _secret(check_name(name), Kind(by))
        known = read_users(users) if users.exists() and users.read_bytes().strip() else {}
        user = User(name, Role(role), Kind(by), hash_secret(secret) if secret else "-")
        _write(users, known | {name: user})
    except UsersError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{users} cannot be written ({error.strerror}).")
    click.echo(f"{name} is {role} now, by {by}. Set admin_users to {users}.", err=True)
    if user.kind is Kind.TOKEN:
        click.echo(secret)


def _secret(name: str, kind: Kind) -> str:
    if kind is Kind.PROXY:
        return ""
    if kind is Kind.TOKEN:
        return new_token(name)
    if sys.stdin.isatty():
        secret: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        secret = sys.stdin.readline().rstrip("\r\n")
    if not SHORTEST_PASSWORD <= len(secret) <= LONGEST_SECRET:
        raise UsersError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_SECRET} characters.")
    return secret


def _write(file: Path, users: dict[str, User]) -> None:
    """Whole or not at all, for its owner only."""
    part = file.with_name(f".{file.name}.new")
    part.touch(mode=0o600)
    part.write_text("# name role kind hash; gateway admin add-user\n" + "".join(user.line() for user in users.values()))
    part.replace(file)
