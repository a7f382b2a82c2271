"""The rooms, proven by reading imports: a folder that reaches for a power that is not its own fails here."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

DISK = {"os", "pathlib", "shutil", "tempfile", "fcntl", "mmap", "io", "glob", "sqlite3"}
NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib.request",
    "asyncio",
    "httpx",
    "requests",
    "aiohttp",
    "select",
    "selectors",
    "ftplib",
    "smtplib",
}
CLOCK = {"time", "datetime.now"}
DATABASE = {"clickhouse_connect", "chdb"}
WEB = {"starlette", "uvicorn", "jinja2"}
OTHER_POWERS = {"subprocess", "multiprocessing", "ctypes", "logging", "threading", "signal"}
RANDOM = {"random", "secrets"}

#: Room -> what it may not import. A longer path overrides a shorter one.
FORBIDDEN: dict[str, set[str]] = {
    "consent": DISK | NETWORK | DATABASE | WEB | OTHER_POWERS | RANDOM | {"gateway", "time"},
    "consent/starters.py": NETWORK | DATABASE | WEB | OTHER_POWERS | RANDOM | {"gateway", "time"},
    "gateway/words.py": DISK | NETWORK | DATABASE | WEB | OTHER_POWERS | {"time", "gateway.intake", "gateway.web"},
    "gateway/intake": DISK
    | NETWORK
    | DATABASE
    | WEB
    | OTHER_POWERS
    | {
        "time",
        "gateway.journal",
        "gateway.warehouse",
        "gateway.web",
        "gateway.app",
        "gateway.settings",
        "gateway.configuration",
    },
    "gateway/journal": NETWORK - {"asyncio"}
    | DATABASE
    | WEB
    | {"subprocess", "gateway.intake", "gateway.warehouse", "gateway.web", "gateway.app"},
    "gateway/warehouse": WEB | {"gateway.intake", "gateway.web", "gateway.app", "uvloop"},
    "gateway/reports": DISK
    | NETWORK
    | DATABASE
    | WEB
    | OTHER_POWERS
    | {"gateway.intake", "gateway.journal", "gateway.web", "gateway.app"},
    "gateway/web": DATABASE | {"gateway.warehouse", "gateway.app", "subprocess", "sqlite3", "shutil", "tempfile"},
    "gateway/forwarders": DISK
    | NETWORK - {"urllib.request"}
    | DATABASE
    | WEB
    | OTHER_POWERS
    | {"time", "gateway.intake", "gateway.journal", "gateway.warehouse", "gateway.web", "gateway.app"},
    "gateway/relay_check.py": DISK | NETWORK | DATABASE | WEB | OTHER_POWERS | {"time", "gateway.web", "gateway.app"},
    "gateway/relay_erase.py": DISK | NETWORK | DATABASE | WEB | OTHER_POWERS | {"time", "gateway.web", "gateway.app"},
    "gateway/relay.py": NETWORK | DATABASE | WEB | {"gateway.intake.hit", "gateway.web", "gateway.app"},
    "gateway/outbound.py": DISK
    | DATABASE
    | WEB
    | OTHER_POWERS
    | {"gateway.intake", "gateway.journal", "gateway.warehouse", "gateway.web", "gateway.app"},
    "gateway/supervisor.py": DISK - {"os"}
    | DATABASE
    | WEB
    | {"gateway.intake", "gateway.journal", "gateway.warehouse", "gateway.web"},
    "gateway/lifecycle.py": NETWORK - {"asyncio"}
    | DATABASE
    | WEB
    | {"gateway.intake", "gateway.journal", "gateway.warehouse", "gateway.web", "gateway.app"},
}

#: Folders whose files never import a sibling, and the one file of each that holds their noun.
SIBLINGS = {
    "gateway/intake/adapters": {"adapter"},
    "gateway/intake/hooks": {"hook"},
    "consent/signals": {"carrier"},
    "gateway/reports": {"report"},
    "gateway/forwarders": {"forwarder"},
}


def imports_of(file: Path) -> Iterator[str]:
    """Every module that a file imports, and every `module.name` it takes from one."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(room: str) -> list[Path]:
    place = ROOT / room
    found = [place] if place.suffix else sorted(place.rglob("*.py"))
    return [f for f in found if not any(other != room and (ROOT / other) == f for other in FORBIDDEN)]


def reaches_for(imported: str, forbidden: set[str]) -> bool:
    return any(imported == name or imported.startswith((name + ".", name + "_")) for name in forbidden)


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_a_room_reaches_for_no_power_that_is_not_its_own(room: str) -> None:
    found = [
        f"{file.relative_to(ROOT)} imports {imported}"
        for file in files_of(room)
        for imported in imports_of(file)
        if reaches_for(imported, FORBIDDEN[room])
    ]
    assert found == []


def test_every_room_of_the_table_exists() -> None:
    assert [room for room in FORBIDDEN if not files_of(room) and not (ROOT / room).is_dir()] == []


@pytest.mark.parametrize("folder", sorted(SIBLINGS))
def test_files_of_a_table_never_import_a_sibling(folder: str) -> None:
    package = folder.replace("/", ".")
    shared = {f"{package}.{name}" for name in SIBLINGS[folder]}
    found = [
        f"{file.name} imports {imported}"
        for file in sorted((ROOT / folder).glob("*.py"))
        if file.name != "__init__.py"
        for imported in imports_of(file)
        if imported.startswith(package + ".") and not any(imported == s or imported.startswith(s + ".") for s in shared)
    ]
    assert found == []


def test_a_process_that_takes_hits_loads_nothing_that_talks_to_warehouses() -> None:
    """8 MB a worker, and a third of its start."""
    asked = "import sys, gateway.app; print({'clickhouse_connect', 'gateway.warehouse'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"


def test_chdb_is_imported_by_the_engine_only() -> None:
    users = [
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / "gateway").rglob("*.py"))
        if any(reaches_for(imported, {"chdb"}) for imported in imports_of(file))
    ]
    assert all(user.startswith("gateway/warehouse/engine") for user in users), users


def test_only_minimise_makes_a_fact() -> None:
    makers = [
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / "gateway").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fact"
    ]
    assert makers
    assert all(maker.startswith("gateway/intake/minimise") for maker in makers), makers


def test_one_place_in_the_program_catches_everything() -> None:
    places = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in ("consent", "gateway")
        for file in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert [place.rsplit(":", 1)[0] for place in places] == ["gateway/intake/pipeline.py"], places


def test_personal_nouns_are_imported_by_intake_and_its_caller_only() -> None:
    """Hit and Event are personal: `web.collect` makes hits, intake reads them, explain shows a recorded one."""
    users = {
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / "gateway").rglob("*.py"))
        if any(imported.startswith("gateway.intake.hit") for imported in imports_of(file))
    }
    outside = {user for user in users if not user.startswith("gateway/intake/")}
    assert outside <= {"gateway/web/collect.py", "gateway/commands/explain.py"}, outside
