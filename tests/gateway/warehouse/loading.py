"""What tests of the loader share: rows that the tables take, segments of them, and what the warehouse then holds."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson
from clickhouse_connect.driver.client import Client

from gateway.journal import segment
from gateway.journal.disk import Disk
from gateway.warehouse.connect import connect
from gateway.warehouse.load import Loader

KILLS = int(os.environ.get("GATEWAY_KILLS", "10"))

_NUMBERS: Iterator[int] = itertools.count()


def event(site: str, number: int, **other: object) -> bytes:
    """A row as minimise writes it: defaults left out. Its number is its event_id."""
    row = {
        "site": site,
        "event": ("page_view", "product_view", "wishlist_add")[number % 3],
        "event_id": uuid.UUID(int=number).hex,
        "event_time": f"2026-{10 + number % 2}-20T10:00:{number % 60:02d}.123Z",  # two months: two partitions
        "received_at": "2026-11-22T10:00:00.123Z",
        "purposes": ["counting"],
        "properties": {"position": "3"},
        "expires_at": "2126-11-22T10:00:01Z",
    }
    return orjson.dumps(row | other)


def tally(site: str, events: int = 1) -> bytes:
    """A tally row."""
    row = {"site": site, "minute": "2026-11-22T10:00:00Z", "adapter": "own", "refusal": "no_events", "events": events}
    return orjson.dumps(row)


def seal(folder: Path, *streams: tuple[str, Sequence[bytes]], name: str = "") -> Path:
    """A sealed segment with a frame per stream."""
    path = folder / (name or f"collect-0-{next(_NUMBERS):013d}-00000000.sealed")
    frames = [segment.frame([segment.section_of(stream, rows)]) for stream, rows in streams]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(segment.header() + b"".join(frames))
    return path


def loader(folder: Path, url: str, disk: Disk | None = None) -> Loader:
    return Loader(folder, lambda: connect(url), disk)


def numbers(client: Client, site: str) -> list[int]:
    """Numbers of a site's events in the warehouse, sorted, as often as they are there."""
    sql = f"SELECT event_id FROM gateway.events WHERE site = '{site}'"
    return sorted(row[0].int for row in client.query(sql).result_rows)


def tallied(client: Client, site: str) -> int:
    """Sum of a site's tallies in the warehouse."""
    return int(client.query(f"SELECT sum(events) FROM gateway.tallies WHERE site = '{site}'").result_rows[0][0])


def left(folder: Path) -> list[str]:
    """Files in the journal folder, but for the loader's lock."""
    return sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != "loader.lock")


def quarantined(folder: Path) -> list[bytes]:
    """Rows in the quarantine, sorted."""
    found: list[bytes] = []
    for path in (folder / "quarantine").glob("*.sealed"):
        for section in segment.read_segment(path.read_bytes()).sections:
            found += bytes(section.payload).splitlines()
    return sorted(found)


Loaders = Callable[[Path], Loader]
