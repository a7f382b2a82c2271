"""The nouns that may lie still: on a disk, in a queue, in a table, in a metric.

Nothing here may hold a value that came from a hit, except a `Fact`, and only `gateway.intake.minimise` makes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, NewType

#: One row as ClickHouse will read it: a JSON object without a newline, minimised. Only `intake.minimise` makes one.
Fact = NewType("Fact", bytes)

#: One change of choice, in the canonical text of `gateway.proof`. Only `intake.choices` makes one.
Proof = NewType("Proof", bytes)

#: How many events of a day were decided alike, as ClickHouse will read it. Only `intake.choices` makes one.
Counted = NewType("Counted", bytes)

#: A property that no contract lists, by name and type, as ClickHouse will read it. Only `intake.unlisted` names one.
Sighted = NewType("Sighted", bytes)


#: Whose rows are to be erased, by pseudonyms, as ClickHouse will read it. Only `intake.orders` makes one.
Order = NewType("Order", bytes)


class Refusal(StrEnum):
    """Why an event did not become a fact. Closed: every event read ends as one fact or as one of these."""

    # The request
    REQUEST_UNREADABLE = "request_unreadable"  #: not HTTP, or a request line over 64 KB, or headers over 32 KB
    METHOD_NOT_ALLOWED = "method_not_allowed"  #: the path collects, but not by that method
    ENCODING_UNKNOWN = "encoding_unknown"  #: a Content-Encoding that is none of identity, gzip, deflate
    UNKNOWN_PATH = "unknown_path"  #: no adapter claims the method and path
    UNKNOWN_KEY = "unknown_key"  #: the write key, measurement id or site is not one of a configured site
    ORIGIN_NOT_LISTED = "origin_not_listed"  #: a browser sent it from an origin that the site does not list
    BODY_TOO_LARGE = "body_too_large"  #: over 512 KB as sent or 2 MB inflated
    BODY_UNREADABLE = "body_unreadable"  #: not what the protocol sends: bad JSON, bad gzip, bad encoding
    BODY_TOO_DEEP = "body_too_deep"  #: JSON nested deeper than 32
    TOO_MANY_EVENTS = "too_many_events"  #: the events of a request after the 500th
    NO_EVENTS = "no_events"  #: a request for a collecting path that holds no event
    SLOW_BODY = "slow_body"  #: the body took longer than 10 s, or its sender went away
    RATE_LIMITED = "rate_limited"  #: its network or its site sends more than address_limit_per_s or site_limit_per_s
    FORGED_SIGNATURE = "forged_signature"  #: a webhook, mail open or mail link whose signature is missing or wrong
    TARGET_NOT_LISTED = "target_not_listed"  #: an unsigned link to a host that no site lists, or to no host at all
    TOO_LATE = "too_late"  #: a webhook that was signed outside of its source's window
    REPLAYED = "replayed"  #: a webhook's delivery that came before; its first one counted
    # The event
    EVENT_TOO_LARGE = "event_too_large"  #: one event over 64 KB
    EVENT_UNREADABLE = "event_unreadable"  #: not an object, or without a usable name
    NOT_AN_EVENT = "not_an_event"  #: a call that tells of a person, not of something that happened (identify, alias)
    TIME_OUT_OF_RANGE = "time_out_of_range"  #: older than 30 days or more than an hour ahead, clock corrected
    CONSENT_DENIED = "consent_denied"  #: no purpose of the warehouse is allowed for it
    CONTRACT_BROKEN = "contract_broken"  #: breaks a rule of its contract, which says quarantine: kept aside there
    FIELD_UNSTORABLE = "field_unstorable"  #: a value that no column can hold, found before it was written
    # Us
    DUPLICATE = "duplicate"  #: sent again by its client and durable twice; found by the loader, the first one counts
    QUARANTINED = "quarantined"  #: the warehouse would not take the row; it lies in the journal's quarantine
    GATEWAY_FAULT = "gateway_fault"  #: our own mistake while reading it; unexpected, look at the metric and tell us

    @property
    def is_unexpected(self) -> bool:
        """True for our bugs, false for the sender's mistakes and for lawful refusals."""
        return self is Refusal.GATEWAY_FAULT


class Tally(NamedTuple):
    """One count of one reason: where, through which adapter, why. No values."""

    site: str
    adapter: str
    refusal: Refusal


class Broken(NamedTuple):
    """A fact that breaks its contract, which says quarantine: refused, and kept aside until the contract is mended."""

    fact: Fact


class Outcome(NamedTuple):
    """What became of one hit: its facts, and a tally per event that became none. `events read = facts + tallies`.

    `proofs` are the changes of choice that it brought; `counted` are counts of decisions, which come with no hit.
    `broken` are facts for the quarantine; each of their events has a tally, and no fact. `sighted` come with no hit.
    `orders` say whose rows are to be erased.
    """

    facts: list[Fact]
    tallies: list[Tally]
    proofs: Sequence[Proof] = ()
    counted: Sequence[Counted] = ()
    broken: Sequence[Fact] = ()
    sighted: Sequence[Sighted] = ()
    orders: Sequence[Order] = ()


class SiteKeys(NamedTuple):
    """The keys that make pseudonyms for one site today. Bytes of 32; None means that this kind cannot be made.

    `day` is the salt of the day on which the hit is received (UTC): destroyed two days later. `durable` is the
    versioned key of consented pseudonyms, `epoch` its version, which rows carry; the keys themselves never rest
    outside the keyring's folder.
    """

    day: bytes | None
    durable: bytes | None
    epoch: int


class Person(NamedTuple):
    """The pseudonyms that somebody's identifiers lead to, 32 hexadecimal digits each; of the identifiers nothing."""

    site: str
    visitors: frozenset[str]
    accounts: frozenset[str]

    @property
    def is_linkable(self) -> bool:
        """Whether any key is left that leads anywhere."""
        return bool(self.visitors or self.accounts)
