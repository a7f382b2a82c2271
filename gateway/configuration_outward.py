"""The parts of gateway.yml that call out: `scripts:` and `forward:` of a site, and what an upstream may be.

May not: call anyone.

    scripts: {ids: [GTM-ABC1234, G-ABC1234567], host: www.shop.example/t}
    forward:                       # by the policy's word for the destination
      google: {kind: ga4, measurement_id: G-ABC1234567, secret: {env: GA4_API_SECRET}, adapters: [ga4, ga4_mp]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from consent.clauses.destinations import read_truth
from consent.clauses.marked import Node
from consent.policy import Policy
from gateway.configuration_doors import Secrets, read_name
from gateway.forwarders import FORWARDERS
from gateway.intake.adapters import ADAPTERS
from gateway.outward import RelayTerms, ScriptTerms, Upstream

#: Ids of Google's containers, tags and destinations.
_ID = re.compile(r"(?:GTM|GT|G|AW|DC)-[A-Z0-9-]{4,20}\Z")

#: The site's own host as scripts shall say it, with the path that the gateway lives under.
_HOST = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*(?::\d{1,5})?(?:/[A-Za-z0-9_-]{1,32})*\Z")

#: Whose events are sent on unless the site says otherwise. Why not all: a site that also sends them by another
#: protocol would count them twice.
_GOOGLES = ("ga4", "ga4_mp")

_SCRIPTS_FROM = "https://www.googletagmanager.com"


def read_scripts(site: str, node: Node | None) -> ScriptTerms | None:
    """What a site says of scripts; None where it fetches none."""
    if node is None:
        return None
    told = node.keyed("scripts", ("ids", "host"), ("upstream", "allow_private"))
    ids = tuple(_script_id(item) for item in told["ids"].listed("ids"))
    host = told["host"].text("host")
    if not _HOST.match(host):
        raise told["host"].error(
            f"'{host}' is not a host; write www.shop.example, with the path prefix if there is one"
        )
    return ScriptTerms(site, read_upstream(told, _SCRIPTS_FROM), ids, host)


def read_relays(site: str, node: Node | None, policy: Policy, secrets: Secrets) -> tuple[RelayTerms, ...]:
    """The destinations that a site's events are copied for."""
    if node is None:
        return ()
    return tuple(_read_relay(site, key, value, policy, secrets) for key, value in node.pairs("forward"))


def _read_relay(site: str, key: Node, node: Node, policy: Policy, secrets: Secrets) -> RelayTerms:
    destination = read_name(key, "a destination")
    if destination == "warehouse" or destination not in policy.destinations:
        known = ", ".join(name for name in policy.destinations if name != "warehouse") or "none"
        raise key.error(f"the policy {policy.name} has no destination '{destination}' to forward to; it has: {known}")
    said = node.table("a destination").get("kind")
    forwarder = FORWARDERS[(said or node).one_of(FORWARDERS, "kind of destination")]
    needs = ("kind", "secret", *forwarder.options)
    told = node.keyed(f"a destination of kind {forwarder.name}", needs, ("upstream", "allow_private", "adapters"))
    adapters = (
        [item.one_of(ADAPTERS, "protocol") for item in told["adapters"].listed("adapters")]
        if "adapters" in told
        else _GOOGLES
    )
    return RelayTerms(
        site,
        destination,
        forwarder.name,
        read_upstream(told, forwarder.upstream),
        secrets.one(told["secret"], "a destination's secret"),
        {name: told[name].text(name) for name in forwarder.options},
        frozenset(adapters),
    )


def read_upstream(told: Mapping[str, Node], default: str) -> Upstream:
    """`upstream`, an https URL without a path; `allow_private: yes` lets it be private and plain, for tests."""
    is_private = "allow_private" in told and read_truth(told["allow_private"], "allow_private")
    if "upstream" not in told:
        return Upstream(default, is_private)
    url = told["upstream"].text("upstream")
    try:
        parts = urlsplit(url)
        is_right = bool(parts.hostname) and (parts.port is None or parts.port > 0) and parts.path in ("", "/")
    except ValueError:
        raise told["upstream"].error(f"'{url}' is not a URL") from None
    plain = ("https", "http") if is_private else ("https",)
    if not is_right or parts.scheme not in plain or parts.query or parts.fragment or not _is_plain(parts.netloc):
        raise told["upstream"].error(f"'{url}' is no upstream; write scheme and host, such as {default}")
    return Upstream(f"{parts.scheme}://{parts.netloc}", is_private)


def _is_plain(netloc: str) -> bool:
    return netloc.isascii() and netloc.isprintable() and "@" not in netloc


def _script_id(node: Node) -> str:
    found = node.text("an id")
    if not _ID.match(found):
        raise node.error(f"'{found}' is not an id of Google's, such as GTM-ABC1234 or G-ABC1234567")
    return found
