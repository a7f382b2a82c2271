"""Personal data where nobody looks: found in text that may be kept, and replaced by what it is, such as `[email]`.

May not: keep, count or return what it found; only its kind.

How: RULES run in order, each a pattern whose work is linear in the text (bounded repeats, no nesting) and a check that
validates what the pattern found. A `code` is a value that its contract describes by a pattern (order numbers, product
ids): there only rules with a strong structure look, because one of eleven order numbers passes for a Dutch BSN.
Not: google-re2, whose work is linear by construction: it takes none of these patterns, since what may not stand before
a number needs a look behind. tests/gateway/intake/minimise/test_minimise_scan.py times texts made to be slow.
In free text a bare number that passes a national check is replaced; an analyst loses nothing that counts.
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address
from itertools import pairwise
from typing import NamedTuple

from gateway.intake import identifiers

#: Texts found clean that are remembered, so that product names and slugs are looked at once.
_REMEMBERED = 16_384
_REMEMBERED_CHARS = 128

#: Layers of base64 that are unwrapped. Source: recorded hits hold base64 in base64 (Snowplow, Stape).
_LAYERS = 2

_SEPARATORS = str.maketrans("", "", " \u00a0\u202f./-()")


class Scrubbed(NamedTuple):
    """The text without personal data, and the kinds that were replaced."""

    text: str
    kinds: tuple[str, ...]


class Rule(NamedTuple):
    """One kind of personal data. `check` sees what the pattern found; `in_codes` says whether codes are searched."""

    kind: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool]
    in_codes: bool


def _rule(kind: str, pattern: str, check: Callable[[str], bool] = lambda _found: True, in_codes: bool = True) -> Rule:
    return Rule(kind, re.compile(pattern), check, in_codes)


def _bare(found: str) -> str:
    """Without separators, upper case."""
    return found.translate(_SEPARATORS).upper()


_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d[-./][01]?\d[-./][0-3]?\d|[0-3]?\d[-./][01]?\d[-./](?:19|20)\d\d")

#: Country calling codes that may follow `00`. Source: ITU E.164 list of assigned codes, Europe and its neighbours, US.
_CALLING = re.compile(r"00(?:1[2-9]|2[07]|3[0-469]|35\d|37\d|38\d|4[0-9]|42[013]|5[1-8]|6[0-6]|7|8[1-6]|9[0-58]|97\d)")


def _is_zero_zero_phone(found: str) -> bool:
    digits = _bare(found)
    return 11 <= len(digits) <= 16 and _CALLING.match(digits) is not None


def _is_national_phone(found: str) -> bool:
    return 9 <= len(_bare(found)) <= 12 and _DATE.search(found) is None


def _is_address(found: str) -> bool:
    return all(len(octet) <= 3 and int(octet) <= 255 for octet in found.split(".")) and found[0] != "0"


def _is_address_6(found: str) -> bool:
    try:
        IPv6Address(found.partition("%")[0])
    except AddressValueError:
        return False
    return len(found) >= 7


def _is_mixed(found: str) -> bool:
    return not found.isdigit() and not found.isalpha()


def _is_opaque(found: str) -> bool:
    """Random rather than written: upper, lower and digits, changing often."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in found if c.isalnum()]
    changes = sum(one != other for one, other in pairwise(kinds))
    return len(set(kinds)) == 3 and changes * 4 >= len(kinds)


#: Checks of numbers without any letter, by length.
_NATIONAL = {
    9: (identifiers.is_dutch, identifiers.is_portuguese, identifiers.is_greek_tax),
    10: (identifiers.is_austrian, identifiers.is_bulgarian, identifiers.is_czech, identifiers.is_swedish),
    11: (
        identifiers.is_belgian,
        identifiers.is_german,
        identifiers.is_croatian,
        identifiers.is_greek_social,
        identifiers.is_baltic,
        identifiers.is_polish,
    ),
    12: (identifiers.is_swedish,),
    13: (identifiers.is_romanian,),
}


def _is_national(found: str) -> bool:
    digits = _bare(found)
    checks = _NATIONAL.get(len(digits), ())
    return any(check(digits) for check in checks) and _DATE.search(found) is None


def _checked(check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda found: check(_bare(found))


def _iban_pattern() -> str:
    by_length: dict[int, list[str]] = {}
    for country, length in identifiers.IBAN_LENGTHS.items():
        by_length.setdefault(length, []).append(country)
    forms = (f"(?:{'|'.join(names)})\\d\\d(?:[ -]?[A-Z0-9]){{{size - 4}}}" for size, names in by_length.items())
    return rf"(?i)(?<![^\W_])(?=[A-Z]{{2}}\d\d)(?:{'|'.join(forms)})(?![^\W_])"


_AT = r"(?:@|＠|%(?:25){0,3}40|\s?[(\[{]\s?at\s?[)\]}]\s?)"
_DOT = r"(?:\.|\s?[(\[{]\s?(?:dot|punkt)\s?[)\]}]\s?)"

#: Where a bare number may begin and end: not within a word, a longer number or a decimal fraction.
_START = r"(?<![\w+-])(?<!\d[.,])"
_END = r"(?![\w-]|[.,]\d)"
_GAP = r"[ \u00a0\u202f./()-]"

#: Numbers of countries that dial without a leading 0, as they are written there.
_LOCAL_PHONES = (
    r"[2-9]\d\d[ .-]\d{3}[ .-]\d{3,4}",  # ES, PL, PT, CZ, GR: 612 345 678, 694 123 4567
    r"[679]\d\d(?:[ .-]\d\d){3}",  # ES: 612 34 56 78
    r"[2-9]\d \d{3} \d\d \d\d",  # ES, PL: 91 123 45 67
    r"3[2-9]\d[ .-]?\d{6,7}",  # IT: 347 1234567
    r"[67]\d{8}|9[1236]\d{7}|69\d{8}",  # ES, PT, GR in one run
    r"\d\d(?: \d\d){3}|[2-9]\d\d \d\d \d{3}",  # DK, NO: 20 12 34 56, 412 34 567
)

RULES = (
    _rule(
        "email",
        rf"(?i)(?:(?<![\w.+-])[\w.!#$&'*+/=?^`{{|}}~-]{{1,256}}+|\"[^\"@]{{1,64}}\"){_AT}"
        rf"[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{1,6}}",
    ),
    _rule("token", r"(?<![\w-])eyJ[\w-]{5,}(?:\.[\w-]{2,}){1,2}"),
    _rule(
        "token",
        r"(?<![\w-])(?:[sprk]k_(?:live|test)_\w{8}|gh[pousr]_\w{16}|github_pat_\w{16}|AKIA[0-9A-Z]{16}|AIza[\w-]{30}"
        r"|xox[abeprs]-[\w-]{8}|glpat-[\w-]{12}|SG\.[\w-]{16}|ya29\.[\w-]{16}|shp(?:at|ca|pa|ss)_\w{16}"
        r"|[Bb]earer [\w.~+/-]{16})[\w.~+/-]*",
    ),
    _rule("iban", _iban_pattern(), _checked(identifiers.is_iban)),
    _rule("token", r"(?<![^\W_])[0-9a-fA-F]{32,128}(?![^\W_])", _is_mixed),
    _rule("token", r"(?i)(?<![^\W_])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![^\W_])", in_codes=False),
    _rule("ip", r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]{0,15}(?:%\w{1,16})?(?![\w:])", _is_address_6),
    _rule("ip", r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)", _is_address),
    _rule("mac", r"(?<![\w:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])"),
    _rule("card", r"(?<![\d+])\d(?:[ -]?\d){13,18}(?!\d)", _checked(identifiers.is_card)),
    _rule(
        "national_id",
        r"(?i)(?<![^\W_])[A-Z]{3} ?[A-Z]{3} ?[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2} ?[A-Z][0-9LMNP-V]{3}[A-Z]"
        r"(?![^\W_])",
        _checked(identifiers.is_italian),
    ),
    _rule(
        "national_id",
        r"(?i)(?<!\w)[1-4][ .]?\d\d[ .]?\d\d[ .]?(?:\d\d|2[AB])[ .]?\d{3}[ .]?\d{3}[ .]?\d\d(?!\w)",
        _checked(identifiers.is_french),
    ),
    _rule(
        "national_id",
        r"(?i)(?<!\w)\d{6}[-+A-FU-Y]\d{3}[0-9A-Y](?!\w)",
        lambda found: identifiers.is_finnish(found.upper()),
    ),
    _rule("national_id", r"(?<!\w)\d\d\.\d\d\.\d\d-\d{3}\.\d\d(?!\w)", _checked(identifiers.is_belgian)),
    _rule("phone", r"(?<![\w+])\+[1-9](?:[ \u00a0\u202f./()-]{0,3}\d){7,14}(?!\d)"),
    _rule("national_id", r"(?<![\w+-])(?:19|20)?\d{6}[-+]\d{4}(?![\w-])", _checked(identifiers.is_swedish), False),
    _rule("national_id", r"(?<![\w+-])\d{6}-\d{4}(?![\w-])", _checked(identifiers.is_danish), False),
    _rule("national_id", r"(?<![\w+-])\d{6}/\d{4}(?![\w-])", _checked(identifiers.is_czech), False),
    _rule(
        "national_id",
        r"(?i)(?<![\w+-])(?:\d\d[. ]?\d{3}[. ]?\d{3}|[XYZ][- ]?\d{7})[- ]?[A-HJ-NP-TV-Z](?!\w)",
        _checked(identifiers.is_spanish),
        False,
    ),
    _rule("national_id", r"(?i)(?<![\w+-])\d{7}[A-W][A-IW]?(?!\w)", _checked(identifiers.is_irish), False),
    _rule("phone", rf"{_START}00[1-9](?:{_GAP}{{0,3}}\d){{8,13}}(?!\d)", _is_zero_zero_phone, False),
    _rule("national_id", rf"{_START}\d(?:[ .-]?\d){{8,12}}{_END}", _is_national, False),
    _rule(
        "phone", rf"{_START}(?:\(0[1-9]\d{{0,4}}\)|0[1-9])(?:{_GAP}{{0,3}}\d){{4,10}}{_END}", _is_national_phone, False
    ),
    _rule("phone", rf"{_START}(?:{'|'.join(_LOCAL_PHONES)}){_END}", in_codes=False),
    _rule("token", r"(?<![^\W_])[\w+/-]{24,}={0,2}", _is_opaque, in_codes=False),
)

_IN_CODES = tuple(rule for rule in RULES if rule.in_codes)

#: What a text has to hold for any rule to find anything; most texts do not, and are done.
_SUSPECT = re.compile(
    r"[@＠%({\[]|\d(?:[ \u00a0\u202f./()-]{0,3}\d){5}|\d\.\d{1,3}\.\d|[\w+/]{12}|:[0-9a-fA-F]{0,4}:"
    r"|[0-9a-fA-F]{2}-[0-9a-fA-F]{2}-|[A-Za-z]{3} ?\d\d[A-Za-z]\d\d"
)
_WRAPPED = re.compile(r"(?<![\w+/-])[\w+/-]{8,}={0,2}(?![\w+/=-])")


def scrub(text: str, is_code: bool = False) -> Scrubbed:
    """`text` with everything personal replaced by its kind in brackets. Linear in the length of the text."""
    if _SUSPECT.search(text) is None:
        return Scrubbed(text, ())
    return _scrub(text, _IN_CODES if is_code else RULES, _LAYERS)


def _scrub(text: str, rules: tuple[Rule, ...], layers: int) -> Scrubbed:
    found: list[str] = []
    for rule in rules:
        text = rule.pattern.sub(_replacing(rule.kind, rule.check, found), text)
    if layers:
        text = _WRAPPED.sub(lambda match: _unwrap(match[0], layers - 1, found), text)
    return Scrubbed(text, tuple(found))


def _replacing(kind: str, check: Callable[[str], bool], found: list[str]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        if not check(match[0]):
            return match[0]
        found.append(kind)
        return f"[{kind}]"

    return replace


def _unwrap(wrapped: str, layers: int, found: list[str]) -> str:
    """What base64 hides: replaced as a whole where its content is text that holds something of a strong structure."""
    try:
        inner = urlsafe_b64decode(wrapped.rstrip("=").replace("+", "-").replace("/", "_") + "==").decode()
    except (binascii.Error, ValueError):
        return wrapped
    if not inner.isprintable():
        return wrapped
    kinds = _scrub(inner, _IN_CODES, layers).kinds
    found.extend(kinds)
    return f"[{kinds[0]}]" if kinds else wrapped


class Scrubber:
    """`scrub` with a memory of clean texts, and counts by field and kind. Never remembers what was not clean."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._codes: set[str] = set()
        self.counts: Counter[tuple[str, str]] = Counter()

    def known(self, is_code: bool) -> set[str]:
        """What `scrub` would return as it is; always the same set, so that the hot path looks there first."""
        return self._codes if is_code else self._texts

    def scrub(self, text: str, field: str, is_code: bool = False) -> str:
        """The text of that field without personal data; fields are names of contracts and columns, never a hit's."""
        known = self.known(is_code)
        if text in known:
            return text
        scrubbed = scrub(text, is_code)
        if scrubbed.kinds:
            self.counts.update((field, kind) for kind in scrubbed.kinds)
        elif len(text) <= _REMEMBERED_CHARS:
            if len(known) >= _REMEMBERED:
                known.clear()
            known.add(text)
        return scrubbed.text
