"""What the loader says to the warehouse: every statement and every setting of it, in one place to read.

Pure text. May not: talk to anyone; hold a value of a row, except those that the gateway made itself (batch, epoch).

Why `INSERT ... SELECT ... FROM input()` and not a plain INSERT: the batch is added to every row, the fence decides, and
reading text columns as String and casting them column by column to LowCardinality is twice as fast (measured: 4.0
instead of 8.6 µs CPU a row). What a later step has to judge of incoming rows goes into this SELECT.
Why one block: rows of one block and one partition become visible together or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gateway.warehouse.engine_statements import quote

#: Stream of the journal -> table. A stream that is not here waits in quarantine for a program that knows it.
TABLES = {
    "events": "events",
    "tallies": "tallies",
    "ledger": "consent_ledger",
    "decisions": "decisions",
    "quarantine": "quarantine",
    "sightings": "sightings",
    "orders": "erasure_orders",
}

SETTINGS: Mapping[str, int | str] = {
    "async_insert": 0,  # the answer means stored
    "insert_deduplicate": 0,  # a batch that is sent again has another id; blocks that look alike are two
    "max_threads": 1,
    "max_insert_threads": 1,
    "input_format_parallel_parsing": 0,  # one block, in order; and less CPU
    "max_insert_block_size": 1_000_000,
    "min_insert_block_size_rows": 1_000_000,
    "min_insert_block_size_bytes": 1024**3,
    "input_format_skip_unknown_fields": 0,  # a key without a column is a mistake of ours: tell, do not lose it
    "input_format_json_ignore_unknown_keys_in_named_tuple": 0,
    "input_format_defaults_for_omitted_fields": 1,
    "date_time_input_format": "best_effort",  # ISO 8601 with Z; 'basic' does not read it
    "materialized_views_ignore_errors": 0,
    "distributed_foreground_insert": 1,  # a cluster: the answer means stored on the shards
}
LOOKING: Mapping[str, int | str] = {
    "max_query_size": 64 * 1024 * 1024,  # the ids stand in it
    "max_threads": 1,
    "use_skip_indexes": 0,  # a bloom filter is for one id, not for thousands
}
DELETING: Mapping[str, int | str] = {"lightweight_deletes_sync": 2, "mutations_sync": 2}

_LOW_CARDINALITY = re.compile(r"LowCardinality\(((?:Fixed)?String(?:\(\d+\))?)\)")
_NOT_INSERTED = frozenset({"MATERIALIZED", "ALIAS", "EPHEMERAL"})
_BATCH = "batch"


class Target(NamedTuple):
    """A table as its own warehouse describes it. `structure` says how its rows are read, `batch` left out."""

    stream: str
    table: str
    columns: tuple[str, ...]
    structure: str
    distributed: bool


class Span(NamedTuple):
    """From the first Unix second on, before the second one."""

    first: int
    end: int


class Fence(NamedTuple):
    """Who may insert: this loader, as long as nobody has raised the epoch."""

    loader: str
    epoch: int

    @property
    def is_mine(self) -> str:
        return f"(SELECT max(epoch) FROM gateway.load_epochs WHERE loader = {quote(self.loader)}) = {self.epoch}"


def target_of(stream: str, described: Sequence[Sequence[str]], engine: str) -> Target:
    """A target from the answer to DESCRIBE TABLE and the table's engine. Defaults of columns are those of the table."""
    columns, structure = [], []
    for name, kind, default_kind, default, *_ in described:
        if name == _BATCH or default_kind in _NOT_INSERTED:
            continue
        columns.append(f"`{name}`")
        as_text = _LOW_CARDINALITY.sub(r"\1", kind)
        structure.append(
            f"`{name}` {as_text} DEFAULT {default}" if default_kind == "DEFAULT" else f"`{name}` {as_text}"
        )
    return Target(stream, TABLES[stream], tuple(columns), ", ".join(structure), engine == "Distributed")


def insert(target: Target, batch: int, fence: Fence) -> str:
    """One stream of one batch; the rows follow as JSON lines. Stores nothing when the fence is another's."""
    columns = ", ".join(target.columns)
    return (
        f"INSERT INTO gateway.{target.table} ({columns}, {_BATCH})\n"
        f"SELECT {columns}, {batch}\n"
        f"FROM input({quote(target.structure)})\n"
        f"WHERE {fence.is_mine}\n"
        "FORMAT JSONEachRow"
    )


def count(targets: Sequence[Target], batch: int) -> str:
    """(stream, rows) of a batch as the warehouse has them."""
    parts = [f"SELECT {quote(t.stream)}, count() FROM gateway.{t.table} WHERE {_BATCH} = {batch}" for t in targets]
    return " UNION ALL ".join(parts)


def loaded_before(ids: Iterable[bytes], moments: Iterable[Span]) -> str:
    """(site, event, event_id) of the rows in those spans of event_time that have one of the ids, 32 hex digits each.

    Why FROM first: the driver reads a text that begins with SELECT to its end, to see that it only reads.
    """
    text = b" ".join(ids).decode()
    spans = " OR ".join(f"event_time >= {_moment(first)} AND event_time < {_moment(end)}" for first, end in moments)
    return (
        "FROM gateway.events SELECT site, event, lower(replaceAll(toString(event_id), '-', '')) AS id\n"
        f"PREWHERE event_id IN (SELECT toUUID(arrayJoin(splitByChar(' ', {quote(text)}))))\n"
        f"WHERE {spans}"
    )


def _moment(second: int) -> str:
    return f"toDateTime64({second}, 3, 'UTC')"


def erase(target: Target, batch: int) -> str:
    """Takes what there is of a batch away again."""
    table = (
        f"gateway.{target.table}_local ON CLUSTER '{{cluster}}'" if target.distributed else f"gateway.{target.table}"
    )
    return f"DELETE FROM {table} WHERE {_BATCH} = {batch}"


def greatest_epoch(loader: str) -> str:
    return f"SELECT max(epoch) FROM gateway.load_epochs WHERE loader = {quote(loader)}"


def raise_epoch(fence: Fence) -> str:
    return f"INSERT INTO gateway.load_epochs (loader, epoch) VALUES ({quote(fence.loader)}, {fence.epoch})"


def query_prefix(loader: str) -> str:
    """How the ids of a loader's INSERTs begin."""
    return f"load-{loader}-"


def still_running(loader: str, distributed: bool) -> str:
    """How many INSERTs of this loader have not ended, on any node. The ids begin as `query_prefix` says."""
    where = "clusterAllReplicas('{cluster}', system.processes)" if distributed else "system.processes"
    return f"SELECT count() FROM {where} WHERE startsWith(query_id, {quote(query_prefix(loader))})"


def record(batch: int, loader: str, segments: int, rows: Mapping[str, int]) -> str:
    """Writes down that a batch is complete."""
    pairs = ", ".join(f"{quote(stream)}, {count}" for stream, count in sorted(rows.items()))
    values = f"{batch}, {quote(loader)}, {segments}, map({pairs}), now64(3)"
    return f"INSERT INTO gateway.load_batches (batch, loader, segments, rows, loaded_at) VALUES ({values})"
