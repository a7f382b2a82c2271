"""Segments made ahead and sealed by another thread: what fails there costs nobody a frame, and nothing stays behind."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.journal import segment
from gateway.journal.current import CurrentSegment
from gateway.journal.disk import Disk
from gateway.journal.disk_faulty import FaultyDisk
from gateway.journal.reader import adopt_orphans, read_backlog
from gateway.journal.segment_files import ROOM_LEAST_BYTES
from gateway.journal.segments_ahead import SegmentsAhead

FRAME = segment.frame([segment.section_of("events", [b'{"n":1}'])])
SYNCED, LIMIT_BYTES = True, 10_000_000


class ByThread(FaultyDisk):
    """Notes the verbs of the thread that made it; `theirs` fails on any other."""

    def __init__(self, theirs: str = "") -> None:
        super().__init__()
        self._owner, self._theirs = threading.current_thread(), theirs
        self.own: list[str] = []
        self.failed = 0

    def _count(self, verb: str) -> None:
        super()._count(verb)
        if threading.current_thread() is self._owner:
            self.own.append(verb)
        elif verb == self._theirs:
            self.failed += 1
            raise OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def opened(folder: Path, disk: Disk) -> Iterator[tuple[CurrentSegment, SegmentsAhead]]:
    with closing(SegmentsAhead(disk, folder, "c", SYNCED, LIMIT_BYTES)) as files:
        current = CurrentSegment(files, LIMIT_BYTES)
        yield current, files
        current.seal()


def settle(files: SegmentsAhead) -> None:
    """Returns when the segments' thread has done all that it was handed."""
    done = threading.Event()
    files._hand(done.set)
    assert done.wait(30)


def frames(folder: Path, pattern: str = "*.sealed") -> list[int]:
    """How many each segment holds, in the order in which they were sealed; none is damaged."""
    found = [segment.read_segment(path.read_bytes()) for path in sorted(folder.glob(pattern), key=_age)]
    assert all(read.damages == () for read in found)
    return [len(read.sections) for read in found]


def _age(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name


def test_a_change_of_segments_costs_the_writer_a_rename(tmp_path: Path) -> None:
    disk = ByThread()
    with opened(tmp_path, disk) as (current, files):
        current.add(FRAME)
        settle(files)
        disk.own.clear()
        for _ in range(3):
            current.seal()
            current.add(FRAME)
            settle(files)
        assert disk.own == ["rename", "write", "sync"] * 3
    assert frames(tmp_path) == [1] * 4


def test_nothing_lies_ready_after_the_end(tmp_path: Path) -> None:
    with opened(tmp_path, Disk()) as (current, files):
        current.add(FRAME)
        settle(files)
        assert len(list(tmp_path.glob("*.next"))) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".sealed"]


def test_nothing_is_made_ahead_for_a_writer_that_never_wrote(tmp_path: Path) -> None:
    with opened(tmp_path, Disk()) as (_, files):
        settle(files)
        assert list(tmp_path.iterdir()) == []


def test_the_next_one_has_room_for_what_the_last_one_took_and_half_as_much_again(tmp_path: Path) -> None:
    disk, large = ByThread(), segment.frame([segment.section_of("events", [b"x" * 6_000_000])])
    with opened(tmp_path, disk) as (current, files):
        for frame in (large, FRAME):
            current.add(frame)
            current.seal()
            settle(files)
        (ready,) = tmp_path.glob("*.next")
        assert ready.stat().st_size == (segment.HEADER_BYTES + len(large)) * 3 // 2
        disk.own.clear()
        current.add(large)
        assert disk.own == ["rename", "write", "sync"]
        settle(files)
        (ready,) = tmp_path.glob("*.next")
        assert ready.stat().st_size == ROOM_LEAST_BYTES
    assert frames(tmp_path) == [1, 1, 1]


def test_there_is_a_most_of_room(tmp_path: Path) -> None:
    with closing(SegmentsAhead(Disk(), tmp_path, "c", SYNCED, 100_000)) as files:
        current = CurrentSegment(files, LIMIT_BYTES)
        for frame in (FRAME * 5000, FRAME):
            current.add(frame)
            current.seal()
            settle(files)
        (ready,) = tmp_path.glob("*.next")
        assert ready.stat().st_size == 100_000


@pytest.mark.parametrize("verb", ["create", "write", "reserve", "sync_folder"])
def test_what_cannot_be_made_ahead_is_made_when_it_is_needed(tmp_path: Path, verb: str) -> None:
    disk = ByThread(theirs=verb)
    with opened(tmp_path, disk) as (current, files):
        current.add(FRAME)
        settle(files)
        assert not list(tmp_path.glob("*.next"))
        current.seal()
        current.add(FRAME)
    assert disk.failed >= 2
    assert frames(tmp_path) == [1, 1]
    assert {path.suffix for path in tmp_path.iterdir()} == {".sealed"}


def test_what_is_ready_and_cannot_be_taken_is_made_anew(tmp_path: Path) -> None:
    disk = ByThread()
    with opened(tmp_path, disk) as (current, files):
        current.add(FRAME)
        current.seal()
        settle(files)
        disk.fail("rename", errno.EIO, times=1)
        disk.own.clear()
        current.add(FRAME)
        assert disk.own[:3] == ["rename", "remove", "create"]
    assert frames(tmp_path) == [1, 1]
    assert {path.suffix for path in tmp_path.iterdir()} == {".sealed"}


def test_what_is_ready_goes_after_an_error_and_the_disk_is_asked_again(tmp_path: Path) -> None:
    disk = FaultyDisk()
    with opened(tmp_path, disk) as (current, files):
        current.add(FRAME)
        settle(files)
        disk.fail("write", errno.ENOSPC)
        with pytest.raises(OSError, match="No space left"):
            current.add(FRAME)
        assert not list(tmp_path.glob("*.next"))
        with pytest.raises(OSError, match="No space left"):
            current.begin()
        disk.heal()
        current.add(FRAME)
    assert frames(tmp_path) == [1, 1]


@pytest.mark.parametrize("verb", ["truncate", "sync", "rename"])
def test_what_cannot_be_sealed_stays_behind_whole_and_is_adopted(tmp_path: Path, verb: str) -> None:
    disk = ByThread(theirs=verb)
    with opened(tmp_path, disk) as (current, _):
        for n in range(3):
            for _ in range(n + 1):
                current.add(FRAME)
            current.seal()
    assert disk.failed == 3
    assert sorted(frames(tmp_path, "*.open")) == [1, 2, 3]
    assert adopt_orphans(Disk(), tmp_path) == 3
    assert sorted(frames(tmp_path)) == [1, 2, 3]


def test_what_lies_ready_is_nobodys_backlog_and_no_foreign_file(tmp_path: Path) -> None:
    with opened(tmp_path, Disk()) as (current, files):
        current.begin()
        settle(files)
        backlog = read_backlog(Disk(), tmp_path)
        (path,) = tmp_path.glob("*.open")
        assert len(list(tmp_path.glob("*.next"))) == 1
        assert (backlog.waiting_bytes, backlog.oldest_at) == (path.stat().st_size, path.stat().st_mtime)
        assert backlog.foreign == ()


def test_a_writer_that_lives_keeps_what_it_made_ahead(tmp_path: Path) -> None:
    with opened(tmp_path, Disk()) as (current, files):
        current.begin()
        settle(files)
        assert adopt_orphans(Disk(), tmp_path) == 0
        assert len(list(tmp_path.glob("*.next"))) == 1


def test_more_than_the_thread_can_seal_waits_for_it_and_not_in_memory(tmp_path: Path) -> None:
    disk = FaultyDisk()
    disk.delay("truncate", 0.02)
    with opened(tmp_path, disk) as (current, files):
        for _ in range(40):
            current.add(FRAME)
            current.seal()
            assert files._jobs.qsize() <= 16
    assert frames(tmp_path) == [1] * 40
