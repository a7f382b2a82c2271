"""Destinations: where consented facts may go, in which role, and by which right they leave the EEA.

May not: assume a transfer tool. Source: GDPR Art. 28, 44-49; CCPA 1798.140(ad), (ah) for sale and share.
"""

from __future__ import annotations

from consent.clauses.marked import Node
from consent.clauses.words import Destination, Purpose
from consent.places import COUNTRIES, EEA

ROLES = ("own", "processor", "third_party")
HOME = ("EU", "EEA", *EEA)
TRANSFERS = {
    "adequacy": "an adequacy decision (Art. 45)",
    "DPF": "the EU-US Data Privacy Framework (Art. 45)",
    "SCC": "standard contractual clauses and a transfer impact assessment (Art. 46)",
    "BCR": "binding corporate rules (Art. 47)",
}
TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


def read_truth(node: Node, what: str) -> bool:
    """yes, no, true or false; the only place where a word becomes a truth value is where one is asked for."""
    return TRUTHS[node.one_of(TRUTHS, what)]


def read_destinations(node: Node, purposes: tuple[Purpose, ...]) -> tuple[Destination, ...]:
    names = [purpose.name for purpose in purposes]
    found = tuple(_read_destination(key, value, names) for key, value in node.pairs("destinations"))
    if not found:
        raise node.error("destinations lists none; facts would have nowhere to go")
    return found


def _read_destination(key: Node, node: Node, names: list[str]) -> Destination:
    name = key.text("a destination")
    parts = node.keyed(f"the destination '{name}'", ("purposes", "role", "location"), ("transfer", "is_sale_or_share"))
    purposes = tuple(item.one_of(names, "purpose") for item in parts["purposes"].listed("purposes"))
    if not purposes:
        raise key.error(f"the destination '{name}' has no purpose; nothing may be sent to it")
    role = parts["role"].one_of(ROLES, "role")
    location = _read_location(parts["location"])
    sale = "is_sale_or_share" in parts and read_truth(parts["is_sale_or_share"], "is_sale_or_share")
    return Destination(name, purposes, role, location, _read_transfer(key, parts, location), sale, key.line)


def _read_location(node: Node) -> str:
    said = node.text("location")
    if said == "NO" and not node.quoted:
        raise node.error('write "NO" (Norway) in quotes; without them other programs read it as a no')
    if said not in HOME and said not in COUNTRIES:
        raise node.error(f"the location '{said}' is neither EU, EEA nor an ISO 3166 country")
    return said


def _read_transfer(key: Node, parts: dict[str, Node], location: str) -> str:
    if "transfer" not in parts:
        if location not in HOME:
            tools = ", ".join(TRANSFERS)
            raise key.error(f"the destination '{key.scalar}' is in {location} and names no transfer tool ({tools})")
        return ""
    tool = parts["transfer"].one_of(TRANSFERS, "transfer tool")
    if tool == "DPF" and location != "US":
        raise parts["transfer"].error("the Data Privacy Framework covers the US only")
    return tool
