"""URLs to what may be kept of them: a host, a path without personal data, campaign words.

May not: keep userinfo, port, fragment, or a query parameter that is neither a campaign's nor listed by the site.

Why: a path is redacted by segment, so that `/account/jane@doe.example/orders` still counts as one page.
Why: paths that were found clean are remembered, bounded; a path that was redacted is not kept anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from gateway.intake.channels import CLICK_IDS, Campaign
from gateway.intake.scan import scrub
from gateway.intake.text import clean_text

#: Longest URL that is looked at, longest path and campaign word that are kept, in characters.
URL_LIMIT = 8192
PATH_LIMIT = 512
WORD_LIMIT = 100
HOST_LIMIT = 253

#: Query parameters looked at; a landing page has fewer than 40.
_PARAMETERS_LIMIT = 64

#: Clean paths remembered.
_REMEMBERED = 8192

REDACTED = ":redacted"
ADDRESS_HOST = "[ip]"

#: Digits in one segment from which on it is an account, a phone or an order rather than a product.
_DIGITS_LIMIT = 9

_SCHEMES = frozenset(("https:", "http:", "android-app:", "ios-app:", ""))
_END_OF_HOST = re.compile(r"[/?#\\]")
_SUSPECT = re.compile(
    r"[@%;]|(?:\d[^/\d]*){7}|[A-Za-z0-9_=]{16}|\d\.\d{1,3}\.\d|[0-9a-f]{4}-[0-9a-f]{4}-", re.IGNORECASE
)
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_LONG_RUN = re.compile(r"[A-Za-z0-9_=]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", re.IGNORECASE)

#: Query parameter -> which campaign word it is, or the kind of click that its presence tells.
_PARAMETERS: Mapping[str, Any] = {"utm_source": 0, "utm_medium": 1, "utm_campaign": 2, **CLICK_IDS}


@dataclass(frozen=True, slots=True)
class UrlRules:
    """What a site says of its own URLs.

    `sensitive_paths`: prefixes such as `/account` or `/*/health`, `*` being one segment; pages below them are stored
    without a path (R20: URLs may reveal health, faith, orientation). `keep_query`: parameters that may stay where
    policy keeps the whole URL, such as `category`.
    """

    sensitive_paths: tuple[str, ...] = ()
    keep_query: tuple[str, ...] = ()


class Url(NamedTuple):
    """The parts of a URL, still raw and personal; '' where absent. `host` is clean."""

    host: str
    path: str
    query: str


_NO_URL = Url("", "", "")


def split_url(text: str) -> Url:
    """The parts of an absolute URL, of `//host/path` or of `/path`; of other schemes nothing at all."""
    text, _, query = text[:URL_LIMIT].partition("#")[0].partition("?")
    if text.startswith("/") and not text.startswith("//"):
        return Url("", text, query)
    scheme, separator, rest = text.partition("//")
    if not separator or (scheme not in _SCHEMES and scheme.lower() not in _SCHEMES):
        return _NO_URL
    if "\\" in rest:  # browsers read it as a slash, so that `https:\\host\path` has a host
        rest = rest.replace("\\", "/")
    authority, slash, path = rest.partition("/")
    return Url(read_host(authority), slash + path, query)


def read_referrer(text: str) -> str:
    """The host of a referrer, '' if it has none."""
    scheme, separator, rest = text[:URL_LIMIT].partition("//")
    if not separator or (scheme not in _SCHEMES and scheme.lower() not in _SCHEMES):
        return ""
    return read_host(_END_OF_HOST.split(rest, 1)[0])


def read_host(authority: str) -> str:
    """Lower-case ASCII host of `user@host:port`; '[ip]' for an address, '' for what is no host name."""
    return _read_host(authority.rpartition("@")[2] if "@" in authority else authority)


@lru_cache(maxsize=4096)
def _read_host(authority: str) -> str:
    if authority.startswith("["):
        return ADDRESS_HOST
    host = authority.partition(":")[0].rstrip(".").lower()
    if not host.isascii():
        try:
            host = host[:HOST_LIMIT].encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    if len(host) > HOST_LIMIT or not host.translate(_HOST_MARKS).isalnum():
        return ""
    return ADDRESS_HOST if host.rpartition(".")[2].isdigit() else host


_HOST_MARKS = str.maketrans("", "", ".-_")


def read_campaign(query: str) -> Campaign:
    """Source, medium and campaign words of a landing page's query, scrubbed, and the kind of click id in it."""
    words, click = ["", "", ""], ""
    for pair in query.split("&", _PARAMETERS_LIMIT)[:_PARAMETERS_LIMIT]:
        name, _, text = pair.partition("=")
        place = _PARAMETERS.get(name)
        if place is None or not text:
            continue
        if place.__class__ is int:
            words[place] = read_word(text)
        elif not click:
            click = place
    return Campaign(words[0], words[1], words[2], click)


def read_word(raw: str) -> str:
    """A campaign word, still percent-encoded, to what may be kept of it. Clean words are remembered, others never."""
    known = _CLEAN_WORDS.get(raw)
    if known is not None:
        return known
    word = clean_word(unquote(raw[: 6 * WORD_LIMIT])).replace("+", " ")  # a phone's + is looked for, then a blank
    if word and word == raw:
        if len(_CLEAN_WORDS) >= _REMEMBERED:
            _CLEAN_WORDS.clear()
        _CLEAN_WORDS[raw] = word
    return word


def clean_word(text: str) -> str:
    """A campaign word: bounded, printable, without personal data. Unreplaced macros (`{{campaign.name}}`) are ''."""
    word = clean_text(text, WORD_LIMIT)
    return "" if word.startswith(("{{", "${", "%%")) else scrub(word, is_code=True).text


_CLEAN_WORDS: dict[str, str] = {}


class Paths:
    """The paths of one site, by its rules."""

    def __init__(self, rules: UrlRules) -> None:
        self._is_sensitive = _compile_sensitive(rules.sensitive_paths)
        self._keep_query = frozenset(rules.keep_query)
        self._clean: dict[str, str] = {}

    def path(self, raw: str) -> str:
        """What may be kept of a raw path: decoded once, redacted by segment, bounded; '' if it is sensitive."""
        known = self._clean.get(raw)
        if known is not None:
            return known
        path = clean_text(unquote(raw[: 3 * PATH_LIMIT], errors="replace"), PATH_LIMIT)
        if self._is_sensitive(path.lower()):
            return ""
        redacted = redact_path(path)
        if redacted == path:
            self._remember(raw, path)
        return redacted

    def query(self, raw: str) -> str:
        """The parameters that the site lists, as `?name=value&…`, scrubbed; '' if there are none."""
        if not self._keep_query or not raw:
            return ""
        pairs = (pair.partition("=") for pair in raw.split("&", _PARAMETERS_LIMIT)[:_PARAMETERS_LIMIT])
        kept = [f"{name}={read_word(text)}" for name, _, text in pairs if name in self._keep_query]
        return "?" + "&".join(kept) if kept else ""

    def _remember(self, raw: str, path: str) -> None:
        if len(self._clean) >= _REMEMBERED:
            self._clean.clear()
        self._clean[raw] = path


def redact_path(path: str) -> str:
    """The path with every segment that may hold personal data replaced by ':redacted'. Linear in its length."""
    if _SUSPECT.search(path) is None:
        return path
    segments = [segment.partition(";")[0] for segment in path.split("/")]
    return "/".join([REDACTED if _is_personal(segment) else segment for segment in segments])


def _is_personal(segment: str) -> bool:
    """An e-mail, an address, nine digits, a token, or what `scan` knows; encoded twice or not."""
    decoded = unquote(segment)
    if "@" in decoded or sum(map(str.isdigit, decoded)) >= _DIGITS_LIMIT or _LONG_RUN.search(decoded):
        return True
    if any(not run.isalpha() and not run.isdigit() for run in _RUN.findall(decoded)):
        return True
    return bool(scrub(decoded, is_code=True).kinds)


def _compile_sensitive(prefixes: tuple[str, ...]) -> Callable[[str], object]:
    if not prefixes:
        return lambda _path: False
    patterns = [re.escape(prefix.rstrip("/").lower()).replace(r"\*", "[^/]*") for prefix in prefixes]
    return re.compile(f"(?:{'|'.join(patterns)})(?:/|\\Z)").match
