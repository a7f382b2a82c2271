"""TC strings: TCF v2.2 and v2.3, core and three optional segments. Vendor sections are checked, and built on demand.

May not: judge a string that can be read; `consent.signals.tcf` says what it is worth.
Source: IAB GDPR-TCF "Consent string and vendor list formats v2", head 2026-02-26 (facts A1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from consent.iab.bits import Bits
from consent.words import Unreadable

ENCODING_VERSION = 2

#: Writers pad to letters, to bytes or to both (24 bits); more is not padding.
_PADDING_BITS = 24

Ranges = list[tuple[int, int]]


class Vendors(NamedTuple):
    """A checked vendor section: where its bits are, and how to read them."""

    bits: Bits
    start: int
    highest: int
    entries: int | None  # None: a bit field of `highest` bits

    def ranges(self) -> Ranges:
        """Ascending, merged (first, last) pairs."""
        again = _at(self.bits, self.start)
        if self.entries is None:
            return _runs(again.read(self.highest), self.highest)
        return merged(_entries(again, self.entries))

    def holds(self, vendor: int) -> bool:
        return any(first <= vendor <= last for first, last in self.ranges())


class Restriction(NamedTuple):
    """A publisher restricts a purpose for vendors. Kinds: 0 not allowed, 1 require consent, 2 require interest."""

    purpose: int
    kind: int
    vendors: Vendors


class PublisherTc(NamedTuple):
    """What the person chose for the publisher itself."""

    consents: tuple[int, ...]
    interests: tuple[int, ...]
    custom: int
    custom_consents: tuple[int, ...]
    custom_interests: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TcString:
    """A decoded TC string. Times are Unix milliseconds; purposes are numbers."""

    created_ms: int
    updated_ms: int
    cmp_id: int
    cmp_version: int
    screen: int
    language: str
    vendor_list: int
    policy_version: int
    is_service_specific: bool
    non_standard_texts: bool
    special_features: tuple[int, ...]
    consents: tuple[int, ...]
    interests: tuple[int, ...]
    purpose_one_treatment: bool
    country: str
    vendor_consents: Vendors
    vendor_interests: Vendors
    restrictions: tuple[Restriction, ...]
    disclosed: Vendors | None
    allowed: Vendors | None
    publisher: PublisherTc | None


def read_tc(text: str) -> TcString:
    """Raises `Unreadable`."""
    core, *others = text.split(".")
    if len(others) > 3:
        raise Unreadable("has more segments than there are kinds")
    segments: dict[int, Vendors | PublisherTc] = {}
    for segment in others:
        kind, read = _read_segment(Bits(segment))
        if kind in segments:
            raise Unreadable("has a segment twice")
        segments[kind] = read
    return _read_core(Bits(core), segments)


def _read_segment(bits: Bits) -> tuple[int, Vendors | PublisherTc]:
    kind = bits.read(3)
    if kind in (1, 2):
        read: Vendors | PublisherTc = _read_vendors(bits)
    elif kind == 3:
        read = _read_publisher(bits)
    else:
        raise Unreadable("has a segment of an unknown kind")
    bits.close(_PADDING_BITS)
    return kind, read


def _read_publisher(bits: Bits) -> PublisherTc:
    consents, interests, custom = bits.ones(24), bits.ones(24), bits.read(6)
    return PublisherTc(consents, interests, custom, bits.ones(custom), bits.ones(custom))


def _read_core(bits: Bits, segments: dict[int, Vendors | PublisherTc]) -> TcString:
    if bits.read(6) != ENCODING_VERSION:
        raise Unreadable("is not of encoding version 2")
    disclosed, allowed, publisher = (segments.get(kind) for kind in (1, 2, 3))
    read = TcString(
        created_ms=bits.read(36) * 100,
        updated_ms=bits.read(36) * 100,
        cmp_id=bits.read(12),
        cmp_version=bits.read(12),
        screen=bits.read(6),
        language=_letters(bits),
        vendor_list=bits.read(12),
        policy_version=bits.read(6),
        is_service_specific=bits.flag(),
        non_standard_texts=bits.flag(),
        special_features=bits.ones(12),
        consents=bits.ones(24),
        interests=bits.ones(24),
        purpose_one_treatment=bits.flag(),
        country=_letters(bits),
        vendor_consents=_read_vendors(bits),
        vendor_interests=_read_vendors(bits),
        restrictions=tuple(_read_restrictions(bits)),
        disclosed=disclosed if isinstance(disclosed, Vendors) else None,
        allowed=allowed if isinstance(allowed, Vendors) else None,
        publisher=publisher if isinstance(publisher, PublisherTc) else None,
    )
    bits.close(_PADDING_BITS)
    return read


def _letters(bits: Bits) -> str:
    """Two letters, A is 0; what is no letter shows as '?'."""
    return "".join(chr(65 + code) if code < 26 else "?" for code in (bits.read(6), bits.read(6)))


def _read_vendors(bits: Bits) -> Vendors:
    highest = bits.read(16)
    if not bits.flag():
        return Vendors(bits, bits.skip(highest), highest, None)
    entries = bits.read(12)
    return _checked(bits, highest, entries)


def _checked(bits: Bits, highest: int, entries: int) -> Vendors:
    start = bits.at
    for _ in _entries(bits, entries):
        pass
    return Vendors(bits, start, highest, entries)


def _read_restrictions(bits: Bits) -> Iterator[Restriction]:
    for _ in range(bits.read(12)):
        purpose, kind, entries = bits.read(6), bits.read(2), bits.read(12)
        yield Restriction(purpose, kind, _checked(bits, 0, entries))


def _entries(bits: Bits, count: int) -> Iterator[tuple[int, int]]:
    """Ranges as written. A range that runs backwards, or holds vendor 0, makes the string unreadable."""
    for _ in range(count):
        marked = bits.read(17)
        first = last = marked & 0xFFFF
        if marked >> 16:
            last = bits.read(16)
        if not 0 < first <= last:
            raise Unreadable("has a range of vendors that runs backwards")
        yield first, last


def _at(bits: Bits, start: int) -> Bits:
    """The same bits, at another position."""
    again = Bits.__new__(Bits)
    again.octets, again.length, again.at = bits.octets, bits.length, start
    return again


def _runs(field: int, width: int) -> Ranges:
    """Runs of ones in a bit field whose first bit is vendor 1."""
    digits = f"{field:0{width}b}0" if width else ""
    runs: Ranges = []
    first = digits.find("1")
    while first >= 0:
        end = digits.find("0", first)
        runs.append((first + 1, end))
        first = digits.find("1", end)
    return runs


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Ascending, without overlaps or neighbours."""
    whole: Ranges = []
    for first, last in sorted(ranges):
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], max(whole[-1][1], last))
        else:
            whole.append((first, last))
    return whole
