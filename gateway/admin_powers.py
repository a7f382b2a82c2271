"""The powers of the private port, for one gateway: the same doors that the commands go through.

May not: answer HTTP; let an error out that quotes what somebody gave.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from prometheus_client import generate_latest

from consent.explain import explain
from gateway import persons
from gateway.configuration import Configuration
from gateway.folders import Folders
from gateway.intake.subject import FoundBy, Said
from gateway.metrics import read_snapshots, registry
from gateway.policy_questions import Question as PolicyQuestion
from gateway.policy_questions import case_of, shown
from gateway.questions import answered, period, read_day
from gateway.reports import REPORTS
from gateway.reports.report import Answer, Question
from gateway.warehouse.connect import WarehouseError
from gateway.web.admin.powers import Named, Unable, Wrong

#: A sentence on the warehouse, and the rows it holds (None if it cannot be asked).
Warehouse = Callable[[], tuple[str, int | None]]


class AdminPowers:
    """`gateway.web.admin.powers.Powers`. `now` reads the configuration in force."""

    def __init__(self, now: Callable[[], Configuration], folders: Folders, warehouse: Warehouse) -> None:
        self._now, self._folders, self._warehouse = now, folders, warehouse
        self._began = time.time()

    @property
    def sites(self) -> list[str]:
        return [site.name for site in self._now().sites.all]

    def status(self) -> dict[str, Any]:
        snapshots = read_snapshots(self._folders.metrics)
        say, rows = self._warehouse()
        return {
            "up_seconds": round(time.time() - self._began),
            "facts": _sum(snapshots, "facts"),
            "refused": _sum(snapshots, "refusals"),
            "refusals": _by_reason(snapshots),
            "journal_bytes": sum(s.get("journal_bytes", 0) for s in snapshots),
            "warehouse": say,
            "rows": rows,
        }

    def metrics(self) -> bytes:
        return generate_latest(registry(self._folders.metrics))

    def report(self, name: str, asked: Mapping[str, str]) -> Answer:
        one = REPORTS[name]
        with _told():
            days = [read_day(asked[key]) if key in asked else None for key in ("since", "until")]
            first, last = period(one, *days)
            chosen = {option.name: option.read(asked.get(option.name, option.default)) for option in one.options}
            question = Question(first, last + timedelta(days=1), asked.get("site", ""), options=chosen)
            return answered(one, question, self._now().settings.warehouse, self._folders.data)

    def policies(self) -> list[dict[str, Any]]:
        return [
            {
                "site": site.name,
                "name": site.policy.name,
                "version": site.policy.version,
                "hash": site.policy.hash,
                "review_by": site.policy.clauses.head.review_by,
                "keep_days": dict(site.policy.keep_days),
            }
            for site in self._now().sites.all
        ]

    def explain(self, site: str, places: list[str], signals: list[str]) -> dict[str, Any]:
        policies = {each.name: each.policy for each in self._now().sites.all}
        if site not in policies:
            raise Wrong(f"There is no such site; there is {', '.join(policies)}.")
        with _told():
            asked = PolicyQuestion(tuple(places), tuple(signals), None, None, None)
            explanation = explain(case_of(policies[site], asked))
        return {**shown(explanation), "sentences": list(explanation.sentences())}

    def access(self, named: Named) -> dict[str, Any]:
        with _told():
            return persons.access_of(self._place(), self._asked(named))

    def erase(self, named: Named) -> dict[str, Any]:
        with _told():
            erased = persons.erase(self._place(), self._asked(named))
        return {"body": {**erased.body, "remarks": erased.remarks}, "receipt": erased.receipt}

    def receipt(self, request: str) -> str:
        with _told():
            return persons.stored_receipt(self._place(), request)

    def _place(self) -> persons.Place:
        configuration = self._now()
        return persons.Place(configuration, self._folders, configuration.settings.warehouse)

    def _asked(self, named: Named) -> persons.Asked:
        return persons.read_request(self._place(), named.site, Said(FoundBy(named.kind), named.value, named.agent))


@contextmanager
def _told() -> Iterator[None]:
    """Errors as the private port tells them: whose mistake it is, in a sentence."""
    try:
        yield
    except WarehouseError as error:
        raise Unable(f"{error}.") from None
    except OSError as error:
        raise Unable(f"The data folder cannot be used ({error.strerror or 'see gateway keys status'}).") from None
    except ValueError as error:
        raise Wrong(f"{error}.") from None


def _sum(snapshots: list[dict[str, Any]], key: str) -> int:
    return sum(row[-1] for snapshot in snapshots for row in snapshot.get(key, []))


def _by_reason(snapshots: list[dict[str, Any]]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for snapshot in snapshots:
        for _site, _adapter, reason, count in snapshot.get("refusals", []):
            counts[reason] = counts.get(reason, 0) + count
    return sorted(counts.items(), key=lambda item: -item[1])
