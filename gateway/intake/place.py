"""Where a hit may come from: every hint is a candidate, and the policy takes the strictest.

May not: open the geo file; the lookup is passed in. An address is used here and forgotten. What consent strings say
of a place (`gdpr=1`, `gpp_sid`) is read with them, in `consent`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

#: Address as text -> ISO 3166 code ('DE', 'US-CA'), '' if unknown.
Lookup = Callable[[str], str]


def nowhere(_address: str) -> str:
    """The lookup of a gateway without a geo file."""
    return ""


@lru_cache(maxsize=4096)
def candidates(country: str, markets: tuple[str, ...]) -> tuple[str, ...]:
    """All hints that say something, each once, sorted, so that equal sets meet the same cache entry downstream."""
    return tuple(sorted({hint for hint in (country, *markets) if hint}))
