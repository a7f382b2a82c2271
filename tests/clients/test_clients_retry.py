"""A client hears 503 of events that are durable already, and sends them again.

What every client here does: it keeps their ids. What the gateway must make of it: one fact of each.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.clients.lossy import losing
from tests.clients.programs import run
from tests.clients.servers import SERVERS, Server
from tests.clients.shop import Shop

#: SDKs that send again by themselves; the others leave it to the program that uses them.
RETRYING = [server for server in SERVERS if server.client in ("segment", "rudderstack", "posthog", "amplitude")]


class Stored(NamedTuple):
    """Facts of one visit: how many there should be, how many rows became of them, and different event ids in those."""

    expected: int
    rows: int
    ids: int


@pytest.fixture(scope="session")
def stored(shop: Shop) -> dict[str, Stored]:
    """Results of the visits so far, by SDK: each is made once for all tests."""
    return {}


@pytest.fixture
def kept(shop: Shop, stored: dict[str, Stored], server: Server) -> Stored:
    if server.name not in stored:
        stored[server.name] = lose_one_answer(shop, server)
    return stored[server.name]


def lose_one_answer(shop: Shop, server: Server) -> Stored:
    before, known = shop.became(server.client, "counts"), shop.ids(server.client, "counts")
    with losing(shop.served.url) as gateway:
        run(server, gateway.url, ("counts",), is_silent=False)
    where = f"site = 'counts' AND adapter = '{server.client}'"
    shop.served.wait_for(
        f"SELECT count() FROM gateway.events WHERE {where}", before.facts.total() + gateway.facts, seconds=10
    )
    return Stored(sum(server.counts[0].values()), gateway.facts, len(shop.ids(server.client, "counts") - known))


@pytest.mark.parametrize("server", RETRYING, ids=[server.name for server in RETRYING])
def test_a_client_keeps_the_ids_of_what_it_sends_again(kept: Stored, server: Server) -> None:
    assert kept.ids == kept.expected


@pytest.mark.xfail(strict=True, reason="deduplication by event id is not built yet")
@pytest.mark.parametrize("server", RETRYING, ids=[server.name for server in RETRYING])
def test_what_is_sent_again_after_a_lost_answer_is_one_fact(kept: Stored, server: Server) -> None:
    assert kept.rows == kept.expected
