"""Every recorded request is claimed, and read as its golden line says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hits.golden import clients, golden, read_hit, requests, show

CLIENTS = clients()


def test_the_clients_with_recorded_hits_are_here() -> None:
    """So that an empty folder is no green test."""
    assert {"ga4-gtag", "ga4mp-python", "segment-analytics-next", "segment-analytics-python"} <= set(CLIENTS)


@pytest.mark.parametrize("client", CLIENTS)
def test_recorded_hits_are_read_as_their_golden_says(client: str) -> None:
    expected = golden(client)
    actual = [show(request) for request in requests(client)]
    assert [line["seq"] for line in expected] == [line["seq"] for line in actual]
    for before, now in zip(expected, actual, strict=True):
        assert before == now


@pytest.mark.parametrize("client", CLIENTS)
def test_only_preflights_and_foreign_paths_are_claimed_by_nobody(client: str) -> None:
    unclaimed = [request for request in requests(client) if show(request)["adapter"] is None]
    assert {request["method"] for request in unclaimed} <= {"OPTIONS"}


@pytest.mark.parametrize("client", CLIENTS)
def test_an_address_or_password_of_a_server_never_becomes_an_events(client: str) -> None:
    """`api_secret` and Basic passwords are used up where they are read."""
    for request in requests(client):
        line = show(request)
        assert "test_secret" not in repr(line)


def test_a_retry_has_the_event_id_of_the_first_try() -> None:
    tries: dict[str, list[Any]] = {}
    for request in requests("segment-analytics-python"):
        if request["step"].startswith("retry_after"):
            tries.setdefault(request["step"], []).append(show(request)["events"][0]["event_id"])
    assert {step: len(ids) for step, ids in tries.items()} == {"retry_after_500": 2, "retry_after_429": 2}
    assert all(len(set(ids)) == 1 for ids in tries.values())


def test_recorded_hits_are_personal_and_show_nothing_of_it() -> None:
    request = next(requests("segment-analytics-next"))
    assert "settings" not in repr(read_hit(request))
