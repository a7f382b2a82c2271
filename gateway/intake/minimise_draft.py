"""One event on its way to a row: what is given, what is known so far, what is written.

May not: be kept, serialised or shown. Personal, gone when the row is.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from gateway.intake.hit import Event
from gateway.intake.minimise_plan import NO_CONTRACT, Plan
from gateway.intake.scan import Scrubber
from gateway.intake.urls import Paths, UrlRules
from gateway.intake.visitors import Pseudonym, Pseudonyms


class Trace:
    """What the events of one hit share. Personal. `country` is an ISO code of the visitor's place, '' if unknown.

    `made` remembers the pseudonyms of a hit of several events; None for one.
    """

    __slots__ = ("adapter", "address", "country", "made", "received_at", "user_agent")

    def __init__(
        self,
        adapter: str,
        received_at: float,
        address: str = "",
        user_agent: str = "",
        country: str = "",
    ) -> None:
        self.adapter = adapter
        self.received_at = received_at
        self.address = address
        self.user_agent = user_agent
        self.country = country
        self.made: dict[tuple[Pseudonym, str], str] | None = None

    def __repr__(self) -> str:
        return f"<Trace by {self.adapter}>"


class Tools:
    """What the steps share over all events of a site: rules and memories of harmless texts, and counts of names."""

    __slots__ = ("broken", "paths", "scrubber", "unlisted")

    def __init__(self, urls: UrlRules) -> None:
        self.paths = Paths(urls)
        self.scrubber = Scrubber()
        self.broken: Counter[tuple[str, str]] = Counter()
        self.unlisted = 0


class Draft:
    """One event, and what of its row differs from others. `kind` is the visitor's, known after the first step."""

    __slots__ = (
        *("address", "agent", "event", "has_account", "kind", "plan", "pseudonyms", "region", "row", "terms"),
        *("tools", "trace"),
    )

    def __init__(self, event: Event, trace: Trace, plan: Plan, tools: Tools) -> None:
        self.event = event
        self.trace = trace
        self.plan = plan
        self.tools = tools
        self.address = trace.address if event.address is None else event.address
        self.agent = trace.user_agent if event.user_agent is None else event.user_agent
        self.kind = "none"
        self.has_account = False
        self.terms = NO_CONTRACT
        self.row: dict[str, Any] = {}
        self.pseudonyms: Pseudonyms
        self.region = ""  # of the policy, which decided

    def __repr__(self) -> str:
        return f"<Draft of {len(self.row)} columns>"
