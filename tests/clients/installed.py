"""What client tests need beyond `.[test]`: Node, the packages of package.json, Chromium. Missing: skipped, and why.

May not: install anything. `.ci/run` does, and says GATEWAY_CLIENTS=required: there, what is missing fails.
"""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version
from pathlib import Path

import orjson
import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
PINNED: dict[str, str] = orjson.loads((HERE / "package.json").read_bytes())["dependencies"]

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def lack(what: str) -> None:
    """Skips the test at hand, or fails it where nothing may be missing."""
    if os.environ.get("GATEWAY_CLIENTS") == "required":
        pytest.fail(what)
    pytest.skip(what)


def need_node() -> None:
    """Node and every package of package.json."""
    if shutil.which("node") is None:
        lack("Node is not installed: apt-get install nodejs npm")
    if not all((MODULES / package).is_dir() for package in PINNED):
        lack("packages are missing: npm install --no-save --ignore-scripts, in tests/clients")


def chromium() -> str:
    """The path of Chromium."""
    need_node()
    found = next((path for name in _CHROMIUM if (path := shutil.which(name))), "")
    if not found:
        lack("Chromium is not installed: apt-get install chromium")
    return found


def version_of(package: str, runtime: str) -> str:
    """The version that is installed, of npm's package or of PyPI's."""
    if runtime == "python":
        return version(package)
    return str(orjson.loads((MODULES / package / "package.json").read_bytes())["version"])
