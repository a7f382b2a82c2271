"""What one set of allowed purposes lets through to one destination, compiled: every question is answered once.

May not: see an event. Built when a set of purposes is first met; frozen.

Why: a field of every event has to be listed in the policy by its own name. By its category alone, `page_url` would
fall to the rule of `event_name` once somebody strikes its line, and be kept whole. Properties of contracts, which a
policy cannot know by name, go by their category.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from consent.policy import Policy
from consent.words import Action
from gateway.intake.contracts import Contract, Contracts
from gateway.intake.contracts.words import Property, Type, Worth
from gateway.intake.scan import Scrubber

#: The fields that every event has, and their categories. What the policy does not list by this name is dropped.
FIELDS: Mapping[str, str] = {
    "event_name": "user.behavior",
    "ip": "user.device.ip_address",
    "user_agent": "user.device",
    "page_url": "user.behavior.browsing_history",
    "referrer": "user.behavior.browsing_history",
    "visitor_id": "user.device.cookie_id",
    "session_id": "user.device.cookie_id",
    "account_id": "user.unique_id.pseudonymous",
    "campaign": "user.behavior",
    "country": "user.location.imprecise",
    "order_value": "user.behavior.purchase_history",
    "order_id": "user.behavior.purchase_history",
}

#: What the language goes by: the class of the device, because no policy lists it.
_LANGUAGE = ("language", "user.device")

#: Properties that have a column of their own, and its name. `variant` of a product stays a property.
COLUMNS: Mapping[str, str] = {
    "product_id": "product_id",
    "category": "category",
    "seller_id": "seller_id",
    "order_id": "order_id",
    "currency": "currency",
    "experiment": "experiment",
    "experiment_variant": "variant",
}

#: Properties that the policy knows under another name.
_FIELD_OF = {"value": "order_value"}

#: The actions under which a text may still be stored; beyond them nothing of it is.
_STORABLE = (Action.KEEP, Action.STRIP_QUERY, Action.HOST_ONLY)


class Keep(NamedTuple):
    """How a property is kept: its column ('' for the map), the policy's action, whether it is a code.

    `clean` are the texts that are known to stay as they are; the scrubber adds to them.
    """

    column: str
    action: Action
    is_code: bool
    clean: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ContractPlan:
    """What is stored of an event under its contract. `contract` is None for events without one: no properties."""

    contract: Contract | None
    stage: str
    label: str
    keeps: Mapping[str, Keep]
    has_items: bool
    has_value: bool
    worth: Worth | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is stored of every event. Days are counted from the event's own; 0 means that there is nothing to keep."""

    head: dict[str, object]
    purposes: frozenset[str]
    keep_days: int
    identity_days: Mapping[str, int]
    durable_days: int
    day_days: int
    uses_agent_for_day: bool
    has_session: bool
    account_days: int
    has_agent: bool
    has_page_host: bool
    has_page_path: bool
    has_page_query: bool
    has_referrer: bool
    has_campaign: bool
    has_country: bool
    language: Action
    has_language: bool
    contracts: Mapping[str, ContractPlan]
    pages: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False)  # harmless ones, remembered
    heads: dict[tuple[object, ...], bytes] = field(default_factory=dict, repr=False)  # see minimise_head


class Compiler:
    """Makes plans for one destination of one site's policy."""

    def __init__(self, site: str, policy: Policy, contracts: Contracts, destination: str, scrubber: Scrubber) -> None:
        self.site = site
        self.scrubber = scrubber
        self.policy = policy
        self.contracts = contracts
        self.destination = destination
        self.listed = frozenset(clause.name for clause in policy.clauses.fields)

    def plan(self, allowed: int) -> Plan | None:
        """The plan of these allowed purposes; None if nothing may be stored, not even that something happened."""
        sent = self.policy.sends(self.destination, allowed)
        action = {name: self._action(sent, name) for name in FIELDS}
        if not sent or action["event_name"] > Action.KEEP:
            return None
        purposes = self._names(sent)
        page, language = action["page_url"], self._action(sent, *_LANGUAGE)
        keep_days = self._days(sent)
        durable_days = self._days_of(sent, "visitor_id", Action.PSEUDONYMISE)
        day_days = self._days_of(sent, "ip", Action.USE_THEN_DROP)
        return Plan(
            head={"site": self.site, "policy": self.policy.hash, "purposes": purposes},
            purposes=frozenset(purposes),
            keep_days=keep_days,
            identity_days={"durable": durable_days, "day": day_days, "none": keep_days},
            durable_days=durable_days,
            day_days=day_days,
            uses_agent_for_day=action["user_agent"] < Action.DROP,
            has_session=action["session_id"] <= Action.PSEUDONYMISE,
            account_days=self._days_of(sent, "account_id", Action.PSEUDONYMISE),
            has_agent=action["user_agent"] <= Action.GENERALISE,
            has_page_host=page <= Action.HOST_ONLY,
            has_page_path=page <= Action.STRIP_QUERY,
            has_page_query=page is Action.KEEP,
            has_referrer=action["referrer"] <= Action.HOST_ONLY,
            has_campaign=action["campaign"] <= Action.KEEP,
            has_country=action["country"] <= Action.GENERALISE,
            language=language,
            has_language=language <= Action.GENERALISE,
            contracts={terms.name: self._contract(sent, terms.name) for terms in self.contracts},
        )

    def _contract(self, sent: int, name: str) -> ContractPlan:
        contract = self.contracts.find(name)
        if contract is None:
            return NO_CONTRACT
        terms = contract.terms
        keeps = {key: keep for key, rule in terms.properties.items() if (keep := self._keep(sent, rule))}
        has_value = self._action(sent, "order_value") is Action.KEEP
        return ContractPlan(
            contract=contract,
            stage=terms.stage.value,
            label=contract.label,
            keeps={key: keep for key, keep in keeps.items() if key not in ("items", "value")},
            has_items="items" in keeps,
            has_value=has_value,
            worth=terms.worth if has_value and terms.worth != Worth() else None,
        )

    def _keep(self, sent: int, rule: Property) -> Keep | None:
        action = self._action(sent, _FIELD_OF.get(rule.name, rule.name), rule.category)
        if action not in _STORABLE or (action > Action.STRIP_QUERY and rule.type is not Type.STRING):
            return None
        clean = self.scrubber.known(rule.is_code) if action is Action.KEEP else frozenset()
        return Keep(COLUMNS.get(rule.name, ""), action, rule.is_code, clean)

    def _action(self, sent: int, field: str, category: str = "") -> Action:
        if field in FIELDS and field not in self.listed:
            return Action.DROP
        return self.policy.action(self.destination, sent, field, category or FIELDS[field])

    def _names(self, mask: int) -> list[str]:
        return [name for bit, name in enumerate(self.policy.purposes) if mask >> bit & 1]

    def _days(self, mask: int) -> int:
        return max((self.policy.keep_days.get(name, 0) for name in self._names(mask)), default=0)

    def _days_of(self, sent: int, field: str, limit: Action) -> int:
        """The longest retention among the purposes for which the field may be used up to `limit`."""
        bits = [1 << bit for bit in range(len(self.policy.purposes)) if sent >> bit & 1]
        return self._days(sum(bit for bit in bits if self._action(bit, field) <= limit))


NO_CONTRACT = ContractPlan(None, "", "", {}, False, False, None)
