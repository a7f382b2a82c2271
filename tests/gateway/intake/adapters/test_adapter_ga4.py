"""GA4 browser hits, beyond what the recorded ones show."""

from __future__ import annotations

from consent.words import Statement
from gateway.intake.adapters import ga4
from gateway.intake.hit import Hit, Reading
from gateway.words import Refusal

SHARED = b"v=2&tid=G-1&cid=1.2&_p=17&_s=1&sid=99&dl=https%3A%2F%2Fshop.example%2F"


def read(query: bytes = SHARED, body: bytes = b"") -> Reading:
    return ga4.ADAPTER.read(Hit("POST", "/g/collect", query, {}, body, "203.0.113.9", 1e9))


def names(reading: Reading) -> list[str]:
    return [event.name for event in reading.events]


def test_an_event_name_of_the_query_is_no_event_where_the_body_has_lines() -> None:
    assert names(read(SHARED + b"&en=page_view", b"en=scroll\r\n\r\nen=click")) == ["scroll", "click"]


def test_a_junk_body_costs_a_refusal_and_not_the_event_of_the_query() -> None:
    reading = read(SHARED + b"&en=page_view", b"\x00\xff junk")
    assert (names(reading), reading.refusals) == (["page_view"], [Refusal.EVENT_UNREADABLE])


def test_a_line_without_a_name_is_refused_and_the_others_are_read() -> None:
    reading = read(SHARED, b"en=scroll\n_et=5\nen=%20\nen=click")
    assert (names(reading), reading.refusals) == (["scroll", "click"], [Refusal.EVENT_UNREADABLE] * 2)


def test_a_hit_without_any_event_is_counted_as_one_refusal() -> None:
    for query in (b"", SHARED):
        assert read(query).refusals == [Refusal.NO_EVENTS]


def test_every_occurrence_of_a_consent_parameter_is_a_statement() -> None:
    reading = read(SHARED + b"&en=page_view&gcs=G111&gcs=G100&npa=0&npa=1&g%63d=13p3p3p3p5")
    assert reading.statements == (
        Statement("gcs", "G111"),
        Statement("gcs", "G100"),
        Statement("npa", "0"),
        Statement("npa", "1"),
        Statement("gcd", "13p3p3p3p5"),
    )


def test_a_line_adds_its_consent_to_the_hits() -> None:
    reading = read(SHARED + b"&gcs=G111", b"en=scroll\nen=click&gcs=G100")
    assert reading.statements == (Statement("gcs", "G111"),)
    assert reading.events[0].statements is None
    assert reading.events[1].statements == (Statement("gcs", "G111"), Statement("gcs", "G100"))


def test_server_container_names_of_consent_are_read_too() -> None:
    reading = read(SHARED + b"&en=x&sst.us_privacy=1YYY&gdpr=1&gdpr_consent=CP%2Babc&gpp=DBAA&gpp_sid=7")
    assert set(reading.statements) == {
        Statement("us_privacy", "1YYY"),
        Statement("gdpr", "1"),
        Statement("gdpr_consent", "CP+abc"),
        Statement("gpp", "DBAA"),
        Statement("gpp_sid", "7"),
    }


def test_user_data_is_never_taken() -> None:
    reading = read(
        SHARED + b"&en=purchase&em=tv.1~em.abc&ec_mode=a&ep.user_data.email=jane.doe%40example.com"
        b"&ep.user_data.address.city=Berlin&ep.user_data%2Ephone=1&up.user_data_x=1&epn.value=5"
    )
    (event,) = reading.events
    assert event.properties == {"value": 5}
    assert event.email == ""


def test_numbers_that_are_none_are_left_out() -> None:
    reading = read(SHARED + b"&en=scroll&_et=NaN&epn.a=NaN&epn.b=1e999&epn.c=1_0&epn.d=-2.5&epn.e=07&ep.f=08")
    assert reading.events[0].properties == {"d": -2.5, "e": 7, "f": "08"}


def test_items_are_read_with_custom_pairs_whether_indexed_or_not() -> None:
    reading = read(
        SHARED
        + b"&en=view_item&pr1=idA%7E1~nmTable~caRooms~c2Living~c3Tables~pr19.95~qt2~ksize~v0XL~k1seat%20height~v142"
        b"&pr2=idB~prNaN~afS-7~lp3&pr0x=zz"
    )
    assert reading.events[0].items == [
        {
            "product_id": "A~1",
            "name": "Table",
            "category": "Rooms/Living/Tables",
            "price": 19.95,
            "quantity": 2,
            "size": "XL",
            "seat_height": "42",
        },
        {"product_id": "B", "seller_id": "S-7", "position": 3},
    ]


def test_a_line_for_another_property_is_refused() -> None:
    reading = read(SHARED, b"en=scroll&tid=G-1\nen=click&tid=G-EVIL")
    assert (reading.key, names(reading), reading.refusals) == ("G-1", ["scroll"], [Refusal.UNKNOWN_KEY])


def test_a_hit_that_names_two_properties_is_refused() -> None:
    reading = read(SHARED + b"&tid=G-2&en=click")
    assert (names(reading), reading.refusals) == ([], [Refusal.UNKNOWN_KEY])


def test_the_same_bytes_have_the_same_event_id_and_other_bytes_another() -> None:
    first, again = read(SHARED + b"&en=click&_et=5").events[0], read(SHARED + b"&en=click&_et=5").events[0]
    other = read(SHARED + b"&en=click&_et=6").events[0]
    assert first.event_id == again.event_id != other.event_id
    lines = read(SHARED, b"en=click\nen=click").events
    assert lines[0].event_id != lines[1].event_id


def test_a_hit_without_page_load_and_counter_has_no_event_id() -> None:
    """Rather none than one that merges strangers."""
    assert read(b"v=2&tid=G-1&cid=1.2&en=click").events[0].event_id == ""


def test_a_session_belongs_to_one_browser() -> None:
    """`sid` is the second in which it began: many visitors share one."""
    assert read(SHARED + b"&en=click").events[0].session_id == "1.2.99"
    assert read(b"tid=G-1&cid=1.2&en=click").events[0].session_id == ""


def test_percent_encoding_is_decoded_once() -> None:
    reading = read(b"tid=G-1&en=page_view&dl=https%3A%2F%2Fshop.example%2F%3Femail%3Da%2540b&dt=100%25+sure")
    assert reading.events[0].page_url == "https://shop.example/?email=a%40b"
    assert reading.events[0].page_title == "100% sure"


def test_an_event_over_64_kb_is_refused() -> None:
    reading = read(SHARED, b"en=scroll\nen=click&ep.blob=" + b"x" * 70_000)
    assert (names(reading), reading.refusals) == (["scroll"], [Refusal.EVENT_TOO_LARGE])
    assert read(SHARED + b"&en=click&ep.blob=" + b"x" * 70_000).refusals == [Refusal.EVENT_TOO_LARGE]


def test_lines_beyond_the_limit_are_counted() -> None:
    reading = read(SHARED, b"en=scroll\n" * 510)
    assert (len(reading.events), reading.refusals) == (500, [Refusal.TOO_MANY_EVENTS] * 10)


def test_a_long_query_cannot_be_multiplied_without_end() -> None:
    reading = read(SHARED + b"&ep.a=" + b"x" * 32_000, b"en=scroll\n" * 400)
    assert len(reading.events) + len(reading.refusals) == 400
    assert len(reading.events) < 10


def test_a_page_that_reads_streams_gets_an_empty_one() -> None:
    rich, plain = read(SHARED + b"&en=click&richsstsse").answer, read(SHARED + b"&en=click").answer
    assert (rich.status, rich.content_type, rich.body) == (200, b"text/event-stream", b"")
    assert (plain.status, plain.body) == (204, b"")


def test_first_visits_and_manual_campaigns_are_properties() -> None:
    reading = read(SHARED + b"&en=page_view&_fv=1&_ss=2&cs=news&cm=email&cn=spring&up.tier=gold&upn.orders=3")
    assert reading.events[0].properties == {
        "first_visit": True,
        "utm_source": "news",
        "utm_medium": "email",
        "utm_campaign": "spring",
        "user.tier": "gold",
        "user.orders": 3,
    }
