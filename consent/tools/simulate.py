"""A draft against the decisions of past traffic: who would be allowed what. The past is counts; it holds no person.

May not: need more than place, signals and decision, each as words. Times of choices are whole months, so that a rare
moment points at nobody.

A row: {"place": "DE", "said": "gateway_sdk analytics yes 0; gpc gpc no", "purposes": ["operations"], "n": 1200}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from consent.compiled import Policy
from consent.decide import decide
from consent.periods import DAY_S
from consent.words import REMARK, Language, Signal

_MONTH_S = 30 * DAY_S

#: What stands for a flag that the policy does not know.
UNMAPPED = "unmapped"

_WORDS = {(True, True): "yes", (True, False): "yes_by_default", (False, True): "no", (False, False): "no_by_default"}
_MEANINGS = {word: meaning for meaning, word in _WORDS.items()}


class Past(NamedTuple):
    """`n` events of the past that were decided alike. `places` are candidates; `purposes` what was allowed."""

    places: tuple[str, ...]
    signals: tuple[Signal, ...]
    purposes: tuple[str, ...]
    n: int


class Outcome(NamedTuple):
    """Events per purpose in one place: allowed before, allowed under the draft, newly allowed, newly refused."""

    place: str
    purpose: str
    before: int
    after: int
    gained: int
    lost: int


def say(signals: Sequence[Signal], policy: Policy, at: float) -> str:
    """Signals as sorted words without a person in them: `language flag word months`, joined by `; `.

    A flag that the policy does not know is whatever a hit held, so its text is not told.
    """
    return "; ".join(sorted({_say(s, policy, at) for s in signals if not s.flag.startswith(REMARK)}))


def _say(signal: Signal, policy: Policy, at: float) -> str:
    voice = policy.voices[signal.language]
    is_known = signal.flag in voice.bits or signal.flag in voice.refuses or signal[:2] in policy.hints
    word = f"{signal.language.value} {signal.flag if is_known else UNMAPPED} {_WORDS[signal.says, signal.explicit]}"
    return word if signal.at is None else f"{word} {max(0, int((at - signal.at) // _MONTH_S))}"


def unsay(words: str, at: float) -> tuple[Signal, ...]:
    """The signals that `say` told, with times in the middle of their month. Raises `ValueError`."""
    return tuple(_unsay(part.strip(), at) for part in words.split(";") if part.strip())


def _unsay(part: str, at: float) -> Signal:
    head, _, last = part.rpartition(" ")
    months = int(last) if last.isdecimal() and head.rpartition(" ")[2] in _MEANINGS else None
    named, _, word = (head if months is not None else part).rpartition(" ")
    language, _, flag = named.partition(" ")
    if word not in _MEANINGS or not flag:
        raise ValueError(f"'{part}' is not 'language flag yes|no months'")
    says, explicit = _MEANINGS[word]
    return Signal(Language(language), flag, says, None if months is None else at - (months + 0.5) * _MONTH_S, explicit)


def read_past(lines: Iterable[str], at: float) -> Iterator[Past]:
    """JSON lines. Raises `ValueError` with the number of a line that is none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            places = tuple(part for part in row["place"].split("+") if part)
            yield Past(places, unsay(row["said"], at), tuple(row["purposes"]), int(row["n"]))
        except (KeyError, TypeError, AttributeError, ValueError) as broken:
            raise ValueError(f"line {number} is not a count of decisions: {broken}") from None


def simulate(draft: Policy, past: Iterable[Past], at: float) -> list[Outcome]:
    """Per place and purpose, those that change first; both policies' purposes."""
    totals: dict[tuple[str, str], list[int]] = {}
    for row in past:
        after = {*decide(row.signals, draft, row.places, at).purposes}
        for purpose in dict.fromkeys((*draft.purposes, *row.purposes)):
            counts = totals.setdefault(("+".join(row.places) or "unknown", purpose), [0, 0, 0, 0])
            was, will = purpose in row.purposes, purpose in after
            for index, counted in enumerate((was, will, will and not was, was and not will)):
                counts[index] += row.n * counted
    outcomes = [Outcome(place, purpose, *counts) for (place, purpose), counts in totals.items()]
    return sorted(outcomes, key=lambda outcome: (-(outcome.gained + outcome.lost), outcome.place))
