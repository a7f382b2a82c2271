"""One engine for all tests of reports; each empties it first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.reports.asking import Warehouse, a_warehouse


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with a_warehouse(tmp_path_factory.mktemp("reports") / "data") as found:
        yield found


@pytest.fixture
def shop(warehouse: Warehouse) -> Warehouse:
    """The warehouse, empty."""
    warehouse.empty()
    return warehouse
