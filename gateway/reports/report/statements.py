"""The statements of a report, read out of the package: `-- name: x` begins one, `${y}` is the text of parts/y.sql.

May read SQL files of this package, nothing else. Parts are static text: values are parameters of the server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PART = re.compile(r"\$\{(\w+)\}")


def read_statements(report: str) -> Mapping[str, str]:
    """Name -> SQL of `<report>.sql`, in order. Raises ValueError when it begins without a name."""
    head, *pairs = _NAME.split(_read(f"{report}.sql"))
    if any(line and not line.startswith("--") for line in head.splitlines()):
        raise ValueError(f"{report}.sql: a statement begins without '-- name:'")
    return {name: _whole(text).strip() for name, text in zip(pairs[::2], pairs[1::2], strict=True)}


def _whole(text: str) -> str:
    while _PART.search(text):
        text = _PART.sub(lambda found: _without_comments(_read(f"parts/{found[1]}.sql")), text)
    return text


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


def _read(path: str) -> str:
    return files("gateway.reports").joinpath(path).read_text(encoding="utf-8")
