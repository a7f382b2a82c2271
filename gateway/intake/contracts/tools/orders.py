"""An order export (CSV) to order -> value. It is the shop's own file, with whatever else stands in it left unread.

May not: open the file, or show what stands in a cell.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable

_ORDER_COLUMNS = ("order_id", "order", "order_number", "transaction_id")
_VALUE_COLUMNS = ("value", "order_value", "total", "revenue")


class UnreadableExport(ValueError):
    """`line` (from 1) and a `sentence` that holds no cell."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(f"{line}: {sentence}")
        self.line, self.sentence = line, sentence


def read_orders(lines: Iterable[str]) -> dict[str, float]:
    """Order -> value; parts of an order (one line per seller) are added up. Raises `UnreadableExport`."""
    rows = csv.DictReader(lines)
    names = [name.strip().lower() for name in rows.fieldnames or ()]
    order, value = _column(names, _ORDER_COLUMNS), _column(names, _VALUE_COLUMNS)
    rows.fieldnames = names
    orders: dict[str, float] = {}
    for row in rows:
        key = (row[order] or "").strip()
        if not key:
            raise UnreadableExport(rows.line_num, f"has no {order}")
        orders[key] = round(orders.get(key, 0.0) + _amount(row[value], rows.line_num, value), 2)
    return orders


def _column(names: list[str], known: tuple[str, ...]) -> str:
    for name in known:
        if name in names:
            return name
    raise UnreadableExport(1, f"has none of the columns {', '.join(known)}")


def _amount(text: str | None, line: int, column: str) -> float:
    try:
        amount = float(text or "")
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise UnreadableExport(line, f"its {column} is no amount such as 129.90")
    return amount
