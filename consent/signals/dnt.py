"""Do Not Track: `DNT: 1` is an objection by automated means; `DNT: 0` grants nothing.

May not: ever say yes. A header that came more than once is one with commas (RFC 9110, 5.3): a 1 among them counts.
Source: GDPR Art. 21(5); LG Berlin, 24 Aug 2023, 16 O 420/19.
"""

from __future__ import annotations

from collections.abc import Sequence

from consent.words import Language, Signal


def read(text: str) -> Sequence[Signal]:
    return [Signal(Language.DNT, "dnt", False)] if "1" in text.replace(", ", ",").split(",") else []
