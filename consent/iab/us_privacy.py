"""US Privacy strings, `1YNN`: version, notice, opt-out of sale, LSPA.

May not: take a missing answer for a no opt-out. Source: IAB CCPA Compliance Framework, USP String format (facts A3).
"""

from __future__ import annotations

from typing import NamedTuple

from consent.words import Unreadable


class UsPrivacy(NamedTuple):
    notice: str
    opt_out_of_sale: str
    lspa: str

    @property
    def is_unclear(self) -> bool:
        """The law applies, and the opt-out is not told: `-` is only for `1---`, where it does not apply."""
        return self.opt_out_of_sale == "-" and self != ("-", "-", "-")


def read_us_privacy(text: str) -> UsPrivacy:
    """Raises `Unreadable`."""
    if len(text) != 4 or text[0] != "1" or not set(text[1:]) <= set("YN-"):
        raise Unreadable("is not 1 and three of Y, N, -")
    return UsPrivacy(*text[1:])
