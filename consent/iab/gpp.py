"""GPP strings: header, sections 2, 6, 7-23, GPC sub-sections. What nobody can decode is named, not guessed.

May not: expand a group beyond the sections that exist; skip a section that does not fit its layout.
Source: IAB Global-Privacy-Platform, Core/Consent String Specification, head 2025-12-17 (facts A2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from consent.iab.bits import Bits
from consent.iab.gpp_layouts import LAYOUTS, Layout
from consent.iab.tcf import TcString, read_tc
from consent.iab.us_privacy import UsPrivacy, read_us_privacy
from consent.words import Unreadable

HEADER_TYPE, HEADER_VERSION = 3, 1
TCF_EU, US_PRIVACY = 2, 6

#: A string holds one section per law; twice the sections that exist is more than any has.
_SECTION_LIMIT = 64

#: Writers pad to 8 bits and then to letters of 6; twelve bits more would be another field.
_PADDING_BITS = 12

_GPC_SUBSECTION = 1


class UsSection(NamedTuple):
    """A US section: two-bit values by field name; `gpc` is None where the string has no such sub-section."""

    name: str
    version: int
    fields: Mapping[str, int | tuple[int, ...]]
    gpc: bool | None


Section = TcString | UsPrivacy | UsSection


class GppString(NamedTuple):
    """Sections by id; their raw texts by id, those that cannot be decoded included."""

    sections: Mapping[int, Section]
    texts: Mapping[int, str]


def read_gpp(text: str) -> GppString:
    """Raises `Unreadable`."""
    header, *texts = text.split("~")
    ids = _read_header(Bits(header))
    if len(ids) != len(texts) or not ids:
        raise Unreadable("does not hold the sections that its header lists")
    sections = {number: _read_section(number, part) for number, part in zip(ids, texts, strict=True)}
    known = {number: section for number, section in sections.items() if section is not None}
    return GppString(known, dict(zip(ids, texts, strict=True)))


def _read_header(bits: Bits) -> list[int]:
    if bits.read(6) != HEADER_TYPE or bits.read(6) != HEADER_VERSION:
        raise Unreadable("is not a GPP string of version 1")
    ids: list[int] = []
    last = 0
    for _ in range(bits.read(12)):
        is_group = bits.flag()
        first = last + bits.fibonacci()
        last = first + bits.fibonacci() if is_group else first
        if last - first + len(ids) >= _SECTION_LIMIT:
            raise Unreadable("lists more sections than exist")
        ids.extend(range(first, last + 1))
    bits.close(_PADDING_BITS)
    return ids


def _read_section(number: int, text: str) -> Section | None:
    if not text:
        raise Unreadable("has an empty section")
    if number == TCF_EU:
        return read_tc(text)
    if number == US_PRIVACY:
        return read_us_privacy(text)
    layout = LAYOUTS.get(number)
    return _read_us(layout, text) if layout else None


def _read_us(layout: Layout, text: str) -> UsSection:
    core, *others = text.split(".")
    bits = Bits(core)
    version = bits.read(6)
    if version not in layout.versions:
        raise Unreadable("has a section of an unknown version")
    fields = _read_fields(bits, layout.versions[version])
    bits.close(_PADDING_BITS)
    if len(others) > layout.has_gpc:
        raise Unreadable("has a sub-section too many")
    return UsSection(layout.name, version, fields, _read_gpc(Bits(others[0])) if others else None)


def _read_fields(bits: Bits, layout: tuple[tuple[str, int], ...]) -> Mapping[str, int | tuple[int, ...]]:
    """Two-bit values by name, read as one number."""
    left = sum(max(1, count) for _, count in layout) * 2
    row = bits.read(left)
    fields: dict[str, int | tuple[int, ...]] = {}
    for name, count in layout:
        left -= 2 * (count or 1)
        part = row >> left
        fields[name] = tuple(part >> 2 * at & 3 for at in range(count - 1, -1, -1)) if count else part & 3
    return fields


def _read_gpc(bits: Bits) -> bool:
    if bits.read(2) != _GPC_SUBSECTION:
        raise Unreadable("has a sub-section of an unknown kind")
    gpc = bits.flag()
    bits.close(_PADDING_BITS)
    return gpc
