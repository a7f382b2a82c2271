"""A writer that is killed at a random moment: everything it acknowledged is read again, once.

`GATEWAY_KILLS=200` for the long run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson

from gateway.journal import segment
from gateway.journal.disk import Disk
from gateway.journal.reader import adopt_orphans

KILLS = int(os.environ.get("GATEWAY_KILLS", "10"))

#: Appends numbers from eight tasks, and tells each on stdout once it is acknowledged. Seals by size, often.
_WRITER = """
import asyncio, os, sys
from pathlib import Path
from gateway.journal.writer import Journal
from gateway.settings import Settings
from gateway.words import Outcome

async def client(journal, first):
    for n in range(first, first + 1_000_000):
        await journal.append(Outcome([b'{"n":%d,"x":"%s"}' % (n, b"x" * (n % 3000))], []))
        os.write(1, b"%d\\n" % n)

async def main():
    journal = Journal(Path(sys.argv[1]), "collect-0", Settings(segment_limit_bytes=50_000))
    await asyncio.gather(*[client(journal, int(sys.argv[2]) + k * 1_000_000) for k in range(8)])

asyncio.run(main())
"""


def _run_and_kill(folder: Path, first: int, after_s: float) -> list[int]:
    """What a writer acknowledged before it was killed."""
    command = [sys.executable, "-c", _WRITER, str(folder), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        told = writer.stdout.readline()
        time.sleep(after_s)
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.read()
    return [int(line) for line in told.splitlines() if line]


def _tear(folder: Path, dice: random.Random) -> None:
    """What a power cut may leave in the room after the frames: part of one that was never acknowledged, or zeros."""
    frame = segment.frame([segment.section_of("events", [b'{"n":-1}'] * 9)])
    begun = [path for path in folder.glob("*.[on]*") if path.read_bytes().startswith(segment.header())]
    for path in begun:
        tail = frame[: dice.randrange(1, len(frame))] if dice.random() < 0.7 else b"\0" * dice.randrange(1, 5000)
        with path.open("r+b") as file:
            file.seek(len(path.read_bytes().rstrip(b"\0")))
            file.write(tail)


def _read(folder: Path) -> list[int]:
    found = []
    for path in folder.glob("*.sealed"):
        read = segment.read_segment(path.read_bytes())
        assert read.damages == ()
        found += [orjson.loads(line)["n"] for section in read.sections for line in bytes(section.payload).splitlines()]
    return found


def test_what_was_acknowledged_before_a_kill_is_read_once(tmp_path: Path) -> None:
    dice = random.Random(9)
    acknowledged: list[int] = []
    for kill in range(KILLS):
        acknowledged += _run_and_kill(tmp_path, kill * 10_000_000, dice.random() * 0.15)
        if dice.random() < 0.5:
            _tear(tmp_path, dice)
        adopt_orphans(Disk(), tmp_path)
        assert not list(tmp_path.glob("*.[on]*"))
    found = _read(tmp_path)
    assert len(acknowledged) > KILLS * 5
    assert set(acknowledged) - set(found) == set()
    assert len(found) == len(set(found))
    assert -1 not in found
