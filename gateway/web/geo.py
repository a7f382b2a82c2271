"""Country of an address by any GeoLite2 or DB-IP country or city file.

May not: keep an address; the lookup's cache would, so there is none. Source: MaxMind DB format 2.0.
"""

from __future__ import annotations

import maxminddb


class GeoFile:
    """An opened .mmdb file, mapped into memory; a lookup takes microseconds and never waits for a disk twice."""

    def __init__(self, file: str) -> None:
        self._reader = maxminddb.open_database(file, maxminddb.MODE_MMAP)

    def country_of(self, address: str) -> str:
        """ISO 3166 code, for the United States with its state ('US-CA'); '' for what the file does not know."""
        try:
            record = self._reader.get(address)
        except ValueError:
            return ""
        if not isinstance(record, dict):
            return ""
        country = _iso(record.get("country"))
        parts = record.get("subdivisions")
        state = _iso(parts[0]) if country == "US" and isinstance(parts, list) and parts else ""
        return f"{country}-{state}" if state else country


def _iso(place: object) -> str:
    code = place.get("iso_code") if isinstance(place, dict) else ""
    return code if isinstance(code, str) else ""
