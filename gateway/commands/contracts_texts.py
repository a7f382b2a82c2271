"""Contracts that a command works on: a folder, the starter set, the folder of gateway.yml, or a folder as git knows it.

May not: judge; it reads, and says in one sentence why it cannot. Exit code 1: refused; 2: not there.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

import click

from consent.clauses.marked import PolicyError, read_marked
from gateway.commands.options import fail
from gateway.intake.contracts import ContractError, Contracts, read_contracts

STARTER = "starter"
_GIT_TIMEOUT_S = 30


def folder_of(named: str | None, config: Path | None) -> Path:
    """The folder that a command means: named, else that of gateway.yml, else the starter set."""
    if named == STARTER or (named is None and config is None):
        return Path(str(files("gateway.intake.contracts") / "starter"))
    if named is not None:
        return Path(named)
    assert config is not None
    return _configured(config)


def _configured(config: Path) -> Path:
    """The contracts folder of the only site in gateway.yml that names one."""
    try:
        top = read_marked(config.read_bytes(), str(config)).table("gateway.yml")
        sites = top["sites"].table("sites").values() if "sites" in top else ()
        told = [site.table("a site") for site in sites]
        names = {site["contracts"].text("contracts") for site in told if "contracts" in site}
    except OSError as error:
        fail(f"{config} cannot be read ({error.strerror}).")
    except PolicyError as error:
        fail(str(error))
    if not names:
        return folder_of(STARTER, None)
    if len(names) > 1:
        fail(f"{config} has {len(names)} folders of contracts; name the one you mean.")
    return config.parent / names.pop()


def texts_of(folder: Path) -> dict[str, bytes]:
    """File -> text of a folder of contracts, or of one file; a sentence and exit code 2 where there is none."""
    try:
        found = [folder] if folder.is_file() else sorted(folder.glob("*.yml"))
        texts = {str(file): file.read_bytes() for file in found}
    except OSError as error:
        fail(f"{error.filename} cannot be read ({error.strerror}).")
    if not texts:
        fail(f"{folder} holds no .yml file; name a folder of contracts, or {STARTER}.")
    return texts


def load(texts: Mapping[str, bytes]) -> Contracts:
    """The contracts, compiled; what they are refused for goes to stderr, and the exit code is 1."""
    try:
        return read_contracts(texts)
    except ContractError as error:
        _refuse(error)


def _refuse(error: ContractError) -> NoReturn:
    click.echo(str(error), err=True)
    raise SystemExit(1)


def load_revision(folder: Path, revision: str) -> Contracts:
    """The contracts of the same folder as they stand at a git revision. Exit code 2 where there are none to read."""
    place = folder if folder.is_dir() else folder.parent
    commit = _git(place, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        fail(f"git knows no revision '{revision}' in {place}.")
    listed = _git(place, "ls-tree", "--name-only", "-z", commit.decode().strip(), "./") or b""
    names = [name for name in listed.decode().split("\0") if name.endswith(".yml")]
    kept = [name for name in names if folder.is_dir() or name == folder.name]
    if not kept:
        fail(f"{folder} has no contracts at {revision}; nothing to compare with.")
    texts = {str(place / name): _git(place, "show", f"{commit.decode().strip()}:./{name}") or b"" for name in kept}
    try:
        return read_contracts(texts)
    except ContractError as error:
        fail(f"the contracts at {revision} cannot be read: {error}")


def _git(place: Path, *arguments: str) -> bytes | None:
    """What git answers, None where it says no."""
    try:
        done = subprocess.run(["git", *arguments], cwd=place, capture_output=True, timeout=_GIT_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        fail(f"git cannot be run in {place}; --against needs it.")
    return done.stdout if done.returncode == 0 else None
