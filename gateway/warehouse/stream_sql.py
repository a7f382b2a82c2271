"""What takes the rows of `gateway load --kafka`: Kafka engine tables, and views that leave copies out.

Pure text; made of the columns of the migrations, so that it cannot drift from them.

    gateway.events_kafka      the topic as ClickHouse reads it; one message is one parcel of rows (`stream.py`)
    gateway.events_arriving   from there into gateway.events: every parcel once, nobody who asked to be forgotten
    gateway.kafka_unread      where a message lies that could not be read: topic, partition, offset; no value

How a copy of a parcel is known. Its key is its batch. Rows of one block and one month become visible together or not at
all, so (batch, month) is either there whole or not: what is there is left out, and of two copies in one block the
second is. A projection keeps the pairs, one row per parcel and part, so that asking does not read the events.
Why that is not quite exactly once: two consumers that read copies of one parcel at the same moment both find nothing.
One key is always in one partition and a partition has one consumer, so it takes a rebalance within the second between
an insert and its commit; and a topic whose number of partitions was changed while copies were on their way. Batches
older than an hour are not looked up, so a loader that died and comes back later may send its last batch twice. Whoever
counts money loads directly. What clients send twice (`load_copies.py`) is not looked for on this way: count event_id.
Why a block is below 65,409 rows: windows are computed in blocks of that size, and a parcel must not be cut in two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.warehouse.dictionary import Column, relations
from gateway.warehouse.engine_statements import quote
from gateway.warehouse.load_statements import TABLES
from gateway.warehouse.migrate import Variant, migrations, render
from gateway.warehouse.tombstones import IDENTITY

GROUP = "gateway-warehouse"
_TOPICS = "gateway."
_BLOCK_ROWS = 50_000
_LOOKED_UP = "INTERVAL 1 HOUR"

_MONTH = re.compile(r"CREATE TABLE IF NOT EXISTS gateway\.(\w+) .*?PARTITION BY (\S+)", re.DOTALL)
_DEFAULT = re.compile(r"^    (\w+) .*? DEFAULT ('[^']*')", re.MULTILINE)
#: Times of a row of a person, as far as its table has them.
_TIMES = ("event_time", "received_at")
_LOW_CARDINALITY, _INNER = re.compile(r"LowCardinality\(((?:Fixed)?String(?:\(\d+\))?)\)"), r"\1"

#: Settings of a Kafka table: how it reads, and that a message which cannot be read stops nothing.
_READING: dict[str, str | int] = {
    "kafka_format": "JSONEachRow",
    "kafka_handle_error_mode": "stream",
    "kafka_max_block_size": _BLOCK_ROWS,
    "kafka_flush_interval_ms": 1000,
    "input_format_skip_unknown_fields": 0,
    "date_time_input_format": "best_effort",
}


def render_kafka(variant: Variant, brokers: str) -> list[str]:
    """The statements, in order; all can be run again. They need the tables of the migrations."""
    created = [statement for each in migrations() for statement in render(each.text, Variant.SERVER)]
    months = {found[1]: found[2] for found in map(_MONTH.match, created) if found}
    defaults = {name: value for statement in created for name, value in _DEFAULT.findall(statement)}
    columns = {relation.name: relation.columns for relation in relations()}
    made = _Kafka(variant, brokers, defaults)
    statements = [made.unread()]
    for stream, table in TABLES.items():
        own = [column for column in columns[table] if column.name != "batch"]
        statements += made.taking(stream, own, months[table])
    return statements


class _Kafka:
    """The statements of one variant and one set of brokers."""

    def __init__(self, variant: Variant, brokers: str, defaults: dict[str, str]) -> None:
        self._brokers, self._defaults = brokers, defaults
        self._on, self._local = (" ON CLUSTER '{cluster}'", "_local") if variant is Variant.CLUSTER else ("", "")

    def unread(self) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS gateway.kafka_unread{self._on} (\n"
            "    topic LowCardinality(String), partition UInt64, offset UInt64, seen_at DateTime64(3, 'UTC')\n"
            ")\nENGINE = ReplacingMergeTree\nORDER BY (topic, partition, offset)\n"
            "TTL toDateTime(seen_at) + INTERVAL 90 DAY DELETE\n"
            "COMMENT 'Messages that could not be read. Repair the table, then set the group back to the offset'"
        )

    def taking(self, stream: str, columns: list[Column], month: str) -> Iterator[str]:
        """What takes one stream."""
        table = TABLES[stream]
        yield self._source(stream, columns)
        # A DELETE of `gateway privacy erase` would be refused on a table whose projections it cannot mend.
        yield (
            f"ALTER TABLE gateway.{table}{self._local}{self._on} "
            "MODIFY SETTING lightweight_mutation_projection_mode = 'rebuild'"
        )
        yield (
            f"ALTER TABLE gateway.{table}{self._local}{self._on} ADD PROJECTION IF NOT EXISTS arrived (\n"
            f"    SELECT batch, {month}, count() GROUP BY batch, {month}\n)"
        )
        yield self._arriving(table, columns, month)
        yield (
            f"CREATE MATERIALIZED VIEW IF NOT EXISTS gateway.{table}_unread{self._on} TO gateway.kafka_unread AS\n"
            "SELECT _topic AS topic, _partition AS partition, _offset AS offset, now64(3, 'UTC') AS seen_at\n"
            f"FROM gateway.{table}_kafka\nWHERE _error != ''"
        )

    def _source(self, stream: str, columns: list[Column]) -> str:
        told: dict[str, str | int] = {
            "kafka_broker_list": self._brokers,
            "kafka_topic_list": f"{_TOPICS}{stream}",
            "kafka_group_name": GROUP,
            **_READING,
        }
        settings = ",\n    ".join(f"{k} = {v if isinstance(v, int) else quote(v)}" for k, v in told.items())
        types = ",\n".join(f"    `{c.name}` {_LOW_CARDINALITY.sub(_INNER, c.type)}" for c in columns)
        name = f"gateway.{TABLES[stream]}_kafka"
        return f"CREATE TABLE IF NOT EXISTS {name}{self._on} (\n{types}\n)\nENGINE = Kafka\nSETTINGS\n    {settings}"

    def _arriving(self, table: str, columns: list[Column], month: str) -> str:
        names = {column.name for column in columns}
        persons = [column for column in IDENTITY if column in names]
        joins = "".join(_forgotten(column) for column in persons)
        earliest = f"least({', '.join(time for time in _TIMES if time in names)})"
        kept = "".join(f"\n  AND {earliest} > of_{column}.asked_at" for column in persons)
        wanted = ",\n".join(f"    {self._value(column.name)}" for column in columns)
        return (
            f"CREATE MATERIALIZED VIEW IF NOT EXISTS gateway.{table}_arriving{self._on} "
            f"TO gateway.{table}{self._local} AS\n"
            f"SELECT\n{wanted},\n    toUInt64(arriving._key) AS batch\n"
            f"FROM gateway.{table}_kafka AS arriving{joins}\n"
            f"WHERE arriving._error = ''{kept}\n"
            f"  AND (toUInt64(arriving._key), {month}) NOT IN (\n"
            f"    SELECT batch, {month} FROM gateway.{table}\n"
            f"    WHERE batch >= bitShiftLeft(toUInt64(toUnixTimestamp64Milli(now64(3) - {_LOOKED_UP})), 22)\n"
            f"    GROUP BY batch, {month}\n  )\n"
            "QUALIFY arriving._offset = min(arriving._offset) OVER (PARTITION BY arriving._key)"
        )

    def _value(self, name: str) -> str:
        default = self._defaults.get(name)
        value = f"if(arriving.{name} = '', {default}, arriving.{name})" if default else f"arriving.{name}"
        return f"{value} AS {name}"


def _forgotten(column: str) -> str:
    return (
        "\nLEFT JOIN (\n"
        f"    SELECT site, pseudonym, max(asked_at) AS asked_at FROM gateway.tombstones WHERE kind = {quote(column)}\n"
        f"    GROUP BY site, pseudonym\n) AS of_{column} "
        f"ON of_{column}.site = arriving.site AND of_{column}.pseudonym = arriving.{column}"
    )
