"""Proof of choice over a served gateway: one record per change, a chain that shows what was touched, no raw string."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
import orjson
import pytest

from tests.serving import GATEWAY, ROOT, Served, serving

_EVERYTHING = {"counting": True, "analytics": True, "personalise": True, "ad_measurement": True, "ad_targeting": True}
_PARTLY = {**_EVERYTHING, "personalise": False, "ad_measurement": False, "ad_targeting": False}
_NOTHING = dict.fromkeys(_EVERYTHING, False)
_ROWS = "SELECT action, yes, no, before, allowed, toString(subject) FROM gateway.consent_ledger ORDER BY chain, seq"
_NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data") as gateway:
        yield gateway


def say(served: Served, purposes: dict[str, bool], client_id: str = "canary-client-7c1e", **more: Any) -> None:
    consent = {"choice": "explicit", "at": "2026-11-22T08:15:00.123Z", "purposes": purposes, **more}
    event = {"event": "page_view", "client_id": client_id, "page": {"url": "https://shop.example/"}}
    hit = {"site": "demo", "consent": consent, "events": [event]}
    answer = httpx.post(f"{served.url}/collect", json=hit)
    assert answer.status_code == 204


def run(served: Served, *arguments: str) -> tuple[int, str]:
    command = [*GATEWAY, *arguments, "--data", str(served.data)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stdout + ended.stderr


def wait_for_rows(served: Served, rows: int) -> None:
    served.wait_for("SELECT count() FROM gateway.consent_ledger", rows)


def change(served: Served, sql: str) -> None:
    """As somebody would who may write to the warehouse."""
    endpoint = orjson.loads((served.data / "run" / "warehouse.json").read_bytes())
    client = clickhouse_connect.get_client(
        dsn=endpoint["url"].replace("clickhouse://", "http://"), autogenerate_session_id=False
    )
    client.command(sql, settings={"mutations_sync": 2})
    client.close()


def test_yes_then_partly_then_withdrawn_are_three_records_however_many_hits(served: Served) -> None:
    for purposes in (_EVERYTHING, _PARTLY, _NOTHING):
        for _ in range(3):
            say(served, purposes)
    wait_for_rows(served, 3)
    rows = served.ask(_ROWS)
    every, some = list(_EVERYTHING), ["counting", "analytics"]
    assert [row[:4] for row in rows] == [
        ("given", every, [], []),
        ("changed", some, every[2:], every),
        ("withdrawn", [], every, some),
    ]
    assert [row[4] for row in rows] == [["operations", *every], ["operations", *some], ["operations"]]
    assert len({row[5] for row in rows}) == 1
    assert rows[0][5] != _NOBODY
    code, told = run(served, "privacy", "verify")
    assert (code, told.splitlines()[-1][:36]) == (0, "ok    3 proofs of choice in 1 chains"), told


def test_a_no_without_a_yes_before_leads_to_nobody_and_to_no_time_of_day(served: Served) -> None:
    for number in range(5):
        say(served, _NOTHING, client_id=f"refuser-{number}")
    say(served, _EVERYTHING, client_id="somebody-else")
    wait_for_rows(served, 2)
    told = served.ask(
        "SELECT action, toString(subject), text_hash, toString(toTime(decided_at)), toSecond(received_at) "
        "FROM gateway.consent_ledger WHERE action = 'refused'"
    )
    assert [(row[0], row[1], row[2], row[3][-8:], row[4]) for row in told] == [("refused", _NOBODY, "", "00:00:00", 0)]


def test_a_changed_row_is_named_as_the_first_broken_link(served: Served) -> None:
    for purposes in (_EVERYTHING, _PARTLY, _NOTHING):
        say(served, purposes)
    wait_for_rows(served, 3)
    change(served, "ALTER TABLE gateway.consent_ledger UPDATE yes = ['ad_targeting'] WHERE seq = 2")
    code, told = run(served, "privacy", "verify")
    chain, entry = served.ask("SELECT toString(chain), toString(entry_id) FROM gateway.consent_ledger WHERE seq = 2")[0]
    assert code == 1
    broken = (
        f"BROKEN  entry 2 of chain {chain} (receipt {entry.replace('-', '')}) of the consent ledger: it was changed"
    )
    assert broken in told
    code, told = run(served, "privacy", "receipt", entry)
    assert (code, "NOT GENUINE" in told) == (1, True)


@pytest.mark.parametrize(("where", "named"), [("seq = 2", "entry 2"), ("seq = 3", "entry 3"), ("1", "entry 1")])
def test_a_row_that_is_gone_is_named_also_at_the_end_and_also_if_none_is_left(
    served: Served, where: str, named: str
) -> None:
    for purposes in (_EVERYTHING, _PARTLY, _NOTHING):
        say(served, purposes)
    wait_for_rows(served, 3)
    change(served, f"ALTER TABLE gateway.consent_ledger DELETE WHERE {where}")
    code, told = run(served, "privacy", "verify")
    assert (code, f"BROKEN  {named} of chain" in told, "it is gone" in told) == (1, True, True), told


def test_kill_9_in_the_middle_keeps_the_chain_whole_and_every_acknowledged_choice(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = Served(data)
    for number in range(40):
        say(first, _EVERYTHING, client_id=f"person-{number}")
        if number == 20:
            os.kill(first.processes()["collect-0"].pid, signal.SIGKILL)
            time.sleep(0.2)
            wait_until_ready(first)
    first.kill_everything()
    with serving(data) as again:
        say(again, _PARTLY, client_id="person-1")
        wait_for_rows(again, 41)
        assert again.ask("SELECT uniqExact(subject), uniqExact(chain) FROM gateway.consent_ledger") == [(40, 3)]
        code, told = run(again, "privacy", "verify")
        assert (code, "41 proofs of choice in 3 chains" in told) == (0, True), told


def test_a_withdrawal_after_kill_9_is_still_that_persons(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = Served(data)
    say(first, _EVERYTHING)
    first.kill_everything()
    with serving(data) as again:
        say(again, _NOTHING)
        say(again, _NOTHING, client_id="who-never-said-yes")
        wait_for_rows(again, 3)
        rows = again.ask(_ROWS)
        assert sorted(row[0] for row in rows) == ["given", "refused", "withdrawn"]
        assert len({row[5] for row in rows if row[0] != "refused"}) == 1


def wait_until_ready(served: Served) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            if httpx.get(f"{served.url}/readyz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError("the collect process did not come back")


def test_a_receipt_is_shown_to_people_and_can_be_checked_by_anybody(served: Served) -> None:
    say(served, _EVERYTHING, notice="2026-11-01.2")
    wait_for_rows(served, 1)
    code, told = run(served, "privacy", "receipt", "--client-id", "canary-client-7c1e")
    assert code == 0
    for part in ("consent was given", "notice    2026-11-01.2", "decided 2026-11-22T08:15:00.123Z", ": genuine"):
        assert part in told
    code, text = run(served, "privacy", "receipt", "--client-id", "canary-client-7c1e", "--format", "json")
    shown = orjson.loads(text)
    assert (code, shown["genuine"], orjson.loads(shown["proof"])) == (0, True, shown["receipt"])
    assert run(served, "privacy", "receipt", "--client-id", "nobody")[0] == 1


def test_what_was_said_lies_in_no_file_in_its_own_words(served: Served) -> None:
    say(served, _EVERYTHING, notice="canary-notice-41f7")
    say(served, _NOTHING, client_id="canary-refuser-02aa", tcf="canary-tcf-88b2")
    wait_for_rows(served, 2)
    assert served.ask("SELECT groupArray(notice) FROM gateway.consent_ledger") == [(["", ""],)]
    served.stop()
    canaries = (b"canary-client-7c1e", b"canary-refuser-02aa", b"canary-notice-41f7", b"canary-tcf-88b2")
    found = [
        (str(file.relative_to(served.data)), canary)
        for file in served.data.rglob("*")
        if file.is_file()
        for canary in canaries
        if canary in file.read_bytes()
    ]
    assert found == []


def test_decisions_are_counted_by_day_and_a_draft_is_simulated_on_them(served: Served) -> None:
    for number in range(4):
        say(served, _PARTLY, client_id=f"person-{number}")
    say(served, _NOTHING)
    served.wait_for("SELECT sum(events) FROM gateway.decisions", 5)
    code, told = run(served, "policy", "simulate", "starter:strictest", "--format", "json")
    assert code == 0, told
    outcomes = {row["purpose"]: row for row in orjson.loads(told)}
    assert outcomes["analytics"] == {
        "place": "unknown",
        "purpose": "analytics",
        "before": 4,
        "after": 4,
        "gained": 0,
        "lost": 0,
    }
    assert run(served, "policy", "simulate", "starter:strictest", "--site", "another")[0] == 1
