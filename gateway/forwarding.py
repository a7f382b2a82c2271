"""All destinations of a gateway: one relay each, as the configuration says now.

May not: send by itself. A destination that is no longer configured gets nothing more; what waited for it is removed.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from consent.policy import Policy
from gateway.configuration import Configuration
from gateway.folders import Folders
from gateway.intake.minimise_withdrawal import MARK
from gateway.journal.disk import Disk
from gateway.journal.outbox import Outbox
from gateway.outward import RelayTerms, Stopped
from gateway.relay import Relay
from gateway.reload import Watch

_log = logging.getLogger("gateway.forward")


class Forwarding:
    """Relays by name, a thread each."""

    def __init__(self, watch: Watch, configuration: Configuration, folders: Folders) -> None:
        self._watch, self._configuration, self._folders = watch, configuration, folders
        self._lock = threading.RLock()
        self._relays: dict[str, Relay] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._retired: list[tuple[str, Relay]] = []
        self._removed: Counter[str] = Counter()
        self._ended = threading.Event()

    def run(self) -> None:
        """Runs every relay until `stop`."""
        self._serve()
        self._ended.wait()
        for relay in self._relays.values():
            relay.stop()
        for thread in self._threads.values():
            thread.join()

    def stop(self) -> None:
        """Makes `run` return soon."""
        self._ended.set()

    def look(self) -> None:
        """Takes over a changed configuration. Called by every relay before it sends, and once a second."""
        with self._lock:
            changed = self._watch.look()
            if changed is not None:
                self._configuration = changed
                self._serve()

    def counts(self) -> dict[str, Any]:
        """Counts of this life, by their keys in the table of metrics."""
        with self._lock:
            relays = [*self._relays.items(), *self._retired]
            waiting = [[*name.split("."), relay.waiting_bytes()] for name, relay in self._relays.items()]
            newer = [[*name.split("."), relay.newer] for name, relay in self._relays.items()]
            lags = [[*name.split("."), round(relay.lag_s(), 1)] for name, relay in self._relays.items()]
        sent, failures, stopped = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
        for name, relay in relays:
            sent[name] += relay.sent
            failures[name] += relay.failures
            stopped.update({(name, reason): n for reason, n in relay.stopped.items()})
        stopped.update({(name, Stopped.UNCONFIGURED): n for name, n in self._removed.items()})
        return {
            "forwarded": [[*name.split("."), n] for name, n in sorted(sent.items())],
            "forward_failures": [[*name.split("."), n] for name, n in sorted(failures.items())],
            "forward_stopped": [[*name.split("."), reason, n] for (name, reason), n in sorted(stopped.items())],
            "forward_lag_seconds": lags,
            "forward_waiting_bytes": waiting,
            "forward_newer_segments": newer,
        }

    def _serve(self) -> None:
        """Starts what is new, tells those that run what has changed, ends and removes what is gone."""
        with self._lock:
            wanted = {terms.name: (terms, policy) for terms, policy in _destinations(self._configuration)}
            for name, (terms, policy) in wanted.items():
                if name in self._relays:
                    self._relays[name].terms, self._relays[name].policy = terms, policy
                elif not self._ended.is_set():
                    self._start(name, terms, policy)
            for name in self._relays.keys() - wanted.keys():
                relay = self._relays.pop(name)
                relay.stop()
                self._retired.append((name, relay))
            self._remove_unconfigured(wanted.keys())

    def _start(self, name: str, terms: RelayTerms, policy: Policy) -> None:
        relay = Relay(terms, policy, Outbox(Disk(), self._folders.forward / name, MARK))
        relay.look = self.look
        self._relays[name] = relay
        self._threads[name] = threading.Thread(target=relay.run, name=f"relay {name}", daemon=True)
        self._threads[name].start()

    def _remove_unconfigured(self, wanted: Collection[str]) -> None:
        """Copies that nobody may send any more. Why at once: nothing rests for a destination without a purpose."""
        for folder in self._folders.outboxes():
            if folder.name not in wanted:
                waiting = sum(1 for file in folder.iterdir() if file.suffix in (".sealed", ".open"))
                shutil.rmtree(folder, ignore_errors=True)
                self._removed[folder.name] += waiting
                _log.warning("%s is not configured any more: %d segments were removed.", folder.name, waiting)


def _destinations(configuration: Configuration) -> Iterator[tuple[RelayTerms, Policy]]:
    return ((copier.terms, site.policy) for site in configuration.sites.all for copier in site.copiers)
