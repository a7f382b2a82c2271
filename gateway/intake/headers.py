"""Header fields of one request, by name. Personal, in memory only: among them are cookies and user agents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

#: By their name in lower case; those that came more than once are one, as `joined` makes them.
Headers = Mapping[bytes, bytes]


def joined(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Fields of one name as one field. Source: RFC 9110, 5.3; for cookies RFC 9113, 8.2.3."""
    found: dict[bytes, list[bytes]] = {}
    for name, text in pairs:
        found.setdefault(name, []).append(text)
    return {name: (b"; " if name == b"cookie" else b", ").join(texts) for name, texts in found.items()}
