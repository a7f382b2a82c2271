"""`gateway serve` as a newcomer meets it: ready in seconds, clear sentences, a clean end."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.serving import GATEWAY, ROOT, serving

HIT = {
    "site": "demo",
    "consent": {"choice": "explicit", "purposes": {"analytics": True}},
    "events": [{"event": "wishlist_add", "client_id": "me", "properties": {"product_id": "SKU-1", "price": 129.9}}],
}


def ended(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GATEWAY, "serve", *options], capture_output=True, text=True, timeout=30, cwd=ROOT, check=False
    )


def test_serve_needs_no_configuration_and_says_what_to_try(tmp_path: Path) -> None:
    with serving(tmp_path / "data", first=True) as served:
        said = "".join(served.lines)
        assert re.search(r"Gateway ready in \d+\.\d s\. Sites: demo", said)
        assert "loopback only" in said
        assert [word for word in ("curl -i", "gateway sql", "gateway demo") if word not in said] == []


def test_a_hit_is_acknowledged_and_visible_within_two_seconds(tmp_path: Path) -> None:
    """The quickest of three: the machine may have other things to do."""
    took = []
    with serving(tmp_path / "data") as served:
        for count in (1, 2, 3):
            answer = httpx.post(served.url + "/collect", json=HIT)
            assert (answer.status_code, answer.headers["x-gateway-outcome"]) == (204, "facts=1 refused=0")
            took.append(served.wait_for("SELECT count() FROM gateway.events", count))
        rows = served.ask("SELECT event, visitor_kind, product_id, toString(purposes) FROM gateway.events")
    assert rows == [("wishlist_add", "durable", "SKU-1", "['analytics']")] * 3
    assert min(took) < 2.0


def test_whoever_takes_hits_comes_first_where_cores_are_busy(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        nice = {name: process.nice() for name, process in served.processes().items()}
    assert nice == {"collect-0": 0, "engine": 5, "load": 5, "admin": 5}


def test_a_term_signal_drains_and_ends_with_zero_within_ten_seconds(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        httpx.post(served.url + "/collect", json=HIT)
        began = time.monotonic()
        assert served.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 10
    with serving(tmp_path / "data") as again:
        assert again.ask("SELECT count() FROM gateway.events") == [(1,)]


def test_a_port_in_use_gets_one_sentence_and_exit_code_two(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = ended("--data", str(tmp_path / "data"), "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"gateway: Port {port} on 127\.0\.0\.1 cannot be listened on .+\n", done.stderr)


def test_a_folder_that_cannot_be_made_gets_one_sentence_and_exit_code_two(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = ended("--data", str(tmp_path / "file" / "data"), "--port", "0")
    assert done.returncode == 2
    assert re.fullmatch(r"gateway: The data folder .+ cannot be used .+\n", done.stderr)


@pytest.mark.parametrize("command", ["serve", "collect", "load", "admin"])
def test_a_volume_that_takes_nothing_gets_one_sentence_and_exit_code_two(tmp_path: Path, command: str) -> None:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))

    words = [*GATEWAY, command, "--data", str(tmp_path / "data")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False, preexec_fn=full)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"gateway: The data folder .+ cannot be used .+\n", done.stderr)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("settings: {port: 8080, port: 8081}\n", "gateway.yml:1:"),
        ("settings: {prot: 8080}\n", "prot"),
        ("settings: {port: many}\n", "port"),
        ("sites: {shop: {policy: nowhere.yml}}\n", "nowhere.yml"),
        ("sites: [\n", "gateway.yml:"),
    ],
)
def test_a_broken_configuration_gets_one_sentence_and_exit_code_two(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "gateway.yml"
    file.write_text(text)
    done = ended("--config", str(file), "--data", str(tmp_path / "data"), "--port", "0", "--admin-port", "0")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert says in done.stderr


def test_the_starter_site_is_served_on_loopback_only(tmp_path: Path) -> None:
    done = ended("--data", str(tmp_path / "data"), "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "gateway init" in done.stderr


def test_a_second_gateway_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path / "data"):
        done = ended("--data", str(tmp_path / "data"), "--port", "0", "--admin-port", "0")
    assert done.returncode == 2
    assert "Another gateway runs" in done.stderr


def test_a_second_collect_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path / "data"):
        words = [*GATEWAY, "collect", "--data", str(tmp_path / "data"), "--port", "0"]
        done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Another gateway runs" in done.stderr


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        children = [process.pid for process in served.processes().values()]
        assert len(children) == 4
        served.stop(signal.SIGKILL)
        end = time.monotonic() + 30
        while time.monotonic() < end and any(Path(f"/proc/{pid}/stat").exists() for pid in children):
            time.sleep(0.05)
        assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def test_children_run_the_code_of_their_parent_whatever_lies_in_the_working_folder(tmp_path: Path) -> None:
    other = tmp_path / "gateway"
    other.mkdir()
    (other / "__init__.py").write_text("raise SystemExit('not this one')")
    command = [sys.executable, "-P", "-m", "gateway", "collect", "--data", str(tmp_path / "data"), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
    assert line.startswith("Collecting on http://127.0.0.1:")


def test_the_admin_port_shows_health_and_metrics(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        httpx.post(served.url + "/collect", json=HIT)
        facts = 'gateway_facts_total{adapter="own",site="demo"} 1.0'
        end = time.monotonic() + 30
        while facts not in httpx.get(served.admin + "/metrics").text:
            assert time.monotonic() < end
            time.sleep(0.1)
        page = httpx.get(served.admin + "/")
        assert (page.status_code, "facts made durable" in page.text) == (200, True)
        metrics = httpx.get(served.admin + "/metrics").text
        assert 'gateway_policy_info{hash="' in metrics
        assert 'gateway_build_info{compiled="no",python="' in metrics
        assert re.search(r'gateway_journal_age_seconds{process="collect-0"} \d', metrics)
        assert 'gateway_consent_unreadable_total{site="demo"} 0.0' in metrics
        assert httpx.get(served.admin + "/", headers={"host": "evil.example"}).status_code == 400


def test_keys_and_journal_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        httpx.post(served.url + "/collect", json=HIT)
        modes = {p.relative_to(tmp_path): os.stat(p).st_mode & 0o077 for p in (tmp_path / "data").iterdir()}
    assert {str(name) for name, mode in modes.items() if mode} == set()
