"""User agent -> class of device, family of browser and of system. The text itself is never kept.

May not: give a version, a model, or anything that tells two people of one class apart.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import ua_parser

from gateway.intake.text import clean_text

#: Longer ones are cut before they are looked at. Why: real ones are below 400 characters, hostile ones 8 KB.
_LIMIT = 512

_BOT_WORDS = ("bot/", "bot;", "crawl", "spider", "headless", "lighthouse", "pingdom", "uptime", "preview", "slurp")
_TV_WORDS = ("smart-tv", "smarttv", "googletv", "apple tv", "appletv", "hbbtv", "netcast", "web0s", "aft", "bravia")
_TABLET_WORDS = ("ipad", "tablet", "kindle", "silk/", "playbook")
_MOBILE_WORDS = ("mobi", "iphone", "ipod", "phone")
_DESKTOP_SYSTEMS = ("windows nt", "macintosh", "x11", "cros ", "linux x86")


#: The families that are stored; any other is `Other`. Why: some of the parser's rules copy the name of an app, and so
#: any text, out of the user agent.
_BROWSERS = frozenset(
    """
    Android|Baidu Browser|Brave|Chrome|Chrome Mobile|Chrome Mobile WebView|Chrome Mobile iOS|Chromium|DuckDuckGo|
    DuckDuckGo Mobile|Ecosia iOS|Edge|Edge Mobile|Epiphany|Facebook|Falkon|Firefox|Firefox Mobile|Firefox iOS|Google|
    HeadlessChrome|Huawei Browser|IE|IE Mobile|Instagram|LINE|LinkedIn|MIUI Browser|Mint Browser|Mobile Safari|
    Mobile Safari UI/WKWebView|Opera|Opera GX|Opera Mini|Opera Mobile|Opera Touch|Pale Moon|Pinterest|Puffin|QQ Browser|
    QQ Browser Mobile|Safari|Samsung Internet|SeaMonkey|Silk|Snapchat|Sogou Explorer|TikTok|Twitter|UC Browser|Vivaldi|
    WhatsApp|WeChat|Whale|Yandex Browser|curl|Googlebot|bingbot|Python Requests|Wget|okhttp|axios
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_SYSTEMS = frozenset(
    """
    Android|BlackBerry OS|Chrome OS|Chromecast|Debian|Fedora|FreeBSD|Fuchsia|HarmonyOS|KaiOS|Linux|Mac OS X|OpenBSD|
    Tizen|Ubuntu|WatchOS|WebOS|Windows|Windows Phone|iOS|tvOS|ATV OS X
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
OTHER = "Other"


class Agent(NamedTuple):
    """What is stored of a user agent. `device` is desktop, mobile, tablet, tv, bot, other, or '' for no user agent."""

    browser: str
    system: str
    device: str
    is_bot: bool


NO_AGENT = Agent("", "", "", False)


#: One of each class, so that the parser's rules are compiled before the first hit.
_USUAL = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604",
    "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
)


def warm() -> None:
    """Load and compile the rules now (0.2 s) rather than at the first hit."""
    for text in _USUAL:
        classify(text)


@lru_cache(maxsize=2048)
def _classify(text: str) -> Agent:
    result = ua_parser.parse(text)
    browser = _listed(result.user_agent.family if result.user_agent else "", _BROWSERS)
    system = _listed(result.os.family if result.os else "", _SYSTEMS)
    device = _device(text.lower(), result.device.family if result.device else "")
    return Agent(browser, system, device, device == "bot")


def classify(text: str) -> Agent:
    """The classes of a user agent; of '' none."""
    if not text:
        return NO_AGENT
    return _classify(text[:_LIMIT] if text.isascii() else clean_text(text, _LIMIT))


def _listed(family: str, families: frozenset[str]) -> str:
    return family if not family or family in families else OTHER


def _device(text: str, family: str) -> str:
    """The first class whose words the lower-case text holds."""
    if family == "Spider" or _holds(text, _BOT_WORDS):
        return "bot"
    if _holds(text, _TV_WORDS) or " tv " in text:
        return "tv"
    if _holds(text, _TABLET_WORDS) or ("android" in text and "mobi" not in text):
        return "tablet"
    if _holds(text, _MOBILE_WORDS):
        return "mobile"
    return "desktop" if _holds(text, _DESKTOP_SYSTEMS) else "other"


def _holds(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)
