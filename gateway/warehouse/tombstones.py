"""Who asked to be forgotten, as the loader knows it: rows of before the request are left out, whenever they come.

Pure but for `read`. May not: know an identifier; a tombstone is a keyed pseudonym and a time.

Why the loader checks and not the intake: a segment that is put back from a copy never passes the intake, a late event
passes both. One place that all rows pass is one place to prove. A session of the loader reads them once, when it has
raised its fence, and an erasure raises every loader's fence after it has written them: so no INSERT can begin with
tombstones that are out of date.
Why `before`: somebody who comes back later and agrees again is a visitor like any other.
Cost: nothing without tombstones; else one regular expression over a batch, 0.2 µs a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
from clickhouse_connect.driver.client import Client

from gateway.journal.segment import Section
from gateway.words import Person

#: Columns that hold a pseudonym of a person, in every table and every stream.
IDENTITY = ("visitor", "account")

_PSEUDONYM = re.compile(rb'"(?:visitor|account)":"([0-9A-Fa-f-]{32,36})"')
_READ = (
    "SELECT site, kind, replaceAll(toString(pseudonym), '-', ''), toUnixTimestamp64Milli(asked_at) / 1000 "
    "FROM gateway.tombstones FINAL"
)


class Sifted(NamedTuple):
    """What is left of a segment, and how many rows were left out."""

    sections: tuple[Section, ...]
    erased: int


class Tombstones:
    """(site, column, pseudonym) -> Unix seconds of the request."""

    def __init__(self, asked: dict[tuple[str, str, str], float]) -> None:
        self._asked = asked
        self._pseudonyms = {pseudonym.encode() for _, _, pseudonym in asked}

    def sift(self, sections: Sequence[Section]) -> Sifted:
        """The sections without the rows of before; untouched ones are passed on as they are."""
        if not self._asked:
            return Sifted(tuple(sections), 0)
        sifted = [self._sift(section) for section in sections]
        erased = sum(before.rows - after.rows for before, after in zip(sections, sifted, strict=True))
        return Sifted(tuple(section for section in sifted if section.rows), erased)

    def covers(self, row: bytes) -> bool:
        """Whether that row belongs to a person who asked after it had happened or come."""
        try:
            said = orjson.loads(row)
        except orjson.JSONDecodeError:
            return False
        return isinstance(said, dict) and any(self._is_before(said, column) for column in IDENTITY if column in said)

    def _sift(self, section: Section) -> Section:
        if self._pseudonyms.isdisjoint(map(_bare, _PSEUDONYM.findall(section.payload))):
            return section
        lines = bytes(section.payload).removesuffix(b"\n").split(b"\n")
        kept = [line for line in lines if not self.covers(line)]
        return Section(section.stream, len(kept), b"\n".join([*kept, b""]) if kept else b"")

    def _is_before(self, row: dict[str, object], column: str) -> bool:
        pseudonym = _bare(str(row[column]).encode()).decode()
        asked = self._asked.get((str(row.get("site", "")), column, pseudonym))
        return asked is not None and min(map(_at, (row.get("event_time"), row.get("received_at")))) <= asked


def of_person(person: Person, asked_at: float) -> Tombstones:
    """The tombstones of one person."""
    pairs = [("visitor", each) for each in person.visitors] + [("account", each) for each in person.accounts]
    return Tombstones({(person.site, column, pseudonym): asked_at for column, pseudonym in pairs})


def read(client: Client) -> Tombstones:
    """Those of the warehouse. Raises the driver's errors."""
    rows: Iterable[Sequence[object]] = client.query(_READ).result_rows
    return Tombstones({(str(s), str(k), str(p)): float(str(at)) for s, k, p, at in rows})


def _bare(pseudonym: bytes) -> bytes:
    return pseudonym.replace(b"-", b"").lower()


def _at(stamp: object) -> float:
    """Unix seconds of a row's time. Without one the row is as old as can be: what is not known is forgotten."""
    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except ValueError:
        return float("-inf")
