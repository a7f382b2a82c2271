"""What a tool found in contracts: one sentence, at a line of a file.

May not: hold a value of a hit.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Weight(StrEnum):
    """An error fails the check; a warning should be answered; a note is for the reader."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(NamedTuple):
    """`str()` is what a person and an editor read: `file:line: weight: sentence`."""

    weight: Weight
    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.weight}: {self.sentence}"
