"""What one route is, and how a request walks into it: who asks, what they may, what they gave; then the answer.

May not: know one route by name. The table is `gateway.web.admin.table`; the description is made of the same entries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.web.access.guard import Guard, Turned, Who
from gateway.web.access.logins import TooOften
from gateway.web.access.users import Role
from gateway.web.admin.schemas import Mismatch, Schema, check, fields

BODY_LIMIT_BYTES = 64 * 1024
_BODY_WITHIN_S = 10.0
_FORM_FIELDS_AT_MOST = 20

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def _nothing() -> Schema:
    return fields({})


class Call(NamedTuple):
    """One request, understood. `given` are its parameters, and the fields of its body, as described."""

    request: Request
    who: Who | None
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table. `role` None: anybody. `takes` is the content type of its body; '' for none.

    `query`, `path_fields` and `body` describe what it is given; `gives` is the schema of its JSON, or a content type.
    """

    method: str
    path: str
    role: Role | None
    says: str
    answer: Callable[[Call], Awaitable[Response]]
    gives: Schema | str
    query: Schema = field(default_factory=_nothing)
    path_fields: Schema = field(default_factory=_nothing)
    body: Schema = field(default_factory=_nothing)
    takes: str = ""

    @property
    def is_api(self) -> bool:
        """Whether it is for programs, and described."""
        return self.path.startswith("/api/") or self.path == "/metrics"


async def walk(entry: Entry, guard: Guard, request: Request) -> Response:
    """The answer of one entry. Raises Turned."""
    who = await find_who(entry, guard, request)
    try:
        given = _given_in_address(entry, request)
        if entry.takes:
            given |= await _given_in_body(entry, guard, request, who)
    except Mismatch as mismatch:
        raise Turned(400, f"{mismatch}.") from None
    return await entry.answer(Call(request, who, given))


async def find_who(entry: Entry, guard: Guard, request: Request) -> Who | None:
    """Who asks, where that matters. Raises Turned: 401 for nobody, 403 for a role that is not enough."""
    if entry.role is None:
        return None
    try:
        who = await guard.find(request)
    except TooOften as often:
        raise Turned(429, "Too many tries; wait.", often.wait_s) from None
    if who is None:
        raise Turned(401, "Log in, or send a token.")
    if not who.role.includes(entry.role):
        raise Turned(403, f"This needs the role {entry.role}; yours is {who.role}.")
    return who


def _given_in_address(entry: Entry, request: Request) -> dict[str, Any]:
    pairs = request.query_params.multi_items()
    return _one_each(pairs, entry.query, "the query") | _checked(
        dict(request.path_params), entry.path_fields, "the path"
    )


def _one_each(pairs: list[tuple[str, str]], schema: Schema, name: str) -> dict[str, Any]:
    """Fields of a query or form: one value each, but for lists."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if schema["properties"].get(key, {}).get("type") == "array":
            found.setdefault(key, []).append(value)
        elif key in found:
            raise Mismatch(f"{name} says {key if key in schema['properties'] else 'something'} twice")
        else:
            found[key] = value
    return _checked(found, schema, name)


def _checked(found: dict[str, Any], schema: Schema, name: str) -> dict[str, Any]:
    check(found, schema, name)
    return found


async def _given_in_body(entry: Entry, guard: Guard, request: Request, who: Who | None) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != entry.takes:
        raise Turned(415, f"This takes {entry.takes}.")
    body = await read_body(request)
    if kind == FORM:
        return _form(entry, guard, body, who)
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Mismatch("the body is no JSON") from None
    return _checked(found, entry.body, "the body")


def _form(entry: Entry, guard: Guard, body: bytes, who: Who | None) -> dict[str, Any]:
    """Fields of a form; its token is looked at first, and is none of them."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FORM_FIELDS_AT_MOST, errors="strict")
    except ValueError:
        raise Mismatch("the form cannot be read") from None
    guard.check_form(who, next((value for name, value in pairs if name == "form"), ""))
    return _one_each([pair for pair in pairs if pair[0] != "form"], entry.body, "the form")


async def read_body(request: Request) -> bytes:
    """The whole body, within 64 KB and 10 s. Raises Turned."""
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            async for piece in request.stream():
                body += piece
                if len(body) > BODY_LIMIT_BYTES:
                    raise Turned(413, "The body is larger than 64 KB.")
    except TimeoutError:
        raise Turned(408, "The body took longer than 10 s.") from None
    except ClientDisconnect:
        raise Turned(400, "The body ended early.") from None
    return bytes(body)
