"""Where and with what: page, referrer, campaign and channel; classes of device; country and language.

May not: write a query, a fragment, a version of a browser, or a place finer than a country.
"""

from __future__ import annotations

from functools import lru_cache

from consent.words import Action
from gateway.intake.channels import NO_CAMPAIGN, Campaign, origin
from gateway.intake.hit import Event
from gateway.intake.minimise_draft import Draft
from gateway.intake.urls import clean_word, read_campaign, read_referrer, read_word, split_url
from gateway.intake.useragent import classify

_LANGUAGE_LIMIT = 12

#: Campaign words, in the query of a page or as properties of an event.
_TAGS = frozenset(("utm_source", "utm_medium", "utm_campaign"))

#: Pages remembered per plan. Why: a shop shows the same few thousand to everybody; one costs 5 µs to read.
_REMEMBERED = 4096


def put_page(draft: Draft) -> None:
    """Host and path of the page, host of the referrer, and what both and the campaign say of how the visit began."""
    event, pages = draft.event, draft.plan.pages
    address = (event.page_url, event.referrer)
    columns = pages.get(address) if _TAGS.isdisjoint(event.properties) else None
    if columns is None:
        columns = _read_page(draft)
        if _TAGS.isdisjoint(event.properties) and all(_is_harmless(draft, url) for url in address):
            if len(pages) >= _REMEMBERED:
                pages.clear()
            pages[address] = columns
    draft.row.update(columns)


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


def put_agent(draft: Draft) -> None:
    """Families and class of the browser that sent it."""
    if not draft.plan.has_agent or not draft.agent:
        return
    browser, system, device, is_bot = classify(draft.agent)
    row = draft.row
    row["device"] = device
    if browser:
        row["browser"] = browser
    if system:
        row["os"] = system
    if is_bot:
        row["bot"] = True


def put_country(draft: Draft) -> None:
    """The country of the place, never its subdivision."""
    country = draft.trace.country[:2]
    if draft.plan.has_country and len(country) == 2 and country.isalpha() and country.isascii():
        draft.row["country"] = country.upper()


def put_language(draft: Draft) -> None:
    """`de-at` where policy keeps it, `de` where it generalises; only what has the form of a language (BCP 47)."""
    language = draft.event.language
    if language and draft.plan.language <= Action.GENERALISE:
        tag = _read_language(language, draft.plan.language is Action.KEEP)
        if tag:
            draft.row["language"] = tag


@lru_cache(maxsize=512)
def _read_language(text: str, is_kept: bool) -> str:
    primary, _, rest = text[:_LANGUAGE_LIMIT].replace("_", "-").lower().partition("-")
    if len(primary) not in (2, 3) or not primary.isascii() or not primary.isalpha():
        return ""
    region = rest if len(rest) in (2, 4) and rest.isascii() and rest.isalpha() else ""
    return f"{primary}-{region}" if is_kept and region else primary
