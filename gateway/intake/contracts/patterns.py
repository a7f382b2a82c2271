"""Patterns of contracts, compiled so that no text can make them slow.

May not: accept what needs backtracking. Raises `ValueError` with the end of a sentence that begins "its pattern …".

How: every repeat is made possessive and every group atomic, so that what was taken is never given back, and matching
is linear. `[a-z-]+-[0-9]+` therefore never matches: the loader tries each contract's example and tells.
Why: patterns are written by event owners, but values by anybody. Not: google-re2; one more binary for four patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LIMIT = 200
_REPEAT_LIMIT = 1024

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(|\)|\||[*+?]|\{\d+(?:,\d*)?\}|[^\\\[\](){}*+?|]")
_ESCAPES = frozenset("dDwWsS")
_REPEATS = ("*", "+", "?", "{")


def compile_pattern(text: str) -> re.Pattern[str]:
    """A pattern that has to match a value as a whole (`fullmatch`)."""
    if len(text) > _LIMIT:
        raise ValueError(f"is longer than {_LIMIT} characters")
    try:
        return re.compile("".join(_translate(text)))
    except re.error as error:
        raise ValueError(f"is no regular expression: {error.msg}") from None


def _translate(text: str) -> Iterator[str]:
    previous = "|"
    for token in _tokens(text):
        if token[0] in _REPEATS:
            if previous[0] in (*_REPEATS, "|", "("):
                raise ValueError(f"repeats nothing with '{token}'")
            if any(int(count) > _REPEAT_LIMIT for count in token.strip("{}*+?").split(",") if count):
                raise ValueError(f"repeats more than {_REPEAT_LIMIT} times with '{token}'")
            yield token + "+"
        elif token[0] == "(":
            yield "(?>"
        elif token[0] == "\\" and token[1].isalnum() and token[1] not in _ESCAPES:
            raise ValueError(f"uses '{token}', which is none of \\d \\w \\s or an escaped sign")
        elif token in "^$":
            raise ValueError(f"uses '{token}', but a value is always matched as a whole; write \\{token} for the sign")
        else:
            yield token
        previous = token


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"cannot be read from character {at + 1} on")
        yield match[0]
        at = match.end()
