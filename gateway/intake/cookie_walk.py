"""The cookie `_gw` along the walk of one hit: whose id an event may take, and what the answer tells the browser.

May not: decide that storage is allowed (policy does), read a clock, or be met by events that have ids of their own.

Rules
    1. The cookie is a fallback: it names the visitor of events whose client sends no id (Plausible, Umami, our own tag
       without storage). Where a client has one, that one counts, and no second cookie is set beside it.
    2. The events of a hit are asked one by one, and the strictest answer is the hit's: one denial expires the cookie.
    3. What a server sends for a visitor elsewhere never touches it: the cookie would be the server's.
    4. A browser on another site is set none (`Sec-Fetch-Site: cross-site`): that would be a third-party cookie.
    5. A new id counts at once only where the browser is sure to keep it (`same-origin`); else from its first return.
Why 5: a fetch without credentials, or a browser without cookies, would be another durable visitor with every hit.
Source of Sec-Fetch-Site: W3C Fetch Metadata, 2.3.
"""

from __future__ import annotations

from functools import lru_cache
from secrets import token_hex

from consent.policy import Policy
from consent.words import Decision
from gateway.intake.cookies import EXPIRE, LIFE_LIMIT_DAYS, life_days, read_cookie, sent_values, set_cookie
from gateway.intake.headers import Headers
from gateway.intake.hit import Event

_LIVES_KEPT = 1024


class Jar:
    """What one hit brings of `_gw`, and what its answer sets. Personal."""

    __slots__ = ("_asks", "_at", "_fresh", "_life", "_site", "_values")

    def __init__(self, headers: Headers, at: float) -> None:
        self._values = sent_values(headers.get(b"cookie", b""))
        self._site = headers.get(b"sec-fetch-site", b"")
        self._at = at
        self._life = LIFE_LIMIT_DAYS
        self._fresh = ""
        self._asks = False

    def visit(self, event: Event, policy: Policy, decision: Decision) -> None:
        """One event of the browser itself: it takes its id from here if it has none and policy allows it."""
        if event.address is not None:
            return
        life = _life_days(policy, decision.allowed)
        self._life = min(self._life, life)
        self._asks = self._asks or not event.client_id
        if not event.client_id and life:
            event.client_id = self._client_id(life)

    def answer(self) -> bytes:
        """The Set-Cookie of the answer, b'' for none."""
        if not self._asks and self._life:
            return b""  # events with ids of their own, and storage is allowed: nothing to set, nothing to expire
        if b"cross-site" in self._site:  # also where a proxy says it twice
            return EXPIRE if self._values and not self._life else b""
        return set_cookie(self._values, self._life, self._at, self._id())

    def _client_id(self, life: int) -> str:
        sent = read_cookie(self._values, life, self._at)
        if sent is not None:
            return sent.client_id
        return self._id() if self._site == b"same-origin" else ""

    def _id(self) -> str:
        self._fresh = self._fresh or token_hex(16)
        return self._fresh

    def __repr__(self) -> str:
        return f"<Jar of {len(self._values)} values>"


@lru_cache(maxsize=_LIVES_KEPT)
def _life_days(policy: Policy, allowed: int) -> int:
    return life_days(policy, Decision(allowed, (), "", policy.hash))
