"""TCF strings to signals: what they grant and refuse for us (publisher) and for vendors (core), and why not.

May not: let a string that breaks a rule of TCF grant anything; use a legitimate interest as a consent.
Source: IAB TCF Policies v5; facts A1. What is wrong with a string rides along as remarks, for `explain`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from consent.flags import (
    TCF_CORE,
    TCF_INTEREST_PURPOSES,
    TCF_ONLY,
    TCF_PUBLISHER,
    TCF_PURPOSES,
    tcf_flags,
    tcf_interest_flag,
)
from consent.iab.tcf import TcString, Vendors, read_tc
from consent.iab.validity import doubts
from consent.words import REMARK, Language, Signal

#: Beginning -> (bit, flag, flag of a legitimate interest, '' where none may count), purpose 1 first.
_FLAGS: Mapping[str, Sequence[tuple[int, str, str]]] = {
    beginning: tuple(
        (1 << (24 - number), flag, tcf_interest_flag(flag) if number in TCF_INTEREST_PURPOSES else "")
        for number, flag in zip(TCF_PURPOSES, tcf_flags(beginning), strict=True)
    )
    for beginning in (TCF_ONLY, TCF_PUBLISHER, TCF_CORE)
}


def read(text: str) -> Sequence[Signal]:
    """`text` is the string, and after a line feed our own vendor ids, if any. Raises `Unreadable`."""
    string, _, vendors = text.partition("\n")
    tc = read_tc(string.strip(" "))
    doubted = doubts(tc)
    voice = _Voice(tc, min(tc.created_ms, tc.updated_ms) / 1000, not doubted)
    signals = voice.say(TCF_CORE if tc.publisher else TCF_ONLY, tc.consents, tc.interests)
    if tc.publisher:
        signals += voice.say(TCF_PUBLISHER, tc.publisher.consents, tc.publisher.interests)
    signals += [voice.vendor(int(number)) for number in vendors.split(",") if number.isdecimal()]
    return signals + [Signal(Language.TCF, REMARK + doubt, False, None, False) for doubt in doubted]


def read_applies(text: str) -> Sequence[Signal]:
    """`gdpr=1` hints at the EEA; so does what nobody understands. `0` is the publisher's view, and says nothing."""
    return [] if text == "0" else [Signal(Language.TCF, "gdpr applies", True)]


class _Voice:
    """Says yes and no in the string's name, at its time."""

    __slots__ = ("at", "tc", "valid")

    def __init__(self, tc: TcString, at: float, valid: bool) -> None:
        self.tc, self.at, self.valid = tc, at, valid

    def say(self, beginning: str, consents: int, interests: int) -> list[Signal]:
        """One signal per purpose. Purpose 1 was not asked under its special treatment, so nothing was said."""
        at, valid, said = self.at, self.valid, []
        for bit, flag, interest in _FLAGS[beginning][self.tc.purpose_one_treatment :]:
            if consents & bit:
                said.append(Signal(Language.TCF, flag, True, at, valid))
            elif valid and interest and interests & bit:
                said.append(Signal(Language.TCF, interest, False, at))
            else:
                said.append(Signal(Language.TCF, flag, False, at))
        return said

    def vendor(self, number: int) -> Signal:
        """Consented, disclosed where vendors are disclosed, and under no restriction of the publisher."""
        sets: list[Vendors | None] = [self.tc.vendor_consents, self.tc.disclosed]
        named = all(vendors is None or vendors.holds(number) for vendors in sets)
        restricted = any(one.vendors.holds(number) for one in self.tc.restrictions)
        return Signal(Language.TCF, f"vendor {number}", named and not restricted, self.at, self.valid)
