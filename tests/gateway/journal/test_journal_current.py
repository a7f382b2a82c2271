"""Room in a segment: frames are written into zeros, and what is left of them is gone when it is sealed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.journal import segment
from gateway.journal.current import CurrentSegment
from gateway.journal.disk import Disk
from gateway.journal.disk_faulty import FaultyDisk
from gateway.journal.reader import adopt_orphans
from gateway.journal.segment_files import SegmentFiles

FRAME = segment.frame([segment.section_of("events", [b'{"n":1}'])])
SYNCED, LIMIT_BYTES = True, 10_000_000


def current(folder: Path, disk: Disk | None = None) -> CurrentSegment:
    return CurrentSegment(SegmentFiles(disk or Disk(), folder, "c", SYNCED), LIMIT_BYTES)


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def test_frames_lie_in_room_while_open_and_without_it_when_sealed(tmp_path: Path) -> None:
    one = current(tmp_path)
    one.add(FRAME)
    opened = only(tmp_path, "*.open").read_bytes()
    assert len(opened) >= 64 * 1024
    assert len(segment.read_segment(opened).sections) == 1
    one.seal()
    assert only(tmp_path, "*.sealed").read_bytes() == opened.rstrip(b"\0")


def test_room_is_made_seldom(tmp_path: Path) -> None:
    disk = FaultyDisk()
    one = current(tmp_path, disk)
    for _ in range(5000):
        one.add(FRAME)
    assert disk.calls["reserve"] < 10
    one.seal()
    assert len(segment.read_segment(only(tmp_path, "*.sealed").read_bytes()).sections) == 5000


def test_an_orphan_is_adopted_without_its_room(tmp_path: Path) -> None:
    one = current(tmp_path)
    one.add(FRAME)
    Disk().close(one.begin().fd)  # as a kill would
    assert adopt_orphans(Disk(), tmp_path) == 1
    read = segment.read_segment(only(tmp_path, "*.sealed").read_bytes())
    assert (len(read.sections), read.damages) == (1, ())
    assert not only(tmp_path, "*.sealed").read_bytes().endswith(b"\0")


def test_a_disk_without_room_acknowledges_nothing_more_and_loses_nothing(tmp_path: Path) -> None:
    disk = FaultyDisk()
    one = current(tmp_path, disk)
    one.add(FRAME)
    disk.fail("reserve", 28)
    with pytest.raises(OSError, match="No space left"):
        _fill(one)
    sealed = segment.read_segment(only(tmp_path, "*.sealed").read_bytes())
    assert len(sealed.sections) > 100
    assert sealed.damages == ()


def _fill(one: CurrentSegment) -> None:
    for _ in range(10_000):
        one.add(FRAME)
