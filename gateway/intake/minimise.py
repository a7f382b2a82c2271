"""Event + Decision + keys -> Fact: the last place that sees personal data, and the only one that makes a Fact.

May not: keep anything of an event between two calls but texts found harmless, classes of user agents, and counts.

Rules
    1. The steps run in order; each adds columns to the row that the plan allows, and nothing else. What many rows
       share comes before them: the head, and the page.
    2. An address led to a country before it came here, and leads to a day visitor here; then it is forgotten.
    3. Times are as fine as the kind of visitor: a millisecond for `durable`, a second for `day`, an hour for `none`.
    4. Nothing in a row can make ClickHouse refuse it: what might is dropped on the way, or refuses the event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from consent.policy import Policy
from consent.words import Decision
from gateway.intake.contracts import Checked, Contracts, Verdict
from gateway.intake.hit import Event, Leaver
from gateway.intake.minimise_broken import put_broken, rewrite
from gateway.intake.minimise_draft import Draft, Tools, Trace
from gateway.intake.minimise_head import head_of
from gateway.intake.minimise_identity import put_account, put_event_id, put_times, put_visitor
from gateway.intake.minimise_page import page_of
from gateway.intake.minimise_plan import NO_CONTRACT, Compiler, ContractPlan, Plan
from gateway.intake.minimise_properties import CONTRACT_STEPS
from gateway.intake.minimise_withdrawal import write_erasure, write_withdrawal
from gateway.intake.orders import Cause, write_order
from gateway.intake.times import is_storable
from gateway.intake.unlisted import Unlisted
from gateway.intake.urls import UrlRules
from gateway.intake.visitors import Pseudonyms
from gateway.words import Broken, Fact, Order, Refusal, Sighted, SiteKeys

__all__ = ["Minimiser", "Trace"]

#: Purposes of a destination up to which every plan is compiled at start: 6 make 64 plans, 0.1 s.
_PURPOSES_COMPILED = 6

#: Plans kept beyond those.
_PLANS_KEPT = 1024

#: What every event goes through. The last two write what a row ends with: the loader finds times and ids there without
#: parsing (warehouse/load_copies.py).
STEPS: tuple[Callable[[Draft], None], ...] = (put_visitor, put_account, put_times, put_event_id)


class Minimiser:
    """Minimises the events of one site for one destination, whose pseudonyms are its own."""

    def __init__(
        self, site: str, policy: Policy, contracts: Contracts, urls: UrlRules, destination: str = "warehouse"
    ) -> None:
        self._scope = site if destination == "warehouse" else f"{site}\0{destination}"
        self._contracts = contracts
        self._tools = Tools(urls)
        self._compiler = Compiler(site, policy, contracts, destination, self._tools.scrubber)
        self._names = Unlisted() if destination == "warehouse" else None
        self._plans: dict[int, Plan | None] = {}
        self._pseudonyms = Pseudonyms(self._scope, SiteKeys(None, None, 0))
        self._sends = policy.sends(destination, ~0)
        self._compile_ahead()

    @property
    def scrubbed(self) -> Counter[tuple[str, str]]:
        """How often personal data was replaced in text that may be kept, by (field, kind)."""
        return self._tools.scrubber.counts

    @property
    def broken(self) -> Counter[tuple[str, str]]:
        """How often contracts were broken, by (contract, `property:rule`)."""
        return self._tools.broken

    @property
    def unlisted(self) -> int:
        """How many properties were left out because no contract lists them."""
        return self._tools.unlisted

    def minimise(self, event: Event, trace: Trace, decision: Decision, keys: SiteKeys) -> Fact | Broken | Refusal:
        """One row as ClickHouse will read it, or why there is none. Never raises for what a hit holds."""
        plan = self._plan(decision.allowed & self._sends)
        if plan is None:
            return Refusal.CONSENT_DENIED
        if not is_storable(event.at, trace.received_at):
            return Refusal.TIME_OUT_OF_RANGE
        terms = self._terms(plan, event.name)
        if terms.contract is not None and plan.purposes.isdisjoint(terms.contract.terms.purposes):
            return Refusal.CONSENT_DENIED
        draft = Draft(event, trace, plan, self._tools)
        draft.terms, draft.region = terms, decision.region
        draft.pseudonyms = self._pseudonyms if keys is self._pseudonyms.keys else self._prepare(keys)
        return self._write(draft)

    def withdrawal(self, event: Event, trace: Trace, refused: Iterable[str], keys: SiteKeys) -> Fact | None:
        """The row that stops what waits for this destination of whoever says no now; None without a key."""
        made = self._pseudonyms if keys is self._pseudonyms.keys else self._prepare(keys)
        if made.visitor is None:
            return None
        return Fact(write_withdrawal(made.visitor.of(event.client_id), refused, trace.received_at))

    def erasures(self, leaver: Leaver, at: float, keys: SiteKeys) -> list[Fact]:
        """The rows that erase what waits for this destination of somebody, by visitor and by account."""
        made = self._pseudonyms if keys is self._pseudonyms.keys else self._prepare(keys)
        said = ((made.visitor, leaver.client_id), (made.account, leaver.user_id))
        return [Fact(write_erasure(kind.of(text), at)) for kind, text in said if kind is not None and text]

    def order(self, leaver: Leaver, cause: Cause, at: float, keys: SiteKeys) -> Order | None:
        """Whose rows are to be erased; None without a key."""
        made = self._pseudonyms if keys is self._pseudonyms.keys else self._prepare(keys)
        return write_order(self._compiler.site, made, leaver, cause, at)

    def again(self, row: Mapping[str, Any]) -> Fact | tuple[str, ...]:
        """A row of the quarantine under the contracts and the policy of today: a fact, or why it stays there."""
        plan = self._plan(self._compiler.policy.mask(row["purposes"]) & self._sends)
        if plan is None:
            return (Refusal.CONSENT_DENIED,)
        terms = self._terms(plan, row["event"])
        if terms.contract is None:
            return ("no_contract",)
        if plan.purposes.isdisjoint(terms.contract.terms.purposes):
            return (Refusal.CONSENT_DENIED,)
        made = rewrite(row, plan, terms, self._tools)
        return made if isinstance(made, tuple) else Fact(orjson.dumps(made.row))

    def forget(self) -> None:
        """Let go of the day's keys, and of who sent what; keys are prepared again from what the next call brings."""
        self._prepare(SiteKeys(None, None, 0))
        if self._names is not None:
            self._names.forget()

    def sighted(self, day: str) -> list[Sighted]:
        """Names of properties that no contract lists and that may be told, as rows; each is told once."""
        told = self._names.told() if self._names is not None else []
        site = self._compiler.site
        return [Sighted(orjson.dumps({"site": site, "day": day, **one._asdict()})) for one in told]

    def _write(self, draft: Draft) -> Fact | Broken | Refusal:
        contract = draft.terms.contract
        checked = contract.check(draft.event) if contract is not None else None
        if checked is None:
            self._tools.unlisted += len(draft.event.properties)
        else:
            if checked.broken:
                draft.row["broken"] = list(checked.broken)
            self._tools.unlisted += checked.dropped
            if checked.broken:
                self._count(draft.terms, checked)
            if checked.verdict is Verdict.BROKEN:
                put_broken(draft, checked)
                row = _written(draft, checked)
                return row if isinstance(row, Refusal) else Broken(row)
            for step in CONTRACT_STEPS:
                step(draft, checked)
        row = _written(draft, checked)
        if self._names is not None and draft.event.properties and (checked is None or checked.dropped):
            self._see(self._names, draft)
        return row

    def _see(self, names: Unlisted, draft: Draft) -> None:
        event, contract = draft.event, draft.terms.contract
        listed = contract.terms.properties if contract is not None else ()
        name = contract.terms.name if contract is not None else event.name
        names.see(name, event.properties, listed, draft.row.get("visitor", ""))

    def _count(self, terms: ContractPlan, checked: Checked) -> None:
        for rule in checked.broken:
            self._tools.broken[(terms.label, rule)] += 1

    def _terms(self, plan: Plan, name: str) -> ContractPlan:
        terms = plan.contracts.get(name)
        if terms is None and "." in name:
            contract = self._contracts.find(name)
            return plan.contracts[contract.terms.name] if contract else NO_CONTRACT
        return terms or NO_CONTRACT

    def _compile_ahead(self) -> None:
        """Every set of purposes that the destination can be allowed, before the first event comes."""
        if self._sends.bit_count() <= _PURPOSES_COMPILED:
            sent = self._sends
            while sent:
                self._plan(sent)
                sent = (sent - 1) & self._sends

    def _plan(self, sent: int) -> Plan | None:
        try:
            return self._plans[sent]
        except KeyError:
            if len(self._plans) >= _PLANS_KEPT:
                self._plans.clear()
            self._plans[sent] = self._compiler.plan(sent)
            return self._plans[sent]

    def _prepare(self, keys: SiteKeys) -> Pseudonyms:
        self._pseudonyms = Pseudonyms(self._scope, keys)
        return self._pseudonyms


def _written(draft: Draft, checked: Checked | None) -> Fact | Refusal:
    """What every event says, and the row as it is then: what many rows share, the page, and what differs."""
    for put in STEPS:
        put(draft)
    try:
        return Fact(b"".join((head_of(draft, checked), page_of(draft), orjson.dumps(draft.row)[1:])))
    except orjson.JSONEncodeError:
        return Refusal.FIELD_UNSTORABLE
