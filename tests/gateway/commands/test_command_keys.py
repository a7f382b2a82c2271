"""`gateway keys`: status tells what is missing, rotate makes and destroys, and neither shows a key."""

from __future__ import annotations

import time
from pathlib import Path

from click.testing import CliRunner, Result

from gateway.commands.keys import keys
from gateway.journal.keyring import DAY_S, Keyring


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(keys, [*words, "--data", str(data)])


def test_a_new_folder_is_told_of_then_filled_then_well(tmp_path: Path) -> None:
    assert run(tmp_path, "status").exit_code == 1
    made = run(tmp_path, "rotate")
    assert (made.exit_code, made.output) == (0, "3 keys made, 0 destroyed, 3 in the folder.\n")
    shown = run(tmp_path, "status")
    assert shown.exit_code == 0
    assert [line.split()[-1] for line in shown.output.splitlines()] == ["use", "use", "next"]


def test_rotate_destroys_what_is_spent_and_status_tells_of_it_before(tmp_path: Path) -> None:
    Keyring(tmp_path / "keys", ["demo"]).refresh(time.time() - 3 * DAY_S)
    told = run(tmp_path, "status")
    assert told.exit_code == 1
    assert "should have been destroyed" in told.output
    assert "has no salt of that day's visitors today" in told.output
    assert "2 keys made, 2 destroyed, 3 in the folder." in run(tmp_path, "rotate").output
    assert run(tmp_path, "status").exit_code == 0


def test_a_durable_key_is_replaced_from_midnight_on_only_when_asked_for(tmp_path: Path) -> None:
    run(tmp_path, "rotate")
    kept = Keyring(tmp_path / "keys", ["demo"])
    kept.refresh(time.time())
    before = kept.keys("demo", time.time())
    assert "takes over on" in run(tmp_path, "rotate", "--durable", "--site", "demo").output
    kept.refresh(time.time())
    assert kept.keys("demo", time.time()).durable == before.durable
    assert kept.keys("demo", time.time() + DAY_S).durable != before.durable
    assert run(tmp_path, "rotate", "--site", "nowhere").exit_code == 2


def test_no_key_is_shown(tmp_path: Path) -> None:
    said = run(tmp_path, "rotate").output + run(tmp_path, "status").output
    for file in (tmp_path / "keys").iterdir():
        assert file.read_bytes().hex() not in said
        assert file.read_bytes().hex()[:16] not in said
