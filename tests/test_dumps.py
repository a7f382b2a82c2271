"""No memory on disk: every process of a running gateway has core dumps off, and dies without a value on its lips."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.collecting import Midnight
from tests.serving import ROOT, serving


def test_every_process_has_core_dumps_limited_to_zero(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        pids = {name: process.pid for name, process in served.processes().items()} | {"serve": served.process.pid}
        assert set(pids) == {"serve", "engine", "collect-0", "load", "admin"}
        for pid in pids.values():
            limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
            (core,) = (line.split()[4:6] for line in limits if line.startswith("Max core file size"))
            assert core == ["0", "0"]


_RAISES = "import threading; from gateway import log; log.begin('x'); jane = 'jane@example.org'\n"


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("raise ValueError(jane)", 1),
        ("def run():\n  raise ValueError(jane)\nt = threading.Thread(target=run, name=jane); t.start(); t.join()", 0),
        ("class Jane:\n  def __del__(self):\n    raise ValueError(jane)\nJane()", 0),
    ],
    ids=["process", "thread", "finaliser"],
)
def test_an_error_that_nobody_catches_is_told_without_message_and_locals(program: str, code: int) -> None:
    line = [sys.executable, "-c", _RAISES + program]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == code
    assert "jane" not in done.stdout + done.stderr
    assert '"error":"ValueError' in done.stderr


def test_midnight_is_told_once() -> None:
    noon = 20_779 * 86_400 + 43_200.0
    midnight = Midnight(noon)
    assert [midnight.has_passed(noon + hours * 3600) for hours in (1, 11.9, 12, 12.1, 36)] == [
        *(False, False, True, False, True)
    ]
    assert Midnight(time.time()).has_passed(time.time() + 86_400)
