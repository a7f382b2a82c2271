"""The load generator: locust in an open model. One process, one core, started by `loadtests.plan`.

Arrivals come on a schedule that does not wait for answers. A locust user is a connection: it takes the next arrival,
sleeps until that is due, sends, and reads the answer. When all are busy, arrivals queue, and their latency counts from
the time that they were due, so a stall of the server is seen by everyone who would have come meanwhile. What the
generator itself is late by, having a free connection, is its lag, told beside it.

locust lets sleep and sockets of this process give way to one another (gevent), so one core serves all connections.

The client honours Retry-After, and tries again after a broken connection, as a tag's queue does.
"""

from __future__ import annotations

import gc
import heapq
import random
import socket
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import orjson
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser

from loadtests.plan import SPAWNED_PER_S, Plan, Sample
from loadtests.traffic import MIXES

_PATIENCE_S = 60.0
_ANSWER_WITHIN_S = 15.0
_PAUSE_S = 0.1  #: after a broken connection
_SEED = 20261128
_LEAD_S = 0.5  #: from the last connection to the first arrival


@dataclass(slots=True)
class Arrival:
    """One request that will be sent, at `due` or, after a hurdle, at another time."""

    number: int
    due: float
    hurdles: int = 0
    lag: float = 0.0


class Schedule:
    """Arrivals in the order of their times: a Poisson process, and those that come again."""

    def __init__(self, legs: list[tuple[float, float]], begin_at: float) -> None:
        self._fresh = _poisson(legs, begin_at)
        self._waiting: list[tuple[float, int, Arrival]] = []
        self._draw()

    def take(self) -> tuple[float, Arrival] | None:
        """The next one and its time; None at the end."""
        if not self._waiting:
            return None
        at, _, arrival = heapq.heappop(self._waiting)
        if not arrival.hurdles:
            self._draw()
        return at, arrival

    def again(self, arrival: Arrival, at: float) -> None:
        """It comes back."""
        arrival.hurdles += 1
        heapq.heappush(self._waiting, (at, arrival.number, arrival))

    def end(self) -> None:
        """Nothing fresh comes any more."""
        self._fresh = iter(())

    def _draw(self) -> None:
        if (arrival := next(self._fresh, None)) is not None:
            heapq.heappush(self._waiting, (arrival.due, arrival.number, arrival))


def _poisson(legs: list[tuple[float, float]], begin_at: float) -> Iterator[Arrival]:
    chance, number, end = random.Random(_SEED), 0, begin_at
    for seconds, rate in legs:
        at, end = end, end + seconds
        while (at := at + chance.expovariate(rate)) < end:
            yield Arrival(number, at)
            number += 1


class Answer(NamedTuple):
    """What came back; status 0 where nothing did."""

    status: int
    head: bytes = b""

    @property
    def again_after_s(self) -> float:
        """Seconds until it may be sent again; negative if it need not."""
        if self.status not in (0, 429, 503):
            return -1.0
        return float(self._line(b"retry-after: ") or _PAUSE_S)

    @property
    def outcome(self) -> tuple[int, int]:
        """(facts, refused) as the gateway told."""
        facts, _, refused = self._line(b"x-gateway-outcome: facts=").partition(b" refused=")
        return int(facts or 0), int(refused or 0)

    def _line(self, name: bytes) -> bytes:
        _, found, rest = self.head.partition(b"\r\n" + name)
        return rest.partition(b"\r\n")[0] if found else b""


class Connection:
    """Keep-alive to one port; opened anew when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> Answer:
        """Sends it and reads the whole answer."""
        try:
            wire = self._socket or self._opened()
            wire.sendall(request)
            return self._answer(wire)
        except OSError:
            self.close()
            return Answer(0)

    def open(self) -> None:
        """Opens it before it is needed; where that fails, it is opened when it is."""
        with suppress(OSError):
            self._opened()

    def _opened(self) -> socket.socket:
        self._socket = socket.create_connection(("127.0.0.1", self._port), _ANSWER_WITHIN_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def close(self) -> None:
        """Lets go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _answer(self, wire: socket.socket) -> Answer:
        seen = b""
        while (end := seen.find(b"\r\n\r\n")) < 0:
            seen += _some(wire)
        head = seen[: end + 2].lower()
        answer = Answer(int(head[9:12]), head)
        missing = int(answer._line(b"content-length: ") or 0) - (len(seen) - end - 4)
        while missing > 0:
            missing -= len(_some(wire))
        if b"\r\nconnection: close" in head:
            self.close()
        return answer


def _some(wire: socket.socket) -> bytes:
    if not (block := wire.recv(65536)):
        raise ConnectionResetError
    return block


class Visitor(User):
    """A connection: takes what is due next, until nothing is."""

    plan: Plan
    begin_at: float
    schedule: Schedule
    samples: array[float]

    @task
    def arrive(self) -> None:
        connection = Connection(self.plan.port)
        connection.open()  # Why: those of all at once, in the first tenth of a second, are no rate that was asked for
        while (taken := self.schedule.take()) is not None:
            self._send(connection, *taken)
        connection.close()
        raise StopUser

    def _send(self, connection: Connection, at: float, arrival: Arrival) -> None:
        free_at = time.monotonic()
        time.sleep(max(0.0, at - free_at))
        if not arrival.hurdles:
            arrival.lag = time.monotonic() - max(at, free_at)
        answer = connection.ask(MIXES[self.plan.mix](self.plan.run, arrival.number))
        now, again_after_s = time.monotonic(), answer.again_after_s
        if again_after_s >= 0 and now + again_after_s < arrival.due + _PATIENCE_S:
            self.schedule.again(arrival, now + again_after_s)
        else:
            self._done(arrival, answer, now)

    def _done(self, arrival: Arrival, answer: Answer, now: float) -> None:
        latency_ms, facts_refused = (now - arrival.due) * 1e3, answer.outcome
        since = arrival.due - self.begin_at
        self.samples.extend(
            Sample(arrival.number, since, latency_ms, arrival.lag * 1e3, answer.status, arrival.hurdles, *facts_refused)
        )
        if 0 < self.plan.give_up_ms < latency_ms:
            self.schedule.end()
        failed = None if 0 < answer.status < 500 else ConnectionError(f"status {answer.status}")
        self.environment.events.request.fire(
            request_type="HIT", name=self.plan.mix, response_time=latency_ms, response_length=0, exception=failed,
            context={},
        )  # fmt: skip


def main(plan_file: str, samples_file: str) -> None:
    """Plays the plan, writes the samples, prints what locust counted and what the generator used."""
    Visitor.plan = plan = Plan(**orjson.loads(Path(plan_file).read_bytes()))
    MIXES[plan.mix](plan.run, 1)
    Visitor.begin_at = begin_at = time.monotonic() + plan.connections / SPAWNED_PER_S + _LEAD_S
    Visitor.schedule, Visitor.samples = Schedule(plan.legs, begin_at), array("d")
    _tell(begin_at=begin_at)
    environment = Environment(user_classes=[Visitor])
    runner = environment.create_local_runner()
    gc.disable()  # Why: nothing here makes cycles, and a collection is a stall that would look like the server's
    runner.start(plan.connections, spawn_rate=SPAWNED_PER_S)
    end_at = begin_at + sum(seconds for seconds, _ in plan.legs) + _PATIENCE_S
    time.sleep(max(0.0, begin_at - time.monotonic()))
    busy, began = time.process_time(), time.monotonic()
    while runner.user_count and time.monotonic() < end_at:
        time.sleep(0.1)
    used = (time.process_time() - busy) / (time.monotonic() - began)
    Path(samples_file).write_bytes(Visitor.samples.tobytes())
    total = environment.stats.total
    _tell(requests=total.num_requests, failures=total.num_failures, cpu_share=used)
    runner.quit()


def _tell(**numbers: float) -> None:
    sys.stdout.buffer.write(orjson.dumps(numbers) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
