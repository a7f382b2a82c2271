"""Copies for destinations: each event minimised once per destination, under a pseudonym that only it ever sees.

May not: send, write or wait; make a copy that the policy does not let the destination have.

Rules
    1. A copy holds what the policy allows this destination for this event's consent, and nothing else rests for it.
    2. Only who may be recognised there is copied: destinations count by identifier, and a made-up one is a lie.
    3. A no to a purpose of the destination is written too, whatever protocol brought it: copies still waiting must
       stop. The same person's is written once in five seconds, unless a yes came between. Who is to be forgotten is
       written each time.
"""

from __future__ import annotations

from collections import Counter

from consent.policy import Policy
from consent.words import Decision
from gateway.intake.hit import Event, Leaver
from gateway.intake.minimise import Minimiser, Trace
from gateway.outward import RelayTerms, Stopped
from gateway.words import Broken, Fact, Refusal, SiteKeys

_DURABLE = b'"visitor_kind":"durable"'

#: How long a no is not written again, and how many people's are remembered for that.
_AGAIN_S = 5.0
_REMEMBERED = 50_000


class Copier:
    """Makes the copies for one destination of one site. `stopped` counts what was not copied, by reason."""

    __slots__ = ("_mask", "_policy", "_said", "adapters", "minimiser", "name", "stopped", "terms")

    def __init__(self, terms: RelayTerms, policy: Policy, minimiser: Minimiser) -> None:
        self.name = terms.name
        self.terms = terms
        self.adapters = terms.adapters
        self.minimiser = minimiser
        self.stopped: Counter[Stopped] = Counter()
        self._policy = policy
        self._mask = policy.sends(terms.destination, ~0)
        self._said: dict[int, tuple[int, float]] = {}  # by a hash that is keyed by this process

    def copy(self, event: Event, trace: Trace, decision: Decision, keys: SiteKeys) -> list[Fact]:
        """Rows for the outbox: the copy, if there may be one, and the no, if there is one."""
        refused = decision.mask_no & self._mask
        rows = self._no(event, trace, refused, keys) if refused and event.client_id else []
        if trace.adapter in self.adapters and decision.allowed & self._mask:
            if not refused and self._said:
                self._said.pop(hash(event.client_id), None)
            row = self.minimiser.minimise(event, trace, decision, keys)
            if isinstance(row, (Refusal, Broken)):
                return rows  # the warehouse counts why
            if row.find(_DURABLE) > 0:
                rows.append(row)
            else:
                self.stopped[Stopped.NO_IDENTIFIER] += 1
        return rows

    def forget(self, leaver: Leaver, trace: Trace, keys: SiteKeys) -> list[Fact]:
        """The noes that erase all that waits of somebody."""
        return self.minimiser.erasures(leaver, trace.received_at, keys)

    def _no(self, event: Event, trace: Trace, refused: int, keys: SiteKeys) -> list[Fact]:
        said, when = self._said.get(hash(event.client_id), (0, 0.0))
        if said == refused and trace.received_at - when < _AGAIN_S:
            return []
        if len(self._said) >= _REMEMBERED:
            self._said.clear()
        self._said[hash(event.client_id)] = (refused, trace.received_at)
        row = self.minimiser.withdrawal(event, trace, self._policy.names(refused), keys)
        return [] if row is None else [row]
