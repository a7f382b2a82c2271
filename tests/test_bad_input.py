"""Any bytes, any method, any header on the public port: a clear answer, a tally with the reason, nothing else lost."""

from __future__ import annotations

import gzip
import random
import time
import zlib
from collections.abc import Iterator

import httpx
import orjson
import pytest

from tests.raw import raw, status_of
from tests.serving import Served, serving

CLEAR = {200, 202, 204, 400, 404, 405, 413, 415, 429, 503}
YES = {"choice": "explicit", "purposes": {"analytics": True}}
EVENT = {"event": "product_view", "client_id": "c", "properties": {"product_id": "SKU-1"}}


def own(*events: object) -> bytes:
    return orjson.dumps({"site": "demo", "consent": YES, "events": events})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("bad") / "data") as gateway:
        yield gateway
        said = "".join(gateway.lines)
        assert "Traceback" not in said
        assert "Error" not in said


CASES: list[tuple[str, str, str, bytes, dict[str, str], int, str]] = [
    ("an unknown path", "POST", "/nowhere", b"{}", {}, 404, "unknown_path"),
    ("a method that does not collect", "DELETE", "/collect", b"", {}, 405, "method_not_allowed"),
    ("a body that is no JSON", "POST", "/collect", b"{", {}, 400, "body_unreadable"),
    ("a body that is no object", "POST", "/collect", b"[1]", {}, 400, "body_unreadable"),
    ("bytes that are no text", "POST", "/collect", bytes(range(256)), {}, 400, "body_unreadable"),
    ("a body without events", "POST", "/collect", b"{}", {}, 204, "no_events"),
    ("an unknown encoding", "POST", "/collect", b"x", {"content-encoding": "br"}, 415, "encoding_unknown"),
    (
        "gzip cut short",
        "POST",
        "/collect",
        gzip.compress(b"{}" * 99)[:-9],
        {"content-encoding": "gzip"},
        400,
        "body_unreadable",
    ),
    ("a body of 600 KB", "POST", "/collect", b" " * 600_000, {}, 413, "body_too_large"),
    (
        "a zip bomb",
        "POST",
        "/collect",
        gzip.compress(b" " * 50_000_000),
        {"content-encoding": "gzip"},
        413,
        "body_too_large",
    ),
    (
        "a deflate bomb",
        "POST",
        "/collect",
        zlib.compress(b" " * 50_000_000),
        {"content-encoding": "deflate"},
        413,
        "body_too_large",
    ),
    (
        "JSON 40 deep",
        "POST",
        "/collect",
        own({**EVENT, "properties": orjson.loads("[" * 40 + "]" * 40)}),
        {},
        0,
        "body_too_deep",
    ),
    ("JSON 100,000 deep", "POST", "/collect", b"[" * 100_000, {}, 400, ""),
    ("an event of 70 KB", "POST", "/collect", own({**EVENT, "note": "x" * 70_000}), {}, 204, "event_too_large"),
    ("an event without a name", "POST", "/collect", own({"client_id": "c"}), {}, 204, "event_unreadable"),
    ("an event that is a number", "POST", "/collect", own(7), {}, 204, "event_unreadable"),
    (
        "an event of last year",
        "POST",
        "/collect",
        own({**EVENT, "at": "2020-01-01T00:00:00Z"}),
        {},
        204,
        "time_out_of_range",
    ),
    ("no consent", "POST", "/collect", orjson.dumps({"site": "demo", "events": [EVENT]}), {}, 204, "consent_denied"),
]


@pytest.mark.parametrize(
    ("what", "method", "path", "body", "headers", "status", "reason"), CASES, ids=[c[0] for c in CASES]
)
def test_it_gets_a_clear_answer_and_a_tally(
    served: Served, what: str, method: str, path: str, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    sql = f"SELECT sum(events) FROM gateway.tallies WHERE refusal = '{reason}'"
    before = served.ask(sql)[0][0]
    answer = httpx.request(method, served.url + path, content=body, headers=headers)
    assert answer.status_code in CLEAR
    assert status in (0, answer.status_code)
    assert answer.headers["x-gateway-outcome"].startswith("facts=0 refused=")
    if reason:
        served.wait_for(f"SELECT sum(events) > {before} FROM gateway.tallies WHERE refusal = '{reason}'", 1)


def test_one_bad_event_in_a_batch_of_a_hundred_costs_one_event(served: Served) -> None:
    answer = httpx.post(served.url + "/collect", content=own(*[EVENT] * 60, {"event": ""}, *[EVENT] * 39))
    assert (answer.status_code, answer.headers["x-gateway-outcome"]) == (204, "facts=99 refused=1")


def test_events_after_the_five_hundredth_are_refused(served: Served) -> None:
    answer = httpx.post(served.url + "/collect", content=own(*[EVENT] * 510))
    assert (answer.status_code, answer.headers["x-gateway-outcome"]) == (204, "facts=500 refused=10")


def test_a_long_get_of_forty_kilobytes_is_read(served: Served) -> None:
    answer = httpx.get(served.url + "/collect.gif", params={"site": "demo", "e": "page_view", "p.note": "x" * 40_000})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00" * 200 + b"\r\n\r\n",
        b"NOT HTTP AT ALL\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: ten\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 8_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 2_000_000,
    ],
    ids=["NULs", "prose", "version", "length", "smuggling", "chunk", "line", "header", "headers", "endless header"],
)
def test_what_is_not_http_gets_400(served: Served, sent: bytes) -> None:
    assert status_of(raw(served.url, sent)) == 400
    served.wait_for("SELECT sum(events) > 0 FROM gateway.tallies WHERE refusal = 'request_unreadable'", 1)


def test_random_bytes_as_bodies_never_give_a_server_error(served: Served) -> None:
    chance = random.Random(7)
    paths = [
        "/collect",
        "/g/collect",
        "/mp/collect",
        "/v1/t",
        "/v1/batch",
        "/collect.gif",
        "/s/x/collect",
        "/%00",
        "/t.js",
    ]
    seen = set()
    with httpx.Client() as client:
        for _ in range(400):
            body = chance.randbytes(chance.randrange(0, 300))
            method = chance.choice(["POST", "GET", "PUT", "HEAD", "OPTIONS", "PATCH"])
            seen.add(client.request(method, served.url + chance.choice(paths), content=body).status_code)
    assert seen <= CLEAR


def test_a_slow_body_is_ended_after_ten_seconds_and_counted(served: Served) -> None:
    began = time.monotonic()
    answer = raw(served.url, b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", seconds=30)
    assert time.monotonic() - began > 9  # and before `raw` gave up
    assert status_of(answer) == 400
    served.wait_for("SELECT sum(events) > 0 FROM gateway.tallies WHERE refusal = 'slow_body'", 1)


def test_chunks_of_one_byte_are_one_body(served: Served) -> None:
    answer = httpx.post(served.url + "/collect", content=(bytes([b]) for b in own(EVENT)))
    assert answer.headers["x-gateway-outcome"] == "facts=1 refused=0"


def test_the_gateway_is_still_well(served: Served) -> None:
    answer = httpx.post(served.url + "/collect", content=own(EVENT))
    assert answer.headers["x-gateway-outcome"] == "facts=1 refused=0"
    assert httpx.get(served.url + "/readyz").status_code == 200
