"""Google Consent Mode on the wire: gcs, gcd, npa, and the consent objects of GA4's Measurement Protocol and of Stape.

May not: take a state that was granted by default for a choice. Source: facts A4; gcd is undocumented by Google,
the meaning of its letters (base64url index 10 DD UU) reproduces every letter that the community documented.

Not: "strip the digits and read letters in order", as published decoders do; `13t3tPt2t5l1` breaks them.
"""

from __future__ import annotations

from collections.abc import Sequence

from consent.flags import GOOGLE_TYPES
from consent.signals.carrier import read_flags, read_object
from consent.words import Language, Signal, Unreadable

#: The order of types in gcd. Source: positions read in recorded hits.
GCD_TYPES = GOOGLE_TYPES[:4]

#: letter -> (says, explicit); None says nothing. l: unset; p, q, m, u: denied; t: granted by default; r, n, v: granted.
GCD_LETTERS: dict[str, tuple[bool, bool] | None] = {
    "l": None,
    "p": (False, True),
    "q": (False, True),
    "m": (False, True),
    "u": (False, True),
    "t": (True, False),
    "r": (True, True),
    "n": (True, True),
    "v": (True, True),
}


def _signal(flag: str, says: bool, explicit: bool) -> Signal:
    return Signal(Language.GOOGLE_CONSENT_MODE, flag, says, None, explicit)


def read_gcs(text: str) -> Sequence[Signal]:
    """`G1xy`: x ad_storage, y analytics_storage; it cannot tell a default from a choice. Raises `Unreadable`."""
    if len(text) != 4 or not text.startswith("G1") or not set(text[2:]) <= set("01-"):
        raise Unreadable("gcs is not G1 and two of 0, 1, -")
    said = zip(("ad_storage", "analytics_storage"), text[2:], strict=True)
    return [_signal(flag, mark == "1", mark == "0") for flag, mark in said if mark != "-"]


def read_gcd(text: str) -> Sequence[Signal]:
    """`1` and four pairs, letters at 2, 4, 6, 8; the tail says nothing of consent. Raises `Unreadable`."""
    if len(text) < 9 or text[0] != "1" or not text.isascii() or not text.isalnum():
        raise Unreadable("gcd is not 1 and four pairs")
    return [signal for flag, letter in zip(GCD_TYPES, text[2:9:2], strict=True) for signal in _letter(flag, letter)]


def _letter(flag: str, letter: str) -> list[Signal]:
    says = GCD_LETTERS.get(letter, (False, True))  # Why: an unknown letter is unreadable, and that is a no
    return [_signal(flag, *says)] if says else []


def read_npa(text: str) -> Sequence[Signal]:
    """`npa=1` asks for ads without a profile; only `0` takes that back, and says nothing."""
    return [] if text == "0" else [_signal("ad_personalization", False, True)]


def read_measurement_protocol(text: str) -> Sequence[Signal]:
    """`{"ad_user_data": "GRANTED", "ad_personalization": "DENIED"}`: a server's statement. Raises `Unreadable`."""
    held = read_object(text)
    if not all(said in ("GRANTED", "DENIED", None) for said in held.values()):
        raise Unreadable("not GRANTED or DENIED")
    return [_signal(flag.lower(), said == "GRANTED", True) for flag, said in held.items() if said is not None]


def read_state(text: str) -> Sequence[Signal]:
    """Stape's `consent_state`: true includes what was granted by default, so it is no choice. Raises `Unreadable`."""
    flags = read_flags(read_object(text))
    return [_signal(flag, says, not says) for flag, says in flags.items()]
