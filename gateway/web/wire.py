"""HTTP/1.1 of the public port: bytes to requests, replies to bytes, in order, within limits. A protocol for uvicorn.

May not: know a path, a site or an adapter; it asks a `Service`.

Why not ASGI here: a task, a cycle object and two validated messages per request cost 22 of the 34 µs that the bare
round trip takes; a hit needs none of them. httptools parses, uvicorn listens, drains and speaks TLS as for any app.

Rules, each limit with its precedent
    1. Replies leave in the order of their requests, whatever order they are ready in (RFC 9112, 9.3.2).
    2. A request line may have 64 KB: mixpanel-node sends GETs of 40 KB; h11 allows 64 KB.
    3. Headers may have 32 KB together: nginx allows 4 x 8 KB.
    4. A request has 10 s to arrive (setting `body_timeout_s`): nginx gives 60 s to header and body each.
    5. What is turned away is counted by its reason, answered, and the connection closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.intake.headers import Headers, joined
from gateway.words import Refusal

LINE_LIMIT_BYTES = 64 * 1024
HEADERS_LIMIT_BYTES = 32 * 1024

#: What may come before the headers are complete; one read of the body may come with them.
_HEAD_LIMIT_BYTES = LINE_LIMIT_BYTES + HEADERS_LIMIT_BYTES + 512 * 1024
#: A count that no body brings up to the limit: the headers are complete.
_HEAD_DONE = -(1 << 62)

#: Requests of one connection that may wait for their replies before no more are read.
_WAITING_LIMIT = 32

#: A body over its limit is read and thrown away up to here, so that its sender sees the answer and not a reset.
_DISCARD_LIMIT_BYTES = 16 * 1024 * 1024

#: A count that a message reaches with chunk extensions or trailers instead of a body.
_TOO_MUCH = _HEAD_DONE + _DISCARD_LIMIT_BYTES

_SWEEP_EVERY_S = 1.0
_IDLE_S = 75.0

_NO_CONTENT = 204
#: uvicorn's default headers as last seen, and the lines that they make; new ones come once a second.
_LAST_DATE: list[Any] = [None, b""]

_STATUS_LINES = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}


class Request:
    """One request, whole. `path` is decoded, `query` is not; `peer` is '' if unknown."""

    __slots__ = ("body", "headers", "method", "path", "peer", "query")

    def __init__(self, method: str, path: str, query: bytes, headers: Headers, body: bytes, peer: str) -> None:
        self.method, self.path, self.query = method, path, query
        self.headers, self.body, self.peer = headers, body, peer


class Reply(NamedTuple):
    """An answer. `lines` are header lines as they go out, each with its CRLF; Content-Length and Date are added."""

    status: int
    lines: bytes = b""
    body: bytes = b""


class Pending:
    """An answer that waits: `reply` once the future is done, `otherwise` if it fails."""

    __slots__ = ("future", "otherwise", "reply")

    def __init__(self, future: asyncio.Future[None], reply: Reply, otherwise: Reply) -> None:
        self.future, self.reply, self.otherwise = future, reply, otherwise


class Service(Protocol):
    """What the wire asks. None of these may wait or raise."""

    def answer(self, request: Request) -> Reply | Pending:
        """The answer to a whole request."""

    def refuse(self, refusal: Refusal) -> Reply:
        """The answer to what never became a request; it is counted there."""

    def answered(self, status: int, seconds: float) -> None:
        """A reply has left, so many seconds after its request began."""


class LimitExceeded(Exception):
    """The request line or its headers are too long; raised inside the parser, which stops reading."""


class Exchange:
    """One request waiting for its reply, in the order of its connection."""

    __slots__ = ("began", "close", "head_only", "pending", "reply", "wire")

    def __init__(self, wire: Wire, close: bool, head_only: bool) -> None:
        self.wire = wire
        self.began = wire.began
        self.close = close
        self.head_only = head_only
        self.pending: Pending | None = None
        self.reply: Reply | None = None

    def settled(self, future: asyncio.Future[None]) -> None:
        """The future of a pending answer is done."""
        assert self.pending is not None
        failed = future.cancelled() or future.exception() is not None
        self.reply = self.pending.otherwise if failed else self.pending.reply
        self.wire.flush()


class Wire(asyncio.Protocol):
    """One connection. Made by `wire`, which knows the service and the limits; uvicorn gives the rest."""

    def __init__(
        self,
        service: Service,
        body_limit_bytes: int,
        arrive_s: float,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.service, self.body_limit_bytes, self.arrive_s = service, body_limit_bytes, arrive_s
        self.state = server_state
        self.exchanges: deque[Exchange] = deque()
        self.arriving = True
        self.closing = False
        self.is_paused = False
        self.head_bytes = 0

    # The transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.began = perf_counter()
        peer = transport.get_extra_info("peername")
        self.peer: str = peer[0] if isinstance(peer, tuple) else ""
        self.state.connections.add(self)  # type: ignore[arg-type]  # uvicorn asks for `shutdown` only

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing = True
        self.state.connections.discard(self)
        if self.arriving and self.head_bytes:
            self.service.refuse(Refusal.SLOW_BODY)
        self.exchanges.clear()

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        self.head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.shutdown()  # the request before it is answered; no other protocol is spoken
        except httptools.HttpParserError:
            self.turn_away(Refusal.REQUEST_UNREADABLE)
        else:
            if self.head_bytes > _HEAD_LIMIT_BYTES or _TOO_MUCH < self.head_bytes < 0:
                self.turn_away(Refusal.REQUEST_UNREADABLE)

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()

    # The parser

    def on_message_begin(self) -> None:
        self.began = perf_counter()
        self.arriving = True
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.again: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.too_large = False

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > LINE_LIMIT_BYTES:
            raise LimitExceeded

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in self.headers:
            self.again.append((name, value))
        else:
            self.headers[name] = value

    def on_headers_complete(self) -> None:
        if self.head_bytes > HEADERS_LIMIT_BYTES and _bytes_of(self.headers, self.again) > HEADERS_LIMIT_BYTES:
            raise LimitExceeded
        self.head_bytes = _HEAD_DONE
        self.head = joined((*self.headers.items(), *self.again)) if self.again else self.headers
        self.headers = {}  # of trailers: read and left, they may not speak for the request (RFC 9110, 6.5.1)
        if self.head.get(b"expect") == b"100-continue" and not self.exchanges:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self.body = self.body + body if self.body else body
        if len(self.body) > self.body_limit_bytes:
            self.too_large = True
            self.head_bytes += len(self.body)
            if self.head_bytes > _TOO_MUCH:
                raise LimitExceeded
            self.body = b""

    def on_message_complete(self) -> None:
        self.arriving = False
        self.head_bytes = 0
        path, _, query = self.url.partition(b"?") if self.url[:1] == b"/" else _from_absolute(self.url)
        method = self.parser.get_method().decode("ascii")
        exchange = Exchange(self, self.too_large or not self.parser.should_keep_alive(), method == "HEAD")
        self.exchanges.append(exchange)
        if self.too_large:
            exchange.reply = self.service.refuse(Refusal.BODY_TOO_LARGE)
            self.flush()
            return
        text = path.decode("latin-1")
        request = Request(method, unquote(text) if "%" in text else text, query, self.head, self.body, self.peer)
        answer = self.service.answer(request)
        if isinstance(answer, Pending):
            exchange.pending = answer
            answer.future.add_done_callback(exchange.settled)
            if len(self.exchanges) > _WAITING_LIMIT and not self.is_paused:
                self.is_paused = True
                self.transport.pause_reading()
        else:
            exchange.reply = answer
            self.flush()

    # Replies

    def flush(self) -> None:
        """Sends what is ready, in order."""
        while self.exchanges and self.exchanges[0].reply is not None and not self.transport.is_closing():
            self._send(self.exchanges.popleft())
        if self.is_paused and len(self.exchanges) <= _WAITING_LIMIT:
            self.is_paused = False
            self.transport.resume_reading()
        if self.closing and not self.exchanges:
            self.transport.close()

    def turn_away(self, refusal: Refusal) -> None:
        """Ends the connection with the answer to what cannot become a request, after those that came before it."""
        last = Exchange(self, close=True, head_only=False)
        last.reply = self.service.refuse(refusal)
        self.closing, self.arriving = True, False
        self.exchanges.append(last)
        self.flush()

    def shutdown(self) -> None:
        """uvicorn drains: no more requests on this connection; what waits is answered."""
        self.closing = True
        if not self.exchanges:
            self.transport.close()

    def end_if_late(self, now: float) -> None:
        """Ends a request that has been arriving for too long, and a connection that has been silent for long."""
        if self.arriving and now - self.began > self.arrive_s:
            self.turn_away(Refusal.SLOW_BODY)
        elif not self.exchanges and now - self.began > _IDLE_S:
            self.transport.close()

    def _send(self, exchange: Exchange) -> None:
        status, lines, body = exchange.reply or Reply(500)
        end = b"\r\n" if status == _NO_CONTENT else b"content-length: %d\r\n\r\n" % len(body)
        if exchange.close or self.closing:
            end = b"connection: close\r\n" + end
            self.closing = True
        self.transport.write(
            b"".join((_STATUS_LINES[status], self._date(), lines, end, b"" if exchange.head_only else body))
        )
        self.state.total_requests += 1
        self.service.answered(status, perf_counter() - exchange.began)

    def _date(self) -> bytes:
        """The Date line, which uvicorn renews every second. Source: RFC 9110, 6.6.1."""
        told, line = _LAST_DATE
        if told is not self.state.default_headers:
            told = self.state.default_headers
            line = b"".join(b"%b: %b\r\n" % header for header in told)
            _LAST_DATE[:] = told, line
        return bytes(line)


def wire(service: Service, body_limit_bytes: int, arrive_s: float) -> Callable[..., Wire]:
    """What uvicorn calls as its `http=`."""
    return partial(Wire, service, body_limit_bytes, arrive_s)


async def sweep(state: ServerState) -> None:
    """Ends what is late, once a second, for as long as the server runs. Why: one task, not a timer per request."""
    while True:
        await asyncio.sleep(_SWEEP_EVERY_S)
        now = perf_counter()
        for connection in list(state.connections):
            if isinstance(connection, Wire):
                connection.end_if_late(now)


def _bytes_of(headers: dict[bytes, bytes], again: list[tuple[bytes, bytes]]) -> int:
    """As they came: name, colon, blank, value, CRLF."""
    return sum(len(name) + len(value) + 4 for name, value in (*headers.items(), *again))


def _from_absolute(url: bytes) -> tuple[bytes, bytes, bytes]:
    """Path and query of `http://host/path?query`, which proxies send, or of `*`. Source: RFC 9112, 3.2."""
    if url == b"*":
        return b"*", b"", b""
    parsed: Any = httptools.parse_url(url)  # its stub knows no URL without a query; raises HttpParserInvalidURLError
    return parsed.path or b"/", b"?", parsed.query or b""
