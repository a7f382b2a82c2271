"""URLs, referrers and campaigns: what may be kept of them, for honest and for hostile ones."""

from __future__ import annotations

import time

import pytest

from gateway.intake.channels import Campaign, Origin, origin
from gateway.intake.urls import Paths, UrlRules, read_campaign, read_referrer, redact_path, split_url
from tests.inside import inside


@pytest.mark.parametrize(
    ("url", "host", "path", "query"),
    [
        ("https://shop.example/sofas?x=1#top", "shop.example", "/sofas", "x=1"),
        ("HTTPS://Shop.Example:8443/a", "shop.example", "/a", ""),
        ("https://jane:secret@shop.example/a", "shop.example", "/a", ""),
        ("https://jane@doe@shop.example/a", "shop.example", "/a", ""),
        ("https://shop.example", "shop.example", "", ""),
        ("https://shop.example?x=1", "shop.example", "", "x=1"),
        ("https://shop.example#/route?x=1", "shop.example", "", ""),
        ("//shop.example/a", "shop.example", "/a", ""),
        ("/a/b?x=1", "", "/a/b", "x=1"),
        ("/a//b", "", "/a//b", ""),
        ("https://bücher.example/a", "xn--bcher-kva.example", "/a", ""),
        ("https://shop.example./a", "shop.example", "/a", ""),
        ("https://203.0.113.9/a", "[ip]", "/a", ""),
        ("http://[2001:db8::1]:80/a", "[ip]", "/a", ""),
        ("https://a_b.example\\x\\y", "a_b.example", "/x/y", ""),
        ("android-app://com.pinterest/", "com.pinterest", "/", ""),
        ("file:///C:/Users/Jane/page.html", "", "", ""),
        ("data:text/html,jane", "", "", ""),
        ("javascript:alert(1)//x", "", "", ""),
        ("mailto:jane@doe.example", "", "", ""),
        ("https://" + "a" * 300 + ".example/x", "", "/x", ""),
        ("https://jane doe.example/x", "", "/x", ""),
        ("https://\ud800/x", "", "/x", ""),
        ("", "", "", ""),
    ],
)
def test_a_url_is_split_into_host_path_and_query(url: str, host: str, path: str, query: str) -> None:
    assert split_url(url) == (host, path, query)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.google.com/search?q=jane", "www.google.com"),
        ("https://l.facebook.com?u=x", "l.facebook.com"),
        ("https://jane@doe.example/inbox/jane", "doe.example"),
        ("https://doe.example#jane", "doe.example"),
        ("android-app://com.google.android.gm", "com.google.android.gm"),
        ("about:blank", ""),
        ("/relative", ""),
        ("jane.doe", ""),
    ],
)
def test_a_referrer_is_a_host(url: str, host: str) -> None:
    assert read_referrer(url) == host


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/sofas/velvet-sofa-3-seater", "/sofas/velvet-sofa-3-seater"),
        ("/p/SKU-12345/red", "/p/SKU-12345/red"),
        ("/ratgeber/wohnlandschaften-und-ecksofas", "/ratgeber/wohnlandschaften-und-ecksofas"),
        ("/u/jane@doe.example/orders", "/u/:redacted/orders"),
        ("/u/jane%40doe.example", "/u/:redacted"),
        ("/u/jane%2540doe.example", "/u/:redacted"),
        ("/order/100200300", "/order/:redacted"),
        ("/order/10020030", "/order/10020030"),
        ("/call/+49-170-1234567/now", "/call/:redacted/now"),
        ("/a;jsessionid=3F2A9C81D4E5F6A7/b", "/a/b"),
        ("/t/550e8400-e29b-41d4-a716-446655440000", "/t/:redacted"),
        ("/reset/9f86d081884c7d659a2feaa0c55ad015", "/reset/:redacted"),
        ("/reset/aGVsbG8gd29ybGQgMTIz", "/reset/:redacted"),
        ("/v/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/v/:redacted"),
        ("/from/10.11.12.13/x", "/from/:redacted/x"),
        ("/iban/DE89370400440532013000", "/iban/:redacted"),
        ("/cf/RSSMRA85T10A562S", "/cf/:redacted"),
        ("/m%C3%B6bel/gr%C3%BCn", "/möbel/grün"),
        ("/a%00b%0d%0ac%e2%80%ae", "/ab  c"),
        ("/%ff", "/�"),
    ],
)
def test_a_path_keeps_what_is_no_personal_data(path: str, kept: str) -> None:
    paths = Paths(UrlRules())
    assert paths.path(path) == kept
    assert paths.path(path) == kept  # also from memory


def test_only_clean_paths_are_remembered_and_not_too_many() -> None:
    paths = Paths(UrlRules(sensitive_paths=("/secret",)))
    for path in ("/ok", "/u/jane@doe.example", "/secret/jane"):
        paths.path(path)
    assert "jane" not in repr(inside(paths))
    for number in range(20_000):
        paths.path(f"/p/{number}")
    assert len(paths._clean) <= 8192


def test_a_path_is_bounded() -> None:
    assert len(Paths(UrlRules()).path("/" + "ab-" * 5000)) <= 512


@pytest.mark.parametrize("sign", ["a", "1", "/1", "1.", "%25", "a1", "-", "é", "@"])
def test_no_path_is_slow(sign: str) -> None:
    start = time.process_time()
    redact_path(sign * (512 // len(sign)))
    assert time.process_time() - start < 0.05


def test_a_campaign_is_three_words_and_the_kind_of_click() -> None:
    query = "q=jane&utm_source=google&utm_medium=cpc&utm_campaign=Herbst%202026+rot&utm_term=jane&gclid=Cj0K"
    assert read_campaign(query) == Campaign("google", "cpc", "Herbst 2026 rot", "paid_search")
    assert read_campaign("") == read_campaign("gclid=&utm_source=") == Campaign()


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("jane%40doe.example", "[email]"),
        ("+49%20170%201234567", "[phone]"),
        ("{{campaign.name}}", ""),
        ("%7B%7Bcampaign.name%7D%7D", ""),
        ("x" * 500, "x" * 100),
        ("21234567890", "21234567890"),
        ("a%0ab", "a b"),
    ],
)
def test_a_campaign_word_is_bounded_and_scrubbed(raw: str, kept: str) -> None:
    assert read_campaign(f"utm_campaign={raw}").name == kept


def test_a_query_of_a_thousand_parameters_is_not_read_to_its_end() -> None:
    assert read_campaign("&".join(["x=1"] * 1000 + ["utm_source=late"])) == Campaign()


@pytest.mark.parametrize(
    ("campaign", "referrer", "expected"),
    [
        (Campaign(), "", ("", "", "direct")),
        (Campaign(), "shop.example", ("", "", "")),
        (Campaign(), "www.shop.example", ("", "", "")),
        (Campaign(), "www.google.co.uk", ("google", "organic", "organic")),
        (Campaign(), "duckduckgo.com", ("duckduckgo", "organic", "organic")),
        (Campaign(), "mail.google.com", ("gmail", "email", "email")),
        (Campaign(), "l.instagram.com", ("instagram", "social", "social")),
        (Campaign(), "t.co", ("twitter", "social", "social")),
        (Campaign(), "www.youtube.com", ("youtube", "video", "video")),
        (Campaign(), "wa.me", ("whatsapp", "messaging", "messaging")),
        (Campaign(), "www.skroutz.gr", ("skroutz", "marketplace", "marketplace")),
        (Campaign(), "chatgpt.com", ("chatgpt", "assistant", "assistant")),
        (Campaign(), "blog.example.org", ("blog.example.org", "referral", "referral")),
        (Campaign(), "google.evil.example", ("google.evil.example", "referral", "referral")),
        (Campaign("google", "cpc"), "", ("google", "cpc", "paid_search")),
        (Campaign("facebook", "cpc"), "", ("facebook", "cpc", "paid_social")),
        (Campaign("instagram.com", "paid"), "", ("instagram.com", "paid", "paid_social")),
        (Campaign("idealo", "CPC"), "", ("idealo", "CPC", "paid_shopping")),
        (Campaign("criteo", "display"), "", ("criteo", "display", "display")),
        (Campaign("crm", "Email"), "www.google.com", ("crm", "Email", "email")),
        (Campaign("awin", "affiliate"), "", ("awin", "affiliate", "affiliate")),
        (Campaign("shop", "whatsapp"), "", ("shop", "whatsapp", "messaging")),
        (Campaign("pinterest", ""), "", ("pinterest", "", "social")),
        (Campaign("brochure", "thing"), "", ("brochure", "thing", "other")),
        (Campaign(click="paid_search"), "www.google.de", ("google", "", "paid_search")),
        (Campaign("x", "", "", "affiliate"), "", ("x", "", "affiliate")),
    ],
)
def test_a_channel_follows_from_campaign_click_and_referrer(
    campaign: Campaign, referrer: str, expected: tuple[str, str, str]
) -> None:
    assert origin(campaign, referrer, "shop.example") == Origin(*expected)


def test_an_event_without_a_page_tells_of_no_arrival() -> None:
    assert origin(Campaign(), "", "") == ("", "", "")
