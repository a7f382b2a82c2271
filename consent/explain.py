"""A decision in sentences: per purpose the region's rule, who said yes, who said no, and the lines that say so.

May not: decide. It asks `decide` and tells why; the same sentences go to the command line, the page and the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from consent.clauses.words import EVERYWHERE, Region
from consent.compile import rows_of
from consent.decide import Case, decide, hear, is_fresh, settle
from consent.words import EMPTY, KNOWN_CHILD, REMARK, UNREADABLE, Decision, Language, Rule, Signal

_RULES = {
    Rule.ALWAYS: "allows it always",
    Rule.UNTIL_OBJECTION: "allows it until objection",
    Rule.ASK_FIRST: "asks first",
    Rule.NEVER: "never allows it",
}


class Reason(NamedTuple):
    """Why one purpose is allowed or not. `line` is the clause that settled it, in the policy's file."""

    purpose: str
    allowed: bool
    sentence: str
    line: int


class Explanation(NamedTuple):
    """`place` tells which regions were candidates; `remarks` what was heard and did not count."""

    decision: Decision
    place: str
    reasons: tuple[Reason, ...]
    remarks: tuple[str, ...]

    def sentences(self) -> list[str]:
        return [self.place, *(reason.sentence for reason in self.reasons), *self.remarks]


def explain(case: Case) -> Explanation:
    decision = decide(*case)
    reasons = tuple(_reason(case, decision, bit, name) for bit, name in enumerate(case.policy.purposes))
    return Explanation(decision, _place(case, decision), reasons, tuple(_remarks(case)))


def _candidates(case: Case) -> list[Region]:
    chosen = case.policy.candidates(case.places) | hear(case.signals, case.policy, case.at).candidates
    return [region for bit, region in enumerate(case.policy.regions) if chosen >> bit & 1]


def _place(case: Case, decision: Decision) -> str:
    regions = _candidates(case)
    if not case.places:
        return f"The place is unknown, so the strictest region counts: {decision.region}."
    named = ", ".join(case.places)
    if len(regions) == 1:
        return f"{named} lies in the region {regions[0].name} (line {regions[0].line}): {regions[0].law}."
    every = ", ".join(region.name for region in regions)
    return f"{named} may lie in {every}; for each purpose the strictest of them counts."


def _reason(case: Case, decision: Decision, bit: int, name: str) -> Reason:
    region = max(_candidates(case), key=lambda region: (region.rules[name], region.name == decision.region))
    allowed = bool(decision.allowed >> bit & 1)
    line, because = _because(case, region, name, bit)
    verdict = "allowed" if allowed else "refused"
    rule = f"the region {region.name} {_RULES[region.rules[name]]} (line {region.lines[name]})"
    return Reason(name, allowed, f"{name} is {verdict}: {rule}{because}.", line)


def _because(case: Case, region: Region, name: str, bit: int) -> tuple[int, str]:
    """What tipped the scale, in the order in which it does: age, always and never, a no, a yes."""
    people = case.policy.clauses.people
    if name in people.never and _is_minor(case):
        return people.never[name], f"; the person is a minor, for whom it is never allowed (line {people.never[name]})"
    rule, own_line = region.rules[name], region.lines[name]
    if rule in (Rule.ALWAYS, Rule.NEVER):
        return own_line, ""
    noes = list(_noes(case, name, bit))
    if noes:
        yes = next(_yeses(case, name, bit), None)
        return noes[0][1], f"; {' and '.join(text for text, _ in noes)}" + (", which outweighs the yes" if yes else "")
    if rule is Rule.UNTIL_OBJECTION:
        return own_line, ", and nobody objected"
    return next(((line, f"; {text}") for text, line in _yeses(case, name, bit)), (own_line, ", and nobody said yes"))


def _is_minor(case: Case) -> bool:
    is_young = case.age is not None and case.age < case.policy.minors_under
    return is_young or hear(case.signals, case.policy, case.at).is_child


def _yeses(case: Case, name: str, bit: int) -> Iterator[tuple[str, int]]:
    """Who granted the purpose, asked one language at a time."""
    for language in dict.fromkeys(signal.language for signal in case.signals):
        alone = tuple(signal for signal in case.signals if signal.language is language)
        if hear(alone, case.policy, case.at).yes >> bit & 1:
            needed = {
                row.flag
                for row in case.policy.clauses.signals.speaks
                if (row.language, row.purpose) == (language, name)
            }
            said = [s for s in alone if s.says and (s.flag in needed or s.flag == name)]
            when = next((f" on {_day(s.at)}" for s in said if s.at is not None), "")
            line = case.policy.clauses.signals.believed.yes[language]
            yield f"{language.value} said yes{when}, and is believed (line {line})", line


def _noes(case: Case, name: str, bit: int) -> Iterator[tuple[str, int]]:
    """Who refused the purpose, and by which clause, asked one signal at a time. An overridden objection is none."""
    yes = hear(case.signals, case.policy, case.at).own_yes
    for signal in settle(case.signals, case.at):
        heard = hear((signal,), case.policy, case.at)
        refused = heard.no
        for language in heard.objections:
            rules = case.policy.rules(_mask(case))
            refused |= rules.objections.get(language, 0) & ~(case.policy.voices[language].overridden & yes)
        if refused >> bit & 1:
            yield _no(case, signal, name)


def _mask(case: Case) -> int:
    return case.policy.candidates(case.places) | hear(case.signals, case.policy, case.at).candidates


def _no(case: Case, signal: Signal, name: str) -> tuple[str, int]:
    clauses, word = case.policy.clauses, signal.language.value
    believed = clauses.signals.believed.no[signal.language]
    if signal.flag == UNREADABLE:
        return f"{word} could not be read, which is a no for all that it could have refused (line {believed})", believed
    said = f"{word} said no" if signal.flag in (word, name) else f"{word} said no to {signal.flag}"
    when = f" on {_day(signal.at)}" if signal.at is not None else ""
    line = _mapped_at(case, signal, name)
    if line:
        return f"{said}{when} (line {line})", line
    return f"{said}{when}, which no clause maps, so it counts by its usual meaning (line {believed})", believed


def _mapped_at(case: Case, signal: Signal, name: str) -> int:
    """The line on which the policy says that the flag speaks for the purpose; 0 if it does not."""
    if signal.language is Language.GATEWAY_SDK and signal.flag == name:
        return case.policy.clauses.signals.believed.no[signal.language]
    flag = signal.flag.replace("legitimate interest", "purpose")
    regions = {EVERYWHERE, "", *(region.name for region in _candidates(case))}
    rows = rows_of(case.policy.clauses, signal.language)
    return next((row.line for row in rows if (row.flag, row.purpose) == (flag, name) and row.region in regions), 0)


def _remarks(case: Case) -> Iterator[str]:
    """What was heard and did not count."""
    for signal in settle(case.signals, case.at):
        word, voice = signal.language.value, case.policy.voices[signal.language]
        if signal.flag.startswith(REMARK):
            yield f"{word}: {signal.flag.removeprefix(REMARK)}."
        elif signal.flag == EMPTY:
            yield f"{word} was sent empty or as an unreplaced macro, which says nothing."
        elif signal.flag == KNOWN_CHILD:
            yield f"{word} says that the person is a child."
        elif signal.says and signal.flag in voice.bits:
            yield from _unheard_yes(case, signal)
        elif not signal.says and not voice.says_no:
            yield f"{word} said no to {signal.flag}, but the policy does not believe it."


def _unheard_yes(case: Case, signal: Signal) -> Iterator[str]:
    word, voice = f"{signal.language.value} said yes to {signal.flag}", case.policy.voices[signal.language]
    if not voice.says_yes:
        yield f"{word}, but the policy does not believe its yes."
    elif not (signal.explicit or voice.default_counts):
        yield f"{word} without a valid choice of the person, which is no yes."
    elif not is_fresh(signal.at, voice, case.at):
        line = case.policy.clauses.signals.valid_for_line
        yield f"{word} on {_day(signal.at)}, which is too old or lies ahead (line {line})."


def _day(at: float | None) -> str:
    try:
        return datetime.fromtimestamp(at or 0, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return "a day that no calendar has"
