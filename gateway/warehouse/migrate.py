"""Migrations: numbered SQL files, one source for three variants, applied once, recorded statement by statement.

May run DDL in database `gateway`, nothing else. Files are never edited after a release: a changed file is refused.

| token in a file | embedded, server | cluster |
|---|---|---|
| `${on_cluster}` | nothing | ` ON CLUSTER '{cluster}'` |
| `${local}` | nothing | `_local`: the shard's own table behind the Distributed one |
| `${engine:X(args)}` | `X(args)` | `ReplicatedX(args)`, one set of rows per shard |
| `${everywhere:X(args)}` | `X(args)` | `ReplicatedX(..., args)`: one path, the same rows on every node |
| `${distributed:table:key}` | no statement | the Distributed table over `table_local`, rows placed by `key` |
| `${durable}` | fsync per insert, parts of a batch in one file | deduplication window of a week |
| `${micro:alias}` | what counts as a micro-conversion, as a condition | the same |
| `${macro}` | names of the goals themselves, as a list | the same |

`{cluster}`, `{shard}`, `{replica}` are macros of the server's configuration.
Why DDL runs one statement at a time: it is not transactional. Every statement is idempotent, and progress is recorded
after each, so that a broken run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from importlib.resources import files
from typing import NamedTuple, Protocol

from gateway.warehouse.engine_statements import quote, read_tokens

#: Events that are looking around, and no yes to anything; and the goals themselves.
NAVIGATION = (
    *(
        "page_view",
        "session_start",
        "first_visit",
        "user_engagement",
        "scroll",
        "click",
        "consent_update",
        "email_open",
    ),
    *("product_list_view", "product_view", "cart_view", "promotion_view", "refund"),
)
GOALS = ("purchase", "generate_lead")
_TOKEN = re.compile(r"\$\{(\w+)(?::([^}]*))?\}")
_DURABLE = f"fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = {64 * 1024**2}"
_REPLICATED = f"replicated_deduplication_window_seconds = {7 * 86400}"


class Variant(StrEnum):
    """What the SQL is rendered for."""

    EMBEDDED = "embedded"
    SERVER = "server"
    CLUSTER = "cluster"


class MigrationError(Exception):
    """Why the warehouse cannot be migrated, in one sentence, with what to do."""


class Migration(NamedTuple):
    """One file: its number, its name, its text as it stands in the package."""

    version: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class Applied(NamedTuple):
    """What the warehouse says of one version: how many of its statements have run."""

    sha256: str
    variant: str
    statements: int
    of: int


class Step(NamedTuple):
    """One statement that has run: for progress."""

    migration: Migration
    statement: int
    of: int


class Speaks(Protocol):
    """All that a migration needs of a warehouse."""

    def command(self, sql: str) -> object: ...

    def rows(self, sql: str) -> Sequence[Sequence[object]]: ...


def migrations() -> list[Migration]:
    """The files of the package, in order."""
    found = [file for file in files("gateway.warehouse").joinpath("migrations").iterdir() if file.name.endswith(".sql")]
    return sorted(Migration(int(file.name[:4]), file.name, file.read_text()) for file in found)


def render(text: str, variant: Variant) -> list[str]:
    """The statements of a file for a variant, without comments of the file around them."""
    rendered = _TOKEN.sub(lambda found: _TOKENS[found[1]](found[2] or "", variant), text)
    return [statement for statement in _split(rendered) if statement]


def _split(text: str) -> Iterator[str]:
    raw, begins, ends = text.encode(), None, 0
    for token in read_tokens(raw):
        if token.text == b";" and token.depth == 0:
            yield raw[begins:ends].decode() if begins is not None else ""
            begins = None
        else:
            begins, ends = (token.start if begins is None else begins), token.end
    if begins is not None:
        yield raw[begins:ends].decode()


def _engine(argument: str, variant: Variant) -> str:
    return f"Replicated{argument}" if variant is Variant.CLUSTER else argument


def _everywhere(argument: str, variant: Variant) -> str:
    if variant is not Variant.CLUSTER:
        return argument
    name, _, rest = argument.partition("(")
    place = "'/clickhouse/tables/{uuid}/everywhere', '{shard}-{replica}'"
    return f"Replicated{name}({place}, {rest}" if rest else f"Replicated{name}({place})"


def _distributed(argument: str, variant: Variant) -> str:
    if variant is not Variant.CLUSTER:
        return ""
    table, _, key = argument.partition(":")
    return (
        f"CREATE TABLE IF NOT EXISTS gateway.{table} ON CLUSTER '{{cluster}}' AS gateway.{table}_local\n"
        f"ENGINE = Distributed('{{cluster}}', gateway, {table}_local, {key})\n"
        f"COMMENT 'All shards of {table}_local'"
    )


def _micro(alias: str, _: Variant) -> str:
    names = ", ".join(quote(name) for name in (*NAVIGATION, *GOALS))
    return f"{alias}.stage != '' AND {alias}.event NOT IN ({names})"


_TOKENS: dict[str, Callable[[str, Variant], str]] = {
    "on_cluster": lambda _, variant: " ON CLUSTER '{cluster}'" if variant is Variant.CLUSTER else "",
    "local": lambda _, variant: "_local" if variant is Variant.CLUSTER else "",
    "durable": lambda _, variant: _REPLICATED if variant is Variant.CLUSTER else _DURABLE,
    "engine": _engine,
    "everywhere": _everywhere,
    "distributed": _distributed,
    "micro": _micro,
    "macro": lambda _, __: ", ".join(map(quote, GOALS)),
}


def read_applied(warehouse: Speaks) -> dict[int, Applied]:
    """What the warehouse has had; empty for a new one."""
    known = "SELECT count() FROM system.tables WHERE database = 'gateway' AND name = 'schema_migrations'"
    if not int(str(warehouse.rows(known)[0][0])):
        return {}
    sql = "SELECT version, sha256, variant, statements, of FROM gateway.schema_migrations FINAL ORDER BY version"
    return {
        int(str(version)): Applied(str(sha256), str(variant), int(str(statements)), int(str(of)))
        for version, sha256, variant, statements, of in warehouse.rows(sql)
    }


def migrate(warehouse: Speaks, variant: Variant) -> Iterator[Step]:
    """Applies what is missing, statement by statement. Raises `MigrationError` before it changes anything."""
    applied = read_applied(warehouse)
    check(applied, variant)
    for migration in migrations():
        statements = render(migration.text, variant)
        done = applied[migration.version].statements if migration.version in applied else 0
        for number, statement in enumerate(statements[done:], done + 1):
            warehouse.command(statement)
            _record(warehouse, migration, variant, (number, len(statements)))
            yield Step(migration, number, len(statements))


def check(applied: dict[int, Applied], variant: Variant) -> None:
    """Refuses a warehouse of another variant, a file that changed since it was applied, and a newer warehouse."""
    known = {migration.version: migration for migration in migrations()}
    for version, was in applied.items():
        if version not in known:
            raise MigrationError(f"the warehouse has had migration {version}, unknown here: install the newer gateway")
        if was.variant != variant:
            raise MigrationError(
                f"this warehouse was made as {was.variant}, not {variant}: say --variant {was.variant}"
            )
        if was.sha256 != known[version].sha256:
            name = known[version].name
            raise MigrationError(f"{name} was changed after it was applied: restore it; changes go into a new file")


def _record(warehouse: Speaks, migration: Migration, variant: Variant, progress: tuple[int, int]) -> None:
    """Progress so far; the first two statements of all make the table that it is written to."""
    if migration.version == 1 and progress[0] < 2:
        return
    texts = ", ".join(map(quote, (migration.name, migration.sha256, variant)))
    row = f"{migration.version}, {texts}, {progress[0]}, {progress[1]}, now64(3)"
    warehouse.command(f"INSERT INTO gateway.schema_migrations VALUES ({row})")
