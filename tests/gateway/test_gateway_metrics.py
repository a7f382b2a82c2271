"""Totals over processes: what the dead counted stands, how they were does not."""

from __future__ import annotations

import os
from pathlib import Path

import orjson
from prometheus_client import generate_latest

from gateway.metrics import read_snapshots, registry, write_snapshot


def left_behind(folder: Path, name: str, pid: int, **snapshot: object) -> None:
    file = folder / f"{name}.{pid}.json"
    file.write_bytes(orjson.dumps(snapshot))
    os.utime(file, (pid, pid))


def test_counters_of_dead_processes_stand_and_their_gauges_do_not(tmp_path: Path) -> None:
    left_behind(tmp_path, "collect-0", 1, facts=[["demo", "own", 5]], journal_bytes=1000)
    left_behind(tmp_path, "collect-0", 2, facts=[["demo", "own", 2]], journal_bytes=10)
    left_behind(tmp_path, "collect-1", 3, facts=[["demo", "own", 1]], journal_bytes=7)
    text = generate_latest(registry(tmp_path)).decode()
    assert 'gateway_facts_total{adapter="own",site="demo"} 8.0' in text
    assert "gateway_journal_bytes 17.0" in text


def test_a_process_replaces_its_own_file(tmp_path: Path) -> None:
    write_snapshot(tmp_path, "load", {"batches": 1})
    write_snapshot(tmp_path, "load", {"batches": 2})
    assert read_snapshots(tmp_path) == [{"batches": 2}]
