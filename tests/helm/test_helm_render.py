"""The chart renders, lints and gives objects that three releases of Kubernetes accept, for every value set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]  # it ships no types
import pytest
import yaml

from tests.helm.charts import CHART, OPERATOR, SETS, objects, one, pods, render, selects, values

#: The newest minors that the installed schemas know, and the oldest of them that the chart serves.
KUBERNETES = ("1.32.0", "1.35.0", "1.37.0")


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(required)}


#: What this chart uses of the Prometheus operator's kinds. Source: API reference of monitoring.coreos.com/v1.
_TEXT, _TEXTS = {"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}
_DURATION = {"type": "string", "pattern": "^([0-9]+(ms|s|m|h|d|w|y))+$"}
OPERATOR_SPECS = {
    "ServiceMonitor": closed(
        {
            "selector": closed({"matchLabels": _TEXTS}, "matchLabels"),
            "endpoints": {
                "type": "array",
                "items": closed({"port": _TEXT, "path": _TEXT, "interval": _DURATION}, "port"),
            },
        },
        "selector",
        "endpoints",
    ),
    "PrometheusRule": closed(
        {
            "groups": {
                "type": "array",
                "items": closed(
                    {
                        "name": _TEXT,
                        "rules": {
                            "type": "array",
                            "items": closed(
                                {
                                    "alert": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
                                    "expr": _TEXT,
                                    "for": _DURATION,
                                    "labels": _TEXTS,
                                    "annotations": _TEXTS,
                                },
                                "alert",
                                "expr",
                            ),
                        },
                    },
                    "name",
                    "rules",
                ),
            }
        },
        "groups",
    ),
}


@pytest.fixture(autouse=True, scope="module")
def _schemas_are_read_once() -> Iterator[None]:
    """Why: kubernetes_validate reads the megabytes of a release again for every object."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubernetes_validate.utils, "schema_contents", cache(kubernetes_validate.utils.schema_contents))
        yield


def test_there_are_enough_value_sets() -> None:
    assert len(SETS) >= 8


@pytest.mark.parametrize("name", SETS)
def test_the_chart_lints_without_a_warning(name: str) -> None:
    report = helm_python.lint(CHART, values(name), strict=True)
    found = [m for m in report["messages"] if m["severity"] >= 2]
    assert (found, report["errors"]) == ([], [])


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", SETS)
def test_every_object_is_valid_in_kubernetes(name: str, version: str) -> None:
    for each in objects(name):
        if each["kind"] not in OPERATOR:
            kubernetes_validate.validate(each, version, strict=True)


def test_objects_of_the_prometheus_operator_are_valid() -> None:
    found = {o["kind"]: o for o in objects("monitored") if o["kind"] in OPERATOR}
    assert set(found) == OPERATOR
    for kind, each in found.items():
        assert each["apiVersion"] == "monitoring.coreos.com/v1"
        jsonschema.validate(each["spec"], OPERATOR_SPECS[kind])


def test_a_broken_object_is_seen_as_broken() -> None:
    """The check above can fail: a misspelt field and a wrong type are found."""
    wrong: list[dict[str, Any]] = [{"replicaz": 2}, {"replicas": "two"}]
    stateful = one(objects("minimal"), "StatefulSet", "shop")
    for spec in wrong:
        broken = {**stateful, "spec": {**stateful["spec"], **spec}}
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, "1.35.0", strict=True)


@pytest.mark.parametrize("name", SETS)
def test_no_two_objects_have_one_name(name: str) -> None:
    hooks = [o["metadata"].get("annotations", {}).get("helm.sh/hook", "") for o in objects(name)]
    named = [(o["kind"], o["metadata"]["name"], bool(h)) for o, h in zip(objects(name), hooks, strict=True)]
    assert [each for each, n in Counter(named).items() if n > 1] == []


@pytest.mark.parametrize("name", SETS)
def test_every_selector_finds_its_pods(name: str) -> None:
    labels = [meta["labels"] for _, meta, _ in pods(objects(name))]
    for each in objects(name):
        spec = each.get("spec", {})
        match each["kind"]:
            case "Service":
                wanted = [spec["selector"]]
            case "StatefulSet" | "Deployment" | "PodDisruptionBudget":
                wanted = [spec["selector"]["matchLabels"]]
            case "NetworkPolicy":
                wanted = [spec["podSelector"]["matchLabels"]]
            case _:
                continue
        lost = [w for w in wanted if not any(selects(have, w) for have in labels)]
        assert lost == [], f"{each['kind']}/{each['metadata']['name']}"


def test_the_service_monitor_finds_the_service_with_a_metrics_port() -> None:
    found = objects("monitored")
    monitor = one(found, "ServiceMonitor", "shop")["spec"]
    services = [o for o in found if o["kind"] == "Service"]
    (seen,) = [s for s in services if selects(s["metadata"]["labels"], monitor["selector"]["matchLabels"])]
    assert [port["name"] for port in seen["spec"]["ports"]] == [monitor["endpoints"][0]["port"]]
    assert seen["spec"]["publishNotReadyAddresses"]


def test_the_rules_know_the_journals_limit_of_the_release() -> None:
    rules = yaml.safe_dump(one(objects("monitored"), "PrometheusRule", "shop"))
    assert "8589934592" in rules
    assert "4294967296" not in rules


def test_without_persistence_there_is_a_deployment_and_the_notes_say_what_that_costs() -> None:
    with helm_python.Chart.load(CHART) as chart:
        notes = chart.render(values("trial"), name="shop")["edge-tracking-gateway/templates/NOTES.txt"]
    assert "TRADE" in notes
    assert one(objects("trial"), "Deployment", "shop")["spec"]["template"]["spec"]["volumes"][-1]["emptyDir"]
    assert not [o for o in objects("trial") if o["kind"] in {"StatefulSet", "PersistentVolumeClaim"}]


def test_the_notes_hold_the_snippet_for_the_tag_manager() -> None:
    with helm_python.Chart.load(CHART) as chart:
        notes = chart.render(values("edge"), name="shop")["edge-tracking-gateway/templates/NOTES.txt"]
    assert "server_container_url: 'https://www.shop.example/t'" in notes


def test_an_autoscaled_release_leaves_the_number_of_pods_to_the_autoscaler() -> None:
    for name, kind in (("autoscaled", "StatefulSet"), ("autoscaled-ephemeral", "Deployment")):
        found = objects(name)
        scaler = one(found, "HorizontalPodAutoscaler", "shop")["spec"]
        assert "replicas" not in one(found, kind, "shop")["spec"]
        assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": kind, "name": "shop"}


def test_a_hook_migrates_before_anything_is_changed() -> None:
    job = one(objects("minimal"), "Job", "shop-migrate")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert not [o for o in objects("volume-keys") if o["metadata"]["name"].endswith("-migrate")]


def test_a_secret_is_made_of_an_inline_url_only() -> None:
    inline = [o["metadata"]["name"] for o in objects("trial") if o["kind"] == "Secret" and "stringData" in o]
    assert inline == ["shop-warehouse", "shop-migrate"]
    assert not [o for o in objects("existing-keys") if o["kind"] == "Secret"]


def test_the_chart_packs(tmp_path: Path) -> None:
    packed = helm_python.package(CHART, destination=tmp_path)
    with helm_python.Chart.load(packed) as chart:
        assert chart.render(values("minimal"), name="shop")


def test_all_objects_are_rendered_from_defaults_that_are_kept() -> None:
    """Rendering twice gives the same: no random value, no time."""
    assert render(values("monitored")) == render(values("monitored"))
