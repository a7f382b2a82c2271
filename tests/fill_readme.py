"""Writes the README's tables anew from the code: `python -m tests.fill_readme`. tests/test_readme.py compares them."""

from __future__ import annotations

import re

from tests.test_readme import README, ROOT, TABLES


def filled(text: str) -> str:
    """The README with every marked table's rows replaced; the two lines of its head stay."""
    for name, rows in TABLES.items():
        body = "".join("| " + " | ".join([f"`{first}`", *rest]) + " |\n" for first, *rest in rows())
        mark = rf"(<!-- {name}:.*?-->\n.*?\n.*?\n).*?(<!-- /{name} -->)"
        text = re.sub(mark, lambda found, body=body: found[1] + body + found[2], text, flags=re.S)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    (ROOT / "README.md").write_text(filled(README))
