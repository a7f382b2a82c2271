"""The published browser clients in a real Chromium, on a page of another origin than the gateway's.

Each visit: the client's console stays clean, it asks for nothing that the gateway does not know, and every event that
it says it sent is a fact or a refusal with the expected reason, on the wire (`X-Gateway-Outcome`) and in the warehouse.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response

from tests.clients.installed import version_of
from tests.clients.ledger import Ledger
from tests.clients.shop import Became, Shop, key_of
from tests.clients.visits import (
    BOOTING,
    BROWSER_PACKAGES,
    IMPATIENT,
    OWN_WORDS,
    STEPS,
    UNANNOUNCED,
    VISITS,
    WITH_UUIDS,
    Visit,
)

#: Carries out a verb. Why bounded: a promise that never ends would hold the test for ever.
_DO = """async ([verb, said]) => {
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error(verb + ' took over 30 s')), 30_000))
  await Promise.race([client[verb](...said), late])
}"""
_LANDING = "utm_source=news&utm_medium=email&email=jane.doe@example.com"


class Witness:
    """Everything that a page says and asks for. `broken_off`: what its client was too impatient for, until answered."""

    def __init__(self, page: Page, impatient: str) -> None:
        self._impatient = impatient
        self.broken_off: set[str] = set()
        self.said: list[str] = []
        self.hosts: set[str] = set()
        self.failed: list[str] = []
        self.outcomes: list[tuple[int, int]] = []
        self.is_left = False
        page.on("console", self._console)
        page.on("pageerror", self._error)
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def told(self) -> int:
        """Events that the gateway told the page of, as facts or refusals."""
        return sum(facts + refused for facts, refused in self.outcomes)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self.said.append(message.text)

    def _error(self, error: Error) -> None:
        self.said.append(f"uncaught: {error}")

    def _request(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)

    def _failed(self, request: Request) -> None:
        if self.is_left:  # what is still on its way when a page is left has failed as far as the page can tell
            return
        if request.failure == "net::ERR_ABORTED" and urlsplit(request.url).path.startswith(self._impatient):
            self.broken_off.add(request.url)
        else:
            self.failed.append(f"{request.method} {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        found = re.fullmatch(r"facts=(\d+) refused=(\d+)", response.headers.get("x-gateway-outcome", ""))
        self.broken_off.discard(response.url)
        if found:
            self.outcomes.append((int(found[1]), int(found[2])))
        if response.status >= 400:
            self.failed.append(f"{response.request.method} {response.url} {response.status}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="de-DE")
    yield context.new_page()
    context.close()


def walk(page: Page, shop: Shop, visit: Visit) -> None:
    """The steps of the visit, as far as the last one on the page."""
    prefix = f"/s/walkeros-{visit.policy}" if visit.client == "walkeros" else ""
    start = {
        "gateway": shop.gateway + prefix,
        "key": key_of(visit.client, visit.policy),
        "yes": visit.kind != "refused",
        "waits": visit.kind == "unload",
    }
    page.goto(f"{shop.origin}/{visit.client}?{_LANDING}")
    for verb, *said in (("start", start), *STEPS[visit.kind]):
        page.evaluate(_DO, [verb, said])


def told(page: Page) -> list[dict[str, str]]:
    """What the client said that it sent."""
    found: list[dict[str, str]] = page.evaluate("() => JSON.parse(localStorage.getItem('told') ?? '[]')")
    return found


def hear_out(page: Page, witness: Witness) -> None:
    """Waits until the client heard about all that it sent, and the gateway told of as much."""
    page.evaluate(_DO, ["settle", []])
    end = time.monotonic() + 30
    while witness.told() != len(told(page)) and time.monotonic() < end:
        page.wait_for_timeout(20)
    assert witness.told() == len(told(page))


@pytest.mark.parametrize("visit", VISITS, ids=[visit.name for visit in VISITS])
def test_what_a_browser_client_says_it_sent_is_a_fact_or_an_expected_refusal(
    page: Page, shop: Shop, ledger: Ledger, visit: Visit
) -> None:
    before, known = shop.became(visit.client, visit.policy), shop.ids(visit.client, visit.policy)
    witness = Witness(page, IMPATIENT.get(visit.client, "\0"))
    walk(page, shop, visit)
    if visit.kind != "unload":
        hear_out(page, witness)
    elif visit.client in BOOTING:
        page.wait_for_load_state("networkidle")
    witness.is_left = True
    page.goto(f"{shop.origin}/away")
    expected = Became(Counter(visit.facts), Counter(visit.refusals))
    seen = shop.settle(visit.client, visit.policy, before, expected)
    sent = told(page) if visit.is_told_whole else [{"name": step[0], "id": ""} for step in STEPS[visit.kind]]
    package = BROWSER_PACKAGES[visit.client]
    ledger.enter(package, version_of(package, "node"), len(sent), seen.facts.total(), seen.refusals)

    assert seen == expected
    assert len(sent) + UNANNOUNCED.get(visit.client, 0) * bool(sent) == seen.total()
    assert (witness.failed, witness.broken_off) == ([], set())
    assert [text for text in witness.said if not text.startswith(OWN_WORDS.get(visit.client, ("\0",)))] == []
    assert witness.hosts <= {urlsplit(shop.origin).netloc, urlsplit(shop.gateway).netloc}
    if visit.client in WITH_UUIDS and visit.is_told_whole:
        assert shop.ids(visit.client, visit.policy) - known <= {one["id"] for one in sent}


@pytest.mark.parametrize("client", BROWSER_PACKAGES)
def test_a_bought_lamp_is_the_same_row_whichever_client_told_of_it(shop: Shop, browser: Browser, client: str) -> None:
    rows = shop.served.ask(
        "SELECT DISTINCT order_id, toString(value), currency, page_host, page_path, source, medium FROM gateway.events "
        f"WHERE event = 'purchase' AND page_path = '/{client}'"
    )
    assert rows == [("O-1", "259.8", "EUR", "www.shop.example", f"/{client}", "news", "email")]


def test_no_client_asked_for_anything_that_the_gateway_does_not_know(shop: Shop, browser: Browser) -> None:
    assert (
        shop.served.ask("SELECT adapter, refusal, sum(events) FROM gateway.tallies WHERE site = '' GROUP BY ALL") == []
    )
