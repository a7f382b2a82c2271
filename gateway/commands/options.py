"""Options that several commands share, and the way that a command ends badly.

May not: decide anything.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from gateway.settings import Settings

_F = TypeVar("_F", bound=Callable[..., Any])

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="gateway.yml; without one there is one site, `demo`, with the strictest policy.",
)
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("gateway-data"),
    show_default=True,
    help="Folder of the journal, the keys and the embedded warehouse.",
)


def setting_option(name: str, *flags: str) -> Callable[[_F], _F]:
    """An option that overrides the setting of that name; its type and help come from the table of settings."""
    metadata = Settings.__dataclass_fields__[name]
    flag = flags or (f"--{name.replace('_', '-')}",)
    text = f"{metadata.metadata['help']} [{metadata.metadata['unit']}; default {metadata.default}]"
    kind = type(metadata.default)
    return click.option(
        *flag, name, type=kind, default=None, help=text, envvar=f"GATEWAY_{name.upper()}", show_envvar=True
    )


def fail(sentence: str, code: int = 2) -> NoReturn:
    """Says one sentence and ends the command: 1 the checked thing failed, 2 wrong use."""
    click.echo(f"gateway: {sentence}", err=True)
    raise SystemExit(code)


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket, or one sentence and exit code 2. `setting` is the option that would choose another port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        why = f"Port {port} on {host} cannot be listened on ({error.strerror})"
        fail(f"{why}: free it, or choose another with {setting}.")
    listener.set_inheritable(True)
    return listener
