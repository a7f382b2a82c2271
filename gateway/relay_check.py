"""Whether a copy that waits may still be sent: consent, policy and time, asked again at the moment of sending.

Pure. May not: let anything through that it cannot judge.

Why a changed policy stops what waits: what a field may be for a destination is decided when the row is made. Made anew
it cannot be; the event is gone. Fail closed: a policy edit while the destination is down loses the copies that wait.
"""

from __future__ import annotations

from typing import NamedTuple

from consent.policy import Policy
from gateway.forwarders import Row
from gateway.journal.outbox import Noes
from gateway.outward import Stopped
from gateway.relay_erase import codes, is_erased, read_moment


class Check(NamedTuple):
    """What is asked of every row: the policy in force, the noes heard so far, now, and the destination's patience."""

    destination: str
    policy: Policy
    noes: Noes
    now: float
    oldest_s: float

    def why_not(self, row: Row) -> Stopped | None:
        """None if it may be sent."""
        purposes = row.get("purposes", ())
        if row.get("policy") != self.policy.hash:
            return Stopped.POLICY_CHANGED
        if not self.policy.sends(self.destination, self.policy.mask(purposes)):
            return Stopped.NOT_ALLOWED
        if self.now - read_moment(row["event_time"]) > self.oldest_s or self.now >= read_moment(row["expires_at"]):
            return Stopped.EXPIRED
        received_at = read_moment(row["received_at"])
        said_no = any(self.noes.stops(each, purposes, received_at) for each in codes(row))
        return Stopped.WITHDRAWN if said_no or is_erased(row, self.noes) else None
