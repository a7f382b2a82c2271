"""Whom hits asked to forget, as the warehouse has it: read here, carried out by `erase`, gone with the rows they name.

May talk to the warehouse. May not know an identifier.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.warehouse.engine_statements import quote
from gateway.warehouse.subjects import Subjects
from gateway.words import Person

#: Orders of one erasure. Why: their pseudonyms stand in its statements, which ClickHouse reads up to 256 KiB of.
_TOGETHER = 1000

#: Their times are milliseconds; as fractions of seconds they may lose one.
_JUST_AFTER_S = 0.001

_NIL = "0" * 32


class Ordered(NamedTuple):
    """People who are erased together, and a moment just after the newest of their orders, in Unix seconds."""

    person: Person
    asked_at: float


def read_orders(subjects: Subjects, site: str) -> Ordered | None:
    """The oldest orders of a site; None where none waits. Raises WarehouseError."""
    sql = (
        "SELECT lower(hex(visitor)), lower(hex(account)), toUnixTimestamp64Milli(received_at) / 1000 "
        f"FROM gateway.erasure_orders WHERE site = {quote(site)} ORDER BY received_at LIMIT {_TOGETHER}"
    )
    rows = subjects.rows(sql)
    if not rows:
        return None
    visitors, accounts, moments = (frozenset(column) for column in zip(*rows, strict=True))
    return Ordered(Person(site, visitors - {_NIL}, accounts - {_NIL}), max(moments) + _JUST_AFTER_S)
