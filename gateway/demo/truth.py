"""What really happened, written down while it is made up: reports are checked against it.

May not: ask the gateway, or use its code. Money is counted in cents and written as amounts.

Three books are kept of the same journeys: `sent` (everything), `facts` (what a site with the policy `strictest` may
keep: some purpose of its warehouse has a fresh, explicit yes) and `recognised` (facts whose yes covers analytics, so
that they carry a durable pseudonym, order ids and amounts; visits, funnels and revenue can rest on these only, so
`facts` has none of them).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.demo.looks import LOOKS
from gateway.demo.words import Happening, Journey, Person, Protocol, Request, Stance, Visit

FUNNEL = ("product_view", "add_to_cart", "begin_checkout", "purchase")

MICRO: tuple[str, ...] = (
    *(name for look in LOOKS for name in (look.name, look.then[0]) if name),
    *("video_complete", "filter_apply", "sort_apply", "search", "promotion_select", "quiz_start", "quiz_complete"),
    *("newsletter_signup", "sign_up", "login", "store_find", "generate_lead", "promo_code_apply", "review_write"),
    *("survey_answer", "email_click", "remove_from_cart"),
)

_MICRO_KEYS = ("visitors", "visitors_to_purchase", "sessions", "sessions_to_purchase")

_RECOGNISED = frozenset({Stance.YES, Stance.MEASURING})

#: The stances that make a fact, by protocol. Only our own tag can say "count me, but do not recognise me".
KEPT: Mapping[Protocol, frozenset[Stance]] = {
    Protocol.OWN: _RECOGNISED | {Stance.COUNTING},
    Protocol.GA4: _RECOGNISED,
    Protocol.SEGMENT: _RECOGNISED,
}


#: Events that the starter contracts keep for analytics only: being counted is not enough for them.
FOR_ANALYTICS = frozenset({"first_visit", "email_open", "email_click", "login", "sign_up", "survey_answer"})


def is_fact(person: Person, happening: Happening) -> bool:
    """True if the strictest policy and the starter contracts let this be kept."""
    if happening.choice.stance is Stance.COUNTING and happening.name in FOR_ANALYTICS:
        return False
    return happening.choice.stance in KEPT[person.protocol]


def is_recognised(person: Person, happening: Happening) -> bool:
    """True if it may also carry a durable pseudonym."""
    return happening.choice.stance in _RECOGNISED


def adapter_of(person: Person, happening: Happening) -> str:
    """The name of the adapter that reads it. GA4's letters come by Measurement Protocol."""
    letter = person.protocol is Protocol.GA4 and not happening.page.url
    return "ga4_mp" if letter else person.protocol.value


class Book:
    """The numbers of one selection of happenings."""

    def __init__(self) -> None:
        self.names: Counter[str] = Counter()
        self.adapters: Counter[str] = Counter()
        self.countries: Counter[str] = Counter()
        self.days: Counter[str] = Counter()
        self.money: Counter[tuple[str, str, str]] = Counter()  # (dimension, its value, currency) -> cents
        self.orders = 0
        self.sessions: Counter[tuple[str, str]] = Counter()  # (dimension, its value)
        self.session_funnel: Counter[tuple[str, str]] = Counter()  # (protocol, step); Segment names no sessions
        self.visitor_funnel: Counter[str] = Counter()
        self.visitors = 0
        self.micro: Counter[tuple[str, str]] = (
            Counter()
        )  # (event, 'visitors', 'sessions' or the same with '_to_purchase')

    def note(self, person: Person, visits: list[tuple[Visit, list[Happening]]]) -> None:
        """One person's visits, each with the happenings of this book's selection."""
        seen = [(visit, happenings) for visit, happenings in visits if happenings]
        for visit, happenings in seen:
            self._note_visit(person, visit, happenings)
        everything = [happening for _, happenings in seen for happening in happenings]
        self.visitors += bool(seen)
        self.visitor_funnel.update(reached(everything))
        self._note_micro("visitors", everything)

    def _note_visit(self, person: Person, visit: Visit, happenings: list[Happening]) -> None:
        self.countries[person.country[:2]] += len(happenings)
        self.sessions.update([("all", ""), ("channel", visit.touch.channel), ("campaign", visit.touch.campaign)])
        self.session_funnel.update((person.protocol.value, step) for step in reached(happenings))
        self._note_micro("sessions", happenings)
        for happening in happenings:
            self.names[happening.name] += 1
            self.adapters[adapter_of(person, happening)] += 1
            self.days[_day(person, happening)] += 1
            if happening.name in ("purchase", "refund"):
                self._note_money(visit, happening)

    def _note_micro(self, basis: str, happenings: list[Happening]) -> None:
        """Each micro-conversion once, and once more if a purchase follows it."""
        names = [happening.name for happening in happenings]
        for name in set(names).intersection(MICRO):
            self.micro[name, basis] += 1
            self.micro[name, f"{basis}_to_purchase"] += "purchase" in names[names.index(name) :]

    def _note_money(self, visit: Visit, happening: Happening) -> None:
        currency, cents = str(happening.properties["currency"]), round(float(happening.properties["value"]) * 100)
        if happening.name == "refund":
            self.money["refunded", "", currency] += cents
            return
        self.orders += 1
        self.money["revenue", "", currency] += cents
        self.money["campaign", visit.touch.campaign or "(none)", currency] += cents
        self.money["channel", visit.touch.channel, currency] += cents
        for line in happening.lines:
            self.money["seller", line.product.seller_id, currency] += line.price_cents * line.quantity

    def counts(self) -> dict[str, Any]:
        """What can be counted without recognising anybody, as JSON values."""
        return {
            "events": self.names.total(),
            "by_event": dict(self.names.most_common()),
            "by_adapter": dict(self.adapters),
            "by_country": dict(self.countries),
            "by_day": dict(sorted(self.days.items())),
        }

    def whole(self) -> dict[str, Any]:
        """All of the book as JSON values: counts, and amounts with two decimals."""
        return self.counts() | {
            "visitors": self.visitors,
            "sessions": self.sessions["all", ""],
            "sessions_by_channel": self._sessions_by("channel"),
            "sessions_by_campaign": self._sessions_by("campaign"),
            "orders": self.orders,
            "revenue": self._amounts("revenue").get("", {}),
            "refunded": self._amounts("refunded").get("", {}),
            "revenue_by_campaign": self._amounts("campaign"),
            "revenue_by_channel": self._amounts("channel"),
            "revenue_by_seller": self._amounts("seller"),
            "funnel": {
                "visitors": {step: self.visitor_funnel[step] for step in FUNNEL},
                "sessions_by_protocol": {
                    protocol.value: {step: self.session_funnel[protocol.value, step] for step in FUNNEL}
                    for protocol in Protocol
                },
            },
            "micro": {name: {key: self.micro[name, key] for key in _MICRO_KEYS} for name in sorted(set(MICRO))},
        }

    def _sessions_by(self, dimension: str) -> dict[str, int]:
        return {value: count for (kind, value), count in sorted(self.sessions.items()) if kind == dimension and value}

    def _amounts(self, dimension: str) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for (kind, value, currency), cents in sorted(self.money.items()):
            if kind == dimension:
                found.setdefault(value, {})[currency] = cents / 100
        return found


class Truth:
    """The three books, and what was sent with which stance."""

    def __init__(self) -> None:
        self.sent, self.facts, self.recognised = Book(), Book(), Book()
        self.stances: Counter[tuple[str, Stance]] = Counter()
        self.answers: Counter[tuple[str, Stance]] = Counter()  # (country, last stance) -> people
        self.requests: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        self.not_events = 0

    def note(self, journey: Journey) -> None:
        """A journey, before it is sent."""
        person = journey.person
        self.sent.note(person, [(visit, list(visit.happenings)) for visit in journey.visits])
        kept = [(visit, [one for one in visit.happenings if is_fact(person, one)]) for visit in journey.visits]
        self.facts.note(person, kept)
        self.recognised.note(
            person, [(visit, [one for one in ones if is_recognised(person, one)]) for visit, ones in kept]
        )
        for visit in journey.visits:
            self.stances.update((happening.name, happening.choice.stance) for happening in visit.happenings)
        self.answers[person.country[:2], journey.visits[-1].happenings[-1].choice.stance] += 1

    def note_request(self, request: Request) -> None:
        """A request of a journey, or a bad one."""
        self.requests["bad" if request.bad else "good"] += 1
        if request.bad:
            self.bad[request.bad] += 1
        self.not_events += request.target == "/v1/i"

    def as_json(self) -> dict[str, Any]:
        """Everything that is known, as JSON values."""
        return {
            "hits": {
                "good": self.requests["good"],
                "bad": self.requests["bad"],
                "bad_by_kind": dict(sorted(self.bad.items())),
            },
            "calls_that_are_no_events": self.not_events,
            "by_event_and_consent": _nested(self.stances),
            "people_by_country_and_last_answer": _nested(self.answers),
            "sent": self.sent.whole(),
            "facts": self.facts.counts(),
            "recognised": self.recognised.whole(),
        }


def reached(happenings: list[Happening]) -> list[str]:
    """The steps of the funnel that were reached, in order: each after the one before it."""
    step = 0
    for happening in happenings:
        if step < len(FUNNEL) and happening.name == FUNNEL[step]:
            step += 1
    return list(FUNNEL[:step])


def _day(person: Person, happening: Happening) -> str:
    """The UTC day; GA4's browser hits happen when they arrive."""
    if person.protocol is Protocol.GA4 and happening.page.url:
        return "on_arrival"
    return datetime.fromtimestamp(happening.at, UTC).date().isoformat()


def _nested(counts: Counter[tuple[str, Stance]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (name, stance), count in sorted(counts.items()):
        found.setdefault(name, {})[stance.value] = count
    return found
