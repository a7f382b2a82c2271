"""Hit and Event: the two nouns that hold personal data. In memory only.

May not: be serialised, logged or shown; their `repr` gives sizes only.

Why each has an `__init__` in writing: the one that `dataclass` makes is never compiled, and those of a hit cost 3 µs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from consent.words import Statement
from gateway.intake.headers import Headers
from gateway.words import Refusal


@dataclass(slots=True, init=False, repr=False)
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
    country: str

    def __init__(
        self,
        method: str,
        path: str,
        query: bytes,
        headers: Headers,
        body: bytes,
        address: str,
        received_at: float,
        country: str = "",
    ) -> None:
        self.method, self.path, self.query = method, path, query
        self.headers, self.body = headers, body
        self.address, self.country = address, country
        self.received_at = received_at

    def header(self, name: bytes) -> str:
        """The header of that lower-case name as text, '' where there is none; bytes beyond ASCII as Latin-1."""
        return self.headers.get(name, b"").decode("latin-1")

    def __repr__(self) -> str:
        return f"<Hit {len(self.query)}+{len(self.body)} bytes, {len(self.headers)} headers>"


@dataclass(slots=True, init=False, repr=False)
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
    event_id: str
    client_id: str
    user_id: str
    session_id: str
    page_url: str
    page_title: str
    referrer: str
    language: str
    screen: str
    email: str
    user_agent: str | None
    address: str | None
    properties: dict[str, Any]
    items: list[dict[str, Any]]
    statements: tuple[Statement, ...] | None
    size: int

    def __init__(
        self,
        name: str,
        at: float,
        event_id: str = "",
        client_id: str = "",
        user_id: str = "",
        session_id: str = "",
        page_url: str = "",
        page_title: str = "",
        referrer: str = "",
        language: str = "",
        screen: str = "",
        email: str = "",
        user_agent: str | None = None,
        address: str | None = None,
        properties: dict[str, Any] | None = None,
        items: list[dict[str, Any]] | None = None,
        statements: tuple[Statement, ...] | None = None,
        size: int = 0,
    ) -> None:
        self.name, self.at, self.event_id = name, at, event_id
        self.client_id, self.user_id, self.session_id = client_id, user_id, session_id
        self.page_url, self.page_title, self.referrer = page_url, page_title, referrer
        self.language, self.screen, self.email = language, screen, email
        self.user_agent, self.address = user_agent, address
        self.properties = {} if properties is None else properties
        self.items = [] if items is None else items
        self.statements = statements
        self.size = size

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


@dataclass(slots=True, init=False, repr=False)
class Reading:
    """What an adapter reads out of a hit.

    `key` is the write key, measurement id or site name that the hit names, '' if none. `refusals` has one entry per
    event that could not be read. `statements` are the consent values of the whole hit in the body or query;
    headers (Sec-GPC, DNT) and cookies are read by the pipeline for every protocol alike.
    `leavers` are people whom the hit asks to forget; the call that does is among the refusals.
    `answer` is sent once the outcome is durable.
    """

    key: str
    events: list[Event]
    refusals: list[Refusal]
    statements: tuple[Statement, ...]
    answer: Answer
    leavers: list[Leaver]

    def __init__(
        self,
        key: str = "",
        events: list[Event] | None = None,
        refusals: list[Refusal] | None = None,
        statements: tuple[Statement, ...] = (),
        answer: Answer = NO_CONTENT,
        leavers: list[Leaver] | None = None,
    ) -> None:
        self.key = key
        self.events = [] if events is None else events
        self.refusals = [] if refusals is None else refusals
        self.statements, self.answer = statements, answer
        self.leavers = [] if leavers is None else leavers

    def __repr__(self) -> str:
        return f"<Reading {len(self.events)} events, {len(self.refusals)} refusals>"
