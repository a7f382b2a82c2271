"""A served gateway sends copies on: over real sockets, through kill -9 of the forwarder, a reload, and an upstream that
is down. At least once: nothing that was acknowledged is missing at the upstream."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from gateway.intake.subject import FoundBy, Said, find_person
from gateway.journal import segment
from gateway.journal.keyring import Keyring
from tests.forwarding import DENIED, SECRET, events, gateway_yml, hit, two_destinations, write
from tests.serving import GATEWAY, ROOT, Served, serving
from tests.upstream import Asked, Say, Upstream, serving_upstream


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GA4_API_SECRET", SECRET)


def wait(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def kill_forwarder(served: Served) -> None:
    with contextlib.suppress(KeyError):
        served.processes()["forward"].kill()


def test_no_copy_is_lost_when_the_forwarder_is_killed_again_and_again(tmp_path: Path) -> None:
    with serving_upstream() as upstream:

        def slowly(_: Asked) -> Say:
            time.sleep(0.05)
            return Say(204)

        upstream.answer = slowly
        with serving(tmp_path / "data", "--config", str(write(tmp_path, upstream))) as served:
            with httpx.Client() as client:
                for number in range(300):
                    answer = client.post(served.url + hit("111.222", "search", **{"ep.search_term": f"term{number}"}))
                    assert answer.headers["x-gateway-outcome"] == "facts=1 refused=0"
            for count in (10, 60, 130, 200):
                wait(partial(has_heard, upstream, count), 30)
                kill_forwarder(served)
            wait(lambda: len(terms(events(upstream))) == 300, 30)
            assert served.stop() == 0
        count = len(events(upstream))
        print(f"\n300 copies, 4 kills, {count} deliveries, {count - 300} of them repeated")
        assert list((tmp_path / "data" / "forward").rglob("*.sealed")) == []


def has_heard(upstream: Upstream, count: int) -> bool:
    return len(upstream.asked) >= count


def terms(found: list[dict[str, dict[str, str]]]) -> set[str]:
    return {event["params"]["search_term"] for event in found}


def test_what_waits_while_the_upstream_is_down_arrives_and_what_was_withdrawn_does_not(tmp_path: Path) -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: Say(503)
        with serving(tmp_path / "data", "--config", str(write(tmp_path, upstream))) as served:
            for client in ("1.1", "2.2", "3.3"):
                httpx.post(served.url + hit(client))
            wait(lambda: len(upstream.asked) >= 3)
            httpx.post(served.url + hit("2.2", consent=DENIED))
            upstream.asked.clear()
            upstream.answer = lambda _: Say(204)
            metrics = served.admin + "/metrics"
            wait(
                lambda: (
                    'gateway_forwarded_events_total{destination="google",site="shop"} 2.0' in httpx.get(metrics).text
                )
            )
            said = httpx.get(metrics).text
            assert 'gateway_forward_stopped_total{destination="google",reason="withdrawn",site="shop"} 1.0' in said
            assert len(events(upstream)) == 2
            served.wait_for("SELECT count() FROM gateway.events", 4)
        said_aloud = "".join(served.lines)
        assert not [word for word in (SECRET, "1.1.", "jane") if word in said_aloud]


def test_a_segment_of_a_newer_gateway_stays_and_is_told(tmp_path: Path) -> None:
    newer = tmp_path / "data" / "forward" / "shop.google" / "collect-9-1.sealed"
    newer.parent.mkdir(parents=True)
    newer.write_bytes(segment.header(segment.VERSION + 1))
    told = 'gateway_forward_newer_segments{destination="google",site="shop"} 1.0'
    with serving_upstream() as upstream:
        with serving(tmp_path / "data", "--config", str(write(tmp_path, upstream))) as served:
            wait(lambda: told in httpx.get(served.admin + "/metrics").text, 30)
            assert "Not sending to shop.google: segments were written by a newer gateway" in "".join(served.lines)
        assert upstream.asked == []
    assert newer.exists()


def test_what_waits_of_somebody_who_is_erased_is_found_first_and_never_sent(tmp_path: Path) -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: Say(503)
        config = write(tmp_path, upstream)
        with serving(tmp_path / "data", "--config", str(config)) as served:
            for client in ("1.1", "2.2", "3.3"):
                httpx.post(served.url + hit(client))
            wait(lambda: len(upstream.asked) >= 3)
            assert "forwarder queues: 1 rows" in privacy(served, config, "access")
            assert re.search(r"forwarder queues +1 rows removed, 0 left", privacy(served, config, "erase"))
            assert "forwarder queues: 0 rows" in privacy(served, config, "access")
            upstream.asked.clear()
            upstream.answer = lambda _: Say(204)
            wait(lambda: not list((tmp_path / "data" / "forward").rglob("*.sealed")), 60)
            stopped = 'gateway_forward_stopped_total{destination="google",reason="withdrawn",site="shop"} 1.0'
            wait(lambda: stopped in httpx.get(served.admin + "/metrics").text)
            assert len(events(upstream)) == 2


def test_an_erasure_reaches_every_byte_of_two_queues_through_kills_of_the_forwarder(tmp_path: Path) -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: Say(503)
        config = tmp_path / "gateway.yml"
        written, policy = two_destinations(upstream)
        config.write_text(written)
        (tmp_path / "policy.yml").write_bytes(policy)
        with serving(tmp_path / "data", "--config", str(config)) as served:
            for number in range(60):
                client, term = ("2.2", f"canaryterm{number}") if number % 3 == 0 else (f"{number}.1", f"term{number}")
                assert httpx.post(served.url + hit(client, "search", **{"ep.search_term": term})).status_code == 204
            wait(lambda: len(upstream.asked) >= 2)
            traces = pseudonyms_of(served.data, "2.2")
            assert len(traces) == 2
            assert all(trace in resting(served.data) for trace in traces)
            told = erase_through_kills(served, config, 5)
            assert re.search(r"forwarder queues +40 rows removed, 0 left", told)
            everything = resting(served.data)
            assert [trace for trace in traces if trace in everything] == []
            # the engine's old parts, which hold the term, leave the disk after old_parts_lifetime
            assert b"canaryterm" not in resting(served.data, besides="warehouse")
            assert re.search(r"forwarder queues +0 rows removed, 0 left", privacy(served, config, "erase"))
            upstream.asked.clear()
            upstream.answer = lambda _: Say(204)
            wait(lambda: not list((tmp_path / "data" / "forward").rglob("*.sealed")), 60)
        sent = Counter(event["params"]["search_term"] for event in events(upstream))
        assert sent == Counter({f"term{number}": 2 for number in range(60) if number % 3})


def erase_through_kills(served: Served, config: Path, kills: int) -> str:
    """What the command says that runs while the forwarder is killed again and again."""
    command = subprocess.Popen(line("erase", served, config), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    for _ in range(kills):
        time.sleep(0.4)
        kill_forwarder(served)
    told, _ = command.communicate(timeout=120)
    assert command.returncode == 0, told
    return told


def pseudonyms_of(data: Path, client: str) -> list[bytes]:
    """Of a person at both destinations."""
    keys, said = Keyring(data / "keys").existing("shop"), Said(FoundBy.CLIENT_ID, client)
    scopes = [f"shop\0{destination}" for destination in ("google", "partner")]
    return [each.encode() for scope in scopes for each in find_person(scope, said, keys).visitors]


def resting(data: Path, besides: str = "") -> bytes:
    """All bytes of all files of the data folder, but those of one part of it."""
    found = [file for file in data.rglob("*") if file.relative_to(data).parts[0] != besides]
    with contextlib.suppress(FileNotFoundError):
        return b"".join(file.read_bytes() for file in found if file.is_file())
    return resting(data, besides)  # one went meanwhile


def privacy(served: Served, config: Path, what: str) -> str:
    command = line(what, served, config)
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, check=True).stdout


def line(what: str, served: Served, config: Path) -> list[str]:
    return [*GATEWAY, "privacy", what, "--client-id", "2.2", "--data", str(served.data), "--config", str(config)]


def test_a_destination_that_is_taken_out_gets_nothing_more_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: Say(503)
        config = write(tmp_path, upstream)
        with serving(tmp_path / "data", "--config", str(config)) as served:
            httpx.post(served.url + hit("1.1"))
            wait(lambda: len(upstream.asked) >= 1)
            config.write_text(re.sub(r"    forward:.*", "", gateway_yml(upstream), flags=re.S))
            wait(lambda: not list((tmp_path / "data" / "forward").rglob("*.sealed")))
            upstream.asked.clear()
            upstream.answer = lambda _: Say(204)
            answer = httpx.post(served.url + hit("1.1"))
            assert answer.headers["x-gateway-outcome"] == "facts=1 refused=0"
            time.sleep(2.0)
            assert upstream.asked == []
