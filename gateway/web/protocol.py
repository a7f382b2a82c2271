"""The limits of HTTP that uvicorn does not have: line, headers, and time to arrive.

May not: read a body or know an adapter. What it turns away is counted, by reason, through `refuse`.

Rules, each with its precedent
    request line 64 KB    mixpanel-node sends 40 KB GETs; h11's default is 64 KB
    headers 32 KB         Apache 8 KB a line, nginx 4 x 8 KB; browsers' cookies alone reach 16 KB
    10 s to arrive        nginx's client_header_timeout and client_body_timeout are 60 s; ours is stricter
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.words import Refusal

LINE_LIMIT_BYTES = 64 * 1024
HEADERS_LIMIT_BYTES = 32 * 1024

#: What may arrive before the headers are complete, and a count that no body brings up to it.
_HEAD_LIMIT_BYTES = LINE_LIMIT_BYTES + HEADERS_LIMIT_BYTES + 512 * 1024  # a read of the body may come with it
_HEAD_DONE = -(1 << 62)

#: How often slow arrivals are looked for.
_SWEEP_EVERY_S = 1.0


class LimitExceeded(Exception):
    """The request line or its headers are too long; raised inside the parser, which stops reading."""


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with three limits. Made by `limited`, which knows the counter and the time."""

    refuse: Callable[[Refusal], None]
    arrive_s: float

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.began: float | None = self.loop.time()
        self.header_bytes = 0
        self.head_bytes = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.head_bytes += len(data)  # one header without an end never reaches on_header
        if self.head_bytes > _HEAD_LIMIT_BYTES and not self.transport.is_closing():
            self.send_400_response("The request line and headers are too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.began = self.loop.time()
        self.header_bytes = 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.head_bytes = _HEAD_DONE

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > LINE_LIMIT_BYTES:
            raise LimitExceeded

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_bytes += len(name) + len(value) + 4
        if self.header_bytes > HEADERS_LIMIT_BYTES:
            raise LimitExceeded
        super().on_header(name, value)

    def on_message_complete(self) -> None:
        self.began = None
        self.head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP, or too long to be read: counted, answered, closed."""
        self.refuse(Refusal.REQUEST_UNREADABLE)
        super().send_400_response(msg)

    def end_if_slow(self, now: float) -> None:
        """Closes a connection whose request has been arriving for too long. The app learns of it as a disconnect."""
        if self.began is None or now - self.began < self.arrive_s or self.transport.is_closing():
            return
        self.refuse(Refusal.SLOW_BODY)
        super().send_400_response("The request took too long to arrive.")


def limited(refuse: Callable[[Refusal], None], arrive_s: float) -> type[LimitedProtocol]:
    """A protocol class for uvicorn's `http=`; `refuse` is called with the reason of each request turned away."""
    return type("Limited", (LimitedProtocol,), {"refuse": staticmethod(refuse), "arrive_s": arrive_s})


async def sweep(state: ServerState) -> None:
    """Ends slow arrivals, once a second, for as long as the server runs. Why: one task, not a timer per request."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_SWEEP_EVERY_S)
        now = loop.time()
        for connection in list(state.connections):
            if isinstance(connection, LimitedProtocol):
                connection.end_if_slow(now)
