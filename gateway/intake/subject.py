"""What a data subject says of themself -> the pseudonyms that it leads to, under every key that still exists.

May not: keep, log or return what was said; read a key from disk. The keys are passed in.

Rules
    1. An identifier is tried as it was said, and as the forms in which people find it in their browser.
    2. An e-mail address is stored by nobody; it leads to rows only where a site used it as its user id or client id.
    3. An address and a browser lead to a day's visitor for as long as that day's salt exists: today and yesterday.
    4. Only what carries the identifier is the person's. Not: following an account to all visitors that ever signed in,
       since a shared device would disclose one person's visits to another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from gateway.intake.choices import SUBJECT
from gateway.intake.visitors import Pseudonym, Pseudonyms, truncate
from gateway.words import Person, SiteKeys

#: `GA1.1.123.456` as it stands in the cookie `_ga`; clients send `123.456`.
_GA_COOKIE = re.compile(r"GA\d\.\d\.(\d+\.\d+)\Z")
#: `20779.<id>` as it stands in our own cookie.
_GW_COOKIE = re.compile(r"\d{1,6}\.([0-9a-f]{32})\Z")


class FoundBy(StrEnum):
    """Kinds of identifiers that a person may give."""

    CLIENT_ID = "client_id"
    USER_ID = "user_id"
    EMAIL = "email"
    BROWSER = "browser"


class Said(NamedTuple):
    """One identifier. Personal. For a browser, `text` is the address and `agent` the user agent as sent."""

    kind: FoundBy
    text: str
    agent: str = ""

    def __repr__(self) -> str:
        return f"<Said {self.kind}>"


def find_person(site: str, said: Said, keys: Iterable[SiteKeys]) -> Person:
    """All pseudonyms of the person on that site; empty where no key leads anywhere any more."""
    visitors: set[str] = set()
    accounts: set[str] = set()
    for made in (Pseudonyms(site, each) for each in keys):
        if made.visitor is not None and said.kind in (FoundBy.CLIENT_ID, FoundBy.EMAIL):
            visitors |= {made.visitor.of(text) for text in _forms(said)}
        if made.account is not None and said.kind in (FoundBy.USER_ID, FoundBy.EMAIL):
            accounts |= {made.account.of(text) for text in _forms(said)}
        if made.day is not None and said.kind is FoundBy.BROWSER and (network := truncate(said.text)):
            visitors |= {made.day.of(network), made.day.of(f"{network}\0{said.agent}")}
    return Person(site, frozenset(visitors), frozenset(accounts))


def find_subjects(site: str, said: Said, keys: Iterable[SiteKeys]) -> frozenset[str]:
    """The pseudonyms that the person has in proofs of choice, which know people by their client id only."""
    if said.kind not in (FoundBy.CLIENT_ID, FoundBy.EMAIL):
        return frozenset()
    made = [Pseudonym(each.durable, site, SUBJECT) for each in keys if each.durable is not None]
    return frozenset(pseudonym.of(text) for pseudonym in made for text in _forms(said))


def subject_of(site: str, said: Said, keys: Iterable[SiteKeys]) -> str:
    """A keyed hash by which a second request of the same person is recognised; '' without a durable key."""
    durable = [each for each in keys if each.durable is not None]
    if not durable:
        return ""
    newest = max(durable, key=lambda each: each.epoch)
    assert newest.durable is not None
    return Pseudonym(newest.durable, site, "subject").of(f"{said.kind}\0{said.text.strip()}\0{said.agent}")


def _forms(said: Said) -> Iterator[str]:
    text = said.text.strip()
    yield from {said.text, text}
    if said.kind is FoundBy.EMAIL:
        yield text.lower()
    for cookie in (_GA_COOKIE, _GW_COOKIE):
        if found := cookie.match(text):
            yield found[1]
