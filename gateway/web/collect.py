"""The public port: bytes in, an outcome made durable, an answer out.

May not: judge, strip or store; it is handed a pipeline and a journal. Raw ASGI. Why: a router and request objects
cost more than the rest of this file does per hit.

Rules
    1. The answer goes out after the journal's commit; what cannot be made durable is answered 503 with Retry-After.
    2. Every answer to a hit says what became of it: `X-Gateway-Outcome: facts=1 refused=0`.
    3. CORS names an origin only where a site admitted it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from time import perf_counter, time
from typing import Any

from gateway.intake.hit import Answer, Hit
from gateway.intake.inflate import inflate
from gateway.intake.pipeline import Pipeline, Walked, refused
from gateway.journal.writer import Journal, JournalUnavailable
from gateway.web.counts import Counts
from gateway.web.peers import Peers
from gateway.words import Outcome, Refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

#: Refusals of a whole request -> status. None is worth a retry, so none is a 5xx or 429.
_STATUS = {
    Refusal.UNKNOWN_PATH: 404,
    Refusal.METHOD_NOT_ALLOWED: 405,
    Refusal.BODY_TOO_LARGE: 413,
    Refusal.ENCODING_UNKNOWN: 415,
}

_METHODS = frozenset({"GET", "POST"})

#: Answers that need no hit: path -> (content type, body). Source of gpc.json: W3C GPC, 2026-04-03, section 4.
_FIXED = {
    "/healthz": (b"text/plain", b"ok\n"),
    "/robots.txt": (b"text/plain", b"User-agent: *\nDisallow: /\n"),
    "/.well-known/gpc.json": (b"application/json", b'{"gpc":true,"lastUpdate":"2026-11-22"}'),
}

#: How long a browser may remember a preflight. Source: Fetch standard; Chrome caps it at 2 h, Firefox at 24 h.
_PREFLIGHT_HOLDS_S = b"86400"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a collect process lets in; units in the names, defaults in `gateway.settings`."""

    body_bytes: int
    inflated_bytes: int
    retry_after_s: int
    path_prefix: str = ""


class Collect:
    """The ASGI application of a collect process.

    `pipeline` may be replaced between hits, as a whole. `accepting` turns false when the process drains.
    """

    def __init__(self, pipeline: Pipeline, journal: Journal, peers: Peers, limits: Limits) -> None:
        self.pipeline = pipeline
        self.accepting = True
        self.trouble = ""  # of the configuration, for readyz
        self.counts = Counts()
        self._journal = journal
        self._peers = peers
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; uvicorn is started with lifespan and WebSockets off, so it is always HTTP."""
        began = perf_counter()
        path, method = self._path(scope["path"]), scope["method"]
        if method == "OPTIONS":
            status, headers, body = await self._preflight(scope)
        elif path in _FIXED and method != "POST":
            status, headers, body = _fixed(path)
        elif path == "/readyz":
            status, headers, body = self._ready()
        else:
            status, headers, body = await self._collect(scope, path, receive)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self.counts.answered(status, perf_counter() - began)

    def refuse(self, refusal: Refusal) -> None:
        """Counts a request that never became a hit: its sender is not told, so nobody waits for the commit."""
        outcome = refused("", "", refusal)
        self.counts.settled("", "", outcome)
        self._journal.append(outcome).add_done_callback(_look_away)

    def _path(self, path: str) -> str:
        prefix = self._limits.path_prefix
        return path[len(prefix) :] if prefix and path.startswith(prefix + "/") else path

    async def _collect(self, scope: Scope, path: str, receive: Receive) -> tuple[int, Headers, bytes]:
        walked = self._walk(scope, path, await self._body(scope, receive))
        try:
            await self._journal.append(walked.outcome)
        except JournalUnavailable:
            return self._unavailable(scope, walked)
        self.counts.settled(walked.site, walked.adapter, walked.outcome)
        answer = walked.answer
        headers = [(b"x-gateway-outcome", _outcome(walked.outcome))]
        if walked.admitted:
            _add_cors(headers, scope)
        if answer.status != 204:
            headers.append((b"content-type", answer.content_type or b"text/plain"))
            headers.append((b"content-length", str(len(answer.body)).encode()))
            headers.append((b"cache-control", b"no-store, private"))
        return answer.status, headers, answer.body

    def _walk(self, scope: Scope, path: str, body: bytes | Refusal) -> Walked:
        """The hit's walk, or the refusal of what is no hit."""
        if isinstance(body, Refusal):
            return _turned_away(body)
        if scope["method"] not in _METHODS:
            return _turned_away(Refusal.METHOD_NOT_ALLOWED)
        source = ""
        if path.startswith("/s/"):
            source, _, rest = path[3:].partition("/")
            path = "/" + rest
        address, country = self._peers.address_and_country(scope)
        hit = Hit(scope["method"], path, scope["query_string"], scope["headers"], body, address, time(), country)
        return self.pipeline.walk(hit, source)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | Refusal:
        """The inflated body, bounded on the stream."""
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body") and len(body) <= self._limits.body_bytes:
            message = await receive()
            body += message.get("body", b"")
        if message["type"] == "http.disconnect":
            return Refusal.SLOW_BODY
        if len(body) > self._limits.body_bytes:
            return Refusal.BODY_TOO_LARGE
        encoding = b""
        for name, text in scope["headers"]:
            if name == b"content-encoding":
                encoding = text.strip().lower()
        return inflate(body, encoding, self._limits.inflated_bytes) if body else body

    async def _preflight(self, scope: Scope) -> tuple[int, Headers, bytes]:
        """204; with CORS headers if any site lists the origin, else without, and counted."""
        asked = dict(scope["headers"])
        origin = asked.get(b"origin", b"").decode("latin-1")
        headers: Headers = []
        if self.pipeline.sites.admits(origin):
            _add_cors(headers, scope)
            headers += [
                (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
                (b"access-control-allow-headers", asked.get(b"access-control-request-headers", b"content-type")),
                (b"access-control-max-age", _PREFLIGHT_HOLDS_S),
            ]
        else:
            self.refuse(Refusal.ORIGIN_NOT_LISTED)
        return 204, headers, b""

    def _ready(self) -> tuple[int, Headers, bytes]:
        """200 while hits are accepted and can be made durable, else 503 with the reason. Never asks the warehouse."""
        reason = "draining" if not self.accepting else self._journal.state()
        body = f"{reason or 'ready'}\n{self.trouble}".encode()
        return (503 if reason else 200), _plain(body), body

    def _unavailable(self, scope: Scope, walked: Walked) -> tuple[int, Headers, bytes]:
        body = b"Not durable now; send it again.\n"
        headers = [*_plain(body), (b"retry-after", str(self._limits.retry_after_s).encode())]
        if walked.admitted:
            _add_cors(headers, scope)
        return 503, headers, body


def _turned_away(refusal: Refusal) -> Walked:
    return Walked(refused("", "", refusal), Answer(_STATUS.get(refusal, 400)), False)


def _outcome(outcome: Outcome) -> bytes:
    return b"facts=%d refused=%d" % (len(outcome.facts), len(outcome.tallies))


def _add_cors(headers: Headers, scope: Scope) -> None:
    """Names the origin that asked. Source: Fetch standard, 3.3; `*` is not enough where credentials are sent."""
    for name, text in scope["headers"]:
        if name == b"origin":
            headers.append((b"access-control-allow-origin", text))
            headers.append((b"access-control-allow-credentials", b"true"))
            headers.append((b"vary", b"Origin"))
            return


def _plain(body: bytes) -> Headers:
    return [
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]


def _fixed(path: str) -> tuple[int, Headers, bytes]:
    content_type, body = _FIXED[path]
    return 200, [(b"content-type", content_type), (b"content-length", str(len(body)).encode())], body


def _look_away(future: asyncio.Future[None]) -> None:
    """Marks the error of a count that nobody waits for as seen; the journal itself reports being unavailable."""
    if not future.cancelled():
        future.exception()
