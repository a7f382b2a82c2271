"""kill -9 of every process in the middle of traffic: each acknowledged event is in ClickHouse once, aggregates too.

The count of kills is GATEWAY_KILLS (default 20, four of each); each round kills one process, or all at once, at a
random moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
import uuid
from pathlib import Path

import httpx
import psutil

from tests.serving import Served

KILLS = int(os.environ.get("GATEWAY_KILLS", "20"))
VICTIMS = ("collect-0", "load", "everything", "collect-1", "engine")
SENDERS = 8
SEED = 20261122


def hit(event_id: str) -> dict[str, object]:
    return {
        "site": "demo",
        "consent": {"choice": "explicit", "purposes": {"analytics": True}},
        "events": [{"event": "product_view", "id": event_id, "client_id": "c", "properties": {"product_id": "SKU-1"}}],
    }


async def send_until(end: float, url: str, acknowledged: set[str]) -> None:
    """Sends hits one after the other; what was answered 204 with one fact counts as acknowledged."""
    async with httpx.AsyncClient(timeout=10) as client:
        while time.monotonic() < end:
            event_id = str(uuid.uuid4())
            try:
                answer = await client.post(url + "/collect", json=hit(event_id))
            except httpx.HTTPError:
                await asyncio.sleep(0.02)
                continue
            if answer.status_code == 204:
                assert answer.headers["x-gateway-outcome"] == "facts=1 refused=0"
                acknowledged.add(event_id)


async def round_of_traffic(served: Served, acknowledged: set[str], victim: str, chance: random.Random) -> None:
    """About a second of traffic with a kill in its middle."""
    end = time.monotonic() + 1.2
    senders = [asyncio.create_task(send_until(end, served.url, acknowledged)) for _ in range(SENDERS)]
    await asyncio.sleep(chance.uniform(0.1, 1.0))
    if victim == "everything":
        await asyncio.to_thread(served.kill_everything)
    elif victim in (processes := served.processes()):
        with contextlib.suppress(psutil.NoSuchProcess):
            processes[victim].send_signal(signal.SIGKILL)
    await asyncio.gather(*senders)


def test_each_acknowledged_event_is_in_the_warehouse_once_whatever_is_killed(tmp_path: Path) -> None:
    chance, acknowledged = random.Random(SEED), set[str]()
    served = Served(tmp_path / "data", "--workers", "2")
    for kill in range(KILLS):
        asyncio.run(round_of_traffic(served, acknowledged, VICTIMS[kill % len(VICTIMS)], chance))
        if served.process.poll() is not None:
            served = Served(tmp_path / "data", "--workers", "2")
    sql = "SELECT toString(event_id), count() FROM gateway.events GROUP BY 1"
    end = time.monotonic() + 30
    while time.monotonic() < end:
        stored = dict(served.ask(sql, seconds=30))
        if acknowledged <= stored.keys():
            break
        time.sleep(0.2)
    assert len(acknowledged) > KILLS * 10
    assert acknowledged - stored.keys() == set(), "acknowledged, but lost"
    assert {event for event, count in stored.items() if count > 1} == set(), "loaded twice"
    for view in ("hourly", "people"):
        assert served.ask(f"SELECT toUInt64(sum(events)) FROM gateway.{view}") == [(len(stored),)], view
    print(f"\n{KILLS} kills, {len(acknowledged):,} acknowledged, {len(stored):,} in the warehouse, 0 lost, 0 twice")
    assert served.stop() == 0
