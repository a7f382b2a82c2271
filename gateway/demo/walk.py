"""A visitor on their way through one visit: where they are, what they hold, what they have said about consent.

May not: decide where to go next (`journeys` does) or what happens there (`scenes` and `looks` do).
"""

from __future__ import annotations

import uuid
from random import Random

from gateway.demo.catalogue import price_cents
from gateway.demo.words import Choice, Happening, Line, Page, Person, Product, Stance, Touch, Turn

SHOP = "https://www.meltemi-casa.example"

#: The longest pause between two happenings; well under the half hour after which a session is over.
LONGEST_PAUSE_S = 240.0


class Walk:
    """Mutable; lives for one visit. Scenes call `go`, `see` and `wait`, and read and change the rest."""

    def __init__(self, lots: Random, person: Person, touch: Touch, at: float) -> None:
        self.lots = lots
        self.person = person
        self.touch = touch
        self.at = at
        self.choice: Choice = person.opening
        self.turns: list[Turn] = []
        self.happenings: list[Happening] = []
        self.page = Page("", "", touch.referrer)
        self.arrived_with = ""  # query of the landing page
        self.greets: tuple[str, ...] = ()  # what happens before the first page view, on the landing page
        self.category = person.taste
        self.product: Product | None = None
        self.cart: list[Line] = []
        self.orders: list[tuple[str, int]] = []  # order_id, cents; of this and of earlier visits
        self.desire = person.intent
        self.badge = person.index % 2 == 1  # half of the people see the badge of the experiment

    def chance(self, probability: float) -> bool:
        return self.lots.random() < probability

    def wait(self, mean_s: float) -> None:
        """Time passes: exponentially, never less than a quarter of a second."""
        self.at += min(LONGEST_PAUSE_S, 0.25 + self.lots.expovariate(1 / mean_s))

    def go(self, path: str, title: str) -> None:
        """Opens a page of the shop in the person's language."""
        folder = self.person.language[:2]
        url = f"{SHOP}/{folder}{path}{self.arrived_with}"
        self.page = Page(url, title, self.page.url or self.touch.referrer)
        self.arrived_with = ""
        for name in self.greets:
            self.see(name)
        self.greets = ()
        self.see("page_view")
        self.wait(9)
        if self.chance(0.3):
            self.see("scroll", percent=90)

    def see(self, name: str, lines: tuple[Line, ...] = (), /, **properties: str | int | float | bool) -> None:
        """Something happens now; a change of mind that is due follows at once."""
        self._note(name, self.choice, lines, properties)
        self.wait(2)
        while self.turns and len(self.happenings) >= self.turns[0].after_events:
            self.choice = Choice(self.turns.pop(0).stance, round(self.at, 3))
            self._note("consent_update", self.choice, (), {})
            self.wait(1)

    def hear(self, name: str, ago_s: float) -> None:
        """Something happened before the visit and away from the shop, where nobody could be asked for consent."""
        place, unasked = Page("", "", ""), Choice(Stance.NO_ANSWER)
        self.happenings.append(Happening(name, round(self.at - ago_s, 3), self._id(), place, unasked, {}))

    def line(self, product: Product, quantity: int = 1) -> Line:
        """The product at this person's price, in a variant of their liking."""
        return Line(product, self.lots.choice(product.variants), price_cents(product, self.person.currency), quantity)

    def _note(
        self, name: str, choice: Choice, lines: tuple[Line, ...], properties: dict[str, str | int | float | bool]
    ) -> None:
        self.happenings.append(Happening(name, round(self.at, 3), self._id(), self.page, choice, properties, lines))

    def _id(self) -> str:
        return str(uuid.UUID(int=self.lots.getrandbits(128), version=4))
