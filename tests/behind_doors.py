"""A collect process without its socket: a real configuration, pipeline, keyring and journal; the clock is the test's.

    answers, rows = behind(tmp_path, GATEWAY_YML, script)

The script asks `Visitor.ask` and returns what it likes; `rows` are the facts that the journal holds afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from consent.starters import starter
from gateway.app import fetch_script, make_keyring
from gateway.configuration import read_configuration
from gateway.folders import Folders
from gateway.intake.pipeline import Pipeline
from gateway.journal import segment
from gateway.journal.disk_faulty import FaultyDisk
from gateway.journal.keyring import Keyring
from gateway.journal.writer import Journal
from gateway.settings import Settings
from gateway.web.collect import Collect, Limits
from gateway.web.copies import Copies
from gateway.web.doors import doors
from gateway.web.peers import Peers
from gateway.web.scripts import Scripts
from gateway.web.wire import Pending, Reply, Request

T = TypeVar("T")

#: 2026-11-22T08:00:00Z, when the recorded webhooks came.
AT = 1_795_334_400.0


class Heard(NamedTuple):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def outcome(self) -> str:
        return self.headers.get("x-gateway-outcome", "")


class Visitor:
    """Asks a collect process. `at` is its clock, in Unix seconds."""

    def __init__(self, collect: Collect, keyring: Keyring, disk: FaultyDisk, outbox_disk: FaultyDisk) -> None:
        self.collect = collect
        self.keyring = keyring
        self.disk = disk
        self.outbox_disk = outbox_disk
        self.at = AT
        collect.clock = lambda: self.at

    async def ask(self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Heard:
        """One request; a pending answer is waited for."""
        path, _, query = target.partition("?")
        told = {name.lower().encode(): text.encode() for name, text in (headers or {}).items()}
        reply = self.collect.answer(Request(method, path, query.encode(), told, body, "198.51.100.7"))
        return read_reply(await settled(reply))


async def settled(reply: Reply | Pending) -> Reply:
    """What leaves in the end."""
    if isinstance(reply, Reply):
        return reply
    await asyncio.wait([reply.future])
    return reply.otherwise if reply.future.exception() else reply.reply


def read_reply(reply: Reply) -> Heard:
    lines = [line.partition(": ") for line in reply.lines.decode().split("\r\n") if line]
    return Heard(reply.status, {name: text for name, _, text in lines}, reply.body)


def behind(
    folder: Path,
    gateway_yml: str,
    script: Callable[[Visitor], Awaitable[T]],
    policy: str | bytes = "strictest",
) -> tuple[T, list[dict[str, Any]]]:
    """What the script returned, and the facts that it left behind. May be called again on the same folder."""
    (folder / "gateway.yml").write_text(gateway_yml)
    (folder / "policy.yml").write_bytes(policy if isinstance(policy, bytes) else starter(policy))
    configuration = read_configuration(folder / "gateway.yml", secrets_of=("hooks", "forward"))
    folders = Folders(folder / "data")
    folders.make()
    keyring = make_keyring(folders, configuration.sites)
    keyring.refresh(AT)

    async def run() -> T:
        disk = FaultyDisk()
        journal = Journal(folders.journal, "collect-0", Settings(), disk)
        pipeline = Pipeline(configuration.sites, keyring.keys)
        collect = Collect(pipeline, journal, Peers(), Limits(1 << 21, 5))
        outboxes = FaultyDisk()
        collect.copies = Copies(lambda name: Journal(folders.forward / name, "collect-0", Settings(), outboxes))
        collect.copies.serve(configuration.sites)
        scripts = Scripts(fetch_script)
        scripts.terms = configuration.scripts
        scripts.start()
        collect.doors = doors(collect, keyring, scripts, folders.run)
        try:
            return await script(Visitor(collect, keyring, disk, outboxes))
        finally:
            scripts.close()
            await journal.close()
            await collect.copies.close()

    said = asyncio.run(run())
    return said, facts(folders.journal)


def facts(journal: Path) -> list[dict[str, Any]]:
    """The rows of stream `events` in a folder of segments."""
    found = [segment.read_segment(file.read_bytes()) for file in sorted(journal.glob("*.sealed"))]
    lines = [
        line for one in found for s in one.sections if s.stream == "events" for line in bytes(s.payload).split(b"\n")
    ]
    return [orjson.loads(line) for line in lines if line]
