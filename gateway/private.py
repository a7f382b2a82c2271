"""What the private port needs before it may listen: somebody to ask, where it can be reached; a certificate, where one
is set. Checked once, at the start; what is missing stops it with one sentence.

May not: listen or answer. Reads the file of users and the certificate, nothing else.
"""

from __future__ import annotations

import logging
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple

from gateway.configuration import ConfigurationError, is_loopback
from gateway.settings import Settings
from gateway.tls import Certificate, read_certificate
from gateway.web.access.guard import Guard, Terms
from gateway.web.access.users import Users

_log = logging.getLogger("gateway.admin")

_HOME = ("localhost", "127.0.0.1", "::1")


class Private(NamedTuple):
    """The guard of the port, and its certificate if it has one."""

    guard: Guard
    certificate: Certificate | None


def read_private(settings: Settings, metrics_only: bool = False) -> Private:
    """Raises ConfigurationError, UsersError and TlsError, each one sentence.

    `metrics_only`: only counts are shown, which are nobody's; then it may be reached without a login.
    """
    users = None if metrics_only else _read_users(settings)
    certificate = read_certificate(settings, "admin_certificate")
    names = frozenset(name.lower().strip("[]") for name in (*_HOME, settings.admin_host, *settings.admin_names))
    header = settings.admin_user_header.lower() if settings.admin_proxies else ""
    return Private(Guard(Terms(names, settings.admin_proxies, header, settings.admin_session_s), users), certificate)


def warn_of_plain_secrets(settings: Settings, private: Private) -> None:
    """Says that passwords cross the network as they are, where neither we nor a proxy speak TLS."""
    alone = private.certificate is None and not settings.admin_proxies
    if private.guard.users is not None and alone and not is_loopback(settings.admin_host):
        _log.warning("the admin port takes secrets without TLS: set admin_certificate, or admin_proxies to who has one")


def _read_users(settings: Settings) -> Users | None:
    if settings.admin_user_header and not settings.admin_proxies:
        raise ConfigurationError("admin_user_header is believed from nobody: set admin_proxies to who may send it.")
    if any(ip_network(text).prefixlen == 0 for text in settings.admin_proxies):
        raise ConfigurationError("admin_proxies names everybody, who could then be anybody; name the proxies only.")
    if settings.admin_users:
        return Users(Path(settings.admin_users))
    if is_loopback(settings.admin_host):
        return None
    raise ConfigurationError(
        f"The admin port would answer everybody who reaches {settings.admin_host}: make a user with "
        "`gateway admin add-user NAME --users FILE` and set admin_users to that file, or keep admin_host on loopback."
    )
