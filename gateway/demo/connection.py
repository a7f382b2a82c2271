"""One kept-alive HTTP/1.1 connection to the gateway: a request's bytes out, a reply in.

May not: retry, wait on purpose, or know what a request is about.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

import httptools

from gateway.demo.address import Address
from gateway.demo.words import Request

#: The longest that one reply may take.
REPLY_TIMEOUT_S = 30.0

_CHUNK_BYTES = 65_536


class Reply:
    """What the gateway answered: status, and what its headers tell. A body is read and let go."""

    __slots__ = ("complete", "facts", "refused", "retry_after_s", "status")

    def __init__(self) -> None:
        self.status = 0
        self.facts = 0
        self.refused = 0
        self.retry_after_s = 1.0
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == b"x-gateway-outcome":
            self.facts, self.refused = read_outcome(value)
        elif lower == b"retry-after" and value.isdigit():
            self.retry_after_s = float(value)

    def on_message_complete(self) -> None:
        self.complete = True


def read_outcome(value: bytes) -> tuple[int, int]:
    """Facts and refusals out of `facts=N refused=M`; (0, 0) for what is not that."""
    told = dict(part.partition(b"=")[::2] for part in value.split())
    facts, refused = told.get(b"facts", b""), told.get(b"refused", b"")
    return (int(facts), int(refused)) if facts.isdigit() and refused.isdigit() else (0, 0)


class Connection:
    """Opens itself when needed, and again after the other side closed it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        host = f"[{address.host}]" if ":" in address.host else address.host
        self._host_line = f"Host: {host}:{address.port}\r\n".encode("ascii")
        self._streams: tuple[StreamReader, StreamWriter] | None = None

    async def exchange(self, request: Request, body: bytes) -> Reply:
        """Sends and reads the reply. Raises OSError (TimeoutError among them) when there is none."""
        async with asyncio.timeout(REPLY_TIMEOUT_S):
            reader, writer = self._streams or await self._open()
            writer.write(self._bytes(request, body))
            return await self._read(reader)

    async def close(self) -> None:
        """Lets go of the connection, whatever state it is in."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _open(self) -> tuple[StreamReader, StreamWriter]:
        address = self._address
        self._streams = await asyncio.open_connection(address.host, address.port, ssl=address.tls or None)
        return self._streams

    def _bytes(self, request: Request, body: bytes) -> bytes:
        first = f"{request.method} {self._address.prefix}{request.target} HTTP/1.1\r\n".encode("ascii")
        length = b"" if request.method == "GET" else b"Content-Length: %d\r\n" % len(body)
        return b"".join((first, self._host_line, request.head, length, b"\r\n", body))

    async def _read(self, reader: StreamReader) -> Reply:
        """Why no waiting for the request to be written: a gateway may answer 413 before it took the whole body."""
        reply = Reply()
        parser = httptools.HttpResponseParser(reply)
        while not reply.complete:
            chunk = await reader.read(_CHUNK_BYTES)
            if not chunk:
                raise ConnectionResetError("closed without a whole reply")
            self._feed(parser, chunk)
        reply.status = parser.get_status_code()
        if not parser.should_keep_alive():
            await self.close()
        return reply

    def _feed(self, parser: httptools.HttpResponseParser, chunk: bytes) -> None:
        try:
            parser.feed_data(chunk)
        except httptools.HttpParserError as error:
            raise ConnectionResetError("what answers there does not speak HTTP") from error
