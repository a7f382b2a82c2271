"""What happens at each place of the shop. A scene lets the visitor see things; where they go next is not its business.

May not: choose the next scene. One function per place, and `SCENES` names them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.demo.catalogue import BY_CATEGORY, CATEGORIES, PRODUCTS
from gateway.demo.looks import look
from gateway.demo.walk import Walk
from gateway.demo.words import Line

_PROMOTIONS = ("PR-OLIVE-HARVEST", "PR-ADVENT-LIGHTS", "PR-TERRACOTTA-WEEK")
_COUPONS = ("ULIVO10", "BENVENUTI", "MAESTRALE")
_SEARCHES = ("olive wood", "kilim 200x300", "blue plates", "vaso testa di moro", "zellige vert", "teppich wolle")
_FILTERS = (("colour", "terracotta"), ("price", "50-100"), ("seller_country", "GR"), ("material", "linen"))
_SORTS = ("price_asc", "price_desc", "newest", "best_rated")
_SHIPPING_CENTS = 590


def home(walk: Walk) -> None:
    walk.go("/", "Meltemi Casa")
    if walk.chance(0.35):
        promotion = walk.lots.choice(_PROMOTIONS)
        walk.see("promotion_view", promotion_id=promotion)
        if walk.chance(0.25):
            walk.see("promotion_select", promotion_id=promotion)


def listing(walk: Walk) -> None:
    if walk.chance(0.35):
        walk.category = walk.lots.choice(CATEGORIES)
    walk.go(f"/c/{walk.category}", walk.category.capitalize())
    shown = walk.lots.sample(BY_CATEGORY[walk.category], 4)
    lines = tuple(walk.line(product) for product in shown)
    walk.see("product_list_view", lines, list_id=walk.category, list_name=walk.category.capitalize())


def search(walk: Walk) -> None:
    term = walk.lots.choice(_SEARCHES)
    walk.go(f"/search?q={term.replace(' ', '+')}", "Search")
    walk.see("search", search_term=term, results=walk.lots.randint(0, 48))


def filtering(walk: Walk) -> None:
    name, value = walk.lots.choice(_FILTERS)
    walk.see("filter_apply", filter_name=name, filter_value=value, results=walk.lots.randint(1, 40))
    walk.wait(6)


def sorting(walk: Walk) -> None:
    walk.see("sort_apply", sort_by=walk.lots.choice(_SORTS))
    walk.wait(6)


def product(walk: Walk) -> None:
    near = BY_CATEGORY[walk.category] if walk.chance(0.8) else PRODUCTS
    seen = walk.lots.choice([other for other in near if other is not walk.product])
    walk.product, walk.category = seen, seen.category
    line = walk.line(seen)
    if walk.page.url and walk.chance(0.5):
        position = walk.lots.randint(1, 24)
        walk.see("product_select", (line,), list_id=seen.category, product_id=seen.product_id, position=position)
    walk.go(f"/p/{seen.product_id.lower()}", seen.name)
    walk.see("product_view", (line,), **_product(walk, line), **_experiment(walk))
    walk.wait(18)
    if walk.chance(0.5):
        look(walk)


def into_cart(walk: Walk) -> None:
    if walk.product is None:
        return
    line = walk.line(walk.product, 1 if walk.chance(0.8) else 2)
    walk.cart.append(line)
    walk.see("add_to_cart", (line,), **_product(walk, line), **_amount(line))


def cart(walk: Walk) -> None:
    walk.go("/cart", "Basket")
    if walk.cart:
        walk.see("cart_view", tuple(walk.cart), **_money(walk, walk.cart))
    if walk.cart and walk.chance(0.14):
        line = walk.cart.pop()
        walk.see("remove_from_cart", (line,), **_product(walk, line), **_amount(line))


def checkout(walk: Walk) -> None:
    """From the basket to the order, unless the visitor gives up at one of the steps."""
    if not walk.cart:
        return
    walk.go("/checkout", "Checkout")
    lines, coupon = _discount(walk)
    walk.see("begin_checkout", lines, **_money(walk, lines), **coupon)
    for step in ("add_shipping_info", "add_payment_info"):
        if not walk.chance(0.86):
            return
        walk.wait(35)
        walk.see(step, lines, **_money(walk, lines), **coupon)
    if walk.chance(0.9):
        walk.wait(20)
        _order(walk, lines, coupon)


def quiz(walk: Walk) -> None:
    walk.go("/style-quiz", "Which coast are you?")
    walk.see("quiz_start", quiz_id="coast-2026")
    walk.wait(60)
    if walk.chance(0.65):
        answer = walk.lots.choice(("aegean", "riviera", "maghreb", "adriatic"))
        walk.see("quiz_complete", quiz_id="coast-2026", answer=answer)
        walk.desire += 0.25


def newsletter(walk: Walk) -> None:
    walk.see("form_start")
    walk.wait(12)
    if walk.chance(0.6):
        walk.see("form_submit")
        walk.see("newsletter_signup", method="footer")
        walk.desire += 0.05


def account(walk: Walk) -> None:
    """Signing in or up; whoever ordered before sometimes reviews it, or sends it back."""
    walk.go("/account", "Your account")
    walk.see("login" if walk.person.user_id else "sign_up", method=walk.lots.choice(("email", "apple", "google")))
    if walk.orders and walk.chance(0.2):
        order_id, cents = walk.orders.pop(0)
        walk.see("refund", order_id=order_id, value=cents / 100, currency=walk.person.currency)
    elif walk.orders and walk.chance(0.5):
        walk.see("review_write", rating=walk.lots.randint(3, 5))


def stores(walk: Walk) -> None:
    walk.go("/showrooms", "Showrooms")
    walk.see("store_find", distance_km=round(walk.lots.uniform(0.5, 80), 1))
    if walk.chance(0.15):
        walk.see("generate_lead", method="showroom_visit")


SCENES: Mapping[str, Callable[[Walk], None]] = {
    "home": home, "listing": listing, "search": search, "filtering": filtering, "sorting": sorting,
    "product": product, "look": look, "into_cart": into_cart, "cart": cart, "checkout": checkout,
    "quiz": quiz, "newsletter": newsletter, "account": account, "stores": stores,
}  # fmt: skip


def _cents(lines: tuple[Line, ...] | list[Line]) -> int:
    return sum(line.price_cents * line.quantity for line in lines)


def _money(walk: Walk, lines: tuple[Line, ...] | list[Line]) -> dict[str, str | float]:
    return {"value": _cents(lines) / 100, "currency": walk.person.currency}


def _product(walk: Walk, line: Line) -> dict[str, str | float]:
    product = line.product
    return {
        "product_id": product.product_id,
        "name": product.name,
        "category": product.category,
        "variant": line.variant,
        "seller_id": product.seller_id,
        "price": line.price_cents / 100,
        "currency": walk.person.currency,
    }


def _amount(line: Line) -> dict[str, int | float]:
    return {"quantity": line.quantity, "value": _cents((line,)) / 100}


def _experiment(walk: Walk) -> dict[str, str]:
    return {"experiment": "free-returns-badge", "experiment_variant": "badge" if walk.badge else "none"}


def _discount(walk: Walk) -> tuple[tuple[Line, ...], dict[str, str]]:
    """A coupon takes a tenth off every line, so that the lines of an order always sum to its value."""
    if not walk.chance(0.2):
        return tuple(walk.cart), {}
    coupon = walk.lots.choice(_COUPONS)
    walk.see("promo_code_apply", coupon=coupon)
    return tuple(line._replace(price_cents=round(line.price_cents * 0.9)) for line in walk.cart), {"coupon": coupon}


def _order(walk: Walk, lines: tuple[Line, ...], coupon: dict[str, str]) -> None:
    order_id = f"MC{walk.person.index:06d}-{len(walk.orders) + 1}-{walk.lots.getrandbits(16):04x}"
    cents = _cents(lines)
    walk.page = walk.page._replace(url=walk.page.url.replace("/checkout", "/thank-you"), title="Thank you")
    walk.see("purchase", lines, order_id=order_id, value=cents / 100, currency=walk.person.currency,
             tax=round(cents * 0.18) / 100, shipping=0.0 if cents > 10_000 else _SHIPPING_CENTS / 100,
             **coupon, **_experiment(walk))  # fmt: skip
    walk.orders.append((order_id, cents))
    walk.cart.clear()
    walk.desire = 0.2
    if walk.chance(0.3):
        walk.see("survey_answer", rating=walk.lots.randint(2, 5))
