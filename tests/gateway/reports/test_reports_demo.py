"""The demo over real HTTP into a served gateway: every report's number is the truth that the generator wrote down.

What a campaign earned is worked out here from the same journeys: a gateway cannot know of an arrival that happened
before consent, so for each visit the first arrival counts that was seen with consent.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from gateway.demo.journeys import journey
from gateway.demo.truth import FUNNEL, Truth, is_recognised
from gateway.demo.walk import SHOP
from gateway.demo.words import Happening, Journey, Protocol, Visit
from gateway.reports import REPORTS
from gateway.reports.attribution import UNKNOWN
from gateway.reports.report import Answer, Question, Row, answer
from gateway.warehouse.connect import connect
from gateway.warehouse.engine_endpoint import read_endpoint
from tests.gateway.reports.asking import table
from tests.serving import serving

_GATEWAY = (sys.executable, "-m", "gateway")
_VISITORS, _SEED = 300, 11
#: Bad hits in which an event can be read, for want of whose consent it is refused.
_BAD_UNASKED = ("ga4_nan", "json_with_nan")


class Ran(NamedTuple):
    """A demo that ran into a gateway: where to ask, its truth, its journeys, the days that it is about."""

    reader: str
    truth: dict[str, Any]
    journeys: list[Journey]
    since: date
    until: date

    def ask(self, name: str, **options: str) -> Answer:
        report = REPORTS[name]
        chosen = {one.name: one.read(options.get(one.name, one.default)) for one in report.options}
        with closing(connect(self.reader)) as client:

            def ask(sql: str, parameters: Any) -> list[Row]:
                result = client.query(sql, parameters=dict(parameters))
                return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

            return answer(report, Question(self.since, self.until, "", 1, chosen), ask)


def _denied(truth: dict[str, Any]) -> int:
    """Events that nobody had consented to: good ones that are no facts, and bad hits that hold one that can be read."""
    bad = truth["hits"]["bad_by_kind"]
    return int(truth["sent"]["events"] - truth["facts"]["events"] + sum(bad.get(kind, 0) for kind in _BAD_UNASKED))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("demo")
    with serving(folder / "data") as served:
        file = folder / "truth.json"
        options = ["--visitors", str(_VISITORS), "--seed", str(_SEED), "--url", served.url, "--truth", str(file)]
        done = subprocess.run([*_GATEWAY, "demo", *options], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        truth = json.loads(file.read_text("utf-8"))
        plan = truth["plan"]
        served.wait_for("SELECT count() FROM events", truth["facts"]["events"])
        served.wait_for("SELECT sum(events) FROM tallies WHERE refusal = 'consent_denied'", _denied(truth))
        journeys = [journey(plan["seed"], n, plan["days"], plan["now"]) for n in range(plan["visitors"])]
        today = datetime.now(UTC).date()
        found = read_endpoint(served.data)
        assert found is not None
        yield Ran(found.reader, truth, journeys, today - timedelta(days=20), today + timedelta(days=1))


def test_the_journeys_are_those_that_were_sent(ran: Ran) -> None:
    again = Truth()
    for one in ran.journeys:
        again.note(one)
    assert json.loads(json.dumps(again.recognised.whole())) == ran.truth["recognised"]


def _figures(ran: Ran, report: str) -> dict[str, Any]:
    return {row["figure"]: row["now"] for row in table(ran.ask(report), "figures")}


@pytest.mark.parametrize("report", ["overview", "weekly"])
def test_the_figures_are_the_truth(ran: Ran, report: str) -> None:
    found, recognised = _figures(ran, report), ran.truth["recognised"]
    assert {name: found[name] for name in ("visitors", "visits", "orders", "events")} == {
        "visitors": recognised["visitors"],
        "visits": recognised["sessions"],
        "orders": recognised["orders"],
        "events": ran.truth["facts"]["events"],
    }
    assert {name.removeprefix("revenue, "): float(amount) for name, amount in found.items() if "revenue, " in name} == (
        recognised["revenue"]
    )
    assert found["events refused for want of consent"] == _denied(ran.truth)
    assert found["share of recognised visitors"] == recognised["events"] / ran.truth["facts"]["events"]


def test_each_event_and_each_day_is_the_truth(ran: Ran) -> None:
    found = ran.ask("overview")
    assert {row["event"]: row["facts"] for row in table(found, "events")} == ran.truth["facts"]["by_event"]
    assert sum(row["facts"] for row in table(found, "days")) == ran.truth["facts"]["events"]


def test_the_funnel_of_visitors_is_the_truth(ran: Ran) -> None:
    found = table(ran.ask("funnel", per="visitor"), "funnel")
    assert {row["event"]: row["journeys"] for row in found} == ran.truth["recognised"]["funnel"]["visitors"]


@pytest.mark.parametrize("report", ["funnel", "weekly"])
def test_the_funnel_of_visits_is_the_truth_also_where_the_protocol_names_no_session(ran: Ran, report: str) -> None:
    by_protocol = ran.truth["recognised"]["funnel"]["sessions_by_protocol"]
    expected = {step: sum(by_protocol[protocol][step] for protocol in by_protocol) for step in FUNNEL}
    found = table(ran.ask(report), "funnel")
    assert {row["event"]: row["journeys" if report == "funnel" else "visits"] for row in found} == expected
    assert all(by_protocol[protocol]["purchase"] for protocol in Protocol)


def test_every_micro_conversion_is_the_truth(ran: Ran) -> None:
    found = {row["event"]: row for row in table(ran.ask("micro"), "micro")}
    wanted = {name: of for name, of in ran.truth["recognised"]["micro"].items() if of["sessions"] and name in found}
    assert len(wanted) > 20
    assert {name: (found[name]["did"], found[name]["then_bought"]) for name in wanted} == {
        name: (of["sessions"], of["sessions_to_purchase"]) for name, of in wanted.items()
    }
    visits = ran.truth["recognised"]["sessions"]
    assert all(found[name]["rate"].value == of["sessions"] / visits for name, of in wanted.items())


def test_what_each_seller_sold_is_the_truth_to_the_cent(ran: Ran) -> None:
    sold: dict[str, dict[str, float]] = {}
    for row in table(ran.ask("sellers"), "sellers"):
        sold.setdefault(row["seller"], {})[row["currency"]] = float(row["sales"])
    assert sold == ran.truth["recognised"]["revenue_by_seller"]


def test_consent_tells_what_every_tier_rests_on(ran: Ran) -> None:
    found = ran.ask("consent")
    facts, recognised = ran.truth["facts"]["events"], ran.truth["recognised"]["events"]
    tiers = {row["tier"]: row["events"] for row in table(found, "tiers")}
    assert tiers["recognised"] == recognised
    assert tiers["counted by the day"] + tiers["counted only"] == facts - recognised
    assert tiers["not collected"] == _denied(ran.truth)
    assert {row["adapter"]: row["facts"] for row in table(found, "sources") if row["facts"]} == ran.truth["facts"][
        "by_adapter"
    ]


def test_quality_finds_nothing_wrong_with_a_shop_that_tells_the_truth(ran: Ran) -> None:
    found = ran.ask("quality")
    assert {row["event"]: row["facts"] for row in table(found, "events")} == ran.truth["facts"]["by_event"]
    assert [row["found"] for row in table(found, "orders")] == [0] * 5
    refused = {(row["refusal"]): row["events"] for row in table(found, "refusals") if row["refusal"] == "not_an_event"}
    assert refused == {"not_an_event": ran.truth["calls_that_are_no_events"]}


def _arrival(visit: Visit, happening: Happening, one: Journey) -> str:
    """What an event tells of how its visit came: a campaign, '(none)', or '' for nothing."""
    if one.person.protocol is Protocol.SEGMENT and visit.touch.campaign and happening.page.url:
        return visit.touch.campaign  # analytics.js sends it with every call
    if "utm_campaign=" in happening.page.url:
        return visit.touch.campaign
    elsewhere = not happening.page.referrer.startswith(SHOP)
    return "(none)" if happening.page.url and elsewhere else ""


def _arrivals(one: Journey) -> Iterator[tuple[str, list[Happening]]]:
    """Each visit with anything recognised in it: the first arrival that it tells of, and what was recognised."""
    for visit in one.visits:
        seen = [happening for happening in visit.happenings if is_recognised(one.person, happening)]
        told = [_arrival(visit, happening, one) for happening in seen]
        if seen:
            yield next(filter(None, told), "(not known)"), seen


def test_the_campaigns_of_visits_are_those_that_were_seen_with_consent(ran: Ran) -> None:
    expected = Counter(name for one in ran.journeys for name, _ in _arrivals(one))
    rows = table(ran.ask("funnel", by="campaign", steps="product_view,purchase"), "funnel")
    viewed = Counter(
        name for one in ran.journeys for name, seen in _arrivals(one) if any(h.name == "product_view" for h in seen)
    )
    assert {row["name"]: row["journeys"] for row in rows if row["step"] == 1} == dict(viewed)
    found = {row["name"]: row["did"] / row["rate"].value for row in table(ran.ask("micro", by="campaign"), "micro")}
    assert {name: round(visits) for name, visits in found.items()} == {name: expected[name] for name in found}
    assert len(found) > 8


@pytest.mark.parametrize("model", ["first", "last"])
def test_what_campaigns_earned_is_the_truth_to_the_cent(ran: Ran, model: str) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for one in ran.journeys:
        known: list[str] = []
        for name, seen in _arrivals(one):
            known += [name] if name != "(not known)" else []
            for happening in seen:
                if happening.name == "purchase":
                    earner = (known[0] if model == "first" else known[-1]) if known else UNKNOWN
                    cents = round(float(happening.properties["value"]) * 100)
                    expected[earner, str(happening.properties["currency"])] += cents
    rows = table(ran.ask("attribution", by="campaign"), "credit")
    found = {(row["name"], row["currency"]): int(row[model] * 100) for row in rows if row[model]}
    assert found == dict(expected)


def test_every_model_of_attribution_sums_to_the_revenue_to_the_cent(ran: Ran) -> None:
    rows = table(ran.ask("attribution"), "credit")
    for model in ("first", "last", "linear", "decay", "position", "data"):
        sums: dict[str, Decimal] = {}
        for row in rows:
            sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + row[model]
        assert {currency: float(amount) for currency, amount in sums.items() if amount} == ran.truth["recognised"][
            "revenue"
        ]


def test_the_week_of_the_command_is_one_page(ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> None:
    command = [*_GATEWAY, "report", "weekly", "--warehouse", ran.reader, "--format", "html", "--until", "today"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("<svg") >= 6
    assert "<script" not in done.stdout
