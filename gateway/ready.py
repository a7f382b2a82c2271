"""When a gateway is ready: the public port accepts, the admin port answers, the warehouse has written its endpoint.

May not: change anything; it only looks.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import NamedTuple

from gateway.folders import Folders
from gateway.warehouse.engine_endpoint import read_endpoint

_LOOK_EVERY_S = 0.02


class Port(NamedTuple):
    """A port that listens, the address that it listens on, and whether it speaks TLS."""

    number: int
    host: str = "127.0.0.1"
    is_tls: bool = False

    @property
    def url(self) -> str:
        """As people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_tls else 'http'}://{host}:{self.number}"

    @property
    def near(self) -> str:
        """An address of this machine that leads there."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)


async def wait_until_ready(folders: Folders, ports: tuple[Port, Port], embedded: bool, seconds: float) -> bool:
    """True once everything is, False after `seconds`. `ports` are the public and the admin port."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        if (
            (not embedded or read_endpoint(folders.data))
            and await answers(ports[0], "/readyz")
            and await answers(ports[1], "/healthz")
        ):
            return True
        await asyncio.sleep(_LOOK_EVERY_S)
    return False


async def answers(port: Port, path: str) -> bool:
    """Whether a GET of that path is answered 200 within a second."""
    try:
        async with asyncio.timeout(1.0):
            tls = _any_certificate() if port.is_tls else None
            reader, writer = await asyncio.open_connection(port.near, port.number, ssl=tls)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            status = await reader.readline()
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in status


def _any_certificate() -> ssl.SSLContext:
    """Why unverified: the socket is our own, and the certificate names the public host."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
