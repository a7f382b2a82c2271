"""What is wrong with one hit in fifty: broken bodies, unknown paths, too much of everything, impossible times.

May not: carry a choice that would make a fact of it. Whatever the gateway makes of these, it is a refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import orjson

from gateway.demo.people import DAY_S, pick
from gateway.demo.wire.envelope import JSON_TYPE, TEXT_TYPE, iso, server_head
from gateway.demo.wire.ga4 import MEASUREMENT_ID
from gateway.demo.wire.own import SITE
from gateway.demo.words import PURPOSES, Request

_HEAD = server_head("Mozilla/5.0 (compatible; tag-gone-wrong/1.0)", TEXT_TYPE)
_GZIP_HEAD = server_head("tag-gone-wrong/1.0", JSON_TYPE) + b"Content-Encoding: gzip\r\n"
_GA4 = f"/g/collect?v=2&tid={MEASUREMENT_ID}"
_YES = {"choice": "explicit", "purposes": dict.fromkeys(PURPOSES, True)}

Draft = tuple[str, str, bytes, bytes]  # method, target, head, body


def _body(*events: Any, consent: Any = None) -> bytes:
    return orjson.dumps({"site": SITE, "consent": consent or {"choice": "none"}, "events": list(events)})


def _collect(body: bytes) -> Draft:
    return "POST", "/collect", _HEAD, body


def _long(chars: int) -> dict[str, Any]:
    return {"event": "page_view", "properties": {"note": "x" * chars}}


def _at(now: float, shift_s: float) -> Draft:
    """With a yes and a name, and still no fact: the time is out of range."""
    event = {"event": "page_view", "at": iso(now + shift_s), "client_id": "out-of-time"}
    return _collect(_body(event, consent={**_YES, "at": iso(now - DAY_S)}))


Build = Callable[[Random, float], Draft]

#: what is wrong, how common it is, how it is made
BAD: tuple[tuple[str, float, Build], ...] = (
    ("json_cut_short", 14, lambda lots, now: _collect(_body({"event": "page_view"})[: lots.randint(5, 60)])),
    ("json_with_nan", 8, lambda lots, now: _collect(b'{"site":"demo","events":[{"event":"share","price":NaN}]}')),
    ("not_utf8", 6, lambda lots, now: _collect(b'{"site":"demo","events":[{"event":"\xff\xfe\x80"}]}')),
    ("empty_body", 6, lambda lots, now: _collect(b"")),
    ("no_events", 5, lambda lots, now: _collect(_body())),
    ("event_without_name", 8, lambda lots, now: _collect(_body({"properties": {"price": 12}}))),
    ("event_not_an_object", 4, lambda lots, now: _collect(_body("page_view"))),
    ("too_deep", 4, lambda lots, now: _collect(b'{"site":"demo","events":' + b"[" * 64 + b"]" * 64 + b"}")),
    ("too_large", 2, lambda lots, now: _collect(_body(_long(600_000)))),
    ("event_too_large", 4, lambda lots, now: _collect(_body(_long(70_000)))),
    ("gzip_that_is_none", 5, lambda lots, now: ("POST", "/collect", _GZIP_HEAD, b"\x1f\x8b not gzip")),
    ("unknown_path", 14, lambda lots, now: ("POST", f"/pixel/{lots.getrandbits(32):08x}", _HEAD, b"{}")),
    ("scanner", 6, lambda lots, now: ("GET", "/wp-login.php", _HEAD, b"")),
    ("wrong_method", 4, lambda lots, now: ("PUT", "/collect", _HEAD, b"{}")),
    ("ga4_nan", 6, lambda lots, now: ("POST", f"{_GA4}&gcs=G100&en=scroll&_et=NaN&epn.value=NaN", _HEAD, b"")),
    ("ga4_without_event", 4, lambda lots, now: ("POST", _GA4, _HEAD, b"")),
    ("segment_cut_short", 6, lambda lots, now: ("POST", "/v1/t", _HEAD, b'{"type":"track","event":"Product Vie')),
    ("forty_days_old", 8, lambda lots, now: _at(now, -40 * DAY_S)),
    ("from_tomorrow", 4, lambda lots, now: _at(now, DAY_S)),
)  # fmt: skip


def broken(lots: Random, now: float) -> Request:
    """One bad hit. `events` is 0: how many events a gateway sees in it is its own affair."""
    name, build = pick(lots, [(weight, (name, build)) for name, weight, build in BAD])
    method, target, head, body = build(lots, now)
    return Request(method, target, head, body, now, 0, bad=name)
