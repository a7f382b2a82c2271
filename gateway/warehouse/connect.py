"""The one way to the warehouse: a clickhouse-connect client for a URL, and errors of two kinds.

May open connections; may not know what is asked.

Why errors are translated here: whoever speaks to the warehouse has to choose between trying again and telling a person,
and the driver's types do not say which.

For the loader: send INSERTs with `client.command(sql, data=rows, settings={"query_id": ...})`. The driver sends
`insert` and `raw_insert` again when a connection breaks, even if the first one was carried out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from gateway.warehouse.engine_endpoint import read_endpoint
from gateway.warehouse.engine_errors import sentence_of

# Why: the driver logs what it raises as well, with addresses and statements; whoever catches our error says it once.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)

_SCHEMES = {"clickhouse": "http", "http": "http", "clickhouses": "https", "https": "https"}
_PORTS = {"http": 8123, "https": 8443}
_CONNECT_TIMEOUT_S, _ANSWER_TIMEOUT_S = 10, 600

#: Codes after which the same statement may work later: limits of the moment, network, replicas, Keeper, disk space.
_TRANSIENT = frozenset({3, 74, 75, 159, 160, 173, 198, 202, 203, 209, 210, 216, 225, 236, 241, 242, 243, 252, 279})
_TRANSIENT |= {285, 286, 289, 290, 319, 335, 394, 410, 415, 425, 439, 473, 499, 518, 571, 574, 577, 626, 656, 659, 712}
_TRANSIENT |= {719, 733, 739, 746, 999}
#: Code -> what a person can do about it.
_HINTS = {
    60: "run: gateway warehouse migrate",
    81: "run: gateway warehouse migrate",
    16: "run: gateway warehouse migrate",
    36: "look at the statement",
    62: "look at the statement near the place that the message names",
    46: "look at the function's name",
    47: "look at the column's name: DESCRIBE TABLE gateway.events",
    164: "this user only reads",
    497: "grant it: gateway warehouse sql --roles prints the grants",
    516: "check user and password of --warehouse",
    241: "ask for less at once, or give the warehouse more memory",
    159: "ask for less at once, such as a shorter time range",
    396: "add LIMIT, or aggregate",
    243: "free disk space",
}


class WarehouseError(Exception):
    """What failed, where, why, and what to do. `code` is ClickHouse's, None when it never answered."""

    def __init__(self, where: str, cause: str, hint: str, code: int | None = None) -> None:
        self.where, self.cause, self.hint, self.code = where, cause, hint, code
        super().__init__(f"{where}: {cause} ({hint})" if hint else f"{where}: {cause}")


class TransientError(WarehouseError):
    """The same again may work later. After an INSERT: it may have been carried out, so look before repeating it."""


class TerminalError(WarehouseError):
    """Repeating will not help; a person has to do what the hint says."""


class HasData(Protocol):
    """Whatever knows its data folder, such as `gateway.folders.Folders`."""

    @property
    def data(self) -> Path: ...


def find(folders: HasData | Path, target: str = "embedded", reader: bool = False) -> str:
    """The URL of a target: its own, or that of the engine which runs on this data folder.

    `reader` asks for the read-only user of the engine. Raises `TransientError` while no engine runs.
    """
    if target != "embedded":
        return target
    data = folders if isinstance(folders, Path) else folders.data
    endpoint = read_endpoint(data)
    if endpoint is None:
        raise TransientError(f"embedded warehouse in {data}", "its engine does not run", "start: gateway serve")
    return endpoint.reader if reader else endpoint.url


def connect(target: str, database: str | None = None) -> Client:
    """A client for `clickhouse://user:password@host:port/database` (`clickhouses://` for TLS). Close it after use.

    `database` wins over the URL's. Threads may share a client to read, for it has no session; whoever writes has one of
    its own. Raises `TransientError` or `TerminalError`.
    """
    url = _read_url(target)
    interface = _SCHEMES[url.scheme]
    with translated(target):
        return clickhouse_connect.get_client(
            interface=interface,
            host=url.hostname or "localhost",
            port=url.port or _PORTS[interface],
            username=unquote(url.username or "default"),
            password=unquote(url.password or ""),
            database=database or url.path.strip("/") or "gateway",
            compress=not _is_loopback(url),
            connect_timeout=_CONNECT_TIMEOUT_S,
            send_receive_timeout=_ANSWER_TIMEOUT_S,
            client_name="edge-tracking-gateway",
            autogenerate_session_id=False,
            dedicated_pool=True,
        )


@contextmanager
def translated(target: str) -> Iterator[None]:
    """Turns the driver's errors into ours. Wrap every call to a client in it."""
    try:
        yield
    except ClickHouseError as error:
        raise translate(error, target) from error


def translate(error: ClickHouseError, target: str) -> WarehouseError:
    """The same error in our words. It names the host, never the password."""
    code = getattr(error, "code", None)
    where = name_of_target(target)
    if code is None and error.__cause__ is not None:
        return TransientError(where, "does not answer", "is it running, and is the address right?")
    kind = TransientError if code is None or code in _TRANSIENT else TerminalError
    return kind(where, sentence_of(str(error)), _HINTS.get(code or 0, ""), code)


def name_of_target(target: str) -> str:
    """The target without user and password, for messages."""
    url = _read_url(target)
    return f"{url.scheme}://{url.hostname}:{url.port or _PORTS[_SCHEMES[url.scheme]]}{url.path}"


def _read_url(target: str) -> SplitResult:
    try:
        url = urlsplit(target)
        sound = url.scheme in _SCHEMES and bool(url.hostname) and url.port != 0
    except ValueError:
        sound = False
    if not sound:
        hint = "write clickhouse://user:password@host:8123/gateway, or embedded"
        raise TerminalError("warehouse", "its URL is not understood", hint)
    return url


def _is_loopback(url: SplitResult) -> bool:
    return url.hostname in ("127.0.0.1", "localhost", "::1")
