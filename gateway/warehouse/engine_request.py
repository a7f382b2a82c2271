"""A request to the engine, read: who asks, what stands in its URL, its body as plain bytes.

May read the socket's bytes; may not run anything. Every mistake of the sender is an `EngineError`, except a body that
is cut short: that is a `BodyCut`, has no answer, and nothing of it is ever run.
"""

from __future__ import annotations

import hmac
import re
import uuid
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from io import BufferedIOBase
from typing import NamedTuple, cast
from urllib.parse import parse_qsl, urlsplit

from gateway.warehouse import engine_codings
from gateway.warehouse.engine_errors import AUTHENTICATION_FAILED, BAD_REQUEST, NOT_IMPLEMENTED, TOO_LARGE, EngineError

_READ_BYTES = 1024 * 1024
_CHUNK_LINE_BYTES = 1024
_KEYS_LIMIT = 1000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
#: Keys of the URL that speak of the transport. They are no settings of the statement.
_TRANSPORT = frozenset(
    {
        "add_http_cors_header",
        "buffer_size",
        "cancel_http_readonly_queries_on_client_close",
        "client_protocol_version",
        "close_session",
        "compress",
        "database",
        "decompress",
        "default_format",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "http_zlib_compression_level",
        "password",
        "query",
        "query_id",
        "quota_key",
        "role",
        "send_progress_in_http_headers",
        "session_check",
        "session_id",
        "session_timeout",
        "stacktrace",
        "user",
        "wait_end_of_query",
    }
)


class BodyCut(ConnectionError):
    """The client went away before its body was whole."""


class Ask(NamedTuple):
    """A request without its body."""

    user: str
    query: bytes  #: SQL of the URL; the body follows it on a new line
    query_id: str
    database: str
    format: str  #: when the statement itself names none
    settings: dict[str, str]
    encoding: str  #: of the answer
    only_reads: bool  #: GET may not change anything, as on a server


def read_ask(path: str, headers: Message, method: str, tokens: Mapping[str, str]) -> Ask:
    """The request line and the headers. Raises `EngineError` without a valid token."""
    pairs = _read_keys(path)
    keys = dict(pairs)
    user = _read_user(headers, keys, tokens)
    if "1" in (keys.get("compress"), keys.get("decompress")):
        raise EngineError(NOT_IMPLEMENTED, "compress=1 is not spoken here; ask for enable_http_compression=1")
    settings = {key: value for key, value in keys.items() if key not in _TRANSPORT}
    for name in settings:
        check_name(name)
    return Ask(
        user,
        "\n".join(value for key, value in pairs if key == "query").encode(),
        keys.get("query_id") or str(uuid.uuid4()),
        keys.get("database") or str(headers.get("X-ClickHouse-Database", "")),
        headers.get("X-ClickHouse-Format") or keys.get("default_format") or "TabSeparated",
        settings,
        engine_codings.choose(headers.get("Accept-Encoding", "")) if keys.get("enable_http_compression") == "1" else "",
        method != "POST",
    )


def check_name(name: str) -> None:
    """Names of settings and parameters stand in a SET as they are, so they may be nothing but names."""
    if not _NAME.fullmatch(name):
        raise EngineError(BAD_REQUEST, "A key of the URL is not the name of a setting.")


def _read_keys(path: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(path).query, keep_blank_values=True, max_num_fields=_KEYS_LIMIT)
    except ValueError:
        raise EngineError(BAD_REQUEST, f"The URL is not understood, or has more than {_KEYS_LIMIT} keys.") from None


def _read_user(headers: Message, keys: Mapping[str, str], tokens: Mapping[str, str]) -> str:
    user, password = _read_credentials(headers, keys)
    expected = tokens.get(user, "")
    if not expected or not hmac.compare_digest(password.encode(), expected.encode()):
        raise EngineError(AUTHENTICATION_FAILED, "Authentication failed: no such user, or a wrong password.")
    return user


def _read_credentials(headers: Message, keys: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = b64decode(value, validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError):
            return "", ""
        return user, password
    if "X-ClickHouse-User" in headers:
        return headers["X-ClickHouse-User"], headers.get("X-ClickHouse-Key", "")
    return keys.get("user", ""), keys.get("password", "")


def read_body(stream: BufferedIOBase, headers: Message) -> Iterator[bytes]:
    """The body, decoded, in pieces. Raises `BodyCut` when it ends too early."""
    chunked = headers.get("Transfer-Encoding", "").lower() == "chunked"
    raw = _read_chunked(stream) if chunked else _read_sized(stream, _length(headers))
    return engine_codings.decoded(raw, headers.get("Content-Encoding", "").lower())


def _length(headers: Message) -> int:
    text = headers.get("Content-Length", "0")
    if not text.isdecimal():
        raise EngineError(BAD_REQUEST, "Content-Length is not a number.")
    return int(text)


def _read_sized(stream: BufferedIOBase, left: int) -> Iterator[bytes]:
    while left:
        piece = stream.read(min(left, _READ_BYTES))
        if not piece:
            raise BodyCut
        left -= len(piece)
        yield piece


def _read_chunked(stream: BufferedIOBase) -> Iterator[bytes]:
    while size := _chunk_size(stream):
        yield from _read_sized(stream, size)
        stream.readline(_CHUNK_LINE_BYTES)
    while stream.readline(_CHUNK_LINE_BYTES).strip():
        pass  # trailers


def _chunk_size(stream: BufferedIOBase) -> int:
    line = stream.readline(_CHUNK_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise BodyCut
    try:
        return int(line.split(b";")[0], 16)
    except ValueError:
        raise EngineError(BAD_REQUEST, "A chunk of the body has no size.") from None


def read_all(pieces: Iterator[bytes], limit_bytes: int) -> bytes:
    """The rest of the body as one text, up to a limit."""
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > limit_bytes:
            raise EngineError(TOO_LARGE, f"The statement is larger than {limit_bytes} bytes.")
    return bytes(whole)


def read_form(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of a multipart form: `query` and `param_` keys. External tables are not spoken here."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    fields = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() and name != "query" and not str(name).startswith("param_"):
            raise EngineError(NOT_IMPLEMENTED, "External tables are not spoken here; put the rows into a table.")
        check_name(str(name))
        fields[str(name)] = bytes(cast(bytes, part.get_payload(decode=True))).decode()
    return fields
