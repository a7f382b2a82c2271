"""TC strings: TCF v2.2 and v2.3, core and three optional segments. Vendor sections are checked, and built on demand.

May not: judge a string that can be read; `consent.signals.tcf` says what it is worth.
Source: IAB GDPR-TCF "Consent string and vendor list formats v2", head 2026-02-26 (facts A1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from consent.iab.bits import Bits
from consent.words import Unreadable

ENCODING_VERSION = 2

#: Writers pad to letters, to bytes or to both (24 bits); more is not padding.
_PADDING_BITS = 24

#: From the version to the publisher's country; positions below are counted from its end.
_FIXED_BITS = 213
_12, _24, _36 = (1 << 12) - 1, (1 << 24) - 1, (1 << 36) - 1

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + "?" * 38

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
    """What the person chose for the publisher itself. `consents`, `interests`: 24 bits, purpose 1 at the left."""

    consents: int
    interests: int
    custom: int
    custom_consents: int
    custom_interests: int


class TcString(NamedTuple):
    """A decoded TC string. Times are Unix milliseconds; sets of purposes are 24 bits, purpose 1 at the left."""

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
    special_features: int
    consents: int
    interests: int
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
    consents, interests, custom = bits.read(24), bits.read(24), bits.read(6)
    return PublisherTc(consents, interests, custom, bits.read(custom), bits.read(custom))


def _read_core(bits: Bits, segments: dict[int, Vendors | PublisherTc]) -> TcString:
    """Why the fixed part is one number: twenty shifts of it cost less than twenty reads."""
    fixed = bits.read(_FIXED_BITS)
    if fixed >> 207 != ENCODING_VERSION:
        raise Unreadable("is not of encoding version 2")
    disclosed, allowed, publisher = (segments.get(kind) for kind in (1, 2, 3))
    read = TcString(
        created_ms=(fixed >> 171 & _36) * 100,
        updated_ms=(fixed >> 135 & _36) * 100,
        cmp_id=fixed >> 123 & _12,
        cmp_version=fixed >> 111 & _12,
        screen=fixed >> 105 & 0x3F,
        language=_letters(fixed >> 93),
        vendor_list=fixed >> 81 & _12,
        policy_version=fixed >> 75 & 0x3F,
        is_service_specific=bool(fixed >> 74 & 1),
        non_standard_texts=bool(fixed >> 73 & 1),
        special_features=fixed >> 61 & _12,
        consents=fixed >> 37 & _24,
        interests=fixed >> 13 & _24,
        purpose_one_treatment=bool(fixed >> 12 & 1),
        country=_letters(fixed),
        vendor_consents=_read_vendors(bits),
        vendor_interests=_read_vendors(bits),
        restrictions=tuple(_read_restrictions(bits)),
        disclosed=disclosed if isinstance(disclosed, Vendors) else None,
        allowed=allowed if isinstance(allowed, Vendors) else None,
        publisher=publisher if isinstance(publisher, PublisherTc) else None,
    )
    bits.close(_PADDING_BITS)
    return read


def _letters(field: int) -> str:
    """The lowest 12 bits as two letters, A is 0; what is no letter shows as '?'."""
    return _LETTERS[field >> 6 & 0x3F] + _LETTERS[field & 0x3F]


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
    read = bits.read
    for _ in range(count):
        first = last = read(17)
        if first > 0xFFFF:
            first, last = first & 0xFFFF, read(16)
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
