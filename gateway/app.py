"""Hands out the powers: clock, disk, database, network. The only place that does; everything else is given them.

Each function is one process: it wires the rooms together, runs until it is told to stop, and drains.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
from collections.abc import Iterator
from importlib.metadata import version
from platform import python_version
from time import gmtime, strftime, time
from typing import Any, NamedTuple

import uvicorn
import uvloop

from gateway.configuration import Configuration
from gateway.folders import Folders
from gateway.intake.choices import Choices
from gateway.intake.pipeline import Pipeline
from gateway.intake.place import Lookup, nowhere
from gateway.intake.site import Sites
from gateway.journal.keyring import DAY_S, Keyring
from gateway.journal.ledger import Ledger
from gateway.journal.signing import Signer
from gateway.journal.writer import Journal
from gateway.journal.yes_sayers import YesSayers
from gateway.lifecycle import Due, background, running
from gateway.metrics import write_snapshot
from gateway.outbound import Caller, Told
from gateway.outward import ScriptTerms
from gateway.reload import Watch
from gateway.settings import Settings
from gateway.tls import Certificate
from gateway.web.collect import Collect, Limits, look_away
from gateway.web.copies import Copies
from gateway.web.doors import doors
from gateway.web.peers import Peers
from gateway.web.rates import read_rates
from gateway.web.scripts import Scripts
from gateway.web.wire import sweep, wire
from gateway.words import Outcome

_log = logging.getLogger("gateway")

#: Connections that may wait to be accepted. Why: a burst of x5 at 2,000/s fits into one second of stall.
_BACKLOG = 2048


#: How often the keyring looks for a midnight. Why: it makes tomorrow's salt a day ahead, so a minute is soon enough.
_KEYS_EVERY_S = 60.0

#: How often counts of decisions go into the journal. Why: not with every group, which would be a row per hit; a kill
#: loses so many seconds of them, and they are statistics, not proof.
_COUNT_EVERY_S = 10.0

#: Objects made until the garbage collector looks at the young ones; Python's own limit is 700. Why: a hit makes some 20
#: that it counts and no cycle, so that every 30 hits it walked what was in flight: 4 µs a hit, 6 % of a worker's CPU.
_COLLECT_AFTER = 10_000


class Seat(NamedTuple):
    """Where a worker sits: its name and the listening socket that it shares."""

    name: str
    listener: socket.socket
    certificate: Certificate | None = None


class Midnight:
    """Tells once that a UTC midnight has passed since it was asked last."""

    def __init__(self, at: float) -> None:
        self._day = int(at // DAY_S)

    def has_passed(self, at: float) -> bool:
        """True the first time after each midnight."""
        before, self._day = self._day, int(at // DAY_S)
        return self._day != before


def forget_day(sites: Sites) -> None:
    """Every site lets go of yesterday's prepared keys, also one that nobody visits today."""
    for site in sites.all:
        for minimiser in (site.minimiser, *(copier.minimiser for copier in site.copiers)):
            minimiser.forget()


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: they end the process before the journal is sealed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run_collect(watch: Watch, configuration: Configuration, folders: Folders, seat: Seat) -> None:
    """One collect process: the public port."""
    uvloop.run(_collect(watch, configuration, folders, seat))


async def _collect(watch: Watch, configuration: Configuration, folders: Folders, seat: Seat) -> None:
    settings = configuration.settings
    keyring = make_keyring(folders, configuration.sites)
    keyring.refresh(time())
    ledger = Ledger(open_signer(folders), folders.ledger)
    journal = Journal(folders.journal, seat.name, settings, ledger=ledger)
    lookup, choices = open_geo(settings.geo_file), Choices(open_yes_sayers(folders))
    app = Collect(
        Pipeline(configuration.sites, keyring.keys, lookup, choices),
        journal,
        Peers(settings.trusted_proxies, settings.country_header),
        _limits(settings),
    )
    app.rates = read_rates(settings)
    app.copies = Copies(lambda name: Journal(folders.forward / name, seat.name, settings))
    app.copies.serve(configuration.sites)
    scripts = Scripts(fetch_script)
    scripts.terms = configuration.scripts
    scripts.start()
    app.doors = doors(app, keyring, scripts, folders.run)
    protocol = wire(app, settings.body_limit_bytes, settings.body_timeout_s)
    server = Server(uvicorn_of(app, protocol, seat.certificate))
    due, midnight, counting = Due(_KEYS_EVERY_S), Midnight(time()), Due(_COUNT_EVERY_S)

    async def tick(lag_s: float) -> None:
        if counting.now():
            append_counts(journal, choices, app.pipeline.sites)
        if midnight.has_passed(time()):
            await asyncio.to_thread(keyring.refresh, time())
            forget_day(app.pipeline.sites)
        elif due.now():
            await asyncio.to_thread(keyring.refresh, time())
        if (changed := await asyncio.to_thread(watch.look)) is not None:
            append_counts(journal, choices, app.pipeline.sites)
            app.counts.minimised.retire(app.pipeline.sites)
            app.copies.retire(app.pipeline.sites)
            app.copies.serve(changed.sites)
            app.pipeline = Pipeline(changed.sites, keyring.keys, lookup, choices)
            scripts.terms = changed.scripts
            keyring.mailing = frozenset(site.name for site in changed.sites.all if site.has_mail)
            _log.info("configuration changed; now in force: %s", policies_of(changed))
        if seat.certificate is not None:
            await asyncio.to_thread(seat.certificate.look)
        if watch.trouble != app.trouble:
            app.trouble = watch.trouble
            _log.error("%s", watch.trouble or "configuration mended")
        snapshot = app.counts.snapshot() | journal.counts() | {"lag_seconds": [[seat.name, lag_s]]}
        snapshot |= app.counts.minimised.snapshot(app.pipeline.sites) | app.copies.snapshot(app.pipeline.sites)
        snapshot |= choices.snapshot() | {"journal_age_seconds": [[seat.name, journal.age_s(time())]]}
        snapshot |= describe_build(app.pipeline.sites)
        snapshot["configuration_trouble"] = int(bool(watch.trouble))
        await asyncio.to_thread(write_snapshot, folders.metrics, seat.name, snapshot)

    def stop() -> None:
        app.accepting = False
        server.should_exit = True

    settle_garbage()
    async with running(stop, tick), background(sweep(server.server_state)):
        await server.serve([seat.listener])
        scripts.close()
        append_counts(journal, choices, app.pipeline.sites)
        await journal.close()
        await app.copies.close()
        await tick(0.0)


def describe_build(sites: Sites) -> dict[str, object]:
    """Which gateway a worker is, and which policies are in force in it, as gauges of 1."""
    policies = [(site.name, site.policy) for site in sites.all]
    return {
        "build": [[version("edge-tracking-gateway"), python_version(), 1]],
        "policies": [[name, policy.name, str(policy.version), policy.hash, 1] for name, policy in policies],
    }


def append_counts(journal: Journal, choices: Choices, sites: Sites) -> None:
    """Counts of decisions, and names without a contract, into the journal.

    Nobody waits for it, and what cannot be written now is not counted.
    """
    day = strftime("%Y-%m-%d", gmtime(time()))
    sighted = [row for site in sites.all for row in site.minimiser.sighted(day)]
    counted = choices.counted(time())
    if counted or sighted:
        journal.append(Outcome([], [], (), counted, (), sighted)).add_done_callback(look_away)


def open_signer(folders: Folders) -> Signer | None:
    """The key that proofs of choice are signed with; None, loudly, where it can be neither read nor made."""
    try:
        return Signer(folders.keys)
    except OSError as error:
        _log.error("proofs of choice are not signed: %s (run: gateway keys status)", error)
        return None


def make_keyring(folders: Folders, sites: Sites) -> Keyring:
    """The keys of all sites, and of the links of those that send mail."""
    mailing = [site.name for site in sites.all if site.has_mail]
    return Keyring(folders.keys, [site.name for site in sites.all], mailing)


def open_yes_sayers(folders: Folders) -> YesSayers | None:
    """Who has said yes before, as all workers know it; None, loudly, where its file cannot be used."""
    try:
        return YesSayers(folders.ledger)
    except OSError as error:
        _log.error("withdrawals are recognised by the worker that heard the yes only: %s", error.strerror)
        return None


def fetch_script(terms: ScriptTerms, target: str) -> Told:
    """Asks the upstream of scripts, on a connection of its own. Raises OutboundError."""
    with contextlib.closing(Caller(terms.upstream)) as caller:
        return caller.call("GET", target, headers={"Accept": "*/*"})


def policies_of(configuration: Configuration) -> str:
    """`shop: shop-web 2026-11-15.1`, for people who read logs."""
    return ", ".join(f"{s.name}: {s.policy.name} {s.policy.version}" for s in configuration.sites.all)


def open_geo(file: str) -> Lookup:
    """Address -> country by a GeoLite2 or DB-IP file; nowhere without one."""
    if not file:
        return nowhere
    from gateway.web.geo import GeoFile  # noqa: PLC0415 - maxminddb is loaded only where a file is set

    return GeoFile(file).country_of


def settle_garbage() -> None:
    """Takes what was made at the start out of the collector's sight. Why: every later collection would walk it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


def _limits(settings: Settings) -> Limits:
    return Limits(
        settings.inflated_limit_bytes,
        settings.retry_after_s,
        settings.path_prefix.rstrip("/"),
    )


def uvicorn_of(app: Any, protocol: Any, certificate: Certificate | None) -> uvicorn.Config:
    """How uvicorn serves an app of ours: no words of its own, no header that names it, TLS with a certificate."""
    config = uvicorn.Config(
        app,
        http=protocol,
        interface="asgi3",
        proxy_headers=False,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
    )
    config.load()
    config.ssl = certificate.context if certificate else None  # Why here: one context, renewed while it is in use
    return config
