"""Who is made up, and what the shop sells."""

from __future__ import annotations

from collections import Counter

from gateway.demo.catalogue import BY_CATEGORY, PRODUCTS, SELLERS, price_cents
from gateway.demo.journeys import journey
from gateway.demo.people import LANDS, invent
from gateway.demo.words import Choice, Product, Protocol, Stance

NOW = 1_795_339_145.0
PEOPLE = [invent(7, index, NOW) for index in range(2000)]


def test_the_shop_sells_sixty_products_of_twelve_sellers_in_eight_categories() -> None:
    assert len(PRODUCTS) >= 60
    assert len({product.product_id for product in PRODUCTS}) == len(PRODUCTS)
    assert {product.seller_id for product in PRODUCTS} == {seller.seller_id for seller in SELLERS}
    assert len(SELLERS) >= 12
    assert len(BY_CATEGORY) >= 8
    assert all(len(products) >= 5 for products in BY_CATEGORY.values())


def test_prices_are_rounded_as_shops_do_in_each_currency() -> None:
    bowl = Product("X", "bowl", "tableware", "S-01", 3333, ("sand",))

    assert price_cents(bowl, "EUR") == 3333
    assert price_cents(bowl, "GBP") == 2900  # 28.9971, to half a pound
    assert price_cents(bowl, "CHF") == 3165  # 31.6635, to five Rappen


def test_a_person_depends_on_seed_and_number_only() -> None:
    assert invent(7, 3, NOW) == PEOPLE[3]
    assert invent(8, 3, NOW) != PEOPLE[3]


def test_every_land_and_protocol_is_met() -> None:
    assert {person.country for person in PEOPLE} == {land.code for land in LANDS}
    assert {person.protocol for person in PEOPLE} == set(Protocol)


def test_consent_answers_differ_by_country_as_the_table_says() -> None:
    answers: dict[str, Counter[Stance]] = {}
    for person in PEOPLE:
        final = person.turns[0].stance if person.turns and person.opening.stance in _OPEN else person.opening.stance
        answers.setdefault(person.country[:2], Counter())[final] += 1
    share = {country: counts[Stance.YES] / counts.total() for country, counts in answers.items()}

    assert share["GR"] > share["IT"] > share["DE"] > share["US"]
    assert answers["US"][Stance.NO_ANSWER] / answers["US"].total() > 0.6
    assert {Stance.MEASURING, Stance.COUNTING, Stance.NO} <= set(answers["DE"])


_OPEN = (Stance.NO_ANSWER, Stance.EXPIRED)


def test_some_change_their_mind_in_the_middle_both_ways() -> None:
    said = {
        (before.choice.stance, after.choice.stance)
        for index in range(600)
        for visit in journey(7, index, 14, NOW).visits
        for before, after in zip(visit.happenings, visit.happenings[1:], strict=False)
        if after.name == "consent_update"
    }

    assert (Stance.YES, Stance.NO) in said
    assert (Stance.NO, Stance.YES) in said
    assert (Stance.NO_ANSWER, Stance.YES) in said


def test_an_earlier_answer_was_given_before_the_demo_begins() -> None:
    openings = {person.opening for person in PEOPLE if person.opening != Choice(Stance.NO_ANSWER)}

    assert openings
    assert all(opening.at < NOW - 30 * 86_400 for opening in openings)
    assert any(opening.stance is Stance.EXPIRED and opening.at < NOW - 390 * 86_400 for opening in openings)


def test_only_california_objects_often() -> None:
    share = {
        code: sum(person.objects for person in people) / len(people)
        for code in ("US-CA", "IT")
        for people in [[person for person in PEOPLE if person.country == code]]
    }

    assert share["US-CA"] > 2 * share["IT"]
