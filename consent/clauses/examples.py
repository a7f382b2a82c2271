"""Examples of a policy: given, when, then. They are its tests, and run whenever it is loaded.

May not: decide; `consent.examples` does, with the very function that hits go through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from consent.clauses.destinations import read_truth
from consent.clauses.fields import ACTION_WORDS
from consent.clauses.marked import Node
from consent.clauses.regions import read_place
from consent.clauses.words import ON_WITHDRAWAL, Clauses, Example, Given, Then
from consent.flags import (
    GOOGLE_TYPES,
    SOURCES,
    TCF_CORE,
    TCF_INTEREST_PURPOSES,
    TCF_ONLY,
    TCF_PUBLISHER,
    TCF_PURPOSES,
    US_OPT_OUTS,
    tcf_flags,
    tcf_interest_flag,
)
from consent.periods import DAY_S, read_days
from consent.words import EMPTY, KNOWN_CHILD, UNREADABLE, Language, Signal, Statement

_GIVEN = ("place", "each_place", "age", "choice_made", "wire", *(language.value for language in Language))
_THEN = ("allowed", "region", "to", "not_to", "on_withdrawal")
EVERYWHERE_BUT = "drop_everywhere_but_"

#: What Google's words say: (says, explicit).
_GOOGLE_WORDS = {
    "granted": (True, True),
    "denied": (False, True),
    "granted_by_default": (True, False),
    "denied_by_default": (False, True),
}
_TCF_KEYS = ("purposes", "legitimate_interests", "publisher_purposes", "vendors")
_OPT_OUT_WORDS = {"opted_out": True, "did_not_opt_out": False}


def read_examples(node: Node, rest: Clauses) -> tuple[Example, ...]:
    """`rest` are the clauses that examples speak of. Raises `PolicyError`."""
    examples = tuple(_read_example(item, rest) for item in node.listed("examples"))
    if not examples:
        raise node.error("examples lists none; a policy without a test cannot be trusted")
    return examples


def _read_example(node: Node, rest: Clauses) -> Example:
    parts = node.keyed("an example", ("given", "then"), ("when",))
    when = parts["when"].text("when") if "when" in parts else ""
    return Example(read_given(parts["given"], rest), when, _Then(rest).read(parts["then"]), node.line)


def read_given(node: Node, rest: Clauses) -> Given:
    """The circumstances of an example, or of a person's question. Raises `PolicyError`."""
    parts = node.keyed("given", (), _GIVEN)
    at = -float(_read_ago(parts["choice_made"]) * DAY_S) if "choice_made" in parts else None
    signals = [
        signal._replace(at=at)
        for language in Language
        if language.value in parts
        for signal in _read_said(language, parts[language.value], rest)
    ]
    wire = parts["wire"].table("wire") if "wire" in parts else {}
    return Given(
        places=_read_alternatives(node, parts),
        age=int(_read_number(parts["age"])) if "age" in parts else None,
        signals=tuple(signals),
        wire=tuple(Statement(carrier, said.scalar or "") for carrier, said in wire.items()),
    )


def _read_alternatives(node: Node, parts: dict[str, Node]) -> tuple[tuple[str, ...], ...]:
    """`place: [DE, FR]` are candidates of one visit; `each_place: [DE, FR]` are two visits."""
    if ("place" in parts) == ("each_place" in parts):
        raise node.error("given should have a place ('unknown' if it is), or each_place")
    if "place" in parts:
        return (_read_places(parts["place"]),)
    return tuple(_read_places(item) for item in parts["each_place"].listed("each_place"))


def _read_places(node: Node) -> tuple[str, ...]:
    if node.scalar == "unknown":
        return ()
    return tuple(read_place(item) for item in (node.items or (node,)))


def _read_number(node: Node) -> str:
    said = node.text("age")
    if not said.isdecimal():
        raise node.error("age should be a number of years")
    return said


def _read_ago(node: Node) -> int:
    said = node.text("choice_made")
    if not said.endswith(" ago"):
        raise node.error("choice_made should be a period such as '7 months ago'")
    return read_days(Node(node.file, node.line, said.removesuffix(" ago")), "choice_made")


def _read_said(language: Language, node: Node, rest: Clauses) -> Iterator[Signal]:
    if node.scalar in (UNREADABLE, EMPTY):
        yield Signal(language, node.scalar, False, None, node.scalar == UNREADABLE)
    elif language in (Language.GPC, Language.DNT):
        if read_truth(node, language.value):
            yield Signal(language, language.value, False)
    else:
        yield from _SAID[language](language, node, rest)


def _said_own(language: Language, node: Node, rest: Clauses) -> Iterator[Signal]:
    names = [purpose.name for purpose in rest.purposes]
    for key, value in node.pairs(language.value):
        yield Signal(language, key.one_of(names, "purpose"), read_truth(value, "a choice"))


def _said_google(language: Language, node: Node, rest: Clauses) -> Iterator[Signal]:
    for key, value in node.pairs(language.value):
        says, explicit = _GOOGLE_WORDS[value.one_of(_GOOGLE_WORDS, "word of Google's consent mode")]
        yield Signal(language, key.one_of(GOOGLE_TYPES, "consent type of Google"), says, None, explicit)


def _said_tcf(language: Language, node: Node, rest: Clauses) -> Iterator[Signal]:
    parts = node.keyed("tcf", _TCF_KEYS[:1], _TCF_KEYS[1:])
    core, interests, ours = (_tcf_numbers(parts.get(key)) for key in _TCF_KEYS[:3])
    spoken = {TCF_CORE: core, TCF_PUBLISHER: ours} if "publisher_purposes" in parts else {TCF_ONLY: core}
    for beginning, consents in spoken.items():
        for number, flag in zip(TCF_PURPOSES, tcf_flags(beginning), strict=True):
            interest = number not in consents and number in interests & TCF_INTEREST_PURPOSES
            yield Signal(language, tcf_interest_flag(flag) if interest else flag, number in consents)
    for item in parts["vendors"].listed("vendors") if "vendors" in parts else ():
        yield Signal(language, f"vendor {item.text('a vendor')}", True)


def _tcf_numbers(node: Node | None) -> set[int]:
    known = [str(number) for number in TCF_PURPOSES]
    return {int(item.one_of(known, "purpose of TCF")) for item in (node.listed("tcf") if node else ())}


def _said_opt_outs(language: Language, node: Node, rest: Clauses) -> Iterator[Signal]:
    for key, value in node.pairs(language.value):
        if _OPT_OUT_WORDS[value.one_of(_OPT_OUT_WORDS, "word of an opt-out")]:
            yield Signal(language, key.one_of((*US_OPT_OUTS, KNOWN_CHILD), "flag of a US string"), False)


def _said_categories(language: Language, node: Node, rest: Clauses) -> Iterator[Signal]:
    for key, table in node.pairs(language.value):
        source = key.one_of(SOURCES[language], f"source of {language.value}")
        for category, value in table.pairs(source):
            yield Signal(language, f"{source} {category.text('a category').lower()}", read_truth(value, "a choice"))


_SAID: dict[Language, Callable[[Language, Node, Clauses], Iterator[Signal]]] = {
    Language.GATEWAY_SDK: _said_own,
    Language.GOOGLE_CONSENT_MODE: _said_google,
    Language.TCF: _said_tcf,
    Language.GPP: _said_opt_outs,
    Language.US_PRIVACY: _said_opt_outs,
    Language.CMP_COOKIE: _said_categories,
    Language.VENDOR: _said_categories,
}


class _Then:
    """Reads what must follow; it knows the names that may be used."""

    def __init__(self, rest: Clauses) -> None:
        self.purposes = [purpose.name for purpose in rest.purposes]
        self.destinations = [destination.name for destination in rest.destinations]
        self.regions = [region.name for region in rest.regions]
        self.fields = [field.name for field in rest.fields]

    def read(self, node: Node) -> Then:
        named = [f"{destination}.{field}" for destination in self.destinations for field in self.fields]
        parts = node.keyed("then", (), (*_THEN, *self.fields, *named))
        if not parts:
            raise node.error("an example should say what follows")
        return Then(
            allowed=self._names(parts.get("allowed"), self.purposes, "purpose"),
            region=parts["region"].one_of(self.regions, "region") if "region" in parts else None,
            to=self._names(parts.get("to"), self.destinations, "destination"),
            not_to=self._names(parts.get("not_to"), self.destinations, "destination"),
            fields={_split(key): self._action(value) for key, value in parts.items() if key not in _THEN},
            on_withdrawal=_withdrawal(parts.get("on_withdrawal")),
        )

    def _names(self, node: Node | None, known: list[str], what: str) -> tuple[str, ...] | None:
        if node is None:
            return None
        return tuple(item.one_of(known, what) for item in node.listed(what))

    def _action(self, node: Node) -> str:
        return node.one_of([*ACTION_WORDS, *(EVERYWHERE_BUT + purpose for purpose in self.purposes)], "action")


def _withdrawal(node: Node | None) -> str | None:
    return node.one_of(ON_WITHDRAWAL, "on_withdrawal") if node else None


def _split(key: str) -> tuple[str, str]:
    destination, _, field = key.rpartition(".")
    return destination, field
