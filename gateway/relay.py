"""Sends copies on to one destination: from its outbox, consent checked again, at least once, until they are too old.

May not: see a hit; send a row that `relay_check` stops; give up on what may still arrive.

The life of a parcel (rows that share a request):
    check     the rows that may still be sent; none left: done
    send      2xx: done. 4xx but 401, 403, 404, 408, 425, 429: refused, counted, done. Everything else: again later
    record    what is done, and failures in a row with their pause, are durable after every wave
Beside it, whether or not anything may be sent: rows of people who are to be forgotten leave the segments (`_hear`).
Not: exactly once. A kill between an answer and its record sends a parcel again; Google knows no idempotency key.
Not: passing over a wave that fails. When one request fails, all do, as a rule; age ends it.
Measured (2 shared cores, upstream on loopback in Python): 1,000 requests a second.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from itertools import groupby, islice
from typing import NamedTuple

import orjson

from consent.policy import Policy
from gateway.forwarders import FORWARDERS, Forwarder, Request, Row
from gateway.journal.outbox import Outbox, OutboxHeld, Waiting
from gateway.outbound import Caller, Limits, OutboundError
from gateway.outward import RelayTerms, Stopped
from gateway.relay_check import Check
from gateway.relay_erase import sift

_log = logging.getLogger("gateway.forward")

#: Requests under way at once, and parcels between two records of progress.
_LANES, _WAVE = 16, 64

_LOOK_EVERY_S, _TEND_EVERY_S = 0.2, 1.0

#: How long nothing is erased, by how long it took. Why: who is asked to forget all day still has to send.
_PAUSE_FACTOR = 9.0
_BACKOFF_FROM_S, _BACKOFF_TO_S = 1.0, 300.0

#: A no is remembered for longer than any destination takes events.
_NOES_KEPT_S = 96 * 3600.0

_CALL = Limits(seconds=5.0, answer_bytes=64 * 1024)

_NEWER = "segments were written by a newer gateway; install that one"

#: Answers below 500 that pass, or that a person can mend: the parcel stays.
_PASSING = frozenset((401, 403, 404, 408, 425, 429))


class Verdict(Enum):
    """What became of a request."""

    SENT = "sent"
    REFUSED = "refused"
    LATER = "later"


class Parcel(NamedTuple):
    """Rows that share a request, and their places in the segment."""

    places: tuple[int, ...]
    rows: tuple[Row, ...]


class Ready(NamedTuple):
    """A parcel as it is now: what is sent, and why other rows are not."""

    places: tuple[int, ...]
    request: Request | None
    stopped: Counter[Stopped]


class Relay:
    """One destination of one site. `terms` and `policy` may be replaced by `look`, which is called before each wave."""

    def __init__(
        self, terms: RelayTerms, policy: Policy, outbox: Outbox, clock: Callable[[], float] = time.time
    ) -> None:
        self.terms, self.policy = terms, policy
        self.look: Callable[[], None] = lambda: None
        self.sent = self.failures = 0
        self.stopped: Counter[Stopped] = Counter()
        self._outbox, self._clock = outbox, clock
        self._lanes = ThreadPoolExecutor(_LANES, thread_name_prefix="relay")
        self._own = threading.local()
        self._callers: list[Caller] = []
        self._ended = threading.Event()
        self._tended_at = self._erase_from = 0.0
        self._failure = ""

    @property
    def _forwarder(self) -> Forwarder:
        return FORWARDERS[self.terms.kind]

    def run(self) -> None:
        """Sends until `stop`. Does not raise for the sake of disk or destination."""
        while not self._ended.wait(_LOOK_EVERY_S):
            try:
                self.run_once()
            except (OSError, OutboxHeld) as error:
                self._say(getattr(error, "strerror", None) or str(error))
        self.close()

    def stop(self) -> None:
        """Makes `run` return after the wave that is under way."""
        self._ended.set()

    def close(self) -> None:
        """Lets go of connections and folder."""
        self._lanes.shutdown()
        for caller in self._callers:
            caller.close()
        self._outbox.release()

    def run_once(self) -> None:
        """Sends what is sealed and not to be waited for. Raises OSError, OutboxHeld."""
        self._outbox.hold()
        if time.monotonic() - self._tended_at >= _TEND_EVERY_S:
            self._outbox.adopt()
            self._hear()
            self._tended_at = time.monotonic()
            if self.newer:
                self._say(_NEWER)
        while not self.newer and not self._ended.is_set() and self._clock() >= self._outbox.progress.again_at:
            waiting = self._outbox.oldest()
            if waiting is None or not self._send_all(waiting):
                return

    def lag_s(self) -> float:
        """Age of the oldest copy that waits."""
        try:
            since = self._outbox.waiting_since()
        except OSError:
            return 0.0
        return max(0.0, self._clock() - since) if since is not None else 0.0

    def waiting_bytes(self) -> int:
        """Bytes of copies that wait."""
        try:
            return self._outbox.waiting_bytes()
        except OSError:
            return 0

    @property
    def newer(self) -> int:
        """Segments that only a newer gateway can read, for which everything waits."""
        return self._outbox.newer

    def _send_all(self, waiting: Sequence[Waiting]) -> bool:
        """Whether to go on: all of the segment is done now, or rows of it went, so that it has to be read again.

        One that holds nothing but noes is done, too, once they were heard.
        """
        parcels = self._parcels(waiting)
        while not self._hear():
            if self.newer:
                return False
            wave = list(islice(parcels, _WAVE))
            if not wave:
                self._outbox.finish()
                return True
            if self._ended.is_set() or not self._send_wave(wave):
                return False
        return True

    def _hear(self) -> bool:
        """Takes in what was said since the last time; whether rows were erased for it."""
        self._outbox.listen()
        began = time.monotonic()
        if began < self._erase_from:
            return False
        gone = self._outbox.erase(sift)
        ended = time.monotonic()
        self._erase_from = ended + _PAUSE_FACTOR * (ended - began)
        self.stopped += Counter({Stopped.WITHDRAWN: gone})
        return gone > 0

    def _parcels(self, waiting: Sequence[Waiting]) -> Iterator[Parcel]:
        rows = ((place, orjson.loads(line)) for place, line in waiting)
        for _, alike in groupby(rows, lambda placed: self._forwarder.together(placed[1])):
            while some := list(islice(alike, self._forwarder.together_limit)):
                yield Parcel(*zip(*some, strict=True))

    def _send_wave(self, wave: Sequence[Parcel]) -> bool:
        """Whether nothing of it has to be tried again."""
        self.look()  # after hearing: the policy is at least as new as every row
        self._outbox.noes.forget(self._clock() - _NOES_KEPT_S)
        check = Check(self.terms.destination, self.policy, self._outbox.noes, self._clock(), self._forwarder.oldest_s)
        ready = [self._prepare(parcel, check) for parcel in wave]
        verdicts = list(self._lanes.map(self._send, ready))
        for one, verdict in zip(ready, verdicts, strict=True):
            self._settle(one, verdict)
        return self._record(all(verdict is not Verdict.LATER for verdict in verdicts))

    def _prepare(self, parcel: Parcel, check: Check) -> Ready:
        reasons = [check.why_not(row) for row in parcel.rows]
        allowed = [row for row, reason in zip(parcel.rows, reasons, strict=True) if reason is None]
        stopped = Counter(reason for reason in reasons if reason is not None)
        request = self._forwarder.request(allowed, self.terms) if allowed else None
        if unknown := len(allowed) - (request.rows if request else 0):
            stopped[Stopped.NOT_SENDABLE] += unknown
        return Ready(parcel.places, request, stopped)

    def _settle(self, one: Ready, verdict: Verdict) -> None:
        """Counts a parcel when it is done, and only then."""
        if verdict is Verdict.LATER:
            return
        for place in one.places:
            self._outbox.progress.add(place)
        self.stopped.update(one.stopped)
        rows = one.request.rows if one.request else 0
        if verdict is Verdict.SENT:
            self.sent += rows
        else:
            self.stopped[Stopped.REFUSED] += rows

    def _record(self, is_done: bool) -> bool:
        progress = self._outbox.progress
        progress.tries = 0 if is_done else progress.tries + 1
        progress.again_at = 0.0 if is_done else self._clock() + _pause_s(progress.tries)
        self.failures += not is_done
        self._outbox.record()
        if is_done:
            self._say("")
        return is_done

    def _send(self, one: Ready) -> Verdict:
        """In a lane."""
        if one.request is None:
            return Verdict.SENT
        try:
            status = self._caller().call("POST", one.request.target, one.request.body, one.request.headers).status
        except OutboundError as error:
            self._say(str(error))
            return Verdict.LATER
        if 200 <= status < 300:
            return Verdict.SENT
        if 400 <= status < 500 and status not in _PASSING:
            return Verdict.REFUSED
        self._say(f"it answered {status}")
        return Verdict.LATER

    def _caller(self) -> Caller:
        """This lane's connection."""
        caller: Caller | None = getattr(self._own, "caller", None)
        if caller is None or caller.upstream != self.terms.upstream:
            caller = self._own.caller = Caller(self.terms.upstream, _CALL)
            self._callers.append(caller)
        return caller

    def _say(self, failure: str) -> None:
        """Logs a change, not every try. Our own words: the name is the configuration's."""
        if failure and not self._failure:
            _log.warning("Not sending to %s: %s. The copies wait.", self.terms.name, failure)
        elif self._failure and not failure:
            _log.info("Sending to %s again.", self.terms.name)
        self._failure = failure


def _pause_s(tries: int) -> float:
    """After `tries` failures in a row; random, so that gateways do not come back all at once."""
    longest = min(_BACKOFF_TO_S, _BACKOFF_FROM_S * 2.0 ** min(tries - 1, 16))
    return random.uniform(longest / 2, longest)
