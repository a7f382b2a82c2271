"""Which protocol a method, a path and first bytes belong to."""

from __future__ import annotations

import pytest

from gateway.intake.adapters import ADAPTERS, claim, find

PATHS = {
    ("POST", "/collect"): "own",
    ("GET", "/collect.gif"): "own",
    ("POST", "/g/collect"): "ga4",
    ("GET", "/g/collect"): "ga4",
    ("POST", "/metrics/g/collect"): "ga4",
    ("POST", "/a/b/g/collect"): "ga4",
    ("POST", "/mp/collect"): "ga4_mp",
    ("POST", "/debug/mp/collect"): "ga4_mp",
    ("POST", "/v1/t"): "segment",
    ("POST", "/v1/b"): "segment",
    ("POST", "/v1/batch"): "segment",
    ("POST", "/v1/import"): "segment",
    ("GET", "/v1/projects/wk/settings"): "segment",
    ("POST", "/v1/merge"): "rudderstack",
    ("POST", "/beacon/v1/batch"): "rudderstack",
    ("GET", "/pixel/v1/track"): "rudderstack",
    ("GET", "/sourceConfig/"): "rudderstack",
    ("GET", "/i"): "snowplow",
    ("POST", "/com.snowplowanalytics.snowplow/tp2"): "snowplow",
    ("GET", "/matomo.php"): "matomo",
    ("POST", "/piwik.php"): "matomo",
    ("POST", "/api/event"): "plausible",
    ("POST", "/api/send"): "umami",
    ("POST", "/i/v0/e/"): "posthog",
    ("POST", "/batch/"): "posthog",
    ("POST", "/flags/"): "posthog",
    ("GET", "/array/phc_1/config"): "posthog",
    ("GET", "/flags/"): "mixpanel",
    ("POST", "/track"): "mixpanel",
    ("GET", "/track/"): "mixpanel",
    ("POST", "/engage/"): "mixpanel",
    ("POST", "/import"): "mixpanel",
    ("POST", "/2/httpapi"): "amplitude",
    ("POST", "/batch"): "amplitude",
    ("GET", "/config/abc"): "amplitude",
    ("POST", "/data"): "stape",
    ("POST", "/bulk-event"): "tealium",
    ("POST", "/integration/event/a/b/c"): "tealium",
    ("POST", "/shopify/pixel"): "shopify",
}

#: Paths that several protocols use, or that a site chooses: told apart by the body.
BODIES = [
    ("/collect", b'{"site":"demo","events":[]}', "own"),
    ("/collect", b'{"events":[{"event":"a","properties":{"entity":"x"}}]}', "own"),
    ("/collect", b'{"event":"page view","data":{},"entity":"page"}', "walkeros"),
    ("/collect", b'{"name":"page view","data":{},"entity":"page"}', "walkeros"),
    ("/v1/track", b'{"event":"a","context":{"library":{"name":"analytics-node"}}}', "segment"),
    ("/v1/track", b'{"event":"a","context":{"library":{"name":"RudderLabs JavaScript SDK"}}}', "rudderstack"),
    ("/v1/batch", b'{"batch":[{"channel":"server","event":"a"}]}', "rudderstack"),
    ("/batch", b'{"api_key":"k","events":[]}', "amplitude"),
    ("/batch", b'{"api_key":"k","batch":[]}', "posthog"),
    ("/batch/", b'{"api_key":"k","batch":[]}', "posthog"),
    ("/batch/", b'{"api_key":"k","events":[],"client_upload_time":"x"}', "amplitude"),
    ("/com.example/v1", b'{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"}', "snowplow"),
    ("/tr/", b"data=eyJldmVudCI6IkEifQ%3D%3D", "mixpanel"),
    ("/en/", b"data=eyIkc2V0Ijp7fX0%3D", "mixpanel"),
    ("/v19.0/123/events", b'{"data":[{"event_name":"Purchase"}]}', "meta"),
]


@pytest.mark.parametrize(("path", "body", "expected"), BODIES)
def test_a_path_that_several_use_is_claimed_by_what_the_body_shows(path: str, body: bytes, expected: str) -> None:
    adapter = claim("POST", path, body)
    assert adapter is not None
    assert adapter.name == expected


@pytest.mark.parametrize("body", [b"", b"hello", b'{"a":1}', b"data=eyJhcGlfa2V5"])
def test_a_chosen_path_with_a_foreign_body_finds_none(body: bytes) -> None:
    assert claim("POST", "/com.example/v1", body) is None


@pytest.mark.parametrize(("where", "expected"), PATHS.items())
def test_a_path_finds_its_protocol(where: tuple[str, str], expected: str) -> None:
    adapter = find(*where)
    assert adapter is not None
    assert adapter.name == expected


@pytest.mark.parametrize(
    "where",
    [("GET", "/"), ("GET", "/collect"), ("POST", ""), ("POST", "g/collect"), ("PUT", "/v1/t"), ("POST", "/v2/t")],
)
def test_a_foreign_path_finds_none(where: tuple[str, str]) -> None:
    assert find(*where) is None


def test_a_pinned_source_is_read_by_its_protocol_whatever_the_path() -> None:
    adapter = claim("POST", "/anything", b"", "segment")
    assert adapter is ADAPTERS["segment"]


def test_a_pin_that_names_no_protocol_claims_nothing() -> None:
    assert claim("POST", "/collect", b"", "no_such_protocol") is None


def test_the_table_is_keyed_by_the_names_that_rows_carry() -> None:
    assert all(name == adapter.name for name, adapter in ADAPTERS.items())
