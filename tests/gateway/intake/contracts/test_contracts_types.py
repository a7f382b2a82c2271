"""Contracts as TypeScript and JSON Schema: what pages and tests are held to is what the gateway keeps."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.contracts.tools.schema import json_schema
from gateway.intake.contracts.tools.typescript import typescript
from gateway.intake.contracts.words import Property, Type
from tests.gateway.intake.contracts.contracts_written import entry, read

STARTERS = read_contracts(starter_contracts())
ROOT = Path(__file__).parents[4]
ODD = read(
    entry(
        "sofa", "n: {type: enum, is: user.behavior, enum: ['a\"b', c], example: c}", say="'It ends */ here @internal'"
    ),
    entry("lamp.turn", "w: {type: integer, is: user.behavior, example: 5, min: 0, max: 20000000, required: true}"),
    entry("lamp", status="draft"),
    entry("couch").replace("status: active", "status: deprecated, use_instead: sofa"),
)

#: How pages use it, and how they must not: a line that compiles, below `@ts-expect-error`, fails the check.
USE = """
import { createTrack } from "./events";
const track = createTrack((event) => { JSON.stringify(event); });
track("wishlist_add", { product_id: "SKU-1", price: 129.9 });
track("page_view");
track("cart_view", { items: [{ product_id: "a", price: 1 }] });
// @ts-expect-error a required property is missing
track("wishlist_add");
// @ts-expect-error no such event
track("wish_add", {});
// @ts-expect-error no contract lists it
track("page_view", { email: "x" });
// @ts-expect-error a number is no text
track("wishlist_add", { product_id: 7 });
"""


def compiler() -> str:
    """TypeScript's compiler, where this machine has one: on PATH, or beside the clients of tests/clients."""
    beside = ROOT / "tests" / "clients" / "node_modules" / ".bin" / "tsc"
    found = os.environ.get("GATEWAY_TSC") or shutil.which("tsc") or (str(beside) if beside.exists() else "")
    if not found:
        pytest.skip("TypeScript is not installed: npm install typescript, and name its tsc in GATEWAY_TSC")
    return found


def compiled(folder: Path, **modules: str) -> subprocess.CompletedProcess[str]:
    for name, text in modules.items():
        (folder / f"{name}.ts").write_text(text, encoding="utf-8")
    files = [f"{name}.ts" for name in modules]
    options = ["--strict", "--noEmit", "--target", "es2020", "--module", "es2020", "--moduleResolution", "node"]
    return subprocess.run([compiler(), *options, *files], cwd=folder, capture_output=True, text=True, timeout=120)


def test_pages_compile_and_every_misuse_of_track_is_an_error(tmp_path: Path) -> None:
    done = compiled(tmp_path, events=typescript(STARTERS), use=USE)
    assert (done.returncode, done.stdout) == (0, "")


def test_odd_names_words_and_choices_compile(tmp_path: Path) -> None:
    use = 'import { createTrack } from "./events";\ncreateTrack(() => {})("lamp.turn", { w: 5 });\n'
    done = compiled(tmp_path, events=typescript(ODD), use=use)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_property_of_every_contract_stands_in_the_types() -> None:
    text = typescript(STARTERS)
    events = dict(re.findall(r'^  "([a-z_.]+)": \{\n(.*?)^  \};', text, re.MULTILINE | re.DOTALL))
    assert set(STARTERS.terms) == set(events)
    for name, terms in STARTERS.terms.items():
        told = dict(re.findall(r'^    "([a-z_]+)"(\??): ', events[name], re.MULTILINE))
        assert {key: "" if rule.required else "?" for key, rule in terms.properties.items()} == told


def test_drafts_are_left_out_and_deprecated_ones_say_so() -> None:
    text = typescript(ODD)
    assert '"lamp": {' not in text
    assert re.search(r'@deprecated use sofa \*/\n  "couch": \{', text)
    assert "It ends *\\/ here (at)internal" in text
    assert '"n"?: "a\\"b" | "c";' in text
    assert "a whole number; from 0 to 20000000" in text


def example(rule: Property) -> Any:
    """The contract's own example, as a page would send it."""
    kinds = {Type.STRING: str, Type.ENUM: str, Type.NUMBER: float, Type.INTEGER: int}
    if rule.type is Type.ITEMS:
        return [{"product_id": "SKU-1", "price": 1.5, "quantity": 2}]
    return rule.example == "true" if rule.type is Type.BOOLEAN else kinds[rule.type](rule.example)


def test_every_starter_event_made_of_its_examples_is_valid() -> None:
    schema = json_schema(STARTERS)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for name, terms in STARTERS.terms.items():
        sent = {"event": name, "properties": {key: example(rule) for key, rule in terms.properties.items()}}
        assert [error.message for error in validator.iter_errors(sent)] == []


@pytest.mark.parametrize(
    "sent",
    [
        {"event": "wishlist_add"},
        {"event": "wishlist_add", "properties": {}},
        {"event": "wishlist_add", "properties": {"product_id": 7}},
        {"event": "wishlist_add", "properties": {"product_id": "a@b"}},
        {"event": "wishlist_add", "properties": {"product_id": "a", "email": "x"}},
        {"event": "wishlist_add", "properties": {"product_id": "a", "price": -1}},
        {"event": "wishlist_add", "properties": {"product_id": "a", "items": [{"quantity": 1.5}]}},
        {"event": "wish_add"},
        {"properties": {}},
    ],
)
def test_what_a_contract_would_break_or_drop_is_invalid(sent: dict[str, Any]) -> None:
    assert not Draft202012Validator(json_schema(STARTERS)).is_valid(sent)
