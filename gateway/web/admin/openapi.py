"""The description of the API, OpenAPI 3.1, made of the table of routes.

Pure: entries in, JSON-ready nouns out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.web.access.users import Role
from gateway.web.admin.routes import JSON, Entry
from gateway.web.admin.schemas import TEXT, WHOLE, Schema, fields

_PROBLEM = {"application/problem+json": {"schema": fields({"title": TEXT, "status": WHOLE})}}

_TOKEN = {
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    "security": [{"token": []}],
}

#: Status -> when an entry may answer it.
_FAILURES = {
    400: "What was given is not as described; the title says which field.",
    401: "Nobody is logged in, or the token is wrong.",
    403: "The role is not enough, or a page of another site asked.",
    429: "Too many tries to log in; Retry-After says when.",
}
_OF_BODIES = {
    408: "The body took longer than 10 s.",
    413: "The body is larger than 64 KB.",
    415: "Another content type.",
}
_NOT_NOW = {503: "The warehouse or the journal cannot answer now; nothing is lost."}
_NOT_FOUND = {404: "There is none of that identity."}


def describe(entries: Iterable[Entry], asks: bool) -> dict[str, Any]:
    """The whole description, of the entries that are for programs. `asks` tells whether a token is needed."""
    paths: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry.is_api:
            paths.setdefault(entry.path, {})[entry.method.lower()] = _operation(entry)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Edge tracking gateway: private API",
            "version": "1",
            "description": f"Roles: {', '.join(Role)}; each may also what those before it may.",
        },
        "paths": paths,
        **(_TOKEN if asks else {}),
    }


def _operation(entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{entry.method.lower()}{entry.path.replace('/', '_').replace('{', '').replace('}', '')}",
        "summary": entry.says,
        "description": f"Role: {entry.role or 'anybody'}.",
        "parameters": [*_parameters(entry.query, "query"), *_parameters(entry.path_fields, "path")],
        "responses": {"200": {"description": "The answer.", "content": _gives(entry)}, **_failures(entry)},
    }
    if entry.takes:
        told["requestBody"] = {"required": True, "content": {entry.takes: {"schema": entry.body}}}
    return told


def _parameters(schema: Schema, where: str) -> Iterator[dict[str, Any]]:
    for name, inner in schema["properties"].items():
        told = {key: value for key, value in inner.items() if key != "description"}
        required = where == "path" or name in schema["required"]
        yield {"name": name, "in": where, "required": required, "description": inner["description"], "schema": told}


def _gives(entry: Entry) -> dict[str, Any]:
    return {entry.gives: {"schema": TEXT}} if isinstance(entry.gives, str) else {JSON: {"schema": entry.gives}}


def _failures(entry: Entry) -> dict[str, Any]:
    asks = entry.path.startswith(("/api/reports/", "/api/privacy/"))
    may = _FAILURES | (_OF_BODIES if entry.takes else {}) | (_NOT_NOW if asks else {})
    may |= _NOT_FOUND if entry.path_fields["properties"] else {}
    return {str(status): {"description": says, "content": _PROBLEM} for status, says in sorted(may.items())}
