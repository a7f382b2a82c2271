"""Hit and Event: the two nouns that hold personal data. In memory only.

May not: be serialised, logged or shown; their `repr` gives sizes only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from consent.words import Statement
from gateway.intake.headers import Headers
from gateway.words import Refusal


@dataclass(slots=True, repr=False)
class Hit:
    """One HTTP request as received. Personal.

    `path` starts with '/', without the site's prefix; `query` is the raw query string, still percent-encoded;
    `headers` by lower-case name; `body` is inflated; `address` is the client's address as text after trusted proxies,
    '' if unknown; `received_at` is Unix seconds.
    `country` is a CDN's country header from a trusted proxy, '' otherwise.
    """

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    address: str
    received_at: float
    country: str = ""

    def header(self, name: bytes) -> str:
        """The header of that lower-case name as text, '' where there is none; bytes beyond ASCII as Latin-1."""
        return self.headers.get(name, b"").decode("latin-1")

    def __repr__(self) -> str:
        return f"<Hit {len(self.query)}+{len(self.body)} bytes, {len(self.headers)} headers>"


@dataclass(slots=True, repr=False)
class Event:
    """One thing that happened, in our vocabulary, read out of a hit by an adapter. Personal.

    Times are Unix seconds, clock corrected. Absent text is ''. `name` is normalised (`vocabulary.event_name`).
    `event_id` is what the client sent, any text. `properties` holds scalars (str, int, float, bool), keyed by the
    names of our contracts where the vocabulary knows them; `items` are dicts of the same kind, `product_id, name,
    category, brand, variant, seller_id, price, quantity, coupon, list` where sent.
    `statements` are the consent values that this event carries; None means those of the whole hit.
    `user_agent` and `address` override those of the hit, for events that a server sends on behalf of a visitor: ''
    means that the visitor's is unknown (never the server's own); None means the hit's.
    """

    name: str
    at: float
    event_id: str = ""
    client_id: str = ""
    user_id: str = ""
    session_id: str = ""
    page_url: str = ""
    page_title: str = ""
    referrer: str = ""
    language: str = ""
    screen: str = ""
    email: str = ""
    user_agent: str | None = None
    address: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)
    statements: tuple[Statement, ...] | None = None
    size: int = 0

    def __repr__(self) -> str:
        return f"<Event {len(self.properties)} properties, {len(self.items)} items>"


@dataclass(slots=True, repr=False)
class Leaver:
    """Somebody who is to be forgotten, by the site's identifiers as they were said. Personal."""

    client_id: str = ""
    user_id: str = ""

    def __repr__(self) -> str:
        return "<Leaver>"


class Answer(NamedTuple):
    """What the client insists on hearing. Never echoes a value of the hit but its Origin, which web.collect adds."""

    status: int = 204
    body: bytes = b""
    content_type: bytes = b""


#: For senders that read nothing.
NO_CONTENT = Answer()


@dataclass(slots=True, repr=False)
class Reading:
    """What an adapter reads out of a hit.

    `key` is the write key, measurement id or site name that the hit names, '' if none. `refusals` has one entry per
    event that could not be read. `statements` are the consent values of the whole hit in the body or query;
    headers (Sec-GPC, DNT) and cookies are read by the pipeline for every protocol alike.
    `leavers` are people whom the hit asks to forget; the call that does is among the refusals.
    `answer` is sent once the outcome is durable.
    """

    key: str = ""
    events: list[Event] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    statements: tuple[Statement, ...] = ()
    answer: Answer = NO_CONTENT
    leavers: list[Leaver] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Reading {len(self.events)} events, {len(self.refusals)} refusals>"
