"""How often hits may come: per network of senders, per site. Off unless it is set, and then one look-up a request.

May not: keep an address. It is truncated to its network (/24, /48) before it is hashed, and forgotten after that.
Each worker counts by itself.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.intake.minimise_withdrawal import MARK
from gateway.intake.pipeline import Copied, Walked
from gateway.intake.visitors import truncate
from gateway.settings import Settings
from gateway.web.buckets import Buckets
from gateway.words import Outcome, Refusal, Tally


class Rates(NamedTuple):
    """The limits of one worker; None is no limit."""

    networks: Buckets | None = None
    sites: Buckets | None = None

    def lets_in(self, address: str) -> bool:
        """Whether one more request may come from that network."""
        return self.networks is None or self.networks.take(truncate(address) or address)

    def lets_through(self, walked: Walked) -> bool:
        """Whether that site may have one more; what belongs to no site is nobody's."""
        return self.sites is None or not walked.site or self.sites.take(walked.site)


def read_rates(settings: Settings) -> Rates | None:
    """None where nothing is limited, so that the hot path has nothing to ask."""
    burst_s = settings.limit_burst_s
    limits = (settings.address_limit_per_s, settings.site_limit_per_s)
    made = [Buckets(per_s, per_s * burst_s) if per_s > 0 else None for per_s in limits]
    return Rates(*made) if any(made) else None


def turned_away(walked: Walked) -> Walked:
    """A hit beyond its site's limit: each fact it would have become is a refusal; nothing is copied or kept aside.

    Proofs of choice, orders of erasure and noes to destinations stay: a no is never turned away.
    """
    facts, tallies, proofs, *_, orders = walked.outcome
    refused = [Tally(walked.site, walked.adapter, Refusal.RATE_LIMITED) for _ in facts]
    noes = [Copied(outbox, [row for row in rows if row.startswith(MARK)]) for outbox, rows in walked.copies]
    outcome = Outcome([], [*tallies, *refused], proofs, orders=orders)
    return walked._replace(outcome=outcome, copies=[copied for copied in noes if copied.rows])
