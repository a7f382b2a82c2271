"""What one collect process does beside answering: its chores of every second, a changed configuration, its end.

May not: open anything; it is handed what it works with. A chore that waits for a disk waits in a thread, never in the
loop that answers hits.
"""

from __future__ import annotations

import asyncio
import logging
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from time import gmtime, strftime, time
from typing import Any, NamedTuple

from gateway.configuration import Configuration
from gateway.intake.choices import Choices
from gateway.intake.pipeline import Pipeline
from gateway.intake.place import Lookup
from gateway.intake.site import Sites
from gateway.journal.keyring import DAY_S, Keyring
from gateway.journal.writer import Journal
from gateway.lifecycle import Due
from gateway.metrics import write_snapshot
from gateway.reload import Watch
from gateway.tls import Certificate
from gateway.web import wire
from gateway.web.collect import Collect, look_away
from gateway.web.scripts import Scripts
from gateway.words import Outcome

_log = logging.getLogger("gateway")

#: Whether the hot path is as GATEWAY_COMPILED=1 installs it; see setup.py.
_IS_COMPILED = "no" if wire.__file__.endswith(".py") else "yes"

#: How often the keyring looks for a midnight. Why: it makes tomorrow's salt a day ahead, so a minute is soon enough.
_KEYS_EVERY_S = 60.0

#: How often counts of decisions go into the journal. Why: not with every group, which would be a row per hit; a kill
#: loses so many seconds of them, and they are statistics, not proof.
_COUNT_EVERY_S = 10.0


class Kept(NamedTuple):
    """What a collect process keeps over every change of its configuration.

    `name` is that of its journal, `metrics` the folder of snapshots.
    """

    name: str
    keyring: Keyring
    journal: Journal
    lookup: Lookup
    choices: Choices
    scripts: Scripts
    metrics: Path

    def pipeline(self, sites: Sites) -> Pipeline:
        """What hits of these sites walk through."""
        return Pipeline(sites, self.keyring.keys, self.lookup, self.choices)


class Midnight:
    """Tells once that a UTC midnight has passed since it was asked last."""

    def __init__(self, at: float) -> None:
        self._day = int(at // DAY_S)

    def has_passed(self, at: float) -> bool:
        """True the first time after each midnight."""
        before, self._day = self._day, int(at // DAY_S)
        return self._day != before


class Collecting:
    """One worker. `certificate` is looked at for a renewed one."""

    def __init__(self, app: Collect, kept: Kept, watch: Watch, certificate: Certificate | None) -> None:
        self._app, self._kept, self._watch, self._certificate = app, kept, watch, certificate
        self._keys_due, self._midnight, self._count_due = Due(_KEYS_EVERY_S), Midnight(time()), Due(_COUNT_EVERY_S)

    async def tick(self, lag_s: float) -> None:
        """The chores of a second, in their order."""
        if self._count_due.now():
            self._append_counts()
        await self._turn_keys()
        if (changed := await asyncio.to_thread(self._watch.look)) is not None:
            self._take_over(changed)
        if self._certificate is not None:
            await asyncio.to_thread(self._certificate.look)
        self._tell_trouble()
        await asyncio.to_thread(write_snapshot, self._kept.metrics, self._kept.name, self._snapshot(lag_s))

    async def close(self) -> None:
        """Makes durable what was taken in, then leaves the last counts."""
        self._kept.scripts.close()
        self._append_counts()
        await self._kept.journal.close()
        await self._app.copies.close()
        await self.tick(0.0)

    async def _turn_keys(self) -> None:
        """At midnight every site lets go of yesterday's prepared keys, also one that nobody visits today."""
        is_midnight = self._midnight.has_passed(time())
        if is_midnight or self._keys_due.now():
            await asyncio.to_thread(self._kept.keyring.refresh, time())
        if is_midnight:
            forget_day(self._app.pipeline.sites)

    def _take_over(self, changed: Configuration) -> None:
        """Swaps the sites between two hits. What the old ones counted is kept."""
        app, sites = self._app, self._app.pipeline.sites
        self._append_counts()
        app.counts.minimised.retire(sites)
        app.copies.retire(sites)
        app.copies.serve(changed.sites)
        app.pipeline = self._kept.pipeline(changed.sites)
        self._kept.scripts.terms = changed.scripts
        self._kept.keyring.mailing = frozenset(site.name for site in changed.sites.all if site.has_mail)
        _log.info("configuration changed; now in force: %s", policies_of(changed))

    def _tell_trouble(self) -> None:
        if self._watch.trouble != self._app.trouble:
            self._app.trouble = self._watch.trouble
            _log.error("%s", self._watch.trouble or "configuration mended")

    def _append_counts(self) -> None:
        """Counts of decisions, and names without a contract, into the journal.

        Nobody waits for it, and what cannot be written now is not counted.
        """
        day = strftime("%Y-%m-%d", gmtime(time()))
        sighted = [row for site in self._app.pipeline.sites.all for row in site.minimiser.sighted(day)]
        counted = self._kept.choices.counted(time())
        if counted or sighted:
            self._kept.journal.append(Outcome([], [], (), counted, (), sighted)).add_done_callback(look_away)

    def _snapshot(self, lag_s: float) -> dict[str, Any]:
        """JSON-ready counts of this life, by their keys in the table of metrics."""
        name, app, journal, sites = self._kept.name, self._app, self._kept.journal, self._app.pipeline.sites
        return {
            **app.counts.snapshot(),
            **journal.counts(),
            **app.counts.minimised.snapshot(sites),
            **app.copies.snapshot(sites),
            **self._kept.choices.snapshot(),
            **describe_build(sites),
            "lag_seconds": [[name, lag_s]],
            "journal_age_seconds": [[name, journal.age_s(time())]],
            "configuration_trouble": int(bool(self._watch.trouble)),
        }


def forget_day(sites: Sites) -> None:
    """Every site lets go of yesterday's prepared keys."""
    for site in sites.all:
        for minimiser in (site.minimiser, *(copier.minimiser for copier in site.copiers)):
            minimiser.forget()


def describe_build(sites: Sites) -> dict[str, object]:
    """Which gateway a worker is, and which policies are in force in it, as gauges of 1."""
    policies = [(site.name, site.policy) for site in sites.all]
    return {
        "build": [[version("edge-tracking-gateway"), python_version(), _IS_COMPILED, 1]],
        "policies": [[name, policy.name, str(policy.version), policy.hash, 1] for name, policy in policies],
    }


def policies_of(configuration: Configuration) -> str:
    """`shop: shop-web 2026-11-15.1`, for people who read logs."""
    return ", ".join(f"{s.name}: {s.policy.name} {s.policy.version}" for s in configuration.sites.all)
