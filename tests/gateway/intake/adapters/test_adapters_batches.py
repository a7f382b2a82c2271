"""One bad event among a hundred costs that one; the client hears what it hears of a good batch: no retry, no error."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson
import pytest

from gateway.intake.adapters import ADAPTERS, claim
from gateway.intake.hit import Hit, Reading
from gateway.words import Refusal

#: 2026-11-22T08:50:00Z in seconds.
NOW = 1795337400.0


class Batch(NamedTuple):
    """How a protocol sends many: where to, what a good and a bad one look like, and how they are put together."""

    adapter: str
    path: str
    good: Any
    bad: Any
    wrap: Callable[[list[Any]], bytes]


def _in(**around: Any) -> Callable[[list[Any]], bytes]:
    """The list under the one name whose value is `...`."""
    name = next(key for key, value in around.items() if value is ...)
    return lambda events: orjson.dumps(around | {name: events})


def _form(events: list[Any]) -> bytes:
    return b"data=" + quote(base64.b64encode(orjson.dumps(events)), safe="").encode()


_TRACK = {"type": "track", "event": "Wishlist Added", "messageId": "m", "anonymousId": "a"}
_RUDDER = {"channel": "server"}
_WISH = {"event": "wishlist", "properties": {"token": "t"}}
_PAGE = {"hostname": "shop.example", "url": "/lamps", "website": "8f1c", "name": "wishlist"}

BATCHES = {
    "own": Batch("own", "/collect", {"event": "wishlist_add"}, {"event": ""}, _in(site="demo", events=...)),
    "Segment": Batch("segment", "/v1/batch", _TRACK, _TRACK | {"event": None}, _in(writeKey="w", batch=...)),
    "RudderStack": Batch(
        "rudderstack", "/v1/batch", _TRACK | _RUDDER, _TRACK | _RUDDER | {"event": 7}, _in(batch=...)
    ),
    "Snowplow": Batch(
        "snowplow",
        "/com.snowplowanalytics.snowplow/tp2",
        {"e": "pv", "url": "https://shop.example/", "tv": "js-4", "p": "web"},
        "no event",
        _in(schema="iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", data=...),
    ),
    "Matomo": Batch(
        "matomo", "/matomo.php", "?idsite=1&rec=1&url=https://shop.example/&action_name=a", 7, _in(requests=...)
    ),
    "PostHog": Batch("posthog", "/batch/", {"event": "wishlist", "distinct_id": "a"}, {"event": ""}, _in(batch=...)),
    "Mixpanel": Batch(
        "mixpanel", "/track", _WISH, {"event": "", "properties": {}}, _form
    ),
    "Mixpanel import": Batch(
        "mixpanel", "/import", _WISH, {"event": None}, orjson.dumps
    ),
    "Amplitude": Batch(
        "amplitude", "/2/httpapi", {"event_type": "wishlist", "device_id": "d"}, {"device_id": "d"},
        _in(api_key="k", events=...),
    ),
    "Umami": Batch(
        "umami", "/api/batch", {"type": "event", "payload": _PAGE}, {"type": "event", "payload": 7}, orjson.dumps
    ),
    "walkerOS": Batch("walkeros", "/collect", {"event": "product add"}, {"event": "", "data": {}}, orjson.dumps),
    "Tealium": Batch("tealium", "/bulk-event", {"tealium_event": "wishlist"}, 7, _in(shared={}, events=...)),
    "Meta": Batch(
        "meta", "/v19.0/1/events", {"event_name": "AddToWishlist", "event_time": NOW}, {"event_name": ""}, _in(data=...)
    ),
    "GA4 measurement protocol": Batch(
        "ga4_mp", "/mp/collect", {"name": "add_to_wishlist"}, {"name": ""}, _in(client_id="1.2", events=...)
    ),
    "GA4": Batch("ga4", "/g/collect", "en=add_to_wishlist&_et=1", "_et=1", lambda lines: "\r\n".join(lines).encode()),
}  # fmt: skip


def send(batch: Batch, events: list[Any]) -> Reading:
    query = b"v=2&tid=G-1&cid=1.2&dl=https%3A%2F%2Fshop.example%2F" if batch.adapter == "ga4" else b""
    return ADAPTERS[batch.adapter].read(Hit("POST", batch.path, query, {}, batch.wrap(events), "", NOW))


@pytest.mark.parametrize("name", BATCHES)
def test_one_bad_event_of_a_hundred_costs_one_and_the_answer_is_that_of_a_good_batch(name: str) -> None:
    batch = BATCHES[name]
    good = send(batch, [batch.good] * 100)
    assert (len(good.events), good.refusals) == (100, [])
    spoiled = send(batch, [*[batch.good] * 50, batch.bad, *[batch.good] * 49])
    assert (len(spoiled.events), len(spoiled.refusals)) == (99, 1)
    assert spoiled.refusals[0] in (Refusal.EVENT_UNREADABLE, Refusal.NOT_AN_EVENT)
    assert spoiled.answer.status == good.answer.status in (200, 202, 204)


@pytest.mark.parametrize("name", BATCHES)
def test_such_a_batch_finds_its_protocol_by_path_and_first_bytes(name: str) -> None:
    batch = BATCHES[name]
    found = claim("POST", batch.path, batch.wrap([batch.good, batch.bad]))
    assert found is not None
    assert found.name == batch.adapter
