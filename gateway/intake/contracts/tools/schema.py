"""Contracts as a JSON Schema (2020-12) of our own event, for tests of front-end developers and for QA.

May not: allow what the gateway would drop; a property that no contract lists is an error here, so that QA sees it.
Why stricter than the gateway: it converts what clients send ("129.90" is a number); a test should not rely on that.
"""

from __future__ import annotations

from typing import Any

from gateway.intake.contracts.checks import ITEMS_LIMIT, QUANTITY_LIMIT
from gateway.intake.contracts.contract import Contracts
from gateway.intake.contracts.words import Property, Status, Terms, Type

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {Type.STRING: "string", Type.NUMBER: "number", Type.INTEGER: "integer", Type.BOOLEAN: "boolean"}
_ITEM = {
    "type": "object",
    "properties": {
        "product_id": {"type": "string", "maxLength": 128},
        "category": {"type": "string", "maxLength": 256},
        "seller_id": {"type": "string", "maxLength": 128},
        "price": {"type": "number"},
        "quantity": {"type": "integer", "minimum": 0, "maximum": QUANTITY_LIMIT},
    },
}


def json_schema(contracts: Contracts) -> dict[str, Any]:
    """The schema of one entry of `events` as sent to /collect. Drafts are left out: they let nothing through."""
    live = [terms for terms in contracts if terms.status is not Status.DRAFT]
    return {
        "$schema": _DIALECT,
        "title": "Events of this site",
        "type": "object",
        "required": ["event"],
        "properties": {"event": {"enum": [terms.name for terms in live]}, "properties": {"type": "object"}},
        "allOf": [_rule(terms) for terms in live],
        "$defs": {terms.name: _event(terms) for terms in live},
    }


def _rule(terms: Terms) -> dict[str, Any]:
    then: dict[str, Any] = {"properties": {"properties": {"$ref": f"#/$defs/{terms.name}"}}}
    if any(rule.required for rule in terms.properties.values()):
        then["required"] = ["properties"]
    return {"if": {"properties": {"event": {"const": terms.name}}}, "then": then}


def _event(terms: Terms) -> dict[str, Any]:
    described: dict[str, Any] = {
        "title": f"{terms.name}@{terms.version}",
        "description": terms.say,
        "type": "object",
        "properties": {name: _property(rule) for name, rule in terms.properties.items()},
        "required": [name for name, rule in terms.properties.items() if rule.required],
        "additionalProperties": False,
    }
    return described | ({"deprecated": True} if terms.status is Status.DEPRECATED else {})


def _property(rule: Property) -> dict[str, Any]:
    told = {"description": rule.say} if rule.say else {}
    if rule.type is Type.ITEMS:
        return told | {"type": "array", "maxItems": ITEMS_LIMIT, "items": _ITEM}
    if rule.type is Type.ENUM:
        return told | {"enum": list(rule.choices)}
    return told | {"type": _TYPES[rule.type]} | _bounds(rule)


def _bounds(rule: Property) -> dict[str, Any]:
    """Patterns of contracts match a whole value; those of JSON Schema match anywhere, so they get anchors."""
    bounds = {
        "maxLength": rule.max_length if rule.type is Type.STRING else None,
        "pattern": f"^(?:{rule.pattern})$" if rule.pattern else None,
        "minimum": rule.low,
        "maximum": rule.high,
    }
    return {name: bound for name, bound in bounds.items() if bound is not None}
