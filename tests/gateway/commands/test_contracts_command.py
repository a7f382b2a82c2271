"""`gateway contracts`: through the command line, with the exit codes and sentences that people and scripts rely on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.commands.contracts import contracts
from gateway.intake.contracts import starter_contracts
from tests.gateway.intake.contracts.contracts_written import entry, written


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["contracts", *arguments])


def git(folder: Path, *arguments: str) -> None:
    told = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *told, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The starter contracts in a folder below the root of a git repository, committed."""
    folder = tmp_path / "shop" / "contracts"
    folder.mkdir(parents=True)
    for name, text in starter_contracts().items():
        (folder / name).write_bytes(text)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "contracts")
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, "the edit must find its place"
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("command", sorted(contracts.commands))
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"gateway contracts {command}" in result.output
    assert "Example" in result.output


def test_the_starter_set_is_sound_even_strictly() -> None:
    result = run("check", "starter", "--strict")
    assert (result.exit_code, result.output) == (0, "starter is sound: 62 contracts, 0 errors, 0 warnings\n")


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (b"contracts:\n  a: {inherits: b}\n  b: {inherits: a}\n", 3, "inherits from itself"),
        (b"contracts:\n  a: {inherits: lamp}\n", 2, "is not a known contract"),
        (written(entry("a", "p: {type: string, is: user, example: a, pattern: '('}")), 2, "its pattern"),
        (written(entry("a", "p: {type: string, is: user.shoe, example: a}")), 2, "fideslang data category"),
        (written(entry("a", version="3"), entry("a.b", version="2")), 3, "below version 3"),
    ],
    ids=["cycle", "unknown parent", "bad pattern", "unknown category", "version order"],
)
def test_what_cannot_stand_is_told_with_file_line_and_sentence(
    tmp_path: Path, text: bytes, line: int, sentence: str
) -> None:
    file = tmp_path / "tried.yml"
    file.write_bytes(text)
    result = run("check", str(tmp_path))
    assert result.exit_code == 1
    first = result.output.splitlines()[0]
    assert first.startswith(f"{file}:{line}: ")
    assert sentence in first


def test_a_folder_without_contracts_is_wrong_use(tmp_path: Path) -> None:
    for named in (tmp_path, tmp_path / "nowhere"):
        result = run("check", str(named))
        assert result.exit_code == 2
        assert "name a folder of contracts" in result.output


def test_warnings_fail_a_strict_check_only(tmp_path: Path) -> None:
    (tmp_path / "tried.yml").write_bytes(written(entry("lamp_turned")))
    assert run("check", str(tmp_path)).exit_code == 0
    strict = run("check", str(tmp_path), "--strict", "--format", "json")
    assert strict.exit_code == 1
    assert [(found["weight"], found["line"]) for found in json.loads(strict.output)] == [("warning", 2)]


def test_what_did_not_change_since_a_revision_passes(kept: Path) -> None:
    assert run("check", str(kept), "--against", "HEAD").exit_code == 0


def test_a_breaking_change_against_a_revision_fails_until_the_version_is_raised(kept: Path) -> None:
    edit(kept / "discovery.yml", "search_term: required, ", "")
    broken = run("check", str(kept), "--against", "HEAD")
    assert broken.exit_code == 1
    assert "discovery.yml:27: error: 'search' no longer lists the property 'search_term'; raise" in broken.output
    edit(
        kept / "discovery.yml",
        "{version: 1, status: active, owner: search",
        "{version: 2, status: active, owner: search",
    )
    raised = run("check", str(kept), "--against", "HEAD")
    assert raised.exit_code == 0
    assert "note: 'search' no longer lists the property 'search_term' (version 1 to 2)" in raised.output


def test_a_file_that_is_gone_takes_no_contract_with_it_in_silence(kept: Path) -> None:
    (kept / "loyalty.yml").unlink()
    result = run("check", str(kept), "--against", "HEAD")
    assert result.exit_code == 1
    assert f"{kept / 'loyalty.yml'}:3: error: the contract 'review_write', which stood here, is gone" in result.output


def test_a_revision_that_is_none_is_wrong_use(kept: Path, tmp_path: Path) -> None:
    for revision in ("nowhere", "--help", "HEAD:shop"):
        result = run("check", str(kept), "--against", revision)
        assert result.exit_code == 2
        assert "git knows no revision" in result.output
    new = tmp_path / "new"
    new.mkdir()
    (new / "tried.yml").write_bytes(written(entry("lamp")))
    assert run("check", str(new), "--against", "HEAD").exit_code == 2
