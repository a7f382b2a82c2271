"""Calling out: one address, checked and pinned, one request at a time, within limits. Blocks: not for an event loop.

May not: follow a redirect, keep a cookie, say who asked; reach an address that is not public, unless it was allowed.

Rules
    1. A name is resolved once per connection, all its addresses have to be public, and the connection goes to one of
       those very addresses: a name that answers differently a moment later leads nowhere else (DNS rebinding).
    2. TLS always, with the name that was configured; plain HTTP only where private addresses are allowed, in tests.
    3. The whole call has one deadline, and its answer one limit.
Source: OWASP, server-side request forgery prevention; RFC 6890, special-purpose addresses.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.outward import Upstream

#: What every call says of itself; nothing of whoever caused it.
_HEADERS = {"User-Agent": "edge-tracking-gateway", "Accept-Encoding": "identity"}

#: IPv4 inside of IPv6, behind a translator. Source: RFC 6052.
_TRANSLATED = IPv6Network("64:ff9b::/96")

_BLOCK_BYTES = 65_536


class OutboundError(Exception):
    """The call did not succeed; `str()` is one sentence without a value."""


class Told(NamedTuple):
    """An answer: its status, its headers by lower-case name, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Limits(NamedTuple):
    """Of one call: seconds for all of it, bytes of its answer."""

    seconds: float = 10.0
    answer_bytes: int = 4 * 1024 * 1024


class Caller:
    """One connection to one upstream, opened when needed, kept while it lasts. Not thread-safe."""

    def __init__(self, upstream: Upstream, limits: Limits | None = None) -> None:
        self.upstream = upstream
        parts = urlsplit(upstream.url)
        self._host, self._is_tls = parts.hostname or "", parts.scheme == "https"
        self._port = parts.port or (443 if self._is_tls else 80)
        self._is_private = upstream.is_private
        self._limits = limits or Limits()
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Told:
        """The answer, whatever its status. Raises OutboundError; whether the call arrived is not known then."""
        until = time.monotonic() + self._limits.seconds
        try:
            try:
                return self._try(method, target, body, headers or {}, until)
            except _STALE:
                self.close()  # a kept connection that the other side has closed meanwhile: once more, on a fresh one
                return self._try(method, target, body, headers or {}, until)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise OutboundError(f"the upstream cannot be reached ({_say(error)})") from None
        except OutboundError:
            self.close()
            raise

    def close(self) -> None:
        """Lets go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _try(self, method: str, target: str, body: bytes, headers: Mapping[str, str], until: float) -> Told:
        if self._connection is None:
            self._connection = self._connect(until)
        connection = self._connection
        _patience(connection, until)
        connection.request(method, target, body or None, {**_HEADERS, **headers})
        answer = connection.getresponse()
        told = Told(
            answer.status, {name.lower(): text for name, text in answer.getheaders()}, self._read(answer, until)
        )
        if answer.will_close:
            self.close()
        return told

    def _read(self, answer: http.client.HTTPResponse, until: float) -> bytes:
        blocks, size = [], 0
        while block := answer.read1(_BLOCK_BYTES):
            blocks.append(block)
            size += len(block)
            if size > self._limits.answer_bytes:
                raise OutboundError("the upstream's answer is larger than allowed")
            if time.monotonic() > until:
                raise OutboundError("the upstream's answer took longer than allowed")
        answer.close()  # it has been read whole, which `read1` does not tell the connection
        return b"".join(blocks)

    def _connect(self, until: float) -> http.client.HTTPConnection:
        if not self._is_tls and not self._is_private:
            raise OutboundError("the upstream is not https")
        connection = http.client.HTTPConnection(self._host, self._port)
        connection.auto_open = 0  # it would resolve the name itself
        connection.default_port = 443 if self._is_tls else 80  # Host says no usual port
        connection.sock = self._open(until)
        return connection

    def _open(self, until: float) -> socket.socket:
        failure: OSError = OSError("no address")
        for address in self._addresses():
            try:
                opened = socket.create_connection((address, self._port), max(0.1, until - time.monotonic()))
            except OSError as error:
                failure = error
                continue
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._secured(opened) if self._is_tls else opened
        raise failure

    def _secured(self, opened: socket.socket) -> socket.socket:
        try:
            return ssl.create_default_context().wrap_socket(opened, server_hostname=self._host)
        except OSError:
            opened.close()
            raise

    def _addresses(self) -> list[str]:
        """The addresses of the host, all of them public; or an error, also if only one is not."""
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._is_private and not all(is_public(address) for address in addresses):
            raise OutboundError("the upstream's name leads to an address that is not public")
        return addresses


_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, http.client.CannotSendRequest)


def is_public(text: str) -> bool:
    """Whether the address is one of the open internet, also behind every way of writing IPv4 into IPv6."""
    address = ip_address(text.partition("%")[0])
    inner = _inner(address) if isinstance(address, IPv6Address) else None
    plain = inner or address
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _patience(connection: http.client.HTTPConnection, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise OutboundError("the upstream took longer than allowed")
    connection.sock.settimeout(left)


def _say(error: BaseException) -> str:
    """In the system's words, or the error's kind: messages may quote what was sent."""
    if isinstance(error, socket.gaierror):
        return "its name has no address"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or type(error).__name__
