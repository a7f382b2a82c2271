"""One file per protocol, one table. Adding a protocol is one new file, one line here, one folder of recorded hits.

An adapter reads; it decides nothing, strips nothing, and never raises: what it cannot read becomes a `Refusal`.
"""

from __future__ import annotations

from collections import defaultdict

from gateway.intake.adapters import ga4, ga4_mp, own, segment
from gateway.intake.adapters.adapter import Adapter, Claim

#: Every protocol, by the name that sources are pinned to and rows carry. Earlier ones win a path that two claim alike.
ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        own.ADAPTER,
        ga4.ADAPTER,
        ga4_mp.ADAPTER,
        segment.ADAPTER,
    )
}

_MARK_WITHIN_BYTES = 2048

_Candidates = list[tuple[bytes, Adapter]]


def find(method: str, path: str) -> Adapter | None:
    """The protocol spoken at a method and path, by path alone."""
    return claim(method, path, b"")


def claim(method: str, path: str, body: bytes, pinned: str = "") -> Adapter | None:
    """The protocol of a hit: the one that its source is pinned to, else by path and then by the first bytes."""
    if pinned:
        return ADAPTERS.get(pinned)
    for mark, adapter in _EXACT.get((method, path), ()):
        if not mark or mark in body[:_MARK_WITHIN_BYTES]:
            return adapter
    for table, part in ((_SUFFIXES, _last_two), (_PREFIXES, _first_two)):
        for mark, adapter in table.get((method, part(path)), ()):
            if not mark or mark in body[:_MARK_WITHIN_BYTES]:
                return adapter
    return _marked(method, path, body)


def _marked(method: str, path: str, body: bytes) -> Adapter | None:
    """Protocols whose path the site chooses freely, known by their first bytes alone (claims of `*`)."""
    head = body[:_MARK_WITHIN_BYTES]
    return next((adapter for mark, adapter in _ANYWHERE.get(method, ()) if mark in head), None)


def _last_two(path: str) -> str:
    """`/metrics/g/collect` -> `/g/collect`."""
    parts = path.rsplit("/", 2)
    return "/" + "/".join(parts[1:]) if len(parts) == 3 else ""


def _first_two(path: str) -> str:
    """`/v1/projects/key/settings` -> `/v1/projects/`."""
    parts = path.split("/", 3)
    return f"/{parts[1]}/{parts[2]}/" if len(parts) == 4 else ""


def _compile(wanted: str) -> dict[tuple[str, str], _Candidates]:
    """The claims of one kind as a lookup, those with a mark first."""
    table: dict[tuple[str, str], _Candidates] = defaultdict(list)
    for adapter in ADAPTERS.values():
        for claimed in adapter.claims:
            if _kind(claimed) == wanted:
                table[claimed.method, claimed.path.strip("*")].append((claimed.mark, adapter))
    for candidates in table.values():
        candidates.sort(key=lambda candidate: not candidate[0])
    return dict(table)


def _kind(claimed: Claim) -> str:
    if claimed.path == "*":
        return "anywhere"
    if claimed.path.startswith("*"):
        return "suffix"
    return "prefix" if claimed.path.endswith("*") else "exact"


_EXACT = _compile("exact")
_SUFFIXES = _compile("suffix")  # two segments: `*/g/collect`
_PREFIXES = _compile("prefix")  # two segments: `/v1/projects/*`
_ANYWHERE = {method: candidates for (method, _), candidates in _compile("anywhere").items()}
