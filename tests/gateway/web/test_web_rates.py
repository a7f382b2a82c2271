"""Rates: what comes too often is turned away and counted, in bounded memory, and nobody's address is kept."""

from __future__ import annotations

from gateway.intake.hit import Answer
from gateway.intake.minimise_withdrawal import write_withdrawal
from gateway.intake.pipeline import Copied, Walked
from gateway.settings import Settings
from gateway.web.buckets import Buckets
from gateway.web.rates import read_rates, turned_away
from gateway.words import Fact, Order, Outcome, Proof, Refusal, Tally


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_then_what_flows_in() -> None:
    clock = Clock()
    buckets = Buckets(2.0, 4, clock)
    assert [buckets.take("a") for _ in range(5)] == [True] * 4 + [False]
    assert buckets.wait_s("a") == 0.5
    clock.now += 1.0
    assert [buckets.take("a") for _ in range(3)] == [True, True, False]
    assert buckets.take("b")


def test_a_million_keys_take_no_more_memory_than_one() -> None:
    buckets = Buckets(1.0, 1.0)
    sizes = {len(buckets._left) for key in range(100_000) if buckets.take(str(key)) or True}
    assert sizes == {65_536}


def test_limits_that_are_off_leave_nothing_to_ask() -> None:
    assert read_rates(Settings()) is None


def test_neighbours_share_the_limit_of_their_network_and_others_do_not() -> None:
    rates = read_rates(Settings(address_limit_per_s=0.001, limit_burst_s=2000))
    assert rates is not None
    same = ["198.51.100.1", "198.51.100.254", "198.51.100.7"]
    assert [rates.lets_in(address) for address in same] == [True, True, False]
    assert rates.lets_in("203.0.113.1")
    six = ["2001:db8:1::1", "2001:db8:1:ffff::2", "2001:db8:1:2::3"]
    assert [rates.lets_in(address) for address in six] == [True, True, False]


def test_a_hit_beyond_its_sites_limit_becomes_refusals_one_per_event_and_a_no_stays() -> None:
    outcome = Outcome(
        [Fact(b"{}"), Fact(b"{}")], [Tally("s", "own", Refusal.NO_EVENTS)], [Proof(b"{}")], orders=[Order(b"{}")]
    )
    no = Fact(write_withdrawal("0a" * 16, ("analytics",), 1000.0))
    copies = [Copied("s.google", [Fact(b"{}"), no]), Copied("s.partner", [Fact(b"{}")])]
    walked = turned_away(Walked(outcome, Answer(204), True, "s", "own", copies=copies))
    refusals = [tally.refusal for tally in walked.outcome.tallies]
    assert refusals == [Refusal.NO_EVENTS, Refusal.RATE_LIMITED, Refusal.RATE_LIMITED]
    assert (walked.outcome.facts, walked.outcome.proofs, walked.outcome.orders) == ([], [Proof(b"{}")], [b"{}"])
    assert walked.copies == [("s.google", [no])]
