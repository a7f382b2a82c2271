"""Sends a demo's requests to a running gateway, as fast as it answers or at a given rate, and keeps count.

May not: call anything but the one address given. The only module of the demo with a clock and a network, both passed in
or opened here.

Each visitor's requests go out in order, one after the other; visitors side by side. A request that got no answer, 503
or 429 is sent again, as browsers' libraries do, so a gateway that dies in between may see it twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.demo.address import Address
from gateway.demo.connection import Connection, Reply
from gateway.demo.wire.envelope import iso
from gateway.demo.words import SENT_AT, Request

#: How long one request is tried before the gateway is given up.
PATIENCE_S = 60.0

#: The longest that a Retry-After is believed.
LONGEST_WAIT_S = 30.0

_PAUSE_S = 0.25
_ASK_AGAIN = (429, 503)


class GatewayAway(Exception):
    """Nothing answers at the address, or it keeps saying "later". `str()` is a sentence for people."""


class Pace(NamedTuple):
    """How many connections at once, and how many requests a second over all of them; 0 is as fast as it goes."""

    connections: int = 32
    per_second: float = 0.0


class Received:
    """What the gateway told, added up."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.hits = 0
        self.events = 0
        self.facts = 0  # of good hits
        self.refused = 0
        self.facts_of_bad = 0
        self.refused_of_bad = 0
        self.sent_again = 0

    def note(self, request: Request, reply: Reply) -> None:
        """The final reply to a request."""
        self.hits += 1
        self.statuses[str(reply.status) if reply.status else "closed"] += 1
        if request.bad:
            self.facts_of_bad += reply.facts
            self.refused_of_bad += reply.refused
        else:
            self.events += request.events
            self.facts += reply.facts
            self.refused += reply.refused


class Sender:
    """Sends visitors' requests over a few connections. `clock` gives Unix seconds."""

    def __init__(self, address: Address, pace: Pace, clock: Callable[[], float]) -> None:
        self.received = Received()
        self._address = address
        self._pace = pace
        self._clock = clock
        self._reached = False
        self._next_turn = 0.0

    async def send(self, visitors: Iterator[tuple[Request, ...]], sent: Callable[[], None]) -> None:
        """Sends everything and calls `sent` after each visitor. Raises `GatewayAway`."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._pace.connections):
                    group.create_task(self._work(visitors, sent))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _work(self, visitors: Iterator[tuple[Request, ...]], sent: Callable[[], None]) -> None:
        connection = Connection(self._address)
        try:
            for requests in visitors:
                for request in requests:
                    await self._turn()
                    self.received.note(request, await self._deliver(connection, request))
                sent()
        finally:
            await connection.close()

    async def _turn(self) -> None:
        if not self._pace.per_second:
            return
        loop = asyncio.get_running_loop()
        self._next_turn = max(self._next_turn, loop.time()) + 1 / self._pace.per_second
        await asyncio.sleep(self._next_turn - loop.time())

    async def _deliver(self, connection: Connection, request: Request) -> Reply:
        """The final reply. A bad request whose connection is closed has got its answer."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        while True:
            reply = await self._attempt(connection, request)
            if reply is not None and (reply.status not in _ASK_AGAIN):
                return reply
            wait_s = min(reply.retry_after_s, LONGEST_WAIT_S) if reply is not None else _PAUSE_S
            if loop.time() + wait_s > until:
                raise GatewayAway(self._gave_up(reply))
            self.received.sent_again += 1
            await asyncio.sleep(wait_s)

    async def _attempt(self, connection: Connection, request: Request) -> Reply | None:
        """One try; None if it got no reply."""
        body = request.body
        if request.stamped:
            body = body.replace(SENT_AT, iso(self._clock()).encode("ascii"))
        try:
            reply = await connection.exchange(request, body)
        except OSError:
            await connection.close()
            return self._unanswered(request)
        self._reached = True
        if reply.status in _ASK_AGAIN:
            self.received.statuses[f"{reply.status}, sent again"] += 1
        return reply

    def _unanswered(self, request: Request) -> Reply | None:
        if not self._reached:
            raise GatewayAway(f"Nothing answers at {self._address}. Start it first: gateway serve") from None
        return Reply() if request.bad else None

    def _gave_up(self, reply: Reply | None) -> str:
        says = "does not answer any more" if reply is None else f"has answered {reply.status}"
        return f"The gateway at {self._address} {says} for {PATIENCE_S:.0f} s. See what it says: gateway doctor"
