"""The life of an engine: how it starts, ends, dies, and what is on the disk after each."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from gateway.warehouse.connect import TerminalError, TransientError, connect, find
from gateway.warehouse.engine_endpoint import Endpoint, is_held, read_endpoint
from gateway.warehouse.engine_process import lent

_ROWS = b"".join(b'{"a":"%d"}\n' % i for i in range(5000))
_DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 67108864"
_CREATE = "CREATE TABLE IF NOT EXISTS default.t (a UInt32, batch UInt64) ENGINE = MergeTree ORDER BY a SETTINGS "
_CREATE += _DURABLE
_INSERT = "INSERT INTO default.t SELECT toUInt32(a), {} FROM input('a String') FORMAT JSONEachRow"

Start = Callable[[Path], Any]  # conftest.Engine, which tests cannot import


def test_an_engine_is_ready_with_two_seconds_of_cpu_and_leaves_nothing_when_it_ends(
    start: Start, tmp_path: Path
) -> None:
    engine = start(tmp_path / "d")
    engine.wait_ready()
    spent = psutil.Process(engine.process.pid).cpu_times()
    assert spent.user + spent.system < 2.0  # its own, whatever else this machine does
    assert engine.end() == 0
    assert engine.data.joinpath("run").exists()
    assert sorted(p.name for p in engine.data.joinpath("run").iterdir()) == ["warehouse.lock"]


def test_its_files_are_for_their_owner_only_and_its_tokens_outlive_it(start: Start, tmp_path: Path) -> None:
    engine = start(tmp_path / "d")
    before = engine.wait_ready()
    for path in [engine.data, *engine.data.rglob("*")]:
        if not path.is_symlink():
            assert path.stat().st_mode & 0o077 == 0, path
    tokens = [urlsplit(url).password or "" for url in before]
    assert len(set(tokens)) == 2
    assert min(map(len, tokens)) >= 32
    engine.end()
    again = start(tmp_path / "d")
    assert [urlsplit(url).password for url in again.wait_ready()] == tokens


def test_a_token_is_in_no_argument_and_no_log(start: Start, tmp_path: Path) -> None:
    engine = start(tmp_path / "d")
    endpoint = engine.wait_ready()
    with closing(connect(endpoint.url, database="default")) as client, pytest.raises(DatabaseError):
        client.query("SELECT * FROM nowhere")
    arguments = Path(f"/proc/{engine.process.pid}/cmdline").read_text()
    engine.end()
    said = arguments + " ".join(p.read_text(errors="replace") for p in engine.data.rglob("*.log"))
    for url in endpoint:
        assert (urlsplit(url).password or "-") not in said


def test_a_second_engine_on_the_folder_says_so_and_ends_with_2(start: Start, tmp_path: Path) -> None:
    start(tmp_path / "d").wait_ready()
    second = start(tmp_path / "d")
    assert second.process.wait(15) == 2
    assert (
        second.error() == f"gateway: another engine holds {tmp_path / 'd'}; stop it, or choose another --data folder\n"
    )
    assert read_endpoint(tmp_path / "d") is not None


def test_an_engine_waits_for_the_folder_of_one_that_is_leaving(start: Start, tmp_path: Path) -> None:
    first = start(tmp_path / "d")
    before = first.wait_ready()
    second = start(tmp_path / "d")
    time.sleep(0.5)
    first.end()
    assert second.wait_ready() != before


@pytest.mark.parametrize("blocked", ["file", "port", "folder"])
def test_what_keeps_it_from_starting_is_one_sentence(start: Start, tmp_path: Path, blocked: str) -> None:
    data = tmp_path / "d"
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1] if blocked == "port" else 0
        if blocked == "file":
            data.write_text("not a folder")
        if blocked == "folder":
            data.mkdir()
            (data / "warehouse").write_text("not a folder")
        command = [sys.executable, "-m", "gateway", "engine", "--data", str(data), "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    assert ended.returncode == 2
    assert ended.stderr.startswith(("gateway: cannot ", "Usage: "))
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) <= 4


def test_a_killed_engine_is_not_found_and_its_folder_serves_the_next_one(start: Start, tmp_path: Path) -> None:
    first = start(tmp_path / "d")
    stale = first.wait_ready()
    first.end(signal.SIGKILL)
    assert json.loads((tmp_path / "d/run/warehouse.json").read_text())["url"] == stale.url
    assert not is_held(tmp_path / "d")
    assert read_endpoint(tmp_path / "d") is None
    with pytest.raises(TransientError, match="its engine does not run"):
        find(tmp_path / "d")
    assert start(tmp_path / "d").wait_ready() is not None


def test_acknowledged_inserts_outlive_kills_in_the_middle_of_writing(start: Start, tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for life in range(4):
        engine = start(tmp_path / "d")
        endpoint = engine.wait_ready()
        killer = threading.Thread(target=_kill_after, args=(engine, acknowledged, 6 * (life + 1), 0.013 * life))
        killer.start()
        _insert_until_it_dies(endpoint, life * 10_000, acknowledged)
        killer.join()
    with closing(connect(start(tmp_path / "d").wait_ready().url, database="default")) as client:
        rows = client.query("SELECT batch, count() FROM t GROUP BY batch").result_rows
    counts = {int(batch): int(count) for batch, count in rows}
    assert len(acknowledged) > 20
    assert dict.fromkeys(acknowledged, 5000).items() <= counts.items()
    assert set(counts.values()) == {5000}
    assert len(set(counts) - set(acknowledged)) <= 4  # one per kill may have been carried out unseen


def _kill_after(engine: Any, acknowledged: list[int], count: int, seconds: float) -> None:
    while len(acknowledged) < count and engine.process.poll() is None:
        time.sleep(0.001)
    time.sleep(seconds)
    engine.end(signal.SIGKILL)


def _insert_until_it_dies(endpoint: Endpoint, first: int, acknowledged: list[int]) -> None:
    with closing(connect(endpoint.url, database="default")) as client:
        client.command(_CREATE)
        for batch in range(first, first + 10_000):
            try:
                client.command(_INSERT.format(batch), data=_ROWS)
            except OperationalError:
                return
            acknowledged.append(batch)


def test_sigterm_lets_a_running_insert_end_and_refuses_new_ones(start: Start, tmp_path: Path) -> None:
    engine = start(tmp_path / "d")
    endpoint = engine.wait_ready()
    said: list[object] = []
    begun = threading.Event()

    def insert() -> None:
        with closing(connect(endpoint.url, database="default")) as client:
            client.command(_CREATE)
            begun.set()
            said.append(client.command("INSERT INTO t SELECT number, sleep(2) FROM numbers(1)"))

    thread = threading.Thread(target=insert)
    thread.start()
    assert begun.wait(30)
    time.sleep(1.0)
    assert engine.end() == 0
    thread.join()
    assert len(said) == 1
    with pytest.raises(TransientError):
        connect(endpoint.url)
    with closing(connect(start(tmp_path / "d").wait_ready().url, database="default")) as client:
        assert client.query("SELECT count() FROM t").result_rows == [(1,)]


def test_sigterm_does_not_wait_for_a_reader_that_runs_for_long(start: Start, tmp_path: Path) -> None:
    engine = start(tmp_path / "d")
    endpoint = engine.wait_ready()
    errors: list[Exception] = []
    begun = threading.Event()

    def read() -> None:
        with closing(connect(endpoint.reader, database="default")) as client:
            begun.set()
            try:
                client.query("SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))")
            except DatabaseError as error:
                errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert begun.wait(30)
    time.sleep(0.7)
    assert engine.end() == 0  # which waits for 15 s; the reader would run for hours
    thread.join()
    assert len(errors) == 1


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "run = 'from gateway.commands.engine import engine; engine()'\n"
        f"command = [sys.executable, '-c', run, '--data', {str(tmp_path / 'd')!r}, '--until-stdin-closes']\n"
        "subprocess.Popen(command, stdin=subprocess.PIPE)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        _wait_until(lambda: read_endpoint(tmp_path / "d") is not None)
        assert read_endpoint(tmp_path / "d") is not None
    finally:
        parent.kill()
        parent.wait()
    _wait_until(lambda: not is_held(tmp_path / "d"))
    assert not (tmp_path / "d/run/warehouse.json").exists()


def test_supervised_by_environment_it_watches_its_stdin_too(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from gateway.commands.engine import engine; engine()",
        "--data",
        str(tmp_path / "d"),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | {"GATEWAY_SUPERVISED": "1"})
    _wait_until(lambda: read_endpoint(tmp_path / "d") is not None)
    process.communicate(timeout=15)
    assert process.returncode == 0


def test_an_engine_is_lent_for_the_length_of_a_block_and_one_that_runs_is_shared(start: Start, tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="there is none yet"), lent(tmp_path / "d"):
        pass
    assert not (tmp_path / "d").exists()
    running = start(tmp_path / "d")
    endpoint = running.wait_ready()
    with lent(tmp_path / "d") as shared:
        assert shared == endpoint
    assert running.process.poll() is None
    running.end()
    with lent(tmp_path / "d") as own, closing(connect(own.reader)) as client:
        assert client.query("SELECT 1").result_rows == [(1,)]
    assert not is_held(tmp_path / "d")


def _wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not become true in time"
        time.sleep(0.02)
