"""Who may do what in a ClickHouse server or cluster: roles, profiles, quotas and row policies as SQL, from one table.

May render text only; nothing here runs. `gateway warehouse sql --roles` prints it for whoever administers the server.

Not for the embedded engine: it has two fixed users, and engine_barrier guards the one that reads.
Why `account` is kept from analysts: it is the one pseudonym that spans devices, and no view needs it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.warehouse.dictionary import relations
from gateway.warehouse.engine_statements import quote
from gateway.warehouse.migrate import Variant

VIEWS = (
    *("sessions", "funnel_steps", "micro_conversions", "conversions", "daily", "hourly", "people"),
    *("visits", "touches", "items_sold", "consent_rates", "data_quality", "broken_rules"),
)
_KEPT_FROM_ANALYSTS = frozenset({"account"})
_SCOPED = ("events", "quarantine", "tallies")
#: Tables with a seller, and where it stands.
_SELLERS = {"events": "seller_id", "quarantine": "properties['seller_id']"}
_NAME = re.compile(r"[^A-Za-z0-9_]")


class Role(NamedTuple):
    """A role: what it is for, what it is granted on `gateway`, how its queries are limited."""

    name: str
    purpose: str
    grants: tuple[str, ...]
    settings: tuple[str, ...]
    queries_per_hour: int


class Scope(NamedTuple):
    """A part of the rows: one site, or one seller on it. Analysts of a scope see nothing else."""

    site: str
    seller: str = ""

    @property
    def role(self) -> str:
        return "_".join(_NAME.sub("_", part) for part in ("gateway_analyst", self.site, self.seller) if part)

    def condition(self, table: str = "events") -> str:
        """The rows of a table that are in it."""
        seller = _SELLERS.get(table.removesuffix("_local")) if self.seller else None
        both = [f"site = {quote(self.site)}", f"{seller} = {quote(self.seller)}" if seller else ""]
        return " AND ".join(filter(None, both))


def _readable(variant: Variant) -> tuple[str, ...]:
    columns = {relation.name: [column.name for column in relation.columns] for relation in relations()}
    return tuple(_select(name, columns.get(name.removesuffix("_local"), [])) for name in (*_tables(variant), *VIEWS))


def _select(name: str, columns: list[str]) -> str:
    """The whole of it, or all columns but those that are kept from analysts."""
    shown = [column for column in columns if column not in _KEPT_FROM_ANALYSTS]
    chosen = "" if shown == columns else f"({', '.join(shown)})"
    return f"SELECT{chosen} ON gateway.{name}"


_READS = (
    "readonly = 1",
    "max_execution_time = 30",
    "max_memory_usage = 4000000000",
    "max_result_bytes = 512000000",
    "result_overflow_mode = 'throw'",
)


def roles(variant: Variant) -> tuple[Role, ...]:
    """The three roles of every gateway."""
    every = "gateway.*"
    writes = ("SELECT", "INSERT", "ALTER", "CREATE", "DROP", "TRUNCATE", "OPTIMIZE")
    judges = ("SELECT", "ALTER DELETE")
    return (
        Role(
            "gateway_writer",
            "loads, migrates and erases; for the gateway itself",
            tuple(f"{g} ON {every}" for g in writes),
            (),
            0,
        ),
        Role("gateway_analyst", "reads facts, tallies and views", _readable(variant), _READS, 2000),
        Role(
            "gateway_officer",
            "reads everything, deletes rows of a person",
            tuple(f"{g} ON {every}" for g in judges),
            (),
            0,
        ),
    )


def render_roles(variant: Variant, scopes: tuple[Scope, ...] = ()) -> str:
    """The SQL, statement by statement, ready for clickhouse-client. Safe to repeat."""
    where = " ON CLUSTER '{cluster}'" if variant is Variant.CLUSTER else ""
    lines: list[str] = []
    for role in (*roles(variant), *(_scoped(scope, variant) for scope in scopes)):
        lines += _render(role, where)
    for table in _tables(variant) if scopes else ():
        lines += _policies(table, where, scopes)
    return "\n".join(lines)


def _scoped(scope: Scope, variant: Variant) -> Role:
    return Role(scope.role, f"reads rows where {scope.condition()}", _readable(variant), _READS, 2000)


def _render(role: Role, where: str) -> list[str]:
    lines = [f"-- {role.name}: {role.purpose}", f"CREATE ROLE IF NOT EXISTS {role.name}{where};"]
    lines += [f"GRANT{where} {grant} TO {role.name};" for grant in role.grants]
    if role.settings:
        profile = f"CREATE SETTINGS PROFILE IF NOT EXISTS {role.name}{where} SETTINGS {', '.join(role.settings)}"
        lines.append(f"{profile} TO {role.name};")
    if role.queries_per_hour:
        limit = f"FOR INTERVAL 1 hour MAX queries = {role.queries_per_hour}"
        lines.append(f"CREATE QUOTA IF NOT EXISTS {role.name}{where} KEYED BY user_name {limit} TO {role.name};")
    return lines


def _tables(variant: Variant) -> tuple[str, ...]:
    local = tuple(f"{table}_local" for table in _SCOPED) if variant is Variant.CLUSTER else ()
    return (*_SCOPED, *local)


def _policies(table: str, where: str, scopes: tuple[Scope, ...]) -> list[str]:
    """Once a table has a policy, whoever has none reads nothing of it; so the three roles get one for all rows."""
    head = "CREATE ROW POLICY IF NOT EXISTS"
    lines = [
        f"{head} gateway_all{where} ON gateway.{table} USING 1 TO gateway_writer, gateway_analyst, gateway_officer;"
    ]
    for scope in scopes:
        lines.append(f"{head} {scope.role}{where} ON gateway.{table} USING {scope.condition(table)} TO {scope.role};")
    return lines
