"""The verbs of the disk: the real one and the faulty one, as long as it is not told to fail, do the same."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.journal.disk import Disk, write_whole
from gateway.journal.disk_faulty import FaultyDisk

both = pytest.mark.parametrize("disk", [Disk(), FaultyDisk()], ids=["real", "faulty"])


@both
def test_what_was_written_and_synced_is_read(disk: Disk, tmp_path: Path) -> None:
    fd = disk.create(tmp_path / "a.open")
    disk.write(fd, b"one")
    disk.write(fd, b"two" * 100_000)
    disk.sync(fd)
    disk.close(fd)
    assert disk.read(tmp_path / "a.open") == b"one" + b"two" * 100_000


@both
def test_room_is_zeros_after_what_is_written_and_writing_goes_on_before_it(disk: Disk, tmp_path: Path) -> None:
    fd = disk.create(tmp_path / "a")
    disk.write(fd, b"one")
    disk.reserve(fd, 3, 10)
    disk.write(fd, b"two")
    disk.close(fd)
    assert disk.read(tmp_path / "a") == b"onetwo" + bytes(7)


@both
def test_after_truncation_writing_goes_on_there(disk: Disk, tmp_path: Path) -> None:
    fd = disk.create(tmp_path / "a")
    disk.write(fd, b"good bad")
    disk.truncate(fd, 5)
    disk.write(fd, b"again")
    disk.close(fd)
    assert disk.read(tmp_path / "a") == b"good again"


@both
def test_a_name_is_created_once(disk: Disk, tmp_path: Path) -> None:
    disk.close(disk.create(tmp_path / "a"))
    with pytest.raises(FileExistsError):
        disk.create(tmp_path / "a")


@both
def test_a_file_is_adopted_only_after_its_creator_closed_it(disk: Disk, tmp_path: Path) -> None:
    fd = disk.create(tmp_path / "a")
    assert disk.adopt(tmp_path / "a") is None
    disk.close(fd)
    adopted = disk.adopt(tmp_path / "a")
    assert adopted is not None
    assert disk.adopt(tmp_path / "a") is None
    disk.close(adopted)
    assert disk.adopt(tmp_path / "gone") is None


@both
def test_a_file_of_a_process_that_was_killed_is_adopted(disk: Disk, tmp_path: Path) -> None:
    script = "import sys, os; from pathlib import Path; from gateway.journal.disk import Disk\n"
    script += "Disk().create(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path / "a")], check=False).returncode == -9
    fd = disk.adopt(tmp_path / "a")
    assert fd is not None
    disk.close(fd)


@both
def test_a_lock_file_is_held_by_one(disk: Disk, tmp_path: Path) -> None:
    fd = disk.hold(tmp_path / "loader.lock")
    assert fd is not None
    assert disk.hold(tmp_path / "loader.lock") is None
    disk.close(fd)
    again = disk.hold(tmp_path / "loader.lock")
    assert again is not None
    disk.close(again)


@both
def test_entries_are_the_regular_files_in_order_of_name(disk: Disk, tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"12345")
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    assert [(entry.name, entry.size) for entry in disk.entries(tmp_path)] == [("a", 0), ("b", 5)]


@both
def test_a_whole_file_replaces_the_old_one_and_leaves_nothing_beside_it(disk: Disk, tmp_path: Path) -> None:
    write_whole(disk, tmp_path / "x.intent", b"old")
    (tmp_path / "x.intent.new").write_bytes(b"half of a write that was killed")
    write_whole(disk, tmp_path / "x.intent", b"new")
    assert disk.read(tmp_path / "x.intent") == b"new"
    assert [entry.name for entry in disk.entries(tmp_path)] == ["x.intent"]


@both
def test_a_file_that_replaces_another_may_look_as_old(disk: Disk, tmp_path: Path) -> None:
    write_whole(disk, tmp_path / "x.sealed", b"anew", 1_795_334_400.25)
    assert [entry.modified_at for entry in disk.entries(tmp_path)] == [1_795_334_400.25]


@both
def test_free_bytes_are_what_the_folder_still_takes(disk: Disk, tmp_path: Path) -> None:
    seen = os.statvfs(tmp_path)
    assert disk.free_bytes(tmp_path) == pytest.approx(seen.f_bavail * seen.f_frsize, rel=0.05)


def test_the_faulty_disk_fails_by_verb_and_as_often_as_told(tmp_path: Path) -> None:
    disk = FaultyDisk()
    disk.fail("sync", errno.EIO, times=1)
    fd = disk.create(tmp_path / "a")
    with pytest.raises(OSError, match="Input/output"):
        disk.sync(fd)
    disk.sync(fd)
    disk.close(fd)
    assert disk.calls == {"create": 1, "sync": 2}


def test_the_faulty_disk_writes_what_fits_and_takes_back_what_is_freed(tmp_path: Path) -> None:
    disk = FaultyDisk()
    disk.room(10)
    fd = disk.create(tmp_path / "a")
    disk.write(fd, b"123456")
    with pytest.raises(OSError, match="No space"):
        disk.write(fd, b"123456")
    assert disk.read(tmp_path / "a") == b"1234561234"
    disk.truncate(fd, 6)
    assert disk.free_bytes(tmp_path) == 4
    disk.close(fd)
    disk.remove(tmp_path / "a")
    assert disk.free_bytes(tmp_path) == 10
