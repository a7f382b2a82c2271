"""Small groups put together, so that nobody can be recognised in a table that is passed on.

Pure. May not: drop a number; what is folded is added up, so that totals stay.

Rules
    1. A group of fewer people than the floor goes into one row, `(small groups)`.
    2. While that row itself has fewer people than the floor, the next larger group goes in too: else whoever knows the
       total could subtract.
    3. Where all groups together have fewer people than the floor, that one row is all there is; it tells no more than
       the total. `(all)` is the total itself, and no group.
Not: differential privacy. Asking for many overlapping periods may still tell something; who may ask is in `roles`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

SMALL, ALL = "(small groups)", "(all)"

Row = dict[str, Any]


class Fold(NamedTuple):
    """What a group is: rows with the same `by`. `people` is the column that says who is in it, or enough of them
    (`told`): groups may share people.

    Rows that differ in `apart` are never added up (currencies); those that differ in `along` belong to one group (the
    steps of a funnel) and are added up each with its like.
    """

    by: str
    people: str
    apart: tuple[str, ...] = ()
    along: tuple[str, ...] = ()


def folded(rows: list[Row], fold: Fold, floor: int) -> list[Row]:
    """The rows with small groups added up, in the order they came, `(small groups)` last."""
    rows = [{**row, fold.people: frozenset(row[fold.people])} for row in rows]
    small = {(key, name) for key, groups in _people(rows, fold).items() for name in _small(groups, floor)}
    kept = [row for row in rows if (_key(row, fold.apart), row[fold.by]) not in small]
    away = [row for row in rows if (_key(row, fold.apart), row[fold.by]) in small]
    return kept + _added(away, fold)


def told(floor: int) -> int:
    """How many people a statement has to tell of a group, at most. As many as tell a small group from a large one, and
    large ones by their size."""
    return 10 * floor


def _people(rows: list[Row], fold: Fold) -> dict[Hashable, dict[Any, frozenset[Any]]]:
    """People by group, for each set of rows that may be added up."""
    people: dict[Hashable, dict[Any, frozenset[Any]]] = {}
    for row in rows:
        groups = people.setdefault(_key(row, fold.apart), {})
        groups[row[fold.by]] = groups.get(row[fold.by], frozenset()) | row[fold.people]
    return people


def _small(groups: dict[Any, frozenset[Any]], floor: int) -> Iterable[Any]:
    if set(groups) == {ALL}:
        return ()
    ranked = sorted(groups, key=lambda name: len(groups[name]))
    count = sum(1 for people in groups.values() if len(people) < floor)
    while 0 < count < len(ranked) and len(frozenset().union(*(groups[name] for name in ranked[:count]))) < floor:
        count += 1
    return ranked[:count]


def _key(row: Row, names: tuple[str, ...]) -> Hashable:
    return tuple(row[name] for name in names)


def _added(rows: list[Row], fold: Fold) -> list[Row]:
    sums: dict[Hashable, Row] = {}
    for row in rows:
        key = _key(row, (*fold.apart, *fold.along))
        total = sums.setdefault(key, {**dict.fromkeys(row, None), **{n: row[n] for n in (*fold.apart, *fold.along)}})
        for name, value in row.items():
            if name not in fold.apart and name not in fold.along:
                total[name] = _plus(total[name], value)
        total[fold.by] = SMALL
    return list(sums.values())


def _plus(total: Any, value: Any) -> Any:
    """Numbers add up, sets unite; of anything else there is none when it differs."""
    if isinstance(value, frozenset):
        return value if total is None else total | value
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return value if total is None else total + value
    return value if total in (None, value) else ""
