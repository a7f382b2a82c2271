"""A policy that changes while hits come in: a valid one takes over whole, a broken one is told and kept out."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.serving import GATEWAY, ROOT, Served, serving

HIT = {
    "site": "shop",
    "consent": {"choice": "explicit", "purposes": {"analytics": True}},
    "events": [{"event": "product_view", "client_id": "c", "properties": {"product_id": "SKU-1"}}],
}


def outcome(served: Served) -> str:
    return httpx.post(served.url + "/collect", json=HIT).headers["x-gateway-outcome"]


def wait_for(served: Served, expected: str, seconds: float = 30.0) -> None:
    until(lambda: outcome(served) == expected, seconds)


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true in time"
        time.sleep(0.1)


def readyz(served: Served) -> tuple[int, str]:
    answer = httpx.get(served.url + "/readyz")
    return answer.status_code, answer.text


def test_a_valid_policy_takes_over_and_a_broken_one_is_kept_out(tmp_path: Path) -> None:
    made = subprocess.run(
        [*GATEWAY, "init", str(tmp_path / "shop")], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert "serve --config" in made.stdout
    policy = tmp_path / "shop" / "policy.yml"
    text = policy.read_text()
    with serving(tmp_path / "data", "--config", str(tmp_path / "shop" / "gateway.yml")) as served:
        assert outcome(served) == "facts=1 refused=0"

        policy.write_text(
            text.replace("believe_yes_from: [gateway_sdk, ", "believe_yes_from: [").split("\nexamples:")[0]
        )
        until(lambda: "gateway_configuration_trouble 1.0" in httpx.get(served.admin + "/metrics").text)
        status, told = readyz(served)
        assert status == 200, "the last good policy keeps working"
        assert "the last good configuration stays in force" in told
        assert "policy.yml:" in told
        assert outcome(served) == "facts=1 refused=0"

        unbelieving = text.replace("believe_yes_from: [gateway_sdk, ", "believe_yes_from: [")
        kept = [line for line in unbelieving.splitlines() if "gateway_sdk: {" not in line or "operations: no" in line]
        policy.write_text("\n".join(kept) + "\n")
        wait_for(served, "facts=0 refused=1")
        assert readyz(served) == (200, "ready\n")

        policy.write_text(text)
        wait_for(served, "facts=1 refused=0")
    assert any("stays in force" in line for line in served.lines)
