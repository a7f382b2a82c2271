"""The one table of carriers: where consent travels, and who reads it. Statements in, signals out.

May not: map a flag to a purpose (the policy does), raise for any text, spend more than a few µs on a known one.

Why a cache per statement: a browser sends the same strings with every hit. It is bounded, and in memory only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from consent.signals import cmp, dnt, google, gpc, gpp, own, tcf, us_privacy, vendor
from consent.signals.carrier import Carrier
from consent.words import EMPTY, LENGTH_LIMIT, UNREADABLE, Language, Signal, Statement, Unreadable

#: Statements in statements (our object holds a TC string), and no deeper.
_DEPTH_LIMIT = 2

CARRIERS: Mapping[str, Carrier] = {
    "own": Carrier(Language.GATEWAY_SDK, own.read),
    "gcs": Carrier(Language.GOOGLE_CONSENT_MODE, google.read_gcs),
    "gcd": Carrier(Language.GOOGLE_CONSENT_MODE, google.read_gcd),
    "npa": Carrier(Language.GOOGLE_CONSENT_MODE, google.read_npa),
    "ga4mp_consent": Carrier(Language.GOOGLE_CONSENT_MODE, google.read_measurement_protocol),
    "stape_consent_state": Carrier(Language.GOOGLE_CONSENT_MODE, google.read_state),
    "sec-gpc": Carrier(Language.GPC, gpc.read),
    "dnt": Carrier(Language.DNT, dnt.read),
    "gdpr_consent": Carrier(Language.TCF, tcf.read, "our_vendor_ids"),
    "gdpr": Carrier(Language.TCF, tcf.read_applies),
    "our_vendor_ids": Carrier(Language.TCF, lambda _: ()),  # of the policy, not of the hit; see Policy.statements
    "gpp": Carrier(Language.GPP, gpp.read, "gpp_sid"),
    "gpp_sid": Carrier(Language.GPP, gpp.read_sections),
    "us_privacy": Carrier(Language.US_PRIVACY, us_privacy.read),
    "cookies": Carrier(Language.CMP_COOKIE, cmp.read),
    "segment_consent": Carrier(Language.VENDOR, vendor.read_segment),
    "rudderstack_consent": Carrier(Language.VENDOR, vendor.read_rudderstack),
    "snowplow_consent": Carrier(Language.VENDOR, vendor.read_snowplow),
    "sp-anonymous": Carrier(Language.VENDOR, vendor.read_snowplow_anonymous),
    "matomo_consent": Carrier(Language.VENDOR, vendor.read_matomo),
    "walkeros_consent": Carrier(Language.VENDOR, vendor.read_walkeros),
    "shopify_consent": Carrier(Language.VENDOR, vendor.read_shopify),
}

#: Stands for a text that was too long to be kept.
_OVERLONG = "\0overlong"

_NOTHING = frozenset(("", "null", "undefined", "[object Object]"))


def read_signals(statements: tuple[Statement, ...]) -> tuple[Signal, ...]:
    """What the statements of one hit or event say. Never raises; what cannot be read is an UNREADABLE signal."""
    if not statements:
        return ()
    if len(statements) == 1 and len(statements[0].text) <= LENGTH_LIMIT:
        return _read_one(statements[0], "")
    return tuple(_read_all(statements))


def bounded(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The same statements without overlong texts, so that a cache of them stays small; those are unreadable."""
    for _, text in statements:
        if len(text) > LENGTH_LIMIT:
            break
    else:
        return statements
    return tuple(Statement(c, text if len(text) <= LENGTH_LIMIT else _OVERLONG) for c, text in statements)


def forget() -> None:
    """Empties the cache of texts. For measurements; hits never need it."""
    _read_one.cache_clear()


def says_nothing(text: str) -> bool:
    """True for an empty value and for a macro that nobody replaced. They are absent, and counted."""
    if len(text) > 256:
        return False
    bare = text.strip()
    return bare in _NOTHING or (bare[:2] in ("${", "{{") and bare.endswith("}"))


def _read_all(statements: tuple[Statement, ...]) -> Iterable[Signal]:
    texts: dict[str, list[str]] = {}
    for carrier, text in statements:
        texts.setdefault(carrier, []).append(text)
    for carrier, said in texts.items():
        beside = CARRIERS[carrier].beside if carrier in CARRIERS else ""
        besides = ",".join(texts.get(beside, ()))
        if len(said) == 1:
            yield from _read_bounded(Statement(carrier, said[0]), besides)
        else:
            yield from _protective([_read_bounded(Statement(carrier, text), besides) for text in said])


def _protective(readings: list[tuple[Signal, ...]]) -> Iterable[Signal]:
    """A parameter given twice: every no stands, and a yes only where each of them says it."""
    for reading in readings:
        for signal in reading:
            if not signal.says or all(_grants(other, signal) for other in readings):
                yield signal


def _grants(reading: tuple[Signal, ...], wanted: Signal) -> bool:
    return any(
        s.says and (s.language, s.flag, s.explicit) == (wanted.language, wanted.flag, wanted.explicit) for s in reading
    )


def _read_bounded(statement: Statement, beside: str) -> tuple[Signal, ...]:
    if len(statement.text) + len(beside) > LENGTH_LIMIT:
        return (_unreadable(statement.carrier),)
    return _read_one(statement, beside)


@lru_cache(maxsize=2048)
def _read_one(statement: Statement, beside: str) -> tuple[Signal, ...]:
    return tuple(_read(statement, beside, _DEPTH_LIMIT))


def _read(statement: Statement, beside: str, depth: int) -> list[Signal]:
    carrier = CARRIERS.get(statement.carrier)
    if carrier is None or not depth or statement.text == _OVERLONG:
        return [_unreadable(statement.carrier)]
    if says_nothing(statement.text):
        return [Signal(carrier.language, EMPTY, False, None, False)]
    try:
        said = carrier.read(f"{statement.text}\n{beside}" if carrier.beside else statement.text)
    except Unreadable:
        return [_unreadable(statement.carrier)]
    return list(_flat(said, depth))


def _flat(said: Iterable[Signal | Statement], depth: int) -> Iterable[Signal]:
    """Signals as they are, and what nested statements say."""
    parts = list(said)
    nested = {part.carrier: part.text for part in parts if isinstance(part, Statement)}
    for part in parts:
        if isinstance(part, Signal):
            yield part
        else:
            known = CARRIERS.get(part.carrier)
            yield from _read(part, nested.get(known.beside, "") if known else "", depth - 1)


def _unreadable(carrier: str) -> Signal:
    """Why our own language for an unknown carrier: it governs every purpose, so that nothing is let through."""
    known = CARRIERS.get(carrier)
    return Signal(known.language if known else Language.GATEWAY_SDK, UNREADABLE, False)
