"""Texts that `gateway policy` works on: a policy file, a starter, the policy of gateway.yml, a table of words.

May not: decide; it reads, and says in one sentence why it cannot. Exit code 1: refused; 2: not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from consent.clauses.marked import read_marked
from consent.clauses.words import Clauses
from consent.compile import compile_policy
from consent.compiled import Policy
from consent.policy import PolicyError, hash_text, read_clauses, read_policy
from consent.prose import Words, missing_words
from consent.starters import STARTERS, starter
from consent.tools.findings import check_activation
from gateway.commands.options import fail

_STARTER = "starter:"


def policy_text(file: str | None, config: Path | None) -> tuple[str, bytes]:
    """(name, text) of the policy that a command means; a sentence and exit code 2 where there is none."""
    named = file or _configured(config)
    if named.startswith(_STARTER):
        name = named.removeprefix(_STARTER)
        if name not in STARTERS:
            fail(f"there is no starter '{name}'; there are {', '.join(STARTERS)}.")
        return f"{name}.yml", starter(name)
    try:
        return named, Path(named).read_bytes()
    except OSError as error:
        fail(f"{named} cannot be read ({error.strerror}).")


def _configured(config: Path | None) -> str:
    """The policy file of the only site in gateway.yml."""
    if config is None:
        fail("name a policy file, a starter such as starter:strictest, or a gateway.yml with --config.")
    try:
        top = read_marked(config.read_bytes(), str(config)).table("gateway.yml")
        sites = top["sites"].table("sites").values() if "sites" in top else ()
        files = {site.table("a site")["policy"].text("policy") for site in sites if "policy" in site.table("a site")}
    except OSError as error:
        fail(f"{config} cannot be read ({error.strerror}).")
    except PolicyError as error:
        fail(str(error))
    if len(files) != 1:
        fail(f"{config} has {len(files)} policies; name the file you mean.")
    return str(config.parent / files.pop())


def load(file: str | None, config: Path | None) -> Policy:
    """The policy, examples run; what it is refused for goes to stderr, and the exit code is 1."""
    name, text = policy_text(file, config)
    try:
        return read_policy(text, name)
    except PolicyError as error:
        _refuse(error)


def check_active(loaded: Policy, at: float) -> None:
    """Whether the policy may be activated at that time; what stops it is told like what refuses it."""
    try:
        check_activation(loaded, at)
    except PolicyError as error:
        _refuse(error)


def clauses_of(file: str) -> Clauses:
    name, text = policy_text(file, None)
    try:
        return read_clauses(text, name)
    except PolicyError as error:
        _refuse(error)


def compiled_policy(file: str | None, config: Path | None) -> Policy:
    """The policy, its examples not yet run."""
    name, text = policy_text(file, config)
    try:
        return compile_policy(read_clauses(text, name), hash_text(text))
    except PolicyError as error:
        _refuse(error)


def _refuse(error: PolicyError) -> NoReturn:
    click.echo(str(error), err=True)
    raise SystemExit(1)


def read_words(table: Path) -> Words:
    """A translation; English is not mixed in, so a missing key is refused."""
    try:
        entries = read_marked(table.read_bytes(), str(table)).table("the table of words")
        spoken = {key: node.text(key) for key, node in entries.items()}
    except OSError as error:
        fail(f"{table} cannot be read ({error.strerror}).")
    except PolicyError as error:
        fail(str(error))
    missing = missing_words(spoken)
    if missing:
        fail(f"{table} lacks {', '.join(missing[:5])}{' and more' if len(missing) > 5 else ''}.")
    return spoken
