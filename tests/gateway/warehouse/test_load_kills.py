"""kill -9 of the loader and of the engine at random moments, most of them in the middle of an INSERT.

`GATEWAY_KILLS=200` for the long run.
"""

from __future__ import annotations

import logging
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from gateway.warehouse.connect import WarehouseError, connect, find
from gateway.warehouse.load import FAILURES, Loader
from tests.gateway.warehouse.conftest import Engine
from tests.gateway.warehouse.loading import KILLS, event, left, quarantined, seal, tally

_log = logging.getLogger(__name__)
_ROWS = 2000
_LOADER = """
import sys
from pathlib import Path
from gateway.warehouse.connect import connect, find
from gateway.warehouse.load import Loader
Loader(Path(sys.argv[1]), lambda: connect(find(Path(sys.argv[2])))).run()
"""


class Traffic:
    """Seals segments; every tenth holds a row that the warehouse refuses. Knows what must be in the warehouse."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.folder, self.dice = folder, dice
        self.rows = self.refused = self.segments = 0

    def seal(self) -> None:
        rows = [event("kills", self.rows + n) for n in range(_ROWS)]
        self.rows += _ROWS
        self.segments += 1
        if self.segments % 10 == 0:
            rows.insert(self.dice.randrange(_ROWS), event("kills", 10**9 + self.segments, event_time="never"))
            self.refused += 1
        seal(self.folder, ("events", rows), ("tallies", [tally("kills")]))


def _start_loader(folder: Path, data: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _LOADER, str(folder), str(data)], stderr=subprocess.DEVNULL)


def _until_loaded(folder: Path, data: Path) -> None:
    end = time.monotonic() + 120
    with closing(Loader(folder, lambda: connect(find(data)))) as made:
        while True:
            with suppress(*FAILURES):
                made.run_once()
                if not left(folder):
                    return
            assert time.monotonic() < end
            time.sleep(0.1)


def _mid_insert(data: Path, within_s: float) -> bool:
    """Returns when an INSERT of the loader runs, true then, or when the time is over."""
    end = time.monotonic() + within_s
    sql = "SELECT count() FROM system.processes WHERE startsWith(query_id, 'load-')"
    with suppress(WarehouseError), closing(connect(find(data))) as client:
        while time.monotonic() < end:
            if client.query(sql).result_rows[0][0]:
                return True
            time.sleep(0.002)
    return False


def test_whatever_is_killed_each_sealed_row_is_in_the_warehouse_once(
    tmp_path: Path, start: Callable[[Path], Engine]
) -> None:
    folder, data, dice = tmp_path / "journal", tmp_path / "data", random.Random(13)
    traffic, in_the_middle = Traffic(folder, dice), 0
    traffic.seal()
    engine, loading = start(data), _start_loader(folder, data)
    try:
        engine.wait_ready()
        for _ in range(KILLS):
            traffic.seal()
            if dice.random() < 0.7:
                in_the_middle += _mid_insert(data, 2.0)
            time.sleep(dice.random() * 0.03)
            victim = dice.choice(["loader", "engine", "both"])
            if victim != "engine":
                loading.send_signal(signal.SIGKILL)
                loading.wait()
            if victim != "loader":
                engine.end(signal.SIGKILL)
                engine = start(data)
                engine.wait_ready()
            if victim != "engine":
                loading = _start_loader(folder, data)
    finally:
        loading.kill()
        loading.wait()
    _until_loaded(folder, data)
    with closing(connect(find(data))) as client:
        sql = "SELECT count(), uniqExact(event_id) FROM gateway.events WHERE site = 'kills'"
        assert client.query(sql).result_rows == [(traffic.rows, traffic.rows)]
        sql = "SELECT refusal, sum(events) FROM gateway.tallies WHERE site = 'kills' GROUP BY refusal ORDER BY refusal"
        expected = [("no_events", traffic.segments), ("quarantined", traffic.refused)]
        assert [(r, n) for r, n in expected if n] == client.query(sql).result_rows
        told = "SELECT batch, rows['events'] AS n FROM gateway.load_batches FINAL WHERE n > 0"
        there = "SELECT batch, count() AS n FROM gateway.events GROUP BY batch"
        sql = f"SELECT batch FROM ({told}) AS a FULL JOIN ({there}) AS b USING batch WHERE a.n != b.n"
        assert client.query(sql).result_rows == []
    assert len(quarantined(folder)) == traffic.refused
    _log.info("%d kills, %d of them in the middle of an INSERT", KILLS, in_the_middle)
