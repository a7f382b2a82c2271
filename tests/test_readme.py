"""The README cannot drift: its tables are compared with the code, its commands with what CI runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli import COMMANDS, HIDDEN
from gateway.intake.vocabulary import EVENT_NAMES
from gateway.metrics import METRICS
from gateway.reports import REPORTS
from gateway.settings import describe
from gateway.web.access.users import hash_secret
from gateway.words import Refusal

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def table(name: str) -> list[list[str]]:
    """Rows of the table between the marks, cells stripped of code quotes."""
    found = re.search(rf"<!-- {name}:.*?-->\n(.*?)<!-- /{name} -->", README, re.S)
    assert found, f"README has no table {name}"
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in found.group(1).splitlines()]
    return rows[2:]


def refusals() -> list[list[str]]:
    """Name and documented meaning of each refusal, read from the comments beside the members."""
    source = (ROOT / "gateway" / "words.py").read_text()
    return [[value, say] for value, say in re.findall(r'^    [A-Z_]+ = "(\w+)"  #: (.+)$', source, re.M)]


def stopped() -> list[list[str]]:
    """Why a copy was not sent on, read from the comments beside the members."""
    source = (ROOT / "gateway" / "outward.py").read_text()
    return [[value, say] for value, say in re.findall(r'^    [A-Z_]+ = "(\w+)"  #: (.+)$', source, re.M)]


def roles() -> list[list[str]]:
    """What each role may, read from the comments beside the members."""
    source = (ROOT / "gateway" / "web" / "access" / "users.py").read_text().split("class Kind")[0]
    return [[value, say] for value, say in re.findall(r'^    [A-Z_]+ = "(\w+)"  #: (.+)$', source, re.M)]


def settings() -> list[list[str]]:
    return [[name, default or "–", unit, say] for name, default, unit, say in describe()]


def metrics() -> list[list[str]]:
    return [
        [m.name + ("_total" if m.kind == "counter" else ""), m.kind, ", ".join(m.labels) or "–", m.help]
        for m in METRICS
    ]


def commands() -> list[list[str]]:
    return [[f"gateway {name}", say] for name, (_, say) in COMMANDS.items() if name not in HIDDEN]


def vocabulary() -> list[list[str]]:
    """Each event of ours that others call otherwise, and their names as they are after normalising."""
    names: dict[str, list[str]] = {}
    for theirs, ours in EVENT_NAMES.items():
        names.setdefault(ours, []).append(theirs)
    return [[ours, ", ".join(sorted(theirs))] for ours, theirs in sorted(names.items())]


def reports() -> list[list[str]]:
    return [
        [name, report.question, ", ".join(f"--{o.name.replace('_', '-')}" for o in report.options) or "–"]
        for name, report in REPORTS.items()
    ]


#: Table of the README -> its rows, made from the code. `python -m tests.fill_readme` writes them.
TABLES: dict[str, Callable[[], list[list[str]]]] = {
    "commands": commands,
    "settings": settings,
    "refusals": refusals,
    "stopped": stopped,
    "metrics": metrics,
    "vocabulary": vocabulary,
    "roles": roles,
    "reports": reports,
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_the_code_says(name: str) -> None:
    assert table(name) == TABLES[name]()


def test_every_refusal_is_documented() -> None:
    assert [row[0] for row in refusals()] == [refusal.value for refusal in Refusal]


def test_the_cost_of_a_guess_is_what_the_readme_says() -> None:
    *_, told = re.findall(r"scrypt \(N 2\^(\d+), r (\d+), p (\d+)\)", README)
    _, n, r, p, *_ = hash_secret("x").split("$")
    assert [2 ** int(told[0]), int(told[1]), int(told[2])] == [int(n), int(r), int(p)]


def test_ci_runs_exactly_the_readmes_test_command() -> None:
    command = re.search(r"^python3 -m venv .+pytest.*$", README, re.M)
    assert command
    assert command.group() in (ROOT / ".ci" / "run").read_text().splitlines()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[\w/]+\.py|gateway/[\w/]+\.py)`", README))))
def test_files_that_the_readme_names_exist(path: str) -> None:
    assert (ROOT / path).exists()
