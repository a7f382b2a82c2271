"""Choices as they change: which hits bring a new one, the proof of it, and counts of how events were decided.

May not: keep an identifier or what was said in its own words; write, wait, or read a clock.

Rules
    1. A choice is what a person said, in purposes: those of a believed, fresh yes, and those of any no. Saying nothing
       is none, a new place is none, a new policy is none. One proof per change, not per hit.
    2. The last choice of a person is remembered under a hash that is keyed by this process (SipHash, 64 bits) and never
       leaves its memory. After a restart, or beyond so many people, each who still says yes is proven once more.
       That somebody has said yes is known to all processes of the machine (`Remembers`), so that a withdrawal is one
       wherever it arrives.
    3. Only who has said yes here has a pseudonym in a proof, of a kind of its own: it leads to no fact.
    4. A no without a yes before leaves no trace of whose it was: no pseudonym, no hash of its text, no time finer than
       the day; all that are alike share one proof a day. How many there were: `gateway.decisions`. Source: R14.
Cost of a hit whose choice is not new (2 shared cores, idle): 0.3 µs; 0.9 where it says no and has no client id; 2 to 4
where it says no under a client id that never said yes, which is a pseudonym made, looked up and forgotten.
Why 3: proof outlives an erasure (GDPR 17(3)(e)), and may then not lead to what was erased.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from secrets import token_hex
from typing import NamedTuple, Protocol, TypeVar

import orjson

from consent.decide import Case, decide
from consent.signals.own import read_notice
from consent.tools.simulate import say
from consent.words import EMPTY, REMARK, UNREADABLE, Signal, Statement
from gateway.intake.times import DAY_S, expiry, to_millisecond
from gateway.intake.visitors import Pseudonym
from gateway.proof import write_proof
from gateway.words import Counted, Proof, SiteKeys

#: People per site whose last choice is remembered: about 8 MB. Why not 44,000 or more: three times that is the size to
#: which a dict grows when it has lost entries, and the next power of two costs 5 MB more, twice.
_REMEMBERED = 40_000

#: How many of them make room at once. Why: a dict that loses its first entry again and again looks for the next one
#: through all that it lost before, 27 µs each time; together they cost 1 µs each, and 1 ms when it happens.
_MAKE_ROOM = _REMEMBERED // 8

#: Different decisions per site that are counted between two `counted`; what comes beyond them is not.
_COUNTS_KEPT = 1024

#: A choice said to be older is told as that old. Why: the ledger has a partition a month, and dates come from clients.
_OLDEST_CHOICE_S = 400 * DAY_S

#: The subject of a proof that is nobody's.
NOBODY = "0" * 32

#: How a decision is counted that allowed no purpose.
NOTHING = "nothing"

#: The kind of pseudonym that a proof's subject is.
SUBJECT = "choice"

_WITHDRAWN = "withdrawn"

_T = TypeVar("_T")


class Choice(NamedTuple):
    """What a person said, in purposes."""

    yes: tuple[str, ...]
    no: tuple[str, ...]


class Alike(NamedTuple):
    """What decisions are counted by; holds no person. `said` as `consent.tools.simulate` writes it."""

    place: str
    said: str
    purposes: tuple[str, ...]


class Weighed:
    """A decision, and what else is known of the same statements at the same place; made once for all that are alike."""

    __slots__ = ("alike", "at", "choice", "decision", "notice", "policy", "source", "statements", "told", "unreadable")

    def __init__(self, case: Case, statements: tuple[Statement, ...]) -> None:
        signals, policy, places = case.signals, case.policy, case.places
        self.policy, self.statements = policy, statements
        self.decision = decision = decide(*case)
        yes, no = decision.mask_yes, decision.mask_no
        self.choice = Choice(policy.names(yes & ~no), policy.names(no)) if yes | no else None
        self.unreadable = any(signal.flag == UNREADABLE for signal in signals)
        self.source = "+".join(sorted({s.language.value for s in signals if _says_something(s)}))
        self.at = max((s.at for s in signals if s.at is not None), default=None)
        self.notice = next(filter(None, (read_notice(text) for carrier, text in statements if carrier == "own")), "")
        self.told = (self.choice, self.source, self.notice, decision.region, policy.hash)
        self.alike = Alike("+".join(places), say(signals, policy, case.at), decision.purposes)

    def __repr__(self) -> str:
        return "<Weighed>"


def _says_something(signal: Signal) -> bool:
    return signal.flag != EMPTY and not signal.flag.startswith(REMARK)


class Note(NamedTuple):
    """A proof, and how to forget it again if it does not become durable. A withdrawal takes all back."""

    proof: Proof
    forget: Callable[[], None]
    is_withdrawal: bool = False


class Teller(NamedTuple):
    """Who says something, when, and the key that makes a pseudonym of them. Personal."""

    client_id: str
    received_at: float
    keys: SiteKeys


class Remembers(Protocol):
    """Pseudonyms of who has said yes, beyond this process; see gateway.journal.yes_sayers. It may forget some."""

    def add(self, subject: str) -> None: ...

    def __contains__(self, subject: str) -> bool: ...


class SiteChoices:
    """One site's. `counts` and `last` are for the hot path."""

    __slots__ = (
        *("_day", "_key", "_pseudonym", "_remembers", "_site", "_told"),
        *("allowed", "counts", "last", "unreadable", "yes_sayers"),
    )

    def __init__(self, site: str, remembers: Remembers) -> None:
        self._site = site
        self._remembers = remembers
        self._key = b""
        self._pseudonym = Pseudonym(b"", site, SUBJECT)
        self.counts: defaultdict[Alike, int] = defaultdict(int)
        self.allowed: Counter[str] = Counter()  # decisions of this life, by purpose
        self.unreadable = 0
        self.last: dict[int, Choice] = {}
        self.yes_sayers: dict[int, None] = {}
        self._told: set[tuple[object, ...]] = set()
        self._day = 0

    def note(self, weighed: Weighed, teller: Teller) -> Note | None:
        """The proof of a choice that is new; None if it is known already."""
        if teller.client_id and teller.keys.durable and self._has_said_yes(weighed, teller):
            return self._note_person(weighed, teller)
        return self._note_nobody(weighed, int(teller.received_at // DAY_S))

    def _has_said_yes(self, weighed: Weighed, teller: Teller) -> bool:
        """Now or before."""
        if (weighed.choice and weighed.choice.yes) or hash(teller.client_id) in self.yes_sayers:
            return True
        return self._subject(teller) in self._remembers

    def _subject(self, teller: Teller) -> str:
        """The pseudonym of who tells, in proofs only."""
        key = teller.keys.durable
        assert key is not None  # note has looked
        if key != self._key:
            self._key, self._pseudonym = key, Pseudonym(key, self._site, SUBJECT)
        return self._pseudonym.of(teller.client_id)

    def _note_person(self, weighed: Weighed, teller: Teller) -> Note | None:
        place = hash((teller.client_id, weighed.source))
        before, now = self.last.get(place), weighed.choice
        if now is None or now == before:
            return None
        _remember(self.last, place, now)
        subject = self._subject(teller)
        if now.yes:
            _remember(self.yes_sayers, hash(teller.client_id), None)
            self._remembers.add(subject)

        def forget() -> None:
            self.last.pop(place, None)

        proof = _proof_of_person(weighed, teller, before, {"site": self._site, "subject": subject})
        return Note(proof, forget, _action(now, before, True) == _WITHDRAWN)

    def _note_nobody(self, weighed: Weighed, day: int) -> Note | None:
        """One proof a day for all that are alike."""
        if day != self._day:
            self._told.clear()
            self._day = day
        told = weighed.told
        if told in self._told or len(self._told) >= _COUNTS_KEPT:
            return None
        self._told.add(told)
        return Note(_proof_of_nobody(self._site, weighed, day), lambda: self._told.discard(told))

    def counted(self, day: str) -> list[Counted]:
        """The counts since it was asked last, as rows of that day."""
        counts, self.counts = self.counts, defaultdict(int)
        for alike, events in counts.items():
            self.allowed.update(dict.fromkeys(alike.purposes or (NOTHING,), events))
        return [
            Counted(orjson.dumps({"site": self._site, "day": day, **alike._asdict(), "events": events}))
            for alike, events in counts.items()
        ]


class Choices:
    """Those of all sites of a process. Outlives a change of configuration."""

    def __init__(self, remembers: Remembers | None = None) -> None:
        self._remembers: Remembers = set() if remembers is None else remembers
        self._sites: dict[str, SiteChoices] = {}

    def of(self, site: str) -> SiteChoices:
        found = self._sites.get(site)
        if found is None:
            found = self._sites[site] = SiteChoices(site, self._remembers)
        return found

    def counted(self, at: float) -> list[Counted]:
        """Counts of decisions since the last time, as rows."""
        day = to_millisecond(at)[:10]
        return [row for site in self._sites.values() for row in site.counted(day)]

    def snapshot(self) -> dict[str, object]:
        """Counts of this life by their keys in the table of metrics; decisions are those that were `counted`."""
        sites = sorted(self._sites.items())
        return {
            "decisions": [[name, purpose, n] for name, site in sites for purpose, n in sorted(site.allowed.items())],
            "consent_unreadable": [[name, site.unreadable] for name, site in sites],
        }


def put_count(choices: SiteChoices, weighed: Weighed) -> None:
    """One more event that was decided like this."""
    counts, alike = choices.counts, weighed.alike
    choices.unreadable += weighed.unreadable
    if alike in counts or len(counts) < _COUNTS_KEPT:
        counts[alike] += 1


def _remember(people: dict[int, _T], person: int, what: _T) -> None:
    """Those whose choice changed longest ago make room."""
    people.pop(person, None)
    if len(people) >= _REMEMBERED:
        for gone in list(islice(people, _MAKE_ROOM)):
            del people[gone]
    people[person] = what


def _proof_of_person(weighed: Weighed, teller: Teller, before: Choice | None, who: dict[str, str]) -> Proof:
    durable, at = teller.keys.durable, teller.received_at
    assert durable is not None  # whoever calls has looked
    decided_at = at if weighed.at is None else min(at, max(weighed.at, at - _OLDEST_CHOICE_S))
    said = "\0".join(part for statement in weighed.statements for part in statement)
    told = {"decided_at": to_millisecond(decided_at), "received_at": to_millisecond(at)}
    text_hash = Pseudonym(durable, who["site"], "consent text").of(said)
    return _proof(weighed, before, who | told | {"text_hash": text_hash})


def _proof_of_nobody(site: str, weighed: Weighed, day: int) -> Proof:
    midnight = to_millisecond(day * DAY_S)
    told = {"decided_at": midnight, "received_at": midnight, "subject": NOBODY, "text_hash": ""}
    return _proof(weighed, None, {"site": site, **told})


def _proof(weighed: Weighed, before: Choice | None, told: dict[str, str]) -> Proof:
    now, policy = weighed.choice or Choice((), ()), weighed.policy
    day = int(datetime.fromisoformat(told["received_at"]).timestamp() // DAY_S)
    fields = told | {
        "entry_id": token_hex(16),
        "action": _action(now, before, told["subject"] != NOBODY),
        "before": before.yes if before else (),
        "yes": now.yes,
        "no": now.no,
        "allowed": weighed.decision.purposes,
        "source": weighed.source,
        "notice": weighed.notice,
        "policy": policy.hash,
        "region": weighed.decision.region,
        "expires_at": expiry(day, policy.clauses.keep.proof_days),
    }
    return write_proof(fields)


def _action(now: Choice, before: Choice | None, has_said_yes: bool) -> str:
    if now.yes:
        return "changed" if before and before.yes else "given"
    return _WITHDRAWN if has_said_yes and not (before and not before.yes) else "refused"
