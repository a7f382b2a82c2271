"""A site that sends copies on to Google: its configuration, its policy, hits that carry consent, and what arrived."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from consent.starters import starter
from tests.upstream import Upstream

#: What Google may have: what analytics and advertising agree to, each field as the starter says for them.
GOOGLE = (
    "  google: {purposes: [analytics, ad_measurement, ad_targeting], role: third_party, location: US, transfer: DPF}\n"
)

SECRET = "ga4-api-secret"

PAGE = "https://www.shop.example/lamps/1?email=jane.doe@example.org&utm_source=news&utm_campaign=autumn&gclid=canary"

ALL_GRANTED = "&gcs=G111&gcd=13r3r3r3r5l1"
ANALYTICS_ONLY = "&gcs=G101&gcd=13q3r3q3q5l1"
DENIED = "&gcs=G100&gcd=13q3q3q3q5l1"


def policy(name: str = "europe") -> bytes:
    """A starter with the destination `google`."""
    text = starter(name).decode()
    assert "\ndestinations:\n" in text
    return (
        text.replace("\ndestinations:\n", f"\ndestinations:\n{GOOGLE}").partition("\nexamples:")[0].encode() + _EXAMPLE
    )


_EXAMPLE = b"\nexamples: [{given: {place: DE}, then: {allowed: [operations, counting]}}]\n"


def gateway_yml(upstream: Upstream, more: str = "") -> str:
    return f"""
sites:
  shop:
    policy: policy.yml
    write_keys: [G-ABC1234567]
    markets: [DE]
    forward:
      google:
        {{kind: ga4, measurement_id: G-ABC1234567, secret: {{env: GA4_API_SECRET}},
         upstream: "{upstream.url}", allow_private: yes{more}}}
"""


def two_destinations(upstream: Upstream) -> tuple[str, bytes]:
    """A configuration and a policy with another destination beside `google`: `partner`, at the same upstream."""
    configuration = gateway_yml(upstream)
    google = configuration[configuration.index("      google:") :]
    both = (GOOGLE + GOOGLE.replace("google:", "partner:")).encode()
    return configuration + google.replace("google:", "partner:"), policy().replace(GOOGLE.encode(), both)


def write(folder: Path, upstream: Upstream, more: str = "") -> Path:
    (folder / "gateway.yml").write_text(gateway_yml(upstream, more))
    (folder / "policy.yml").write_bytes(policy())
    return folder / "gateway.yml"


def hit(client: str, event: str = "view_item", consent: str = ALL_GRANTED, **more: str) -> str:
    """The target of a GA4 hit."""
    told = {
        "v": "2", "tid": "G-ABC1234567", "cid": client, "sid": "1795334000", "en": event, "_p": "1", "_s": "1",
        "dl": PAGE,
        "dr": "https://search.example/?q=jane", "dt": "Lamps for Jane", "uid": "customer-7", "ul": "de-de",
        "pr1": "idSKU-1~nmLamp~brCasa~calamps~pr129.9~qt1", "epn.value": "129.9", "cu": "EUR",
        "ep.user_data.email": "jane.doe@example.org",
        **more,
    }  # fmt: skip
    return "/g/collect?" + urlencode(told) + consent


def bodies(upstream: Upstream) -> list[dict[str, Any]]:
    """What arrived at the upstream, request by request."""
    return [orjson.loads(asked.body) for asked in upstream.asked]


def events(upstream: Upstream) -> list[dict[str, Any]]:
    return [event for body in bodies(upstream) for event in body["events"]]
