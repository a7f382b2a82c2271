"""A no that may concern copies still waiting to be sent: written without whose it is, and enough to stop them, or to
erase them where somebody is to be forgotten.

May not: tell people apart. Of the pseudonym six hexadecimal digits are written: one in 16.7 million. On a large site
many share them, so that nobody is recognised by them; the few copies of others that a no stops or erases wrongly, of
those that wait that very moment, are the price. Why write it at all: the process that sends is another one, and may be
behind.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from gateway.outward import EVERYTHING

#: How a withdrawal's row begins, so that a reader of an outbox tells it from events without parsing them.
MARK = b'{"no":'

#: Of a pseudonym, in a no.
DIGITS = 6


def write_withdrawal(pseudonym: str, purposes: Iterable[str], at: float) -> bytes:
    """The row: whose no it may be, to which purposes, when (Unix seconds)."""
    return orjson.dumps({"no": code(pseudonym), "at": at, "purposes": list(purposes)})


def write_erasure(pseudonym: str, at: float) -> bytes:
    """The row that erases what waits of whom it may be, received or happened by then (Unix seconds)."""
    return write_withdrawal(pseudonym, (EVERYTHING,), at)


def code(pseudonym: str) -> str:
    """What is written of a pseudonym."""
    return pseudonym[:DIGITS]
