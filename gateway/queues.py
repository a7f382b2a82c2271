"""Copies of one person that wait to be sent on: erased from every outbox of the site, or told who still has to.

May not: call out; know an identifier beyond the call; write in a folder that a forwarder holds, but to lay a no.

Each destination knows a person by pseudonyms of its own, so they are made anew here. Noes that erase are laid into each
queue (`minimise_withdrawal`), also of a destination that is configured no more. The forwarder hears them before it
sends again, and puts an empty row in the place of each that they name, in what is sealed and in what will be: the noes
outlive their segment and its process. Where no forwarder is at work, the same is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from gateway.intake.minimise_withdrawal import MARK, write_erasure
from gateway.intake.subject import Said, find_person
from gateway.journal import segment
from gateway.journal.current import CurrentSegment
from gateway.journal.disk import Disk
from gateway.journal.outbox import Outbox, OutboxHeld
from gateway.journal.segment_files import SegmentFiles
from gateway.relay_erase import sift
from gateway.warehouse.erase import Store
from gateway.warehouse.tombstones import of_person
from gateway.warehouse.waiting import Found, Waiting
from gateway.words import Person, SiteKeys

#: How long to wait for writers to seal and for a forwarder to erase. Why so short: both go on by themselves.
_WITHIN_S, _LOOK_EVERY_S = 10.0, 0.1

#: The most that is laid into a queue at once, far more than one person's.
_LAID_BYTES = 1024**2


class Leaving(NamedTuple):
    """Who is to be forgotten, as they said it, as of when (Unix seconds). Personal."""

    site: str
    said: Said
    keys: tuple[SiteKeys, ...]
    asked_at: float


def queued(outbox: Path, leaving: Leaving) -> Found:
    """The person's copies that wait for one destination, as JSON; sent ones too, while their segment is there."""
    person = _person(outbox, leaving)
    return Waiting(Disk(), outbox).search(of_person(person, leaving.asked_at), person)


def erase_queued(outboxes: Sequence[Path], leaving: Leaving) -> Store:
    """Erases the person's copies from these outboxes of the site. Raises OSError."""
    before = _search(outboxes, leaving)
    for outbox in outboxes:
        _lay(outbox, _person(outbox, leaving), leaving.asked_at)
    return _erase(outboxes, before, lambda: _search(outboxes, leaving))


def empty_queues(outboxes: Sequence[Path]) -> Store:
    """Erases whom noes name that came with hits. Raises OSError."""
    return _erase(outboxes, _pending(outboxes), lambda: _pending(outboxes))


class _Left(NamedTuple):
    """Rows that can be read, and segments that cannot be, but hold a pseudonym."""

    rows: int
    damaged: int = 0


def _search(outboxes: Sequence[Path], leaving: Leaving) -> _Left:
    found = [queued(outbox, leaving) for outbox in outboxes]
    return _Left(sum(len(each.rows) for each in found), sum(len(each.files) for each in found))


def _pending(outboxes: Sequence[Path]) -> _Left:
    return _Left(sum(Outbox(Disk(), outbox, MARK).pending(sift) for outbox in outboxes))


def _person(outbox: Path, leaving: Leaving) -> Person:
    """Under the pseudonyms that only this destination sees."""
    destination = outbox.name.partition(".")[2]
    found = find_person(f"{leaving.site}\0{destination}", leaving.said, leaving.keys)
    return found._replace(site=leaving.site)


def _lay(outbox: Path, person: Person, at: float) -> None:
    """Lays noes into the queue, as a writer of its own; what is cut off, the forwarder adopts."""
    noes = [write_erasure(pseudonym, at) for pseudonym in sorted(person.visitors | person.accounts)]
    if noes:
        laid = CurrentSegment(SegmentFiles(Disk(), outbox, "erase", synced=True), _LAID_BYTES)
        laid.add(segment.frame([segment.section_of(segment.EVENTS, noes)]))
        laid.seal()


def _erase(outboxes: Sequence[Path], before: _Left, look: Callable[[], _Left]) -> Store:
    until = monotonic() + _WITHIN_S
    while True:
        for outbox in outboxes:
            _carry_out(outbox)
        left = look()
        if not left.rows or monotonic() >= until:
            return Store(max(0, before.rows - left.rows), sum(left), "; ".join(_remarks(left)))
        sleep(_LOOK_EVERY_S)


def _carry_out(folder: Path) -> None:
    """Does what the noes say, unless a forwarder is at work, which does."""
    outbox = Outbox(Disk(), folder, MARK)
    try:
        with suppress(OutboxHeld):
            outbox.hold()
            outbox.adopt()
            outbox.listen()
            outbox.erase(sift)
    finally:
        outbox.release()


def _remarks(left: _Left) -> Iterator[str]:
    if left.rows:
        yield f"{left.rows:,} never to be sent: the forwarder erases them as soon as it comes to it, or they are sealed"
    if left.damaged:
        yield f"{left.damaged:,} damaged segments cannot be read: not sent, gone when their turn comes"
    yield "what was sent on has to be asked of each recipient"
