"""Where: page, referrer, campaign and channel; and the language it is read in.

May not: write a query that policy does not keep, or a fragment.
"""

from __future__ import annotations

from functools import lru_cache

import orjson

from gateway.intake.channels import NO_CAMPAIGN, Campaign, origin
from gateway.intake.hit import Event
from gateway.intake.minimise_draft import Draft
from gateway.intake.urls import clean_word, read_campaign, read_referrer, read_word, split_url

_LANGUAGE_LIMIT = 12

#: Campaign words, in the query of a page or as properties of an event.
_TAGS = frozenset(("utm_source", "utm_medium", "utm_campaign"))

#: Pages remembered per plan. Why: a shop shows the same few thousand to everybody; one costs 5 µs to read.
_REMEMBERED = 4096


def page_of(draft: Draft) -> bytes:
    """Host and path of the page, host of the referrer, and what both and the campaign say of how the visit began:
    members of a JSON object, each with a comma after it. Raises orjson.JSONEncodeError."""
    event, pages = draft.event, draft.plan.pages
    address, is_tagged = (event.page_url, event.referrer), not _TAGS.isdisjoint(event.properties)
    page = None if is_tagged else pages.get(address)
    if page is None:
        columns = _read_page(draft)
        page = orjson.dumps(columns)[1:-1] + b"," if columns else b""
        if not is_tagged and all(_is_harmless(draft, url) for url in address):
            if len(pages) >= _REMEMBERED:
                pages.clear()
            pages[address] = page
    return page


def _is_harmless(draft: Draft, url: str) -> bool:
    """Whether all of a URL may be kept: a host, a clean path and clean campaign words, and nothing besides."""
    whole, _, query = url.partition("?")
    page = split_url(url)
    if whole and (not whole.endswith(page.host + page.path) or "@" in whole or "#" in url):
        return False
    if page.path and draft.tools.paths.path(page.path) != page.path:
        return False
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    return all(name in _TAGS and read_word(word) == word for name, _, word in pairs)


def _read_page(draft: Draft) -> dict[str, str]:
    plan, event, columns = draft.plan, draft.event, dict[str, str]()
    page = split_url(event.page_url)
    if plan.has_page_host and page.host:
        columns["page_host"] = page.host
    if plan.has_page_path and page.path:
        path = draft.tools.paths.path(page.path)
        columns["page_path"] = path + draft.tools.paths.query(page.query) if plan.has_page_query and path else path
    referrer = read_referrer(event.referrer) if plan.has_referrer and event.referrer else ""
    if referrer:
        columns["referrer_host"] = referrer
    if plan.has_campaign:
        columns |= _read_origin(draft, page.query, referrer, page.host)
    return columns


def _read_origin(draft: Draft, query: str, referrer: str, host: str) -> dict[str, str]:
    """Campaign, source, medium and channel, those that are known."""
    campaign = read_campaign(query) if query else NO_CAMPAIGN
    if not _TAGS.isdisjoint(draft.event.properties):
        campaign = _read_tagged(draft.event, campaign)
    told = campaign != NO_CAMPAIGN or draft.plan.has_referrer
    source, medium, channel = origin(campaign, referrer, host) if told else ("", "", "")
    found = {"campaign": campaign.name, "source": source, "medium": medium, "channel": channel}
    return {column: word for column, word in found.items() if word}


def _read_tagged(event: Event, campaign: Campaign) -> Campaign:
    """Campaign words that the protocol carries by themselves (GA4's cs, cm, cn) beat those of the URL."""
    words = [event.properties.get(name, "") for name in ("utm_source", "utm_medium", "utm_campaign")]
    source, medium, name = (clean_word(word) if word.__class__ is str else "" for word in words)
    return Campaign(source or campaign.source, medium or campaign.medium, name or campaign.name, campaign.click)


@lru_cache(maxsize=512)
def read_language(text: str, is_kept: bool) -> str:
    """`de-at` where policy keeps it, `de` where it generalises; '' for what has not the form of a language (BCP 47)."""
    primary, _, rest = text[:_LANGUAGE_LIMIT].replace("_", "-").lower().partition("-")
    if len(primary) not in (2, 3) or not primary.isascii() or not primary.isalpha():
        return ""
    region = rest if len(rest) in (2, 4) and rest.isascii() and rest.isalpha() else ""
    return f"{primary}-{region}" if is_kept and region else primary
