"""The form of a segment file: bytes in, sections out, and back. Pure.

May not: touch a disk or a clock; look inside a row.

    segment = header frame*
    header  = "gwsegmnt" version:u16 reserved:u16 crc:u32           crc of the 12 bytes before it
    frame   = MARK length:u32 body_crc:u32 head_crc:u32 body         one frame per commit group
    body    = count:u8 (name:u8+bytes rows:u32 size:u32)* payload*   one section per stream; a payload is JSON lines

Why: two checksums per frame, so that a bit flipped in a body costs that frame, and one flipped in a head no more.
Why: MARK starts with a byte that UTF-8 never uses, so the search for the next whole frame cannot stop inside a row.
Not: compression. A group is a few kilobytes: too small to shrink well, and it would cost the hot process what the
loader can do once per batch, for warehouses that are not on this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError
from typing import NamedTuple
from zlib import crc32

VERSION = 1
MARK = b"\xf7GRP"

#: Streams of today. An open table: a reader passes on sections of streams that it does not know.
EVENTS, TALLIES, LEDGER, DECISIONS = "events", "tallies", "ledger", "decisions"
BROKEN, SIGHTED, ORDERS = "quarantine", "sightings", "orders"

_MAGIC = b"gwsegmnt"
_HEADER = Struct("<8sHH")
_FRAME = Struct("<4sII")
_CRC = Struct("<I")
_HEAD = Struct(_FRAME.format + "I")
_SECTION = Struct("<II")
HEADER_BYTES = _HEADER.size + _CRC.size

#: How nearly every frame begins, read at once: head, and table of one section, of events.
_USUAL, _EVENTS_ALONE = Struct(_HEAD.format + "8sII"), b"\x01\x06events"
_TABLE_BYTES = _USUAL.size - _HEAD.size


class NotASegment(ValueError):
    """The bytes are no segment of ours: empty, foreign, or so damaged that no whole frame is left."""


class NewerSegment(ValueError):
    """A segment of a later version of this program; it must wait for one that can read it."""


class Section(NamedTuple):
    """The rows of one stream in one group: JSON lines, each ended by a newline."""

    stream: str
    rows: int
    payload: bytes | memoryview


class Damage(NamedTuple):
    """Bytes `start:end` that are no whole frame. `torn`: the file ends before the frame does, as after a kill."""

    start: int
    end: int
    torn: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """What could be read of a segment, in file order, and what could not."""

    sections: tuple[Section, ...]
    damages: tuple[Damage, ...]
    size: int

    @property
    def whole_bytes(self) -> int:
        """Length of the file without a torn tail."""
        return self.damages[-1].start if self.damages and self.damages[-1].torn else self.size

    def rows(self) -> dict[str, int]:
        """Rows per stream."""
        found: dict[str, int] = {}
        for section in self.sections:
            found[section.stream] = found.get(section.stream, 0) + section.rows
        return found


def section_of(stream: str, rows: Sequence[bytes]) -> Section:
    """Rows of one stream as a section; a row is a JSON object without a newline."""
    return Section(stream, len(rows), b"\n".join([*rows, b""]))


def header(version: int = VERSION) -> bytes:
    """The first bytes of a segment."""
    fixed = _HEADER.pack(_MAGIC, version, 0)
    return fixed + _CRC.pack(crc32(fixed))


def frame(sections: Sequence[Section]) -> bytes:
    """One commit group as it goes to disk."""
    table = bytearray((len(sections),))
    for section in sections:
        name = section.stream.encode()
        table += bytes((len(name),)) + name + _SECTION.pack(section.rows, len(section.payload))
    body = b"".join([table, *(section.payload for section in sections)])
    head = _FRAME.pack(MARK, len(body), crc32(body))
    return b"".join((head, _CRC.pack(crc32(head)), body))


def whole(sections: Sequence[Section]) -> bytes:
    """A complete segment, a frame per section."""
    return header() + b"".join(frame((section,)) for section in sections)


def read_segment(raw: bytes) -> Segment:
    """Everything whole in a segment. Payloads are views into `raw`. Zeros at its end are room that nobody used.

    Raises NotASegment, NewerSegment.
    """
    raw = raw.rstrip(b"\0")
    offset = _read_header(raw)
    damages = [Damage(0, HEADER_BYTES, False)] if offset == 0 else []
    sections: list[Section] = []
    view, at = memoryview(raw), HEADER_BYTES
    while (at := _pass_usual(raw, view, at, sections)) < len(raw):
        found, at = _frame(raw, view, at)
        if isinstance(found, Damage):
            damages.append(found)
        else:
            sections.extend(found)
    if not sections and offset == 0:
        raise NotASegment("no header and no whole frame")
    return Segment(tuple(sections), tuple(damages), len(raw))


def _read_header(raw: bytes) -> int:
    """Where frames begin; 0 if the header itself is damaged, so that frames must prove what the file is."""
    if len(raw) < HEADER_BYTES:
        raise NotASegment("shorter than a header")
    magic, version, _ = _HEADER.unpack_from(raw)
    (crc,) = _CRC.unpack_from(raw, _HEADER.size)
    if crc != crc32(raw[: _HEADER.size]) or magic != _MAGIC:
        return 0
    if version > VERSION:
        raise NewerSegment(f"segment version {version}, this program reads up to {VERSION}")
    return HEADER_BYTES


def _pass_usual(raw: bytes, view: memoryview, offset: int, sections: list[Section]) -> int:
    """Adds the sections of all whole frames of events alone that stand here, in few steps each; returns their end."""
    size = len(raw)
    while offset + _USUAL.size <= size:
        mark, length, crc, head_crc, table, rows, payload_bytes = _USUAL.unpack_from(raw, offset)
        body = offset + _HEAD.size
        end = body + length
        if mark != MARK or table != _EVENTS_ALONE or length != _TABLE_BYTES + payload_bytes or end > size:
            break
        if head_crc != crc32(raw[offset : offset + _FRAME.size]) or crc != crc32(view[body:end]):
            break
        sections.append(Section(EVENTS, rows, view[body + _TABLE_BYTES : end]))
        offset = end
    return offset


def _frame(raw: bytes, view: memoryview, offset: int) -> tuple[list[Section] | Damage, int]:
    """What stands here, and where it ends: a frame of any kind, or what is none up to the next one."""
    end = _end_of_whole_frame(raw, view, offset)
    if end:
        return _sections(raw, view, offset + _HEAD.size, end) or Damage(offset, end, False), end
    end = _next_whole_frame(raw, view, offset)
    return Damage(offset, end, end == len(raw) and _is_torn(raw, offset)), end


def _end_of_whole_frame(raw: bytes, view: memoryview, offset: int) -> int:
    """Offset after the frame that starts here, 0 if none does."""
    end, crc = _head(raw, offset)
    if end == 0 or end > len(raw) or crc32(view[offset + _HEAD.size : end]) != crc:
        return 0
    return end


def _head(raw: bytes, offset: int) -> tuple[int, int]:
    """Where the frame that starts here ends, and its body's checksum; (0, 0) if its head is not whole."""
    if len(raw) - offset < _HEAD.size:
        return 0, 0
    mark, length, body_crc, head_crc = _HEAD.unpack_from(raw, offset)
    if mark != MARK or head_crc != crc32(raw[offset : offset + _FRAME.size]):
        return 0, 0
    return offset + _HEAD.size + length, body_crc


def _next_whole_frame(raw: bytes, view: memoryview, offset: int) -> int:
    while (offset := raw.find(MARK, offset + 1)) >= 0:
        if _end_of_whole_frame(raw, view, offset):
            return offset
    return len(raw)


def _is_torn(raw: bytes, offset: int) -> bool:
    """True where the rest looks cut short: part of a head, a body that the file ends in, or never-written zeros."""
    end, _ = _head(raw, offset)
    if end:
        return end > len(raw)
    rest = raw[offset:]
    return len(rest) < _HEAD.size or not rest.strip(b"\0")


def _sections(raw: bytes, view: memoryview, start: int, end: int) -> list[Section]:
    """The sections of a body whose checksum was right; none if its table does not fit it, so that nobody wrote it."""
    try:
        offset, table = _table(raw, start)
    except (StructError, IndexError, UnicodeDecodeError):
        return []
    sections = []
    for stream, rows, size in table:
        sections.append(Section(stream, rows, view[offset : offset + size]))
        offset += size
    return sections if offset == end else []


def _table(raw: bytes, offset: int) -> tuple[int, list[tuple[str, int, int]]]:
    table: list[tuple[str, int, int]] = []
    count, offset = raw[offset], offset + 1
    for _ in range(count):
        named = offset + 1 + raw[offset]
        rows, size = _SECTION.unpack_from(raw, named)
        table.append((raw[offset + 1 : named].decode(), rows, size))
        offset = named + _SECTION.size
    return offset, table
