"""The keyring on a real folder: agreement between processes, forgetting, failing closed. The clock is an argument."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO

import pytest

from gateway.journal.keyfolder import DURABLE_LIFE_DAYS, read_name
from gateway.journal.keyring import DAY_S, Keyring

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
MIDNIGHT = NOON + DAY_S / 2
TODAY = int(NOON // DAY_S)


def ring(folder: Path, at: float = NOON, *sites: str) -> Keyring:
    keyring = Keyring(folder, sites or ("demo",))
    assert keyring.refresh(at) == ()
    return keyring


def test_a_new_folder_gets_keys_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keys = ring(folder).keys("demo", NOON)
    assert keys.day is not None
    assert keys.durable is not None
    assert [len(keys.day), len(keys.durable)] == [32, 32]
    assert keys.epoch == TODAY
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {"demo.day.2026-11-22.salt", "demo.day.2026-11-23.salt", "demo.durable.2026-11-22.key"}
    assert names == {file.name for file in folder.iterdir()}
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def test_a_restart_keeps_the_keys_of_the_day(tmp_path: Path) -> None:
    assert ring(tmp_path).keys("demo", NOON) == ring(tmp_path).keys("demo", NOON + 60)


def test_days_sites_and_kinds_have_keys_of_their_own(tmp_path: Path) -> None:
    keyring = ring(tmp_path, NOON, "demo", "shop")
    keys = [keyring.keys(site, at) for site in ("demo", "shop") for at in (NOON, NOON + DAY_S)]
    assert len({key.day for key in keys}) == 4
    assert len({key.durable for key in keys}) == 2
    assert not {key.day for key in keys} & {key.durable for key in keys}


def test_the_next_day_is_ready_before_midnight_and_switches_at_midnight(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    before, after = keyring.keys("demo", MIDNIGHT - 0.001), keyring.keys("demo", MIDNIGHT)
    assert before.day != after.day
    assert after.day is not None
    assert before.durable == after.durable
    assert after == ring(tmp_path, MIDNIGHT + 1).keys("demo", MIDNIGHT + 1)


def test_keys_never_touch_the_disk(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    expected = keyring.keys("demo", NOON)
    for file in tmp_path.iterdir():
        file.unlink()
    tmp_path.rmdir()
    assert expected == keyring.keys("demo", NOON)


def test_a_salt_is_destroyed_two_days_after_its_day_and_not_before(tmp_path: Path) -> None:
    ring(tmp_path)
    salt = tmp_path / "demo.day.2026-11-22.salt"
    inode = os.open(salt, os.O_RDONLY)  # what a thief who held the file open would still see
    before = os.pread(inode, 32, 0)
    ring(tmp_path, MIDNIGHT + DAY_S - 1)
    assert salt.exists()
    ring(tmp_path, MIDNIGHT + DAY_S)
    assert not salt.exists()
    assert before != os.pread(inode, 32, 0)
    os.close(inode)


def test_a_destroyed_day_cannot_be_had_again_by_setting_the_clock_back(tmp_path: Path) -> None:
    first = ring(tmp_path).keys("demo", NOON)
    ring(tmp_path, NOON + 3 * DAY_S)
    assert first.day != ring(tmp_path).keys("demo", NOON).day


def test_a_day_that_was_not_refreshed_for_has_no_keys(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    assert keyring.keys("demo", NOON + 2 * DAY_S) == (None, None, 0)
    assert keyring.keys("demo", NOON - DAY_S) == (None, None, 0)


def test_a_durable_key_serves_390_days_and_is_destroyed_by_its_successor(tmp_path: Path) -> None:
    first = ring(tmp_path).keys("demo", NOON)
    last_day = NOON + (DURABLE_LIFE_DAYS - 1) * DAY_S
    on_last_day = ring(tmp_path, last_day)
    assert first.durable == on_last_day.keys("demo", last_day).durable
    successor = on_last_day.keys("demo", last_day + DAY_S)
    assert successor.epoch == TODAY + DURABLE_LIFE_DAYS
    assert successor.durable not in (None, first.durable)
    assert successor == ring(tmp_path, last_day + DAY_S).keys("demo", last_day + DAY_S)
    assert not (tmp_path / "demo.durable.2026-11-22.key").exists()


def test_rotating_takes_over_at_midnight_and_destroys_the_old_key(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    first = keyring.keys("demo", NOON)
    assert keyring.rotate("demo", NOON) == TODAY + 1
    assert first == keyring.keys("demo", NOON)
    assert keyring.keys("demo", MIDNIGHT).epoch == TODAY + 1
    assert first.durable != keyring.keys("demo", MIDNIGHT).durable
    keyring.refresh(MIDNIGHT)
    assert not (tmp_path / "demo.durable.2026-11-22.key").exists()


@pytest.mark.parametrize("content", [b"", b"short", bytes(32), b"long" * 9])
def test_an_unusable_salt_gives_no_key_and_says_so(tmp_path: Path, content: bytes) -> None:
    ring(tmp_path)
    (tmp_path / "demo.day.2026-11-22.salt").write_bytes(content)
    keyring = Keyring(tmp_path, ["demo"])
    (trouble,) = keyring.refresh(NOON)
    assert "demo.day.2026-11-22.salt" in trouble
    keys = keyring.keys("demo", NOON)
    assert keys.day is None
    assert keys.durable is not None


def test_keys_that_cannot_be_made_are_none_and_said_loudly(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "keys"
    folder.write_text("a file where the folder should be")
    keyring = Keyring(folder, ["demo"])
    troubles = keyring.refresh(NOON)
    assert troubles
    assert troubles == keyring.troubles
    assert keyring.keys("demo", NOON) == (None, None, 0)
    assert set(troubles) <= {record.getMessage().removeprefix("keys: ") for record in caplog.records}


def test_a_folder_that_is_mounted_read_only_is_read_and_not_written(tmp_path: Path) -> None:
    expected = ring(tmp_path).keys("demo", NOON)
    mount = tmp_path / "mount"  # as Kubernetes mounts a Secret: names are symbolic links into a hidden folder
    (mount / "..2026").mkdir(parents=True)
    for file in tmp_path.glob("demo.*"):
        (mount / "..2026" / file.name).write_bytes(file.read_bytes())
        (mount / file.name).symlink_to(Path("..2026") / file.name)
    assert expected == ring(mount).keys("demo", NOON)


def test_a_file_under_another_name_is_another_key(tmp_path: Path) -> None:
    ring(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    for file in tmp_path.glob("demo.*"):
        (other / file.name.replace("demo", "shop")).write_bytes(file.read_bytes())
    demo, shop = ring(tmp_path).keys("demo", NOON), ring(other, NOON, "shop").keys("shop", NOON)
    assert not {demo.day, demo.durable} & {shop.day, shop.durable}


def test_a_site_met_on_the_way_gets_its_keys_at_the_next_refresh(tmp_path: Path) -> None:
    keyring = ring(tmp_path)
    assert keyring.keys("late", NOON) == (None, None, 0)
    keyring.refresh(NOON)
    assert keyring.keys("late", NOON).day is not None


@pytest.mark.parametrize("name", ["", "../up", "a.b", "Ü", "x" * 64, "a/b", "a\0b"])
def test_a_name_that_cannot_be_a_file_name_gets_no_keys(tmp_path: Path, name: str) -> None:
    keyring = Keyring(tmp_path / "keys", [name])
    assert len(keyring.refresh(NOON)) == 1
    assert keyring.keys(name, NOON) == (None, None, 0)
    assert list((tmp_path / "keys").iterdir()) == []
    assert {"keys"} == {path.name for path in tmp_path.iterdir()}


def test_the_drafts_of_dead_processes_are_swept_and_linked_keys_stay(tmp_path: Path) -> None:
    expected = ring(tmp_path).keys("demo", NOON)
    orphan, linked, young = (tmp_path / f".1-{letter}.new" for letter in "abc")
    orphan.write_bytes(os.urandom(32))
    os.link(tmp_path / "demo.day.2026-11-22.salt", linked)
    young.write_bytes(os.urandom(32))
    for path, written_at in ((orphan, NOON - DAY_S), (linked, NOON - DAY_S), (young, NOON)):
        os.utime(path, (written_at, written_at))
    assert expected == ring(tmp_path).keys("demo", NOON)
    assert [young] == list(tmp_path.glob(".*.new"))


def test_processes_that_start_together_agree_on_every_key(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from gateway.journal.keyring import Keyring\n"
        "ring = Keyring(Path(sys.argv[1]), ['demo']); print('ready', flush=True); sys.stdin.read()\n"
        f"ring.refresh({NOON}); print([ring.keys('demo', at) for at in ({NOON}, {NOON + DAY_S})])"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "keys")]
    with ExitStack() as stack:
        racers = [stack.enter_context(Popen(command, stdin=PIPE, stdout=PIPE, text=True)) for _ in range(6)]
        assert {_stream(racer.stdout).readline() for racer in racers} == {"ready\n"}
        for racer in racers:
            _stream(racer.stdin).close()
        (said,) = {_stream(racer.stdout).read() for racer in racers}
    assert "SiteKeys(day=b" in said
    assert "None" not in said
    assert list((tmp_path / "keys").glob(".*")) == []


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.mark.parametrize(
    "name",
    [
        "demo.day.2026-11-22.key",
        "demo.durable.2026-11-22.salt",
        "demo.day.2026-13-22.salt",
        "demo.day.salt",
        ".day.2026-11-22.salt",
        "notes.txt",
    ],
)
def test_files_of_other_names_are_left_alone(tmp_path: Path, name: str) -> None:
    assert read_name(name) is None
    (tmp_path / name).write_text("mine")
    ring(tmp_path, NOON + 1000 * DAY_S)
    assert (tmp_path / name).read_text() == "mine"
