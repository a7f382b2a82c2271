"""`gateway report` as people call it: lists, formats, wrong use, and no way to put SQL into a question."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.commands.report import report
from gateway.reports import REPORTS
from gateway.reports.shown import FORMATS
from tests.gateway.reports.asking import DAY, Warehouse, event, purchase

_DAYS = ("--since", "2026-11-02", "--until", "2026-11-02")

#: What somebody might try instead of a value.
_INJECTIONS = (
    "' OR 1=1 --", "demo' UNION ALL SELECT name FROM system.users --", "'; DROP TABLE gateway.events; --", "\\",
    "{since:Date}", "`", '"', "\x00", "%(since)s", "demo\n", "file('/etc/passwd')", "🦊",
)  # fmt: skip


def _run(shop: Warehouse, *words: str) -> Result:
    return CliRunner().invoke(report, [*words, "--data", str(shop.data)])


def _rows() -> list[dict[str, Any]]:
    return [event("page_view", 0, "ann", session="1", channel="email", campaign="spring"),
            event("product_view", 1, "ann", session="1", stage="discovery"),
            event("share", 2, "ann", session="1", stage="engagement"),
            purchase(3, "ann", "o1", "12.30", session="1", items=[("p", "vases", "S-1", 12, 1)])]  # fmt: skip


def test_without_a_name_it_lists_the_reports() -> None:
    found = CliRunner().invoke(report, [])
    assert found.exit_code == 0
    assert [line.split()[0] for line in found.output.splitlines()] == list(REPORTS)


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_report_has_help_with_its_options_and_an_example(name: str) -> None:
    found = CliRunner().invoke(report, [name, "--help"])
    assert found.exit_code == 0
    assert "Example:" in found.output
    assert all(f"--{option.name.replace('_', '-')}" in found.output for option in REPORTS[name].options)


@pytest.mark.parametrize("shape", sorted(FORMATS))
@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_report_answers_in_every_format(shop: Warehouse, name: str, shape: str) -> None:
    shop.insert("events", _rows())
    found = _run(shop, name, *_DAYS, "--format", shape, "--smallest-group", "1")
    assert found.exit_code == 0, found.output
    if shape == "json":
        assert [table["name"] for table in json.loads(found.output)["tables"]] == [t.name for t in REPORTS[name].tables]
    elif shape == "csv":
        rows = list(csv.reader(found.output.splitlines()))
        assert len({len(row) for row in rows}) == 1
        assert len(rows) > 1
    elif shape == "html":
        assert found.output.startswith("<!doctype html>")
    else:
        assert all(table.title in found.output for table in REPORTS[name].tables)


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_report_answers_out_of_an_empty_warehouse(shop: Warehouse, name: str) -> None:
    found = _run(shop, name, *_DAYS)
    assert found.exit_code == 0, found.output


@pytest.mark.parametrize(
    "words",
    [
        ("funnel", "--by", by, "--per", per)
        for by in ("channel", "source", "campaign", "country", "device", "seller", "category")
        for per in ("visit", "visitor", "day")
    ]
    + [("micro", "--by", by) for by in ("channel", "source", "campaign")]
    + [("attribution", "--by", by, "--lookback", "7d", "--half-life", "12h") for by in ("source", "campaign")],
    ids=" ".join,
)
def test_every_choice_of_an_option_works(shop: Warehouse, words: tuple[str, ...]) -> None:
    shop.insert("events", _rows())
    found = _run(shop, *words, *_DAYS, "--smallest-group", "1")
    assert found.exit_code == 0, found.output


@pytest.mark.parametrize("text", _INJECTIONS)
def test_a_site_is_a_value_whatever_it_holds(shop: Warehouse, text: str) -> None:
    """A site of that very name is found; without one nothing is, and nothing breaks."""
    shop.insert("events", [{**row, "site": text} for row in _rows()])
    found = _run(shop, "overview", *_DAYS, "--site", text, "--format", "json")
    assert found.exit_code == 0, found.output
    figures = {row["figure"]: row["now"] for row in json.loads(found.output)["tables"][0]["rows"]}
    assert figures["visitors"] == 1
    other = _run(shop, "overview", *_DAYS, "--site", f"{text}x", "--format", "json")
    assert {row["figure"]: row["now"] for row in json.loads(other.output)["tables"][0]["rows"]}["visitors"] == 0
    assert shop.rows("SELECT count() AS n FROM gateway.events")[0]["n"] == len(_rows())


@pytest.mark.parametrize("text", _INJECTIONS)
def test_a_step_is_a_value_whatever_it_holds(shop: Warehouse, text: str) -> None:
    shop.insert("events", [{**_rows()[0], "event": text.strip()}, _rows()[3]])
    found = _run(shop, "funnel", *_DAYS, "--steps", f"{text},purchase", "--format", "json")
    assert found.exit_code == 0, found.output
    assert [row["journeys"] for row in json.loads(found.output)["tables"][0]["rows"]] == [1, 1]


@pytest.mark.parametrize(
    ("within", "says"),
    [("1h", "1h"), ("90min,0,2d", "90m > 0 > 2d"), ("90s", "90s"), ("24h", "1d")],
)
def test_a_limit_is_told_as_it_may_be_asked_for(shop: Warehouse, within: str, says: str) -> None:
    assert f"within {says}," in _run(shop, "funnel", *_DAYS, "--within", within).output
    asked = json.loads(_run(shop, "funnel", *_DAYS, "--within", within, "--format", "json").output)
    assert asked["options"]["within"] == says.split(" > ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("funnel", "--by", "visitor) --"), "is not one of"),
        (("funnel", "--per", "account"), "is not one of"),
        (("funnel", "--steps", "purchase"), "2 to 10 steps"),
        (("funnel", "--steps", ",".join(["a"] * 11)), "2 to 10 steps"),
        (("funnel", "--steps", "a,,b"), "name of an event"),
        (("funnel", "--within", "soon"), "no duration"),
        (("attribution", "--lookback", "0"), "between 1h and 400d"),
        (("attribution", "--by", ""), "is not one of"),
        (("overview", "--since", "tomorrow"), "is no day"),
        (("overview", "--since", "2026-11-03", "--until", "2026-11-02"), "is no period"),
        (("overview", "--since", "2016-11-03"), "is no period"),
        (("overview", "--table", "nothing"), "has no table"),
        (("overview", "--format", "xml"), "Invalid value"),
        (("overview", "--smallest-group", "0"), "Invalid value"),
        (("nosuch",), "No such command"),
    ],
)
def test_wrong_use_is_told_in_a_sentence_with_exit_code_2(shop: Warehouse, words: tuple[str, ...], says: str) -> None:
    found = _run(shop, *words)
    assert (found.exit_code, says in found.output) == (2, True), found.output


def test_a_warehouse_that_does_not_answer_is_exit_code_1() -> None:
    found = CliRunner().invoke(report, ["overview", "--warehouse", "clickhouse://a:secret@127.0.0.1:9/gateway"])
    assert found.exit_code == 1
    assert "secret" not in found.output


def test_days_can_be_told_as_people_tell_them(shop: Warehouse) -> None:
    found = json.loads(_run(shop, "overview", "--since", "7d", "--until", "yesterday", "--format", "json").output)
    since, until = (DAY.fromisoformat(found[name]) for name in ("first_day", "last_day"))
    assert (until - since).days == 6


def test_the_week_is_of_whole_days_unless_told_otherwise(shop: Warehouse) -> None:
    week = json.loads(_run(shop, "weekly", "--format", "json").output)
    today = json.loads(_run(shop, "overview", "--since", "today", "--format", "json").output)
    first, last, now = (DAY.fromisoformat(text) for text in (week["first_day"], week["last_day"], today["last_day"]))
    assert ((last - first).days, (now - last).days) == (6, 1)


def test_the_floor_holds_unless_somebody_lowers_it(shop: Warehouse) -> None:
    shop.insert(
        "events",
        [event("product_view", n, f"v{n}", session=str(n), country="CY" if n < 2 else "IT") for n in range(30)],
    )
    words = ("funnel", *_DAYS, "--by", "country", "--format", "json")
    groups = [{row["name"] for row in json.loads(_run(shop, *words, *more).output)["tables"][0]["rows"]}
              for more in ((), ("--smallest-group", "1"))]  # fmt: skip
    assert groups == [{"(small groups)"}, {"IT", "CY"}]
