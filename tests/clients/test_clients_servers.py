"""The published server SDKs, each as a program of its own that must end well and say nothing on stderr.

What the SDK reports as sent is a fact or a refusal with the expected reason, under a policy that asks for a yes and
under one that counts until somebody objects. All share the gateway's root, where their protocols are told apart.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.clients.installed import version_of
from tests.clients.ledger import Ledger
from tests.clients.programs import run
from tests.clients.servers import SERVERS, Server
from tests.clients.shop import POLICIES, Became, Shop


@pytest.mark.parametrize("server", SERVERS, ids=[server.name for server in SERVERS])
def test_what_a_server_sdk_says_it_sent_is_a_fact_or_an_expected_refusal(
    shop: Shop, ledger: Ledger, server: Server
) -> None:
    before = {policy: shop.became(server.client, policy) for policy in POLICIES}
    sent = run(server, shop.served.url)
    for policy, (facts, refusals) in zip(POLICIES, (server.asks, server.counts), strict=True):
        expected = Became(Counter(facts), Counter(refusals))
        seen = shop.settle(server.client, policy, before[policy], expected)
        name, release = f"{server.package} ({server.runtime})", version_of(server.package, server.runtime)
        ledger.enter(name, release, len(sent[policy]), seen.facts.total(), seen.refusals)
        assert seen == expected
        assert len(sent[policy]) == seen.total()
