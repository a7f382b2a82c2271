"""Documents that come out of a policy: the record of processing (GDPR Art. 30) and the notice (Art. 13, 14).

May not: say anything that the policy does not; read a clock. Both are tables here, so that JSON and prose agree;
`consent.prose` makes them readable. What only the controller knows is marked as missing, not invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consent.clauses.destinations import TRANSFERS
from consent.clauses.words import BASES, Destination, Purpose
from consent.compiled import Policy
from consent.prose import Words
from consent.words import Action, Rule

#: How the gateway protects what it processes, true of every policy. Source: GDPR Art. 30(1)(g), 32.
_SECURITY = ("security.minimised", "security.address", "security.pseudonyms", "security.keys", "security.deletion")

_RIGHTS = (
    "right.access",
    "right.erasure",
    "right.objection",
    "right.withdrawal",
    "right.portability",
    "right.complaint",
)

_ASKED = {
    Rule.ALWAYS: "rule.always",
    Rule.UNTIL_OBJECTION: "rule.until_objection",
    Rule.ASK_FIRST: "rule.ask_first",
    Rule.NEVER: "rule.never",
}


def ropa(policy: Policy, words: Words, controller: str = "") -> dict[str, Any]:
    """One record per purpose. Source: GDPR Art. 30(1)(a)-(g)."""
    return {
        "document": words["ropa.title"],
        **_identity(policy, words, controller),
        "activities": [_activity(policy, purpose, words) for purpose in policy.clauses.purposes],
        "withdrawal": words[f"ropa.withdrawal.{policy.clauses.people.on_withdrawal}"],
        "security": [words[key] for key in _SECURITY],
    }


def notice(policy: Policy, words: Words, controller: str = "") -> dict[str, Any]:
    """What people are told, per purpose. Source: GDPR Art. 13(1)(c)-(f), 13(2)(a)-(e)."""
    return {
        "document": words["notice.title"],
        **_identity(policy, words, controller),
        "purposes": [_told(policy, purpose, words) for purpose in policy.clauses.purposes],
        "choices": words["notice.choices"].format(months=round(policy.clauses.signals.valid_for_days * 12 / 365)),
        "minors": words["notice.minors"].format(age=policy.minors_under),
        "withdrawal": words[f"notice.withdrawal.{policy.clauses.people.on_withdrawal}"],
        "rights": [words[key] for key in _RIGHTS],
    }


def _identity(policy: Policy, words: Words, controller: str) -> dict[str, Any]:
    head = policy.clauses.head
    return {
        "controller": controller or words["missing.controller"],
        "policy": {"name": policy.name, "version": policy.version, "hash": policy.hash, "status": head.status},
        "approved_by": [{"who": approval.who, "on": approval.on} for approval in head.approved_by],
    }


def _activity(policy: Policy, purpose: Purpose, words: Words) -> dict[str, Any]:
    return {
        "purpose": purpose.name,
        "description": words.get(f"purpose.{purpose.name}", purpose.say),
        "uses": list(purpose.uses),
        "basis": _basis(purpose.basis, words),
        "people": words["people.visitors"],
        "data": _fields(policy, purpose),
        "recipients": [_recipient(destination, words) for destination in _serving(policy, purpose)],
        "kept_for": policy.clauses.keep.words[purpose.name],
        "regions": _regions(policy, purpose, words),
    }


def _told(policy: Policy, purpose: Purpose, words: Words) -> dict[str, Any]:
    return {
        "purpose": purpose.name,
        "say": words.get(f"purpose.{purpose.name}", purpose.say),
        "basis": _basis(purpose.basis, words),
        "data": sorted(
            {words.get(f"data.{field['category']}", field["category"]) for field in _fields(policy, purpose)}
        ),
        "recipients": [_recipient(destination, words) for destination in _serving(policy, purpose)],
        "kept_for": policy.clauses.keep.words[purpose.name],
        "regions": _regions(policy, purpose, words),
        "never_for_minors": purpose.name in policy.clauses.people.never,
    }


def _basis(name: str, words: Words) -> dict[str, str]:
    article = next(basis.article for basis in BASES if basis.name == name)
    return {"name": words[f"basis.{name}"], "article": f"GDPR Art. {article}"}


def _serving(policy: Policy, purpose: Purpose) -> list[Destination]:
    return [destination for destination in policy.clauses.destinations if purpose.name in destination.purposes]


def _fields(policy: Policy, purpose: Purpose) -> list[dict[str, str]]:
    """What a destination gets for this purpose alone, by field: its category, and what becomes of it."""
    mask = policy.mask((purpose.name,))
    rows = []
    for destination in _serving(policy, purpose):
        for field in policy.clauses.fields:
            action = policy.action(destination.name, mask, field.name, field.category)
            if action is not Action.DROP:
                told = {"field": field.name, "category": field.category, "to": destination.name}
                rows.append({**told, "becomes": action.name.lower()})
    return rows


def _recipient(destination: Destination, words: Words) -> dict[str, str]:
    tool = TRANSFERS.get(destination.transfer, "")
    return {
        "name": destination.name,
        "role": words[f"role.{destination.role}"],
        "location": destination.location,
        "transfer": words.get(f"transfer.{destination.transfer}", tool),
    }


def _regions(policy: Policy, purpose: Purpose, words: Words) -> list[Mapping[str, str]]:
    return [
        {"region": region.name, "law": region.law, "rule": words[_ASKED[region.rules[purpose.name]]]}
        for region in policy.regions
    ]
