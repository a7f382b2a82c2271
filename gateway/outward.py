"""The nouns of what goes out: scripts that are fetched for pages, destinations that facts are sent on to.

May not: call anyone. Made by `gateway.configuration`, frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Upstream(NamedTuple):
    """Where calls go. `url` is scheme, host and port; `is_private` allows addresses that are not public, and HTTP."""

    url: str
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class ScriptTerms:
    """Scripts of one site: `ids` are fetched from the upstream, and hosts in them become `host`, the site's own.

    `host` may have a path: `www.shop.example/t`.
    """

    site: str
    upstream: Upstream
    ids: tuple[str, ...]
    host: str


@dataclass(frozen=True, slots=True)
class RelayTerms:
    """One destination of one site. `destination` is the policy's word for it; `kind` names the forwarder.

    `options` are the forwarder's own, such as a measurement id; `adapters` are the protocols whose events are sent on.
    """

    site: str
    destination: str
    kind: str
    upstream: Upstream
    secret: bytes = field(repr=False)
    options: Mapping[str, str]
    adapters: frozenset[str]

    @property
    def name(self) -> str:
        """What its outbox is called; neither part can hold a dot."""
        return f"{self.site}.{self.destination}"


#: In a no's place of purposes: all that waits of the person is erased.
EVERYTHING = "*"


class Stopped(StrEnum):
    """Why a copy that was made for a destination was not sent to it. Closed, as refusals are."""

    NO_IDENTIFIER = "no_identifier"  #: nobody agreed to be recognised there, and the destination counts by identifier
    NOT_QUEUED = "not_queued"  #: its outbox could not be written or is full; the event itself is safe
    WITHDRAWN = "withdrawn"  #: a no came after the event and before it was sent
    POLICY_CHANGED = "policy_changed"  #: it was minimised under another text of the policy than the one in force
    NOT_ALLOWED = "not_allowed"  #: the policy in force does not let the destination have it
    EXPIRED = "expired"  #: older than the destination takes, or than policy lets it be kept
    NOT_SENDABLE = "not_sendable"  #: the destination has no word for it, or does not want it, such as bots
    REFUSED = "refused"  #: the destination answered that it does not take it
    UNCONFIGURED = "unconfigured"  #: the destination is no longer configured; what waited was removed
