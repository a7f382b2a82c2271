"""Where a visit came from, in the words that marketers use: one table of mediums, one of hosts, one of click ids.

May not: keep a click id; only that one of a kind was there.

Source: names and order follow Google Analytics' default channel group (support.google.com/analytics/answer/9756891),
with e-commerce additions: `messaging` (WhatsApp, Viber …) and `marketplace` are channels of their own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Origin(NamedTuple):
    """The columns source, medium and channel. All '' means that the event tells of no arrival."""

    source: str
    medium: str
    channel: str


class Campaign(NamedTuple):
    """What a landing page's query says: utm_source, utm_medium, utm_campaign, and the kind of click id, '' if none."""

    source: str = ""
    medium: str = ""
    name: str = ""
    click: str = ""


NO_CAMPAIGN = Campaign()
_NOWHERE = Origin("", "", "")
_DIRECT = Origin("", "", "direct")

#: medium -> channel. `paid` is refined by the source: paid_search, paid_social, paid_other.
_BY_MEDIUM = {
    **dict.fromkeys(("cpc", "ppc", "paid", "paidsearch", "paid_search", "paid-search", "sem", "retargeting"), "paid"),
    **dict.fromkeys(("paidsocial", "paid_social", "paid-social", "cpsocial"), "paid_social"),
    **dict.fromkeys(("display", "banner", "cpm", "expandable", "interstitial", "programmatic"), "display"),
    **dict.fromkeys(("email", "e-mail", "e_mail", "mail", "newsletter", "crm"), "email"),
    **dict.fromkeys(("affiliate", "affiliates", "partner", "cps", "cashback"), "affiliate"),
    **dict.fromkeys(("social", "social-network", "social-media", "social_media", "sm", "influencer"), "social"),
    **dict.fromkeys(("video", "youtube"), "video"),
    **dict.fromkeys(("whatsapp", "viber", "telegram", "messenger", "messaging", "chat"), "messaging"),
    **dict.fromkeys(("sms", "rcs"), "sms"),
    **dict.fromkeys(("push", "notification", "webpush"), "push"),
    **dict.fromkeys(("audio", "podcast"), "audio"),
    **dict.fromkeys(("qr", "print", "offline", "flyer", "catalogue", "catalog"), "offline"),
    **dict.fromkeys(("organic", "seo"), "organic"),
    **dict.fromkeys(("referral", "link", "app"), "referral"),
}

#: The name before a host's public suffix -> channel of a visit from there.
_BY_BRAND = {
    **dict.fromkeys(
        ("google", "bing", "yahoo", "duckduckgo", "ecosia", "qwant", "yandex", "baidu", "seznam", "startpage"),
        "organic",
    ),
    **dict.fromkeys(("brave", "naver", "sogou", "aol", "ask", "kagi", "mojeek", "swisscows", "lilo"), "organic"),
    **dict.fromkeys(("facebook", "instagram", "pinterest", "tiktok", "twitter", "x", "linkedin", "reddit"), "social"),
    **dict.fromkeys(("vk", "tumblr", "threads", "snapchat", "houzz", "quora", "mastodon", "xing", "bsky"), "social"),
    **dict.fromkeys(("youtube", "vimeo", "twitch", "dailymotion"), "video"),
    **dict.fromkeys(("whatsapp", "viber", "telegram", "messenger", "discord"), "messaging"),
    **dict.fromkeys(("idealo", "skroutz", "bestprice", "billiger", "kelkoo", "trovaprezzi", "ceneo"), "marketplace"),
    **dict.fromkeys(("heureka", "geizhals", "pricerunner", "pricespy", "kieskeurig"), "marketplace"),
    **dict.fromkeys(("chatgpt", "openai", "perplexity", "claude", "copilot", "gemini"), "assistant"),
    **dict.fromkeys(("awin1", "tradedoubler", "linksynergy", "anrdoezrs", "webgains", "impact"), "affiliate"),
}

#: Whole hosts that their name would misplace -> source and channel.
_BY_HOST = {
    "mail.google.com": ("gmail", "email"),
    "com.google.android.gm": ("gmail", "email"),
    "mail.yahoo.com": ("yahoo", "email"),
    "outlook.live.com": ("outlook", "email"),
    "outlook.office.com": ("outlook", "email"),
    "deref-gmx.net": ("gmx", "email"),
    "deref-web.de": ("web.de", "email"),
    "t.co": ("twitter", "social"),
    "lnkd.in": ("linkedin", "social"),
    "pin.it": ("pinterest", "social"),
    "fb.me": ("facebook", "social"),
    "com.pinterest": ("pinterest", "social"),
    "youtu.be": ("youtube", "video"),
    "wa.me": ("whatsapp", "messaging"),
    "t.me": ("telegram", "messaging"),
    "gemini.google.com": ("gemini", "assistant"),
    "copilot.microsoft.com": ("copilot", "assistant"),
    "com.google.android.googlequicksearchbox": ("google", "organic"),
}

#: Query parameter -> kind of click. Its value is never looked at.
CLICK_IDS = {
    **dict.fromkeys(("gclid", "gbraid", "wbraid", "msclkid", "yclid", "gclsrc"), "paid_search"),
    **dict.fromkeys(("ttclid", "twclid", "li_fat_id", "rdt_cid", "sccid"), "paid_social"),
    **dict.fromkeys(("fbclid", "igshid", "epik"), "social"),
    "dclid": "display",
    **dict.fromkeys(("awc", "irclickid", "tduid", "ranmid", "cjevent"), "affiliate"),
    **dict.fromkeys(("mc_eid", "mc_cid", "_kx", "_hsenc", "vero_id", "mkt_tok"), "email"),
}

_SECOND_LEVEL = frozenset(("co", "com", "org", "net", "gov", "ac"))
_PAID = {"social": "paid_social", "video": "paid_video", "marketplace": "paid_shopping", "organic": "paid_search"}


def origin(campaign: Campaign, referrer_host: str, page_host: str) -> Origin:
    """Source, medium and channel of an event on `page_host`; '' for what is not known."""
    if campaign.source or campaign.medium:
        medium = campaign.medium.lower()
        return Origin(campaign.source, campaign.medium, _by_medium(medium, campaign.source.lower(), campaign.click))
    if campaign.click:
        return Origin(_brand(referrer_host), "", campaign.click)
    if not referrer_host:
        return _DIRECT if page_host else _NOWHERE
    return _NOWHERE if _is_same_site(referrer_host, page_host) else _from_host(referrer_host)


def _by_medium(medium: str, source: str, click: str) -> str:
    channel = _BY_MEDIUM.get(medium)
    if channel == "paid":
        kind = _BY_BRAND.get(source) or _BY_BRAND.get(_brand(source)) or "organic"
        return _PAID.get(kind, "paid_other")
    return channel or click or _BY_BRAND.get(source, "other")


@lru_cache(maxsize=4096)
def _from_host(host: str) -> Origin:
    source, channel = _BY_HOST.get(host.removeprefix("www."), ("", ""))
    if not channel:
        source = _brand(host)
        channel = _BY_BRAND.get(source, "")
    return Origin(source, channel, channel) if channel else Origin(host, "referral", "referral")


@lru_cache(maxsize=4096)
def _brand(host: str) -> str:
    """The name before the public suffix: `google` of www.google.co.uk."""
    labels = host.split(".")
    if len(labels) > 2 and labels[-2] in _SECOND_LEVEL:
        return labels[-3]
    return labels[-2] if len(labels) > 1 else host


@lru_cache(maxsize=4096)
def _is_same_site(one: str, other: str) -> bool:
    """Whether two hosts share their registrable domain, by the same rule as `_brand`."""
    return _registrable(one) == _registrable(other)


def _registrable(host: str) -> list[str]:
    labels = host.split(".")
    return labels[-3:] if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else labels[-2:]
