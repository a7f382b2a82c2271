"""What waits in the folder: orphans are adopted, torn tails cut, living writers let be, foreign files told."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gateway.journal import segment
from gateway.journal.disk import Disk
from gateway.journal.reader import adopt_orphans, put_aside, read_backlog

FRAME = segment.frame([segment.section_of("events", [b'{"n":1}', b'{"n":2}'])])
WHOLE = segment.header() + FRAME


def test_an_orphan_is_sealed_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.open").write_bytes(WHOLE)
    assert adopt_orphans(Disk(), tmp_path) == 1
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.sealed", WHOLE)]


def test_an_orphan_is_cut_to_its_last_whole_frame(tmp_path: Path) -> None:
    for cut in range(1, len(FRAME)):
        (tmp_path / f"{cut:04d}.open").write_bytes(WHOLE + FRAME[:cut])
    assert adopt_orphans(Disk(), tmp_path) == len(FRAME) - 1
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {WHOLE}


@pytest.mark.parametrize(
    "raw",
    [b"", b"gw", segment.header(), segment.header() + FRAME[:-1], segment.header() + b"\0" * 40, b"\0" * 4096],
    ids=["empty", "part of a header", "header", "torn first frame", "zeros after a header", "zeros"],
)
def test_an_orphan_that_holds_no_frame_is_removed(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.open").write_bytes(raw)
    assert adopt_orphans(Disk(), tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("frames", "kept"), [(b"", []), (FRAME, [WHOLE]), (FRAME + FRAME[:-1], [WHOLE])])
def test_what_a_dead_writer_made_ahead_is_an_orphan_and_mostly_empty(
    tmp_path: Path, frames: bytes, kept: list[bytes]
) -> None:
    (tmp_path / "a.next").write_bytes(segment.header() + frames + b"\0" * 4096)
    assert adopt_orphans(Disk(), tmp_path) == len(kept)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == kept


def test_a_flipped_bit_in_an_orphan_cuts_nothing_that_comes_after_it(tmp_path: Path) -> None:
    dice = random.Random(8)
    for n in range(50):
        broken = bytearray(WHOLE + FRAME + FRAME)
        position = dice.randrange(segment.HEADER_BYTES, len(WHOLE))
        broken[position] ^= 1 << dice.randrange(8)
        (tmp_path / f"{n}.open").write_bytes(bytes(broken))
    assert adopt_orphans(Disk(), tmp_path) == 50
    assert {segment.read_segment(path.read_bytes()).rows()["events"] for path in tmp_path.iterdir()} == {4}


def test_a_segment_whose_writer_lives_is_let_be(tmp_path: Path) -> None:
    fd = Disk().create(tmp_path / "a.open")
    Disk().write(fd, WHOLE)
    assert adopt_orphans(Disk(), tmp_path) == 0
    Disk().close(fd)
    assert adopt_orphans(Disk(), tmp_path) == 1


def test_a_segment_of_a_later_version_waits_for_a_program_that_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.open").write_bytes(segment.header(99) + b"whatever")
    assert adopt_orphans(Disk(), tmp_path) == 0
    assert (tmp_path / "a.open").exists()


def test_the_backlog_is_what_is_sealed_in_order_of_name(tmp_path: Path) -> None:
    (tmp_path / "b.sealed").write_bytes(WHOLE)
    (tmp_path / "a.sealed").write_bytes(WHOLE)
    (tmp_path / "c.open").write_bytes(b"12345")
    for ours in ("loader.lock", "load.intent", "x.part", "y.new"):
        (tmp_path / ours).write_bytes(b"")
    (tmp_path / "holiday.jpg").write_bytes(b"not ours")
    backlog = read_backlog(Disk(), tmp_path)
    assert [entry.name for entry in backlog.sealed] == ["a.sealed", "b.sealed"]
    assert backlog.waiting_bytes == 2 * len(WHOLE) + 5
    assert backlog.oldest_at == pytest.approx((tmp_path / "b.sealed").stat().st_mtime, abs=5)
    assert backlog.foreign == ("holiday.jpg",)


def test_what_is_put_aside_twice_is_there_once(tmp_path: Path) -> None:
    put_aside(Disk(), tmp_path, "a-16.damaged", b"bytes")
    put_aside(Disk(), tmp_path, "a-16.damaged", b"bytes")
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "quarantine").iterdir()] == [
        ("a-16.damaged", b"bytes")
    ]
