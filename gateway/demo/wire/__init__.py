"""Journeys as requests: one file per protocol, one table.

May not: draw lots (but for what is broken, `bad`), read a clock, open a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gateway.demo.wire import ga4, own, segment
from gateway.demo.words import Journey, Protocol, Request

WIRES: Mapping[Protocol, Callable[[Journey], Iterator[Request]]] = {
    Protocol.OWN: own.requests,
    Protocol.GA4: ga4.requests,
    Protocol.SEGMENT: segment.requests,
}


def requests(journey: Journey) -> Iterator[Request]:
    """What the visitor's browser sends, in order."""
    return WIRES[journey.person.protocol](journey)
