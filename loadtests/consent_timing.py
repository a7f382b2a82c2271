"""What consent costs per hit: read and decide, with nothing, with texts, and with decisions remembered.

    python loadtests/consent_timing.py [--vectors FOLDER]

CPU time of the thread, so that a busy machine disturbs little. Remembered hits are fresh strings, as in real traffic.

Budget: a TC string read and decided from nothing below 80 µs at p50; a hit whose text was seen before below 5 µs at
p50, through the very cache that hits go through. Exits with 1 when the budget is missed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from consent import signals
from consent.compiled import Policy
from consent.decide import decide
from consent.policy import read_policy
from consent.signals import read_signals
from consent.signals.google import GCD_LETTERS
from consent.starters import starter
from consent.words import Statement
from gateway.intake import pipeline

ROOT = Path(__file__).parents[1]
SHARED, SAMPLE = ROOT.parent / "shared" / "vectors", ROOT / "tests" / "consent" / "vectors"

UNCACHED_TCF_P50_LIMIT_US = 80.0
CACHED_P50_LIMIT_US = 5.0
HOUR = 498_400
AT = HOUR * 3600.0
PLACES = ("DE",)

Hit = tuple[Statement, ...]


def _microseconds(run: Callable[[Hit], object], hits: Iterable[Hit], before: Callable[[], None]) -> list[float]:
    """Each run on its own, sorted. `before` is not timed."""
    taken = []
    for hit in hits:
        before()
        started = time.thread_time_ns()
        run(hit)
        taken.append((time.thread_time_ns() - started) / 1000)
    return sorted(taken)


def _at(taken: Sequence[float], share: float) -> float:
    return taken[min(len(taken) - 1, int(len(taken) * share))]


def _tell(name: str, taken: Sequence[float]) -> float:
    median = _at(taken, 0.5)
    click.echo(f"{name:<44} p50 {median:7.2f} µs   p99 {_at(taken, 0.99):7.2f} µs   ({len(taken)} hits)")
    return median


def _hits(folder: Path) -> dict[str, list[Hit]]:
    """Hits by language; each text once."""
    own = (
        '{"choice": "explicit", "at": "2026-11-%02dT10:00:00Z", "purposes": {"analytics": true, "ad_targeting": false}}'
    )
    return {
        "tcf": [(Statement("gdpr_consent", _field(line, "tc")),) for line in _lines(folder / "tcf.jsonl")],
        "gpp": [
            (Statement("gpp", _field(line, "gpp")), Statement("gpp_sid", str(json.loads(line)["gpp_sid"])))
            for line in _lines(folder / "gpp.jsonl")
        ],
        "google": [
            (Statement("gcd", f"13{one}3{other}3{one}3{other}5"), Statement("gcs", "G111"))
            for one in GCD_LETTERS
            for other in GCD_LETTERS
        ],
        "own": [(Statement("own", own % day),) for day in range(1, 29)],
    }


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def _field(line: str, name: str) -> str:
    return str(json.loads(line)[name])


@click.command()
@click.option("--vectors", type=click.Path(path_type=Path, exists=True), default=SHARED if SHARED.is_dir() else SAMPLE)
def main(vectors: Path) -> None:
    """Times reading and deciding."""
    policy = read_policy(starter("world"))
    missed = [language for language, hits in _hits(vectors).items() if not _time(policy, language, hits)]
    click.echo(f"over budget: {', '.join(missed)}" if missed else "within budget")
    sys.exit(1 if missed else 0)


def _time(policy: Policy, language: str, hits: list[Hit]) -> bool:
    def read_and_decide(hit: Hit) -> object:
        return decide(read_signals(hit), policy, PLACES, AT)

    def remembered(hit: Hit) -> object:
        return pipeline._weigh(policy, hit, PLACES, HOUR)

    warm = [_fresh(hit) for hit in hits[:400] for _ in range(4000 // len(hits[:400]))]
    uncached = _tell(f"{language}: nothing remembered", _microseconds(read_and_decide, hits * 3, signals.forget))
    for run in (read_and_decide, remembered):
        _microseconds(run, hits[:400], _nothing)
    _tell(f"{language}: texts remembered, decided anew", _microseconds(read_and_decide, warm, _nothing))
    cached = _tell(f"{language}: decisions remembered", _microseconds(remembered, warm, _nothing))
    return cached < CACHED_P50_LIMIT_US and (language != "tcf" or uncached < UNCACHED_TCF_P50_LIMIT_US)


def _fresh(hit: Hit) -> Hit:
    """The same hit in strings of its own, whose hashes nobody has computed yet."""
    return tuple(Statement(carrier, (text + " ")[:-1]) for carrier, text in hit)


def _nothing() -> None:
    """Leaves every cache as it is."""


if __name__ == "__main__":
    main()
