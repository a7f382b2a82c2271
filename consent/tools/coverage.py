"""Which cells of the policy its examples visit: region x purpose x signal (silence, and each language's yes and no).

May not: judge; the mutation check does. This table shows a person where nobody looked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from consent.compiled import Policy
from consent.decide import Case, decide, hear
from consent.examples import cases

SILENCE = "silence"


class Cell(NamedTuple):
    """How many visits of examples met this purpose in this region while that was said (`tcf yes`, `gpc no`)."""

    region: str
    purpose: str
    rule: str
    said: str
    visits: int


def coverage(policy: Policy) -> list[Cell]:
    """Every cell that is visited, and the silent ones that are not, in the policy's order."""
    counts: dict[tuple[str, str, str], int] = {}
    for example in policy.clauses.examples:
        for case in cases(example, policy):
            for key in _visited(case):
                counts[key] = counts.get(key, 0) + 1
    return [
        Cell(
            region.name, purpose, region.rules[purpose].name.lower(), said, counts.get((region.name, purpose, said), 0)
        )
        for region in policy.regions
        for purpose in policy.purposes
        for said in (
            SILENCE,
            *sorted(key[2] for key in counts if key[:2] == (region.name, purpose) and key[2] != SILENCE),
        )
    ]


def _visited(case: Case) -> Iterator[tuple[str, str, str]]:
    region = decide(*case).region
    for bit, purpose in enumerate(case.policy.purposes):
        for said in _said(case, bit) or [SILENCE]:
            yield region, purpose, said


def _said(case: Case, bit: int) -> list[str]:
    """What each language said about one purpose, asked alone."""
    words: list[str] = []
    for language in dict.fromkeys(signal.language for signal in case.signals):
        alone = case._replace(signals=tuple(signal for signal in case.signals if signal.language is language))
        decision, heard = decide(*alone), hear(alone.signals, alone.policy, alone.at)
        words += [
            f"{language.value} {word}"
            for word, mask in (("yes", heard.yes), ("no", decision.mask_no))
            if mask >> bit & 1
        ]
    return words
