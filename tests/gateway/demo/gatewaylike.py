"""A server that records requests over real sockets and answers as it is told: what the sender is tried against."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from gateway.demo.address import Address


class Taken(NamedTuple):
    """One request as it arrived, and over which connection."""

    connection: int
    method: str
    target: str
    head: bytes
    body: bytes


#: The bytes to answer with; b"" closes the connection without an answer.
Answering = Callable[[int, Taken], bytes]


def answer(status: str = "204 No Content", *lines: str) -> bytes:
    """A reply without a body."""
    head = "".join(f"{line}\r\n" for line in lines)
    length = "" if status.startswith("204") else "Content-Length: 0\r\n"
    return f"HTTP/1.1 {status}\r\n{length}{head}\r\n".encode()


def one_fact(_number: int, _taken: Taken) -> bytes:
    return answer("204 No Content", "X-Gateway-Outcome: facts=1 refused=0")


class Recorder:
    """All requests, in the order of their arrival; `open_at_once` is the most connections held at one time."""

    def __init__(self, answering: Answering) -> None:
        self.taken: list[Taken] = []
        self.connections = 0
        self.open_at_once = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._answering = answering

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        self.open_at_once = max(self.open_at_once, len(self._writers))
        number = self.connections
        try:
            while reply := await self._one(number, reader):
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def hang_up(self) -> None:
        """Closes what is still open, so that no test leaves a socket behind."""
        for writer in tuple(self._writers):
            writer.transport.abort()
        while self._writers:
            await asyncio.sleep(0.001)

    async def _one(self, connection: int, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        first, _, lines = head.partition(b"\r\n")
        length = next((line[16:] for line in lines.split(b"\r\n") if line.startswith(b"Content-Length: ")), b"0")
        body = await reader.readexactly(int(length))
        method, target, _ = first.decode().split(" ")
        taken = Taken(connection, method, target, lines, body)
        self.taken.append(taken)
        return self._answering(len(self.taken), taken)


@asynccontextmanager
async def recording(answering: Answering = one_fact, port: int = 0) -> AsyncIterator[tuple[Recorder, Address]]:
    """A recorder on a free loopback port."""
    recorder = Recorder(answering)
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", port, limit=1_000_000)
    async with server:
        yield recorder, Address("127.0.0.1", server.sockets[0].getsockname()[1], False, "")
        server.close()
        await recorder.hang_up()
