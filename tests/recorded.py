"""Recorded requests of real clients, as requests that a test sends. Schema: tests/hits/README.md."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

#: Said anew for this connection. The body is sent as recorded, so its length is counted here.
_HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding"})

HITS = Path(__file__).parent / "hits"


class Recorded(NamedTuple):
    """One request, byte for byte. `target` is path and query."""

    client: str
    step: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


def recorded(pattern: str) -> Iterator[Recorded]:
    """All requests of the files that match, in order."""
    for file in sorted(HITS.glob(pattern)):
        if ".golden." in file.name:
            continue
        for line in file.read_bytes().splitlines():
            row = orjson.loads(line)
            target = row["path"] + ("?" + row["query"] if row["query"] else "")
            headers = [(name, text) for name, text in row["headers"]]
            yield Recorded(
                row["client"], row["step"], row["method"], target, headers, base64.b64decode(row["body_b64"] or "")
            )


class Answered(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def outcome(self) -> tuple[int, int]:
        """(facts, refused) as the gateway told."""
        told = dict(part.split("=") for part in self.headers.get("x-gateway-outcome", "facts=0 refused=0").split())
        return int(told["facts"]), int(told["refused"])


def send(connection: http.client.HTTPConnection, request: Recorded) -> Answered:
    """Sends the request as it was recorded, header by header, and reads the answer."""
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    for name, text in request.headers:
        if name.lower() not in _HOP_BY_HOP:
            connection.putheader(name, text.encode("utf-8"))
    connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body)
    answer = connection.getresponse()
    return Answered(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())


def connect(url: str) -> http.client.HTTPConnection:
    """A connection to a served gateway's public port; close it with contextlib.closing."""
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=15)
