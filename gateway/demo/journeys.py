"""How people walk through the shop: a Markov chain whose steps towards the basket grow with the wish to buy.

May not: read a clock; `now` is passed. The same seed and number give the same journey, whoever else is invented;
another `now` moves its times and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from gateway.demo.people import DAY_S, invent, pick
from gateway.demo.scenes import SCENES
from gateway.demo.touches import brings, landing_query
from gateway.demo.walk import Walk
from gateway.demo.words import Journey, Person, Protocol, Visit

LAST_START_S = 9_000.0  # a visit starts at least this long before `now`,
LONGEST_VISIT_S = 5_400.0  # is not walked on after this,
APART_S = 10_800.0  # and starts this long before or after every other of the same person
MOST_EVENTS = 70

#: How busy each hour of the day is, 0 to 23, local time.
_HOURS = (3, 2, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 9, 9, 8, 7, 7, 8, 9, 11, 13, 14, 11, 6)


class Move(NamedTuple):
    """A step to the next scene: how common it is, and whether the wish to buy multiplies that."""

    scene: str
    weight: float
    wanted: bool = False


#: from scene to scene; '' is the door
MOVES: Mapping[str, tuple[Move, ...]] = {
    "home": (Move("listing", 44), Move("search", 17), Move("product", 12), Move("quiz", 4), Move("newsletter", 3),
             Move("account", 5), Move("stores", 3), Move("", 12)),
    "listing": (Move("product", 50), Move("filtering", 17), Move("sorting", 7), Move("listing", 9), Move("search", 5),
                Move("", 9)),
    "search": (Move("product", 48), Move("filtering", 12), Move("search", 12), Move("listing", 12), Move("", 14)),
    "filtering": (Move("product", 58), Move("sorting", 8), Move("filtering", 14), Move("listing", 10), Move("", 7)),
    "sorting": (Move("product", 66), Move("filtering", 10), Move("listing", 12), Move("", 8)),
    "product": (Move("look", 34), Move("product", 16), Move("listing", 18), Move("into_cart", 9, True),
                Move("search", 5), Move("stores", 1), Move("newsletter", 1), Move("", 14)),
    "look": (Move("look", 30), Move("product", 18), Move("listing", 14), Move("into_cart", 14, True), Move("", 12)),
    "into_cart": (Move("cart", 34, True), Move("product", 26), Move("listing", 20), Move("", 14)),
    "cart": (Move("checkout", 42, True), Move("listing", 22), Move("product", 14), Move("account", 4), Move("", 22)),
    "checkout": (Move("", 70), Move("listing", 14), Move("account", 10), Move("home", 6)),
    "quiz": (Move("listing", 60), Move("product", 25), Move("", 15)),
    "newsletter": (Move("listing", 40), Move("home", 20), Move("", 40)),
    "account": (Move("listing", 35), Move("home", 25), Move("cart", 15, True), Move("", 25)),
    "stores": (Move("listing", 30), Move("home", 20), Move("", 50)),
}  # fmt: skip

#: where a visit lands, by channel; every other channel lands at home
_LANDINGS: Mapping[str, str] = {
    "paid_search": "listing", "paid_social": "product", "organic_search": "product", "organic_social": "product",
    "influencer": "product", "affiliate": "listing", "display": "cart", "share": "product",
}  # fmt: skip


def journey(seed: int, index: int, days: int, now: float) -> Journey:
    """The person of that number and all their visits within the last `days` before `now`."""
    person = invent(seed, index, now)
    lots = Random(f"{seed}/{index}/journey")
    starts = _starts(Random(f"{seed}/{index}/starts"), person, days, now)
    visits: list[Visit] = []
    last: Walk | None = None
    for number, at in enumerate(starts):
        last = _walk(lots, person, number, at, last)
        visits.append(Visit(number, _session_id(lots, person, at), last.touch, tuple(last.happenings)))
    return Journey(person, tuple(visits))


def _starts(lots: Random, person: Person, days: int, now: float) -> list[float]:
    """When each visit begins, in order and well apart. GA4 carries no event time, so its people come today."""
    window_s = DAY_S if person.protocol is Protocol.GA4 else days * DAY_S
    starts: list[float] = []
    for _ in range(60):
        at = _moment(lots, person, now, window_s)
        fits = now - window_s <= at <= now - LAST_START_S
        if fits and all(abs(at - other) >= APART_S for other in starts):
            starts.append(at)
        if len(starts) == person.visits:
            return sorted(starts)
    return [now - LAST_START_S - APART_S * back for back in reversed(range(person.visits))]


def _moment(lots: Random, person: Person, now: float, window_s: float) -> float:
    """A moment of a random day within the window, at an hour at which people there are about."""
    day = (now - lots.random() * window_s) // DAY_S * DAY_S
    hour = lots.choices(range(24), _HOURS)[0] - person.utc_offset_h
    return day + (hour % 24 + lots.random()) * 3600.0


def _walk(lots: Random, person: Person, number: int, at: float, before: Walk | None) -> Walk:
    walk = Walk(lots, person, brings(lots, person, number), at)
    walk.turns = [turn for turn in person.turns if turn.visit == number]
    walk.desire *= 1 + 0.15 * number
    if before is not None:
        walk.choice, walk.orders = before.choice, before.orders
        walk.cart = before.cart if lots.random() < 0.6 else []
    _arrive(walk, number)
    _stroll(walk, at + LONGEST_VISIT_S)
    return walk


def _arrive(walk: Walk, number: int) -> None:
    """What comes before the first page. Only our own tag tells of sessions; GA4 and Segment derive them later."""
    walk.arrived_with = landing_query(walk.lots, walk.person, walk.touch)
    if walk.person.protocol is Protocol.OWN:
        walk.greets = ("session_start",) if number else ("first_visit", "session_start")
    if walk.touch.channel == "email":
        walk.hear("email_open", walk.lots.uniform(20, 1800))
        walk.greets = (*walk.greets, "email_click")


def _stroll(walk: Walk, until: float) -> None:
    scene = _LANDINGS.get(walk.touch.channel, "home")
    while scene and walk.at < until and len(walk.happenings) < MOST_EVENTS:
        SCENES[scene](walk)
        walk.wait(5)
        scene = _next(walk, scene)


def _next(walk: Walk, scene: str) -> str:
    eager = walk.desire * (1.25 if walk.badge else 1.0) * (0.85 if walk.person.agent.mobile else 1.0)
    return pick(walk.lots, [(move.weight * (eager if move.wanted else 1.0), move.scene) for move in MOVES[scene]])


def _session_id(lots: Random, person: Person, at: float) -> str:
    return str(int(at)) if person.protocol is Protocol.GA4 else f"{int(at):x}-{lots.getrandbits(48):012x}"
