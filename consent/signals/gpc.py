"""Global Privacy Control: `Sec-GPC: 1` is an opt-out; every other value must be ignored.

May not: ever say yes. A header that came more than once is one with commas (RFC 9110, 5.3): a 1 among them counts.
Source: W3C GPC, 2026-04-03, section 3; CCPA Regulations 7025(c).
"""

from __future__ import annotations

from collections.abc import Sequence

from consent.words import Language, Signal


def read(text: str) -> Sequence[Signal]:
    return [Signal(Language.GPC, "gpc", False)] if "1" in text.replace(", ", ",").split(",") else []
