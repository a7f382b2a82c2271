"""The public port: requests in, outcomes made durable, answers out.

May not: judge, strip or store; it is handed a pipeline and a journal. Never waits: an answer that depends on the disk
is `Pending`, and leaves when the journal's commit is done.

Rules
    1. The answer leaves after the commit; what cannot be made durable is answered 503 with Retry-After.
    2. Every answer to a hit says what became of it: `X-Gateway-Outcome: facts=1 refused=0`.
    3. CORS names an origin only where a site admitted it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from time import time

from gateway.intake.choices import Note
from gateway.intake.hit import Answer, Hit
from gateway.intake.inflate import inflate
from gateway.intake.pipeline import Pipeline, Walked, refused
from gateway.journal.writer import Journal
from gateway.web.copies import Copies
from gateway.web.counts import Counts
from gateway.web.peers import Peers
from gateway.web.rates import Rates, turned_away
from gateway.web.wire import Pending, Reply, Request
from gateway.words import Refusal

#: Refusals of a whole request -> status. None is worth a retry, so none is a 5xx; 429 is only for who comes too often.
_STATUS = {
    Refusal.UNKNOWN_PATH: 404,
    Refusal.METHOD_NOT_ALLOWED: 405,
    Refusal.BODY_TOO_LARGE: 413,
    Refusal.ENCODING_UNKNOWN: 415,
    Refusal.RATE_LIMITED: 429,
}

_METHODS = frozenset({"GET", "POST"})

_NO_STORE = b"cache-control: no-store, private\r\n"
_TEXT = b"content-type: text/plain\r\n" + _NO_STORE

#: Answers that need no hit: path -> (content type, body). Source of gpc.json: W3C GPC, 2026-04-03, section 4.
_FIXED = {
    "/healthz": Reply(200, _TEXT, b"ok\n"),
    "/robots.txt": Reply(200, _TEXT, b"User-agent: *\nDisallow: /\n"),
    "/.well-known/gpc.json": Reply(
        200, b"content-type: application/json\r\n", b'{"gpc":true,"lastUpdate":"2026-11-22"}'
    ),
}

#: Paths by which others look whether we are well; they are never turned away.
_PROBES = frozenset({"/healthz", "/readyz"})

#: What answers paths that are no protocol's, found by their first characters; None leaves it to the protocols.
Door = Callable[[Request, str], Reply | Pending | None]
DOOR_CHARS = 3

#: Source: Fetch standard, 3.3. How long a browser may remember a preflight; Chrome caps it at 2 h, Firefox at 24 h.
_PREFLIGHT = b"access-control-allow-methods: GET, POST, OPTIONS\r\naccess-control-max-age: 86400\r\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a collect process lets in; units in the names, defaults in `gateway.settings`."""

    inflated_bytes: int
    retry_after_s: int
    path_prefix: str = ""


class Collect:
    """Answers requests: the `Service` of the wire.

    `pipeline` may be replaced between hits, as a whole. `accepting` turns false when the process drains; `trouble`
    is what is wrong with the configuration, for readyz.
    """

    def __init__(self, pipeline: Pipeline, journal: Journal, peers: Peers, limits: Limits) -> None:
        self.pipeline = pipeline
        self.accepting = True
        self.trouble = ""
        self.counts = Counts()
        self.answered = self.counts.answered
        self._journal = journal
        self._peers = peers
        self._limits = limits
        self._retry_after = b"retry-after: %d\r\n" % limits.retry_after_s
        self._others: dict[str, Callable[[], Reply]] = {"/readyz": self._ready}
        self.doors: Mapping[str, Door] = {}
        self.rates: Rates | None = None
        self.copies = Copies()
        self.clock: Callable[[], float] = time

    def answer(self, request: Request) -> Reply | Pending:
        """The answer to one request."""
        path = self._path(request.path)
        if self.rates is not None and path not in _PROBES and not self.rates.lets_in(self._address(request)):
            return self._too_often(request)
        if request.method == "OPTIONS":
            return self._preflight(request)
        if (door := self.doors.get(path[:DOOR_CHARS])) is not None and (told := door(request, path)) is not None:
            return told
        if request.method != "POST":
            if path in _FIXED:
                return _FIXED[path]
            if path in self._others:
                return self._others[path]()
        return self.collected(request, self._walk(request, path))

    def refuse(self, refusal: Refusal) -> Reply:
        """The answer to a request that never became a hit; its count is made durable, but nobody waits for it."""
        outcome = refused("", "", refusal)
        self.counts.settled("", "", outcome)
        self._journal.append(outcome).add_done_callback(look_away)
        return Reply(_STATUS.get(refusal, 400), _outcome(0, 1) + _TEXT, b"%b\n" % refusal.value.encode())

    def _address(self, request: Request) -> str:
        return self._peers.address_and_country(request.peer, request.headers)[0] or request.peer

    def _too_often(self, request: Request) -> Reply:
        """429 to a network that sends more than it may. It is not walked, so only its count is kept."""
        status, lines, body = self.refuse(Refusal.RATE_LIMITED)
        origin = _origin(request)
        cors = _cors(origin) if self.pipeline.sites.admits(origin.decode("latin-1")) else b""
        return Reply(status, self._retry_after + lines + cors, body)

    def _path(self, path: str) -> str:
        prefix = self._limits.path_prefix
        return path[len(prefix) :] if prefix and path.startswith(prefix + "/") else path

    def _walk(self, request: Request, path: str) -> Walked:
        """The hit's walk, or the refusal of what is no hit."""
        if request.method not in _METHODS:
            return _turned_away(Refusal.METHOD_NOT_ALLOWED)
        body = self._inflated(request) if request.body else b""
        if isinstance(body, Refusal):
            return _turned_away(body)
        source = ""
        if path.startswith("/s/"):
            source, _, rest = path[3:].partition("/")
            path = "/" + rest
        return self.pipeline.walk(self.hit(request, path, body), source)

    def hit(self, request: Request, path: str, body: bytes) -> Hit:
        """The request as intake reads it, under a path of its own."""
        address, country = self._peers.address_and_country(request.peer, request.headers)
        return Hit(request.method, path, request.query, request.headers, body, address, self.clock(), country)

    def _inflated(self, request: Request) -> bytes | Refusal:
        encoding = request.headers.get(b"content-encoding", b"").strip().lower()
        return inflate(request.body, encoding, self._limits.inflated_bytes)

    def later(self) -> Reply:
        """503: nothing is wrong with it, but it must come again."""
        return _later(self._retry_after, b"")

    def collected(self, request: Request, walked: Walked) -> Pending:
        """The answer to a walked hit, which waits until its outcome is durable."""
        if self.rates is not None and not self.rates.lets_through(walked):
            walked = turned_away(walked)._replace(answer=Answer(429))
        self.counts.settled(walked.site, walked.adapter, walked.outcome)
        facts, tallies, *_ = walked.outcome
        lines = _outcome(len(facts), len(tallies))
        cors = _cors(_origin(request)) if walked.admitted else b""
        answer = walked.answer
        if answer.status == 429:
            lines += self._retry_after
        if answer.status != 204:
            lines += b"content-type: %b\r\n" % (answer.content_type or b"text/plain") + _NO_STORE
        if walked.cookie:
            lines += _set_cookie(walked.cookie, answer.status)
        durable = self._journal.append(walked.outcome)
        if walked.copies:
            durable = self.copies.append(walked.copies, durable)
        if walked.notes:
            durable.add_done_callback(partial(_forget, walked.notes))
        return Pending(durable, Reply(answer.status, lines + cors, answer.body), _later(self._retry_after, cors))

    def _preflight(self, request: Request) -> Reply:
        """204; with CORS lines if any site lists the origin, else without, and counted."""
        origin = _origin(request)
        if not self.pipeline.sites.admits(origin.decode("latin-1")):
            self.refuse(Refusal.ORIGIN_NOT_LISTED)
            return Reply(204)
        asked = request.headers.get(b"access-control-request-headers", b"content-type")
        return Reply(204, _cors(origin) + _PREFLIGHT + b"access-control-allow-headers: %b\r\n" % asked)

    def _ready(self) -> Reply:
        """200 while hits are accepted and can be made durable, else 503 with the reason. Never asks the warehouse."""
        reason = "draining" if not self.accepting else self._journal.state()
        return Reply(503 if reason else 200, _TEXT, f"{reason or 'ready'}\n{self.trouble}".encode())


def _turned_away(refusal: Refusal) -> Walked:
    return Walked(refused("", "", refusal), Answer(_STATUS.get(refusal, 400)), False)


def _origin(request: Request) -> bytes:
    return request.headers.get(b"origin", b"")


def _set_cookie(cookie: bytes, status: int) -> bytes:
    """The cookie's line; a 204 gets its no-store here, so that no cache between hands one visitor's id to another."""
    return b"set-cookie: %b\r\n" % cookie + (_NO_STORE if status == 204 else b"")


@lru_cache(maxsize=256)
def _outcome(facts: int, refusals: int) -> bytes:
    return b"x-gateway-outcome: facts=%d refused=%d\r\n" % (facts, refusals)


@lru_cache(maxsize=256)
def _cors(origin: bytes) -> bytes:
    """Names the origin that asked. Source: Fetch standard, 3.3; `*` is not enough where credentials are sent."""
    if not origin:
        return b""
    return b"access-control-allow-origin: %b\r\naccess-control-allow-credentials: true\r\nvary: Origin\r\n" % origin


@lru_cache(maxsize=256)
def _later(retry_after: bytes, cors: bytes) -> Reply:
    return Reply(503, retry_after + cors + _TEXT, b"Not durable now; send it again.\n")


def _forget(notes: Sequence[Note], future: asyncio.Future[None]) -> None:
    """A change of choice that did not become durable is one again when the hit is sent again."""
    if future.cancelled() or future.exception() is not None:
        for note in notes:
            note.forget()


def look_away(future: asyncio.Future[None]) -> None:
    """Marks the error of a count that nobody waits for as seen; the journal itself reports being unavailable."""
    if not future.cancelled():
        future.exception()
