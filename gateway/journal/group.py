"""What gathers for one commit, and the frame that it becomes.

May not: touch a disk; look inside a fact.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import orjson

from gateway.journal import segment
from gateway.journal.ledger import Ledger
from gateway.journal.promise import Promise
from gateway.words import Counted, Fact, Order, Outcome, Proof, Sighted, Tally

_TALLY_BYTES = 128


class Group:
    """Outcomes in memory. `size` is a bound of their bytes."""

    __slots__ = ("_rare", "broken", "counted", "facts", "orders", "promise", "proofs", "sighted", "size", "tallies")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.promise = Promise(loop=loop)
        self.facts: list[Fact] = []
        self.tallies: list[Tally] = []
        self.proofs: list[Proof] = []
        self.counted: list[Counted] = []
        self.broken: list[Fact] = []
        self.sighted: list[Sighted] = []
        self.orders: list[Order] = []
        self._rare: tuple[list[Any], ...] = (self.proofs, self.counted, self.broken, self.sighted, self.orders)
        self.size = 0

    def add(self, outcome: Outcome) -> None:
        if facts := outcome.facts:
            self.facts += facts
            self.size += sum(map(len, facts))
        if tallies := outcome.tallies:
            self.tallies += tallies
            self.size += _TALLY_BYTES * len(tallies)
        if any(rare := outcome[2:]):
            for kept, more in zip(self._rare, rare, strict=True):
                kept += more
                self.size += sum(map(len, more))

    def frame(self, at: float, ledger: Ledger) -> bytes:
        """The group as it goes to disk; `at` gives its tallies their minute, `ledger` chains its proofs."""
        sections = []
        if self.facts:
            sections.append(segment.section_of(segment.EVENTS, self.facts))
        if self.tallies:
            sections.append(segment.section_of(segment.TALLIES, tally_rows(self.tallies, at)))
        if self.proofs:
            sections.append(segment.section_of(segment.LEDGER, ledger.chained(self.proofs)))
        if self.counted:
            sections.append(segment.section_of(segment.DECISIONS, self.counted))
        if self.broken:
            sections.append(segment.section_of(segment.BROKEN, self.broken))
        if self.sighted:
            sections.append(segment.section_of(segment.SIGHTED, self.sighted))
        if self.orders:
            sections.append(segment.section_of(segment.ORDERS, self.orders))
        return segment.frame(sections)


def tally_rows(tallies: list[Tally], at: float) -> list[bytes]:
    """Tallies of one moment as rows, one per distinct reason."""
    minute = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(at))
    return [
        orjson.dumps({"site": site, "minute": minute, "adapter": adapter, "refusal": refusal, "events": events})
        for (site, adapter, refusal), events in Counter(tallies).items()
    ]
