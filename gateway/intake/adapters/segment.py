"""Segment: `/v1/…` of its browser library and server SDKs, one call or a batch, and the settings that boot the browser.

May not: take traits, or anything of identify, group and alias calls.

Everything but a body that is no JSON is answered 200 `{"success":true}`: anything else is retried or raised.
Source: facts on the protocols, 2 and 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from consent.words import Statement
from gateway.intake.adapters.adapter import JSON_TYPE, Adapter, Claim
from gateway.intake.calls import CALL_OF, Dialect, basic_user, read_calls
from gateway.intake.hit import Answer, Hit, Reading
from gateway.intake.jsonbody import statement
from gateway.words import Refusal

_KEY_LIMIT_CHARS = 100
_UNREADABLE = frozenset((Refusal.BODY_UNREADABLE, Refusal.BODY_TOO_DEEP))


def read(hit: Hit) -> Reading:
    """Calls of a body; settings; metrics of the library itself, which are no events."""
    if hit.method == "GET":
        return _read_settings(hit.path)
    answer = Answer(200, b'{"success":true}', JSON_TYPE)
    if hit.path.endswith("/m"):
        return Reading(key=basic_user(hit), answer=answer)
    reading = Reading(answer=answer)
    read_calls(hit, _DIALECT, reading)
    if not reading.key:
        reading.key = basic_user(hit)
    if not reading.events and reading.refusals[0] in _UNREADABLE:
        reading.answer = Answer(400, b'{"success":false,"message":"malformed JSON"}', JSON_TYPE)
    return reading


def _consent(context: Mapping[str, Any]) -> tuple[Statement, ...] | None:
    said = context.get("consent")
    return None if said is None else (statement("segment_consent", said),)


_DIALECT = Dialect(browser_library="analytics.js", statements=_consent)


def _read_settings(path: str) -> Reading:
    """`GET /v1/projects/<write key>/settings`: without it the browser library sends nothing at all."""
    parts = path.split("/")
    key = parts[-2] if len(parts) > 2 and parts[-1] == "settings" else ""
    if not key or len(key) > _KEY_LIMIT_CHARS or not key.replace("-", "").replace("_", "").isalnum():
        return Reading(answer=Answer(404))
    return Reading(key=key, answer=Answer(200, orjson.dumps(_settings(key)), JSON_TYPE))


def _settings(key: str) -> dict[str, Any]:
    """What analytics-next 1.84 reads: the key of its only destination, no remote plugins, no metrics."""
    enabled = {"__default": {"enabled": True}}
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            }
        },
        "plan": {
            "track": {"__default": {"enabled": True, "integrations": {}}},
            "identify": enabled,
            "group": enabled,
        },
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


_POSTS = (*(part for part in CALL_OF if part != "merge"), "b", "m", "batch", "import")

ADAPTER: Adapter = Adapter(
    "segment",
    (*(Claim("POST", f"/v1/{part}") for part in _POSTS), Claim("GET", "/v1/projects/*")),
    read,
)
