"""Properties compiled to checks: a value as a client sent it -> the value typed, or the rule that it breaks.

May not: keep or show a value. Clients send numbers as text and text as numbers, so a check converts where nothing is
lost; whatever a column cannot hold (NaN, infinity, amounts above 10 trillion) breaks a rule here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gateway.intake.contracts.patterns import compile_pattern
from gateway.intake.contracts.words import Property, Scalar, Type
from gateway.intake.text import clean_text

#: Largest amount: Decimal(18, 2) holds 16 digits before the point, a float is exact to the cent up to 9e13.
NUMBER_LIMIT = 1e13

#: UInt32, the column of quantities.
QUANTITY_LIMIT = 2**32 - 1

_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_TEXT_NUMBER_LIMIT_CHARS = 32

#: Gives the typed value, or raises `BrokenRule`.
Check = Callable[[Any], Scalar]


class BrokenRule(Exception):
    """The name of the rule that a value breaks: type, min, max, max_length, enum, pattern. Never the value."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def compile_check(rule: Property) -> Check:
    """The check of one property."""
    return _COMPILERS[rule.type](rule)


def _compile_string(rule: Property) -> Check:
    limit = rule.max_length
    if rule.pattern:
        return _matching(compile_pattern(rule.pattern), limit)

    def check(value: Any) -> Scalar:
        text = value if value.__class__ is str else _as_text(value)
        if len(text) > limit:
            raise BrokenRule("max_length")
        return text if text.isprintable() else clean_text(text, limit)

    return check


def _matching(pattern: re.Pattern[str], limit: int) -> Check:
    matches = pattern.fullmatch

    def check(value: Any) -> Scalar:
        text = value if value.__class__ is str else _as_text(value)
        if len(text) > limit:
            raise BrokenRule("max_length")
        if matches(text) is None or not text.isprintable():
            raise BrokenRule("pattern")
        return text

    return check


def _as_text(value: Any) -> str:
    """Ids that a client sent as numbers; a truth value or an object is no text."""
    if value.__class__ is int:
        return str(value)
    if value.__class__ is float and value.is_integer() and abs(value) < NUMBER_LIMIT:
        return str(int(value))
    raise BrokenRule("type")


def _compile_number(rule: Property) -> Check:
    low = -NUMBER_LIMIT if rule.low is None else rule.low
    high = NUMBER_LIMIT if rule.high is None else rule.high

    def check(value: Any) -> Scalar:
        number = value if value.__class__ is float or value.__class__ is int else _as_number(value)
        if low <= number <= high:
            return number
        raise BrokenRule("min" if number < low else "max" if number > high else "type")  # the last one is NaN

    return check


def _as_number(value: Any) -> float:
    """The number that a text shows, with a point; `1_000` and `infinity` are Python's, not a number's."""
    if value.__class__ is not str or len(value) > _TEXT_NUMBER_LIMIT_CHARS or "_" in value:
        raise BrokenRule("type")
    try:
        return float(value)
    except ValueError:
        raise BrokenRule("type") from None


def _compile_integer(rule: Property) -> Check:
    number = _compile_number(rule)

    def check(value: Any) -> Scalar:
        found = number(value)
        if found.__class__ is int:
            return found
        if found != int(found):
            raise BrokenRule("type")
        return int(found)

    return check


def _compile_boolean(_rule: Property) -> Check:
    def check(value: Any) -> Scalar:
        if value.__class__ is bool:
            return bool(value)
        truth = _TRUTHS.get(str(value).lower()) if value.__class__ in (str, int) else None
        if truth is None:
            raise BrokenRule("type")
        return truth

    return check


def _compile_enum(rule: Property) -> Check:
    choices = {choice: choice for choice in rule.choices}
    folded = {choice.lower(): choice for choice in rule.choices}

    def check(value: Any) -> Scalar:
        text = value if value.__class__ is str else _as_text(value)
        choice = choices.get(text) or folded.get(text[:256].strip().lower())
        if choice is None:
            raise BrokenRule("enum")
        return choice

    return check


_COMPILERS: dict[Type, Callable[[Property], Check]] = {
    Type.STRING: _compile_string,
    Type.NUMBER: _compile_number,
    Type.INTEGER: _compile_integer,
    Type.BOOLEAN: _compile_boolean,
    Type.ENUM: _compile_enum,
}

#: What is kept of one product in `items`, and how it is checked. Everything else that an item carries is left out.
ITEM_CHECKS: dict[str, Check] = {
    "product_id": _compile_string(Property("product_id", Type.STRING, "", max_length=128)),
    "category": _compile_string(Property("category", Type.STRING, "", max_length=256)),
    "seller_id": _compile_string(Property("seller_id", Type.STRING, "", max_length=128)),
    "price": _compile_number(Property("price", Type.NUMBER, "")),
    "quantity": _compile_integer(Property("quantity", Type.INTEGER, "", low=0, high=QUANTITY_LIMIT)),
}

ITEMS_LIMIT = 200
