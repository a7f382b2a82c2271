"""What a person should know about a policy that loads: what stops it, what is doubtful, what is worth a look.

May not: change anything; errors of the text itself are `PolicyError`s already. Source: facts C (R3, R4, R12, R31).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from consent.clauses.marked import PolicyError
from consent.clauses.words import EVERYWHERE, FLOOR, Destination, Region
from consent.compile import TCF_VALID_DAYS, rows_of
from consent.compiled import Policy
from consent.flags import CLASS_USES, SALE_OR_SHARING
from consent.places import EEA
from consent.words import Language, Rule

#: A policy is to be reviewed within this time before `review_by`.
_REVIEW_SOON = timedelta(days=30)

#: Audience measurement under the exemption: data at most 25 months. Source: CNIL, guidelines of 2020-09-17, art. 5.
_COUNTING_LIMIT_DAYS = 761


class Weight(StrEnum):
    """An error stops activation; a warning should be answered; a note is for the reader."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(NamedTuple):
    weight: Weight
    line: int
    sentence: str


def findings(policy: Policy, at: float) -> list[Finding]:
    """Everything there is to say, in the order of lines. `at` is Unix seconds."""
    today = datetime.fromtimestamp(at, UTC).date()
    found = [
        finding
        for look in (_head, _bases, _laws, _times, _fields, _destinations, _sales, _voices)
        for finding in look(policy, today)
    ]
    return sorted(found, key=lambda finding: finding.line)


def check_activation(policy: Policy, at: float) -> None:
    """Raises `PolicyError` for what stops the activation of a new version at that time."""
    for finding in findings(policy, at):
        if finding.weight is Weight.ERROR:
            raise PolicyError(policy.clauses.file, finding.line, finding.sentence)


def _head(policy: Policy, today: date) -> Iterator[Finding]:
    head = policy.clauses.head
    due, line = date.fromisoformat(head.review_by), head.lines["review_by"]
    if due < today:
        yield Finding(Weight.ERROR, line, f"review_by was {head.review_by}; review it before it is activated again")
    elif due - today <= _REVIEW_SOON:
        yield Finding(Weight.WARNING, line, f"is to be reviewed by {head.review_by}, in {(due - today).days} days")
    if head.status != "approved":
        said = head.status.replace("_", " ")
        yield Finding(
            Weight.NOTE, head.lines["status"], f"is {said}: it may be tested, and should be approved before it serves"
        )


def _laws(policy: Policy, today: date) -> Iterator[Finding]:
    for region in policy.regions:
        if region.valid_from and date.fromisoformat(region.valid_from) > today:
            sentence = (
                f"the region '{region.name}' follows a law that is valid from {region.valid_from}, which lies ahead"
            )
            yield Finding(Weight.ERROR, region.line, sentence)


def _times(policy: Policy, today: date) -> Iterator[Finding]:
    signals, keep = policy.clauses.signals, policy.clauses.keep
    if signals.valid_for_days > TCF_VALID_DAYS:
        yield Finding(
            Weight.WARNING, signals.valid_for_line, "a choice counts for longer than 13 months; ask again earlier"
        )
    for purpose in policy.clauses.purposes:
        unasked = any(region.rules[purpose.name] < Rule.ASK_FIRST for region in _european(policy))
        exempt = any(use.startswith(CLASS_USES["counting"]) for use in purpose.uses)
        if exempt and unasked and keep.days[purpose.name] > _COUNTING_LIMIT_DAYS:
            yield Finding(
                Weight.WARNING, keep.line, f"'{purpose.name}' is kept for more than 25 months without being asked for"
            )


def _bases(policy: Policy, today: date) -> Iterator[Finding]:
    """The basis of a purpose is one and fixed. Source: GDPR Art. 6, 13(1)(c); facts R32."""
    for purpose in policy.clauses.purposes:
        unasked = [region.name for region in policy.regions if region.rules[purpose.name] < Rule.ASK_FIRST]
        if purpose.basis == "consent" and unasked:
            sentence = f"'{purpose.name}' rests on consent, and is not asked for in {', '.join(unasked)}"
            yield Finding(Weight.NOTE, purpose.line, sentence)


def _fields(policy: Policy, today: date) -> Iterator[Finding]:
    for field in policy.clauses.fields:
        floor = field.actions.get(FLOOR)
        for purpose, action in field.actions.items():
            if floor is not None and action < floor:
                sentence = (
                    f"'{field.name}' is never below its floor, so {action.name.lower()} for '{purpose}' has no effect"
                )
                yield Finding(Weight.WARNING, field.line, sentence)


def _destinations(policy: Policy, today: date) -> Iterator[Finding]:
    """The exemptions of audience measurement are the publisher's own: they do not reach a third party."""
    for destination in policy.clauses.destinations:
        if destination.role != "third_party":
            continue
        for region in _european(policy):
            unasked = [name for name in destination.purposes if region.rules[name] < Rule.ASK_FIRST]
            if unasked:
                sentence = (
                    f"'{destination.name}', a third party, gets {', '.join(unasked)} in '{region.name}' without a yes"
                )
                yield Finding(Weight.WARNING, destination.line, sentence)
        yield Finding(
            Weight.NOTE,
            destination.line,
            f"'{destination.name}' is a third party; is there an assessment (GDPR Art. 35)?",
        )


def _sales(policy: Policy, today: date) -> Iterator[Finding]:
    """What is a sale or a share must stop at an opt-out of it. Source: CCPA 1798.135; Regulations 7025."""
    for destination in policy.clauses.destinations:
        if destination.is_sale_or_share:
            yield from _unstopped(policy, destination)


def _unstopped(policy: Policy, destination: Destination) -> Iterator[Finding]:
    gpp = {row.purpose for row in rows_of(policy.clauses, Language.GPP) if row.flag == SALE_OR_SHARING}
    gpc = rows_of(policy.clauses, Language.GPC)
    for region in policy.regions:
        stopped = {row.purpose for row in gpc if row.region in (region.name, EVERYWHERE)}
        open_to = [name for name in destination.purposes if region.rules[name] < Rule.ASK_FIRST]
        for word, purposes in (("gpc", stopped), ("gpp", gpp)):
            left = [name for name in open_to if name not in purposes]
            if left and any(code.startswith("US") for code in region.where):
                sentence = (
                    f"'{destination.name}' is a sale, but {word} does not stop {', '.join(left)} in '{region.name}'"
                )
                yield Finding(Weight.WARNING, destination.line, sentence)


def _voices(policy: Policy, today: date) -> Iterator[Finding]:
    signals = policy.clauses.signals
    for language, line in signals.lines.items():
        if language not in signals.believed.no:
            yield Finding(Weight.WARNING, line, f"maps {language.value}, but believes neither its yes nor its no")
    deaf = [language.value for language in Language if language not in signals.believed.no]
    if deaf:
        line = next(iter(signals.believed.no.values()), signals.valid_for_line)
        yield Finding(Weight.NOTE, line, f"a no is not heard from {', '.join(deaf)}")


def _european(policy: Policy) -> list[Region]:
    """Regions under EU or UK law."""
    return [region for region in policy.regions if {*region.where} & {*EEA, "GB"}]
