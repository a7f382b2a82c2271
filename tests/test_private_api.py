"""The API of the private port against its own description: schemathesis makes requests of it, right and wrong ones, and
every answer has to be one that the description names, of its type and shape, and no server error.

`GATEWAY_EXAMPLES=500 pytest -s tests/test_private_api.py` for more; the default is short.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis.checks import CHECKS, load_all_checks

from gateway.web.access.guard import Guard, Terms
from gateway.web.admin.openapi import describe
from gateway.web.admin.table import table
from tests.attacks.attack import CONSENT
from tests.serving import Served, serving

EXAMPLES = int(os.environ.get("GATEWAY_EXAMPLES", "6"))

#: A text that is right in form may name a site, a step or a place that there is not: 400, which is described.
_LEFT_OUT = ("positive_data_acceptance",)


class Nothing:
    """Powers that are never used: the description needs none."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


DESCRIPTION = describe(table(Nothing(), Guard(Terms(frozenset()), None)), False)
OPERATIONS = [(method.upper(), path) for path, methods in DESCRIPTION["paths"].items() for method in methods]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("api") / "data") as gateway:
        hit = {"site": "demo", "consent": CONSENT, "events": [{"event": "product_view", "client_id": "c"}]}
        assert httpx.post(gateway.url + "/collect", json=hit).status_code == 204
        yield gateway


@pytest.fixture(scope="module")
def schema(served: Served) -> Any:
    load_all_checks()
    return schemathesis.openapi.from_url(served.admin + "/api/openapi.json")


def test_what_is_served_is_the_description_of_the_table(served: Served) -> None:
    assert httpx.get(served.admin + "/api/openapi.json").json() == DESCRIPTION


def name_the_site(case: Any) -> None:
    """A right request is one of a site that there is, with options that a report reads."""
    if isinstance(case.body, dict):
        case.body["site"] = "demo"
    known = DESCRIPTION["paths"][case.path][case.method.lower()]["parameters"]
    free = {told["name"] for told in known if "default" in told["schema"]} | {"place", "signal"}
    kept = {name: value for name, value in (case.query or {}).items() if name not in free}
    case.query = kept | ({"site": "demo"} if any(told["name"] == "site" for told in known) else {})


def modes_of(method: str, path: str) -> list[schemathesis.GenerationMode]:
    """Wrong requests too, where anything is given that can be wrong."""
    told = DESCRIPTION["paths"][path][method.lower()]
    modes = list(schemathesis.GenerationMode)
    return modes if told["parameters"] or "requestBody" in told else [schemathesis.GenerationMode.POSITIVE]


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[" ".join(operation) for operation in OPERATIONS])
def test_every_answer_is_as_described(schema: Any, method: str, path: str) -> None:
    seen: Counter[int] = Counter()
    for mode in modes_of(method, path):
        ask(schema[path][method].as_strategy(generation_mode=mode), mode, seen)
    print(f"{method:5} {path:44} {dict(sorted(seen.items()))}")
    assert not [status for status in seen if status >= 500 and status != 503]


def ask(strategy: Any, mode: schemathesis.GenerationMode, seen: Counter[int]) -> None:
    """So many requests of that kind, each answer checked, its status counted."""
    left_out = [CHECKS.get_one(name) for name in _LEFT_OUT]

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=strategy)
    def one(case: Any) -> None:
        if mode is schemathesis.GenerationMode.POSITIVE:
            name_the_site(case)
        seen[case.call_and_validate(excluded_checks=left_out).status_code] += 1

    one()
