"""Attacks on HTTP itself: smuggling, bombs, traversal, injection into lines. Bytes, and the statuses that come back."""

from __future__ import annotations

import socket
import time

from tests.attacks.attack import CANARY, Arena, Attack, on_wire
from tests.raw import connect, everything, statuses_of

_POST = b"POST /collect HTTP/1.1\r\nHost: a\r\n"
_SECOND = b"GET /smuggled-" + CANARY.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n"
_GET = b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%b\r\n"


def get(path: bytes, lines: bytes = b"") -> bytes:
    return _GET % (path, lines)


def _crlf_in_path(arena: Arena) -> str:
    answer = everything(arena.served.url, get(b"/x%0d%0aSet-Cookie:%20" + CANARY.encode() + b"=1"), arena.source())
    assert b"set-cookie" not in answer.lower()
    return answer.split()[1].decode()


def _late_headers(arena: Arena) -> str:
    """120 connections that never finish their headers; somebody else is answered meanwhile."""
    held = [connect(arena.served.url, arena.source()) for _ in range(120)]
    for wire in held:
        wire.sendall(b"POST /collect HTTP/1.1\r\nHost: a\r\nX-Slow: " + CANARY.encode())
    began = time.monotonic()
    assert arena.event().status_code == 204
    slow = time.monotonic() - began > 2
    for wire in held:
        wire.close()
    return "others answered late" if slow else "others answered"


def _trailer(arena: Arena) -> str:
    body = b'{"site":"shop","events":[{"event":"a"}]}'
    lines = b"Origin: https://evil.example\r\nConnection: close\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, lines)
    answer = everything(arena.served.url, _POST + chunked, arena.source())
    assert b"access-control" not in answer
    return str(statuses_of(answer)[0])


def _beyond_limit(arena: Arena) -> str:
    line = b"GET /collect.gif?site=shop&e=a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.%d.1\r\n\r\n"
    answer = everything(arena.served.url, b"".join(line % (number % 250) for number in range(4_000)), arena.source())
    found = statuses_of(answer)
    is_told = b"429 Too Many Requests" in answer and b"retry-after: 5" in answer
    answered = found.index(429) // 1_000 * 1_000 if 429 in found else len(found)
    return f"{answered} answered, then 429{' with Retry-After' if is_told and len(found) == 4_000 else ''}"


def _reset(arena: Arena) -> str:
    """300 connections that send half a body and reset."""
    for _ in range(300):
        wire = connect(arena.served.url, arena.source())
        wire.sendall(_POST + b"Content-Length: 1000\r\n\r\n{")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        wire.close()
    return str(arena.event().status_code)


ATTACKS = (
    on_wire(
        "smuggling CL.TE", _POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + _SECOND, "400"
    ),
    on_wire(
        "smuggling TE.CL", _POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + _SECOND, "400"
    ),
    on_wire(
        "smuggling TE.TE",
        _POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + _SECOND,
        "400",
    ),
    on_wire(
        "TE that is not chunked last", _POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + _SECOND, "400"
    ),
    on_wire(
        "TE with a blank before its colon", _POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + _SECOND, "400"
    ),
    on_wire("Content-Length twice, different", _POST + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}", "400"),
    on_wire("Content-Length twice, alike", _POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "400"),
    on_wire("Content-Length below zero", _POST + b"Content-Length: -1\r\n\r\n", "400"),
    on_wire("Content-Length with a sign", _POST + b"Content-Length: +2\r\n\r\n{}", "400"),
    on_wire("Content-Length past 64 bits", _POST + b"Content-Length: 18446744073709551617\r\n\r\n{}", "400"),
    on_wire("Content-Length of a list", _POST + b"Content-Length: 2, 2\r\n\r\n{}", "400"),
    on_wire("chunk size past 64 bits", _POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nx", "400"),
    on_wire("chunk size below zero", _POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n", "400"),
    on_wire("chunk extension of 20 MB", _POST + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"e" * 20_000_000, "400"),
    on_wire("trailer of 20 MB", _POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"t" * 20_000_000, "400"),
    Attack("a trailer that says an origin", "Origin: https://evil.example after the body", ("204",), _trailer),
    on_wire("line ends without CR", b"POST /collect HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}", "400"),
    on_wire("a folded header", _POST + b"X: a\r\n b: c\r\nContent-Length: 2\r\n\r\n{}", "400"),
    on_wire("NUL in a header", _POST + b"X: a\x00b\r\n\r\n", "400"),
    on_wire("CR alone in a header", _POST + b"X: a\rSet-Cookie: b=1\r\n\r\n", "400"),
    on_wire("a header without a name", _POST + b": x\r\n\r\n", "400"),
    on_wire("20,000 headers", _POST + b"X: y\r\n" * 20_000 + b"\r\n", "400"),
    on_wire("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
    on_wire("TLS to a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, "400"),
    on_wire("a proxy's request for the metadata service", get(b"http://169.254.169.254/latest/meta-data"), "404"),
    on_wire("CONNECT", b"CONNECT 127.0.0.1:8123 HTTP/1.1\r\nHost: a\r\n\r\n" + _SECOND, "400"),
    on_wire("TRACE", b"TRACE /collect HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "405"),
    on_wire("Upgrade to a web socket", get(b"/collect.gif", b"Upgrade: websocket\r\n"), "400"),
    on_wire("traversal", get(b"/../../../../etc/passwd"), "404"),
    on_wire("traversal, encoded", get(b"/%2e%2e/%2e%2e/etc/passwd"), "404"),
    on_wire("traversal, encoded twice", get(b"/s/shop/%252e%252e%252fetc/passwd"), "404"),
    on_wire("traversal by backslash", get(b"/..\\..\\gateway.yml"), "404"),
    on_wire("NUL in the path", get(b"/collect%00.gif"), "404"),
    on_wire("bytes that are no UTF-8 in the path", get(b"/%ff%fe%fd"), "404"),
    on_wire("two Hosts", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "200"),
    on_wire("5,000 requests in one piece", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 5_000, "200 x 5000"),
    Attack(
        "beyond the limit of its network",
        "4,000 requests, each with another X-Forwarded-For",
        ("2000 answered, then 429 with Retry-After",),
        _beyond_limit,
    ),
    Attack("CRLF in the path", "%0d%0aSet-Cookie: …", ("404",), _crlf_in_path),
    Attack("slow headers", "120 connections, headers never end", ("others answered",), _late_headers),
    Attack("resets", "300 connections, reset in the body", ("204",), _reset),
)
