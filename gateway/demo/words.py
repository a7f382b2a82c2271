"""The nouns of the demo: what a person chose, what happened in a visit, what goes over the wire.

May not: read a clock, a disk or a network; draw lots.

Why: these are not `consent.words` and `gateway.intake.hit`. The demo is the other side of the wire, and the truth it
keeps must not be computed with the code that it is there to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

PURPOSES = ("counting", "analytics", "personalise", "ad_measurement", "ad_targeting")


class Protocol(StrEnum):
    """In which protocol a visitor's browser speaks to the gateway. The value is the name of the gateway's adapter."""

    OWN = "own"
    GA4 = "ga4"
    SEGMENT = "segment"


class Stance(StrEnum):
    """What a person had said about consent when something happened."""

    YES = "yes"  # to everything
    MEASURING = "measuring_only"  # to counting and analytics, not to advertising
    COUNTING = "counting_only"  # to being counted without being recognised; only our own tag can say so
    NO = "no"
    NO_ANSWER = "no_answer"  # the banner is still open, or there is none and the site assumes
    EXPIRED = "expired"  # a yes of more than a year ago; only our own tag tells when


#: The purposes that a stance speaks a yes for; all others it denies, but NO_ANSWER, which speaks of none.
GRANTS: Mapping[Stance, frozenset[str]] = {
    Stance.YES: frozenset(PURPOSES),
    Stance.MEASURING: frozenset({"counting", "analytics"}),
    Stance.COUNTING: frozenset({"counting"}),
    Stance.NO: frozenset(),
    Stance.NO_ANSWER: frozenset(),
    Stance.EXPIRED: frozenset(PURPOSES),
}


class Choice(NamedTuple):
    """A stance and when it was taken, Unix seconds; 0 when there was no answer."""

    stance: Stance
    at: float = 0.0


class Turn(NamedTuple):
    """A person answers the banner, or changes their mind: in which visit, after how many events, to what."""

    visit: int
    after_events: int
    stance: Stance


class Agent(NamedTuple):
    """A browser: its user agent, its platform as client hints say it, whether it is a phone, its screen."""

    user_agent: str
    platform: str
    mobile: bool
    screen: str


class Touch(NamedTuple):
    """What brought a visit: channel, referring URL, campaign parameters of the landing URL."""

    channel: str
    referrer: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""
    click_id: str = ""  # parameter name of the ad network's click id: gclid, fbclid, epik


@dataclass(frozen=True, slots=True)
class Person:
    """One visitor, invented. `index` is their number in the demo; `client_id` fits their protocol's format."""

    index: int
    name: str
    email: str
    country: str
    language: str
    currency: str
    utc_offset_h: int
    address: str
    agent: Agent
    protocol: Protocol
    client_id: str
    user_id: str
    objects: bool  # the browser sends Sec-GPC: 1
    assumed_yes: bool  # the site's tag claims a yes by default while there is no answer
    opening: Choice
    turns: tuple[Turn, ...]
    visits: int
    taste: str
    intent: float


class Seller(NamedTuple):
    """A shop on the marketplace."""

    seller_id: str
    name: str
    town: str
    country: str


class Product(NamedTuple):
    """One thing for sale. `price_cents` is in euro."""

    product_id: str
    name: str
    category: str
    seller_id: str
    price_cents: int
    variants: tuple[str, ...]


class Line(NamedTuple):
    """A product in a basket or a list, at its price for this person: cents of their currency."""

    product: Product
    variant: str
    price_cents: int
    quantity: int = 1


class Page(NamedTuple):
    """Where the visitor is. `referrer` is the page before, or what brought the visit."""

    url: str
    title: str
    referrer: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that a visitor did, with the choice that held at that moment. `at` is Unix seconds."""

    name: str
    at: float
    event_id: str
    page: Page
    choice: Choice
    properties: Mapping[str, str | int | float | bool]
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """One session: what brought it and what happened, in order."""

    number: int
    session_id: str
    touch: Touch
    happenings: tuple[Happening, ...]


class Journey(NamedTuple):
    """A person and all of their visits."""

    person: Person
    visits: tuple[Visit, ...]


#: Stands in a body where the moment of sending belongs. As long as what replaces it, so that lengths stay.
SENT_AT = b"1970-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to send. `head` holds all header lines but Host and Content-Length, each ended by CR LF.

    `events` is how many events the gateway must find in it; `bad` names what is wrong with it, '' for nothing.
    `stamped` says that the body holds `SENT_AT`. `due_at` is when its last event happened, Unix seconds.
    """

    method: str
    target: str
    head: bytes
    body: bytes
    due_at: float
    events: int
    stamped: bool = False
    bad: str = ""
