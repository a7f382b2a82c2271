"""Contracts as TypeScript: a type per event, and a `track` that no page can call with a wrong name or property.

May not: send anything that the contracts do not list. The wrapper has no dependency, and works in browsers and Node.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from gateway.intake.contracts.contract import Contracts
from gateway.intake.contracts.words import Property, Status, Terms, Type

_TYPES = {Type.STRING: "string", Type.NUMBER: "number", Type.INTEGER: "number", Type.BOOLEAN: "boolean"}

_HEAD = """\
// Written by `gateway contracts types` from the contracts; do not edit. Anything else would not be stored.

/** A product of a list, a cart or an order. */
export interface Item {
  product_id?: string;
  category?: string;
  seller_id?: string;
  /** Of one piece. */
  price?: number;
  quantity?: number;
}

/** Every event by name, with the properties that its contract lists. */
export interface Events {
"""

_TRACK = """\
}

export type EventName = keyof Events;

/** What `track` takes after the name: nothing is needed where no property is required. */
export type Properties<Name extends EventName> =
  Record<never, never> extends Events[Name] ? [properties?: Events[Name]] : [properties: Events[Name]];

/** Takes one event to the gateway. Its consent, ids and page are the sender's to add. */
export type Send = (event: { event: EventName; at: string; properties: object }) => void;

/**
 * A `track` that checks names and properties when the page is compiled.
 *
 *   const track = createTrack((event) => navigator.sendBeacon("/t/collect",
 *     JSON.stringify({ site: "shop", consent: currentConsent(), events: [event] })));
 *   track("wishlist_add", { product_id: "SKU-1", price: 129.9, currency: "EUR" });
 */
export function createTrack(send: Send) {
  return function track<Name extends EventName>(event: Name, ...[properties]: Properties<Name>): void {
    send({ event, at: new Date().toISOString(), properties: properties ?? {} });
  };
}
"""


def typescript(contracts: Contracts) -> str:
    """One module. Drafts are left out: they let nothing through."""
    live = [terms for terms in contracts if terms.status is not Status.DRAFT]
    return _HEAD + "\n".join(line for terms in live for line in _event(terms)) + "\n" + _TRACK


def _event(terms: Terms) -> Iterator[str]:
    label = f"{terms.name}@{terms.version}, {terms.stage}, {_comment(terms.owner)}"
    yield f"  /** {_comment(terms.say)} ({label}){_notice(terms)} */"
    yield f"  {json.dumps(terms.name)}: {{"
    for name, rule in terms.properties.items():
        if told := _told(rule):
            yield f"    /** {told} */"
        yield f"    {json.dumps(name)}{'' if rule.required else '?'}: {_type(rule)};"
    yield "  };"


def _notice(terms: Terms) -> str:
    return f" @deprecated use {terms.use_instead}" if terms.status is Status.DEPRECATED else ""


def _told(rule: Property) -> str:
    """What it means, and the bounds that a type cannot say."""
    low, high = ("" if bound is None else f"{bound:.15g}" for bound in (rule.low, rule.high))
    bounds = (low and f"from {low}", high and f"to {high}")
    whole = "a whole number" if rule.type is Type.INTEGER else ""
    parts = (
        rule.say,
        whole,
        " ".join(filter(None, bounds)),
        rule.unit,
        f"matches {rule.pattern}" if rule.pattern else "",
    )
    return _comment("; ".join(filter(None, parts)))


def _type(rule: Property) -> str:
    if rule.type is Type.ITEMS:
        return "Item[]"
    if rule.type is Type.ENUM:
        return " | ".join(json.dumps(choice) for choice in rule.choices)
    return _TYPES[rule.type]


def _comment(text: str) -> str:
    """A text that cannot end the comment it stands in, nor begin a tag of it."""
    return " ".join(text.replace("*/", "*\\/").replace(" @", " (at)").split())
