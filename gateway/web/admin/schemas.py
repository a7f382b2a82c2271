"""The part of JSON Schema that the API is described in, and the check of what came against the same description.

Pure. Why our own forty lines: what is described is what is checked, and nothing of a library's size runs beside keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

Schema = Mapping[str, Any]

#: What texts may never hold. Why: they would go into headers, logs and statements.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Mismatch(ValueError):
    """What came is not as described; `str()` names the field and never its value."""


def text(says: str, longest: int = 200, shortest: int = 0, **more: Any) -> Schema:
    """A text without control characters."""
    return {"type": "string", "description": says, "minLength": shortest, "maxLength": longest, **more}


def one_of(says: str, *words: str) -> Schema:
    """One of these words."""
    return {"type": "string", "description": says, "enum": list(words)}


def day(says: str) -> Schema:
    """A day as ISO 8601 writes it."""
    return {"type": "string", "description": says, "format": "date"}


def listed(items: Schema, says: str = "", most: int = 0) -> Schema:
    """A list; `most` 0 is no limit."""
    return {"type": "array", "description": says, "items": items, **({"maxItems": most} if most else {})}


def fields(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, *, open_: bool = False
) -> Schema:
    """An object of these fields, and no others unless it is `open_`."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": open_,
    }


ANY: Schema = {"type": "object"}
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}


def check(value: Any, schema: Schema, name: str) -> None:
    """Raises Mismatch unless the value is as described."""
    _CHECKS[schema["type"]](value, schema, name)


def _check_text(value: Any, schema: Schema, name: str) -> None:
    if not isinstance(value, str):
        raise Mismatch(f"{name} should be a text")
    if _CONTROL.search(value) or not _is_sound(value):
        raise Mismatch(f"{name} holds characters that no text has")
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 4000):
        raise Mismatch(f"{name} should have {schema.get('minLength', 0)} to {schema.get('maxLength', 4000)} characters")
    if "enum" in schema and value not in schema["enum"]:
        raise Mismatch(f"{name} should be one of {', '.join(schema['enum'])}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise Mismatch(f"{name} does not look like {schema['description']}")
    if schema.get("format") == "date":
        _check_day(value, name)


def _is_sound(value: str) -> bool:
    """Not: a lone surrogate, which no encoding takes."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _check_day(value: str, name: str) -> None:
    try:
        if len(value) == len("2026-11-22") and date.fromisoformat(value):
            return
    except ValueError:
        pass
    raise Mismatch(f"{name} should be a day such as 2026-11-22")


def _check_flag(value: Any, _schema: Schema, name: str) -> None:
    if not isinstance(value, bool):
        raise Mismatch(f"{name} should be true or false")


def _check_list(value: Any, schema: Schema, name: str) -> None:
    if not isinstance(value, list) or len(value) > schema.get("maxItems", len(value)):
        raise Mismatch(f"{name} should be a list of at most {schema.get('maxItems', 'any number of')} items")
    for item in value:
        check(item, schema["items"], name)


def _check_object(value: Any, schema: Schema, name: str) -> None:
    if not isinstance(value, dict):
        raise Mismatch(f"{name} should be an object")
    if missing := [field for field in schema["required"] if field not in value]:
        raise Mismatch(f"{name} lacks {missing[0]}")
    known = schema["properties"]
    if not value.keys() <= known.keys():
        raise Mismatch(f"{name} may have {', '.join(known) or 'no fields'} and nothing else")
    for field, inner in value.items():
        check(inner, known[field], field)


_CHECKS = {"string": _check_text, "boolean": _check_flag, "array": _check_list, "object": _check_object}
