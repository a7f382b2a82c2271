"""US Privacy strings to signals: an opt-out of sale, or nothing.

May not: ever say yes. Source: IAB USP String; `-` for the opt-out, where the law applies, counts as opted out.
"""

from __future__ import annotations

from collections.abc import Sequence

from consent.flags import SALE_OR_SHARING
from consent.iab.us_privacy import read_us_privacy
from consent.words import Language, Signal


def read(text: str) -> Sequence[Signal]:
    """Raises `Unreadable`."""
    said = read_us_privacy(text.strip(" "))
    refused = said.opt_out_of_sale == "Y" or said.is_unclear
    return [Signal(Language.US_PRIVACY, SALE_OR_SHARING, False)] if refused else []
