"""Who visits the demo's marketplace: country, browser, protocol, and what they say when asked for consent.

May not: read a clock; `now` is passed. All names, mails and ids are invented; addresses are those of RFC 5737.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple, TypeVar

from gateway.demo.catalogue import CATEGORIES
from gateway.demo.words import Agent, Choice, Person, Protocol, Stance, Turn

DAY_S = 86_400.0

T = TypeVar("T")


class Land(NamedTuple):
    """A country, or a state of the US: how many come from it, and how its people answer a banner, in percent.

    The answers are yes, measuring_only, counting_only, no; the rest never answer. `objects` is the share of browsers
    that send Sec-GPC, `assumes` the share of sites' tags that claim a yes by default there.
    """

    code: str
    weight: int
    language: str
    currency: str
    utc_offset_h: int
    answers: tuple[int, int, int, int]
    objects: float
    assumes: float


LANDS: tuple[Land, ...] = (
    Land("IT", 17, "it-IT", "EUR", 1, (52, 6, 3, 21), 0.03, 0.0),
    Land("FR", 14, "fr-FR", "EUR", 1, (44, 6, 4, 33), 0.04, 0.0),
    Land("DE", 14, "de-DE", "EUR", 1, (36, 7, 4, 41), 0.06, 0.0),
    Land("ES", 12, "es-ES", "EUR", 1, (56, 6, 2, 20), 0.03, 0.0),
    Land("GR", 8, "el-GR", "EUR", 2, (60, 5, 2, 15), 0.02, 0.0),
    Land("PT", 4, "pt-PT", "EUR", 0, (57, 6, 2, 18), 0.03, 0.0),
    Land("NL", 4, "nl-NL", "EUR", 1, (38, 8, 5, 38), 0.06, 0.0),
    Land("AT", 3, "de-AT", "EUR", 1, (37, 7, 4, 40), 0.05, 0.0),
    Land("BE", 3, "fr-BE", "EUR", 1, (43, 7, 4, 31), 0.04, 0.0),
    Land("HR", 2, "hr-HR", "EUR", 1, (61, 5, 2, 14), 0.02, 0.0),
    Land("CY", 1, "el-CY", "EUR", 2, (62, 5, 2, 13), 0.02, 0.0),
    Land("GB", 8, "en-GB", "GBP", 0, (48, 8, 5, 22), 0.05, 0.1),
    Land("CH", 5, "de-CH", "CHF", 1, (34, 6, 4, 16), 0.05, 0.7),
    Land("US-CA", 3, "en-US", "EUR", -8, (11, 3, 1, 9), 0.18, 0.8),
    Land("US-NY", 3, "en-US", "EUR", -5, (12, 2, 1, 6), 0.07, 0.9),
    Land("US-TX", 2, "en-US", "EUR", -6, (12, 2, 1, 5), 0.06, 0.9),
)

_ANSWERS = (Stance.YES, Stance.MEASURING, Stance.COUNTING, Stance.NO)

PROTOCOLS: Mapping[Protocol, int] = {Protocol.OWN: 52, Protocol.SEGMENT: 28, Protocol.GA4: 20}

_WINDOWS, _MAC, _ANDROID = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "Linux; Android 10; K"
_IPHONE, _IPAD = "iPhone; CPU iPhone OS 18_7 like Mac OS X", "iPad; CPU OS 18_7 like Mac OS X"


def _chrome(system: str, before: str = "", after: str = "") -> str:
    kit = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko)"
    return f"{kit} {before}Chrome/142.0.0.0 {'Mobile ' if system == _ANDROID else ''}Safari/537.36{after}"


def _safari(system: str) -> str:
    build = "Safari/605.1.15" if system == _MAC else "Mobile/15E148 Safari/604.1"
    return f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 {build}"


def _firefox(system: str) -> str:
    return f"Mozilla/5.0 ({system}; rv:145.0) Gecko/20100101 Firefox/145.0"


#: how common it is; user agent, platform, phone, screen
AGENTS: tuple[tuple[int, Agent], ...] = (
    (22, Agent(_safari(_IPHONE), "iOS", True, "390x844")),
    (22, Agent(_chrome(_ANDROID), "Android", True, "412x915")),
    (5, Agent(_chrome(_ANDROID, before="SamsungBrowser/28.0 "), "Android", True, "384x854")),
    (20, Agent(_chrome(_WINDOWS), "Windows", False, "1920x1080")),
    (8, Agent(_chrome(_WINDOWS, after=" Edg/142.0.0.0"), "Windows", False, "1536x864")),
    (8, Agent(_chrome(_MAC), "macOS", False, "1728x1117")),
    (7, Agent(_safari(_MAC), "macOS", False, "1512x982")),
    (4, Agent(_safari(_IPAD), "iOS", False, "820x1180")),
    (3, Agent(_firefox(_WINDOWS), "Windows", False, "1920x1080")),
    (1, Agent(_firefox("X11; Linux x86_64"), "Linux", False, "2560x1440")),
)

_GIVEN = (
    *("Alba", "Bruno", "Chiara", "Dimitra", "Elif", "Fadi", "Giulia", "Hélène", "Iker", "Jasna", "Katerina", "Luca"),
    *("Marta", "Nour", "Océane", "Petros", "Rania", "Stipe", "Tarek", "Uxue", "Vera", "Yannis", "Zeynep", "Anna"),
)
_FAMILY = (
    *("Aragona", "Berk", "Cassar", "Delmas", "Esposito", "Ferrer", "Galanis", "Haddad", "Ilić", "Jurić", "Karam"),
    *("Lombardi", "Marin", "Nikolaou", "Ortega", "Pavlou", "Quintana", "Rossi", "Santoro", "Toledo", "Vidal", "Weber"),
)
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")


def pick(lots: Random, weighted: Sequence[tuple[float, T]]) -> T:
    """One of several by weight. `weighted` are pairs (weight, thing)."""
    marks = list(accumulate(weight for weight, _ in weighted))
    return weighted[lots.choices(range(len(marks)), cum_weights=marks)[0]][1]


def invent(seed: int, index: int, now: float) -> Person:
    """The person of that number. Depends on seed and index only (and on `now` for moments), not on who else comes."""
    lots = Random(f"{seed}/{index}/person")
    land = pick(lots, [(land.weight, land) for land in LANDS])
    protocol = pick(lots, [(share, protocol) for protocol, share in PROTOCOLS.items()])
    visits = 1 + min(5, int(lots.expovariate(1 / 1.3)))
    stance = _answer(lots, land)
    opening = _opening(lots, stance, protocol, now)
    name = f"{lots.choice(_GIVEN)} {lots.choice(_FAMILY)}"
    return Person(
        index=index,
        name=name,
        email=f"{name.lower().replace(' ', '.')}.{index}@mail.example",
        country=land.code,
        language=land.language,
        currency=land.currency,
        utc_offset_h=land.utc_offset_h,
        address=f"{lots.choice(_NETWORKS)}.{lots.randint(1, 254)}",
        agent=pick(lots, AGENTS),
        protocol=protocol,
        client_id=_client_id(lots, protocol, now),
        user_id=f"u-{lots.getrandbits(40):010x}" if lots.random() < 0.25 else "",
        objects=lots.random() < land.objects,
        assumed_yes=lots.random() < land.assumes,
        opening=opening,
        turns=tuple(_turns(lots, opening.stance, stance, visits)),
        visits=visits,
        taste=lots.choice(CATEGORIES),
        intent=min(2.4, lots.lognormvariate(-0.15, 0.55)),
    )


def _answer(lots: Random, land: Land) -> Stance:
    silent = 100 - sum(land.answers)
    return pick(lots, [*zip(land.answers, _ANSWERS, strict=True), (silent, Stance.NO_ANSWER)])


def _opening(lots: Random, stance: Stance, protocol: Protocol, now: float) -> Choice:
    """A quarter answered the banner on an earlier visit, a few of them so long ago that it no longer counts."""
    if stance is Stance.NO_ANSWER or lots.random() > 0.25:
        return Choice(Stance.NO_ANSWER)
    if protocol is Protocol.OWN and lots.random() < 0.08:
        return Choice(Stance.EXPIRED, now - lots.uniform(400, 600) * DAY_S)
    return Choice(stance, now - lots.uniform(31, 120) * DAY_S)


def _turns(lots: Random, opening: Stance, stance: Stance, visits: int) -> list[Turn]:
    turns = []
    if opening is not stance:
        turns.append(Turn(0, lots.randint(1, 5), stance))
    change = _change_of_mind(lots, stance)
    if change is not None:
        turns.append(Turn(lots.randrange(visits), lots.randint(8, 20), change))
    return turns


def _change_of_mind(lots: Random, stance: Stance) -> Stance | None:
    """One in sixteen who agreed withdraws, one in twenty-five who refused agrees after all."""
    if stance in (Stance.YES, Stance.MEASURING) and lots.random() < 1 / 16:
        return Stance.NO if stance is Stance.MEASURING or lots.random() < 0.7 else Stance.MEASURING
    if stance is Stance.NO and lots.random() < 1 / 25:
        return Stance.YES
    return None


def _client_id(lots: Random, protocol: Protocol, now: float) -> str:
    if protocol is Protocol.GA4:
        return f"{lots.randint(10**8, 2 * 10**9)}.{int(now - lots.uniform(0, 90) * DAY_S)}"
    return str(uuid.UUID(int=lots.getrandbits(128), version=4))
