"""Metrics of all processes, added up: each writes its counts to a file, one process shows the sum.

May not: hold a value of a hit; labels are bounded by configuration and closed enums.
Why files: true totals over all workers without a request to each, and the hot path only adds to integers. A process
that dies leaves its last file, so that totals never go back; the supervisor empties the folder when it starts.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from gateway.histogram import BUCKETS_S, Histogram

Snapshot = dict[str, Any]


class Metric(NamedTuple):
    """One family as /metrics shows it. `key` is where a snapshot holds it; `labels` name the parts of its rows."""

    key: str
    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


#: The one table of metrics; README's table is compared with it by a test.
METRICS = (
    Metric("statuses", "gateway_requests", "counter", ("status",), "Requests answered, by HTTP status"),
    Metric("facts", "gateway_facts", "counter", ("site", "adapter"), "Events that became a fact and are durable"),
    Metric("refusals", "gateway_refusals", "counter", ("site", "adapter", "refusal"), "Events refused, by reason"),
    Metric(
        "decisions",
        "gateway_decisions",
        "counter",
        ("site", "purpose"),
        "Decisions that allowed a purpose, every 10 s; 'nothing' where none was",
    ),
    Metric(
        "consent_unreadable",
        "gateway_consent_unreadable",
        "counter",
        ("site",),
        "Events whose statement of consent could not be read, which is a no",
    ),
    Metric(
        "scrubbed",
        "gateway_scrubbed_texts",
        "counter",
        ("site", "field", "found"),
        "Personal data replaced in text that policy lets through, by field and kind",
    ),
    Metric(
        "broken",
        "gateway_broken_rules",
        "counter",
        ("site", "contract", "rule"),
        "Rules of contracts broken, by property and rule",
    ),
    Metric(
        "unlisted",
        "gateway_unlisted_properties",
        "counter",
        ("site",),
        "Properties left out because no contract lists them",
    ),
    Metric("answer_times", "gateway_answer_seconds", "histogram", (), "Time from a request's headers to its answer"),
    Metric("commit_times", "gateway_journal_commit_seconds", "histogram", (), "Time of a group commit, sync included"),
    Metric("journal_bytes", "gateway_journal_bytes", "gauge", (), "Bytes in the journal that are not loaded yet"),
    Metric(
        "journal_age_seconds",
        "gateway_journal_age_seconds",
        "gauge",
        ("process",),
        "Age of a worker's oldest segment that is not loaded, as the worker sees it",
    ),
    Metric(
        "lag_seconds",
        "gateway_event_loop_lag_seconds",
        "gauge",
        ("process",),
        "Worst event loop lag of the last second",
    ),
    Metric(
        "configuration_trouble",
        "gateway_configuration_trouble",
        "gauge",
        (),
        "Workers whose changed configuration cannot be used",
    ),
    Metric(
        "loaded", "gateway_loaded_rows", "counter", ("stream",), "Rows loaded into the warehouse, or handed to Kafka"
    ),
    Metric("batches", "gateway_loaded_batches", "counter", (), "Batches loaded"),
    Metric("repaired", "gateway_repaired_batches", "counter", (), "Batches counted again after an unclear end"),
    Metric("quarantined", "gateway_quarantined_rows", "counter", (), "Rows that the warehouse would not take"),
    Metric("duplicates", "gateway_duplicate_rows", "counter", (), "Rows left out because their client sent them again"),
    Metric("erased", "gateway_erased_rows", "counter", (), "Rows left out because their person asked to be forgotten"),
    Metric("damaged", "gateway_damaged_segments", "counter", (), "Segments loaded up to a damage; the rest lies aside"),
    Metric("foreign", "gateway_foreign_files", "counter", (), "Files in the journal that are no segments; left alone"),
    Metric("unreadable", "gateway_unreadable_segments", "counter", (), "Segments that could not be read at all"),
    Metric("load_lag_seconds", "gateway_load_lag_seconds", "gauge", (), "Age of the oldest sealed segment not loaded"),
    Metric(
        "forwarded", "gateway_forwarded_events", "counter", ("site", "destination"), "Copies that a destination took"
    ),
    Metric(
        "forward_stopped",
        "gateway_forward_stopped",
        "counter",
        ("site", "destination", "reason"),
        "Copies that were not made or not sent on, by reason",
    ),
    Metric(
        "forward_failures",
        "gateway_forward_failures",
        "counter",
        ("site", "destination"),
        "Waves of copies that have to be sent again",
    ),
    Metric(
        "forward_lag_seconds",
        "gateway_forward_lag_seconds",
        "gauge",
        ("site", "destination"),
        "Age of the oldest copy that waits",
    ),
    Metric(
        "forward_waiting_bytes",
        "gateway_forward_waiting_bytes",
        "gauge",
        ("site", "destination"),
        "Bytes of copies that wait",
    ),
    Metric(
        "forward_newer_segments",
        "gateway_forward_newer_segments",
        "gauge",
        ("site", "destination"),
        "Segments that only a newer gateway can read; no copy is sent before it did",
    ),
    Metric("build", "gateway_build_info", "gauge", ("version", "python", "compiled"), "Workers of this build"),
    Metric(
        "policies",
        "gateway_policy_info",
        "gauge",
        ("site", "policy", "version", "hash"),
        "Workers in which this text of a policy is in force",
    ),
    Metric("load_errors", "gateway_load_errors", "counter", (), "Tries to load that failed"),
)


_GAUGES = frozenset(metric.key for metric in METRICS if metric.kind == "gauge")


def write_snapshot(folder: Path, name: str, snapshot: Snapshot) -> None:
    """Replaces the file of one process."""
    part = folder / f".{name}.{os.getpid()}"
    part.write_bytes(orjson.dumps(snapshot))
    part.replace(folder / f"{name}.{os.getpid()}.json")


def read_snapshots(folder: Path) -> list[Snapshot]:
    """The files of all processes, living and dead. Of the dead, what they counted stands, how they were does not."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    newest = {file.name.partition(".")[0]: file for file in files}
    return [_read(file, file in newest.values()) for file in files]


def _read(file: Path, is_newest: bool) -> Snapshot:
    snapshot: Snapshot = orjson.loads(file.read_bytes())
    return snapshot if is_newest else {key: value for key, value in snapshot.items() if key not in _GAUGES}


class Totals(Collector):
    """Adds the snapshots up, metric by metric, when /metrics is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Any]:
        snapshots = read_snapshots(self._folder)
        for metric in METRICS:
            rows = _rows(snapshots, metric.key)
            if metric.kind == "histogram":
                yield _histogram(metric, rows)
            else:
                yield _family(metric, rows)


def registry(folder: Path) -> CollectorRegistry:
    """A registry that shows the totals of a folder of snapshots."""
    made = CollectorRegistry()
    made.register(Totals(folder))
    return made


def _rows(snapshots: Iterable[Snapshot], key: str) -> list[Any]:
    return [snapshot[key] for snapshot in snapshots if key in snapshot]


def _family(metric: Metric, rows: list[Any]) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    sums: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        for *labels, value in row if metric.labels else [[row]]:
            sums[tuple(str(label) for label in labels)] += value
    for labels, value in sorted(sums.items()):
        family.add_metric(labels, value)
    return family


def _histogram(metric: Metric, rows: list[list[float]]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(metric.name, metric.help)
    nothing = Histogram().snapshot()
    *counts, seconds = (sum(column) for column in zip(nothing, *rows, strict=True))
    bounds = [*map(str, BUCKETS_S), "+Inf"]
    family.add_metric([], list(zip(bounds, accumulate(counts), strict=True)), seconds)
    return family
