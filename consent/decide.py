"""The decision: signals, place and time to the purposes that are allowed. Pure: same inputs, same output.

    allowed = (A | (((Y & Q) | O) & ~N)) & ~X

A always, Q ask first, O until objection, X never; Y a fresh, explicit yes from a believed language; N a no from any.
Deny wins; order never matters; only X stops what is allowed always.

May not: read a clock; let a signal widen anything but by an explicit, fresh yes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from consent.compiled import Policy, Voice
from consent.periods import DAY_S
from consent.words import KNOWN_CHILD, Decision, Language, Signal

#: Clocks of visitors run ahead; a choice made later than this is no choice, and replaces nothing.
_AHEAD_S = DAY_S


class Case(NamedTuple):
    """One hit's circumstances, in the order in which `decide` takes them."""

    signals: tuple[Signal, ...]
    policy: Policy
    places: tuple[str, ...]
    at: float
    age: int | None = None


class Heard(NamedTuple):
    """What the signals say together, before any place is known. `objections` are languages that count by region."""

    yes: int
    no: int
    own_yes: int
    objections: tuple[Language, ...]
    candidates: int
    is_child: bool


def decide(
    signals: tuple[Signal, ...], policy: Policy, places: tuple[str, ...], at: float, age: int | None = None
) -> Decision:
    """`places` are candidate ISO codes, none if unknown; `at` is Unix seconds; `age` in years, None if unknown."""
    heard = hear(signals, policy, at)
    rules = policy.rules(policy.candidates(places) | heard.candidates)
    no = heard.no
    for language in heard.objections:
        no |= rules.objections.get(language, 0) & ~(policy.voices[language].overridden & heard.own_yes)
    is_minor = heard.is_child or (age is not None and age < policy.minors_under)
    never = rules.never | (policy.minors_never if is_minor else 0)
    allowed = (rules.always | (((heard.yes & rules.ask_first) | rules.until_objection) & ~no)) & ~never
    return policy.decision(allowed, rules.region, heard.yes, no)


def hear(signals: tuple[Signal, ...], policy: Policy, at: float) -> Heard:
    """Yes and no over purposes, from the languages that the policy believes."""
    no = candidates = 0
    is_child = False
    objections: tuple[Language, ...] = ()
    flags: dict[Language, int] = {}
    voice, spoken = policy.voices[Language.GATEWAY_SDK], Language.GATEWAY_SDK
    for language, flag, says, when, explicit in settle(signals, at):
        if language is not spoken:
            voice, spoken = policy.voices[language], language
        if not says:
            if voice.says_no:
                refused = voice.refuses.get(flag, voice.unmapped)
                no |= refused
                if not refused:
                    is_child = is_child or flag == KNOWN_CHILD
                    objections += (language,) if flag == language and voice.objects_in else ()
        elif flag in voice.bits:
            if voice.says_yes and (explicit or voice.default_counts) and is_fresh(when, voice, at):
                flags[language] = flags.get(language, 0) | voice.bits[flag]
        else:
            candidates |= policy.hints.get((language, flag), 0)
    yes, own = _granted(flags, policy)
    return Heard(yes, no, own, objections, candidates, is_child)


def _granted(flags: dict[Language, int], policy: Policy) -> tuple[int, int]:
    """Purposes whose every flag was granted, by any one language; and those granted by our own object."""
    yes = own = 0
    for language, said in flags.items():
        granted = 0
        for needed, purposes in policy.voices[language].needs:
            if said & needed == needed:
                granted |= purposes
        yes |= granted
        if language is Language.GATEWAY_SDK:
            own = granted
    return yes, own


def is_fresh(when: float | None, voice: Voice, at: float) -> bool:
    """A choice is fresh for as long as the policy says. Without a time, it was made with the hit."""
    return when is None or at - voice.valid_for_s <= when <= at + _AHEAD_S


def settle(signals: tuple[Signal, ...], at: float) -> Iterable[Signal]:
    """One voice per language and flag: the newest explicit choice; a no, where the times cannot be compared."""
    if len({signal.flag for signal in signals}) == len(signals):
        return signals
    groups: dict[tuple[Language, str], list[Signal]] = {}
    for signal in signals:
        groups.setdefault((signal.language, signal.flag), []).append(signal)
    return [group[0] if len(group) == 1 else _newest(group, at) for group in groups.values()]


def _newest(group: list[Signal], at: float) -> Signal:
    noes = [signal for signal in group if not signal.says]
    ahead = at + _AHEAD_S
    choices = [s for s in group if s.says and s.explicit and (s.at is None or s.at <= ahead)]
    if not noes:
        return max(choices or group, key=lambda choice: at if choice.at is None else choice.at)
    last_no = max(noes, key=lambda no: float("inf") if no.at is None else no.at)
    later = [
        choice for choice in choices if choice.at is not None and last_no.at is not None and choice.at > last_no.at
    ]
    return max(later, key=lambda choice: choice.at or 0.0) if later else last_no
