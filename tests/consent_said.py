"""Recorded requests, made to say yes, no or nothing about consent, in the words of their own protocol."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tests.recorded import Recorded

#: Parameters and fields by which requests speak of consent.
_QUERY_WORDS = re.compile(r"([?&])(?:gcs|gcd|npa|dma|dma_cps|gdpr|gdpr_consent|consent)=[^&]*")
_BODY_WORDS = re.compile(rb"([?&])consent=[^&\"]*")  # Matomo, in forms and in lists of queries
_FIELDS = ("consent", "consent_state", "consentManagement")

YES = {"choice": "explicit", "purposes": {"analytics": True, "counting": True}}
NO = {"choice": "explicit", "purposes": {"analytics": False, "counting": False}}


def say(request: Recorded, given: bool | None) -> Recorded:
    """The request with an explicit yes or no where its protocol has words for it; None is silence."""
    body = _edited(_BODY_WORDS.sub(rb"\1", request.body), lambda tree: _say(tree, given))
    request = request._replace(target=_QUERY_WORDS.sub(r"\1", request.target), body=body)
    if given is None:
        return request
    path = request.target.partition("?")[0]
    if path.endswith("/g/collect"):
        words = "gcs=G111&gcd=13r3r3r3r5l1" if given else "gcs=G100&gcd=13p3p3p3p5l1"
    elif path.endswith("/matomo.php"):
        words = f"consent={int(given)}"
    else:
        return request
    return request._replace(target=f"{request.target}{'&' if '?' in request.target else '?'}{words}")


def default(request: Recorded) -> Recorded:
    """Granted by default, which is no consent: what Google's tag sends before anybody was asked."""
    request = say(request, None)
    if request.target.partition("?")[0].endswith("/g/collect"):
        return request._replace(target=request.target + "&gcs=G111&gcd=13t3t3t3t5l1")
    return request


def _edited(body: bytes, edit: Callable[[Any], Any]) -> bytes:
    """A JSON body edited, gzip or not; any other as it is."""
    packed = body[:2] == b"\x1f\x8b"
    try:
        edited = orjson.dumps(edit(orjson.loads(gzip.decompress(body) if packed else body)))
    except (orjson.JSONDecodeError, EOFError):
        return body
    return gzip.compress(edited, mtime=0) if packed else edited


def _say(tree: Any, given: bool | None) -> Any:
    if not isinstance(tree, dict):
        return tree
    for event in _events(tree):
        told = event.get("context")
        context: dict[str, Any] = told if isinstance(told, dict) else {}
        found = [(holder, word) for holder in (event, context) for word in _FIELDS if word in holder]
        for holder, word in found:
            del holder[word]
        if given is not None:
            _say_in_json(event, context, given)
    return tree


def _events(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body itself, and the events of a batch."""
    yield tree
    if isinstance(tree.get("batch"), list):
        yield from (event for event in tree["batch"] if isinstance(event, dict))


def _say_in_json(event: dict[str, Any], context: dict[str, Any], given: bool) -> None:
    """Segment and RudderStack in the context, walker.js, the data tag and Measurement Protocol in the event."""
    if context:
        ids = {"allowedConsentIds": ["C0002"] if given else [], "deniedConsentIds": [] if given else ["C0002"]}
        context["consentManagement"] = ids
        context["consent"] = {"categoryPreferences": {"analytics": given}}
    elif "entity" in event:
        event["consent"] = {"analytics": given}
    elif "_dcid_temp" in event or "page_location" in event:
        words = ("ad_storage", "ad_user_data", "ad_personalization", "analytics_storage")
        event["consent_state"] = dict.fromkeys(words, given)
    elif "client_id" in event:
        event["consent"] = {"analytics_storage": "GRANTED" if given else "DENIED"}
    elif "site" in event:
        event["consent"] = YES if given else NO
