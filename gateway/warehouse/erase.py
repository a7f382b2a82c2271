"""Erasure of one person: in every table, in the journal and its quarantine, and so that no old row brings them back.

May talk to the warehouse and read the journal's folder. May not know an identifier: it is given pseudonyms.

The life of a request; each step can be repeated, and a request that was cut off goes on with the same identity:
    asked      written down in gateway.erasures: a keyed hash of what was given, never the identifier
    tombstone  pseudonym and time, in the warehouse; from now on every new session of a loader leaves older rows out
    fence      every loader's epoch is raised: an INSERT that was prepared before stores nothing, its loader begins
               anew, with the tombstone; INSERTs that had begun are waited for
    journal    the segments that waited are loaded without the person, by the running loader or else by us
    quarantine is written anew without the person's rows
    delete     every table that has a pseudonym, by mutation; its projections with it
    verify     everything is asked again, and what is left is told, in a receipt that is signed
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from clickhouse_connect.driver.client import Client

from gateway.journal.disk import Disk
from gateway.journal.signing import Signer
from gateway.warehouse.connect import TransientError
from gateway.warehouse.engine_statements import quote
from gateway.warehouse.intents import LoaderHeld
from gateway.warehouse.load import Loader
from gateway.warehouse.receipts import write_receipt
from gateway.warehouse.subjects import Subjects
from gateway.warehouse.tombstones import Tombstones, of_person
from gateway.warehouse.waiting import Waiting
from gateway.words import Person

_JOURNAL_WITHIN_S, _LOOK_EVERY_S = 60.0, 0.1

#: Runs of our own loader that a folder may need: one to put rows aside, one to load what is left.
_OWN_RUNS = 3


class Request(NamedTuple):
    """One request. `keep_until` is when no row of before could be kept any more; times are Unix seconds."""

    identity: str
    person: Person
    subject: str
    found_by: str
    asked_at: float
    keep_until: float


class Store(NamedTuple):
    """What became of one place."""

    removed: int
    left: int
    remark: str = ""


class Eraser:
    """Erases in one warehouse and one journal folder. Raises WarehouseError and OSError; the request then waits."""

    def __init__(self, connect: Callable[[], Client], journal: Path, signer: Signer) -> None:
        self._connect, self._journal, self._signer = connect, journal, signer
        self._client = connect()
        self.subjects = Subjects(self._client)
        self._waiting = Waiting(Disk(), journal)

    def close(self) -> None:
        self._client.close()

    def begun(self, site: str, subject: str) -> tuple[str, float] | None:
        """Identity and time of a request of the same person that was not ended; None if there is none."""
        sql = (
            "SELECT toString(request), toUnixTimestamp64Milli(asked_at) / 1000 FROM gateway.erasures FINAL "
            f"WHERE site = {quote(site)} AND subject = {quote(subject)} AND state != 'verified' "
            "ORDER BY asked_at LIMIT 1"
        )
        found = self.subjects.rows(sql) if subject else []
        return (str(found[0][0]), float(found[0][1])) if found else None

    def erase(self, request: Request, elsewhere: Mapping[str, Store] | None = None) -> dict[str, Any]:
        """The receipt, signed, as JSON-ready nouns; with what was done in stores that the caller looked after."""
        erased = of_person(request.person, request.asked_at)
        self._record(request, "asked", {}, "")
        self._bury(request)
        stores = {**(elsewhere or {}), "journal": self._empty_journal(request, erased)}
        self._record(request, "deleting", {}, "")
        stores["quarantine"] = self._empty_quarantine(request, erased)
        stores |= self._empty_tables(request)
        return self._end(request, stores)

    def _bury(self, request: Request) -> None:
        person, when = request.person, f"fromUnixTimestamp64Milli({int(request.asked_at * 1000)}, 'UTC')"
        pairs = [("visitor", each) for each in sorted(person.visitors)]
        pairs += [("account", each) for each in sorted(person.accounts)]
        if not pairs:
            return
        rest = f"{when}, toUUID({quote(request.identity)}), toDateTime({int(request.keep_until)}, 'UTC')"
        rows = ", ".join(
            f"({quote(person.site)}, '{kind}', toUUID('{_uuid(pseudonym)}'), {rest})" for kind, pseudonym in pairs
        )
        columns = "site, kind, pseudonym, asked_at, request, expires_at"
        self.subjects.command(f"INSERT INTO gateway.tombstones ({columns}) VALUES {rows}")

    def _empty_journal(self, request: Request, erased: Tombstones) -> Store:
        found = self._waiting.search(erased, request.person)
        waited = self._waiting.segments()
        loaders = self.subjects.fence_loaders()
        self._wait(lambda: self.subjects.loading() == 0, "an INSERT of a loader still runs")
        self._wait(lambda: self._drained(waited), "the loader has not loaded what waited")
        left = self._waiting.search(erased, request.person)
        remark = f"{len(waited)} segments waited, {loaders} loaders began anew with the tombstone"
        return Store(len(found.rows), len(left.rows), remark)

    def _drained(self, waited: set[str]) -> bool:
        """Loads the journal, unless a loader does; True when what waited is gone."""
        loader = Loader(self._journal, self._connect)
        with suppress(LoaderHeld), closing(loader):
            for _ in range(_OWN_RUNS):
                loader.run_once()
        return not waited & self._waiting.segments()

    def _wait(self, done: Callable[[], bool], why_not: str) -> None:
        until = time.monotonic() + _JOURNAL_WITHIN_S
        while not done():
            if time.monotonic() > until:
                raise TransientError("erasure", why_not, "look at gateway doctor, then run the same command again")
            time.sleep(_LOOK_EVERY_S)

    def _empty_quarantine(self, request: Request, erased: Tombstones) -> Store:
        removed = self._waiting.clear_quarantine(erased, request.person)
        left = self._waiting.search_quarantine(erased, request.person)
        return Store(removed, len(left.rows) + len(left.files))

    def _empty_tables(self, request: Request) -> dict[str, Store]:
        stores = {}
        for holder in self.subjects.holders:
            before = self.subjects.count(holder, request.person, request.asked_at)
            if before:
                self.subjects.erase(holder, request.person, request.asked_at)
            after = self.subjects.count(holder, request.person, request.asked_at)
            stores[f"gateway.{holder.name}"] = Store(before, after)
        return stores

    def _end(self, request: Request, stores: dict[str, Store]) -> dict[str, Any]:
        left = sum(store.left for store in stores.values())
        body = {
            "request": request.identity,
            "site": request.person.site,
            "asked_at": _stamp(request.asked_at),
            "ended_at": _stamp(time.time()),
            "subject": request.subject,
            "found_by": request.found_by,
            "pseudonyms": len(request.person.visitors) + len(request.person.accounts),
            "stores": {name: store._asdict() for name, store in stores.items()},
            "complete": left == 0,
        }
        receipt = write_receipt(body, self._signer)
        removed = {name: store.removed for name, store in stores.items()}
        self._record(request, "failed" if left else "verified", removed, receipt)
        return {"body": body, "receipt": receipt}

    def _record(self, request: Request, state: str, rows: dict[str, int], receipt: str) -> None:
        pairs = ", ".join(f"{quote(name)}, {count}" for name, count in rows.items())
        counted = f"map({pairs})" if pairs else "map()"
        when = f"fromUnixTimestamp64Milli({int(request.asked_at * 1000)}, 'UTC')"
        texts = ", ".join(map(quote, (request.subject, request.found_by, state)))
        values = f"toUUID({quote(request.identity)}), {quote(request.person.site)}, {when}, {texts}, {counted}"
        columns = "request, site, asked_at, subject, found_by, state, rows, receipt, updated_at"
        self.subjects.command(
            f"INSERT INTO gateway.erasures ({columns}) SELECT {values}, {quote(receipt)}, now64(3, 'UTC')"
        )


def new_identity() -> str:
    """Of a request; says nothing."""
    return str(uuid4())


def _uuid(pseudonym: str) -> str:
    return f"{pseudonym[:8]}-{pseudonym[8:12]}-{pseudonym[12:16]}-{pseudonym[16:20]}-{pseudonym[20:]}"


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
