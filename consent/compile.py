"""Clauses to masks: what a policy says, arranged so that a hit is decided by a few lookups.

May not: refuse anything; what stands in clauses has been checked. It is also what mutations are compiled with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from consent.clauses.words import ANYWHERE, EVERYWHERE, Clauses, Speaks
from consent.compiled import Policy, Voice
from consent.flags import (
    BANNER_CLASSES,
    CLASS_USES,
    SALE_OR_SHARING,
    SOURCES,
    TCF_CORE,
    TCF_ONLY,
    TCF_PUBLISHER,
    tcf_interest_flag,
)
from consent.periods import DAY_S
from consent.places import COUNTRIES, EEA, OUTERMOST, PLACE_HINTS
from consent.words import EMPTY, KNOWN_CHILD, UNREADABLE, Language, Statement

#: A TC string is to be renewed at least every 13 months. Source: IAB TCF Policies v5, ch. II(5)(8).
TCF_VALID_DAYS = 395

#: The option that lets an announced legitimate interest stand where the region says until objection.
SUPPORTS = "supports_until_objection"

Mask = Callable[[Iterable[str]], int]


def compile_policy(clauses: Clauses, text_hash: str) -> Policy:
    names = tuple(purpose.name for purpose in clauses.purposes)
    bits = {name: 1 << bit for bit, name in enumerate(names)}

    def mask(purposes: Iterable[str]) -> int:
        return sum(bits[name] for name in set(purposes))

    places = _place_regions(clauses)
    return Policy(
        name=clauses.head.name,
        version=clauses.head.version,
        hash=text_hash,
        purposes=names,
        keep_days=clauses.keep.days,
        clauses=clauses,
        statements=_own_statements(clauses),
        voices={language: _voice(clauses, language, mask) for language in Language},
        place_regions=places,
        hints={hint: places[place] for hint, place in PLACE_HINTS.items()},
        minors_under=clauses.people.minors_under,
        minors_never=mask(clauses.people.never),
        destinations={destination.name: mask(destination.purposes) for destination in clauses.destinations},
    )


def _own_statements(clauses: Clauses) -> tuple[Statement, ...]:
    vendor = clauses.signals.options.get((Language.TCF, "vendor_id"))
    return (Statement("our_vendor_ids", vendor),) if vendor else ()


def _place_regions(clauses: Clauses) -> Mapping[str, int]:
    """Code -> regions. First match wins; a country whose subdivision is unknown may lie in any region that lists one.

    `US-` is any subdivision that no region lists; `EEA` is any country of it.
    """
    codes = {code for region in clauses.regions for code in region.where} - {ANYWHERE}
    first = {code: _first_region(clauses, code) for code in codes | COUNTRIES | set(PLACE_HINTS.values()) - {"EEA"}}
    found = {code: 1 << first[code] for code in first}
    for code in codes:
        found[code.partition("-")[0]] |= 1 << first[code]
    found |= {code + "-": 1 << first[code] for code in COUNTRIES}
    found |= {code: found[country] for code, country in OUTERMOST.items() if code not in codes}
    found["EEA"] = _together(found[code] for code in EEA)
    return found


def _first_region(clauses: Clauses, code: str) -> int:
    country = code.partition("-")[0]
    for bit, region in enumerate(clauses.regions):
        if code in region.where or country in region.where or ANYWHERE in region.where:
            return bit
    raise AssertionError("the last region is anywhere")


def _voice(clauses: Clauses, language: Language, mask: Mask) -> Voice:
    signals = clauses.signals
    rows = rows_of(clauses, language)
    everything = mask(purpose.name for purpose in clauses.purposes)
    governs = mask(row.purpose for row in rows) if rows else everything
    vendor = signals.options.get((language, "vendor_id"), "")
    bits, needs = _needs(rows, mask, vendor)
    days = min(signals.valid_for_days, TCF_VALID_DAYS) if language is Language.TCF else signals.valid_for_days
    return Voice(
        says_yes=language in signals.believed.yes,
        says_no=language in signals.believed.no,
        valid_for_s=days * DAY_S,
        default_counts=bool(signals.options.get((language, "default_counts_as_yes"))),
        bits=bits,
        needs=needs,
        refuses=_refuses(clauses, language, rows, mask) | {UNREADABLE: governs, f"vendor {vendor}": governs},
        unmapped=governs if language in SOURCES or language is Language.GATEWAY_SDK else 0,
        objects_in=_objects_in(clauses, language, mask),
        overridden=mask(signals.overrides.get(language, ())),
    )


def rows_of(clauses: Clauses, language: Language) -> list[Speaks]:
    """A language's map. TCF speaks with one voice, or by the segment that the policy chose beside it.

    Ours names purposes itself; the US string, unmapped, follows GPP's.
    """
    rows = [row for row in clauses.signals.speaks if row.language is language]
    if language is Language.TCF:
        beside = TCF_CORE if clauses.signals.options.get((language, "read")) == "core" else TCF_PUBLISHER
        return rows + [row._replace(flag=row.flag.replace(TCF_ONLY, beside)) for row in rows]
    if language is Language.GATEWAY_SDK:
        return [Speaks(language, purpose.name, purpose.name, "", purpose.line) for purpose in clauses.purposes]
    if language is Language.US_PRIVACY and not rows:
        return [row for row in clauses.signals.speaks if row.language is Language.GPP and row.flag == SALE_OR_SHARING]
    return rows


def _needs(rows: list[Speaks], mask: Mask, vendor: str) -> tuple[Mapping[str, int], tuple[tuple[int, int], ...]]:
    """Flags that a purpose needs all of, per source: Segment's categories do not complete RudderStack's, nor the
    publisher's segment the core."""
    groups: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        source = row.flag.partition(" ")[0] if row.language in SOURCES or row.language is Language.TCF else ""
        groups.setdefault((row.purpose, source), set()).add(row.flag)
    if vendor:
        groups = {key: flags | {f"vendor {vendor}"} for key, flags in groups.items()}
    bits = {flag: 1 << bit for bit, flag in enumerate(sorted(set().union(*groups.values())))}
    return bits, tuple(sorted((sum(bits[flag] for flag in flags), mask((key[0],))) for key, flags in groups.items()))


def _refuses(clauses: Clauses, language: Language, rows: list[Speaks], mask: Mask) -> dict[str, int]:
    """Flag -> purposes that its no refuses, wherever the person is."""
    ignored = {flag for spoken, flag in clauses.signals.ignored if spoken is language}
    table = dict.fromkeys(ignored | {EMPTY, KNOWN_CHILD}, 0)
    for row in rows:
        table[row.flag] = table.get(row.flag, 0) | (0 if row.region else mask((row.purpose,)))
    if language is Language.TCF and clauses.signals.options.get((language, "legitimate_interest")) != SUPPORTS:
        table |= {tcf_interest_flag(flag): refused for flag, refused in table.items()}
    if language is Language.CMP_COOKIE:
        sources = {row.flag.partition(" ")[0] for row in rows}
        table |= {f: m for f, m in _banner_defaults(clauses, mask).items() if f.partition(" ")[0] not in sources}
    return table


def _banner_defaults(clauses: Clauses, mask: Mask) -> dict[str, int]:
    """What the usual categories refuse where the policy does not map a banner. They never grant."""
    uses = {purpose.name: purpose.uses for purpose in clauses.purposes}
    refused = {
        kind: mask(name for name, used in uses.items() if any(use.startswith(starts) for use in used))
        for kind, starts in CLASS_USES.items()
    }
    return {flag: refused[kind] for flag, kind in BANNER_CLASSES.items()}


def _objects_in(clauses: Clauses, language: Language, mask: Mask) -> tuple[int, ...]:
    rows = [row for row in clauses.signals.speaks if row.language is language and row.region]
    if not rows:
        return ()
    return tuple(
        mask(row.purpose for row in rows if row.region in (region.name, EVERYWHERE)) for region in clauses.regions
    )


def _together(masks: Iterable[int]) -> int:
    together = 0
    for mask in masks:
        together |= mask
    return together
