"""values.yaml, its schema and its table cannot drift apart, nor from the gateway's settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import jsonschema
import yaml

from gateway.settings import Settings
from tests.helm.charts import CHART
from tests.helm.values_table import README, filled, read_values

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
TEXT = (CHART / "values.yaml").read_text()

#: Settings that are the chart's own: it passes them on the command line, or they are for the embedded engine.
CHARTS_OWN = {
    *(
        "host",
        "port",
        "admin_host",
        "admin_port",
        "workers",
        "warehouse",
        "warehouse_port",
        "kafka",
        "kafka_properties",
    ),
    *("certificate", "certificate_key", "admin_certificate", "admin_certificate_key", "admin_users"),
}

#: Parts that Kubernetes itself defines and checks; everything else is closed.
KUBERNETES_OWN = {"nodeAffinity", "podAffinity", "podAntiAffinity", "extraVolumes", "namespaceSelector", "podSelector"}

_TYPES = {int: {"integer"}, float: {"number"}, tuple: {"array"}, str: {"string", "enum"}}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    return found


def walk(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every schema with the names that lead to it."""
    schema = resolved(schema)
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from walk(inner, (*path, name))
    for inner in [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]:
        if isinstance(inner, dict):
            yield from walk(inner, (*path, "*"))
    if "items" in schema:
        yield from walk(schema["items"], path)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_every_object_of_the_schema_is_closed() -> None:
    is_open = [
        ".".join(path)
        for path, schema in walk(SCHEMA)
        if schema.get("type") == "object" and "additionalProperties" not in schema
    ]
    assert {path.rsplit(".", 1)[-1] for path in is_open} == KUBERNETES_OWN | {"global"}


def test_values_and_schema_name_the_same() -> None:
    def named(schema: dict[str, Any], value: Any, path: str = "") -> Iterator[str]:
        schema = resolved(schema)
        if isinstance(value, dict) and "properties" in schema and value:
            for name in sorted(value.keys() ^ schema["properties"].keys()):
                yield f"{path}{name}"
            for name in value.keys() & schema["properties"].keys():
                yield from named(schema["properties"][name], value[name], f"{path}{name}.")

    differing = [p for p in named(SCHEMA, yaml.safe_load(TEXT)) if ".resources." not in p]
    assert differing == ["global"]


def test_the_settings_of_the_chart_are_those_of_the_gateway() -> None:
    told = SCHEMA["definitions"]["settings"]["properties"]
    assert set(told) == {field.name for field in fields(Settings)} - CHARTS_OWN
    for field in fields(Settings):
        if field.name in told:
            kind = told[field.name].get("type", "enum")
            assert kind in _TYPES[type(field.default)], field.name


def test_the_defaults_of_the_settings_are_values_that_the_schema_takes() -> None:
    defaults = {f.name: f.default for f in fields(Settings) if f.name not in CHARTS_OWN}
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()}
    jsonschema.validate(told, {**SCHEMA["definitions"]["settings"], "definitions": SCHEMA["definitions"]})


def test_the_readmes_table_is_made_of_the_comments() -> None:
    assert README.read_text() == filled(README.read_text(), TEXT), "run: python -m tests.helm.values_table"


def test_every_value_has_a_comment() -> None:
    assert len(list(read_values(TEXT))) > 60
