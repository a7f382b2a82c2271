"""The chart as tests see it: its value sets, and what Helm makes of them.

May not: know a template. Values are those of tests/helm/values; `@strictest` stands for that starter policy's text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

from consent.starters import starter

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "edge-tracking-gateway"
SETS = sorted(file.stem for file in (Path(__file__).parent / "values").glob("*.yaml"))

Values = dict[str, Any]
Object = dict[str, Any]

#: Kinds that come from the Prometheus operator, whose schemas no release of Kubernetes holds.
OPERATOR = {"ServiceMonitor", "PrometheusRule"}


def values(name: str) -> Values:
    """A value set, starters filled in."""
    told: Values = yaml.safe_load((Path(__file__).parent / "values" / f"{name}.yaml").read_text())
    for site in told["sites"].values():
        if str(site.get("policy", "")).startswith("@"):
            site["policy"] = starter(site["policy"][1:]).decode()
    return told


def render(told: Values) -> list[Object]:
    """Every object of a release named `shop` in the namespace `web`, hooks included. Raises helm_python.HelmError."""
    with helm_python.Chart.load(CHART) as chart:
        files = chart.render(told, name="shop", namespace="web")
    texts = [text for name, text in files.items() if not name.endswith("NOTES.txt")]
    return [found for text in texts for found in yaml.load_all(text, yaml.CSafeLoader) if found]


@cache
def objects(name: str) -> tuple[Object, ...]:
    """The same for a value set, rendered once. Do not change them."""
    return tuple(render(values(name)))


def one(found: tuple[Object, ...] | list[Object], kind: str, name: str) -> Object:
    """The object of that kind and name."""
    (wanted,) = [o for o in found if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return wanted


def pods(found: tuple[Object, ...] | list[Object]) -> Iterator[tuple[str, Object, Object]]:
    """Every pod that the objects bring about: where it is said, its metadata, its spec."""
    for each in found:
        where = f"{each['kind']}/{each['metadata']['name']}"
        match each["kind"]:
            case "Pod":
                yield where, each["metadata"], each["spec"]
            case "CronJob":
                template = each["spec"]["jobTemplate"]["spec"]["template"]
                yield where, template["metadata"], template["spec"]
            case "Deployment" | "StatefulSet" | "Job":
                template = each["spec"]["template"]
                yield where, template["metadata"], template["spec"]


def containers(spec: Object) -> list[Object]:
    """All containers of a pod, sidecars included."""
    return [*spec.get("initContainers", ()), *spec["containers"]]


def selects(labels: dict[str, str], selector: dict[str, str]) -> bool:
    """Whether a selector by labels finds something with these labels."""
    return selector.items() <= labels.items()
