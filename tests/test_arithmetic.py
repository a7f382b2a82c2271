"""The README's arithmetic follows from its figures, and says what it would say of others."""

from __future__ import annotations

import pytest

from loadtests import arithmetic
from loadtests.arithmetic import CHOSEN, MEASURED, README, filled, plan


def test_the_readmes_page_is_made_of_the_figures() -> None:
    assert README.read_text() == filled(README.read_text()), "run: python -m loadtests.arithmetic"


def test_a_dearer_hit_needs_more_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    before = plan(1_000_000, 30)
    monkeypatch.setitem(arithmetic.MEASURED, "hit_us", MEASURED["hit_us"]._replace(value=1280.0))
    assert plan(1_000_000, 30).pods > 5 * before.pods


def test_pods_bear_their_load_and_volumes_their_outage() -> None:
    for rate, days in arithmetic.RATES:
        found = plan(rate, days)
        assert found.pods * CHOSEN["workers"].value >= found.collect_cores
        assert found.pods * MEASURED["load_rate"].value >= rate
        held = found.pods * found.journal_gb * 1e9 / MEASURED["journal"].value
        assert held == pytest.approx(rate * CHOSEN["outage"].value * 3600)


def test_kafka_takes_over_where_there_are_more_inserts_than_a_shard_bears() -> None:
    plans = [plan(rate, 30) for rate in (1_000, 10_000, 100_000, 1_000_000, 10_000_000)]
    assert all(found.through_kafka is (found.pods > CHOSEN["inserts"].value) is (found.brokers > 0) for found in plans)
    assert {found.through_kafka for found in plans} == {True, False}
