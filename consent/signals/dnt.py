"""Do Not Track: `DNT: 1` is an objection by automated means; `DNT: 0` grants nothing.

May not: ever say yes. Source: GDPR Art. 21(5); LG Berlin, 24 Aug 2023, 16 O 420/19.
"""

from __future__ import annotations

from collections.abc import Sequence

from consent.words import Language, Signal


def read(text: str) -> Sequence[Signal]:
    return [Signal(Language.DNT, "dnt", False)] if text == "1" else []
