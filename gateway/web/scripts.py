"""`/gtm.js`, `/gtag/js`, `/gtag/destination`: Google's scripts from the site's own host; off where no site lists ids.

May not: ask the upstream for a visitor, or tell it of one: scripts are fetched ahead, in the background, by id alone.

Rules
    1. Only ids that a site lists are fetched and served; a query can choose one, and nothing else.
    2. What is kept is a script: status 200, a JavaScript type, UTF-8, within the size. Hosts in it become the site's.
    3. An upstream that is down leaves the last good copy, a week at most; then, and before the first copy, 503.
    4. The event loop never waits: a request is answered from memory; fetching is a thread's, which may be killed.
Why 15 minutes: what Google lets browsers keep them. Not: a copy on disk; a page works without its tag manager.
"""

from __future__ import annotations

import gzip
import logging
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from gateway.intake.urlencoded import read_query
from gateway.outbound import OutboundError, Told
from gateway.outward import ScriptTerms
from gateway.web.wire import Reply, Request

_log = logging.getLogger("gateway.scripts")

#: The paths, as Google's servers know them.
PATHS = ("/gtm.js", "/gtag/js", "/gtag/destination")

SIZE_LIMIT_BYTES = 2 * 1024 * 1024

_FRESH_S = 900.0
_KEPT_S = 7 * 86_400.0
_AGAIN_S = (5.0, 300.0)  # pause after the first failure, and the longest
_LOOK_EVERY_S = 0.25

_TYPES = frozenset({"application/javascript", "text/javascript", "application/x-javascript"})

#: Hosts in Google's scripts that become the site's own: where scripts come from, and where hits go.
_HOSTS = (
    "www.googletagmanager.com", "www.google-analytics.com", "region1.google-analytics.com", "analytics.google.com",
    "region1.analytics.google.com",
)  # fmt: skip
_FOREIGN = re.compile(rb"(?<![\w.-])(?:%b)(?![\w-]|\.\w)" % b"|".join(re.escape(host).encode() for host in _HOSTS))

#: What may stand in a request beside the id; the scripts themselves add all but `l`.
_LAYER = frozenset({"", "dataLayer"})

_HEAD = (
    b"content-type: application/javascript; charset=utf-8\r\ncache-control: public, max-age=900\r\n"
    b"x-content-type-options: nosniff\r\ncross-origin-resource-policy: cross-origin\r\nvary: Accept-Encoding\r\n"
)
_NOT_NOW = Reply(503, b"retry-after: 30\r\ncache-control: no-store\r\ncontent-type: text/plain\r\n", b"not now\n")
_UNKNOWN = Reply(404, b"cache-control: no-store\r\ncontent-type: text/plain\r\n", b"not one of ours\n")

#: Asks an upstream for a target; blocking. Raises OutboundError.
Fetch = Callable[[ScriptTerms, str], Told]


class Key(NamedTuple):
    """Which script: a path and an id."""

    path: str
    id: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A script as it leaves: plain and packed, and when it was fetched (monotonic seconds)."""

    plain: bytes
    packed: bytes
    fetched_at: float


class Scripts:
    """The scripts of one collect process. `terms` may be replaced; what they no longer name is forgotten."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = monotonic) -> None:
        self.terms: tuple[ScriptTerms, ...] = ()
        self._fetch = fetch
        self._clock = clock
        self._copies: dict[Key, Copy] = {}
        self._due: dict[Key, float] = {}
        self._pause: dict[Key, float] = {}
        self._ended = threading.Event()

    def answer(self, request: Request, path: str) -> Reply | None:
        """From memory; None for what is no script's path, or where no site lists any."""
        if path not in PATHS or request.method not in ("GET", "HEAD") or not self.terms:
            return None
        asked = read_query(request.query)
        key = Key(path, asked.get("id", ""))
        if key.id not in self._wanted() or asked.get("l", "") not in _LAYER:
            return _UNKNOWN
        copy = self._copies.get(key)
        if copy is None or self._clock() - copy.fetched_at > _KEPT_S:
            return _NOT_NOW
        return _reply(request, copy)

    def start(self) -> None:
        """Fetches in the background until `close`, or for as long as the process lives."""
        threading.Thread(target=self._run, name="scripts", daemon=True).start()

    def close(self) -> None:
        """Fetches no more; what was fetched is still served."""
        self._ended.set()

    # On the thread

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_EVERY_S):
            for terms, key in list(self._due_now()):
                self._refresh(terms, key)

    def _wanted(self) -> dict[str, ScriptTerms]:
        return {script: terms for terms in self.terms for script in terms.ids}

    def _due_now(self) -> Iterator[tuple[ScriptTerms, Key]]:
        wanted = {Key(path, script): terms for script, terms in self._wanted().items() for path in _paths(script)}
        for key in self._copies.keys() - wanted.keys():
            del self._copies[key], self._due[key]
        now = self._clock()
        return ((terms, key) for key, terms in wanted.items() if self._due.get(key, now) <= now)

    def _refresh(self, terms: ScriptTerms, key: Key) -> None:
        try:
            copy = self._copy(terms, key)
        except OutboundError as error:
            first, longest = _AGAIN_S
            self._pause[key] = pause = min(longest, self._pause.get(key, first / 2) * 2)
            self._due[key] = self._clock() + pause
            _log.warning("The script %s %s was not fetched: %s", key.path, key.id, error)
            return
        self._copies[key] = copy
        self._pause.pop(key, None)
        self._due[key] = self._clock() + _FRESH_S

    def _copy(self, terms: ScriptTerms, key: Key) -> Copy:
        told = self._fetch(terms, f"{key.path}?id={key.id}")
        plain = _FOREIGN.sub(terms.host.encode(), read_script(told))
        return Copy(plain, gzip.compress(plain, 6, mtime=0), self._clock())


def _paths(script: str) -> tuple[str, ...]:
    """Containers are loaded by gtm.js, tags by the other two."""
    return PATHS[:1] if script.startswith("GTM-") else PATHS[1:]


def read_script(told: Told) -> bytes:
    """The answer's body, if it is a script. Raises OutboundError."""
    kind = told.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told.status != 200:
        raise OutboundError(f"the upstream answered {told.status}")
    if kind not in _TYPES:
        raise OutboundError("the upstream's answer is of no JavaScript type")
    if not 0 < len(told.body) <= SIZE_LIMIT_BYTES:
        raise OutboundError("the upstream's answer is empty or too large")
    if told.headers.get("content-encoding", "identity") != "identity" or told.body.lstrip()[:1] == b"<":
        raise OutboundError("the upstream's answer is no plain script")
    try:
        told.body.decode()
    except UnicodeDecodeError:
        raise OutboundError("the upstream's answer is not UTF-8") from None
    return told.body


def _reply(request: Request, copy: Copy) -> Reply:
    if b"gzip" in request.headers.get(b"accept-encoding", b""):
        return Reply(200, _HEAD + b"content-encoding: gzip\r\n", copy.packed)
    return Reply(200, _HEAD, copy.plain)
