"""The nouns of what goes out: scripts that are fetched for pages, destinations that facts are sent on to.

May not: call anyone. Made by `gateway.configuration`, frozen.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.outbound import Upstream


@dataclass(frozen=True, slots=True)
class ScriptTerms:
    """Scripts of one site: `ids` are fetched from the upstream, and hosts in them become `host`, the site's own.

    `host` may have a path: `www.shop.example/t`.
    """

    site: str
    upstream: Upstream
    ids: tuple[str, ...]
    host: str
