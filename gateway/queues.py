"""Copies of one person that wait to be sent on: stopped, as a no of their own would stop them.

May not: call out; know an identifier beyond the call; change a segment, whose parcels the forwarder counts by place.

Each destination knows a person by pseudonyms of its own, so they are made anew here. A no to all purposes of the
destination is laid into its queue (`minimise_withdrawal`): the forwarder hears it before it turns to a segment again,
and the bytes of what was stopped go with theirs, at the latest when its copies are too old for the destination.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import orjson

from gateway.intake.copier import Copier
from gateway.intake.minimise_withdrawal import write_withdrawal
from gateway.intake.subject import Said, find_person
from gateway.journal import segment
from gateway.journal.current import SEALED
from gateway.journal.disk import Disk, write_whole
from gateway.warehouse.tombstones import of_person
from gateway.warehouse.waiting import Waiting
from gateway.words import Person, SiteKeys


class Leaving(NamedTuple):
    """Who is to be forgotten, as they said it, as of when (Unix seconds), in which request. Personal."""

    site: str
    said: Said
    keys: tuple[SiteKeys, ...]
    asked_at: float
    request: str


def stop_queued(folder: Path, copiers: Iterable[Copier], leaving: Leaving) -> int:
    """How many copies are stopped, in the queues below `folder`. Raises OSError."""
    return sum(_stop(folder / copier.name, copier, leaving) for copier in copiers)


def queued(folder: Path, copier: Copier, leaving: Leaving) -> list[bytes]:
    """The person's copies that wait for one destination, as JSON; stopped ones too, while their segment is there."""
    found = find_person(f"{leaving.site}\0{copier.terms.destination}", leaving.said, leaving.keys)
    person = Person(leaving.site, found.visitors, found.accounts)
    return Waiting(Disk(), folder).search(of_person(person, leaving.asked_at), person).rows


def _stop(folder: Path, copier: Copier, leaving: Leaving) -> int:
    rows = queued(folder, copier, leaving)
    visitors = sorted({str(orjson.loads(row)["visitor"]) for row in rows})
    noes = [write_withdrawal(visitor, copier.purposes, leaving.asked_at) for visitor in visitors]
    if noes:
        laid = segment.whole([segment.section_of(segment.EVENTS, noes)])
        write_whole(Disk(), folder / f"erase-{leaving.request}{SEALED}", laid)
    return len(rows)
