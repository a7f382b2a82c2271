"""What breaks its contract: a row for the quarantine, and that row again under a contract that was mended.

May not: keep what the contract does not list, or what policy does not let be kept; of a value that breaks a rule, keep
more than a text that was looked through as free text.

Why the broken value is kept at all: a mended contract (one more choice, a higher bound) has to judge the value, and a
fact without it would be a hole. It is a listed property whose category policy allows; as long as a property can be
(1024 characters), never an object or a list, and gone after 30 days, replayed or not.
Why all properties lie in one map there: only so is a zero told from nothing, and a text from the column it will have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consent.words import Action
from gateway.intake.contracts import Checked, Verdict
from gateway.intake.contracts.properties import LENGTH_LIMIT
from gateway.intake.hit import Event
from gateway.intake.minimise_draft import Draft, Tools, Trace
from gateway.intake.minimise_plan import ContractPlan, Keep, Plan
from gateway.intake.minimise_properties import CONTRACT_STEPS, clean, put_items, to_text
from gateway.intake.text import clean_text

_VALUE = Keep("", Action.KEEP, True)

#: Columns of the quarantine that `events` does not have, or that the contract writes anew.
_REWRITTEN = frozenset(("broken", "properties", "items", "contract", "stage"))


def put_broken(draft: Draft, checked: Checked) -> None:
    """As text whatever the contract lists and policy lets be kept."""
    if texts := dict(_texts(draft, checked)):
        draft.row["properties"] = texts
    put_items(draft, checked)


def _texts(draft: Draft, checked: Checked) -> Iterator[tuple[str, str]]:
    scrubber, sent = draft.tools.scrubber, draft.event.properties
    for name, value in checked.kept.items():
        if (keep := _keep(draft.terms, name)) is not None:
            yield name, clean(value, name, keep, scrubber) if value.__class__ is str else to_text(value)
    for name in {word.partition(":")[0] for word in checked.broken} & sent.keys():
        keep, text = _keep(draft.terms, name), _as_text(sent[name])
        if keep is not None and text:
            yield name, clean(text, name, keep._replace(is_code=False), scrubber)


def _keep(terms: ContractPlan, name: str) -> Keep | None:
    """How policy lets a listed property be kept; of `value` the plan says no more than that."""
    if name == "value":
        return _VALUE if terms.has_value else None
    return terms.keeps.get(name)


def _as_text(value: Any) -> str:
    """Text and numbers of some length; nothing of anything else."""
    if value.__class__ is str:
        return clean_text(value, LENGTH_LIMIT) if len(value) <= LENGTH_LIMIT else ""
    if value.__class__ is int and value.bit_length() > 64:
        return ""
    return to_text(value) if value.__class__ in (int, float, bool) else ""


def rewrite(row: Mapping[str, Any], plan: Plan, terms: ContractPlan, tools: Tools) -> Draft | tuple[str, ...]:
    """The draft that the row makes under these terms, or the rules that it still breaks."""
    contract = terms.contract
    assert contract is not None  # the caller looked
    event = Event(row["event"], 0.0, properties=dict(row["properties"]), items=list(row["items"]))
    checked = contract.check(event)
    broken = tuple(_still_broken(row, terms, checked))
    verdict = contract.verdict(broken)
    if verdict is Verdict.BROKEN:
        return broken
    draft = Draft(event, Trace(row["adapter"], 0.0), plan, tools)
    draft.terms = terms
    draft.row = {name: value for name, value in row.items() if name not in _REWRITTEN}
    for step in CONTRACT_STEPS:
        step(draft, checked)
    draft.row |= {"stage": terms.stage, "contract": terms.label, "verdict": verdict.value}
    if broken:
        draft.row["broken"] = list(broken)
    return draft


def _still_broken(row: Mapping[str, Any], terms: ContractPlan, checked: Checked) -> Iterator[str]:
    """What it breaks now, and what nobody can judge again: the value was not kept, or was a part of a product.

    A property that policy does not let be kept was judged when it came; that it is not here says nothing.
    """
    assert terms.contract is not None  # the caller looked
    listed, told, before = terms.contract.terms.properties, row["properties"], row["broken"]
    for word in checked.broken:
        name, _, rule = word.partition(":")
        is_kept = terms.has_items if name == "items" else _keep(terms, name) is not None
        if rule != "required" or word in before or is_kept:
            yield word
    for word in before:
        name, _, rule = word.partition(":")
        is_untold = name in listed and name not in told and rule != "required"
        if (is_untold or name.startswith("items.")) and word not in checked.broken:
            yield word
