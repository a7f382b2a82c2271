"""The small things that people do with a product before they buy it or leave: the micro-conversions.

May not: move the visitor to another page. Adding one is one row of `LOOKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.demo.people import pick
from gateway.demo.walk import Walk
from gateway.demo.words import Line

Properties = Mapping[str, str | int | float | bool]

_BIG = frozenset({"furniture", "rugs", "mirrors", "lighting", "outdoor"})
_SOFT = frozenset({"textiles", "rugs"})
_CHANNELS = ("whatsapp", "viber", "pinterest", "email", "copy_link")


class Look(NamedTuple):
    """One micro-conversion: its name, how common it is, what it adds to the wish to buy, what it tells.

    `only` are the categories that it exists for, none for all. `then` may follow, with the probability given.
    """

    name: str
    weight: float
    stirs: float
    tells: Callable[[Walk, Line], Properties]
    only: frozenset[str] = frozenset()
    then: tuple[str, float] = ("", 0.0)


def _which(walk: Walk, line: Line) -> Properties:
    product = line.product
    return {"product_id": product.product_id, "category": product.category, "seller_id": product.seller_id}


def _seller(walk: Walk, line: Line) -> Properties:
    return {"seller_id": line.product.seller_id}


def _priced(walk: Walk, line: Line) -> Properties:
    return {**_which(walk, line), "price": line.price_cents / 100, "currency": walk.person.currency}


def _variant(walk: Walk, line: Line) -> Properties:
    return {**_which(walk, line), "variant": line.variant}


def _shared(walk: Walk, line: Line) -> Properties:
    return {**_which(walk, line), "share_channel": walk.lots.choice(_CHANNELS)}


def _board(walk: Walk, line: Line) -> Properties:
    return {**_which(walk, line), "board_id": f"B-{walk.person.index:05d}"}


def _board_shared(walk: Walk, line: Line) -> Properties:
    return {"board_id": f"B-{walk.person.index:05d}", "share_channel": walk.lots.choice(_CHANNELS)}


def _video(walk: Walk, line: Line) -> Properties:
    return {**_which(walk, line), "video_id": f"V-{line.product.product_id[3:]}", "percent": 25}


def _video_seen(walk: Walk, line: Line) -> Properties:
    return {**_which(walk, line), "video_id": f"V-{line.product.product_id[3:]}", "percent": 100}


def _brochure(walk: Walk, line: Line) -> Properties:
    return {"file_name": f"{line.product.category}-2026.pdf"}


LOOKS: tuple[Look, ...] = (
    Look("gallery_zoom", 20, 0.04, _which),
    Look("swatch_select", 14, 0.06, _variant),
    Look("wishlist_add", 12, 0.16, _priced, then=("wishlist_remove", 0.08)),
    Look("mood_board_add", 9, 0.22, _board, then=("mood_board_share", 0.25)),
    Look("product_compare", 7, 0.08, _which),
    Look("review_view", 9, 0.10, _which),
    Look("size_guide_view", 6, 0.08, _which, _BIG | _SOFT),
    Look("delivery_check", 7, 0.20, _which),
    Look("video_start", 6, 0.05, _video, then=("video_progress", 0.7)),
    Look("ar_view", 5, 0.25, _which, _BIG),
    Look("room_plan", 3, 0.22, _which, _BIG),
    Look("sample_request", 3, 0.35, _variant, _SOFT | {"tiles"}),
    Look("warranty_view", 3, 0.10, _which, _BIG | {"kitchen"}),
    Look("seller_favourite", 4, 0.12, _seller),
    Look("seller_contact", 2, 0.18, _seller),
    Look("virtual_consult_request", 1, 0.40, _which, _BIG),
    Look("share", 4, 0.05, _shared),
    Look("back_in_stock_request", 2, 0.0, _which),
    Look("price_alert_set", 3, -0.05, _priced),
    Look("brochure_download", 2, 0.06, _brochure),
)

#: What follows a look, by name; `video_complete` follows `video_progress` in two cases of three.
_SEQUELS: Mapping[str, Callable[[Walk, Line], Properties]] = {
    "wishlist_remove": _which,
    "mood_board_share": _board_shared,
    "video_progress": lambda walk, line: {**_video(walk, line), "percent": 50},
    "video_complete": _video_seen,
}


def look(walk: Walk) -> None:
    """One micro-conversion on the product that the visitor is looking at."""
    if walk.product is None:
        return
    category = walk.product.category
    chosen = pick(walk.lots, [(row.weight, row) for row in LOOKS if not row.only or category in row.only])
    line = walk.line(walk.product)
    walk.see(chosen.name, **chosen.tells(walk, line))
    walk.desire += chosen.stirs
    walk.wait(14)
    _follow(walk, line, chosen.then)


def _follow(walk: Walk, line: Line, then: tuple[str, float]) -> None:
    name, probability = then
    if name and walk.chance(probability):
        walk.see(name, **_SEQUELS[name](walk, line))
        walk.wait(20)
        _follow(walk, line, ("video_complete", 0.66) if name == "video_progress" else ("", 0.0))
