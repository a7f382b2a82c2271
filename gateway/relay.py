"""Sends copies on to one destination: from its outbox, consent checked again, at least once, until they are too old.

May not: see a hit; send a row that `relay_check` stops; give up on what may still arrive.

The life of a parcel (rows that share a request):
    check     the rows that may still be sent; none left: done
    send      2xx: done. 4xx but 401, 403, 404, 408, 425, 429: refused, counted, done. Everything else: again later
    record    what is done, and failures in a row with their pause, are durable after every wave
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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from itertools import groupby, islice
from typing import NamedTuple

import orjson

from consent.policy import Policy
from gateway.forwarders import FORWARDERS, Forwarder, Request, Row
from gateway.journal.outbox import Outbox, OutboxHeld
from gateway.outbound import Caller, Limits, OutboundError
from gateway.outward import RelayTerms, Stopped
from gateway.relay_check import Check

_log = logging.getLogger("gateway.forward")

#: Requests under way at once, and parcels between two records of progress.
_LANES, _WAVE = 16, 64

_LOOK_EVERY_S, _ADOPT_EVERY_S = 0.2, 1.0
_BACKOFF_FROM_S, _BACKOFF_TO_S = 1.0, 300.0

#: A no is remembered for longer than any destination takes events.
_NOES_KEPT_S = 96 * 3600.0

_CALL = Limits(seconds=5.0, answer_bytes=64 * 1024)

#: Answers below 500 that pass, or that a person can mend: the parcel stays.
_PASSING = frozenset((401, 403, 404, 408, 425, 429))


class Verdict(Enum):
    """What became of a request."""

    SENT = "sent"
    REFUSED = "refused"
    LATER = "later"


class Parcel(NamedTuple):
    """Rows that share a request, and their place in the segment."""

    place: int
    rows: list[Row]


class Ready(NamedTuple):
    """A parcel as it is now: what is sent, and why other rows are not."""

    place: int
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
        self._adopted_at = 0.0
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
        if time.monotonic() - self._adopted_at >= _ADOPT_EVERY_S:
            self._outbox.adopt()
            self._adopted_at = time.monotonic()
        while not self._ended.is_set() and self._clock() >= self._outbox.progress.again_at:
            lines = self._outbox.oldest()
            if lines is None or not self._send_all(lines):
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

    def _send_all(self, lines: Sequence[bytes]) -> bool:
        """Whether the whole segment is done now; also one that holds nothing but noes, which have to be heard."""
        self._outbox.listen()
        waiting = (parcel for parcel in self._parcels(lines) if not self._outbox.progress.holds(parcel.place))
        while wave := list(islice(waiting, _WAVE)):
            if self._ended.is_set() or not self._send_wave(wave):
                return False
        self._outbox.finish()
        return True

    def _parcels(self, lines: Sequence[bytes]) -> list[Parcel]:
        """The same for the same segment, whatever is allowed: progress counts them."""
        parcels: list[Parcel] = []
        for _, alike in groupby(map(orjson.loads, lines), self._forwarder.together):
            while rows := list(islice(alike, self._forwarder.together_limit)):
                parcels.append(Parcel(len(parcels), rows))
        return parcels

    def _send_wave(self, wave: Sequence[Parcel]) -> bool:
        """Whether nothing of it has to be tried again."""
        self._outbox.listen()
        self.look()  # after listening: the policy is at least as new as every row
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
        return Ready(parcel.place, request, stopped)

    def _settle(self, one: Ready, verdict: Verdict) -> None:
        """Counts a parcel when it is done, and only then."""
        if verdict is Verdict.LATER:
            return
        self._outbox.progress.add(one.place)
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
