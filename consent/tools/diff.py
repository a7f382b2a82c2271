"""Two policies compared in words: what changes, for whom, and whether it widens what may be done with people's data.

May not: call something harmless that it does not understand; what cannot be told to narrow is said to widen.
Examples are tests, not law: they are counted, and never widen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from consent.clauses.words import ANYWHERE, ERASE, EVERYWHERE, FLOOR, STOP, Clauses, Region
from consent.compile import SUPPORTS
from consent.flags import ONLY_REFUSE
from consent.words import Action, Language, Rule

T = TypeVar("T")


class Change(NamedTuple):
    """One clause that differs. `line` is its line in the new policy, or in the old one where it is gone."""

    line: int
    sentence: str
    widens: bool


def differences(old: Clauses, new: Clauses) -> list[Change]:
    """Every clause that differs, in the order of the policy's sections."""
    looks = (_purposes, _regions, _believed, _speaks, _options, _people, _fields, _keep, _destinations, _examples)
    return [change for look in looks for change in look(old, new)]


def _paired(old: Iterable[T], new: Iterable[T], name: Callable[[T], str]) -> Iterator[tuple[str, T | None, T | None]]:
    """Things of one name side by side: (name, old or None, new or None), in the new policy's order."""
    before, after = {name(item): item for item in old}, {name(item): item for item in new}
    for key in dict.fromkeys((*after, *before)):
        yield key, before.get(key), after.get(key)


def _purposes(old: Clauses, new: Clauses) -> Iterator[Change]:
    for name, was, now in _paired(old.purposes, new.purposes, lambda purpose: purpose.name):
        if was is None and now is not None:
            yield Change(now.line, f"the purpose '{name}' is new: {now.say}", True)
        elif now is None and was is not None:
            yield Change(was.line, f"the purpose '{name}' is gone", False)
        elif was and now:
            for word, before, after in (("say", was.say, now.say), ("basis", was.basis, now.basis)):
                if before != after:
                    yield Change(
                        now.line, f'the purpose \'{name}\': {word} from "{before}" to "{after}"', word == "basis"
                    )
            if {*was.uses} != {*now.uses}:
                yield Change(
                    now.line, f"the purpose '{name}': uses {_moved(was.uses, now.uses)}", not {*now.uses} <= {*was.uses}
                )


def _regions(old: Clauses, new: Clauses) -> Iterator[Change]:
    """Rules of regions that stay, then the places that another region governs now."""
    for name, was, now in _paired(old.regions, new.regions, lambda region: region.name):
        if was is None and now is not None:
            yield Change(now.line, f"the region '{name}' is new, for {_where(now)}", False)
        elif now is None and was is not None:
            yield Change(was.line, f"the region '{name}' is gone", False)
        elif was and now:
            yield from _region(was, now)
    yield from _moves(old, new)


def _moves(old: Clauses, new: Clauses) -> Iterator[Change]:
    codes = dict.fromkeys(code for clauses in (new, old) for region in clauses.regions for code in region.where)
    groups: dict[tuple[str, str], list[str]] = {}
    pairs: dict[tuple[str, str], tuple[Region, Region]] = {}
    for code in codes:
        was, now = _governing(old, code), _governing(new, code)
        if was.name != now.name:
            groups.setdefault((was.name, now.name), []).append(code)
            pairs[was.name, now.name] = was, now
    for key, moved in groups.items():
        was, now = pairs[key]
        effects = [*_rule_effects(was, now), *_objection_effects(old, new, was, now)]
        told = "; ".join(text for text, _ in effects) or "nothing changes for it"
        sentence = f"{', '.join(moved)} moves from the region '{was.name}' to '{now.name}': {told}"
        yield Change(now.line, sentence, any(widens for _, widens in effects))


def _governing(clauses: Clauses, code: str) -> Region:
    country = code.partition("-")[0]
    return next(r for r in clauses.regions if {code, country, ANYWHERE} & {*r.where})


def _rule_effects(was: Region, now: Region) -> Iterator[tuple[str, bool]]:
    for purpose, rule in now.rules.items():
        before = was.rules.get(purpose, Rule.NEVER)
        if rule is not before:
            yield f"{purpose} from {_say(before)} to {_say(rule)}", rule < before


def _objection_effects(old: Clauses, new: Clauses, was: Region, now: Region) -> Iterator[tuple[str, bool]]:
    before, after = _objections(old, was.name), _objections(new, now.name)
    for language, purpose in sorted(before - after):
        yield f"{language.value} no longer refuses {purpose}", True
    for language, purpose in sorted(after - before):
        yield f"{language.value} refuses {purpose}", False


def _objections(clauses: Clauses, region: str) -> set[tuple[Language, str]]:
    return {(row.language, row.purpose) for row in clauses.signals.speaks if row.region in (region, EVERYWHERE)}


def _region(was: Region, now: Region) -> Iterator[Change]:
    if (was.law, was.valid_from) != (now.law, now.valid_from):
        yield Change(now.line, f'the region \'{now.name}\': law from "{was.law}" to "{now.law}"', False)
    for purpose, rule in now.rules.items():
        before = was.rules.get(purpose)
        if before is not None and before is not rule:
            sentence = (
                f"in the region '{now.name}' ({_where(now)}), {purpose} changes from {_say(before)} to {_say(rule)}"
            )
            yield Change(now.lines[purpose], sentence, rule < before)


def _believed(old: Clauses, new: Clauses) -> Iterator[Change]:
    for word, was, now, gain in (
        ("yes", old.signals.believed.yes, new.signals.believed.yes, True),
        ("no", old.signals.believed.no, new.signals.believed.no, False),
    ):
        for language in now.keys() - was.keys():
            yield Change(now[language], f"a {word} from {language.value} is believed", gain)
        for language in was.keys() - now.keys():
            yield Change(was[language], f"a {word} from {language.value} is no longer believed", not gain)
    days = old.signals.valid_for_days, new.signals.valid_for_days
    if days[0] != days[1]:
        yield Change(
            new.signals.valid_for_line, f"a choice is valid for {days[1]} days, not {days[0]}", days[1] > days[0]
        )


def _speaks(old: Clauses, new: Clauses) -> Iterator[Change]:
    """A purpose's flags: fewer are easier to grant and harder to refuse; the first ones let a language speak at all."""
    before, after = _flags(old), _flags(new)
    for key in dict.fromkeys((*after, *before)):
        was, now = before.get(key, {}), after.get(key, {})
        if was.keys() != now.keys():
            language, purpose, region = key
            line = min([*now.values()] or [*was.values()])
            place = f" in {region}" if region else ""
            sentence = f"{language.value}: the flags that speak for {purpose}{place} are {_moved([*was], [*now])}"
            starts = not was and language not in ONLY_REFUSE
            yield Change(line, sentence, starts or not now.keys() >= was.keys())


def _flags(clauses: Clauses) -> dict[tuple[Language, str, str], dict[str, int]]:
    table: dict[tuple[Language, str, str], dict[str, int]] = {}
    for row in clauses.signals.speaks:
        table.setdefault((row.language, row.purpose, row.region), {})[row.flag] = row.line
    return table


def _options(old: Clauses, new: Clauses) -> Iterator[Change]:
    was, now = old.signals, new.signals
    for key in dict.fromkeys((*now.options, *was.options)):
        before, after = was.options.get(key, ""), now.options.get(key, "")
        if before != after:
            narrows = (key[1] == "default_counts_as_yes" and not after) or (
                key[1] == "legitimate_interest" and after != SUPPORTS
            )
            sentence = f"{key[0].value}: {key[1]} from {before or 'no'} to {after or 'no'}"
            yield Change(now.lines.get(key[0]) or was.lines[key[0]], sentence, not narrows)
    for language in dict.fromkeys((*now.overrides, *was.overrides)):
        before_p, after_p = was.overrides.get(language, ()), now.overrides.get(language, ())
        if {*before_p} != {*after_p}:
            sentence = f"{language.value}: an explicit yes outweighs it for {_moved(before_p, after_p)}"
            yield Change(now.lines.get(language, 1), sentence, not {*after_p} <= {*before_p})
    for language, flag in sorted(now.ignored ^ was.ignored):
        ignored = (language, flag) in now.ignored
        verb = "concerns no purpose" if ignored else "is no longer ignored"
        yield Change(now.lines.get(language, 1), f"{language.value}: '{flag}' {verb}", ignored)


def _people(old: Clauses, new: Clauses) -> Iterator[Change]:
    was, now = old.people, new.people
    if was.minors_under != now.minors_under:
        sentence = f"minors are people under {now.minors_under}, not {was.minors_under}"
        yield Change(now.line, sentence, now.minors_under < was.minors_under)
    for purpose in now.never.keys() - was.never.keys():
        yield Change(now.never[purpose], f"{purpose} is never allowed for minors", False)
    for purpose in was.never.keys() - now.never.keys():
        yield Change(was.never[purpose], f"{purpose} may be allowed for minors", True)
    if was.on_withdrawal != now.on_withdrawal:
        yield Change(now.withdrawal_line, _AFTER_WITHDRAWAL[now.on_withdrawal], now.on_withdrawal != ERASE)


_AFTER_WITHDRAWAL = {
    STOP: "what was stored of people who withdraw their consent is kept for its period, no longer erased",
    ERASE: "what was stored of people who withdraw their consent is erased",
}


def _fields(old: Clauses, new: Clauses) -> Iterator[Change]:
    for name, was, now in _paired(old.fields, new.fields, lambda field: field.name):
        line = now.line if now else was.line if was else 1
        if was and now and was.category != now.category:
            yield Change(line, f"the field '{name}' is {now.category}, not {was.category}", True)
        yield from _actions(name, was.actions if was else {}, now.actions if now else {}, line)


def _actions(name: str, was: Mapping[str, Action], now: Mapping[str, Action], line: int) -> Iterator[Change]:
    """A purpose that is not listed gets the floor, and where there is none, nothing."""
    for purpose in dict.fromkeys((*now, *was)):
        before = was.get(purpose, was.get(FLOOR, Action.DROP))
        after = now.get(purpose, now.get(FLOOR, Action.DROP))
        if was.get(purpose) is not now.get(purpose):
            whom = "every purpose that it does not name" if purpose == FLOOR else purpose
            sentence = f"the field '{name}' for {whom} changes from {_say(before)} to {_say(after)}"
            yield Change(line, sentence, after < before)


def _keep(old: Clauses, new: Clauses) -> Iterator[Change]:
    for name, days in new.keep.days.items():
        before = old.keep.days.get(name)
        if before is not None and before != days:
            sentence = f"what serves {name} is kept for {new.keep.words[name]}, not {old.keep.words[name]}"
            yield Change(new.keep.line, sentence, days > before)
    if old.keep.proof_days != new.keep.proof_days:
        sentence = f"the proof of a choice is kept for {new.keep.proof_words}, not {old.keep.proof_words}"
        yield Change(new.keep.line, sentence, new.keep.proof_days > old.keep.proof_days)


def _destinations(old: Clauses, new: Clauses) -> Iterator[Change]:
    for name, was, now in _paired(old.destinations, new.destinations, lambda destination: destination.name):
        if was is None and now is not None:
            yield Change(
                now.line, f"facts may go to '{name}' ({now.role}, {now.location}) for {', '.join(now.purposes)}", True
            )
        elif now is None and was is not None:
            yield Change(was.line, f"nothing goes to '{name}' any more", False)
        elif was and now:
            if {*was.purposes} != {*now.purposes}:
                widens = not {*now.purposes} <= {*was.purposes}
                yield Change(now.line, f"what goes to '{name}' serves {_moved(was.purposes, now.purposes)}", widens)
            for word in ("role", "location", "transfer", "is_sale_or_share"):
                before, after = getattr(was, word), getattr(now, word)
                if before != after:
                    yield Change(now.line, f"'{name}': {word} from {before or 'none'} to {after or 'none'}", True)


def _examples(old: Clauses, new: Clauses) -> Iterator[Change]:
    was, now = [(e.given, e.then) for e in old.examples], [(e.given, e.then) for e in new.examples]
    added, gone = sum(one not in was for one in now), sum(one not in now for one in was)
    if added or gone:
        yield Change(new.examples[0].line, f"examples: {added} new or changed, {gone} gone or changed", False)


def _where(region: Region) -> str:
    return ", ".join(region.where[:6]) + (f" and {len(region.where) - 6} more" if len(region.where) > 6 else "")


def _moved(was: Iterable[str], now: Iterable[str]) -> str:
    """`a, b with c and without d`."""
    before, after = list(was), list(now)
    more = [word for word in after if word not in before]
    less = [word for word in before if word not in after]
    added = f" (new: {', '.join(more)})" if more else ""
    gone = f" (gone: {', '.join(less)})" if less else ""
    return (", ".join(after) or "none") + added + gone


def _say(word: Rule | Action) -> str:
    return word.name.lower().replace("_", " ")
