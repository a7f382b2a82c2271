"""What is sent: request number n of a run as bytes, ready for the socket.

Ids say whose they are: the run's number stands first, the request's last, so that what was acknowledged and what is
in the warehouse can be compared as numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tests.recorded import Recorded, recorded

Make = Callable[[int, int], bytes]

HEADERS = (
    b"Host: t.shop.example\r\nConnection: keep-alive\r\nContent-Type: text/plain\r\nOrigin: https://shop.example\r\n"
    b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/142.0.0.0 Safari/537.36\r\n"
    b"Accept: */*\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nReferer: https://shop.example/\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: de-DE,de;q=0.9\r\n"
)

_OWN = (
    b'{"site":"demo"%s,"events":[{"event":"product_view","id":"%s","client_id":"c-%d","session_id":"s-%d","page":{"url":'
    b'"https://shop.example/p/%d?utm_source=news&utm_medium=email","referrer":"https://search.example/","title":"Lamp"},'
    b'"properties":{"product_id":"SKU-%d","price":129.9,"currency":"EUR","seller_id":"S-7","category":"lamps"}}]}'
)

_CHOICE = (
    b',"consent":{"choice":"explicit","at":"2026-11-22T10:00:00Z","purposes":{"analytics":%s,"ad_targeting":false}}'
)
_YES, _NO, _UNASKED = _CHOICE % b"true", _CHOICE % b"false", b""

#: Bodies that are no hits: torn, empty, not text, too deep, wrong types.
_BAD = (b"{", b"", b"\xff\xfe\x00", b"[" * 4000, b'{"site":7,"events":{}}', b'{"site":"demo","events":[1,null,"x"]}')

_HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding"})


def event_id(run: int, number: int) -> str:
    """The id of request `number`'s event."""
    return f"{run:08x}-0000-4000-8000-{number:012x}"


def own(run: int, number: int, choice: bytes = _YES) -> bytes:
    """One event of our own protocol, of one visitor of 5,000."""
    person, product = number % 5000, number % 900
    return _post(_OWN % (choice, event_id(run, number).encode(), person, person, product, product))


def mixed(run: int, number: int) -> bytes:
    """2 % bad, half of the rest recorded requests of every client, the others our own with all choices."""
    if number % 50 == 49:
        return _post(_BAD[number // 50 % len(_BAD)])
    if number % 2:
        requests = _recorded()
        return requests[number // 2 % len(requests)]
    return own(run, number, (_YES, _YES, _NO, _UNASKED)[number // 2 % 4])


MIXES: dict[str, Make] = {"own": own, "mixed": mixed}


def _post(body: bytes) -> bytes:
    return b"POST /collect HTTP/1.1\r\n" + HEADERS + b"Content-Length: %d\r\n\r\n" % len(body) + body


@cache
def _recorded() -> list[bytes]:
    return [_as_bytes(request) for request in recorded("*.jsonl")]


def _as_bytes(request: Recorded) -> bytes:
    lines = [f"{name}: {text}" for name, text in request.headers if name.lower() not in _HOP_BY_HOP]
    head = "\r\n".join([f"{request.method} {request.target} HTTP/1.1", *lines, f"Content-Length: {len(request.body)}"])
    return head.encode() + b"\r\n\r\n" + request.body
