"""The sender, over real sockets: order, keep-alive, "later", lost connections, and nobody there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from itertools import groupby
from typing import Any

import pytest

from gateway.demo import sender as sending
from gateway.demo.address import Address, read_address
from gateway.demo.connection import read_outcome
from gateway.demo.sender import GatewayAway, Pace, Received, Sender
from gateway.demo.words import SENT_AT, Request
from tests.gateway.demo.gatewaylike import Answering, Recorder, Taken, answer, one_fact, recording

NOW = 1_795_339_145.0


def _request(target: str = "/collect", body: bytes = b"{}", bad: str = "", stamped: bool = False) -> Request:
    return Request("POST", target, b"X-Test: yes\r\n", body, NOW, 0 if bad else 1, stamped, bad)


def _visitors(people: int, each: int) -> list[tuple[Request, ...]]:
    return [tuple(_request(f"/{person}/{number}") for number in range(each)) for person in range(people)]


def _send(visitors: list[tuple[Request, ...]], answering: Answering = one_fact) -> tuple[Recorder, Received]:
    async def run() -> tuple[Recorder, Received]:
        async with recording(answering) as (recorder, address):
            sender = Sender(address, Pace(8), lambda: NOW)
            await sender.send(iter(visitors), lambda: None)
            return recorder, sender.received

    return asyncio.run(run())


def test_every_request_arrives_once_and_each_visitors_in_order() -> None:
    recorder, received = _send(_visitors(40, 5))

    assert sorted(taken.target for taken in recorder.taken) == sorted(f"/{p}/{n}" for p in range(40) for n in range(5))
    by_person = sorted((taken.target.split("/")[1:] for taken in recorder.taken), key=lambda parts: parts[0])
    for _, parts in groupby(by_person, key=lambda parts: parts[0]):
        assert [number for _, number in parts] == ["0", "1", "2", "3", "4"]
    assert (received.hits, received.events, received.facts) == (200, 200, 200)


def test_connections_are_kept_and_no_more_than_asked_for() -> None:
    recorder, _ = _send(_visitors(100, 3))

    assert recorder.connections == recorder.open_at_once == 8


def test_head_body_and_moment_of_sending_arrive_as_they_are() -> None:
    body = b'{"sentAt":"' + SENT_AT + b'"}'
    recorder, _ = _send([(_request(body=body, stamped=True), _request(body=body))])

    assert recorder.taken[0].body == b'{"sentAt":"2026-11-22T09:19:05.000Z"}'
    assert recorder.taken[1].body == body
    assert b"X-Test: yes\r\n" in recorder.taken[0].head


def test_later_means_later_and_the_wait_is_the_one_asked_for() -> None:
    moments: list[float] = []

    def busy_first(number: int, _taken: Taken) -> bytes:
        moments.append(asyncio.get_running_loop().time())
        return answer("503 Service Unavailable", "Retry-After: 1") if number == 1 else one_fact(number, _taken)

    recorder, received = _send([(_request("/a"), _request("/b"))], busy_first)

    assert [taken.target for taken in recorder.taken] == ["/a", "/a", "/b"]
    assert moments[1] - moments[0] >= 1.0
    assert received.statuses == {"503, sent again": 1, "204": 2}
    assert (received.sent_again, received.hits) == (1, 2)


def test_a_good_hit_whose_connection_is_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PAUSE_S", 0.01)
    lost = iter([False, True, True])

    recorder, received = _send(
        [(_request("/a"), _request("/b"))], lambda n, t: b"" if next(lost, False) else one_fact(n, t)
    )

    assert [taken.target for taken in recorder.taken] == ["/a", "/b", "/b", "/b"]
    assert (received.hits, received.facts, received.sent_again) == (2, 2, 2)


def test_a_bad_hit_may_be_answered_by_closing_the_connection() -> None:
    recorder, received = _send(
        [(_request("/a"), _request("/bad", bad="too_large"), _request("/b"))],
        lambda n, t: b"" if t.target == "/bad" else one_fact(n, t),
    )

    assert [taken.target for taken in recorder.taken] == ["/a", "/bad", "/b"]
    assert received.statuses == {"204": 2, "closed": 1}


def test_an_early_refusal_of_a_large_body_is_read() -> None:
    """The gateway answers 413 when it has seen the length, before it has taken the body."""

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer("413 Content Too Large", "Connection: close", "X-Gateway-Outcome: facts=0 refused=1"))
        await writer.drain()
        with contextlib.suppress(ConnectionError):
            await reader.read()  # the rest, so that the reply is not lost to a reset
        writer.close()
        done.set()

    done = asyncio.Event()

    async def run() -> Received:
        async with await asyncio.start_server(early, "127.0.0.1", 0) as server:
            address = Address("127.0.0.1", server.sockets[0].getsockname()[1], False, "")
            sender = Sender(address, Pace(1), lambda: NOW)
            await sender.send(iter([(_request(body=b"x" * 3_000_000, bad="too_large"),)]), lambda: None)
            await done.wait()
            return sender.received

    received = asyncio.run(run())

    assert received.statuses == {"413": 1}
    assert (received.refused_of_bad, received.refused) == (1, 0)


def test_bodies_of_replies_are_read_whole_chunked_or_not() -> None:
    bodies = [b'Content-Length: 16\r\n\r\n{"success":true}', b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]

    _, received = _send([(_request(), _request())], lambda n, _taken: b"HTTP/1.1 200 OK\r\n" + bodies[n - 1])

    assert received.statuses == {"200": 2}


def test_a_rate_is_kept() -> None:
    async def run() -> float:
        async with recording() as (_, address):
            started = asyncio.get_running_loop().time()
            await Sender(address, Pace(8, 50), lambda: NOW).send(iter(_visitors(5, 5)), lambda: None)
            return asyncio.get_running_loop().time() - started

    assert 0.45 <= asyncio.run(run()) < 2.0


def test_a_gateway_that_starts_again_in_the_middle_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PAUSE_S", 0.02)

    async def run() -> tuple[list[str], Received]:
        async with recording() as (before, address):
            sender = Sender(address, Pace(1), lambda: NOW)
            visitors = iter(_visitors(1, 3))
            first = next(visitors)
            await sender.send(iter([first[:1]]), lambda: None)
        rest = asyncio.create_task(sender.send(iter([first[1:]]), lambda: None))
        await asyncio.sleep(0.1)
        async with recording(port=address.port) as (after, _):
            await rest
        return [taken.target for taken in before.taken + after.taken], sender.received

    targets, received = asyncio.run(run())

    assert targets == ["/0/0", "/0/1", "/0/2"]
    assert received.sent_again > 0


def _raises(run: Callable[[], Coroutine[Any, Any, None]]) -> str:
    with pytest.raises(GatewayAway) as caught:
        asyncio.run(run())
    return str(caught.value)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_nobody_there_is_one_sentence_that_says_what_to_start() -> None:
    address = Address("127.0.0.1", _free_port(), False, "")

    said = _raises(lambda: Sender(address, Pace(4), lambda: NOW).send(iter(_visitors(9, 1)), lambda: None))

    assert said == f"Nothing answers at http://127.0.0.1:{address.port}. Start it first: gateway serve"


def test_a_gateway_that_says_later_for_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PATIENCE_S", 0.5)

    async def run() -> None:
        async with recording(lambda n, t: answer("503 Service Unavailable", "Retry-After: 9")) as (_, address):
            await Sender(address, Pace(1), lambda: NOW).send(iter(_visitors(1, 1)), lambda: None)

    assert "has answered 503" in _raises(run)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8080", Address("127.0.0.1", 8080, False, "")),
        ("http://shop.example/t/", Address("shop.example", 80, False, "/t")),
        ("https://[::1]:9443/s/web", Address("::1", 9443, True, "/s/web")),
    ],
)
def test_urls_are_read_with_their_prefix(url: str, address: Address) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://x", "http://", "http://x:99999", "http://x/?a=1"])
def test_what_is_no_url_of_a_gateway_is_said_so(url: str) -> None:
    with pytest.raises(ValueError, match=r"such as http://127\.0\.0\.1:8080"):
        read_address(url)


@pytest.mark.parametrize(
    ("told", "outcome"),
    [(b"facts=3 refused=2", (3, 2)), (b"", (0, 0)), (b"facts=x refused=1", (0, 0)), (b"facts=1", (0, 0))],
)
def test_an_outcome_is_two_numbers_or_nothing(told: bytes, outcome: tuple[int, int]) -> None:
    assert read_outcome(told) == outcome
