"""What stands in the warehouse, read out of its own SQL: tables, views, columns, what each means, as a Markdown table.

Pure; may not ask a warehouse. A test compares it with what the engine says of itself, so that a document made of it
cannot drift.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.warehouse.migrate import Variant, migrations, render

_CREATE = re.compile(
    r"CREATE (?:OR REPLACE )?(?P<kind>TABLE|VIEW) (?:IF NOT EXISTS )?gateway\.(?P<name>\w+) \(\n(?P<columns>.*?)\n\)"
    r".*\nCOMMENT '(?P<purpose>(?:[^']|'')*)'$",
    re.DOTALL,
)
_ADD = re.compile(
    r"ALTER TABLE gateway\.(?P<table>\w+) ADD COLUMN IF NOT EXISTS (?P<column>.*) AFTER (?P<before>\w+)$", re.DOTALL
)
_COLUMN = re.compile(
    r"^    (?P<name>[a-z_0-9]+) (?P<type>\S.*?)\s+COMMENT '(?P<meaning>(?:[^']|'')*)'", re.MULTILINE | re.DOTALL
)
#: What may stand between a column's type and its comment.
_NOT_TYPE = re.compile(r"\s(?:CODEC\(|DEFAULT |TTL ).*$", re.DOTALL)


class Column(NamedTuple):
    """A column: its type, and what it is [unit] (who writes it)."""

    name: str
    type: str
    meaning: str


class Relation(NamedTuple):
    """A table or a view."""

    name: str
    kind: str
    purpose: str
    columns: tuple[Column, ...]


def relations() -> list[Relation]:
    """Every table and view of the newest version, in the order in which they are made."""
    found: dict[str, Relation] = {}
    for migration in migrations():
        for statement in render(migration.text, Variant.SERVER):
            if create := _CREATE.match(statement):
                found[create["name"]] = _read(create)
            elif add := _ADD.match(statement):
                found[add["table"]] = _with(found[add["table"]], add)
    return list(found.values())


def markdown(relation: Relation) -> str:
    """One relation as a heading, its purpose, and a table of its columns."""
    lines = [
        f"### `{relation.name}` ({relation.kind})",
        "",
        f"{relation.purpose}.",
        "",
        "| column | type | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{c.name}` | {c.type} | {c.meaning} |" for c in relation.columns]
    return "\n".join(lines)


def _read(create: re.Match[str]) -> Relation:
    return Relation(create["name"], create["kind"].lower(), _plain(create["purpose"]), _columns(create["columns"]))


def _columns(text: str) -> tuple[Column, ...]:
    return tuple(
        Column(found["name"], _NOT_TYPE.sub("", found["type"]), _plain(found["meaning"]))
        for found in _COLUMN.finditer(text)
    )


def _with(table: Relation, add: re.Match[str]) -> Relation:
    """The table with the column that a later migration adds, unless it has it."""
    (column,) = _columns(f"    {add['column']}")
    before = tuple(each for each in table.columns if each.name != column.name)
    place = [each.name for each in before].index(add["before"]) + 1
    return table._replace(columns=(*before[:place], column, *before[place:]))


def _plain(literal: str) -> str:
    return literal.replace("''", "'")
