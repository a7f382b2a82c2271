"""HTTP/1.1 on the wire: order, limits, keep-alive, and what is not HTTP. A real uvicorn, real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from gateway.intake.headers import Headers
from gateway.web.wire import Exchange, Pending, Reply, Request, wire
from gateway.words import Refusal
from tests.inside import names_inside

BODY_LIMIT_BYTES = 1000


class Echo:
    """A service that answers with what it was asked; `/later/N` waits for `release(N)`."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []
        self.statuses: list[int] = []
        self.waiting: dict[str, asyncio.Future[None]] = {}
        self.connections: set[Any] = set()
        self.headers: list[Headers] = []

    def answer(self, request: Request) -> Reply | Pending:
        self.headers.append(request.headers)
        said = Reply(
            200,
            b"x-said: yes\r\n",
            f"{request.method} {request.path}?{request.query.decode()} {len(request.body)}".encode(),
        )
        if request.path.startswith("/later/"):
            future = self.waiting[request.path[7:]] = asyncio.get_running_loop().create_future()
            return Pending(future, said, Reply(503, b"", b"not now"))
        return Reply(204) if request.path == "/empty" else said

    def refuse(self, refusal: Refusal) -> Reply:
        self.refusals.append(refusal)
        return Reply(413 if refusal is Refusal.BODY_TOO_LARGE else 400, b"", refusal.value.encode())

    def answered(self, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.statuses.append(status)


Script = Callable[[Echo, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


def play(script: Script, arrive_s: float = 10.0) -> Echo:
    """Runs the script against a server of its own; gives the service back for a look."""

    async def run() -> Echo:
        echo = Echo()
        listener = socket.create_server(("127.0.0.1", 0))
        app: Any = echo  # a Service, which the protocol asks; uvicorn itself never calls it
        config = uvicorn.Config(
            app,
            http=wire(echo, BODY_LIMIT_BYTES, arrive_s),  # type: ignore[arg-type]  # uvicorn calls it, class or not
            interface="asgi3",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
        )
        server = uvicorn.Server(config)
        echo.connections = server.server_state.connections
        serving = asyncio.create_task(server._serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        async with asyncio.timeout(10):
            await script(echo, reader, writer)
        writer.close()
        server.should_exit = True
        await serving
        return echo

    return asyncio.run(run())


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    """(status, header bytes, body) of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
    return int(head.split(b" ", 2)[1]), head, body


def test_a_request_is_read_whole_and_answered_with_its_length() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST /a%20b?q=%31 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        status, head, body = await answer(reader)
        assert (status, body) == (200, b"POST /a b?q=%31 3")
        assert b"\r\nx-said: yes\r\n" in head
        assert b"\r\ndate: " in head

    assert play(script).statuses == [200]


def test_fields_of_one_name_are_one_field_and_trailers_are_none() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fields = b"Cookie: a=1\r\nX-Forwarded-For: 1.2.3.4\r\ncookie: b=2\r\nDNT: 1\r\nX-FORWARDED-FOR: 10.0.0.7\r\n"
        writer.write(b"POST / HTTP/1.1\r\n" + fields + b"Transfer-Encoding: chunked\r\n\r\n0\r\nDNT: 0\r\nX: y\r\n\r\n")
        writer.write(b"GET / HTTP/1.1\r\nCookie: c=3\r\n\r\n")
        for _ in range(2):
            assert (await answer(reader))[0] == 200

    first, second = play(script).headers
    assert first == {
        b"cookie": b"a=1; b=2",
        b"x-forwarded-for": b"1.2.3.4, 10.0.0.7",
        b"dnt": b"1",
        b"transfer-encoding": b"chunked",
    }
    assert second == {b"cookie": b"c=3"}


def test_an_answer_without_content_has_no_length() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        status, head, _ = await answer(reader)
        assert (status, b"content-length" in head) == (204, False)
        assert (await answer(reader))[0] == 200

    play(script)


def test_answers_leave_in_the_order_of_their_requests() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"".join(b"GET /later/%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(3))
            + b"GET /now HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        while len(echo.waiting) < 3:
            await asyncio.sleep(0.01)
        for name in ("2", "1", "0"):
            echo.waiting[name].set_result(None)
        paths = [(await answer(reader))[2].split()[1] for _ in range(4)]
        assert paths == [b"/later/0?", b"/later/1?", b"/later/2?", b"/now?"]

    play(script)


def test_what_fails_to_become_durable_is_answered_otherwise() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /later/0 HTTP/1.1\r\nHost: x\r\n\r\n")
        while not echo.waiting:
            await asyncio.sleep(0.01)
        echo.waiting["0"].set_exception(OSError())
        assert (await answer(reader))[::2] == (503, b"not now")

    play(script)


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b"GET http://other.example/p?q=1 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /p?q=1 0"),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"OPTIONS *? 0"),
        (
            b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            b"POST /c? 3",
        ),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", None),
    ],
)
def test_forms_of_requests(sent: bytes, body: bytes | None) -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        status, _, said = await answer(reader)
        assert (status, said) == (200, body) if body else status in (200, 400)

    play(script)


def test_head_has_the_length_and_no_body() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = await reader.read()
        assert b"content-length: 10\r\n" in said
        assert said.endswith(b"\r\n\r\n")

    play(script)


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"], ids=["1.0", "close"]
)
def test_a_connection_that_shall_close_is_closed_after_its_answer(sent: bytes) -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        said = await reader.read()
        assert said.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nconnection: close\r\n" in said

    play(script)


def test_a_client_that_expects_100_is_told_to_go_on() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert (await answer(reader))[2] == b"POST /? 2"

    play(script)


def test_a_body_over_its_limit_is_read_away_refused_and_the_connection_closed() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000)
        said = await reader.read()
        assert said.startswith(b"HTTP/1.1 413 ")

    assert play(script).refusals == [Refusal.BODY_TOO_LARGE]


def test_a_body_at_its_limit_is_let_in() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)
        assert (await answer(reader))[2] == b"POST /? 1000"

    play(script)


async def half_come(echo: Echo) -> Any:
    """The connection, when what there is of its request has come."""
    while True:
        for connection in echo.connections:
            if getattr(connection, "body", b"") == b"abc":
                return connection
        await asyncio.sleep(0.01)


def test_a_request_that_never_arrives_is_ended_and_counted_once() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        connection = await half_come(echo)
        connection.end_if_late(connection.began + 11)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")

    assert play(script).refusals == [Refusal.SLOW_BODY]


def test_a_sender_that_goes_away_in_the_middle_is_counted() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        await half_come(echo)
        writer.close()
        while not echo.refusals:
            await asyncio.sleep(0.01)

    assert play(script).refusals == [Refusal.SLOW_BODY]


def test_an_upgrade_is_not_spoken_but_its_request_is_answered() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")

    play(script)


def test_a_flood_of_pipelined_requests_waits_without_growing() -> None:
    async def script(echo: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for n in range(200):
            writer.write(b"GET /later/%d HTTP/1.1\r\nHost: x\r\n\r\n" % n)
        answered = 0
        while answered < 200:
            assert len(echo.waiting) - answered <= 100
            await asyncio.sleep(0.005)
            for future in list(echo.waiting.values())[answered:]:
                future.set_result(None)
                answered += 1
        for _ in range(200):
            assert (await answer(reader))[0] == 200

    play(script)


def test_an_exchange_holds_nothing_of_its_request() -> None:
    assert names_inside(Exchange) == {"began", "close", "head_only", "pending", "reply", "wire"}
