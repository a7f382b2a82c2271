"""YAML bytes to a tree of nodes that know their line. Every scalar stays text; every trap of YAML is an error.

May not: know what a policy is; turn any word into a number, a date or a truth value.

Why: a legal text must mean what it shows. YAML would read `NO` as false, `2026-11-15` as a date, the second of
two equal keys as the only one, and an alias as a copy of words that stand elsewhere.
Why libyaml (`C...`), which the wheels of PyYAML hold: every process reads policy and contracts before it is ready.
Not: `yaml.safe_load` with a check afterwards; the lines and the duplicates are gone by then.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import yaml

#: A policy of 30 regions and 300 examples is 60 KB; more is not read by people.
SIZE_LIMIT_BYTES = 1024 * 1024
DEPTH_LIMIT = 16


class PolicyError(ValueError):
    """Why a policy cannot be used: `file`, `line` (from 1) and one plain `sentence`. `str()` joins them."""

    def __init__(self, file: str, line: int, sentence: str) -> None:
        super().__init__(f"{file}:{line}: {sentence}")
        self.file, self.line, self.sentence = file, line, sentence


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a list or a table, with its file and line. `quoted` tells `"NO"` from `NO`."""

    file: str
    line: int
    scalar: str | None = None
    quoted: bool = False
    items: tuple[Node, ...] | None = None
    entries: tuple[tuple[Node, Node], ...] | None = None

    def error(self, sentence: str) -> PolicyError:
        return PolicyError(self.file, self.line, sentence)

    def text(self, what: str) -> str:
        """The scalar, not blank."""
        if self.scalar is None or not self.scalar.strip():
            raise self.error(f"{what} should be a text")
        return self.scalar

    def listed(self, what: str) -> tuple[Node, ...]:
        if self.items is None:
            raise self.error(f"{what} should be a list, such as [a, b]")
        return self.items

    def table(self, what: str) -> dict[str, Node]:
        return {key.text(f"a key of {what}"): value for key, value in self.pairs(what)}

    def pairs(self, what: str) -> tuple[tuple[Node, Node], ...]:
        """Keys and values as nodes, for where the key's own line matters."""
        if self.entries is None:
            raise self.error(f"{what} should be a table of 'name: value' lines")
        return self.entries

    def keyed(self, what: str, needs: Sequence[str], may: Sequence[str] = ()) -> dict[str, Node]:
        """The table, after refusing unknown and missing keys."""
        for key, _ in self.pairs(what):
            key.one_of([*needs, *may], f"key of {what}")
        table = self.table(what)
        for name in needs:
            if name not in table:
                raise self.error(f"{what} lacks '{name}'")
        return table

    def one_of(self, known: Iterable[str], what: str) -> str:
        """The scalar, which must be one of the known words; the nearest of them is offered."""
        words, said = list(known), self.text(what)
        if said in words:
            return said
        near = difflib.get_close_matches(said, words, 1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(words)}" if len(words) <= 12 else ""
        raise self.error(f"'{said}' is not a known {what}{hint}")


def read_marked(text: bytes, file: str) -> Node:
    """The one document in `text`. Raises `PolicyError`."""
    source = _decode(text, file)
    _refuse_tabs(source, file)
    try:
        events = [*yaml.parse(source, Loader=yaml.CBaseLoader)]
    except yaml.MarkedYAMLError as broken:
        raise _translated(broken, file) from None
    except yaml.reader.ReaderError as broken:
        line = text.count(b"\n", 0, broken.position) + 1
        raise PolicyError(file, line, "holds a control character, which nobody can read") from None
    _refuse_second_document(events, file)
    return _Tree(file, iter(events[2:])).node(0)


def _decode(text: bytes, file: str) -> str:
    if len(text) > SIZE_LIMIT_BYTES:
        raise PolicyError(file, 1, f"is larger than {SIZE_LIMIT_BYTES // 1024} KB, which nobody can review")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as broken:
        line = text.count(b"\n", 0, broken.start) + 1
        raise PolicyError(file, line, "is not UTF-8 text; save it as UTF-8") from None


def _refuse_tabs(source: str, file: str) -> None:
    for number, line in enumerate(source.split("\n"), 1):
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise PolicyError(file, number, "is indented with a tab; use spaces")


def _translated(broken: yaml.MarkedYAMLError, file: str) -> PolicyError:
    mark = broken.problem_mark or broken.context_mark
    problem = broken.problem or "it cannot be understood"
    return PolicyError(file, mark.line + 1 if mark is not None else 1, f"is not well-formed YAML: {problem}")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


def _refuse_second_document(events: list[yaml.Event], file: str) -> None:
    starts = [event for event in events if isinstance(event, yaml.DocumentStartEvent)]
    if not starts:
        raise PolicyError(file, 1, "is empty")
    if len(starts) > 1:
        raise PolicyError(file, _line(starts[1]), "starts a second document; one file is one policy")


@dataclass(frozen=True, slots=True)
class _Tree:
    """Builds nodes out of YAML's events, in the order they come."""

    file: str
    events: Iterator[yaml.Event]

    def node(self, depth: int) -> Node:
        node = self.node_or_end(depth)
        assert node is not None, "YAML closes only what it opened"
        return node

    def node_or_end(self, depth: int) -> Node | None:
        event = next(self.events)
        if isinstance(event, yaml.CollectionEndEvent):
            return None
        line = _line(event)
        self.refuse_tricks(event, line, depth)
        if isinstance(event, yaml.ScalarEvent):
            return Node(self.file, line, scalar=event.value, quoted=bool(event.style))
        children = tuple(self.children(depth + 1))
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self.file, line, items=children)
        entries = tuple(zip(children[::2], children[1::2], strict=True))
        _refuse_duplicates(entries)
        return Node(self.file, line, entries=entries)

    def children(self, depth: int) -> Iterator[Node]:
        while (child := self.node_or_end(depth)) is not None:
            yield child

    def refuse_tricks(self, event: yaml.Event, line: int, depth: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise PolicyError(self.file, line, "uses an alias (*name); write the words out where they count")
        if getattr(event, "anchor", None):
            raise PolicyError(self.file, line, "uses an anchor (&name); write the words out where they count")
        if getattr(event, "tag", None):
            raise PolicyError(self.file, line, "uses a tag (!name); a policy is plain text")
        if depth > DEPTH_LIMIT:
            raise PolicyError(self.file, line, "is nested too deep to be read")


def _refuse_duplicates(entries: tuple[tuple[Node, Node], ...]) -> None:
    seen: dict[str, int] = {}
    for key, _ in entries:
        name = key.text("a key")
        if name in seen:
            raise key.error(f"says '{name}' twice; the first is on line {seen[name]}")
        seen[name] = key.line
