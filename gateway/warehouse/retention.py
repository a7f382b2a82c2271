"""Retention, proven by query: no row older than its end, no pseudonym older than its own; and mended where one is.

May talk to the warehouse. Says numbers only.
Why rows can be late: ClickHouse carries out TTLs when it merges parts, by default at most every four hours, and a part
that nothing is merged with may wait longer. `mend` asks for it now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gateway.warehouse.subjects import Subjects

_NIL = "toUUID('00000000-0000-0000-0000-000000000000')"

_ERASED = (
    "events AS e INNER JOIN "
    "(SELECT site, pseudonym, asked_at FROM gateway.tombstones FINAL WHERE kind = '{kind}') AS t "
    "ON e.site = t.site AND e.{kind} = t.pseudonym WHERE least(e.received_at, e.event_time) <= t.asked_at"
)
_IS_SOMEBODY = f"(visitor != {_NIL} OR account != {_NIL} OR session != {_NIL})"
_AFTER = "now() - INTERVAL {grace} SECOND"

#: What may not be there, and where it would be. `{grace}` is how many seconds late ClickHouse may be.
PROMISES: Mapping[str, str] = {
    "rows whose retention is over": f"events WHERE expires_at < {_AFTER}",
    "pseudonyms whose retention is over": (f"events WHERE identity_expires_at < {_AFTER} AND {_IS_SOMEBODY}"),
    "pseudonyms that would outlive their row": "events WHERE identity_expires_at > expires_at",
    "proofs of choice whose retention is over": f"consent_ledger WHERE expires_at < {_AFTER}",
    "quarantined rows that waited too long": (
        f"quarantine WHERE least(expires_at, toDateTime(received_at, 'UTC') + INTERVAL 30 DAY) < {_AFTER}"
    ),
    "quarantined pseudonyms whose retention is over": (
        f"quarantine WHERE identity_expires_at < {_AFTER} AND {_IS_SOMEBODY}"
    ),
    "tallies older than 400 days": f"tallies WHERE minute < {_AFTER} - INTERVAL 400 DAY",
    "counts of decisions older than 400 days": f"decisions WHERE day < {_AFTER} - INTERVAL 400 DAY",
    "tombstones that nothing can come back for": f"tombstones WHERE expires_at < {_AFTER}",
    "orders of erasure that nobody has carried out": f"erasure_orders WHERE received_at < {_AFTER}",
    "rows of visitors who asked to be forgotten": _ERASED.format(kind="visitor"),
    "rows of accounts that asked to be forgotten": _ERASED.format(kind="account"),
}


class Proof(NamedTuple):
    """One promise, and how many rows break it."""

    promise: str
    broken: int


def verify(subjects: Subjects, grace_s: int) -> Iterator[Proof]:
    """Every promise, asked of the warehouse. Raises WarehouseError."""
    for promise, where in PROMISES.items():
        sql = f"SELECT count() FROM gateway.{where.replace('{grace}', str(grace_s))}"
        yield Proof(promise, int(subjects.rows(sql)[0][0]))


def mend(subjects: Subjects) -> None:
    """Carries the TTLs out now, in every table that has one. Returns when that is done."""
    tables = subjects.rows(
        "SELECT name FROM system.tables WHERE database = 'gateway' AND engine LIKE '%MergeTree' "
        "AND create_table_query LIKE '%TTL%' ORDER BY name"
    )
    for (name,) in tables:
        where = f"gateway.{name} ON CLUSTER '{{cluster}}'" if str(name).endswith("_local") else f"gateway.{name}"
        subjects.command(f"ALTER TABLE {where} MATERIALIZE TTL", {"mutations_sync": 2})
        subjects.command(f"OPTIMIZE TABLE {where} FINAL", {"alter_sync": 2})
