"""The gateway's own first-party cookie `_gw`: set and read only where storage is allowed, expired where it is not.

May not: read any other cookie; renew the life of one that is there; read a clock or make randomness, both are passed.

Rules
    1. Storage is allowed when policy lets the destination recognise the visitor for one of the allowed purposes.
    2. Its life is fixed when it is first set: 390 days, or as long as policy keeps identifiers, if that is shorter.
       Source: CNIL deliberation 2020-091: 13 months, no sliding renewal (facts C1, R3).
    3. Denied: what the browser sent is not looked at, and is expired in the answer (R2, GDPR 7(3)).
    4. Two different values, or one that we did not write, are nobody's; a new one takes their place.
Why: the value carries the day it was made, so that its age needs no second cookie and no table.
Why: a day and not a second, which would tell people apart that the id alone does not.
"""

from __future__ import annotations

from typing import NamedTuple

from consent.policy import Policy
from consent.words import Action, Decision

NAME = b"_gw"

#: Longest life. Chrome caps at 400 days, CNIL at 13 months.
LIFE_LIMIT_DAYS = 390

_DAY_S = 86_400
_ID_CHARS = 32
_HEX = frozenset("0123456789abcdef")
_ATTRIBUTES = b"; Path=/; Secure; HttpOnly; SameSite=Lax"

#: The answer to a browser that must forget.
EXPIRE = NAME + b"=; Max-Age=0" + _ATTRIBUTES


class Cookie(NamedTuple):
    """A cookie that we wrote: the UTC day it was made (days since 1970) and 128 random bits. Personal."""

    day: int
    client_id: str

    def __repr__(self) -> str:
        return "<Cookie>"


def life_days(policy: Policy, decision: Decision, destination: str = "warehouse") -> int:
    """How long the cookie may live under that decision; 0 means that storage is not allowed."""
    sent = policy.sends(destination, decision.allowed)
    if not any(clause.name == "visitor_id" for clause in policy.clauses.fields):
        return 0
    bits = [1 << bit for bit in range(len(policy.purposes)) if sent >> bit & 1]
    recognising = [bit for bit in bits if _may_recognise(policy, destination, bit)]
    kept = max((policy.keep_days.get(policy.names(bit)[0], 0) for bit in recognising), default=0)
    return min(kept, LIFE_LIMIT_DAYS)


def _may_recognise(policy: Policy, destination: str, allowed: int) -> bool:
    return policy.action(destination, allowed, "visitor_id", "user.device.cookie_id") <= Action.PSEUDONYMISE


def sent_values(cookies: bytes) -> frozenset[bytes]:
    """The different values of `_gw` that a browser sent; of other cookies not even the names are kept."""
    pairs = [pair.strip().partition(b"=") for pair in cookies.split(b";")]
    return frozenset(value for name, _, value in pairs if name == NAME)


def read_cookie(values: frozenset[bytes], life: int, at: float) -> Cookie | None:
    """The one cookie that we wrote and that still lives; None where storage is not allowed."""
    if life <= 0 or len(values) != 1:
        return None
    (value,) = values
    day, _, client_id = value.decode("latin-1").partition(".")
    if not (
        day.isascii() and day.isdigit() and len(day) <= 6 and len(client_id) == _ID_CHARS and _HEX.issuperset(client_id)
    ):
        return None
    age = int(at // _DAY_S) - int(day)
    return Cookie(int(day), client_id) if 0 <= age < life else None


def set_cookie(values: frozenset[bytes], life: int, at: float, fresh: str) -> bytes:
    """The Set-Cookie header of the answer, b'' for none. `fresh` is 32 random hexadecimal digits."""
    if life <= 0:
        return EXPIRE if values else b""
    if read_cookie(values, life, at) is not None:
        return b""
    day = int(at // _DAY_S)
    return b"%s=%d.%s; Max-Age=%d%s" % (NAME, day, fresh.encode("ascii"), life * _DAY_S, _ATTRIBUTES)
