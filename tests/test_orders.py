"""Whom a hit asked to forget is forgotten by itself: consent taken back under `on_withdrawal: erase`, `$delete`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import orjson
import pytest

from consent.starters import starter
from tests.serving import Served, serving

_HELD = "SELECT visitor_kind, count() FROM gateway.events GROUP BY 1 ORDER BY 1"
_LEFT = "SELECT count() FROM gateway.events WHERE visitor IN (SELECT pseudonym FROM gateway.tombstones)"
_DONE = "SELECT found_by, state, rows['gateway.events'] FROM gateway.erasures FINAL ORDER BY asked_at"
_EVENTS = 5


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    text = starter("strictest").decode()
    assert "on_withdrawal: stop" in text
    (tmp_path / "policy.yml").write_text(text.replace("on_withdrawal: stop", "on_withdrawal: erase"))
    (tmp_path / "gateway.yml").write_text(
        "settings: {erase_every_s: 1}\nsites:\n  shop:\n    policy: policy.yml\n    write_keys: [demo]\n    origins: [https://shop.example]\n"
    )
    with serving(tmp_path / "data", "--config", str(tmp_path / "gateway.yml")) as gateway:
        yield gateway


def say(served: Served, client_id: str, agreed: bool, events: int) -> str:
    """The outcome of that many page views of somebody who agrees, or does not."""
    consent = {"choice": "explicit", "purposes": {"counting": agreed, "analytics": agreed}}
    event = {"event": "page_view", "client_id": client_id, "page": {"url": "https://shop.example/"}}
    told = {"site": "demo", "consent": consent, "events": [event] * events}
    answer = httpx.post(f"{served.url}/collect", content=orjson.dumps(told), headers={"origin": "https://shop.example"})
    return answer.headers["x-gateway-outcome"]


def delete(served: Served, client_id: str) -> str:
    """What Mixpanel's SDKs send for `people.delete_user()`."""
    call = [{"$token": "demo", "$distinct_id": client_id, "$delete": ""}]
    body = f"data={quote(orjson.dumps(call))}"
    answer = httpx.post(f"{served.url}/engage", content=body, headers={"origin": "https://shop.example"})
    return answer.headers["x-gateway-outcome"]


def test_who_takes_all_consent_back_or_is_deleted_by_a_call_is_forgotten_and_nobody_else(served: Served) -> None:
    for person in ("leaver", "stayer", "deleted"):
        assert say(served, person, True, _EVENTS) == f"facts={_EVENTS} refused=0"
    served.wait_for("SELECT count() FROM gateway.events", 3 * _EVENTS)
    assert say(served, "leaver", False, 1) == "facts=0 refused=1"
    assert say(served, "never-agreed", False, 1) == "facts=0 refused=1"
    assert delete(served, "deleted") == "facts=0 refused=1"
    served.wait_for("SELECT count() FROM gateway.events", _EVENTS, seconds=60)
    served.wait_for("SELECT count() FROM gateway.erasure_orders", 0, seconds=60)
    assert served.ask(_LEFT) == [(0,)]
    assert served.ask(_HELD) == [("durable", _EVENTS)]
    done = served.ask(_DONE)
    assert {row[:2] for row in done} == {("order", "verified")}
    assert sum(row[2] for row in done) == 2 * _EVENTS

    time.sleep(0.01)  # a later millisecond than the newest order
    assert say(served, "leaver", True, 1) == "facts=1 refused=0"
    served.wait_for("SELECT count() FROM gateway.events", _EVENTS + 1)
