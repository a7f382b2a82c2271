"""All requests of a demo, person by person, with one bad hit in fifty among them; and the truth about them.

May not: read a clock or open a socket. The same seed and `now` give the same requests, byte for byte; more visitors
only add to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from gateway.demo.journeys import journey
from gateway.demo.truth import Truth
from gateway.demo.wire import requests
from gateway.demo.wire.bad import broken
from gateway.demo.words import Request

#: The share of hits that are bad.
BAD_SHARE = 0.02


class Plan(NamedTuple):
    """What to make up: how many visitors, from which seed, over how many days before `now` (Unix seconds)."""

    visitors: int
    seed: int
    days: int
    now: float


def traffic(plan: Plan, truth: Truth) -> Iterator[tuple[Request, ...]]:
    """The requests of each visitor in turn, to be sent in order; `truth` has noted them when they are handed out."""
    for index in range(plan.visitors):
        whole = journey(plan.seed, index, plan.days, plan.now)
        truth.note(whole)
        sent = tuple(_with_bad(Random(f"{plan.seed}/{index}/bad"), requests(whole), plan.now))
        for request in sent:
            truth.note_request(request)
        yield sent


def _with_bad(lots: Random, good: Iterator[Request], now: float) -> Iterator[Request]:
    for request in good:
        yield request
        if lots.random() < BAD_SHARE / (1 - BAD_SHARE):
            yield broken(lots, now)
