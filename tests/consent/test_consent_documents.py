"""Documents: the record of processing and the notice say what the policy says, in both forms."""

from __future__ import annotations

from dataclasses import replace

from consent.clauses.words import ERASE
from consent.compiled import Policy
from consent.documents import notice, ropa
from consent.prose import ENGLISH, missing_words, notice_markdown, ropa_markdown


def test_the_record_has_every_part_that_the_law_asks_for(shop: Policy) -> None:
    record = ropa(shop, ENGLISH, "Shop GmbH")
    assert record["controller"] == "Shop GmbH"
    assert record["policy"]["hash"] == shop.hash
    assert [activity["purpose"] for activity in record["activities"]] == list(shop.purposes)
    measurement = record["activities"][4]
    assert measurement["basis"] == {"name": "your consent", "article": "GDPR Art. 6(1)(a)"}
    assert measurement["kept_for"] == "90 days"
    assert measurement["recipients"] == [
        {
            "name": "ads_platform",
            "role": "a third party, for its own purposes",
            "location": "US",
            "transfer": "the EU-US Data Privacy Framework (Art. 45)",
        }
    ]
    assert {
        "field": "click_id",
        "category": "user.unique_id.pseudonymous",
        "to": "ads_platform",
        "becomes": "keep",
    } in (measurement["data"])


def test_what_is_dropped_for_a_purpose_is_not_said_to_be_used_for_it(shop: Policy) -> None:
    counting = ropa(shop, ENGLISH)["activities"][1]
    fields = {row["field"]: row["becomes"] for row in counting["data"]}
    assert "visitor_id" not in fields
    assert fields["ip"] == "use_then_drop"


def test_what_only_the_controller_knows_is_marked_as_missing(shop: Policy) -> None:
    assert ropa(shop, ENGLISH)["controller"].startswith("[name and contact")


def test_the_notice_tells_each_purpose_in_the_words_of_the_policy(shop: Policy) -> None:
    told = notice(shop, ENGLISH)
    assert [purpose["say"] for purpose in told["purposes"]] == [purpose.say for purpose in shop.clauses.purposes]
    assert told["purposes"][5]["never_for_minors"]
    assert told["choices"] == "You may change your choice at any time; we ask again after 6 months at the latest."


def test_both_say_what_becomes_of_the_past_of_who_takes_a_consent_back(shop: Policy) -> None:
    people = replace(shop.clauses.people, on_withdrawal=ERASE)
    erasing = replace(shop, clauses=replace(shop.clauses, people=people))
    for write, show in ((ropa, ropa_markdown), (notice, notice_markdown)):
        assert "and erase" not in show(write(shop, ENGLISH), ENGLISH)
        assert "and erase" in show(write(erasing, ENGLISH), ENGLISH)


def test_prose_holds_every_purpose_region_recipient_and_period(shop: Policy) -> None:
    record, told = ropa_markdown(ropa(shop, ENGLISH), ENGLISH), notice_markdown(notice(shop, ENGLISH), ENGLISH)
    for text in (record, told):
        for purpose in shop.clauses.purposes:
            assert purpose.say in text
            assert shop.clauses.keep.words[purpose.name] in text
        assert all(region.name in text for region in shop.regions)
        assert all(destination in text for destination in shop.destinations)
        assert shop.hash in text


def test_a_translation_replaces_every_word_and_lacks_none(shop: Policy) -> None:
    upper = {key: text.upper() if "{" not in text else text for key, text in ENGLISH.items()} | {
        "purpose.counting": "ZÄHLEN"
    }
    assert missing_words(upper) == []
    assert missing_words({}) == list(ENGLISH)
    text = notice_markdown(notice(shop, upper), upper)
    assert "YOUR CONSENT" in text
    assert "## ZÄHLEN" in text
    assert "your consent" not in text
