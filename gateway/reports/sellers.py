"""`sellers`: what does each seller sell, and how are orders split across them."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal

from gateway.reports.report import Chart, Fold, Question, Report, Results, Row, Table
from gateway.reports.report.columns import count, fraction, money, text
from gateway.reports.report.statements import read_statements

#: What an order is worth beyond its items: shipping, tax, a discount on the whole; or items that were not told.
REST = "(not in items)"
_BASIS = "Orders with a number, of visitors who consented to be recognised, in the currency of the order; without bots."


def _sales(results: Results, _question: Question) -> list[Row]:
    """Sales by seller and currency, and a row for what is left, so that a currency's rows sum to its revenue."""
    interest = {row["seller"]: row for row in results["interest"]}
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in results["sales"]:
        sums[row["currency"]] += row["sales"]
    sold = sorted(results["sales"], key=lambda row: (row["currency"], -row["sales"], row["seller"]))
    rest = [_rest(row, left) for row in results["revenue"] if (left := row["revenue"] - sums[row["currency"]])]
    return [
        {**row, **_interest(interest, row["seller"]), "seller": row["seller"] or "(not known)"} for row in sold
    ] + rest


def _interest(interest: dict[str, Row], seller: str) -> Row:
    found = interest.get(seller, {})
    return {"views": found.get("views", 0), "carts": found.get("carts", 0)}


def _rest(row: Row, left: Decimal) -> Row:
    """What all buyers of a currency paid beyond items."""
    none = dict.fromkeys(("orders", "shared_orders", "pieces", "views", "carts"), 0)
    return {"seller": REST, "currency": row["currency"], "people": row["people"], "sales": left, **none}


def _splits(results: Results, _question: Question) -> list[Row]:
    orders: Counter[str] = Counter()
    for row in results["splits"]:
        orders[row["currency"]] += row["orders"]
    return [{**row, "all_orders": orders[row["currency"]]} for row in results["splits"]]


REPORT = Report(
    name="sellers",
    question="What does each seller sell, and how are orders split across them?",
    statements=read_statements("sellers"),
    tables=(
        Table(
            "sellers",
            "By seller",
            f"{_BASIS} Views and carts: everybody who consented to be counted.",
            (
                text("seller", "The seller; (not in items) is shipping, tax and what no item tells."),
                text("currency", "ISO 4217."),
                count("orders", "orders", "Orders with an item of the seller."),
                count("shared_orders", "orders", "Of these, orders with items of other sellers too."),
                count("pieces", "pieces", "How many pieces."),
                money("sales", "Price times quantity; they sum to the revenue."),
                count("views", "events", "Views of the seller's products, all currencies."),
                count("carts", "events", "Times they were put into a basket, all currencies."),
            ),
            fold=Fold("seller", "people", apart=("currency",)),
            charts=(Chart("bars", "seller", "sales", split="currency"),),
            rows=_sales,
        ),
        Table(
            "splits",
            "Sellers per order",
            _BASIS,
            (
                count("sellers", "sellers", "How many sellers an order has."),
                text("currency", "ISO 4217."),
                count("orders", "orders", "Orders with so many."),
                fraction("share", "of orders", "Share of the orders in that currency.", ("orders", "all_orders")),
                money("revenue", "What they are worth."),
            ),
            rows=_splits,
        ),
    ),
)
