"""Recorded hits (JSON lines, as in tests/hits) to what of them drafts of contracts are made of: names and types.

May not: keep or give away a value. What leaves this module is names that look like names, types, and counts.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from gateway.intake.adapters import claim
from gateway.intake.contracts.tools.sightings import Sightings
from gateway.intake.headers import joined
from gateway.intake.hit import Event, Hit
from gateway.intake.inflate import inflate
from gateway.words import Refusal

_INFLATED_LIMIT_BYTES = 2 * 1024 * 1024


class UnreadableRecording(ValueError):
    """`line` (from 1) is no recorded hit; the message never says what stands there."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is no recorded hit")
        self.line = line


def read_recordings(lines: Iterable[bytes], sightings: Sightings) -> None:
    """Adds every event of every recorded hit to the sightings. Raises `UnreadableRecording`."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            for event in _events(line, number):
                sightings.see(event.name, event.properties, bool(event.items))


def _events(line: bytes, number: int) -> Iterator[Event]:
    hit = _read_hit(line, number)
    adapter = claim(hit.method, hit.path, hit.body) if hit is not None else None
    if hit is not None and adapter is not None:
        yield from adapter.read(hit).events


def _read_hit(line: bytes, number: int) -> Hit | None:
    """The hit; None for a body that no gateway would inflate."""
    try:
        row: dict[str, Any] = orjson.loads(line)
        headers = joined((name.lower().encode(), text.encode()) for name, text in row["headers"])
        body = base64.b64decode(row["body_b64"] or "")
        method, path, query = row["method"], row["path"], (row["query"] or "").encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableRecording(number) from None
    inflated = inflate(body, headers.get(b"content-encoding", b"").lower(), _INFLATED_LIMIT_BYTES)
    if isinstance(inflated, Refusal):
        return None
    return Hit(method, path, query, headers, inflated, "", 0.0)
