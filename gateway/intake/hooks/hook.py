"""What a webhook's source is: how it signs, how it is read, how one site has configured it.

May not: know any source; hold a secret where a `repr` shows it.

Rules
    1. A signature is checked over the bytes as they came, before anything is decoded, in constant time.
    2. Only then its delivery id and its signed time are read: who comes again is `replayed`, who comes late `too_late`.
    3. What no signature covers decides nothing: a header that a forger can change is no id and no time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.intake.adapters.adapter import Adapter
from gateway.intake.hit import Hit, Reading
from gateway.words import Refusal

#: A clock that runs ahead by more is wrong. Source: Standard Webhooks 1.0.0, five minutes either way.
AHEAD_S = 300.0

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How one source of a site proves itself. Several secrets: the present one, and those that it replaces.

    `token` is a second, plain proof where the source sends one. `header`, `encoding`, `prefix`, `algorithm` and
    `timestamp_header` are for the generic kind; `event` names what its deliveries mean, and `choices` says that its
    answers are choices, whose labels may be kept as codes. `window_s` 0 is the kind's own.
    """

    kind: str
    secrets: tuple[bytes, ...] = field(repr=False)
    token: bytes = field(default=b"", repr=False)
    header: bytes = b""
    encoding: str = "hex"
    prefix: str = ""
    algorithm: str = "sha256"
    timestamp_header: bytes = b""
    event: str = ""
    choices: bool = False
    window_s: float = 0.0


class Stamp(NamedTuple):
    """What tells a delivery from others: its id, the same over retries, and the time that was signed, if one was."""

    delivery: str
    signed_at: float | None = None


class Kind(NamedTuple):
    """One kind of source. `options` are the terms that it takes beside its secret; `window_s` its own window.

    `read_secret` makes the key of a secret as it is handed out; raises ValueError with what it should look like.
    """

    name: str
    is_genuine: Callable[[Hit, Terms], bool]
    stamp: Callable[[Hit, Terms], Stamp]
    read: Callable[[Hit, Terms], Reading]
    window_s: float
    options: tuple[str, ...] = ()
    read_secret: Callable[[bytes], bytes] = bytes


class Hook(NamedTuple):
    """A configured source: what the door asks. Deliveries are remembered for `window_s`."""

    adapter: Adapter
    check: Callable[[Hit], Stamp | Refusal]
    window_s: float


def compile_hook(kind: Kind, terms: Terms) -> Hook:
    """The kind under these terms."""
    window_s = terms.window_s or kind.window_s

    def check(hit: Hit) -> Stamp | Refusal:
        if not kind.is_genuine(hit, terms):
            return Refusal.FORGED_SIGNATURE
        stamp = kind.stamp(hit, terms)
        at = stamp.signed_at
        if at is not None and not hit.received_at - window_s <= at <= hit.received_at + AHEAD_S:
            return Refusal.TOO_LATE
        return stamp

    def read(hit: Hit) -> Reading:
        return kind.read(hit, terms)

    return Hook(Adapter(kind.name, (), read), check, window_s)
