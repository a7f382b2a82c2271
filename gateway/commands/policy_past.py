"""Counts of past decisions out of the warehouse, as `gateway policy simulate` reads them.

May not: write; it asks as the user that only reads. Counts hold no person.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from gateway.commands.options import fail
from gateway.commands.sql import reader_of
from gateway.warehouse.connect import WarehouseError, connect, translated
from gateway.warehouse.engine_statements import quote


def read_counts(target: str, data: Path, site: str, days: int) -> list[str]:
    """JSON lines for `consent.tools.simulate.read_past`, all days together; a sentence and exit code 1 without any."""
    where = f"day > today() - {days}" + (f" AND site = {quote(site)}" if site else "")
    sql = (
        f"SELECT place, said, purposes, sum(events) AS n FROM gateway.decisions WHERE {where} "
        "GROUP BY place, said, purposes ORDER BY n DESC"
    )
    try:
        with reader_of(target, data) as url, translated(url), closing(connect(url)) as client:
            rows = client.query(sql).result_rows
    except WarehouseError as error:
        fail(str(error), 1)
    if not rows:
        fail(f"no decision was counted in the last {days} days; the gateway writes its counts every ten seconds", 1)
    return [json.dumps(dict(zip(("place", "said", "purposes", "n"), row, strict=True))) for row in rows]
