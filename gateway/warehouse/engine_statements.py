"""What the engine must know of a statement before chDB sees it: its rows, its format, whether it asks what runs.

Pure text in, text out; may not touch chDB, disk or network. Not a parser: chDB parses. It only finds a few words
that stand outside of strings, comments and brackets.

Why: chDB runs a statement as one text. A server takes `INSERT ... FORMAT X` and the rows after it in one body, and
feeds `input()` from there; chDB would store nothing and say OK (measured). So a file holds the rows, the text names it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: A quote that is not closed takes the rest of the text: that keeps every text linear to read.
_TOKEN = re.compile(
    rb"""
    (?P<blank>   \s+ | --[^\n]* | \#[ !][^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<string>  '(?:[^'\\]++|\\(?:.|\Z))*+(?:'|\Z) )
  | (?P<quoted>  "(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z) | `(?:[^`\\]++|\\(?:.|\Z))*+(?:`|\Z) )
  | (?P<word>    [A-Za-z_][A-Za-z0-9_]* )
  | (?P<open>    [(\[{] )
  | (?P<close>   [)\]}] )
  | (?P<other>   . )
    """,
    re.DOTALL | re.VERBOSE,
)
#: What ClickHouse skips between the format's name and the first byte of data.
_BEFORE_DATA = re.compile(rb"[ \t\f]*;?[ \t\f]*\r?\n?")
#: `system.processes` as the engine answers it: see `with_query_ids`.
_PROCESSES = (
    b"(SELECT * FROM (SELECT * REPLACE"
    b" (if(Settings['log_comment'] != '', Settings['log_comment'], query_id) AS query_id) FROM system.processes) AS p"
    b" FULL JOIN (SELECT arrayJoin(%s) AS query_id) AS r USING (query_id))"
)


class Token(NamedTuple):
    """A piece of a statement: its kind, its text as written, where it starts and ends, how many brackets are open."""

    kind: str
    text: bytes
    start: int
    end: int
    depth: int

    def is_word(self, word: bytes) -> bool:
        return self.kind == "word" and self.text.upper() == word


def read_tokens(statement: bytes) -> Iterator[Token]:
    """Every token but blanks and comments, lazily: what follows is read only if the caller goes on."""
    depth = 0
    for found in _TOKEN.finditer(statement):
        kind = found.lastgroup or "other"
        if kind == "blank":
            continue
        depth -= kind == "close"
        yield Token(kind, found.group(), found.start(), found.end(), depth)
        depth += kind == "open"


class Insert(NamedTuple):
    """An INSERT whose rows follow it. `text` up to `rows_from` is SQL, the rest are rows in `format`."""

    text: bytes
    rows_from: int
    format: str
    clause_from: int  #: where SETTINGS, FORMAT or VALUES begins: rows of a file are named before it
    clause_to: int  #: where the words FORMAT X or VALUES begin
    input_at: tuple[int, int, bytes] | None  #: start, end and structure of `input('structure')`

    def over(self, path: str) -> bytes:
        """The same statement, reading the rows from the file at `path`."""
        where, format_name = quote(path).encode(), self.format.encode()
        if self.input_at is None:
            head, settings = self.text[: self.clause_from], self.text[self.clause_from : self.clause_to]
            return b"%b FROM INFILE %b COMPRESSION 'none' %bFORMAT %b" % (head, where, settings, format_name)
        start, end, structure = self.input_at
        source = b"file(%b, '%b', %b)" % (where, format_name, structure)
        return self.text[:start] + source + self.text[end : self.clause_to]


def find_insert(text: bytes) -> Insert | None:
    """The INSERT with rows behind it that `text` begins with; None for every other statement.

    `INSERT ... SELECT` without `input()` has no rows of its own and is None too.
    """
    tokens = read_tokens(text)
    first = next(tokens, None)
    if first is None or not first.is_word(b"INSERT"):
        return None
    return _find_rows(text, tokens)


def _find_rows(text: bytes, tokens: Iterator[Token]) -> Insert | None:
    selects, settings_at, input_at = False, None, None
    last: deque[Token] = deque(maxlen=4)
    for token in tokens:
        last.append(token)
        selects = selects or token.is_word(b"SELECT")
        input_at = input_at or _read_input(last)
        if token.depth or token.kind != "word":
            continue
        if token.is_word(b"SETTINGS"):
            settings_at = token.start
        named = len(last) > 1 and last[-2].is_word(b"FORMAT") and last[-2].depth == 0
        if token.is_word(b"VALUES") and not selects and settings_at is None and not named:
            return Insert(text, token.end, "Values", token.start, token.start, None)
        if named:
            if selects and input_at is None:
                return None
            clause_to = last[-2].start
            clause_from = clause_to if settings_at is None else settings_at
            return Insert(text, _rows_from(text, token.end), token.text.decode(), clause_from, clause_to, input_at)
    return None


def _rows_from(text: bytes, format_ends: int) -> int:
    found = _BEFORE_DATA.match(text, format_ends)
    return found.end() if found else format_ends


def _read_input(last: Sequence[Token]) -> tuple[int, int, bytes] | None:
    if len(last) < 4 or not last[0].is_word(b"INPUT"):
        return None
    _, opens, structure, closes = last
    fits = opens.text == b"(" and structure.kind == "string" and closes.text == b")"
    return (last[0].start, closes.end, structure.text) if fits else None


def find_format(statement: bytes) -> str | None:
    """The format that the statement itself asks for, or None."""
    found, before = None, None
    for token in read_tokens(statement):
        if token.depth == 0 and token.kind == "word" and before is not None and before.is_word(b"FORMAT"):
            found = token.text.decode()
        before = token
    return found


def with_query_ids(statement: bytes, running: list[str]) -> bytes:
    """The statement, with `system.processes` answering in our query ids, those that wait for chDB included.

    Why: chDB gives every query an id of its own. The engine writes the client's into `log_comment`, and adds those that
    came in and have not begun, so that a fence sees an INSERT from its first byte on.
    """
    if b"processes" not in statement.lower():
        return statement
    view = _PROCESSES % ("[" + ",".join(quote(i) for i in running) + "]").encode()
    pieces, done = [], 0
    last: list[Token] = []
    for token in read_tokens(statement):
        last = [*last[-2:], token]
        if len(last) == 3 and last[0].is_word(b"SYSTEM") and last[1].text == b"." and token.is_word(b"PROCESSES"):
            pieces += [statement[done : last[0].start], view]
            done = token.end
    return b"".join([*pieces, statement[done:]])


def quote(text: str) -> str:
    """A string literal of ClickHouse."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
