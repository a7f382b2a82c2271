"""The parts of gateway.yml that call out: `scripts:` of a site, and what an upstream may be.

May not: call anyone.

    scripts: {ids: [GTM-ABC1234, G-ABC1234567], host: www.shop.example/t}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from consent.clauses.destinations import read_truth
from consent.clauses.marked import Node
from gateway.outbound import Upstream
from gateway.outward import ScriptTerms

#: Ids of Google's containers, tags and destinations.
_ID = re.compile(r"(?:GTM|GT|G|AW|DC)-[A-Z0-9-]{4,20}\Z")

#: The site's own host as scripts shall say it, with the path that the gateway lives under.
_HOST = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*(?::\d{1,5})?(?:/[A-Za-z0-9_-]{1,32})*\Z")

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
