"""One property of a contract, read strictly: its type, bounds, category, and an example that must pass its own check.

May not: define a property whose name says that it is personal under a category that says it is not.
"""

from __future__ import annotations

from collections.abc import Mapping

from consent.clauses.marked import Node
from consent.fideslang import DATA_CATEGORIES
from gateway.intake.contracts.checks import BrokenRule, compile_check
from gateway.intake.contracts.patterns import compile_pattern
from gateway.intake.contracts.words import Property, Type

NEEDS = ("type", "is", "example")
MAY = ("say", "unit", "min", "max", "max_length", "enum", "pattern", "required")

#: What each type may say beyond NEEDS.
_BOUNDS = {
    Type.STRING: {"max_length", "pattern"},
    Type.NUMBER: {"min", "max", "unit"},
    Type.INTEGER: {"min", "max", "unit"},
    Type.BOOLEAN: set[str](),
    Type.ENUM: {"enum"},
    Type.ITEMS: set[str](),
}

#: Longest text that a property may hold. Why: what is longer is prose, and prose holds personal data.
LENGTH_LIMIT = 1024

#: Parts of names that are personal, and the category that such a property must have.
_PERSONAL_NAMES = {
    **dict.fromkeys(("email", "mail", "e_mail"), "user.contact.email"),
    **dict.fromkeys(("phone", "mobile", "msisdn", "tel"), "user.contact.phone_number"),
    **dict.fromkeys(("firstname", "lastname", "surname", "fullname", "first_name", "last_name"), "user.name"),
    **dict.fromkeys(("street", "postcode", "zip", "postal_code", "address"), "user.contact.address"),
    **dict.fromkeys(("birthday", "birthdate", "date_of_birth", "dob"), "user.demographic.date_of_birth"),
    **dict.fromkeys(("iban", "bic"), "user.financial.bank_account"),
    **dict.fromkeys(("card_number", "pan", "cvv", "cvc"), "user.financial.credit_card"),
    **dict.fromkeys(("password", "passwd", "secret", "pin"), "user.authorization.password"),
    **dict.fromkeys(("ssn", "tax_id", "passport"), "user.government_id"),
    **dict.fromkeys(("ip", "ip_address"), "user.device.ip_address"),
    **dict.fromkeys(("user_agent",), "user.device"),
    **dict.fromkeys(("lat", "lon", "latitude", "longitude", "geo"), "user.location.precise"),
}


def read_property(key: Node, node: Node) -> Property:
    """The property `key`, defined by the table `node`. Raises the reader's error with line and sentence."""
    name = str(key.scalar)
    parts = node.keyed(f"the property '{name}'", NEEDS, MAY)
    kind = Type(parts["type"].one_of([one.value for one in Type], "type"))
    _refuse_foreign_bounds(name, kind, parts)
    rule = Property(
        name=name,
        type=kind,
        category=parts["is"].one_of(DATA_CATEGORIES, "fideslang data category"),
        say=parts["say"].text("say") if "say" in parts else "",
        unit=parts["unit"].text("unit") if "unit" in parts else "",
        low=_read_bound(parts, "min"),
        high=_read_bound(parts, "max"),
        max_length=_read_length(parts),
        choices=_read_choices(kind, key, parts),
        pattern=_read_pattern(parts),
        required="required" in parts and parts["required"].one_of(("true", "false"), "required") == "true",
        example=parts["example"].text("example"),
        line=key.line,
        file=key.file,
    )
    _refuse_personal(key, rule)
    _check_example(parts["example"], rule)
    return rule


def _refuse_foreign_bounds(name: str, kind: Type, parts: Mapping[str, Node]) -> None:
    for part, node in parts.items():
        if part not in (*NEEDS, "say", "required") and part not in _BOUNDS[kind]:
            raise node.error(f"the property '{name}' is of type {kind}, which has no '{part}'")


def _refuse_personal(key: Node, rule: Property) -> None:
    """`customer_email` must be an e-mail's category, or one more precise; `email_address` may be either's."""
    sounds = personal_categories(rule.name)
    if sounds and not rule.category.startswith(sounds):
        raise key.error(f"'{rule.name}' sounds personal; say is: {sounds[0]}, or give it another name")


def personal_categories(name: str) -> tuple[str, ...]:
    """The categories that a property of that name may have, the likeliest first; none where it is not personal."""
    padded = f"_{name.replace('.', '_')}_"
    return tuple(category for word, category in _PERSONAL_NAMES.items() if f"_{word}_" in padded)


def _check_example(node: Node, rule: Property) -> None:
    if rule.low is not None and rule.high is not None and rule.low > rule.high:
        raise node.error(f"the property '{rule.name}' has a min above its max")
    if rule.type is Type.ITEMS:
        return
    try:
        compile_check(rule)(rule.example)
    except BrokenRule as broken:
        raise node.error(f"the example of '{rule.name}' breaks its own rule: {broken.rule}") from None


def _read_bound(parts: Mapping[str, Node], name: str) -> float | None:
    if name not in parts:
        return None
    text = parts[name].text(name)
    try:
        return float(compile_check(Property(name, Type.NUMBER, ""))(text))
    except BrokenRule:
        raise parts[name].error(f"{name} should be a number") from None


def _read_length(parts: Mapping[str, Node]) -> int:
    if "max_length" not in parts:
        return 256
    text = parts["max_length"].text("max_length")
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= LENGTH_LIMIT):
        raise parts["max_length"].error(f"max_length should be from 1 to {LENGTH_LIMIT}")
    return int(text)


def _read_choices(kind: Type, key: Node, parts: Mapping[str, Node]) -> tuple[str, ...]:
    if kind is not Type.ENUM:
        return ()
    if "enum" not in parts:
        raise key.error(f"the property '{key.scalar}' is of type enum, but lists no enum: [a, b]")
    choices = tuple(item.text("a choice") for item in parts["enum"].listed("enum"))
    if not choices or any(len(choice) > 100 or not choice.isprintable() for choice in choices):
        raise parts["enum"].error("enum should list printable choices of 100 characters at most")
    return choices


def _read_pattern(parts: Mapping[str, Node]) -> str:
    if "pattern" not in parts:
        return ""
    text = parts["pattern"].text("pattern")
    try:
        compile_pattern(text)
    except ValueError as error:
        raise parts["pattern"].error(f"its pattern {error}") from None
    return text
