"""Requests of data subjects, as the command and the private port answer them: one door to what is held of a person.

May not: show, log or keep an identifier; it is turned into pseudonyms by the keys that still exist, and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from time import time
from typing import Any, NamedTuple

import orjson

from gateway.configuration import Configuration
from gateway.folders import Folders
from gateway.intake.site import Site
from gateway.intake.subject import FoundBy, Said, find_person, find_subjects, subject_of
from gateway.journal.disk import Disk
from gateway.journal.keyring import Keyring
from gateway.journal.signing import Signer
from gateway.proof import Entry
from gateway.queues import Leaving, empty_queues, erase_queued, queued
from gateway.warehouse.connect import connect
from gateway.warehouse.engine_process import lent
from gateway.warehouse.engine_statements import quote
from gateway.warehouse.erase import Eraser, Request, Store, new_identity
from gateway.warehouse.orders import Ordered, read_orders
from gateway.warehouse.proofs import of_subjects
from gateway.warehouse.subjects import Subjects
from gateway.warehouse.tombstones import of_person
from gateway.warehouse.waiting import Waiting
from gateway.words import Person, SiteKeys

_DAY_S = 86_400
_QUEUES = "forwarder queues"


class Place(NamedTuple):
    """Which gateway: its configuration, its folders, where its warehouse is."""

    configuration: Configuration
    folders: Folders
    warehouse: str


class Asked(NamedTuple):
    """A request as it was understood: whose rows, by which keys. `said` is personal."""

    site: Site
    said: Said
    keys: tuple[SiteKeys, ...]
    person: Person


class Erased(NamedTuple):
    """An erasure that ended: the receipt's body, the signed receipt, and remarks on what nobody can link any more."""

    body: dict[str, Any]
    receipt: str
    remarks: list[str]


def read_request(place: Place, name: str | None, said: Said) -> Asked:
    """Raises ValueError with a sentence for a site that there is not, or that was not said."""
    sites = {site.name: site for site in place.configuration.sites.all}
    if not name and len(sites) > 1:
        raise ValueError(f"say which site was asked: {' | '.join(sites)}")
    site = sites.get(name or next(iter(sites)))
    if site is None:
        raise ValueError(f"there is no such site; there is {', '.join(sites)}")
    keys = Keyring(place.folders.keys).existing(site.name)
    return Asked(site, said, keys, find_person(site.name, said, keys))


@contextmanager
def connected(place: Place) -> Iterator[str]:
    """The URL of the user that may delete. Raises WarehouseError."""
    if place.warehouse != "embedded":
        yield place.warehouse
        return
    with lent(place.folders.data) as endpoint:
        yield endpoint.url


def access_of(place: Place, asked: Asked) -> dict[str, Any]:
    """All that is held of the person, by store. Raises WarehouseError and OSError."""
    with connected(place) as url, closing(connect(url)) as client:
        return _answer(asked, Subjects(client), place.folders)


def erase(place: Place, asked: Asked) -> Erased:
    """Everywhere, with a signed receipt. Raises WarehouseError and OSError; the same request then goes on."""
    with connected(place) as url:
        eraser = Eraser(lambda: connect(url), place.folders.journal, Signer(place.folders.keys))
        with closing(eraser):
            request = _request(asked, eraser)
            ended = eraser.erase(request, _queues(place, asked, request))
            return Erased(ended["body"], ended["receipt"], list(_lost(eraser.subjects, asked)))


def carry_out(place: Place) -> Iterator[Erased]:
    """Erases whoever hits asked to forget, many at a time; see gateway.intake.orders. Raises as `erase` does.

    All people of one turn are erased up to its newest order: who agreed anew within the turn loses those minutes.
    """
    with connected(place) as url:
        eraser = Eraser(lambda: connect(url), place.folders.journal, Signer(place.folders.keys))
        with closing(eraser):
            for site in place.configuration.sites.all:
                while (ordered := read_orders(eraser.subjects, site.name)) is not None:
                    queues = {_QUEUES: empty_queues(place.folders.outboxes(site.name))}
                    ended = eraser.erase(_request_of(site, ordered), queues)
                    yield Erased(ended["body"], ended["receipt"], [])
                    if not ended["body"]["complete"]:
                        break


def stored_receipt(place: Place, request: str) -> str:
    """The signed receipt of an erasure; '' if there is none. Raises WarehouseError."""
    with connected(place) as url, closing(connect(url)) as client:
        sql = f"SELECT receipt FROM gateway.erasures FINAL WHERE toString(request) = {quote(request)}"
        found = Subjects(client).rows(sql)
    return str(found[0][0]) if found else ""


def describe(entry: Entry) -> dict[str, Any]:
    """An entry of the consent ledger for the answer to a request for access."""
    return {**orjson.loads(entry.proof), "chain": entry.chain, "seq": entry.seq}


def _queues(place: Place, asked: Asked, request: Request) -> dict[str, Store]:
    """What waits for destinations: erased before anything else, since it may be sent any moment."""
    leaving = Leaving(asked.site.name, asked.said, asked.keys, request.asked_at)
    return {_QUEUES: erase_queued(place.folders.outboxes(asked.site.name), leaving)}


def _request(asked: Asked, eraser: Eraser) -> Request:
    subject = subject_of(asked.site.name, asked.said, asked.keys)
    begun = eraser.begun(asked.site.name, subject)
    identity, asked_at = begun or (new_identity(), time())
    return Request(identity, asked.person, subject, asked.said.kind, asked_at, _keep_until(asked.site, asked_at))


def _request_of(site: Site, ordered: Ordered) -> Request:
    return Request(new_identity(), ordered.person, "", "order", ordered.asked_at, _keep_until(site, ordered.asked_at))


def _keep_until(site: Site, asked_at: float) -> float:
    return asked_at + max(site.policy.keep_days.values(), default=0) * _DAY_S + _DAY_S


def _answer(asked: Asked, subjects: Subjects, folders: Folders) -> dict[str, Any]:
    """All that is held of the person, by store."""
    now, waiting, outboxes = time() + _DAY_S, Waiting(Disk(), folders.journal), folders.outboxes(asked.site.name)
    erased = of_person(asked.person, now)
    held: dict[str, Any] = {
        f"gateway.{holder.name}": subjects.export(holder, asked.person, now) for holder in subjects.holders
    }
    subjects_of_choice = find_subjects(asked.site.name, asked.said, asked.keys)
    proofs = of_subjects(subjects.client, asked.site.name, subjects_of_choice)
    held["gateway.consent_ledger"] = [describe(entry) for entry in proofs]
    held["journal"] = [orjson.loads(row) for row in waiting.search(erased, asked.person).rows]
    leaving = Leaving(asked.site.name, asked.said, asked.keys, now)
    held[_QUEUES] = [orjson.loads(row) for outbox in outboxes for row in queued(outbox, leaving).rows]
    held["quarantine"] = [orjson.loads(row) for row in waiting.search_quarantine(erased, asked.person).rows]
    return {
        "site": asked.site.name,
        "found_by": asked.said.kind,
        "answered_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "keys_begin": {
            "durable": [str(_day(key.epoch)) for key in asked.keys if key.durable],
            "day": [str(_day(key.epoch)) for key in asked.keys if key.day],
        },
        "held": held,
        "remarks": [*_remarks(asked), *_lost(subjects, asked)],
    }


def _remarks(asked: Asked) -> Iterator[str]:
    if asked.said.kind is FoundBy.EMAIL:
        yield "No e-mail address is stored in any form; only rows whose site uses it as an id can be found by it."
    yield "Proofs of choice (consent_ledger) are kept after an erasure, until they end: GDPR 17(3)(e)."
    if asked.said.kind is FoundBy.BROWSER:
        yield "Visits without consent are linked for their day only; older ones cannot be found by anybody."
    if not asked.person.is_linkable:
        yield "No key is left that leads from this identifier to any row: nothing can be linked any more."


def _lost(subjects: Subjects, asked: Asked) -> Iterator[str]:
    epochs = frozenset(key.epoch for key in asked.keys if key.durable)
    lost = subjects.unlinkable(asked.site.name, epochs)
    if lost:
        yield f"{lost:,} rows of the site were made with keys that are destroyed: nobody can tell whose they are."


def _day(epoch: int) -> date:
    return (datetime.fromtimestamp(0, UTC) + timedelta(days=epoch)).date()
