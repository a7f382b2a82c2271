"""The clients are pinned: to one version each, by a lock that names no registry."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version

import pytest

from tests.clients.installed import HERE, PINNED, need_node, version_of
from tests.clients.servers import SERVERS
from tests.serving import ROOT

LOCK = (HERE / "package-lock.json").read_text()


def test_the_lock_names_no_registry() -> None:
    assert re.findall(r'"resolved"|registry|"version": "https?:', LOCK) == []


def test_every_package_of_npm_is_pinned_to_one_version() -> None:
    assert [name for name, said in PINNED.items() if not re.fullmatch(r"\d+\.\d+\.\d+", said)] == []


@pytest.mark.parametrize("package", PINNED)
def test_the_installed_package_is_the_pinned_one(package: str) -> None:
    need_node()
    assert version_of(package, "node") == PINNED[package]


@pytest.mark.parametrize("package", [server.package for server in SERVERS if server.runtime == "python"])
def test_the_installed_package_of_pypi_is_the_pinned_one(package: str) -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["test"]
    assert f"{package}=={version(package)}" in wanted
