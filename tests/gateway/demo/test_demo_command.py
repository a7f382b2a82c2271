"""`gateway demo` as a person runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.commands.demo import demo

#: A recorder in a process of its own, which prints its port and answers until it is ended.
_SERVER = """
import asyncio
from tests.gateway.demo.gatewaylike import recording

async def run():
    async with recording() as (_, address):
        print(address.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(run())
"""


@pytest.fixture
def url() -> Iterator[str]:
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True, cwd=root) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        os.kill(server.pid, signal.SIGTERM)


def test_it_sends_says_what_was_told_and_writes_the_truth(url: str, tmp_path: Path) -> None:
    file = tmp_path / "truth.json"

    ran = CliRunner().invoke(demo, ["--visitors", "30", "--seed", "4", "--url", url, "--truth", str(file)])

    assert ran.exit_code == 0, ran.output
    truth = json.loads(file.read_text("utf-8"))
    hits = truth["hits"]["good"] + truth["hits"]["bad"]
    assert re.search(
        rf"^Sent {hits:,} hits in \d+\.\d s, {truth['hits']['bad']} of them bad on purpose; ", ran.output, re.M
    )
    assert f"Answers: 204 × {hits:,}." in ran.output
    assert f"The gateway told: {truth['hits']['good']:,} facts, 0 refused" in ran.output
    assert ran.output.count('gateway sql "SELECT ') == 3
    assert "windowFunnel" in ran.output
    assert truth["plan"]["visitors"] == 30


def test_it_says_when_the_facts_told_are_not_those_of_the_strictest_policy(url: str) -> None:
    ran = CliRunner().invoke(demo, ["--visitors", "5", "--url", url])

    assert "this gateway has another policy" in ran.output


def test_without_a_gateway_it_says_to_start_one_and_fails() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    ran = CliRunner().invoke(demo, ["--visitors", "5", "--url", f"http://127.0.0.1:{port}"])

    assert ran.exit_code == 1
    assert f"Error: Nothing answers at http://127.0.0.1:{port}. Start it first: gateway serve" in ran.output
    assert "Traceback" not in ran.output


@pytest.mark.parametrize(
    "wrong",
    [["--url", "localhost"], ["--days", "30"], ["--visitors", "0"], ["--rate", "-1"], ["--truth", "/nowhere/at/all"]],
)
def test_wrong_use_is_told_before_anything_is_sent(wrong: list[str]) -> None:
    ran = CliRunner().invoke(demo, wrong)

    assert ran.exit_code == 2
    assert "Error: Invalid value for" in ran.output


def test_help_has_an_example() -> None:
    ran = CliRunner().invoke(demo, ["--help"])

    assert "gateway demo --visitors 1000 --truth truth.json" in ran.output
