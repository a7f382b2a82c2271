"""What a forwarder is: rows of one destination's outbox to requests, and what an answer means.

May not: know any destination; call out by itself (`gateway.relay` does, with what it is given here).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.outward import RelayTerms

#: A minimised event, as it lies in the outbox: the columns of `gateway.events`, defaults left out.
Row = Mapping[str, Any]


class Request(NamedTuple):
    """What is sent: method POST; `target` is path and query. `rows` counts those that the destination has words for."""

    target: str
    body: bytes
    headers: Mapping[str, str]
    rows: int


class Forwarder(NamedTuple):
    """One kind of destination.

    `together` tells by what rows share a request: equal keys, next to each other, at most `together_limit`.
    `request` makes it, None where the destination has no word for any of the rows. `oldest_s` is the age up to which
    the destination takes events. `options` are the words that gateway.yml must say of it, `upstream` the usual one.
    """

    name: str
    options: tuple[str, ...]
    upstream: str
    oldest_s: float
    together: Callable[[Row], object]
    together_limit: int
    request: Callable[[Sequence[Row], RelayTerms], Request | None]
