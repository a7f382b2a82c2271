"""Where the gateway is: a URL, read.

May not: open a socket.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit


class Address(NamedTuple):
    """Host and port to connect to, whether by TLS, and the path prefix under which hits are taken."""

    host: str
    port: int
    tls: bool
    prefix: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.prefix}"


def read_address(url: str) -> Address:
    """An address out of `http://host:port/prefix`. Raises ValueError with a sentence for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"{url} is not a URL; give one such as http://127.0.0.1:8080") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{url} is not the URL of a gateway; give one such as http://127.0.0.1:8080")
    tls = parts.scheme == "https"
    return Address(parts.hostname, port or (443 if tls else 80), tls, parts.path.rstrip("/"))
