"""Whatever ends early - the loader between any two steps, the connection at any place - each row is there once."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from gateway.journal.disk_faulty import FaultyDisk
from gateway.warehouse import load_statements as say
from gateway.warehouse.connect import WarehouseError, connect
from gateway.warehouse.engine_endpoint import Endpoint
from gateway.warehouse.intents import Intents, IntentUnreadable, LoadIntent
from gateway.warehouse.load import FAILURES, Loader
from gateway.warehouse.load_session import Session
from tests.gateway.warehouse.cutting import Cut, Proxy
from tests.gateway.warehouse.loading import KILLS, event, left, loader, numbers, quarantined, seal, tallied, tally


class Killed(BaseException):
    """Ends the loader where it stands, as a kill does: nothing catches it, nothing is tidied up."""


class Interrupted:
    """A client that dies before or after its n-th statement that changes anything."""

    def __init__(self, client: Client, kill: Callable[[str], None]) -> None:
        self._client, self._kill = client, kill
        self.url = getattr(client, "url", "")

    def command(self, statement: str, **more: Any) -> Any:
        self._kill("before")
        answer = self._client.command(statement, **more)
        self._kill("after")
        return answer

    def raw_insert(self, *args: Any, **more: Any) -> Any:
        self._kill("before")
        answer = self._client.raw_insert(*args, **more)
        self._kill("after")
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def _rows(site: str) -> list[bytes]:
    return [event(site, n) for n in range(30)]


def test_killed_between_any_two_steps_on_disk_it_loads_each_row_once(
    tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    """Places where the loader touches the disk, the ways of a refused row and of a damaged segment included.

    Every fifth one here, all of them with GATEWAY_KILLS above 20.
    """
    steps = 0
    for after in itertools.count(0, 1 if KILLS > 20 else 5):
        site, folder, disk = f"disk {after}", tmp_path / str(after), FaultyDisk()
        seal(folder, ("events", _rows(site)[:3]), ("tallies", [tally(site)]))
        damaged = seal(folder, ("events", [_rows(site)[3], event(site, 99, event_time="never")]))
        damaged.write_bytes(damaged.read_bytes() + b"not torn, but broken")
        disk.interrupt(after, Killed())
        with closing(loader(folder, endpoint.url, disk)) as first, suppress(Killed):
            first.run_once()
            steps = after
        with closing(loader(folder, endpoint.url)) as second:
            second.run_once()
            second.run_once()
        assert numbers(writer, site) == list(range(4)), after
        assert tallied(writer, site) == 2, after
        assert len(quarantined(folder)) == 1, after
        assert left(folder) == [], after
        if steps:
            break
    assert steps > 60


def test_killed_around_any_statement_it_loads_each_row_once(tmp_path: Path, endpoint: Endpoint, writer: Client) -> None:
    for after in range(12):
        site, folder = f"statement {after}", tmp_path / str(after)
        seal(folder, ("events", _rows(site)), ("tallies", [tally(site)]))
        left_to_live = [after]

        def kill(_moment: str, left_to_live: list[int] = left_to_live) -> None:
            left_to_live[0] -= 1
            if left_to_live[0] == -1:
                raise Killed

        client: Any = Interrupted(connect(endpoint.url), kill)
        connected: Callable[[], Client] = partial(lambda client: client, client)
        with closing(Loader(folder, connected)) as first, suppress(Killed):
            first.run_once()
        with closing(loader(folder, endpoint.url)) as second:
            second.run_once()
        assert numbers(writer, site) == list(range(30)), after
        assert tallied(writer, site) == 1, after
        assert left(folder) == [], after


def test_a_disk_that_fails_at_any_step_costs_time_and_no_row(
    tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    """The same loader goes on: an error is not a kill."""
    for after in range(0, 40, 1 if KILLS > 20 else 4):
        site, folder, disk = f"eio {after}", tmp_path / str(after), FaultyDisk()
        seal(folder, ("events", _rows(site)))
        disk.interrupt(after, OSError(28, "No space left on device"))
        with closing(loader(folder, endpoint.url, disk)) as made:
            for _ in range(3):
                try:
                    made.run_once()
                except OSError:
                    continue
        assert numbers(writer, site) == list(range(30)), after
        assert left(folder) == [], after


def _through(endpoint: Endpoint, proxy: Proxy) -> str:
    port = endpoint.url.rpartition(":")[2].split("/")[0]
    return endpoint.url.replace(f":{port}/", f":{proxy.port}/")


@pytest.fixture
def port(endpoint: Endpoint) -> int:
    return int(endpoint.url.rpartition(":")[2].split("/")[0])


@pytest.mark.parametrize("cut", [Cut.BEFORE_REQUEST, Cut.IN_REQUEST, Cut.BEFORE_ANSWER])
@pytest.mark.parametrize("table", ["events", "tallies"])
def test_a_connection_that_is_cut_in_an_insert_is_settled_by_counting(
    tmp_path: Path, endpoint: Endpoint, writer: Client, port: int, cut: Cut, table: str
) -> None:
    site, cuts = f"cut {cut.name} {table}", [cut]

    def choose(request: bytes) -> Cut:
        return cuts.pop() if cuts and b"INSERT INTO gateway." + table.encode() in request else Cut.NOWHERE

    with closing(Proxy(port, choose)) as proxy:
        seal(tmp_path, ("events", _rows(site)), ("tallies", [tally(site)]))
        with closing(loader(tmp_path, _through(endpoint, proxy))) as made:
            with pytest.raises(WarehouseError):
                made.run_once()
            assert cuts == []
            assert (made.run_once().batches, made.counts()["repaired"]) == (1, 1)
    assert numbers(writer, site) == list(range(30))
    assert tallied(writer, site) == 1
    batches = writer.query(f"SELECT uniqExact(batch) FROM gateway.events WHERE site = '{site}'").result_rows
    assert batches == [(1,)]


def test_connections_that_are_cut_anywhere_all_the_time_lose_and_double_nothing(
    tmp_path: Path, endpoint: Endpoint, writer: Client, port: int
) -> None:
    dice = random.Random(12)
    places = [Cut.NOWHERE] * 17 + [Cut.BEFORE_REQUEST, Cut.IN_REQUEST, Cut.BEFORE_ANSWER]
    with closing(Proxy(port, lambda _: dice.choice(places))) as proxy:
        for turn in range(8):
            seal(
                tmp_path,
                ("events", [event("storm", n) for n in range(turn * 20, turn * 20 + 20)]),
                ("tallies", [tally("storm")]),
            )
            with closing(loader(tmp_path, _through(endpoint, proxy))) as made:
                for _ in range(4):
                    try:
                        made.run_once()
                    except FAILURES:
                        continue
    with closing(loader(tmp_path, endpoint.url)) as made:
        made.run_once()
    assert numbers(writer, "storm") == list(range(160))
    assert tallied(writer, "storm") == 8
    assert left(tmp_path) == []


def test_an_insert_that_arrives_after_its_loader_was_replaced_stores_nothing(
    endpoint: Endpoint, writer: Client
) -> None:
    with closing(Session(connect(endpoint.url), "feedfacefeedface", lambda: 1.0)) as old:
        assert old.insert("events", 1, [event("zombie", 1) + b"\n"]) == 1
        with closing(Session(connect(endpoint.url), "feedfacefeedface", lambda: 0.5)) as new:
            assert new.fence.epoch > old.fence.epoch
            assert old.insert("events", 2, [event("zombie", 2) + b"\n"]) == 0
            assert new.insert("events", 3, [event("zombie", 3) + b"\n"]) == 1
            assert (old.holds_the_fence(), new.holds_the_fence()) == (False, True)
    assert numbers(writer, "zombie") == [1, 3]


def test_settling_waits_for_an_insert_of_ours_that_still_runs(endpoint: Endpoint) -> None:
    """A slow INSERT of a dead loader: its query id is seen until it has ended, and only then rows are counted."""
    identity = "beefbeefbeefbeef"
    slow = "INSERT INTO gateway.load_epochs SELECT 'slow' || toString(sleepEachRow(0.3)), 1 FROM numbers(4)"
    sending = connect(endpoint.url)

    def send() -> None:
        sending.command(slow, settings={"query_id": say.query_prefix(identity) + "7-events"})

    thread = threading.Thread(target=send)
    thread.start()
    with closing(connect(endpoint.url)) as watching:
        while not watching.query(say.still_running(identity, False)).result_rows[0][0]:
            assert thread.is_alive()
        with closing(Session(connect(endpoint.url), identity, lambda: 1.0)) as session:
            session.wait_for_the_rest()
            assert watching.query("SELECT count() > 0 FROM gateway.load_epochs WHERE loader LIKE 'slow%'").result_rows[
                0
            ][0]
    thread.join()
    sending.close()


def test_another_loader_that_takes_over_is_noticed(tmp_path: Path, endpoint: Endpoint, writer: Client) -> None:
    """Same identity, other machine: a copied data folder. The fence decides, nobody loads twice."""
    seal(tmp_path, ("events", [event("copy", 1)]))
    with closing(loader(tmp_path, endpoint.url)) as made:
        made.run_once()
        identity = (tmp_path / "loader.lock").read_text()
        with closing(Session(connect(endpoint.url), identity, lambda: 2e9)):
            seal(tmp_path, ("events", [event("copy", 2)]))
            with pytest.raises(WarehouseError, match="another loader has taken over"):
                made.run_once()
        assert numbers(writer, "copy") == [1]
        made.run_once()
    assert numbers(writer, "copy") == [1, 2]


def test_a_batch_that_is_there_in_part_is_taken_away_and_loaded_anew(
    tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    rows = _rows("part")
    path = seal(tmp_path, ("events", rows))
    with closing(Session(connect(endpoint.url), "0123456789abcdef", lambda: 1.0)) as dead:
        dead.insert("events", 77, [b"\n".join(rows[:11])])
        intents = Intents(FaultyDisk(), tmp_path)
        intents.write(LoadIntent(77, dead.fence.epoch, (path.name,), {"events": 30}))
    with closing(loader(tmp_path, endpoint.url)) as made:
        made.run_once()
    assert numbers(writer, "part") == list(range(30))
    assert writer.query("SELECT count() FROM gateway.events WHERE batch = 77").result_rows == [(0,)]


def test_a_batch_that_is_there_completely_is_not_loaded_again(
    tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    rows = _rows("whole")
    path = seal(tmp_path, ("events", rows))
    with closing(Session(connect(endpoint.url), "0123456789abcdef", lambda: 1.0)) as dead:
        dead.insert("events", 78, [b"\n".join(rows)])
        Intents(FaultyDisk(), tmp_path).write(LoadIntent(78, dead.fence.epoch, (path.name,), {"events": 30}))
    with closing(loader(tmp_path, endpoint.url)) as made:
        assert made.run_once().rows == {"events": 30}
    assert numbers(writer, "whole") == list(range(30))
    assert left(tmp_path) == []


def test_an_intent_that_cannot_be_read_stops_the_loader_and_says_what_to_do(
    tmp_path: Path, endpoint: Endpoint, writer: Client
) -> None:
    seal(tmp_path, ("events", [event("intent", 1)]))
    (tmp_path / "load.intent").write_bytes(b'00000000 ["load",1,1,["x.sealed"],{"events":1}]\n')
    with closing(loader(tmp_path, endpoint.url)) as made:
        with pytest.raises(IntentUnreadable, match=r"gateway\.load_batches"):
            made.run_once()
        assert numbers(writer, "intent") == []
        (tmp_path / "load.intent").unlink()
        made.run_once()
    assert numbers(writer, "intent") == [1]


def test_what_a_kill_left_half_made_does_not_stay(tmp_path: Path, endpoint: Endpoint) -> None:
    seal(tmp_path, ("events", [event("half", 1)]))
    for name in ("collect-0-1-a.sealed.part", "load.intent.new"):
        (tmp_path / name).write_bytes(b"half of some facts")
    with closing(loader(tmp_path, endpoint.url)) as made:
        made.run_once()
    assert left(tmp_path) == []


def test_a_row_that_the_warehouse_does_not_survive_is_isolated_while_the_others_load(
    tmp_path: Path, endpoint: Endpoint, writer: Client, port: int
) -> None:
    """The connection breaks whenever that row is sent, and only then."""

    def choose(request: bytes) -> Cut:
        return Cut.BEFORE_REQUEST if b"row that kills" in request else Cut.NOWHERE

    bad = event("killer", 5, page_path="row that kills")
    with closing(Proxy(port, choose)) as proxy, closing(loader(tmp_path, _through(endpoint, proxy))) as made:
        seal(tmp_path, ("events", [event("killer", n) for n in range(5)] + [bad]))
        number = 6
        for _ in range(60):
            seal(tmp_path, ("events", [event("killer", number)]))
            number += 1
            try:
                made.run_once()
            except FAILURES:
                continue
            if not left(tmp_path):
                break
    assert quarantined(tmp_path) == [bad]
    assert numbers(writer, "killer") == [n for n in range(number) if n != 5]
