"""One shop and one browser for all client tests, and the table at their end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.clients.installed import HERE, MODULES, chromium, need_node
from tests.clients.ledger import Ledger
from tests.clients.python.driver import AGENT
from tests.clients.shop import Shop, open_shop
from tests.clients.visits import BROWSER_PACKAGES

_LEDGER = pytest.StashKey[Ledger]()

#: Only this machine is looked for, nothing is fetched or reported in the background, and no sign of automation is
#: given, which trackers would keep silent for.
_FLAGS = (
    f"--user-agent={AGENT}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-blink-features=AutomationControlled",
    "--host-resolver-rules=MAP *.shop.example 127.0.0.1, MAP * ~NOTFOUND",
)


def pytest_configure(config: pytest.Config) -> None:
    config.stash.setdefault(_LEDGER, Ledger())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = list(config.stash[_LEDGER].table())
    if lines:
        terminalreporter.section("clients that nobody here wrote")
    for line in lines:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def ledger(pytestconfig: pytest.Config) -> Ledger:
    return pytestconfig.stash[_LEDGER]


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages' scripts lie, once `bundled` made them."""
    return tmp_path_factory.mktemp("scripts")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, scripts: Path) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop"), scripts) as shop:
        yield shop


@pytest.fixture(scope="session")
def bundled(scripts: Path) -> Path:
    """One script per browser client, bundled by esbuild from the package that npm installed."""
    need_node()
    entries = [str(HERE / "browser" / f"{client}.js") for client in BROWSER_PACKAGES]
    esbuild = [str(MODULES / ".bin" / "esbuild"), *entries, "--bundle", "--format=iife", f"--outdir={scripts}"]
    made = subprocess.run([*esbuild, "--log-level=warning"], capture_output=True, text=True, timeout=120, check=False)
    assert (made.returncode, made.stderr) == (0, "")
    return scripts


@pytest.fixture(scope="module")  # Why: it runs an event loop, and tests of other rooms want their own
def browser(bundled: Path, shop: Shop) -> Iterator[Browser]:
    """Headless Chromium with a profile of its own, made and thrown away by Playwright."""
    secure = f"--unsafely-treat-insecure-origin-as-secure={shop.origin}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=[*_FLAGS, secure], ignore_default_args=["--enable-automation"]
        )
        yield browser
        browser.close()
