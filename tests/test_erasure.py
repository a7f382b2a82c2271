"""A person's request, end to end: one demo visitor of many is erased, nobody else is touched, and no old row returns.

`GATEWAY_VISITORS=10000 pytest tests/test_erasure.py` for the promised size; 200 otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import orjson
import pytest

from gateway.demo.people import invent
from gateway.demo.words import Person
from gateway.intake.subject import FoundBy, Said, find_person
from gateway.journal.keyring import Keyring
from tests.serving import GATEWAY, ROOT, Served, serving

VISITORS = int(os.environ.get("GATEWAY_VISITORS", "200"))
SEED = 6

#: Of everybody but the erased: how many rows, and a sum over which rows they are.
OTHERS = "SELECT count(), sum(cityHash64(event_id, event, visitor, value)) FROM gateway.events WHERE visitor != '{0}'"

#: Views that tell of single people, and the column that does.
VIEWS = {
    "sessions": "visitor",
    "funnel_steps": "actor",
    "micro_conversions": "visitor",
    "conversions": "visitor",
    "events": "visitor",
}


class Erased(NamedTuple):
    """A gateway whose demo visitor was erased while segments waited: what was so before, what was said."""

    served: Served
    visitor: UUID
    person: Person
    rows: int
    others: list[Any]
    days: int
    said: str
    receipt: Path
    copies: Path


def command(served: Served, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """A `gateway privacy` command on the served data."""
    line = [*GATEWAY, "privacy", *words, "--data", str(served.data)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, cwd=ROOT, input=said, check=False)


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erased]:
    folder = tmp_path_factory.mktemp("erasure")
    with serving(folder / "data") as served:
        loader = served.processes()["load"]
        loader.send_signal(signal.SIGSTOP)  # so that there are segments to copy, as a backup would
        options = ["--visitors", str(VISITORS), "--seed", str(SEED), "--url", served.url]
        done = subprocess.run(
            [*GATEWAY, "demo", *options, "--truth", str(folder / "truth.json")], cwd=ROOT, check=True, timeout=900,
            capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0
        truth = json.loads((folder / "truth.json").read_text("utf-8"))
        until(lambda: not list((served.data / "journal").glob("*.open")), seconds=30)
        copies = folder / "copies"
        copies.mkdir()
        for file in (served.data / "journal").glob("*.sealed"):
            shutil.copy2(file, copies)
        loader.send_signal(signal.SIGCONT)
        served.wait_for("SELECT count() FROM gateway.events", truth["facts"]["events"], 180)
        yield erase_one(served, truth["plan"]["now"], folder)


def erase_one(served: Served, now: float, folder: Path) -> Erased:
    """Erases the demo visitor with the most rows."""
    top = "SELECT visitor, count() FROM gateway.events WHERE visitor_kind = 'durable' GROUP BY 1"
    visitor, rows = served.ask(f"{top} ORDER BY 2 DESC LIMIT 1")[0]
    person = person_of(served, visitor, now)
    others = served.ask(OTHERS.format(visitor))
    days = served.ask("SELECT sum(events) FROM gateway.daily")[0][0]
    receipt = folder / "receipt.json"
    done = command(served, "erase", "--client-id", "-", "--receipt", str(receipt), said=person.client_id + "\n")
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return Erased(served, visitor, person, rows, others, days, done.stdout, receipt, folder / "copies")


def person_of(served: Served, visitor: UUID, now: float) -> Person:
    """The demo's person behind a pseudonym."""
    keys = Keyring(served.data / "keys").existing("demo")
    return next(
        each for each in (invent(SEED, index, now) for index in range(VISITORS))
        if visitor.hex in find_person("demo", Said(FoundBy.CLIENT_ID, each.client_id), keys).visitors
    )  # fmt: skip


def until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)


def rows_of(served: Served, visitor: UUID) -> dict[str, int]:
    """Rows of that visitor, by table and view."""
    return {
        name: served.ask(f"SELECT count() FROM gateway.{name} WHERE {column} = '{visitor}'")[0][0]
        for name, column in VIEWS.items()
    }


def test_no_table_view_or_journal_file_has_a_row_of_the_person_and_everyone_else_is_as_before(erased: Erased) -> None:
    assert erased.rows > 10
    assert f"{erased.rows:,} rows removed, 0 left" in erased.said
    assert rows_of(erased.served, erased.visitor) == dict.fromkeys(VIEWS, 0)
    assert erased.served.ask(OTHERS.format(erased.visitor)) == erased.others
    assert erased.served.ask("SELECT sum(events) FROM gateway.daily") == [(erased.days - erased.rows,)]
    assert erased.served.ask("SELECT sum(events) FROM gateway.hourly") == [(erased.days - erased.rows,)]
    for file in (erased.served.data / "journal").rglob("*"):
        assert file.is_dir() or erased.visitor.hex.encode() not in file.read_bytes()


def test_an_erasure_is_written_down_without_the_identifier(erased: Erased) -> None:
    everything = "".join(map(str, erased.served.ask("SELECT * FROM gateway.erasures FINAL")))
    everything += "".join(map(str, erased.served.ask("SELECT * FROM gateway.tombstones FINAL")))
    assert "verified" in everything
    for said in (everything, erased.said, erased.receipt.read_text(), "".join(erased.served.lines)):
        assert erased.person.client_id not in said


def test_access_after_erasure_finds_nothing_and_of_somebody_else_everything(erased: Erased) -> None:
    gone = command(erased.served, "access", "--client-id", erased.person.client_id, "--format", "json")
    left = {store: rows for store, rows in orjson.loads(gone.stdout)["held"].items() if rows}
    assert set(left) <= {"gateway.consent_ledger"}  # proofs of choice are kept (GDPR 17(3)(e)); they lead to no fact
    assert str(erased.visitor) not in gone.stdout
    some = "SELECT visitor, count() FROM gateway.events WHERE visitor_kind = 'durable' AND adapter = 'own' GROUP BY 1"
    visitor, rows = erased.served.ask(f"{some} ORDER BY 2 DESC LIMIT 1")[0]
    other = person_of(erased.served, visitor, time.time())  # only GA4's ids hold the moment of the demo
    held = orjson.loads(command(erased.served, "access", "--client-id", other.client_id, "--format", "json").stdout)
    assert (rows > 5, len(held["held"]["gateway.events"])) == (True, rows)


def test_a_receipt_verifies_and_tampering_with_it_is_detected(erased: Erased, tmp_path: Path) -> None:
    genuine = command(erased.served, "receipt", str(erased.receipt))
    assert (genuine.returncode, "unchanged" in genuine.stdout) == (0, True)
    request = orjson.loads(erased.receipt.read_bytes())["receipt"]["request"]
    assert command(erased.served, "receipt", request).returncode == 0
    forged = tmp_path / "forged.json"
    forged.write_text(erased.receipt.read_text().replace(f'"removed":{erased.rows}', f'"removed":{erased.rows + 1}'))
    assert forged.read_text() != erased.receipt.read_text()
    told = command(erased.served, "receipt", str(forged))
    assert (told.returncode, "was changed" in told.stdout) == (1, True)


def test_a_second_request_of_the_same_person_finds_nothing_and_is_fine(erased: Erased) -> None:
    again = command(erased.served, "erase", "--client-id", erased.person.client_id)
    assert again.returncode == 0, again.stderr
    told = [line for line in again.stdout.splitlines() if "rows removed" in line]
    assert len(told) >= 3
    assert [line for line in told if " 0 rows removed" not in line] == []


def test_replayed_segments_and_late_events_do_not_bring_the_person_back(erased: Erased) -> None:
    served = erased.served
    replayed = 0
    for file in erased.copies.iterdir():
        target = served.data / "journal" / f"replayed-{file.name}"
        shutil.copy(file, target.with_suffix(".part"))
        target.with_suffix(".part").rename(target)
        replayed += 1
    assert replayed
    late = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))}
    assert collected(served, erased.person.client_id, **late) == "facts=1 refused=0"
    until(lambda: not list((served.data / "journal").glob("*.sealed")), seconds=60)
    left_out = f"gateway_erased_rows_total {erased.rows + 1:.1f}"  # all that were replayed, and the late one
    until(lambda: left_out in httpx.get(served.admin + "/metrics").text, seconds=20)
    assert served.ask(OTHERS.format(erased.visitor)) == erased.others, "what others sent is there already: left out too"
    assert rows_of(served, erased.visitor) == dict.fromkeys(VIEWS, 0)
    assert command(served, "verify").returncode == 0


def test_somebody_who_comes_back_and_agrees_again_is_a_visitor_like_any_other(erased: Erased) -> None:
    before = rows_of(erased.served, erased.visitor)["events"]
    assert collected(erased.served, erased.person.client_id) == "facts=1 refused=0"
    erased.served.wait_for(f"SELECT count() FROM gateway.events WHERE visitor = '{erased.visitor}'", before + 1)


def collected(served: Served, client_id: str, **more: str) -> str:
    """What the gateway says of one consented page view."""
    event = {"event": "page_view", "client_id": client_id, **more}
    consent = {"choice": "explicit", "purposes": {"analytics": True}}
    answer = httpx.post(served.url + "/collect", json={"site": "demo", "consent": consent, "events": [event]})
    return answer.headers["x-gateway-outcome"]


def test_a_request_that_was_killed_goes_on_as_the_same_request(erased: Erased) -> None:
    served = erased.served
    loader = served.processes()["load"]
    loader.send_signal(signal.SIGSTOP)
    try:
        collected(served, "killed")
        until(lambda: bool(list((served.data / "journal").glob("*.sealed"))), seconds=10)
        line = [*GATEWAY, "privacy", "erase", "--client-id", "killed", "--data", str(served.data)]
        cut_off = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        asked = "SELECT toString(request) FROM gateway.erasures FINAL WHERE state = 'asked'"
        until(lambda: bool(served.ask(asked)), seconds=20)
        cut_off.kill()
        cut_off.wait()
    finally:
        loader.send_signal(signal.SIGCONT)
    ((request,),) = served.ask(asked)
    again = command(served, "erase", "--client-id", "killed")
    assert (again.returncode, request in again.stdout) == (0, True), again.stdout + again.stderr
    assert served.ask(asked) == []


def test_a_key_that_is_gone_is_told_plainly(erased: Erased, tmp_path: Path) -> None:
    url = orjson.loads((erased.served.data / "run" / "warehouse.json").read_bytes())["url"]
    line = [*GATEWAY, "privacy", "access", "--client-id", "me", "--warehouse", url, "--data", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    assert "nothing can be linked any more" in done.stdout, done.stdout + done.stderr
    assert "made with keys that are destroyed: nobody can tell whose they are" in done.stdout


def test_the_answer_carries_the_cookie_where_storage_is_allowed_and_expires_it_where_not(erased: Erased) -> None:
    def answer(given: bool, cookie: str = "") -> httpx.Response:
        consent = {"choice": "explicit", "purposes": {"analytics": given}}
        hit = {"site": "demo", "consent": consent, "events": [{"event": "page_view"}]}
        return httpx.post(erased.served.url + "/collect", json=hit, headers={"Cookie": cookie} if cookie else {})

    first = answer(True)
    assert (first.status_code, first.headers["cache-control"]) == (204, "no-store, private")
    sent, _, attributes = first.headers["set-cookie"].partition(";")
    assert attributes == " Max-Age=33696000; Path=/; Secure; HttpOnly; SameSite=Lax"
    assert "set-cookie" not in answer(True, sent).headers
    assert answer(False, sent).headers["set-cookie"].startswith("_gw=; Max-Age=0;")
    assert "set-cookie" not in answer(False).headers
