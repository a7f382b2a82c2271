"""Webhooks, links and redirects over a served gateway: real sockets, two workers, kill -9, the real command."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest

from consent.starters import starter
from tests.serving import GATEWAY, ROOT, serving

SECRET = "typeform-secret"

YML = """
sites:
  shop:
    policy: policy.yml
    markets: [DE]
    mail: yes
    redirect_hosts: [shop.example]
    hooks: {typeform: {kind: typeform, secret: {env: TYPEFORM_SECRET}}}
"""

YES = json.dumps({"choice": "explicit", "purposes": {"analytics": True}})


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TYPEFORM_SECRET", SECRET)
    (tmp_path / "policy.yml").write_bytes(starter("strictest"))
    (tmp_path / "gateway.yml").write_text(YML)
    return tmp_path / "gateway.yml"


def delivery(event_id: str) -> tuple[bytes, dict[str, str]]:
    """A response of this moment, signed."""
    answer = {"type": "number", "number": 9, "field": {"id": "f1", "ref": "nps"}}
    told = {
        "form_id": "F1", "token": event_id, "submitted_at": datetime.now(UTC).isoformat(), "answers": [answer],
        "hidden": {"gateway_consent": YES, "client_id": "c-1"},
    }  # fmt: skip
    body = orjson.dumps({"event_id": event_id, "form_response": told})
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    return body, {"Typeform-Signature": f"sha256={signature}", "Content-Type": "application/json"}


def test_a_delivery_counts_once_whichever_worker_takes_it_and_whoever_is_killed(tmp_path: Path, config: Path) -> None:
    with serving(tmp_path / "data", "--config", str(config), "--workers", "2") as served:
        body, headers = delivery("e-1")
        url = served.url + "/hooks/typeform"
        answers = Counter(httpx.post(url, content=body, headers=headers).text.strip() for _ in range(20))
        assert answers == {"ok": 1, "replayed": 19}
        for worker in ("collect-0", "collect-1"):
            served.processes()[worker].kill()
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(served.url + "/readyz", timeout=1).status_code == 200:
                    break
            time.sleep(0.1)
        assert httpx.post(url, content=body, headers=headers, timeout=15).text.strip() == "replayed"
        forged = httpx.post(url, content=body.replace(b":9", b":1"), headers=headers, timeout=15)
        assert (forged.status_code, forged.text.strip()) == (401, "forged_signature")
        served.wait_for("SELECT count() FROM gateway.events WHERE event = 'survey_answer'", 1)
        served.wait_for("SELECT sum(events) FROM gateway.tallies WHERE refusal = 'replayed'", 20)
        served.wait_for("SELECT sum(events) FROM gateway.tallies WHERE refusal = 'forged_signature'", 1)
        assert served.ask("SELECT adapter, properties['rating'] FROM gateway.events") == [("typeform", "9")]
        assert SECRET not in "".join(served.lines)


def test_a_link_leads_where_the_command_signed_it_and_nothing_else_leads_anywhere(tmp_path: Path, config: Path) -> None:
    with serving(tmp_path / "data", "--config", str(config)) as served:
        done = subprocess.run(
            [*GATEWAY, "mail", "sign-link", "--config", str(config), "--data", str(tmp_path / "data"), "--base",
             served.url, "--target", "https://www.shop.example/sale", "--campaign", "news-47", "--agreed", "analytics"],
            capture_output=True, text=True, cwd=ROOT, check=True,
        )  # fmt: skip
        heard = httpx.get(done.stdout.strip(), headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
        assert (heard.status_code, heard.headers["location"]) == (302, "https://www.shop.example/sale")
        for path in ("/l?u=https://evil.example", "/l/?u=https%3A%2F%2Fevil.example", "/r/c?u=https://evil.example"):
            heard = httpx.get(served.url + path)
            assert (heard.status_code, heard.headers.get("location")) == (400, None)
        assert httpx.get(served.url + "/r/c?u=https://shop.example/").headers["location"] == "https://shop.example/"
        served.wait_for("SELECT max(campaign) FROM gateway.events WHERE event = 'email_click'", "news-47")
