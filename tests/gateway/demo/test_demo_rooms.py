"""The demo is a client like any other: it uses no room of the gateway, and only its sender reaches out."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "gateway" / "demo").rglob("*.py"))

#: What makes a module impure: clocks, sockets, disks, and luck that no seed decides.
_POWERS = {
    "asyncio",
    "socket",
    "ssl",
    "time",
    "os",
    "pathlib",
    "secrets",
    "httptools",
    "httpx",
    "threading",
    "subprocess",
}
_MAY_CALL_OUT = {"sender.py", "connection.py"}


def _imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 10


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_uses_no_other_room(file: Path) -> None:
    ours = {name for name in _imports(file) if name.split(".")[0] in ("gateway", "consent")}

    assert all(name == "gateway.demo" or name.startswith("gateway.demo.") for name in ours), ours


@pytest.mark.parametrize("file", [file for file in FILES if file.name not in _MAY_CALL_OUT], ids=lambda file: file.name)
def test_the_generator_is_pure(file: Path) -> None:
    assert not {name.split(".")[0] for name in _imports(file)} & _POWERS
    assert "uuid4" not in file.read_text("utf-8")
    assert ".now(" not in file.read_text("utf-8")


def test_all_luck_comes_from_a_seed() -> None:
    for file in FILES:
        assert "Random()" not in file.read_text("utf-8"), file.name
        assert "import random" not in file.read_text("utf-8"), file.name
