"""How the tests are spread over the machine."""

from __future__ import annotations

import os

import pytest

# Why: tests start the gateway two hundred times, and each start would compile it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

#: Files that take longest. They start first, longest first, so that no worker is left alone with one at the end.
LONGEST = (
    "test_crash.py",
    "test_load_exactly_once.py",
    "test_image.py",
    "test_compiled.py",
    "test_load_kills.py",
    "test_proof_of_choice.py",
    "test_style.py",
    "test_clients_browser.py",
    "test_serve.py",
    "test_warehouse_life.py",
    "test_load_poison.py",
    "test_reports_command.py",
    "test_load_copies.py",
    "test_forward.py",
    "test_warehouse_migrate.py",
    "test_attacks.py",
    "test_bad_input.py",
    "test_replay.py",
    "test_canaries.py",
    "test_queues.py",
    "test_private_api.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many workers again as cores: many tests wait for a process or a disk."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # xdist's own order starts files of many tests first, whatever they take


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
