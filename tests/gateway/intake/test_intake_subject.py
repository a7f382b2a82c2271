"""What a person says of themself leads to their pseudonyms, and to nobody else's; in words it is never repeated."""

from __future__ import annotations

import pytest

from gateway.intake.subject import FoundBy, Said, find_person, subject_of
from gateway.intake.visitors import Pseudonyms
from gateway.words import Person, SiteKeys

OLD, NEW = SiteKeys(None, b"o" * 32, 20_400), SiteKeys(None, b"n" * 32, 20_779)
TODAY = SiteKeys(b"t" * 32, None, 20_779)
KEYS = (OLD, NEW, TODAY)


def test_a_client_id_leads_to_its_visitor_under_every_key_that_exists() -> None:
    found = find_person("demo", Said(FoundBy.CLIENT_ID, "123.456"), KEYS)
    expected = {
        made.visitor.of("123.456") for made in (Pseudonyms("demo", OLD), Pseudonyms("demo", NEW)) if made.visitor
    }
    assert found == Person("demo", frozenset(expected), frozenset())


@pytest.mark.parametrize("text", ["GA1.1.123.456", " 123.456\n", "GA1.2.123.456"])
def test_a_cookie_as_the_browser_shows_it_leads_there_too(text: str) -> None:
    plain = find_person("demo", Said(FoundBy.CLIENT_ID, "123.456"), KEYS).visitors
    assert plain <= find_person("demo", Said(FoundBy.CLIENT_ID, text), KEYS).visitors


def test_our_own_cookie_leads_to_the_id_in_it() -> None:
    plain = find_person("demo", Said(FoundBy.CLIENT_ID, "f" * 32), KEYS).visitors
    assert plain <= find_person("demo", Said(FoundBy.CLIENT_ID, "20779." + "f" * 32), KEYS).visitors


def test_a_user_id_leads_to_an_account_and_an_address_to_whatever_a_site_used_it_as() -> None:
    user = find_person("demo", Said(FoundBy.USER_ID, "jane@shop.example"), KEYS)
    assert (len(user.visitors), len(user.accounts)) == (0, 2)
    mail = find_person("demo", Said(FoundBy.EMAIL, "Jane@Shop.example"), KEYS)
    assert user.accounts < mail.accounts
    assert len(mail.visitors) == 4


def test_a_browser_leads_to_its_visitor_of_days_whose_salt_exists() -> None:
    found = find_person("demo", Said(FoundBy.BROWSER, "203.0.113.9", "Mozilla/5.0"), KEYS)
    day = Pseudonyms("demo", TODAY).day
    assert day is not None
    assert found.visitors == {day.of("203.0.113\0Mozilla/5.0"), day.of("203.0.113")}
    assert not find_person("demo", Said(FoundBy.BROWSER, "203.0.113.9", "Mozilla/5.0"), (OLD, NEW)).is_linkable


def test_two_sites_have_nothing_in_common() -> None:
    said = Said(FoundBy.CLIENT_ID, "123.456")
    assert not find_person("demo", said, KEYS).visitors & find_person("shop", said, KEYS).visitors


def test_without_a_key_nothing_can_be_linked() -> None:
    assert not find_person("demo", Said(FoundBy.CLIENT_ID, "123.456"), ()).is_linkable
    assert subject_of("demo", Said(FoundBy.CLIENT_ID, "123.456"), (TODAY,)) == ""


def test_a_second_request_is_recognised_by_a_hash_that_is_no_pseudonym() -> None:
    said = Said(FoundBy.CLIENT_ID, "123.456")
    assert subject_of("demo", said, KEYS) == subject_of("demo", Said(FoundBy.CLIENT_ID, "123.456\n"), KEYS)
    assert subject_of("demo", said, KEYS) not in find_person("demo", said, KEYS).visitors
    assert subject_of("demo", Said(FoundBy.USER_ID, "123.456"), KEYS) != subject_of("demo", said, KEYS)


def test_what_was_said_is_not_shown() -> None:
    assert repr(Said(FoundBy.EMAIL, "jane@shop.example")) == "<Said email>"
