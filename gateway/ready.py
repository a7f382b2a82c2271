"""When a gateway is ready: the public port accepts, the admin port answers, the warehouse has written its endpoint.

May not: change anything; it only looks.
"""

from __future__ import annotations

import asyncio

from gateway.folders import Folders
from gateway.warehouse.engine_endpoint import read_endpoint

_LOOK_EVERY_S = 0.02


async def wait_until_ready(folders: Folders, ports: tuple[int, int], embedded: bool, seconds: float) -> bool:
    """True once everything is, False after `seconds`. `ports` are the public and the admin port, on loopback."""
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


async def answers(port: int, path: str, host: str = "127.0.0.1") -> bool:
    """Whether a GET of that path is answered 200 within a second."""
    try:
        async with asyncio.timeout(1.0):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            status = await reader.readline()
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in status
