"""The shop that the clients run in: its pages on one origin, its gateway on another, with a site for each policy.

May not: know what must become of an event.

The browser finds both under names of `shop.example`, which it is told to look for on this machine and nowhere else, so
that pages are as first-party, cross-origin and secure as a real shop's.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from consent.starters import starter
from tests.clients.servers import SERVERS
from tests.clients.visits import VISITS
from tests.serving import Served, serving

POLICIES = ("asks", "counts")
_ASKS = "ask_first: [counting, analytics, personalise, ad_measurement, ad_targeting]"
_COUNTS = "until_objection: [counting, analytics], ask_first: [personalise, ad_measurement, ad_targeting]"
_EXAMPLES = """examples:
  - {given: {place: DE}, when: "nobody objected", then: {allowed: [operations, counting, analytics], to: [warehouse]}}
"""

_PAGE = (
    '<!doctype html><html lang="de"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Lamps</title>{}</html>'
)


def key_of(client: str, policy: str) -> str:
    """The write key of a client's site, in the form that the client takes."""
    forms = {
        "umami": str(uuid.uuid5(uuid.NAMESPACE_DNS, policy)),
        "matomo": str(1 + POLICIES.index(policy)),
        "plausible": f"{policy}.shop.example",
    }
    return forms.get(client, f"wk_{client}_{policy}")


def write_configuration(folder: Path, origin: str) -> Path:
    """gateway.yml with all sites, and their two policies. Sites take events from pages of `origin` only."""
    asks = starter("strictest").decode()
    head, found, _ = asks.replace(_ASKS, _COUNTS).partition("examples:")
    assert found
    assert _COUNTS in head
    for policy, text in (("asks", asks), ("counts", head + _EXAMPLES)):
        (folder / f"{policy}.yml").write_text(text)
    sites = {policy: _site(policy, origin) for policy in POLICIES}
    file = folder / "gateway.yml"
    file.write_bytes(orjson.dumps({"settings": {"load_after_ms": 100}, "sites": sites}))
    return file


def _site(policy: str, origin: str) -> dict[str, Any]:
    """All clients send to its root, told apart by path and first bytes, but one that names no key."""
    keys = sorted({key_of(one.client, policy) for one in (*VISITS, *SERVERS)})
    return {
        "policy": f"{policy}.yml",
        "write_keys": keys,
        "origins": [origin],
        "sources": {f"walkeros-{policy}": "walkeros"},
    }


class _Pages(SimpleHTTPRequestHandler):
    """`/<client>` is a page that runs `/<client>.js`; `/away` is where a visitor goes who leaves."""

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].strip("/")
        if name.endswith(".js"):
            super().do_GET()
            return
        body = _PAGE.format("" if name == "away" else f'<script src="/{name}.js"></script>').encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the test has its own records."""


@contextlib.contextmanager
def pages(folder: Path) -> Iterator[str]:
    """Serves the pages whose scripts lie in `folder`; their origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: _Pages(*args, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://www.shop.example:{server.server_port}"
        server.shutdown()
        thread.join()


class Became(NamedTuple):
    """What became of one protocol's events at one site: facts by event, refusals by reason."""

    facts: Counter[str]
    refusals: Counter[str]

    def since(self, before: Became) -> Became:
        return Became(self.facts - before.facts, self.refusals - before.refusals)

    def total(self) -> int:
        return self.facts.total() + self.refusals.total()


class Shop:
    """The running shop: where its pages are, and its gateway."""

    def __init__(self, served: Served, origin: str) -> None:
        self.served = served
        self.origin = origin
        #: As pages of the shop see it.
        self.gateway = served.url.replace("127.0.0.1", "track.shop.example")

    def became(self, client: str, policy: str) -> Became:
        """Everything so far, as it stands in the warehouse now."""
        where = _where(client, policy)
        facts = self.served.ask(f"SELECT event, count() FROM gateway.events WHERE {where} GROUP BY event")
        refusals = self.served.ask(f"SELECT refusal, sum(events) FROM gateway.tallies WHERE {where} GROUP BY refusal")
        return Became(Counter(dict(facts)), Counter(dict(refusals)))

    def settle(self, client: str, policy: str, before: Became, expected: Became) -> Became:
        """What became of events since then, waited for until it is as expected, at most half a minute."""
        end = time.monotonic() + 30
        while (seen := self.became(client, policy).since(before)) != expected and time.monotonic() < end:
            time.sleep(0.05)
        return seen

    def ids(self, client: str, policy: str) -> set[str]:
        """Event ids of the facts so far."""
        rows = self.served.ask(f"SELECT toString(event_id) FROM gateway.events WHERE {_where(client, policy)}")
        return {row[0] for row in rows}


def _where(client: str, policy: str) -> str:
    return f"site = '{policy}' AND adapter = '{client}'"


@contextlib.contextmanager
def open_shop(folder: Path, scripts: Path) -> Iterator[Shop]:
    """A shop for the block; its gateway must end cleanly."""
    with pages(scripts) as origin, serving(folder / "data", "--config", str(write_configuration(folder, origin))) as it:
        yield Shop(it, origin)
