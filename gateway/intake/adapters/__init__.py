"""One file per protocol, one table. Adding a protocol is one new file, one line here, one folder of recorded hits.

An adapter reads; it decides nothing, strips nothing, and never raises: what it cannot read becomes a `Refusal`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from operator import contains
from typing import NamedTuple

from gateway.intake.adapters import (
    amplitude,
    ga4,
    ga4_mp,
    matomo,
    meta,
    mixpanel,
    own,
    plausible,
    posthog,
    rudderstack,
    segment,
    shopify,
    snowplow,
    stape,
    tealium,
    umami,
    walkeros,
)
from gateway.intake.adapters.adapter import Adapter, Claim

#: Every protocol, by the name that sources are pinned to and rows carry. Earlier ones win a path that two claim alike.
ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        own.ADAPTER,
        ga4.ADAPTER,
        ga4_mp.ADAPTER,
        segment.ADAPTER,
        rudderstack.ADAPTER,
        snowplow.ADAPTER,
        matomo.ADAPTER,
        plausible.ADAPTER,
        umami.ADAPTER,
        posthog.ADAPTER,
        mixpanel.ADAPTER,
        amplitude.ADAPTER,
        walkeros.ADAPTER,
        stape.ADAPTER,
        tealium.ADAPTER,
        meta.ADAPTER,
        shopify.ADAPTER,
    )
}


class _Candidate(NamedTuple):
    """A claim as it is asked: where its path must match, and how its body must show the mark, which may be none."""

    path: str
    shows: Callable[[bytes, bytes], bool]
    mark: bytes
    adapter: Adapter


def _candidate(claimed: Claim, adapter: Adapter) -> _Candidate:
    shows = bytes.startswith if claimed.mark[:1] == b"^" else contains
    return _Candidate(claimed.path.strip("*"), shows, claimed.mark.removeprefix(b"^"), adapter)


def find(method: str, path: str) -> Adapter | None:
    """The protocol spoken at a method and path, by path alone."""
    return claim(method, path, b"")


def claim(method: str, path: str, body: bytes, pinned: str = "") -> Adapter | None:
    """The protocol of a hit: the one that its source is pinned to, else by path and then by what the body shows."""
    if pinned:
        return ADAPTERS.get(pinned)
    for _, shows, mark, adapter in _EXACT.get((method, path), ()):
        if shows(body, mark):
            return adapter
    return _claim_loosely(method, path, body)


def _claim_loosely(method: str, path: str, body: bytes) -> Adapter | None:
    for candidate in _SUFFIXES.get(method, ()):
        if path.endswith(candidate.path) and candidate.shows(body, candidate.mark):
            return candidate.adapter
    for candidate in _PREFIXES.get(method, ()):
        if path.startswith(candidate.path) and candidate.shows(body, candidate.mark):
            return candidate.adapter
    return None


def _kind(claimed: Claim) -> str:
    if claimed.path.endswith("*"):
        return "prefix"
    return "suffix" if claimed.path.startswith("*") else "exact"


def _claims(kind: str) -> list[tuple[str, _Candidate]]:
    """The claims of one kind with their methods; marked ones first, among prefixes the longest first."""
    found = [
        (claimed.method, _candidate(claimed, adapter))
        for adapter in ADAPTERS.values()
        for claimed in adapter.claims
        if _kind(claimed) == kind
    ]
    found.sort(key=lambda entry: (-len(entry[1].path) if kind == "prefix" else 0, not entry[1].mark))
    return found


def _by_method(kind: str) -> dict[str, list[_Candidate]]:
    table: dict[str, list[_Candidate]] = defaultdict(list)
    for method, candidate in _claims(kind):
        table[method].append(candidate)
    return dict(table)


def _by_path() -> dict[tuple[str, str], list[_Candidate]]:
    table: dict[tuple[str, str], list[_Candidate]] = defaultdict(list)
    for method, candidate in _claims("exact"):
        table[method, candidate.path].append(candidate)
    return dict(table)


_EXACT = _by_path()
_SUFFIXES = _by_method("suffix")
_PREFIXES = _by_method("prefix")
