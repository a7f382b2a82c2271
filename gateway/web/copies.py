"""Copies for destinations, made durable beside the outcome that they belong to: an outbox per site and destination.

May not: hold up or fail a hit for a destination's sake. An answer waits for both commits; a copy that cannot be queued
(its outbox is full, because the destination has been down for long) is counted, and the event itself is safe.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from gateway.intake.pipeline import Copied
from gateway.intake.site import Sites
from gateway.journal.writer import Journal
from gateway.outward import Stopped
from gateway.words import Outcome


class Copies:
    """The outboxes of one collect process, by name. `open` makes one; only a process that forwards has any."""

    def __init__(self, open_outbox: Callable[[str], Journal] | None = None) -> None:
        self._open = open_outbox
        self._outboxes: dict[str, Journal] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self._stopped: Counter[tuple[str, str]] = Counter()

    def serve(self, sites: Sites) -> None:
        """Opens the outboxes that these sites name, and closes those that they name no more."""
        names = {copier.name for site in sites.all for copier in site.copiers}
        for name in names - self._outboxes.keys():
            if self._open is not None:
                self._outboxes[name] = self._open(name)
        for name in self._outboxes.keys() - names:
            self._closing.add(closing := asyncio.ensure_future(self._outboxes.pop(name).close()))
            closing.add_done_callback(self._closing.discard)

    def retire(self, sites: Sites) -> None:
        """Takes over the counts of sites that are about to be replaced."""
        self._stopped += _not_copied(sites)

    def append(self, copies: Sequence[Copied], durable: asyncio.Future[None]) -> asyncio.Future[None]:
        """Done when the outcome is durable and every copy is durable or counted; fails as the outcome does."""
        joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = {durable}
        for name, rows in copies:
            outbox = self._outboxes.get(name)
            if outbox is None:
                self._stopped[name, Stopped.NOT_QUEUED] += len(rows)
                continue
            commit = outbox.append(Outcome(rows, []))
            commit.add_done_callback(partial(self._settled, name, len(rows)))
            waiting.add(commit)
        left = len(waiting)

        def done(_: asyncio.Future[None]) -> None:
            nonlocal left
            left -= 1
            if not left and not joined.done():
                _pass_on(durable, joined)

        for one in waiting:
            one.add_done_callback(done)
        return joined

    async def close(self) -> None:
        """Seals every outbox."""
        await asyncio.gather(*self._closing, *(outbox.close() for outbox in self._outboxes.values()))

    def snapshot(self, sites: Sites) -> dict[str, Any]:
        """JSON-ready rows of labels and count: of these sites and of those that were retired."""
        now = self._stopped + _not_copied(sites)
        return {"forward_stopped": [[*name.split("."), reason, n] for (name, reason), n in sorted(now.items())]}

    def _settled(self, name: str, rows: int, commit: asyncio.Future[None]) -> None:
        if commit.cancelled() or commit.exception() is not None:
            self._stopped[name, Stopped.NOT_QUEUED] += rows


def _not_copied(sites: Sites) -> Counter[tuple[str, str]]:
    copiers = [copier for site in sites.all for copier in site.copiers]
    return Counter({(copier.name, reason): n for copier in copiers for reason, n in copier.stopped.items()})


def _pass_on(durable: asyncio.Future[None], joined: asyncio.Future[None]) -> None:
    if durable.cancelled():
        joined.cancel()
    elif (error := durable.exception()) is not None:
        joined.set_exception(error)
        joined.exception()  # that nobody waits is no error
    else:
        joined.set_result(None)
