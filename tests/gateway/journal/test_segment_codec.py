"""The form of a segment: what is whole is read, what is not costs no more than itself."""

from __future__ import annotations

import random
from struct import pack
from zlib import crc32

import pytest

from gateway.journal import segment
from gateway.journal.segment import Section, Segment, read_segment

Rows = list[tuple[str, list[bytes]]]


def _rows_of(found: Segment) -> list[tuple[str, int, bytes]]:
    return [(stream, rows, bytes(payload)) for stream, rows, payload in found.sections]


def _written(groups: list[Rows]) -> tuple[bytes, list[int], list[list[tuple[str, int, bytes]]]]:
    """A segment, the offset after each frame, and the sections of each frame."""
    raw, ends, sections = segment.header(), [], []
    for group in groups:
        made = [segment.section_of(stream, rows) for stream, rows in group]
        raw += segment.frame(made)
        ends.append(len(raw))
        sections.append([(stream, rows, bytes(payload)) for stream, rows, payload in made])
    return raw, ends, sections


def _some_groups(dice: random.Random, count: int) -> list[Rows]:
    streams = ["events", "tallies", "ledger", "to-partner-é"]
    return [
        [
            (stream, [b'{"n":"%d"}' % dice.randrange(10**6) for _ in range(dice.randint(1, 4))])
            for stream in dice.sample(streams, dice.randint(1, 3))
        ]
        for _ in range(count)
    ]


def test_what_was_written_is_read_in_order() -> None:
    raw, _, sections = _written(_some_groups(random.Random(1), 50))
    found = read_segment(raw)
    assert found.damages == ()
    assert [section for group in sections for section in group] == _rows_of(found)


def test_rows_are_lines_and_are_counted_per_stream() -> None:
    raw, _, _ = _written([[("events", [b"{}", b'{"a":1}'])], [("events", [b"{}"]), ("tallies", [b"{}"])]])
    found = read_segment(raw)
    assert found.rows() == {"events": 3, "tallies": 1}
    assert bytes(found.sections[0].payload) == b'{}\n{"a":1}\n'


def test_cut_anywhere_it_gives_every_frame_before_the_cut_and_a_torn_tail() -> None:
    raw, ends, sections = _written(_some_groups(random.Random(2), 6))
    for cut in range(segment.HEADER_BYTES, len(raw)):
        whole = sum(end <= cut for end in ends)
        found = read_segment(raw[:cut])
        assert [section for group in sections[:whole] for section in group] == _rows_of(found)
        kept = ends[whole - 1] if whole else segment.HEADER_BYTES
        assert found.whole_bytes == kept
        assert (found.damages == ()) == (cut == kept)
        assert all(damage.torn for damage in found.damages)


def test_a_flipped_bit_anywhere_costs_at_most_the_frame_that_it_is_in() -> None:
    raw, ends, sections = _written(_some_groups(random.Random(3), 5))
    for position in range(len(raw) * 8):
        broken = bytearray(raw)
        broken[position // 8] ^= 1 << position % 8
        hit = next((i for i, end in enumerate(ends) if position // 8 < end), len(ends) - 1)
        spared = sections if position // 8 < segment.HEADER_BYTES else sections[:hit] + sections[hit + 1 :]
        found = read_segment(bytes(broken))
        assert [section for group in spared for section in group] == _rows_of(found)
        assert len(found.damages) == 1


def test_damage_in_the_middle_is_not_a_torn_tail() -> None:
    raw, ends, _ = _written(_some_groups(random.Random(4), 3))
    broken = raw[: ends[0] + 20] + b"\0" * (ends[1] - ends[0] - 20) + raw[ends[1] :]
    found = read_segment(broken)
    assert [(ends[0], ends[1], False)] == [tuple(damage) for damage in found.damages]
    assert found.whole_bytes == len(broken)


def test_zeros_at_the_end_are_a_torn_tail() -> None:
    raw, ends, _ = _written(_some_groups(random.Random(5), 2))
    found = read_segment(raw + b"\0" * 5000)
    assert found.whole_bytes == ends[-1]


def test_bytes_lost_in_the_middle_cost_the_frames_that_they_touch() -> None:
    raw, ends, sections = _written(_some_groups(random.Random(6), 4))
    found = read_segment(raw[: ends[0] + 7] + raw[ends[1] + 3 :])
    assert sections[0] + sections[3] == _rows_of(found)


@pytest.mark.parametrize("raw", [b"", b"gwsegmnt", b"PK\x03\x04 a zip of somebody else" * 4, b'{"site":"demo"}\n' * 9])
def test_what_is_no_segment_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(segment.NotASegment):
        read_segment(raw)


def test_a_segment_of_a_later_version_is_told_from_garbage() -> None:
    with pytest.raises(segment.NewerSegment):
        read_segment(segment.header(segment.VERSION + 1) + b"whatever comes then")


def test_a_frame_whose_table_does_not_fit_its_body_is_damage() -> None:
    for body in (
        b"",
        b"\x05",
        b"\x01\x06events\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x01\x02\xff\xfe" + b"\0" * 8,
        b"\0extra",
    ):
        head = pack("<4sII", segment.MARK, len(body), crc32(body))
        good = segment.frame([Section("events", 1, b"{}\n")])
        found = read_segment(segment.header() + head + pack("<I", crc32(head)) + body + good)
        assert _rows_of(found) == [("events", 1, b"{}\n")]
        assert len(found.damages) == 1


def test_no_bytes_at_all_make_it_raise_anything_else() -> None:
    dice = random.Random(7)
    raw, _, _ = _written(_some_groups(dice, 8))
    for _ in range(2000):
        broken = bytearray(raw)
        for _ in range(dice.randint(1, 30)):
            start = dice.randrange(len(broken))
            broken[start : start + dice.randint(0, 40)] = dice.randbytes(dice.randint(0, 40))
        try:
            found = read_segment(bytes(broken))
        except (segment.NotASegment, segment.NewerSegment):
            continue
        assert sum(damage.end - damage.start for damage in found.damages) <= len(broken)
