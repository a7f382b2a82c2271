"""Text that any column can hold: valid UTF-8, printable, one line.

May not: judge what the text means; `scan` looks for personal data.
"""

from __future__ import annotations


def clean_text(text: str, limit: int) -> str:
    """At most `limit` characters, without lone surrogates, control, bidi-control and other invisible characters."""
    if len(text) > limit:
        text = text[:limit]
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else _stand_in(c) for c in text]).strip()


def _stand_in(character: str) -> str:
    """A space for what separates words, nothing for what is only invisible."""
    return " " if character.isspace() else ""
