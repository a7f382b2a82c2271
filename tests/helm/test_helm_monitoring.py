"""Alert rules and dashboards: every expression is PromQL, and asks for metrics and labels that the gateway has."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser
import pytest
import yaml

from gateway.metrics import METRICS
from gateway.words import Refusal
from tests.helm.charts import CHART

#: Labels that Prometheus adds to what it scrapes in Kubernetes.
TARGET = {"namespace", "job", "pod", "instance", "service"}

#: What each kind of metric is exposed as. Source: Prometheus text format, and prometheus_client.
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}

EXPOSED = {
    metric.name + suffix: set(metric.labels) | ({"le"} if suffix == "_bucket" else set())
    for metric in METRICS
    for suffix in SUFFIXES[metric.kind]
}

PROMISES = {
    "acknowledged means durable",
    "never slower than 50 ms",
    "nothing raw at rest",
    "any bytes get a clear answer",
    "in the warehouse seconds later",
    "each fact once",
    "copies reach where they may go",
    "the policy in force is the one that was written",
    "true numbers",
    "it is there",
}


class Expression(NamedTuple):
    """One expression and where it stands."""

    where: str
    text: str


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def dashboards() -> dict[str, dict[str, Any]]:
    return {
        file.stem: json.loads(file.read_bytes()) for file in sorted((CHART / "files" / "dashboards").glob("*.json"))
    }


def expressions() -> Iterator[Expression]:
    for rule in rules():
        yield Expression(rule["alert"], rule["expr"])
    for name, board in dashboards().items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield Expression(f"{name}: {panel['title']} {target['refId']}", filled(target["expr"]))


def filled(text: str) -> str:
    """Grafana's variables as it would fill them in."""
    for name, value in (("$__rate_interval", "5m"), ("$__range", "3h")):
        text = text.replace(name, value)
    return re.sub(r"\$(namespace|site)\b", ".*", text)


EXPRESSIONS = list(expressions())
EACH = pytest.mark.parametrize("each", EXPRESSIONS, ids=[e.where for e in EXPRESSIONS])


def selectors(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Metric names with the labels and values that are asked of them, by the parser's own printing of the tree."""
    promql_parser.parse(text)
    bare = re.sub(r'"[^"]*"', '""', text)
    names = re.findall(r"\bgateway_\w+", bare)
    found = [
        (name, re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', inside))
        for name, inside in re.findall(r"\b(gateway_\w+)(?:\{([^}]*)\})?", text)
    ]
    assert len(found) == len(names)
    return found


def groupings(text: str) -> set[str]:
    return {name.strip() for inside in re.findall(r"\bby\s*\(([^)]*)\)", text) for name in inside.split(",")}


@EACH
def test_every_expression_is_promql(each: Expression) -> None:
    promql_parser.parse(each.text)


@EACH
def test_every_metric_and_label_of_an_expression_is_in_the_code(each: Expression) -> None:
    asked = selectors(each.text)
    assert asked
    for name, labels in asked:
        assert name in EXPOSED
        assert {label for label, _ in labels} <= EXPOSED[name] | TARGET
    known = set().union(*(EXPOSED[name] for name, _ in asked)) | TARGET
    assert groupings(each.text) <= known


@EACH
def test_counters_are_asked_for_their_growth_and_gauges_are_not(each: Expression) -> None:
    if "absent(" in each.text or "since" in each.where.lower() or "Aside" in each.where:
        return
    for name in re.findall(r"\bgateway_\w+", each.text):
        grows = re.search(rf"(rate|increase)\({name}(\{{[^}}]*\}})?\[", each.text)
        assert bool(grows) == name.endswith(("_total", "_bucket", "_count", "_sum")), name


def test_refusals_that_an_expression_names_exist() -> None:
    named = {
        value
        for each in EXPRESSIONS
        for _, labels in selectors(each.text)
        for label, values in labels
        if label == "refusal"
        for value in values.split("|")
    }
    assert named
    assert named <= {refusal.value for refusal in Refusal}


def test_a_metric_that_is_not_in_the_code_would_be_seen() -> None:
    wrong = Expression("", 'sum by (site) (rate(gateway_fakts_total{site="a"}[5m]))')
    with pytest.raises(AssertionError):
        test_every_metric_and_label_of_an_expression_is_in_the_code(wrong)
    with pytest.raises(ValueError, match=r"."):
        test_every_expression_is_promql(Expression("", "sum by (site (gateway_facts_total)"))


def test_every_promise_has_an_alert_and_every_alert_a_promise() -> None:
    assert {rule["labels"]["promise"] for rule in rules()} == PROMISES


def test_every_alert_tells_a_person_what_it_means_and_what_to_do() -> None:
    for rule in rules():
        assert set(rule["labels"]) == {"severity", "promise"}
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert {"summary", "description", "do"} == rule["annotations"].keys()
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_labels_that_a_description_names_are_labels_of_its_expression() -> None:
    for rule in rules():
        named = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        assert named <= groupings(rule["expr"]), rule["alert"]


def test_every_metric_is_watched_by_a_dashboard() -> None:
    asked = {name for each in EXPRESSIONS if ":" in each.where for name, _ in selectors(each.text)}
    unseen = [metric.name for metric in METRICS if not any(metric.name + s in asked for s in SUFFIXES[metric.kind])]
    assert unseen == [], "add a panel to one of helm/edge-tracking-gateway/files/dashboards"


def test_panels_have_a_title_a_sentence_a_unit_and_a_place_of_their_own() -> None:
    for name, board in dashboards().items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            assert panel["title"], name
            assert panel["description"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, panel["title"]
            assert at["x"] + at["w"] <= 24
            taken |= cells
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert len({board["uid"] for board in dashboards().values()}) == len(dashboards())


def test_variables_of_a_dashboard_are_declared_and_used() -> None:
    for name, board in dashboards().items():
        text = json.dumps(board["panels"])
        declared = {variable["name"] for variable in board["templating"]["list"]}
        used = set(re.findall(r"\$\{?([a-z]+)\b", text)) - {"__rate_interval", "__range"}
        assert used == declared, name
        asked = [v["query"]["query"] for v in board["templating"]["list"] if v["type"] == "query"]
        for metric, label in (re.findall(r"label_values\((\w+), (\w+)\)", query)[0] for query in asked):
            assert label in EXPOSED[metric] | TARGET


# Run, where Prometheus' own tool is installed (Debian: prometheus)

PROMTOOL = shutil.which(os.environ.get("PROMTOOL", "promtool"))
NEEDS_PROMTOOL = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed; it comes with Prometheus")
CASES: dict[str, dict[str, dict[str, str]]] = yaml.safe_load((Path(__file__).parent / "alert_cases.yaml").read_text())


def promtool(*words: str | Path) -> None:
    assert PROMTOOL
    done = subprocess.run([PROMTOOL, *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def labelled(series: str) -> str:
    """The series as a scrape in Kubernetes names it."""
    name, _, labels = series.partition("{")
    return f'{name}{{job="shop-pods",namespace="web",{labels or "}"}'


def case(alert: str, series: dict[str, str], is_raised: bool) -> dict[str, Any]:
    """One of promtool's tests: after these series, is the alert firing at the 90th minute, or in any before?"""
    asked = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
    return {
        "interval": "1m",
        "name": f"{alert} {'raised' if is_raised else 'quiet'}",
        "input_series": [{"series": labelled(name), "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"count(max_over_time({asked}[90m])) > 0",
                "eval_time": "100m",
                "exp_samples": [{"labels": "{}", "value": 1}] if is_raised else [],
            }
        ],
    }


def test_every_alert_has_a_case_that_raises_it_and_one_that_does_not() -> None:
    assert {name: set(both) for name, both in CASES.items()} == {r["alert"]: {"raised", "quiet"} for r in rules()}


@NEEDS_PROMTOOL
def test_every_alert_is_raised_by_what_it_is_for_and_by_nothing_close_to_it(tmp_path: Path) -> None:
    told = [case(name, both[kind], kind == "raised") for name, both in CASES.items() for kind in ("raised", "quiet")]
    file = tmp_path / "cases.yaml"
    rule_file = str(CHART / "files" / "alerts.yaml")
    file.write_text(yaml.safe_dump({"rule_files": [rule_file], "evaluation_interval": "1m", "tests": told}))
    promtool("check", "rules", rule_file)
    promtool("test", "rules", file)


@NEEDS_PROMTOOL
def test_every_query_of_a_dashboard_gives_an_answer(tmp_path: Path) -> None:
    """Where every metric has been counted, no query is empty and none fails."""
    values = {"le": ["0.05", "+Inf"], "status": ["204", "503"], "refusal": [refusal.value for refusal in Refusal]}
    series = [
        {
            "series": labelled(name + "{" + ",".join(f'{label}="{value}"' for label, value in each) + "}"),
            "values": "0+1x60",
        }
        for name, labels in EXPOSED.items()
        for each in product(*([(label, value) for value in values.get(label, ["x"])] for label in sorted(labels)))
    ]
    asked = [
        {
            "expr": f"clamp_max(count({each.text}), 1)",
            "eval_time": "30m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for each in EXPRESSIONS
        if ":" in each.where
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": asked}]}))
    promtool("test", "rules", file)
