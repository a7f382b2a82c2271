"""What an event says of itself: of its properties those that contract and policy list, products, and its worth.

May not: write a property that the contract does not list, or a text that was not scrubbed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consent.words import Action
from gateway.intake.contracts import Checked
from gateway.intake.contracts.words import Scalar, Worth
from gateway.intake.minimise_draft import Draft
from gateway.intake.minimise_plan import Keep
from gateway.intake.scan import Scrubber
from gateway.intake.urls import split_url

#: The parts of a product that are text, and whether they are codes.
_ITEM_TEXTS = (("product_id", True), ("category", False), ("seller_id", True))


def put_properties(draft: Draft, checked: Checked) -> None:
    """Columns and the map of properties."""
    keeps, row, scrubber = draft.terms.keeps, draft.row, draft.tools.scrubber
    rest: dict[str, str] = {}
    for name, value in checked.kept.items():
        keep = keeps.get(name)
        if keep is None:
            continue
        if value in keep.clean:
            text: Any = value  # most texts: seen before, and nothing personal in them
        elif value.__class__ is str:
            text = clean(value, name, keep, scrubber)
        else:
            text = to_text(value)
        if text and (column := keep.column):
            row[column] = text
        elif text:
            rest[name] = text
    if rest:
        row["properties"] = rest


def clean(text: Any, name: str, keep: Keep, scrubber: Scrubber) -> str:
    """The text as the policy's action leaves it, scrubbed. Only URLs have a query or a host to be left with."""
    if keep.action is not Action.KEEP:
        text = _reduce(text, keep.action)
    cleaned: str = scrubber.scrub(text, name, keep.is_code)
    return cleaned


def _reduce(text: str, action: Action) -> str:
    if action is Action.HOST_ONLY:
        return split_url(text).host
    is_url = "://" in text or text.startswith("/")
    return text.partition("#")[0].partition("?")[0] if is_url else text


def to_text(value: Scalar) -> str:
    """Numbers and truth values as ClickHouse's map of texts holds them."""
    if value.__class__ is bool:
        return "true" if value else "false"
    return repr(value)


def put_items(draft: Draft, checked: Checked) -> None:
    """The products, with amounts that Decimal(18, 2) holds."""
    if not checked.items or not draft.terms.has_items:
        return
    scrubber = draft.tools.scrubber
    for item in checked.items:
        for name, is_code in _ITEM_TEXTS:
            if name in item:
                item[name] = scrubber.scrub(str(item[name]), f"items.{name}", is_code)
        if "price" in item:
            item["price"] = round(item["price"], 2)  # type: ignore[arg-type]  # checked: a number
    draft.row["items"] = checked.items


def put_worth(draft: Draft, checked: Checked) -> None:
    """What the event is worth, by its contract's rule."""
    worth: Worth | None = draft.terms.worth
    if worth is None:
        return
    amount = checked.kept.get(worth.take) if worth.take else worth.fixed
    if amount is not None:
        draft.row["value"] = round(amount, 2)  # type: ignore[arg-type]  # checked: a number
    if worth.currency:
        draft.row["currency"] = worth.currency


#: What an event with a contract goes through besides.
CONTRACT_STEPS: tuple[Callable[[Draft, Checked], None], ...] = (put_properties, put_items, put_worth)
