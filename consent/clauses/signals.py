"""Signals of a policy: whose yes and whose no is believed, how long, and which flag speaks for which purpose.

May not: let a language say yes that can only refuse; believe a yes without believing the no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from consent.clauses.destinations import read_truth
from consent.clauses.marked import Node
from consent.clauses.words import EVERYWHERE, Believed, Signals, Speaks
from consent.flags import (
    GOOGLE_TYPES,
    ONLY_REFUSE,
    SALE_OR_SHARING,
    SOURCES,
    TCF_ONLY,
    TCF_PURPOSES,
    US_OPT_OUTS,
)
from consent.periods import read_days
from consent.words import Language

_HEAD = ("believe_yes_from", "believe_no_from", "choice_valid_for", "unreadable_signal")
_MAPPED = tuple(language.value for language in Language if language is not Language.GATEWAY_SDK)

#: The words that are options of a language, not purposes.
_OPTIONS = {
    Language.TCF: ("vendor_id", "read", "legitimate_interest"),
    Language.GOOGLE_CONSENT_MODE: ("default_counts_as_yes",),
}
TCF_READ = ("publisher_tc_then_core", "core")
TCF_INTEREST = ("ignored", "supports_until_objection")
IGNORED = "ignored"


def read_signals_clause(node: Node, purposes: list[str], regions: list[str]) -> Signals:
    """Raises `PolicyError`."""
    parts = node.keyed("signals", _HEAD, _MAPPED)
    parts["unreadable_signal"].one_of(("refuse",), "answer to an unreadable signal")
    mapped = {Language(word): parts[word] for word in _MAPPED if word in parts}
    reading = _Reading(purposes, regions)
    signals = Signals(
        believed=_read_believed(parts),
        valid_for_days=read_days(parts["choice_valid_for"], "choice_valid_for"),
        valid_for_line=parts["choice_valid_for"].line,
        speaks=tuple(row for language, table in mapped.items() for row in reading.rows(language, table)),
        options={
            (language, word): said for language, table in mapped.items() for word, said in _options(language, table)
        },
        overrides={
            language: reading.overrides(mapped[language])
            for language in (Language.GPC, Language.DNT)
            if language in mapped
        },
        ignored=frozenset(pair for language, table in mapped.items() for pair in _ignored(language, table)),
        lines={language: table.line for language, table in mapped.items()},
    )
    _refuse_silence(node, signals)
    return signals


def _read_believed(parts: dict[str, Node]) -> Believed:
    words = [language.value for language in Language]
    yes = {
        Language(n.one_of(words, "language of consent")): n
        for n in parts["believe_yes_from"].listed("believe_yes_from")
    }
    no = {
        Language(n.one_of(words, "language of consent")): n for n in parts["believe_no_from"].listed("believe_no_from")
    }
    for language, node in yes.items():
        if language in ONLY_REFUSE:
            raise node.error(f"{language.value} can only refuse; it never says yes")
        if language not in no:
            raise node.error(f"a yes from {language.value} is believed, but not its no")
    return Believed({word: n.line for word, n in yes.items()}, {word: n.line for word, n in no.items()})


def _refuse_silence(node: Node, signals: Signals) -> None:
    """A language that is believed must be mapped; else nobody knows what its no refuses."""
    spoken = {row.language for row in signals.speaks}
    for language, line in signals.believed.no.items():
        if language in spoken or language in _speak_without_map(spoken):
            continue
        raise node.error(f"line {line} believes a no from {language.value}, but signals does not say what it refuses")
    for language, line in signals.believed.yes.items():
        if language in SOURCES and language not in spoken:
            raise node.error(
                f"line {line} believes a yes from {language.value}, which needs its categories mapped first"
            )


def _speak_without_map(spoken: set[Language]) -> set[Language]:
    """Ours names purposes itself; banners and trackers refuse by category; the US string follows GPP's map."""
    heirs = {Language.US_PRIVACY} if Language.GPP in spoken else set()
    return {Language.GATEWAY_SDK, *SOURCES, *heirs}


def _options(language: Language, table: Node) -> Iterator[tuple[str, str]]:
    for word, node in table.table(language.value).items():
        if word in _OPTIONS.get(language, ()):
            yield word, _OPTION_READERS[word](node)


def _read_vendor_id(node: Node) -> str:
    said = node.text("vendor_id")
    if said != "none" and not (said.isdecimal() and 0 < int(said) <= 0xFFFF):
        raise node.error("vendor_id should be none, or our number on the IAB's Global Vendor List")
    return "" if said == "none" else said


_OPTION_READERS: dict[str, Callable[[Node], str]] = {
    "vendor_id": _read_vendor_id,
    "read": lambda node: node.one_of(TCF_READ, "way to read TCF"),
    "legitimate_interest": lambda node: node.one_of(TCF_INTEREST, "weight of a legitimate interest"),
    "default_counts_as_yes": lambda node: "yes" if read_truth(node, "default_counts_as_yes") else "",
}


def _ignored(language: Language, table: Node) -> Iterator[tuple[Language, str]]:
    """Categories of a banner that concern no purpose; else their no would refuse whatever the language governs."""
    if language not in SOURCES:
        return
    for source, node in table.table(language.value).items():
        entries = node.table(source)
        for item in entries[IGNORED].listed(IGNORED) if IGNORED in entries else ():
            yield language, f"{source} {item.text('a category').lower()}"


class _Reading:
    """Reads each language's map into rows; it knows the names that rows may use."""

    def __init__(self, purposes: list[str], regions: list[str]) -> None:
        self.purposes, self.regions = purposes, regions

    def rows(self, language: Language, table: Node) -> Iterator[Speaks]:
        if language is Language.TCF:
            return self._by_purpose(language, table, _read_tcf_purpose)
        if language is Language.GOOGLE_CONSENT_MODE:
            return self._by_purpose(language, table, lambda node: node.one_of(GOOGLE_TYPES, "consent type of Google"))
        if language in SOURCES:
            return self._by_source(language, table)
        if language in (Language.GPC, Language.DNT):
            return self._by_region(language, table)
        return self._by_flag(language, table)

    def overrides(self, table: Node) -> tuple[str, ...]:
        entries = table.keyed("the map of an objection", ("in",), ("except_explicit_yes_for",))
        listed = entries["except_explicit_yes_for"].listed("it") if "except_explicit_yes_for" in entries else ()
        return tuple(node.one_of(self.purposes, "purpose") for node in listed)

    def _by_purpose(self, language: Language, table: Node, read_flag: Callable[[Node], str]) -> Iterator[Speaks]:
        """`analytics: [1, 8]`: the purpose needs a yes from each, and a no from any refuses it."""
        for key, node in table.pairs(language.value):
            if key.scalar in _OPTIONS.get(language, ()):
                continue
            purpose = key.one_of([*self.purposes, *_OPTIONS.get(language, ())], f"purpose or key of {language.value}")
            for item in node.listed(purpose):
                yield Speaks(language, read_flag(item), purpose, "", item.line)

    def _by_flag(self, language: Language, table: Node) -> Iterator[Speaks]:
        """`opt_out_of_targeted_advertising: [ad_targeting]`."""
        known = (SALE_OR_SHARING,) if language is Language.US_PRIVACY else US_OPT_OUTS
        for key, node in table.pairs(language.value):
            flag = key.one_of(known, f"flag of {language.value}")
            for item in node.listed(flag):
                yield Speaks(language, flag, item.one_of(self.purposes, "purpose"), "", item.line)

    def _by_region(self, language: Language, table: Node) -> Iterator[Speaks]:
        """`in: {us_gpc: [ad_targeting], everywhere: [ad_targeting]}`."""
        for key, node in table.table(language.value)["in"].pairs("in"):
            region = key.one_of([*self.regions, EVERYWHERE], "region")
            for item in node.listed(region):
                yield Speaks(language, language.value, item.one_of(self.purposes, "purpose"), region, item.line)

    def _by_source(self, language: Language, table: Node) -> Iterator[Speaks]:
        """`onetrust: {analytics: [C0002], ignored: [C0001]}`; categories count in any case of letters."""
        for key, node in table.pairs(language.value):
            source = key.one_of(SOURCES[language], f"source of {language.value}")
            for purpose_key, items in node.pairs(source):
                purpose = purpose_key.one_of([*self.purposes, IGNORED], "purpose")
                for item in items.listed(purpose) if purpose != IGNORED else ():
                    yield Speaks(language, f"{source} {item.text('a category').lower()}", purpose, "", item.line)


def _read_tcf_purpose(node: Node) -> str:
    """The number of a TCF purpose; which segment speaks of it, the option `read` says."""
    known = [str(number) for number in TCF_PURPOSES]
    return f"{TCF_ONLY} {node.one_of(known, 'purpose of TCF')}"
