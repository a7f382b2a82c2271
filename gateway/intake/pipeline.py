"""The walk of a hit: adapter -> signals -> decision -> contract -> minimise; one outcome per event.

May not: wait, write, log, or raise. Pure but for what it is given: the sites, a place lookup, the keys of the day.

Rules
    1. Every event that an adapter read, and every one that it could not, ends as exactly one fact or one refusal.
    2. STEPS run in order; the first that returns something ends the event's walk.
    3. What goes wrong with one event stays with that event.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar, TypeVarTuple

from consent.clauses.words import ERASE
from consent.decide import Case
from consent.policy import Policy
from consent.signals import bounded, read_signals
from consent.signals.cmp import consent_cookies
from consent.words import Decision, Statement
from gateway.intake.adapters import claim
from gateway.intake.adapters.adapter import Adapter
from gateway.intake.choices import Choices, Note, SiteChoices, Teller, Weighed, put_count
from gateway.intake.cookie_walk import Jar
from gateway.intake.headers import Headers
from gateway.intake.hit import Answer, Event, Hit, Leaver, Reading
from gateway.intake.hooks import Hook, Stamp
from gateway.intake.minimise import Trace
from gateway.intake.orders import Cause
from gateway.intake.place import Lookup, candidates, nowhere
from gateway.intake.site import Site, Sites
from gateway.intake.useragent import warm
from gateway.words import Broken, Fact, Order, Outcome, Refusal, SiteKeys, Tally

#: Headers that speak of consent, whatever the protocol. Source: W3C GPC 2026-04-03; DNT, LG Berlin 16 O 420/19.
_CONSENT_HEADERS = ((b"sec-gpc", "sec-gpc"), (b"dnt", "dnt"))

#: A decision is kept for the hour it was made in, and made as of that hour's end, so that no choice outlives its term.
_DECISION_HOLDS_S = 3600

#: The most decisions kept. Why: one per distinct (signals, place); real sites see a few hundred an hour.
_DECISIONS_KEPT = 8192


class Walk:
    """What the steps of one event share. Personal, in memory only."""

    __slots__ = (
        *("broken", "choices", "copies", "decision", "headers", "home", "jar", "keys", "notes", "orders", "said"),
        *("site", "statements", "steps", "trace", "weighed"),
    )

    def __init__(self, site: Site, keys: SiteKeys, trace: Trace, headers: Headers) -> None:
        self.site = site
        self.keys = keys
        self.trace = trace  # of the event at hand: a server sends for visitors who are elsewhere
        self.headers = headers
        self.jar: Jar | None = None  # opened by a `_gw` cookie, or by an event without an id of its own
        self.home = (trace.address, trace.country)  # of the hit itself
        self.said: tuple[Statement, ...] = ()  # by the whole hit
        self.statements: tuple[Statement, ...] = ()  # by the event at hand
        self.decision: Decision | None = None
        self.weighed: Weighed
        self.choices: SiteChoices
        self.notes: list[Note] = []  # changes of choice that the hit brought
        self.copies: list[Copied] = []  # for destinations, beside the outcome
        self.broken: list[Fact] = []  # for the quarantine, beside their refusals
        self.orders: list[Order] = []  # whose rows are to be erased
        self.steps = STEPS if not site.copiers else COPIED_STEPS


class Copied(NamedTuple):
    """Rows for the outbox of one destination."""

    outbox: str
    rows: list[Fact]


class Walked(NamedTuple):
    """The outcome of a hit, the answer that its client insists on, and whether CORS may name its origin.

    `cookie` is the Set-Cookie of the answer, b'' for none. `notes` are the outcome's proofs, to be forgotten again if
    they do not become durable. `copies` are for destinations.
    """

    outcome: Outcome
    answer: Answer
    admitted: bool
    site: str = ""
    adapter: str = ""
    cookie: bytes = b""
    notes: Sequence[Note] = ()
    copies: Sequence[Copied] = ()


_Ts = TypeVarTuple("_Ts")
_R = TypeVar("_R")

Step = Callable[[Walk, Event], Fact | Refusal | None]


def put_statements(walk: Walk, event: Event) -> None:
    """An event's own consent object wins over the hit's; what headers say is added to either."""
    own = event.statements
    said = walk.said if own is None else own + tuple(s for s in walk.said if s.carrier in _HEADER_CARRIERS)
    walk.statements = bounded(said)


def put_decision(walk: Walk, _event: Event) -> None:
    """What policy makes of the statements at this place, now."""
    places = candidates(walk.trace.country, walk.site.markets)
    hour = math.floor(walk.trace.received_at / _DECISION_HOLDS_S)
    walk.weighed = weighed = _weigh(walk.site.policy, walk.statements, places, hour)
    walk.decision = weighed.decision
    put_count(walk.choices, weighed)


def put_client_id(walk: Walk, event: Event) -> None:
    """An event without an id of its own takes the one of our cookie, where policy allows; see cookie_walk."""
    if event.client_id and walk.jar is None:
        return
    assert walk.decision is not None  # put_decision came before
    walk.jar = jar = walk.jar or Jar(walk.headers, walk.trace.received_at)
    jar.visit(event, walk.site.policy, walk.decision)


def put_proof(walk: Walk, event: Event) -> None:
    """A choice that is not the last one of this person is proven; see choices."""
    weighed = walk.weighed
    if weighed.choice is None or walk.choices.last.get(hash((event.client_id, weighed.source))) == weighed.choice:
        return
    note = walk.choices.note(weighed, Teller(event.client_id, walk.trace.received_at, walk.keys))
    if note is not None:
        walk.notes.append(note)
        if note.is_withdrawal and walk.site.policy.clauses.people.on_withdrawal == ERASE:
            put_order(walk, Leaver(event.client_id), Cause.WITHDRAWN)


def put_order(walk: Walk, leaver: Leaver, cause: Cause) -> None:
    """Somebody is to be forgotten; see orders. What waits for destinations is erased by noes of its own."""
    order = walk.site.minimiser.order(leaver, cause, walk.trace.received_at, walk.keys)
    if order is not None:
        walk.orders.append(order)
    for copier in walk.site.copiers:
        if rows := copier.forget(leaver, walk.trace, walk.keys):
            walk.copies.append(Copied(copier.name, rows))


def put_copies(walk: Walk, event: Event) -> None:
    """What each destination of the site may have of the event; see copier."""
    assert walk.decision is not None  # put_decision came before
    for copier in walk.site.copiers:
        if rows := copier.copy(event, walk.trace, walk.decision, walk.keys):
            walk.copies.append(Copied(copier.name, rows))


def check_consent(walk: Walk, _event: Event) -> Refusal | None:
    """No purpose of the warehouse allowed: the event is not collected."""
    assert walk.decision is not None  # put_decision came before
    allowed = walk.site.policy.sends("warehouse", walk.decision.allowed)
    return None if allowed else Refusal.CONSENT_DENIED


def minimise(walk: Walk, event: Event) -> Fact | Refusal:
    """Contract and minimisation; from here on nothing personal is left."""
    assert walk.decision is not None  # put_decision came before
    made = walk.site.minimiser.minimise(event, walk.trace, walk.decision, walk.keys)
    if not isinstance(made, Broken):
        return made
    walk.broken.append(made.fact)
    return Refusal.CONTRACT_BROKEN


#: The product, in order.
STEPS: tuple[Step, ...] = (put_statements, put_decision, put_client_id, put_proof, check_consent, minimise)

#: The same for a site that has its events copied for destinations, whether or not the warehouse may have them.
COPIED_STEPS: tuple[Step, ...] = (*STEPS[:-2], put_copies, *STEPS[-2:])

_HEADER_CARRIERS = frozenset((*(carrier for _, carrier in _CONSENT_HEADERS), "cookies"))


@lru_cache(maxsize=_DECISIONS_KEPT)
def _weigh(policy: Policy, statements: tuple[Statement, ...], places: tuple[str, ...], hour: int) -> Weighed:
    signals = read_signals(policy.statements + statements)
    return Weighed(Case(signals, policy, places, float((hour + 1) * _DECISION_HOLDS_S)), statements)


class Pipeline:
    """Walks hits. Holds only compiled things; replaced as a whole when configuration changes."""

    def __init__(
        self,
        sites: Sites,
        keys: Callable[[str, float], SiteKeys],
        country_of: Lookup = nowhere,
        choices: Choices | None = None,
    ) -> None:
        self.sites = sites
        self._keys = keys
        self._country_of = country_of
        self._choices = choices or Choices()
        warm()

    def walk(self, hit: Hit, source: str = "") -> Walked:
        """Facts and refusals of one hit. `source` is the prefix it came by, '' at the root. Never raises."""
        adapter = claim(hit.method, hit.path, hit.body, self.sites.protocol(source) if source else "")
        if adapter is None:
            return Walked(refused("", "", Refusal.UNKNOWN_PATH), Answer(404), False)
        reading = _attempt(adapter.read, hit)
        if isinstance(reading, Refusal):
            return Walked(refused("", adapter.name, reading), Answer(400), False)
        site = self.sites.find(reading.key, source)
        if site is None:
            return _turned_away("", adapter, reading, Refusal.UNKNOWN_KEY)
        if site.origins is not None and not site.admits(hit.header(b"origin")):
            return _turned_away(site.name, adapter, reading, Refusal.ORIGIN_NOT_LISTED)
        walk = self.start(hit, adapter, reading, site)
        outcome = self._events(walk, reading)
        cookie = walk.jar.answer() if walk.jar is not None else b""
        return Walked(outcome, reading.answer, True, site.name, adapter.name, cookie, walk.notes, walk.copies)

    def prove(self, hook: Hook, hit: Hit) -> Stamp | Refusal:
        """What tells a webhook's delivery from others, or why it is not let in."""
        return _attempt(hook.check, hit)

    def enter(self, hit: Hit, adapter: Adapter, site: Site, steps: tuple[Step, ...]) -> Walked:
        """The walk of what came by a door of its own, proven to be the site's: no key, no origin, no cookie."""
        reading = _attempt(adapter.read, hit)
        if isinstance(reading, Refusal):
            return Walked(refused(site.name, adapter.name, reading), Answer(200), False, site.name, adapter.name)
        walk = self.start(hit, adapter, reading, site)
        walk.steps = steps
        outcome = self._events(walk, reading)
        return Walked(outcome, reading.answer, False, site.name, adapter.name, b"", walk.notes, walk.copies)

    def _events(self, walk: Walk, reading: Reading) -> Outcome:
        facts: list[Fact] = []
        site, adapter = walk.site.name, walk.trace.adapter
        tallies = _tallied(site, adapter, reading.refusals) if reading.refusals else []
        for event in reading.events:
            if event.address is not None or walk.trace.address is not walk.home[0]:
                self._put_place(walk, event.address)
            end = _attempt(last_step, walk, event)
            if isinstance(end, Refusal):
                tallies.append(Tally(site, adapter, end))
            else:
                facts.append(end)
        for leaver in reading.leavers:
            put_order(walk, leaver, Cause.ASKED)
        proofs = [note.proof for note in walk.notes] if walk.notes else ()
        return Outcome(facts, tallies, proofs, (), walk.broken, (), walk.orders)

    def start(self, hit: Hit, adapter: Adapter, reading: Reading, site: Site) -> Walk:
        """What all events of the hit share."""
        country = hit.country or self._country_of(hit.address)
        trace = Trace(adapter.name, hit.received_at, hit.address, "", country)
        walk = Walk(site, self._keys(site.name, hit.received_at), trace, hit.headers)
        walk.choices = self._choices.of(site.name)
        walk.said = reading.statements
        if len(reading.events) > 1:
            trace.made = {}
        trace.user_agent = hit.header(b"user-agent")
        for name, carrier in _CONSENT_HEADERS:
            if name in hit.headers:
                walk.said += (Statement(carrier, hit.header(name)),)
        if b"cookie" in hit.headers:
            _open_jar(walk, hit, hit.headers[b"cookie"])
        return walk

    def _put_place(self, walk: Walk, address: str | None) -> None:
        """A server may send an event for a visitor elsewhere: then the visitor's place decides, or none."""
        if address is None:
            walk.trace.address, walk.trace.country = walk.home
        else:
            walk.trace.address, walk.trace.country = address, self._country_of(address) if address else ""


def _open_jar(walk: Walk, hit: Hit, cookies: bytes) -> None:
    """What cookies say of consent is heard; our own identity cookie is looked at only after the decision."""
    if spoken := consent_cookies(cookies.decode("latin-1")):
        walk.said += (Statement("cookies", spoken),)
    if b"_gw=" in cookies:
        walk.jar = Jar(hit.headers, hit.received_at)


def refused(site: str, adapter: str, refusal: Refusal) -> Outcome:
    """The outcome of a hit that is refused as a whole, before any event was read."""
    return Outcome([], [Tally(site, adapter, refusal)])


def _tallied(site: str, adapter: str, refusals: list[Refusal]) -> list[Tally]:
    """One object per reason, however often. Why: 2 MB of `[{},{},…]` are half a million refusals."""
    counted = Counter(refusals)
    return [tally for refusal, n in counted.items() for tally in [Tally(site, adapter, refusal)] * n]


def _turned_away(site: str, adapter: Adapter, reading: Reading, refusal: Refusal) -> Walked:
    """Every event of the hit is refused for the same reason; an empty hit has nothing to refuse."""
    count = len(reading.events) + len(reading.refusals)
    status = 400 if count else reading.answer.status
    return Walked(Outcome([], [Tally(site, adapter.name, refusal)] * count), Answer(status), False)


def last_step(walk: Walk, event: Event) -> Fact | Refusal:
    """Walks one event through the walk's steps, which are STEPS for every hit, to its one outcome."""
    for step in walk.steps:
        end = step(walk, event)
        if end is not None:
            return end
    raise AssertionError("the last step always ends the walk")


def _attempt(step: Callable[[*_Ts], _R], *args: *_Ts) -> _R | Refusal:
    """The one place that catches everything: our own mistake costs one event, is counted, and shows no value."""
    try:
        return step(*args)
    except Exception:  # noqa: BLE001 - the edge: any bytes give facts or refusals, never an exception
        return Refusal.GATEWAY_FAULT
