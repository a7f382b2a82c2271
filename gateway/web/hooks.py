"""`POST /hooks/<source>`: webhooks, proven over their raw bytes, taken once, answered when durable.

May not: decode a body before its signature is checked; say which part of a proof was wrong.

Rules
    1. An unknown source is an unknown path. What is forged or late is answered 401, and what came before 200, so that
       its sender stops; all are counted.
    2. A delivery is remembered once it is durable: after a 503 it may come again. While it is being written, whoever
       brings the same one is told to come again.
"""

from __future__ import annotations

import asyncio

from gateway.intake.doors import SERVER_STEPS, turned_away
from gateway.intake.hooks import Hook
from gateway.intake.hooks.hook import AHEAD_S
from gateway.intake.pipeline import Walked
from gateway.intake.site import Site
from gateway.journal.seen import Seen
from gateway.web.collect import Collect
from gateway.web.wire import Pending, Reply, Request
from gateway.words import Refusal

PREFIX = "/hooks/"

#: What a sender hears that is turned away. Why 200 for what came before: so that it does not come a third time.
_STATUS = {
    Refusal.FORGED_SIGNATURE: 401,
    Refusal.TOO_LATE: 401,
    Refusal.REPLAYED: 200,
    Refusal.METHOD_NOT_ALLOWED: 405,
    Refusal.ENCODING_UNKNOWN: 415,
}


class HookDoor:
    """Answers webhooks. `seen` is shared by all collect processes."""

    def __init__(self, collect: Collect, seen: Seen) -> None:
        self._collect = collect
        self._seen = seen
        self._under_way: set[bytes] = set()

    def answer(self, request: Request, path: str) -> Reply | Pending | None:
        """None for what is no webhook of a configured source."""
        source = path[len(PREFIX) :].partition("/")[0] if path.startswith(PREFIX) else ""
        found = self._collect.pipeline.sites.hook(source)
        if found is None:
            return None
        reason = _refused_unread(request)
        if reason is not None:
            return self._turned_away(request, found, reason)
        return self._prove(request, path, source, found)

    def _prove(self, request: Request, path: str, source: str, found: tuple[Site, Hook]) -> Reply | Pending:
        site, hook = found
        hit = self._collect.hit(request, path, request.body)
        stamp = self._collect.pipeline.prove(hook, hit)
        if isinstance(stamp, Refusal):
            return self._turned_away(request, found, stamp)
        digest = self._seen.digest(site.name, source, stamp.delivery)
        if digest in self._under_way:
            return self._collect.later()
        if self._seen.holds(digest, hit.received_at):
            return self._turned_away(request, found, Refusal.REPLAYED)
        walked = self._collect.pipeline.enter(hit, hook.adapter, site, SERVER_STEPS)
        return self._take(request, walked, digest, hit.received_at + hook.window_s + AHEAD_S)

    def _turned_away(self, request: Request, found: tuple[Site, Hook], refusal: Refusal) -> Pending:
        walked = turned_away(found[0].name, found[1].adapter.name, refusal, _STATUS.get(refusal, 400))
        return self._collect.collected(request, walked)

    def _take(self, request: Request, walked: Walked, digest: bytes, until: float) -> Pending:
        """Remembers the delivery when its commit is done, unless it is told to come again (429)."""

        def settled(future: asyncio.Future[None]) -> None:
            self._under_way.discard(digest)
            if pending.reply.status < 400 and not future.cancelled() and future.exception() is None:
                self._seen.put(digest, until)

        pending = self._collect.collected(request, walked)
        self._under_way.add(digest)
        pending.future.add_done_callback(settled)
        return pending


def _refused_unread(request: Request) -> Refusal | None:
    if request.method != "POST":
        return Refusal.METHOD_NOT_ALLOWED
    is_plain = request.headers.get(b"content-encoding", b"identity") == b"identity"
    return None if is_plain else Refusal.ENCODING_UNKNOWN
