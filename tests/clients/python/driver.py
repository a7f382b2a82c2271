"""What every program in this folder is: one visit by a server SDK per source of a site, and a report on the last line.

May not: know an SDK. What an SDK logs goes to stderr, where the test wants silence; an error ends the process.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ORDER = "O-1"
CURRENCY = "EUR"
EMAIL = "jane.doe@example.com"
PERSON = "user-4711"
BROWSER = "anonymous-1"
LAMP: dict[str, Any] = {
    "product_id": "SKU-1",
    "name": "Stehlampe „Ærø“ 東京",
    "category": "lamps",
    "price": 129.9,
    "quantity": 2,
    "currency": CURRENCY,
}
TOTAL = LAMP["price"] * LAMP["quantity"]
PURCHASE: dict[str, Any] = {"order_id": ORDER, "value": TOTAL, "currency": CURRENCY, "products": [LAMP]}
#: What the visitor sees the shop with.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
PAGE = {"url": f"http://www.shop.example/lamps?utm_source=news&email={EMAIL}", "title": "Lamps"}


@dataclass(slots=True)
class Visit:
    """Where to send, under which key, and what the SDK itself reports as sent."""

    gateway: str
    key: str
    sent: list[dict[str, str]] = field(default_factory=list)

    def delivered(self, name: str, event_id: str = "") -> None:
        self.sent.append({"name": name, "id": event_id})


def run(visit: Callable[[Visit], None]) -> None:
    """One visit for each key of the argument. An SDK that swallows an error must log it: all loggers are heard."""
    heard = logging.StreamHandler(sys.stderr)
    heard.setLevel(logging.WARNING)
    logging.basicConfig(handlers=[heard], force=True)
    told = json.loads(sys.argv[1])
    visits = {policy: Visit(told["gateway"], key) for policy, key in told["keys"].items()}
    for one in visits.values():
        visit(one)
    print(json.dumps({policy: one.sent for policy, one in visits.items()}))


def fail(*said: object) -> None:
    """For the error callbacks of SDKs that run on threads of their own: seen on stderr."""
    print("reported by the SDK:", *said, file=sys.stderr)
