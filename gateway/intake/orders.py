"""Orders of erasure that hits bring: a consent taken back where policy says `on_withdrawal: erase`, and a tracker's or
a shop's own call to forget somebody.

May not: write an identifier, only the pseudonyms that it leads to under the keys of the moment; judge who may ask.

Rules
    1. An order is no event: it has no outcome of its own, and the call that brought it is counted as `not_an_event`.
    2. Without a key it leads to nobody, and is none.
    3. Whoever knows an identifier may have its rows erased, as at the command line: a client id is random, and known
       to its browser only. The worst that a forged order does is to forget.
The loading process carries them out; see gateway.persons.
"""

from __future__ import annotations

from enum import StrEnum

import orjson

from gateway.intake.hit import Leaver
from gateway.intake.times import to_millisecond
from gateway.intake.visitors import Pseudonyms
from gateway.words import Order


class Cause(StrEnum):
    """Why somebody is to be forgotten."""

    WITHDRAWN = "withdrawn"  # took back all consent, and policy erases then
    ASKED = "asked"  # a call to delete somebody: Mixpanel's $delete, Shopify's customers/redact


def write_order(site: str, made: Pseudonyms, leaver: Leaver, cause: Cause, at: float) -> Order | None:
    """The order as ClickHouse will read it; None where no key leads from what was said to anybody."""
    row = {"site": site, "received_at": to_millisecond(at), "cause": cause.value}
    if leaver.client_id and made.visitor is not None:
        row["visitor"] = made.visitor.of(leaver.client_id)
    if leaver.user_id and made.account is not None:
        row["account"] = made.account.of(leaver.user_id)
    return Order(orjson.dumps(row)) if "visitor" in row or "account" in row else None
