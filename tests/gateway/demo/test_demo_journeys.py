"""What people do: plausible, reproducible, within their time."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from gateway.demo.journeys import journey
from gateway.demo.truth import MICRO
from gateway.demo.words import Happening, Journey, Protocol

NOW = 1_795_339_145.0
DAYS = 14
JOURNEYS = [journey(1, index, DAYS, NOW) for index in range(1000)]
HAPPENINGS = [happening for made in JOURNEYS for visit in made.visits for happening in visit.happenings]


def _of_protocol(*protocols: Protocol) -> list[Journey]:
    return [made for made in JOURNEYS if made.person.protocol in protocols]


def test_the_same_seed_walks_the_same_ways() -> None:
    assert [journey(1, index, DAYS, NOW) for index in range(50)] == JOURNEYS[:50]
    assert journey(2, 0, DAYS, NOW) != JOURNEYS[0]


def test_another_moment_moves_the_times_and_nothing_else() -> None:
    for index, before in enumerate(JOURNEYS[:200]):
        later = journey(1, index, DAYS, NOW + 50_000)
        assert [_timeless(visit.happenings) for visit in before.visits] == [
            _timeless(visit.happenings) for visit in later.visits
        ]


def _timeless(happenings: tuple[Happening, ...]) -> list[tuple[object, ...]]:
    return [(one.name, one.event_id, one.page, one.choice.stance, one.properties, one.lines) for one in happenings]


def test_a_thousand_visitors_do_twenty_to_forty_thousand_things_of_many_kinds() -> None:
    kinds = Counter(happening.name for happening in HAPPENINGS)

    assert 20_000 <= kinds.total() <= 40_000
    assert len(set(MICRO) & set(kinds)) >= 30
    assert kinds["purchase"] >= 50
    assert kinds["product_view"] > kinds["add_to_cart"] > kinds["begin_checkout"] > kinds["purchase"]


def test_everything_happens_within_the_days_asked_for_and_before_now() -> None:
    for made in JOURNEYS:
        for visit in made.visits:
            assert now_minus(DAYS) - 1801 <= visit.happenings[0].at  # a letter may have been opened half an hour before
            assert visit.happenings[-1].at < NOW


def now_minus(days: float) -> float:
    return NOW - days * 86_400


def test_visits_are_spread_over_all_days() -> None:
    days = Counter(int((NOW - visit.happenings[0].at) // 86_400) for made in JOURNEYS for visit in made.visits)

    assert set(days) >= set(range(DAYS))


def test_ga4_visitors_come_today_because_their_protocol_has_no_event_time() -> None:
    times = [visit.happenings[-1].at for made in _of_protocol(Protocol.GA4) for visit in made.visits]

    assert min(times) >= now_minus(1)


def test_a_visit_goes_forward_in_time_and_never_pauses_as_long_as_a_session_lasts() -> None:
    for made in JOURNEYS:
        for visit in made.visits:
            on_site = [happening.at for happening in visit.happenings if happening.page.url]
            assert all(0 <= later - earlier < 1800 for earlier, later in pairwise(on_site))


def test_only_letters_are_opened_away_from_the_shop() -> None:
    assert {happening.name for happening in HAPPENINGS if not happening.page.url} == {"email_open"}


def test_visits_of_one_person_lie_well_apart() -> None:
    for made in JOURNEYS:
        assert all(later.happenings[0].at - one.happenings[-1].at > 1800 for one, later in pairwise(made.visits))


def test_event_ids_are_unique() -> None:
    assert len({happening.event_id for happening in HAPPENINGS}) == len(HAPPENINGS)


def _orders() -> list[Happening]:
    return [happening for happening in HAPPENINGS if happening.name == "purchase"]


def test_the_lines_of_an_order_sum_to_its_value() -> None:
    for order in _orders():
        assert sum(line.price_cents * line.quantity for line in order.lines) / 100 == order.properties["value"]


def test_order_ids_are_unique_and_some_orders_are_split_across_sellers() -> None:
    orders = _orders()

    assert len({order.properties["order_id"] for order in orders}) == len(orders)
    assert sum(len({line.product.seller_id for line in order.lines}) > 1 for order in orders) >= 10


def test_prices_are_in_the_currency_of_the_country() -> None:
    currencies = {
        (made.person.country, happening.properties["currency"])
        for made in JOURNEYS
        for visit in made.visits
        for happening in visit.happenings
        if "currency" in happening.properties
    }

    assert ("GB", "GBP") in currencies
    assert ("CH", "CHF") in currencies
    assert {currency for country, currency in currencies if country not in ("GB", "CH")} == {"EUR"}


def test_small_steps_lead_to_the_big_one() -> None:
    """Micro-conversions stir the wish to buy: visits with a mood board or a delivery check order more often."""
    names = [{happening.name for happening in visit.happenings} for made in JOURNEYS for visit in made.visits]
    looked = [seen for seen in names if "product_view" in seen]
    stirred = [seen for seen in looked if seen & {"mood_board_add", "delivery_check"}]
    plain = [seen for seen in looked if not seen & {"mood_board_add", "delivery_check"}]

    assert _share_of_orders(stirred) > _share_of_orders(plain)


def _share_of_orders(visits: list[set[str]]) -> float:
    return sum("purchase" in seen for seen in visits) / len(visits)
