"""The country of an address, by a real .mmdb file that the test writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from maxminddb import InvalidDatabaseError
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from gateway.web.geo import GeoFile

RECORDS: dict[str, dict[str, object]] = {
    "203.0.113.0/24": {"country": {"iso_code": "DE"}, "city": {"names": {"en": "Cologne"}}},
    "198.51.100.0/24": {"country": {"iso_code": "US"}, "subdivisions": [{"iso_code": "CA"}]},
    "192.0.2.0/24": {"country": {"iso_code": "FR"}, "subdivisions": [{"iso_code": "IDF"}]},
    "2001:db8::/32": {"country": {"iso_code": "GB"}},
    "100.64.0.0/10": {"traits": {"is_anonymous_proxy": True}},
}


@pytest.fixture(scope="module")
def geo(tmp_path_factory: pytest.TempPathFactory) -> GeoFile:
    file = tmp_path_factory.mktemp("geo") / "country.mmdb"
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoLite2-City", languages=["en"])
    for network, record in RECORDS.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(file))
    return GeoFile(str(file))


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("203.0.113.9", "DE"),
        ("198.51.100.7", "US-CA"),
        ("192.0.2.1", "FR"),  # states are told for the United States only: elsewhere the law is the country's
        ("2001:db8::1", "GB"),
        ("100.64.1.1", ""),
        ("8.8.8.8", ""),
        ("", ""),
        ("not an address", ""),
    ],
)
def test_an_address_leads_to_a_code_or_to_nothing(geo: GeoFile, address: str, code: str) -> None:
    assert geo.country_of(address) == code


def test_a_file_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.mmdb").write_bytes(b"not a database")
    with pytest.raises(InvalidDatabaseError):
        GeoFile(str(tmp_path / "x.mmdb"))
