"""Kafka's way: librdkafka's own mock cluster is the broker, a real engine runs the views that leave copies out.

Not shown: ClickHouse's Kafka engine reading from a broker. chDB has that engine's DDL but no threads for it, so a
consumer of ours reads the topic here and hands its messages to the very views.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import confluent_kafka
import orjson
import pytest
from clickhouse_connect.driver.client import Client

from gateway.warehouse.connect import TerminalError, TransientError
from gateway.warehouse.connect import connect as warehouse
from gateway.warehouse.engine_endpoint import Endpoint
from gateway.warehouse.load_statements import TABLES
from gateway.warehouse.migrate import Variant
from gateway.warehouse.stream import Parcel, Streamer, cut, first_id
from gateway.warehouse.stream_kafka import connect, read_properties, topic
from gateway.warehouse.stream_sql import render_kafka
from tests.gateway.warehouse.loading import event, left, numbers, seal, tallied, tally

Message = confluent_kafka.Message


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    """Three brokers that speak Kafka's protocol on loopback, in this process."""
    cluster = confluent_kafka.Producer({"test.mock.num.brokers": 3, "bootstrap.servers": "", "log_level": 0})
    told = cluster.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in told)
    del cluster


def consumed(brokers: str, stream: str, site: str, seconds: float = 10.0) -> list[Message]:
    """All messages of a stream that hold rows of the site, in the order of each partition."""
    told = {"bootstrap.servers": brokers, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    reader = confluent_kafka.Consumer({**told, "enable.partition.eof": True, "log_level": 0})
    partitions = reader.list_topics(topic(stream), timeout=10).topics[topic(stream)].partitions
    reader.assign([confluent_kafka.TopicPartition(topic(stream), each, 0) for each in partitions])
    found, ended, until = [], 0, time.monotonic() + seconds
    while ended < len(partitions) and time.monotonic() < until:
        for message in reader.consume(500, timeout=0.2):
            ended += message.error() is not None
            found += [message] if message.error() is None and site.encode() in (message.value() or b"") else []
    reader.close()
    return found


class Dying:
    """A log that delivers everything, and is killed before anybody hears of it."""

    def __init__(self, brokers: str) -> None:
        self._log = connect(brokers)

    def send(self, parcels: list[Parcel]) -> None:
        self._log.send(parcels)
        raise TransientError("kafka", "killed", "")

    def close(self) -> None:
        self._log.close()


def streamer(folder: Path, brokers: str) -> Streamer:
    return Streamer(folder, lambda: connect(brokers))


def rows_of(messages: Sequence[Message]) -> list[bytes]:
    return [line for message in messages for line in (message.value() or b"").splitlines()]


def test_what_is_sealed_lies_in_kafka_byte_for_byte_and_nothing_is_left(tmp_path: Path, brokers: str) -> None:
    events, tallies = [event("bytes", n) for n in range(5000)], [tally("bytes")]
    seal(tmp_path, ("events", events[:2500]), ("tallies", tallies))
    seal(tmp_path, ("events", events[2500:]))
    with closing(streamer(tmp_path, brokers)) as streaming:
        assert streaming.run_once().rows == {"events": 5000, "tallies": 1}
    messages = consumed(brokers, "events", "bytes")
    assert sorted(events) == sorted(rows_of(messages))
    assert tallies == rows_of(consumed(brokers, "tallies", "bytes"))
    assert len(messages) == len({message.key() for message in messages}) > 1
    assert left(tmp_path) == []


def test_a_batch_whose_end_nobody_heard_is_sent_again_under_the_same_keys(tmp_path: Path, brokers: str) -> None:
    seal(tmp_path, ("events", [event("again", n) for n in range(3000)]))
    for _ in range(2):
        with closing(Streamer(tmp_path, lambda: Dying(brokers))) as streaming, pytest.raises(TransientError):
            streaming.run_once()
    seal(tmp_path, ("events", [event("again", 3000)]))
    with closing(streamer(tmp_path, brokers)) as streaming:
        streaming.run_once()
    copies: dict[bytes, list[bytes]] = {}
    for message in consumed(brokers, "events", "again"):
        copies.setdefault(message.key() or b"", []).append(message.value() or b"")
    assert all(len(set(values)) == 1 for values in copies.values())
    assert sorted({len(values) for values in copies.values()}) == [1, 3]
    assert left(tmp_path) == []


def test_a_loader_killed_between_two_removals_sends_nothing_again(tmp_path: Path, brokers: str) -> None:
    first = seal(tmp_path, ("events", [event("removed", 1)]))
    seal(tmp_path, ("events", [event("removed", 2)]))
    with closing(Streamer(tmp_path, lambda: Dying(brokers))) as streaming, pytest.raises(TransientError):
        streaming.run_once()
    first.unlink()
    with closing(streamer(tmp_path, brokers)) as streaming:
        streaming.run_once()
    assert len(consumed(brokers, "events", "removed")) == 1
    assert left(tmp_path) == []


def test_without_brokers_everything_stays_in_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.warehouse.stream_kafka._ANSWERED_WITHIN_S", 0.2)
    path = seal(tmp_path, ("events", [event("away", 1)]))
    with closing(streamer(tmp_path, "127.0.0.1:9")) as streaming, pytest.raises(TransientError, match="kafka"):
        streaming.run_once()
    assert path.exists()


@pytest.mark.parametrize("said", ["acks=1", "enable.idempotence=false", "no equals sign here", "bootstrap.servers=x"])
def test_properties_that_would_weaken_the_promise_are_refused(tmp_path: Path, said: str) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text(f"# ours\nsasl.password=hunter2\n{said}\n")
    with pytest.raises(TerminalError, match="line 2") as refused:
        connect("127.0.0.1:9", str(file))
    assert "hunter2" not in str(refused.value)


def test_properties_that_librdkafka_does_not_know_are_refused_without_their_values(tmp_path: Path) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text("sasl.pasword = hunter2\n")
    assert read_properties(str(file)) == {"sasl.pasword": "hunter2"}
    with pytest.raises(TerminalError, match="configuration") as refused:
        connect("127.0.0.1:9", str(file))
    assert "hunter2" not in str(refused.value)


def test_parcels_are_whole_lines_and_a_longer_one_comes_alone() -> None:
    lines = b"a\nbb\n" + b"c" * 20 + b"\nd\n"
    assert list(cut(lines, 6)) == [b"a\nbb\n", b"c" * 20 + b"\n", b"d\n"]


def test_ids_of_two_loaders_differ_and_grow_with_time() -> None:
    now = 1_800_000_000.0
    assert first_id("0" * 16, now) < first_id("0" * 15 + "1", now) < first_id("0" * 16, now + 0.016)
    assert first_id("f" * 16, now + 86400 * 365 * 50) < 2**64


# What ClickHouse makes of it


@pytest.fixture(scope="module")
def taking(writer_of_module: Client) -> Client:
    """The printed statements, run by the engine, with a table that takes inserts where Kafka's would be."""
    meta = "`_key` String, `_partition` UInt64, `_offset` UInt64, `_topic` String, `_error` String"
    for statement in render_kafka(Variant.EMBEDDED, "127.0.0.1:9"):
        standing_in = re.sub(r"\n\)\nENGINE = Kafka\nSETTINGS.*", f",\n{meta}\n)\nENGINE = Null", statement, flags=re.S)
        writer_of_module.command(standing_in)
    return writer_of_module


def take(client: Client, stream: str, messages: Sequence[tuple[str, int, bytes]]) -> None:
    """One block as the Kafka engine makes it of (key, offset, rows)."""
    lines = [
        orjson.dumps(orjson.loads(line) | {"_key": key, "_offset": offset, "_partition": 0, "_topic": topic(stream)})
        for key, offset, payload in messages
        for line in payload.splitlines()
    ]
    insert = f"INSERT INTO gateway.{TABLES[stream]}_kafka FORMAT JSONEachRow\n".encode() + b"\n".join(lines)
    client.raw_insert("", insert_block=insert, settings={"date_time_input_format": "best_effort"})


def test_each_parcel_is_taken_once_from_kafka_to_the_tables(tmp_path: Path, brokers: str, taking: Client) -> None:
    for start in (0, 2000):
        seal(
            tmp_path, ("events", [event("taken", n) for n in range(start, start + 2000)]), ("tallies", [tally("taken")])
        )
        with closing(Streamer(tmp_path, lambda: Dying(brokers))) as streaming, pytest.raises(TransientError):
            streaming.run_once()
    with closing(streamer(tmp_path, brokers)) as streaming:
        streaming.run_once()
    for stream in ("events", "tallies"):
        found = [
            (str(int(m.key() or b"")), m.offset() or 0, m.value() or b"") for m in consumed(brokers, stream, "taken")
        ]
        assert len(found) > len({key for key, _, _ in found})
        take(taking, stream, found[: len(found) // 2])
        take(taking, stream, found)  # a block whose commit was lost comes again, and more with it
    assert numbers(taking, "taken") == list(range(4000))
    assert tallied(taking, "taken") == 2


def test_a_block_that_came_in_half_is_completed(taking: Client) -> None:
    """Rows of two months: those of one month were stored before ClickHouse was killed."""
    parcel = b"\n".join(event("half", n) for n in range(10))
    of_one_month = b"\n".join(event("half", n) for n in range(0, 10, 2))
    key = str(first_id("ab" * 8, time.time()))
    take(taking, "events", [(key, 7, of_one_month)])
    take(taking, "events", [(key, 7, parcel)])
    assert numbers(taking, "half") == list(range(10))


def test_who_asked_to_be_forgotten_is_left_out(taking: Client) -> None:
    person, other = uuid.uuid4(), uuid.uuid4()
    taking.command(
        "INSERT INTO gateway.tombstones (site, kind, pseudonym, asked_at, expires_at) "
        f"VALUES ('forgotten', 'visitor', '{person}', '2026-11-25 00:00:00', '2126-01-01 00:00:00')"
    )
    later = {"event_time": "2026-11-26T10:00:00Z", "received_at": "2026-11-26T10:00:00Z"}
    rows = [event("forgotten", 1, visitor=person.hex), event("forgotten", 2, visitor=other.hex)]
    rows += [event("forgotten", 3), event("forgotten", 4, visitor=person.hex, **later)]
    take(taking, "events", [(str(first_id("cd" * 8, time.time())), 1, b"\n".join(rows))])
    assert numbers(taking, "forgotten") == [2, 3, 4]


@pytest.mark.parametrize("table", TABLES.values())
def test_rows_can_still_be_erased(taking: Client, table: str) -> None:
    taking.command(f"DELETE FROM gateway.{table} WHERE site = 'nobody'")


def test_a_message_that_cannot_be_read_is_noted_by_its_place(taking: Client) -> None:
    taking.command(
        "INSERT INTO gateway.events_kafka (_key, _partition, _offset, _topic, _error) "
        "VALUES ('1', 3, 42, 'gateway.events', 'Cannot parse input')"
    )
    noted = taking.query("SELECT topic, partition, offset FROM gateway.kafka_unread FINAL").result_rows
    assert noted == [("gateway.events", 3, 42)]


def test_asking_what_arrived_reads_the_projection_and_not_the_events(taking: Client) -> None:
    arriving = next(s for s in render_kafka(Variant.SERVER, "k:9092") if "VIEW IF NOT EXISTS gateway.events_arr" in s)
    asked = re.search(r"NOT IN \((.*?)\n  \)", arriving, re.S)
    assert asked
    plan = "\n".join(str(row[0]) for row in taking.query(f"EXPLAIN {asked[1]}").result_rows)
    assert "(arrived)" in plan


@pytest.mark.parametrize("variant", Variant)
def test_every_statement_is_read_by_the_parser_of_the_engine(writer: Client, variant: Variant) -> None:
    statements = render_kafka(variant, "kafka-1:9092,kafka-2:9092")
    for statement in statements:
        writer.query(f"EXPLAIN AST {statement}")
    assert len(statements) == 1 + 5 * len(TABLES)
    assert all(("ON CLUSTER" in statement) is (variant is Variant.CLUSTER) for statement in statements)


@pytest.fixture(scope="module")
def writer_of_module(endpoint: Endpoint) -> Iterator[Client]:
    with closing(warehouse(endpoint.url, database="default")) as client:
        yield client
