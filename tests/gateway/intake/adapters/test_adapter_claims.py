"""Which protocol a method, a path and first bytes belong to."""

from __future__ import annotations

import pytest

from gateway.intake.adapters import ADAPTERS, claim, find

PATHS = {
    ("POST", "/collect"): "own",
    ("GET", "/collect.gif"): "own",
    ("POST", "/g/collect"): "ga4",
    ("GET", "/g/collect"): "ga4",
    ("POST", "/metrics/g/collect"): "ga4",
    ("POST", "/a/b/g/collect"): "ga4",
    ("POST", "/mp/collect"): "ga4_mp",
    ("POST", "/debug/mp/collect"): "ga4_mp",
    ("POST", "/v1/t"): "segment",
    ("POST", "/v1/b"): "segment",
    ("POST", "/v1/batch"): "segment",
    ("POST", "/v1/import"): "segment",
    ("GET", "/v1/projects/wk/settings"): "segment",
}


@pytest.mark.parametrize(("where", "expected"), PATHS.items())
def test_a_path_finds_its_protocol(where: tuple[str, str], expected: str) -> None:
    adapter = find(*where)
    assert adapter is not None
    assert adapter.name == expected


@pytest.mark.parametrize(
    "where",
    [("GET", "/"), ("GET", "/collect"), ("POST", ""), ("POST", "g/collect"), ("PUT", "/v1/t"), ("POST", "/v2/t")],
)
def test_a_foreign_path_finds_none(where: tuple[str, str]) -> None:
    assert find(*where) is None


def test_a_pinned_source_is_read_by_its_protocol_whatever_the_path() -> None:
    adapter = claim("POST", "/anything", b"", "segment")
    assert adapter is ADAPTERS["segment"]


def test_a_pin_that_names_no_protocol_claims_nothing() -> None:
    assert claim("POST", "/collect", b"", "no_such_protocol") is None


def test_the_table_is_keyed_by_the_names_that_rows_carry() -> None:
    assert all(name == adapter.name for name, adapter in ADAPTERS.items())
