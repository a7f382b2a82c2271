"""Cookies of consent banners: one row per banner, a few shapes that several share. Categories stay the banner's words.

May not: make a yes of a cookie that the banner wrote before anyone answered; say what a category means.
Source: facts A6, formats seen in real traffic; fixtures in tests/consent/cookies. A new banner is a row and a fixture.

Not: opaque cookies (Osano), local storage (Usercentrics), TrustArc's numbers from 0 or from 1: our tag reads those.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from consent.signals.carrier import read_flags, read_names, read_object, read_time
from consent.words import Language, Signal, Statement, Unreadable


class Choice(NamedTuple):
    """What a banner's cookies say: categories, whether the person answered, and when (Unix seconds)."""

    flags: Mapping[str, bool]
    answered: bool
    at: float | None = None


class Banner(NamedTuple):
    """`cookies`: names, a prefix where one ends with `*`; the first must be there. `read` gets them by name."""

    source: str
    cookies: tuple[str, ...]
    read: Callable[[Mapping[str, str]], Choice]


def consent_cookies(header: str) -> str:
    """The cookies of a Cookie header that speak of consent, as the text of a `cookies` statement; '' if none."""
    for stem in _STEMS:
        if stem in header:
            break
    else:
        return ""  # Why: a page's own host sends 20 cookies with every hit, and few of them speak of consent
    kept = [part.strip() for part in header.split(";") if _is_consent(part.partition("=")[0].strip())]
    return "; ".join(kept)


def read(text: str) -> Sequence[Signal | Statement]:
    """Raises `Unreadable`, also for one cookie given twice with different values."""
    cookies = _pairs(text)
    found: list[Signal | Statement] = [Statement(_STRINGS[name], cookies[name]) for name in _STRINGS if name in cookies]
    for banner in BANNERS:
        ours = {name: value for name, value in cookies.items() if _matches(name, banner.cookies)}
        if any(_matches(name, banner.cookies[:1]) for name in ours):
            found.extend(_signals(banner.source, banner.read(ours)))
    return found


def _signals(source: str, choice: Choice) -> Iterable[Signal]:
    for category, says in choice.flags.items():
        yield Signal(Language.CMP_COOKIE, f"{source} {category.lower()}", says, choice.at, choice.answered)


def _pairs(text: str) -> dict[str, str]:
    cookies: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.strip().partition("=")
        value = value.strip('"')
        if cookies.setdefault(name, value) != value:
            raise Unreadable("a cookie is given twice")
    return cookies


def _one(cookies: Mapping[str, str]) -> str:
    """The value of a banner's only cookie, percent-decoded once."""
    values = {*cookies.values()}
    if len(values) != 1:
        raise Unreadable("several cookies where there should be one")
    return unquote(values.pop()) if values else ""


def _onetrust(cookies: Mapping[str, str]) -> Choice:
    """`groups=C0001:1,C0002:0`; answered once the alert box was closed, and no new consent is awaited."""
    fields = dict(parse_qsl(cookies["OptanonConsent"]))
    flags = _colon_flags(fields.get("groups", ""), {"1": True, "0": False})
    closed = unquote(cookies.get("OptanonAlertBoxClosed", ""))
    return Choice(flags, bool(closed) and fields.get("AwaitingReconsent") == "false", read_time(closed or None))


_COOKIEBOT_FIELD = re.compile(r"(\w+):(?:'([^']*)'|(true|false|-?\d+))(?:,|$)")


def _cookiebot(cookies: Mapping[str, str]) -> Choice:
    """`{stamp:'…',statistics:false,method:'explicit',utc:…}`; `0` and `-1` were written without a question."""
    text = _one(cookies)
    if text in ("0", "-1"):
        return Choice({}, False)
    inner, fields, at = text[1:-1], dict[str, str](), 0
    while (match := _COOKIEBOT_FIELD.match(inner, at)) and match.end() > at:
        fields[match[1]], at = match[2] or match[3] or "", match.end()
    if text[:1] + text[-1:] != "{}" or at != len(inner):
        raise Unreadable("not a cookie of Cookiebot")
    flags = {name: value == "true" for name, value in fields.items() if value in ("true", "false")}
    answered = fields.get("method") == "explicit" and fields.get("stamp") not in (None, "", "0", "-1")
    utc = fields.get("utc", "")
    return Choice(flags, answered, int(utc) / 1000 if utc.isdecimal() and len(utc) < 16 else None)


def _cookieyes(cookies: Mapping[str, str]) -> Choice:
    """`consent:yes,action:yes,analytics:no`; answered when action is yes; an empty value says nothing."""
    fields = dict(part.split(":", 1) for part in _one(cookies).split(",") if ":" in part)
    names = ("necessary", "functional", "analytics", "performance", "advertisement", "other")
    listed = {name: fields[name] for name in names if fields.get(name)}
    return Choice(_words(listed, {"yes": True, "no": False}), fields.get("action") == "yes")


def _complianz(cookies: Mapping[str, str]) -> Choice:
    """One cookie a category; answered when the banner was dismissed."""
    listed = {name.removeprefix("cmplz_"): value for name, value in cookies.items()}
    answered = listed.pop("banner-status", "") == "dismissed"
    words = {name: word for name, word in listed.items() if word in ("allow", "deny")}
    return Choice(_words(words, {"allow": True, "deny": False}), answered)


def _didomi(cookies: Mapping[str, str]) -> Choice:
    """Base64 of JSON with purposes enabled and disabled; without a version nobody answered."""
    try:
        coded = _one(cookies).rstrip("=")
        text = b64decode(coded + "=" * (-len(coded) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        raise Unreadable("not a token of Didomi") from None
    token = read_object(text)
    purposes = token.get("purposes") or {}
    if not isinstance(purposes, dict):
        raise Unreadable("not a token of Didomi")
    flags = dict.fromkeys(read_names(purposes.get("enabled")), True)
    flags |= dict.fromkeys(read_names(purposes.get("disabled")), False)
    return Choice(flags, token.get("version") is not None, read_time(token.get("updated")))


def _iubenda(cookies: Mapping[str, str]) -> Choice:
    """`{"timestamp":…,"purposes":{"1":true}}`, or `{"consent":true}` for all but the necessary."""
    held = read_object(_one({name: value for name, value in cookies.items() if name.rpartition("-")[2].isdecimal()}))
    simple = {"consent": held["consent"]} if isinstance(held.get("consent"), bool) else {}
    return Choice(
        read_flags(held.get("purposes") or simple), bool(held.get("timestamp")), read_time(held.get("timestamp"))
    )


def _axeptio(cookies: Mapping[str, str]) -> Choice:
    """JSON of vendors; names that begin with $$ are about the cookie."""
    held = read_object(_one(cookies))
    vendors = {name: said for name, said in held.items() if not name.startswith("$$")}
    return Choice(read_flags(vendors), held.get("$$completed") is True, read_time(held.get("$$date")))


def _klaro(cookies: Mapping[str, str]) -> Choice:
    """JSON of services; the cookie exists only after an answer."""
    return Choice(read_flags(read_object(_one(cookies))), True)


def _tarteaucitron(cookies: Mapping[str, str]) -> Choice:
    """`!gtag=true!hotjar=false!x=wait`; wait says nothing."""
    parts = [part.partition("=") for part in _one(cookies).split("!") if part]
    listed = {name: word for name, _, word in parts if word != "wait"}
    return Choice(_words(listed, {"true": True, "false": False}), True)


def _colon_flags(text: str, words: Mapping[str, bool]) -> dict[str, bool]:
    """`C0001:1,C0002:0`."""
    return _words(dict(part.partition(":")[::2] for part in text.split(",") if part), words)


def _words(listed: Mapping[str, str], words: Mapping[str, bool]) -> dict[str, bool]:
    if not all(word in words for word in listed.values()):
        raise Unreadable("a category is neither yes nor no")
    return {name: words[word] for name, word in listed.items()}


BANNERS = (
    Banner("onetrust", ("OptanonConsent", "OptanonAlertBoxClosed"), _onetrust),
    Banner("cookiebot", ("CookieConsent",), _cookiebot),
    Banner("cookieyes", ("cookieyes-consent",), _cookieyes),
    Banner("complianz", ("cmplz_*",), _complianz),
    Banner("didomi", ("didomi_token",), _didomi),
    Banner("iubenda", ("_iub_cs-*",), _iubenda),
    Banner("axeptio", ("axeptio_cookies",), _axeptio),
    Banner("klaro", ("klaro",), _klaro),
    Banner("tarteaucitron", ("tarteaucitron",), _tarteaucitron),
)

#: Cookies that hold a string of another language. Source: convention; TCF leaves storage to the CMP.
_STRINGS = {"euconsent-v2": "gdpr_consent", "usprivacy": "us_privacy"}

_EXACT = frozenset((*_STRINGS, *(name for banner in BANNERS for name in banner.cookies if not name.endswith("*"))))
_STEMS = tuple({name.rstrip("*") for name in (*_STRINGS, *(name for banner in BANNERS for name in banner.cookies))})
_PREFIXES = tuple(name[:-1] for banner in BANNERS for name in banner.cookies if name.endswith("*"))


def _is_consent(name: str) -> bool:
    return name in _EXACT or name.startswith(_PREFIXES)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in patterns)
