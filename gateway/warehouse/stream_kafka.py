"""Kafka as a log: one idempotent producer, and the answer to every message.

The only module that imports confluent_kafka, an extra. May not: know what a row is; say what a broker or a file of
properties said, which may quote a password.

Why idempotent and acks=all: without them a retry inside the client doubles or reorders messages, and a leader that dies
takes with it what it alone had.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.warehouse.connect import TerminalError, TransientError
from gateway.warehouse.stream import Log, Parcel

#: Topics are `gateway.` and the table's stream.
PREFIX = "gateway."
_ANSWERED_WITHIN_S = 30.0
_LOOKED_WITHIN_S = 5.0
_PRODUCER = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "zstd",
    "linger.ms": 5,
    "delivery.timeout.ms": int(_ANSWERED_WITHIN_S * 1000),
    "client.id": "gateway-load",
    "log_level": 0,  # it would speak on standard error; what matters comes with each message's answer
}
#: What no file may change, or acknowledged would no longer mean durable.
_FIXED = frozenset({"enable.idempotence", "acks", "bootstrap.servers", "log_level"})


def topic(stream: str) -> str:
    """Where the rows of a stream go."""
    return PREFIX + stream


def connect(brokers: str, properties: str = "") -> Log:
    """A producer for these brokers. Raises TerminalError where it cannot be made; brokers that are away show later."""
    return Producing(_producer(brokers, properties))


def look(brokers: str, properties: str = "") -> frozenset[str]:
    """The topics that the brokers have, asked once. Raises TerminalError, and TransientError where none answers."""
    try:
        return frozenset(_producer(brokers, properties).list_topics(timeout=_LOOKED_WITHIN_S).topics)
    except _import().KafkaException as error:
        said = f"no broker answers within {_LOOKED_WITHIN_S:.0f} s: {error.args[0].name()}"
        raise TransientError("kafka", said, "look at kafka, kafka_properties, and whether its brokers are up") from None


def _producer(brokers: str, properties: str) -> Any:
    library = _import()
    settings = {**_PRODUCER, **read_properties(properties), "bootstrap.servers": brokers}
    try:
        return library.Producer(settings)
    except (library.KafkaException, ValueError, TypeError):
        hint = "look at kafka and kafka_properties: names and values are librdkafka's"
        raise TerminalError("kafka", "its client does not take the configuration", hint) from None


def read_properties(file: str) -> dict[str, str]:
    """`name=value` a line, `#` comments. Raises TerminalError."""
    if not file:
        return {}
    try:
        lines = Path(file).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        raise TerminalError("kafka", f"{file} cannot be read", "kafka_properties names a file of text") from None
    told = [line.partition("=") for line in map(str.strip, lines) if line and not line.startswith("#")]
    for number, (name, equals, _) in enumerate(told, 1):
        if not equals or name.strip() in _FIXED:
            said = f"its line {number} of settings is none, or one that the gateway sets itself"
            raise TerminalError("kafka", f"{file}: {said}", "write name=value, as librdkafka names them")
    return {name.strip(): value.strip() for name, _, value in told}


class Producing:
    """The producer of one connection; after a failure it is closed and another one made."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    def send(self, parcels: list[Parcel]) -> None:
        """Returns when all of them are acknowledged by all replicas in sync. Raises TransientError."""
        answers: list[str] = []

        def answered(error: Any, _message: Any) -> None:
            answers.append(error.name() if error is not None else "")

        try:
            for parcel in parcels:
                key = str(parcel.batch).encode()
                self._producer.produce(topic(parcel.stream), parcel.payload, key, on_delivery=answered)
                self._producer.poll(0)
        except (BufferError, _import().KafkaException) as error:
            raise _transient(type(error).__name__) from None
        self._producer.flush(_ANSWERED_WITHIN_S)
        refused = next(filter(None, answers), "")
        if refused or len(answers) < len(parcels):
            raise _transient(refused or "no answer")

    def close(self) -> None:
        """What is still on its way is let go; it will be sent again, under the same key."""
        self._producer.purge()
        self._producer.flush(1.0)


def _transient(said: str) -> TransientError:
    hint = "see whether its brokers are up and have the topics of: gateway warehouse sql --kafka BROKERS"
    return TransientError("kafka", f"not every message was acknowledged ({said})", hint)


def _import() -> Any:
    try:
        import confluent_kafka  # noqa: PLC0415 - an extra, and only the loader of a site with Kafka needs it
    except ImportError:
        raise TerminalError("kafka", "its client is not installed", "install the extra: .[kafka]") from None
    return confluent_kafka
