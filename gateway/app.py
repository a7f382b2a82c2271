"""Hands out the powers: clock, disk, database, network. The only place that does; everything else is given them.

Each function is one process: it wires the rooms together, runs until it is told to stop, and drains.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from time import time
from typing import Any, NamedTuple

import uvicorn
import uvloop

from gateway.collecting import Collecting, Kept
from gateway.configuration import Configuration
from gateway.folders import Folders
from gateway.intake.choices import Choices
from gateway.intake.place import Lookup, nowhere
from gateway.intake.site import Sites
from gateway.journal.keyring import Keyring
from gateway.journal.ledger import Ledger
from gateway.journal.signing import Signer
from gateway.journal.writer import Journal
from gateway.journal.yes_sayers import YesSayers
from gateway.lifecycle import background, running, settle_garbage
from gateway.outbound import Caller, Told
from gateway.outward import ScriptTerms
from gateway.reload import Watch
from gateway.settings import Settings
from gateway.tls import Certificate
from gateway.web.collect import Collect, Limits
from gateway.web.copies import Copies
from gateway.web.doors import doors
from gateway.web.peers import Peers
from gateway.web.rates import read_rates
from gateway.web.scripts import Scripts
from gateway.web.wire import sweep, wire

_log = logging.getLogger("gateway")

#: Connections that may wait to be accepted. Why: a burst of x5 at 2,000/s fits into one second of stall.
_BACKLOG = 2048


class Seat(NamedTuple):
    """Where a worker sits: its name and the listening socket that it shares."""

    name: str
    listener: socket.socket
    certificate: Certificate | None = None


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: they end the process before the journal is sealed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run_collect(watch: Watch, configuration: Configuration, folders: Folders, seat: Seat) -> None:
    """One collect process: the public port."""
    uvloop.run(_collect(watch, configuration, folders, seat))


async def _collect(watch: Watch, configuration: Configuration, folders: Folders, seat: Seat) -> None:
    settings, kept = configuration.settings, _kept(configuration, folders, seat)
    app = _app(configuration, folders, kept)
    collecting = Collecting(app, kept, watch, seat.certificate)
    server = Server(uvicorn_of(app, wire(app, settings.body_limit_bytes, settings.body_timeout_s), seat.certificate))

    def stop() -> None:
        app.accepting = False
        server.should_exit = True

    settle_garbage()
    async with running(stop, collecting.tick), background(sweep(server.server_state)):
        await server.serve([seat.listener])
        await collecting.close()


def _kept(configuration: Configuration, folders: Folders, seat: Seat) -> Kept:
    settings, keyring = configuration.settings, make_keyring(folders, configuration.sites)
    keyring.refresh(time())
    ledger = Ledger(open_signer(folders), folders.ledger)
    return Kept(
        name=seat.name,
        keyring=keyring,
        journal=Journal(folders.journal, seat.name, settings, ledger=ledger),
        lookup=open_geo(settings.geo_file),
        choices=Choices(open_yes_sayers(folders)),
        scripts=_scripts(configuration.scripts),
        metrics=folders.metrics,
    )


def _app(configuration: Configuration, folders: Folders, kept: Kept) -> Collect:
    settings, sites = configuration.settings, configuration.sites
    peers = Peers(settings.trusted_proxies, settings.country_header)
    app = Collect(kept.pipeline(sites), kept.journal, peers, _limits(settings))
    app.rates = read_rates(settings)
    app.copies = Copies(lambda name: Journal(folders.forward / name, kept.name, settings))
    app.copies.serve(sites)
    app.doors = doors(app, kept.keyring, kept.scripts, folders.run)
    return app


def _scripts(terms: tuple[ScriptTerms, ...]) -> Scripts:
    scripts = Scripts(fetch_script)
    scripts.terms = terms
    scripts.start()
    return scripts


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


def open_geo(file: str) -> Lookup:
    """Address -> country by a GeoLite2 or DB-IP file; nowhere without one."""
    if not file:
        return nowhere
    from gateway.web.geo import GeoFile  # noqa: PLC0415 - maxminddb is loaded only where a file is set

    return GeoFile(file).country_of


def _limits(settings: Settings) -> Limits:
    return Limits(settings.inflated_limit_bytes, settings.retry_after_s, settings.path_prefix.rstrip("/"))


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
