"""A client hears 503 of events that are durable already, and sends them again.

What every client here does: it keeps their ids. What the gateway must make of it: one fact of each.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest

from tests.clients.lossy import losing
from tests.clients.programs import run
from tests.clients.servers import SERVERS, Server
from tests.clients.shop import Became, Shop

#: SDKs that send again by themselves; the others leave it to the program that uses them.
RETRYING = [server for server in SERVERS if server.client in ("segment", "rudderstack", "posthog", "amplitude")]


class Stored(NamedTuple):
    """What became of one visit, the facts that should have, how many were told of, and how many ids they have."""

    became: Became
    expected: Counter[str]
    told: int
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
    told = before.facts.total() + before.refusals["duplicate"] + gateway.facts
    where = f"site = 'counts' AND adapter = '{server.client}'"
    copies = f"SELECT sum(events) FROM gateway.tallies WHERE refusal = 'duplicate' AND {where}"
    shop.served.wait_for(f"SELECT count() + ({copies}) FROM gateway.events WHERE {where}", told)
    became = shop.became(server.client, "counts").since(before)
    return Stored(became, Counter(server.counts[0]), gateway.facts, len(shop.ids(server.client, "counts") - known))


@pytest.mark.parametrize("server", RETRYING, ids=[server.name for server in RETRYING])
def test_a_client_keeps_the_ids_of_what_it_sends_again(kept: Stored, server: Server) -> None:
    assert kept.ids == kept.expected.total()


@pytest.mark.parametrize("server", RETRYING, ids=[server.name for server in RETRYING])
def test_what_is_sent_again_after_a_lost_answer_is_one_fact(kept: Stored, server: Server) -> None:
    assert kept.became.facts == kept.expected
    assert kept.became.refusals["duplicate"] == kept.told - kept.expected.total() > 0
