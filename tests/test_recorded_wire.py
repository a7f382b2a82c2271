"""Every recorded request of every client, carried otherwise over the wire: what is read stays the same."""

from __future__ import annotations

import contextlib
import gzip
import http.client
from collections.abc import Iterator

import pytest

from tests.recorded import Answered, Recorded, connect, recorded, send
from tests.serving import Served, serving

#: Bytes of a body that are chunks of their own; what follows is one chunk.
_SINGLE = 3000

_GZIP_MAGIC = b"\x1f\x8b"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("wire") / "data") as gateway:
        yield gateway
        assert "Traceback" not in "".join(gateway.lines)


@pytest.fixture(scope="module")
def plain(served: Served) -> list[tuple[Recorded, Answered]]:
    """Every request as it was recorded, and its answer."""
    with contextlib.closing(connect(served.url)) as connection:
        return [(request, send(connection, request)) for request in recorded("*.jsonl")]


def in_chunks(connection: http.client.HTTPConnection, request: Recorded) -> Answered:
    """The request with its body in chunks of one byte."""
    singles = b"".join(b"1\r\n%c\r\n" % byte for byte in request.body[:_SINGLE])
    rest = request.body[_SINGLE:]
    body = singles + (b"%x\r\n%b\r\n" % (len(rest), rest) if rest else b"") + b"0\r\n\r\n"
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    for name, text in request.headers:
        if name.lower() not in ("connection", "content-length", "transfer-encoding"):
            connection.putheader(name, text.encode("utf-8"))
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders(body)
    answer = connection.getresponse()
    return Answered(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())


def zipped(connection: http.client.HTTPConnection, request: Recorded) -> Answered:
    headers = [*request.headers, ("Content-Encoding", "gzip")]
    return send(connection, request._replace(headers=headers, body=gzip.compress(request.body)))


def is_packed(request: Recorded) -> bool:
    return request.body.startswith(_GZIP_MAGIC) or any(
        name.lower() == "content-encoding" for name, _ in request.headers
    )


WAYS = {"chunks of one byte": in_chunks, "gzip": zipped}


@pytest.mark.parametrize("way", WAYS)
def test_a_body_is_read_alike_whatever_carries_it(
    served: Served, plain: list[tuple[Recorded, Answered]], way: str
) -> None:
    usable = [(r, a) for r, a in plain if r.body and not (way == "gzip" and is_packed(r))]
    assert len(usable) > 200
    with contextlib.closing(connect(served.url)) as connection:
        for request, before in usable:
            answer = WAYS[way](connection, request)
            assert (answer.status, answer.outcome) == (before.status, before.outcome), (request.client, request.step)


def test_junk_after_a_body_gives_facts_and_refusals(served: Served) -> None:
    with contextlib.closing(connect(served.url)) as connection:
        for request in recorded("*.jsonl"):
            if request.body:
                answer = send(connection, request._replace(body=request.body + b"\x00\xff\xfejunk&&&==%%%"))
                assert answer.status < 500, (request.client, request.step)
                assert "x-gateway-outcome" in answer.headers, (request.client, request.step)


def test_every_recorded_request_is_claimed_by_a_protocol(
    served: Served, plain: list[tuple[Recorded, Answered]]
) -> None:
    assert len(plain) > 500
    assert [(r.client, r.step, a.status) for r, a in plain if a.status in (404, 405) or a.status >= 500] == []
    sql = "SELECT sum(events) FROM gateway.tallies WHERE refusal IN ('unknown_path', 'gateway_fault')"
    assert served.ask(sql) == [(0,)]
