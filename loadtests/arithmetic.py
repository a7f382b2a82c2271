"""How many pods, disks and shards a rate needs, worked out from what was measured; the README's page is made of it.

    python -m loadtests.arithmetic      writes the page into README.md; a test fails while it is not there as made

Not a load test: it holds the figures that the others measured, and nothing that follows from them. Refresh MEASURED
from their output, then run it.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- arithmetic: made by python -m loadtests.arithmetic -->\n", "<!-- /arithmetic -->"

_DAY_S, _MILLION, _GB, _TB = 86_400, 1e6, 1e9, 1e12


class Given(NamedTuple):
    """A figure that the page is worked out from."""

    value: float
    unit: str
    what: str
    source: str


#: Measured on two shared cores, Python 3.11, chDB 26.9.
MEASURED = {
    "hit_us": Given(90, "µs", "CPU per hit, own JSON, acknowledged", "`python -m loadtests.cpu_per_hit`"),
    "events": Given(2.0, "events", "events per hit", "`gateway demo`"),
    "load_us": Given(1.8, "µs", "loader's CPU per row", "`python loadtests/loader_rate.py`"),
    "store_us": Given(10.5, "µs", "ClickHouse's CPU per row, copies looked for", "`python loadtests/loader_rate.py`"),
    "load_rate": Given(50_000, "rows/s", "what one loader brings in", "`python loadtests/loader_rate.py`"),
    "journal": Given(935, "bytes", "journal per event, all streams", "`gateway demo`, a `collect` alone"),
    "wire": Given(63, "bytes", "on the wire per event, zstd", "the same journal"),
    "disk": Given(47, "bytes", "ClickHouse's disk per event, one replica", "`python loadtests/reports_speed.py`"),
}

#: Chosen; prices are of no provider, put yours.
CHOSEN = {
    "busy": Given(0.5, "", "share of a core that may be busy", "room for a burst of twice the rate"),
    "workers": Given(4, "cores", "workers in a pod", "choice"),
    "outage": Given(4, "h", "time without ClickHouse that journals bear", "choice"),
    "replicas": Given(2, "", "copies of a row in ClickHouse", "choice"),
    "inserts": Given(
        10, "INSERT/s", "that a shard bears in `events`, each a part to merge", "not measured: no server here"
    ),
    "shard_cores": Given(32, "cores", "of a ClickHouse node", "choice"),
    "shard_disk": Given(30, "TB", "of a ClickHouse node", "choice"),
    "broker": Given(100, "MB/s", "that a Kafka broker writes, copies included", "not measured: no broker here"),
    "broker_cores": Given(4, "cores", "of a Kafka broker", "choice"),
    "copies": Given(3, "", "copies of a message in Kafka", "choice"),
    "topic": Given(1, "day", "that topics keep", "choice"),
    "parcel": Given(600, "events", "in a message", "`gateway/warehouse/stream.py`"),
    "core_price": Given(25, "EUR/month", "a core with its memory", "assumed"),
    "gb_price": Given(0.08, "EUR/month", "a GB of disk", "assumed"),
}

#: Events a second, and for how many days they are kept.
RATES = ((1_000, 395), (100_000, 395), (10_000_000, 30))


class Plan(NamedTuple):
    """What a rate needs."""

    rate: int
    days: int
    collect_cores: float
    pods: int
    journal_gb: float
    inserts: float
    through_kafka: bool
    messages: float
    brokers: int
    store_cores: float
    stored_tb: float
    shards: int
    euros: float


def plan(rate: int, days: int) -> Plan:
    """The plan for `rate` events a second kept for `days`."""
    m, c = ({name: given.value for name, given in table.items()} for table in (MEASURED, CHOSEN))
    collect_cores = rate * (m["hit_us"] / m["events"] + m["load_us"]) / _MILLION / c["busy"]
    pods = max(2, ceil(collect_cores / c["workers"]), ceil(rate / m["load_rate"]))
    through_kafka = pods > c["inserts"]
    stored_tb = rate * _DAY_S * days * m["disk"] / _TB
    store_cores = rate * m["store_us"] / _MILLION / c["busy"]
    shards = max(1, ceil(stored_tb / c["shard_disk"]), ceil(store_cores / c["shard_cores"]))
    brokers = max(3, ceil(rate * m["wire"] * c["copies"] / _MILLION / c["broker"])) if through_kafka else 0
    journal_gb = rate * m["journal"] * c["outage"] * 3600 / pods / _GB
    cores = collect_cores + store_cores * c["replicas"] + brokers * c["broker_cores"]
    gigabytes = journal_gb * pods + stored_tb * 1000 * c["replicas"]
    gigabytes += rate * m["wire"] * c["copies"] * c["topic"] * _DAY_S / _GB if through_kafka else 0
    euros = cores * c["core_price"] + gigabytes * c["gb_price"]
    messages = rate / c["parcel"] if through_kafka else 0.0
    return Plan(
        *(rate, days, collect_cores, pods, journal_gb, pods, through_kafka, messages, brokers),
        *(store_cores, stored_tb, shards, euros),
    )


def page() -> str:
    """The page as Markdown: what it is worked out from, and the plan of each rate."""
    plans = [plan(rate, days) for rate, days in RATES]
    head = " | ".join(f"{each.rate:,} events/s" for each in plans)
    lines = [f"| | {head} |", "|---|" + "---|" * len(plans)]
    lines += [f"| {name} | " + " | ".join(row) + " |" for name, row in _rows(plans)]
    given = [f"| {_plain(g.value)} {g.unit} | {g.what} | {g.source} |" for g in (*MEASURED.values(), *CHOSEN.values())]
    return "\n".join([*lines, "", *_stops(), "", "| figure | what | from |", "|---|---|---|", *given, ""])


def _stops() -> list[str]:
    """Where each design stops, and what takes over."""
    cores, inserts, most = CHOSEN["workers"].value, CHOSEN["inserts"].value, plan(*RATES[-1])
    us = MEASURED["hit_us"].value / MEASURED["events"].value + MEASURED["load_us"].value
    pod = min(cores * CHOSEN["busy"].value * _MILLION / us, MEASURED["load_rate"].value)
    machine = cores * _MILLION * CHOSEN["busy"].value / (us + MEASURED["store_us"].value)
    forever = plan(most.rate, RATES[0][1]).stored_tb
    return [
        "| design | stops at | because | then |",
        "|---|---|---|---|",
        f"| `gateway serve` on {cores:g} cores | {_plain(machine)} events/s | ClickHouse shares them, and the disk "
        "| the chart, with a ClickHouse of its own |",
        f"| pods that insert | {_plain(pod * inserts)} events/s | {inserts:g} pods, one INSERT a second each, whatever "
        "the shards: each INSERT makes a part on every one | `load_after_ms: 10000`: ten times as many pods, and rows "
        "ten seconds old; then Kafka |",
        f"| Kafka | perhaps {_plain(most.rate / 10)} events/s, not measured "
        f"| copies are looked for in an hour of messages: {_plain(most.messages * 360)} "
        "| larger parcels, or leaving copies in and counting `event_id` |",
        f"| any | the disk | {_plain(most.rate)} events/s for {RATES[0][1]} days are {_plain(forever)} TB a replica "
        "| shorter times in the policy |",
    ]


def _rows(plans: list[Plan]) -> list[tuple[str, list[str]]]:
    return [
        ("kept for", [f"{p.days} days" for p in plans]),
        ("cores of pods", [_plain(p.collect_cores) for p in plans]),
        ("pods", [f"{p.pods:,}" for p in plans]),
        ("journal's volume, each", [f"{_plain(p.journal_gb)} GB" for p in plans]),
        ("INSERTs a second into `events`", ["through Kafka" if p.through_kafka else f"{p.pods}" for p in plans]),
        ("Kafka", [f"{p.brokers} brokers, {p.messages:,.0f} messages/s" if p.brokers else "–" for p in plans]),
        ("ClickHouse's cores, one replica", [_plain(p.store_cores) for p in plans]),
        ("stored, one replica", [f"{_plain(p.stored_tb)} TB" for p in plans]),
        ("shards", [f"{p.shards:,}" for p in plans]),
        ("cost a month, all replicas", [f"{_plain(p.euros)} EUR" for p in plans]),
    ]


def _plain(value: float) -> str:
    """Three digits that mean something, none made up."""
    if value >= 1000:
        digits = 10 ** (len(str(int(value))) - 3)
        return f"{round(value / digits) * digits:,}"
    return f"{value:.3g}"


def filled(text: str) -> str:
    """README's text with the page in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{page()}{END}{after}"


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
