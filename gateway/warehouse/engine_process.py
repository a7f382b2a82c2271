"""The engine from outside: find the one that runs, or start one for the length of a block.

May start that one process and end it; may not open chDB.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.warehouse.connect import TerminalError
from gateway.warehouse.engine_endpoint import Endpoint, is_held, read_endpoint

_READY_WITHIN_S, _ENDS_WITHIN_S, _LOOK_EVERY_S = 30.0, 15.0, 0.02


@contextmanager
def lent(data: Path) -> Iterator[Endpoint]:
    """The engine of this data folder. One that was not running is ended again after the block.

    Raises `TerminalError` when there is no warehouse yet, or the engine cannot start.
    """
    if not (data / "warehouse").is_dir():
        raise TerminalError(f"embedded warehouse in {data}", "there is none yet", "start: gateway serve, or say --data")
    process = None if is_held(data) else _start(data)
    try:
        yield _wait(data, process)
    finally:
        if process is not None:
            _end(process)


def _start(data: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gateway", "engine", "--data", str(data), "--until-stdin-closes"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def _wait(data: Path, process: subprocess.Popen[bytes] | None) -> Endpoint:
    until = time.monotonic() + _READY_WITHIN_S
    while (found := read_endpoint(data)) is None:
        if process is not None and process.poll() is not None:
            raise TerminalError(f"embedded warehouse in {data}", _said(process), "look there")
        if time.monotonic() > until:
            raise TerminalError(f"embedded warehouse in {data}", "its engine is not ready", "try: gateway doctor")
        time.sleep(_LOOK_EVERY_S)
    return found


def _said(process: subprocess.Popen[bytes]) -> str:
    """The last line that a dead engine wrote."""
    text = process.communicate()[1].decode(errors="replace").strip()
    return text.splitlines()[-1] if text else f"its engine ended with code {process.returncode}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Closing its stdin is what asks it to end; one that does not is killed."""
    try:
        process.communicate(timeout=_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
