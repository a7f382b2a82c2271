"""The embedded engine's process: chDB on `<data>/warehouse` behind the ClickHouse HTTP interface, on loopback.

May hold the data folder's warehouse and listen on 127.0.0.1. May not import anything of intake or journal.

Life: lock the folder, sweep what a killed engine left, open chDB, migrate, listen, announce `run/warehouse.json`. End
on SIGTERM, SIGINT, or when stdin closes (so that it never outlives a killed parent): take the address away, let
statements end, close chDB. What it acknowledged is on the disk: the tables are made with fsync (migrations).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from gateway.warehouse.engine_barrier import Barrier
from gateway.warehouse.engine_endpoint import FolderHeld, announce, hold, tokens, withdraw
from gateway.warehouse.engine_errors import EngineError, sentence_of
from gateway.warehouse.engine_http import EngineServer
from gateway.warehouse.engine_rows import RowFiles
from gateway.warehouse.engine_store import Store
from gateway.warehouse.migrate import MigrationError, Variant, migrate

_WAIT_FOR_FOLDER_S = 5.0
_READERS_MAY_END_S, _WRITERS_MAY_END_S = 1.0, 7.0


class CannotStart(Exception):
    """Why the engine cannot run here, in one sentence, with what to do."""


def host(data: Path, port: int, analyst_max_seconds: int, until_stdin_closes: bool) -> None:
    """Runs the engine until it is told to stop. Raises `CannotStart`."""
    os.umask(0o077)
    stop = threading.Event()
    _stop_on(stop, until_stdin_closes)
    lock = _hold(data)
    withdraw(data)  # what a killed engine announced
    try:
        _serve(data, port, analyst_max_seconds, stop)
    finally:
        withdraw(data)
        os.close(lock)


def _stop_on(stop: threading.Event, until_stdin_closes: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if until_stdin_closes:
        threading.Thread(target=_watch_stdin, args=(stop,), daemon=True).start()


def _watch_stdin(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


def _hold(data: Path) -> int:
    try:
        data.mkdir(parents=True, exist_ok=True)
        return hold(data, _WAIT_FOR_FOLDER_S)
    except FolderHeld:
        raise CannotStart(f"another engine holds {data}; stop it, or choose another --data folder") from None
    except OSError as error:
        raise CannotStart(f"cannot use {data}: {error.strerror}") from None


def _serve(data: Path, port: int, analyst_max_seconds: int, stop: threading.Event) -> None:
    store, server = _open(data, port, analyst_max_seconds)
    accepting = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    accepting.start()
    announce(data, server.server_port)
    stop.wait()
    withdraw(data)
    server.shutdown()
    accepting.join()
    _drain(server, store)
    server.server_close()
    store.close()


def _open(data: Path, port: int, analyst_max_seconds: int) -> tuple[Store, EngineServer]:
    try:
        rows = RowFiles(data / "run")
        (data / "warehouse").mkdir(exist_ok=True)
        store = Store(data / "warehouse")
        for _ in migrate(store, Variant.EMBEDDED):
            pass
        return store, EngineServer(port, store, rows, tokens(data), Barrier(store, analyst_max_seconds))
    except MigrationError as why:
        raise CannotStart(str(why)) from None
    except EngineError as error:
        raise CannotStart(f"cannot open {data / 'warehouse'}: {sentence_of(str(error))}") from None
    except OSError as error:
        raise CannotStart(f"cannot listen on 127.0.0.1:{port} or write {data}: {error.strerror}") from None


def _drain(server: EngineServer, store: Store) -> None:
    """Waits for what runs: a second for readers, longer for writers; then ends it."""
    server.draining = True
    for seconds, readers_only in ((_READERS_MAY_END_S, True), (_WRITERS_MAY_END_S, False)):
        _wait_idle(store, seconds)
        store.kill(readers_only)
    _wait_idle(store, 1.0)


def _wait_idle(store: Store, seconds: float) -> None:
    until = time.monotonic() + seconds
    while store.running() and time.monotonic() < until:
        time.sleep(0.02)
