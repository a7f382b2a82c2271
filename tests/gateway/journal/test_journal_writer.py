"""The journal: what is acknowledged is on disk, what is not is told, and it recovers by itself."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.journal import segment
from gateway.journal.disk_faulty import FaultyDisk
from gateway.journal.reader import adopt_orphans
from gateway.journal.writer import Journal, JournalUnavailable, Trouble
from gateway.settings import Settings
from gateway.words import Fact, Outcome, Refusal, Tally

Script = Callable[[Journal, FaultyDisk], Coroutine[Any, Any, None]]
CALM = Settings(load_after_ms=60_000)
NOW = 1_700_000_030.0


def _fact(n: int) -> Outcome:
    return Outcome([Fact(b'{"n":%d}' % n)], [])


def _play(folder: Path, script: Script, settings: Settings = CALM) -> FaultyDisk:
    """Runs the script with an open journal and closes it."""
    disk = FaultyDisk()

    async def play() -> None:
        journal = Journal(folder, "collect-0", settings, disk, clock=lambda: NOW)
        await script(journal, disk)
        await journal.close()

    asyncio.run(play())
    return disk


def _facts(folder: Path, pattern: str = "*.[os]*") -> list[int]:
    """The facts of all segments that are open or sealed, in order."""
    found = []
    for path in sorted(folder.glob(pattern)):
        if path.is_file():
            for stream, _, payload in segment.read_segment(path.read_bytes()).sections:
                found += [orjson.loads(line)["n"] for line in bytes(payload).splitlines() if stream == "events"]
    return found


async def _recovered(journal: Journal) -> None:
    for _ in range(400):
        if not journal.state():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(journal.state())


async def _reason(journal: Journal, n: int) -> Trouble:
    with pytest.raises(JournalUnavailable) as caught:
        await journal.append(_fact(n))
    return caught.value.reason


def test_what_is_acknowledged_is_in_the_file_and_synced_before(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(_fact(1))
        assert _facts(tmp_path, "*.open") == [1]
        synced = disk.calls["sync"]
        await journal.append(_fact(2))
        assert _facts(tmp_path, "*.open") == [1, 2]
        assert disk.calls["sync"] == synced + 1

    _play(tmp_path, script)


def test_the_answer_waits_for_the_sync(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        disk.delay("sync", 0.1)
        appended = journal.append(_fact(1))
        await asyncio.sleep(0.05)
        assert not appended.done()
        await appended

    _play(tmp_path, script)


def test_durability_of_the_system_alone_writes_and_does_not_sync(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(_fact(1))
        assert _facts(tmp_path, "*.open") == [1]
        assert "sync" not in disk.calls

    _play(tmp_path, script, Settings(durability="os"))


def test_hits_of_one_turn_share_one_commit(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await asyncio.gather(*[journal.append(_fact(n)) for n in range(100)])
        assert (journal.figures().groups, journal.figures().facts) == (1, 100)

    _play(tmp_path, script)
    assert _facts(tmp_path) == list(range(100))


def test_while_one_group_is_written_the_next_one_gathers(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        disk.delay("sync", 0.05)
        appended = []
        for n in range(50):
            appended.append(journal.append(_fact(n)))
            await asyncio.sleep(0.001)
        await asyncio.gather(*appended)
        assert journal.figures().groups <= 4

    _play(tmp_path, script)
    assert _facts(tmp_path) == list(range(50))


def test_a_waiter_that_gives_up_takes_nobody_with_it(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        disk.delay("sync", 0.05)

        async def wait(n: int) -> str:
            await journal.append(_fact(n))
            return "durable"

        waiters = [asyncio.create_task(wait(n)) for n in range(3)]
        await asyncio.sleep(0.01)
        waiters[1].cancel()
        ends = await asyncio.gather(*waiters, return_exceptions=True)
        assert [str(end) for end in ends] == ["durable", "", "durable"]
        assert isinstance(ends[1], asyncio.CancelledError)

    _play(tmp_path, script)
    assert _facts(tmp_path) == [0, 1, 2]


def test_tallies_become_one_row_per_reason_and_minute(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        denied, deep = Tally("demo", "ga4", Refusal.CONSENT_DENIED), Tally("demo", "", Refusal.BODY_TOO_DEEP)
        await asyncio.gather(journal.append(Outcome([], [denied, deep])), journal.append(Outcome([], [denied])))

    _play(tmp_path, script)
    (path,) = tmp_path.iterdir()
    (section,) = segment.read_segment(path.read_bytes()).sections
    minute = "2023-11-14T22:13:00Z"
    assert [
        {"site": "demo", "minute": minute, "adapter": "ga4", "refusal": "consent_denied", "events": 2},
        {"site": "demo", "minute": minute, "adapter": "", "refusal": "body_too_deep", "events": 1},
    ] == [orjson.loads(line) for line in bytes(section.payload).splitlines()]


def test_closing_commits_what_was_appended_and_seals_it(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        appended = journal.append(_fact(1))
        await journal.close()
        assert appended.done()
        assert await _reason(journal, 2) is Trouble.CLOSED

    _play(tmp_path, script)
    assert _facts(tmp_path, "*.sealed") == [1]
    assert not list(tmp_path.glob("*.open"))


def test_a_segment_is_sealed_when_it_is_old_enough(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(_fact(1))
        assert _facts(tmp_path, "*.sealed") == []
        await asyncio.sleep(0.3)
        assert _facts(tmp_path, "*.sealed") == [1]
        await journal.append(_fact(2))
        assert _facts(tmp_path, "*.open") == [2]

    _play(tmp_path, script, Settings(load_after_ms=100))


def test_commits_go_on_while_the_segment_before_is_being_sealed(tmp_path: Path) -> None:
    go_on = threading.Event()

    class Stalled(FaultyDisk):
        def truncate(self, fd: int, size: int) -> None:
            go_on.wait()
            super().truncate(fd, size)

    async def script() -> None:
        journal = Journal(tmp_path, "collect-0", Settings(segment_limit_bytes=1, load_after_ms=60_000), Stalled())
        for n in range(5):
            await journal.append(_fact(n))
        assert sorted(_facts(tmp_path, "*.open")) == list(range(5))
        assert _facts(tmp_path, "*.sealed") == []
        go_on.set()
        await journal.close()

    asyncio.run(script())
    assert sorted(_facts(tmp_path, "*.sealed")) == list(range(5))


def test_what_is_made_ahead_is_no_backlog(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(_fact(1))
        while not list(tmp_path.glob("*.next")):
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.2)  # it has looked
        (path,) = tmp_path.glob("*.open")
        assert (journal.figures().backlog_segments, journal.figures().own_bytes) == (1, path.stat().st_size)
        assert journal.figures().own_oldest_at == path.stat().st_mtime

    _play(tmp_path, script)


def test_with_a_long_backlog_age_seals_later(tmp_path: Path) -> None:
    for n in range(200):
        (tmp_path / f"collect-1-{n}.sealed").write_bytes(segment.header())

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(_fact(1))
        await asyncio.sleep(0.3)
        assert _facts(tmp_path, "collect-0-*.open") == [1]
        for path in tmp_path.glob("collect-1-*"):
            path.unlink()
        await asyncio.sleep(1.2)
        assert _facts(tmp_path, "collect-0-*.sealed") == [1]

    _play(tmp_path, script, Settings(load_after_ms=100))


def test_a_segment_is_sealed_when_it_is_large_enough(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        for n in range(30):
            await journal.append(_fact(n))

    _play(tmp_path, script, Settings(segment_limit_bytes=200, load_after_ms=60_000))
    assert len(list(tmp_path.glob("*.sealed"))) > 3
    assert sorted(_facts(tmp_path)) == list(range(30))  # two may begin in one millisecond


def test_a_journal_that_took_nothing_leaves_nothing(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(Outcome([], []))

    _play(tmp_path, script)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_refuses_what_does_not_fit_keeps_what_was_acknowledged_and_recovers(tmp_path: Path) -> None:
    acknowledged = []

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        disk.room(500)
        for n in range(50):
            try:
                await journal.append(_fact(n))
                acknowledged.append(n)
            except JournalUnavailable:
                break
        assert 1 <= len(acknowledged) < 50
        assert journal.state() == Trouble.DISK_FULL.value
        assert _facts(tmp_path) == acknowledged
        await asyncio.sleep(0.6)
        assert journal.state() != ""
        disk.heal()
        await _recovered(journal)
        await journal.append(_fact(100))
        acknowledged.append(100)

    _play(tmp_path, script)
    assert _facts(tmp_path) == acknowledged
    assert not list(tmp_path.glob("*.open"))


@pytest.mark.parametrize(
    ("verb", "code", "reason"),
    [
        ("sync", errno.EIO, Trouble.DISK_FAULT),
        ("write", errno.EIO, Trouble.DISK_FAULT),
        ("write", errno.EDQUOT, Trouble.DISK_FULL),
        ("write", errno.EROFS, Trouble.READ_ONLY),
        ("create", errno.EACCES, Trouble.READ_ONLY),
        ("sync_folder", errno.EIO, Trouble.DISK_FAULT),
    ],
)
def test_an_error_of_the_disk_has_its_reason_and_ends_with_it(
    tmp_path: Path, verb: str, code: int, reason: Trouble
) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        disk.fail(verb, code)
        assert await _reason(journal, 1) is reason
        assert await _reason(journal, 2) is reason
        assert journal.state() == reason.value
        disk.heal()
        await _recovered(journal)
        await journal.append(_fact(3))

    _play(tmp_path, script)
    assert _facts(tmp_path) == [3]


def test_everyone_in_a_group_hears_that_it_failed(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        disk.fail("sync", errno.EIO)
        ends = await asyncio.gather(*[journal.append(_fact(n)) for n in range(20)], return_exceptions=True)
        assert [JournalUnavailable] * 20 == [type(end) for end in ends]
        assert journal.figures().refused == 20

    _play(tmp_path, script)


def test_what_failed_is_cut_from_the_file_and_the_next_group_gets_a_new_one(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(_fact(1))
        disk.fail("sync", errno.EIO, times=1)
        await _reason(journal, 2)
        await _recovered(journal)
        await journal.append(_fact(3))
        assert _facts(tmp_path, "*.sealed") == [1]
        assert _facts(tmp_path, "*.open") == [3]

    _play(tmp_path, script)


def test_a_disk_that_lets_nothing_be_cut_or_renamed_loses_nothing(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(_fact(1))
        disk.room(30)
        disk.fail("truncate", errno.EIO)
        disk.fail("rename", errno.EIO)
        await _reason(journal, 2)
        disk.heal()
        await _recovered(journal)
        disk.fail("rename", errno.EIO)
        await journal.append(_fact(3))

    disk = _play(tmp_path, script)
    assert len(list(tmp_path.glob("*.open"))) == 2
    disk.heal()
    assert adopt_orphans(disk, tmp_path) == 2
    assert sorted(_facts(tmp_path, "*.sealed")) == [1, 3]


def test_a_folder_that_is_taken_away_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "journal"

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        shutil.rmtree(folder)
        await journal.append(_fact(1))

    _play(folder, script)
    assert _facts(folder) == [1]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")
def test_a_folder_that_cannot_be_written_is_no_crash(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        assert await _reason(journal, 1) is Trouble.READ_ONLY
        tmp_path.chmod(0o700)
        await _recovered(journal)
        await journal.append(_fact(2))

    _play(tmp_path, script)
    assert _facts(tmp_path) == [2]


def test_a_backlog_at_its_limit_sheds_load_until_it_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "collect-1-1.sealed").write_bytes(b"x" * 2000)

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        assert await _reason(journal, 1) is Trouble.BACKLOG
        assert journal.figures().backlog_bytes == 2000
        (tmp_path / "collect-1-1.sealed").unlink()
        await _recovered(journal)
        await journal.append(_fact(2))

    _play(tmp_path, script, Settings(journal_limit_bytes=1000))
    assert _facts(tmp_path) == [2]


def test_a_backlog_that_is_too_old_sheds_load_until_it_is_loaded(tmp_path: Path) -> None:
    old = tmp_path / "collect-1-1.sealed"
    old.write_bytes(b"x")
    os.utime(old, (NOW - 120, NOW - 120))

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        assert await _reason(journal, 1) is Trouble.OLD_BACKLOG
        old.unlink()
        await _recovered(journal)
        await journal.append(_fact(2))

    _play(tmp_path, script, Settings(journal_limit_s=60))
    assert _facts(tmp_path) == [2]


@pytest.mark.parametrize("limit_s", [0, 180])
def test_a_younger_backlog_sheds_nothing_and_without_a_limit_no_age_does(tmp_path: Path, limit_s: int) -> None:
    (old := tmp_path / "collect-1-1.sealed").write_bytes(b"x")
    os.utime(old, (NOW - 120, NOW - 120))

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(_fact(1))

    _play(tmp_path, script, Settings(journal_limit_s=limit_s))


def test_the_last_free_space_is_left_to_others(tmp_path: Path) -> None:
    async def script(journal: Journal, disk: FaultyDisk) -> None:
        await journal.append(_fact(1))
        disk.room(1000)
        await asyncio.sleep(1.2)
        assert await _reason(journal, 2) is Trouble.DISK_RESERVE
        disk.heal()
        await _recovered(journal)

    _play(tmp_path, script, Settings(disk_reserve_bytes=5000))
    assert _facts(tmp_path) == [1]


def test_a_disk_that_hangs_fills_memory_to_a_limit_only(tmp_path: Path) -> None:
    large = Outcome([Fact(b'{"n":0,"x":"%s"}' % (b"x" * 9_000_000))], [])

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        disk.delay("write", 0.5)
        first = journal.append(_fact(1))
        await asyncio.sleep(0.05)
        waiting = [journal.append(large) for _ in range(4)]
        assert journal.state() == Trouble.SLOW_DISK.value
        assert await _reason(journal, 2) is Trouble.SLOW_DISK
        await asyncio.gather(first, *waiting)
        assert journal.state() == ""

    _play(tmp_path, script)


def test_our_own_mistake_in_the_writer_is_told_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        journal.append(_fact(0))
        unreadable: Any = Outcome([], [Tally("demo", "\ud800", Refusal.NO_EVENTS)])
        assert await _reason_of(journal.append(unreadable)) is Trouble.BROKEN
        assert journal.state() == Trouble.BROKEN.value
        assert await _reason(journal, 1) is Trouble.BROKEN
        while not told:
            await asyncio.sleep(0.01)

    _play(tmp_path, script)


def test_our_own_mistake_in_the_thread_of_the_segments_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    class Mistaken(FaultyDisk):
        def truncate(self, fd: int, size: int) -> None:
            raise ZeroDivisionError

    async def script() -> None:
        journal = Journal(tmp_path, "collect-0", Settings(segment_limit_bytes=1), Mistaken())
        await journal.append(_fact(0))
        while not told:
            await asyncio.sleep(0.01)
        assert await _reason(journal, 1) is Trouble.BROKEN
        assert journal.state() == Trouble.BROKEN.value
        await journal.close()
        while len(told) < 2:
            await asyncio.sleep(0.01)

    asyncio.run(script())
    assert [each.exc_type for each in told] == [ZeroDivisionError, RuntimeError]


async def _reason_of(appended: asyncio.Future[None]) -> Trouble:
    with pytest.raises(JournalUnavailable) as caught:
        await appended
    return caught.value.reason


def test_a_clock_that_jumps_back_never_gives_a_name_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_000_000_000)

    async def script(journal: Journal, disk: FaultyDisk) -> None:
        for n in range(40):
            await journal.append(_fact(n))

    _play(tmp_path, script, Settings(segment_limit_bytes=1, load_after_ms=60_000))
    assert len(list(tmp_path.glob("*.sealed"))) == 40
    assert sorted(_facts(tmp_path)) == list(range(40))
