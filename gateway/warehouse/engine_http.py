"""The subset of ClickHouse's HTTP interface that clickhouse-connect, curl, DBeaver and Grafana need, over the store.

May be called by holders of a token on loopback; may not decide what a reader may do (engine_barrier) nor touch chDB
itself (engine_store).

GET and POST on `/` with `query` in the URL, the body, or both; `/ping`. Every other key of the URL is a setting or a
`param_`. Users: `gateway` may do everything, `analyst` may read. Authorization Basic, X-ClickHouse-User and -Key, or
`user` and `password` in the URL.

For the loader: `query_id` of the URL is the `query_id` in `system.processes` (`Settings['log_comment']` there), from
the first byte of the request until its statement ended, even if its sender is gone. So
`SELECT count() FROM system.processes WHERE query_id LIKE '...'` is a fence. A second request with an id that runs is
refused with code 216. A request whose body is cut short is never run.

Not: sessions (`session_id` is accepted and means nothing), external tables, native-protocol compression (`compress=1`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from socketserver import TCPServer
from threading import BoundedSemaphore
from typing import Any, cast
from urllib.parse import urlsplit

from gateway.warehouse.engine_barrier import Barrier
from gateway.warehouse.engine_codings import encoded
from gateway.warehouse.engine_endpoint import READER
from gateway.warehouse.engine_errors import ABORTED, AUTHENTICATION_FAILED, READONLY, UNKNOWN_FORMAT, EngineError
from gateway.warehouse.engine_request import Ask, BodyCut, read_all, read_ask, read_body, read_form
from gateway.warehouse.engine_rows import RowFiles
from gateway.warehouse.engine_statements import find_format, find_insert
from gateway.warehouse.engine_store import Result, Statement, Store

_CONNECTIONS = 128
_IDLE_S = 60
_HEAD_BYTES = 256 * 1024  # an INSERT's SQL before its rows; ClickHouse's own max_query_size
_STATEMENT_LIMIT_BYTES = 64 * 1024 * 1024
_READER_LIMIT_BYTES = 256 * 1024
#: What the client splits a late error from the rows by. Source: ClickHouse WriteBufferFromHTTPServerResponse, 25.11.
_TAG = "gatewaygatewaygw"


class EngineServer(ThreadingHTTPServer):
    """Listens on loopback. `draining` refuses new statements while the last ones end."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, store: Store, rows: RowFiles, tokens: Mapping[str, str], barrier: Barrier) -> None:
        self.store, self.rows, self.tokens, self.barrier = store, rows, tokens, barrier
        self.timezone = store.ask("SELECT timezone()").strip()
        self.draining = False
        self._free = BoundedSemaphore(_CONNECTIONS)
        super().__init__(("127.0.0.1", port), Exchange)

    def server_bind(self) -> None:
        """Without the base class's look-up of our own name: it asks DNS, and may wait for it."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is no error of ours; everything else goes to stderr, as the base class does it."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Exchange(BaseHTTPRequestHandler):
    """One connection: requests come in, answers go out, one after the other."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gateway-engine", ""
    timeout = _IDLE_S
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def engine(self) -> EngineServer:
        return cast(EngineServer, self.server)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a request line may hold a token."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path in ("/ping", "/") and "query=" not in url.query:
            self._send(200, {"Content-Type": "text/html; charset=UTF-8"}, [b"Ok.\n"])
        else:
            self.do_POST()

    do_HEAD = do_GET

    def do_POST(self) -> None:
        try:
            self._answer()
        except EngineError as error:
            self._send_error(error)
        except BodyCut:
            self.close_connection = True

    def _answer(self) -> None:
        if self.engine.draining:
            raise EngineError(ABORTED, "The engine is stopping.")
        ask = read_ask(self.path, self.headers, self.command, self.engine.tokens)
        with ExitStack() as stack:
            stack.enter_context(self.engine.store.registered(ask.query_id, ask.user != READER))
            statement = self._read_statement(ask, stack)
            result = stack.enter_context(self.engine.store.run(statement))
            self._send_result(ask, statement, result)

    def _read_statement(self, ask: Ask, stack: ExitStack) -> Statement:
        """The body read to its end, the rows of an INSERT put into a file that lives as long as `stack`."""
        body = read_body(cast(Any, self.rfile), self.headers)
        if self.headers.get_content_maintype() == "multipart":
            ask, body = self._with_form(ask, read_all(body, _STATEMENT_LIMIT_BYTES)), iter(())
        if ask.user == READER:
            return self._for_reader(ask, _joined(ask.query, read_all(body, _READER_LIMIT_BYTES)))
        head = _joined(ask.query, _read_head(body))
        insert = find_insert(head)
        if insert is None:
            return self._for_writer(ask, head + read_all(body, _STATEMENT_LIMIT_BYTES))
        rows = chain((head[insert.rows_from :],), body)
        return self._for_writer(ask, insert.over(stack.enter_context(self.engine.rows.holding(rows))))

    def _with_form(self, ask: Ask, body: bytes) -> Ask:
        fields = read_form(body, self.headers["Content-Type"])
        query = fields.pop("query", "").encode()
        return ask._replace(query=_joined(ask.query, query), settings={**ask.settings, **fields})

    def _for_reader(self, ask: Ask, sql: bytes) -> Statement:
        settings = self.engine.barrier.settings(ask.settings)
        self.engine.barrier.check(sql)
        return Statement(sql, ask.query_id, ask.database, _format(ask, sql), settings, writes=False)

    def _for_writer(self, ask: Ask, sql: bytes) -> Statement:
        kind, _ = self.engine.store.classify(sql)
        writes = kind != "READ_ONLY"
        if writes and ask.only_reads:
            raise EngineError(READONLY, "GET only reads (readonly mode); use POST to change anything.")
        return Statement(sql, ask.query_id, ask.database, _format(ask, sql), ask.settings, writes)

    def _send_result(self, ask: Ask, statement: Statement, result: Result) -> None:
        headers = self._headers_of(ask.query_id)
        if result.summary:
            headers["X-ClickHouse-Summary"] = json.dumps(result.summary)
        if result.first or not statement.writes:  # a statement without a result says so by having no format
            headers["X-ClickHouse-Format"] = statement.format
        second = next(result.rest, b"")
        blocks = filter(None, (result.first, second))
        if not second:
            self._send(200, headers, encoded(blocks, ask.encoding), ask.encoding)
        else:
            self._send_stream(headers, _Blocks(chain(blocks, result.rest)), ask.encoding)

    def _headers_of(self, query_id: str) -> dict[str, str]:
        return {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-ClickHouse-Server-Display-Name": "gateway",
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Timezone": self.engine.timezone,
            "X-ClickHouse-Exception-Tag": _TAG,
        }

    def _send_error(self, error: EngineError) -> None:
        """The error as the answer. The rest of the body is not read, so the connection ends with it."""
        self.close_connection = True
        headers = {"Content-Type": "text/plain; charset=UTF-8", "X-ClickHouse-Exception-Code": str(error.code)}
        if error.code == AUTHENTICATION_FAILED and "Authorization" not in self.headers:
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse"'
        self._send(error.status, headers, [f"{error}\n".encode()])

    def _send(self, status: int, headers: Mapping[str, str], blocks: Iterable[bytes], encoding: str = "") -> None:
        body = b"".join(blocks)
        self._send_head(status, {**headers, "Content-Length": str(len(body))}, encoding)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_stream(self, headers: Mapping[str, str], blocks: _Blocks, encoding: str) -> None:
        chunked = self.request_version != "HTTP/1.0"
        self._send_head(200, {**headers, "Transfer-Encoding": "chunked"} if chunked else headers, encoding)
        for block in encoded(blocks, encoding):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked and not blocks.failed:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = self.close_connection or blocks.failed or not chunked

    def _send_head(self, status: int, headers: Mapping[str, str], encoding: str) -> None:
        self.send_response(status)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        for name, value in headers.items():
            self.send_header(name, value.replace("\r", " ").replace("\n", " "))
        self.end_headers()


def _format(ask: Ask, sql: bytes) -> str:
    """The format of the answer. Names of chDB's own (dataframes of Python) are none of ClickHouse's."""
    name = find_format(sql) or ask.format
    if not name.isalnum() or name.lower() in ("arrowtable", "dataframe", "datastore", "debug"):
        raise EngineError(UNKNOWN_FORMAT, f"Unknown format {name}.")
    return name


def _joined(query: bytes, body: bytes) -> bytes:
    return query + b"\n" + body if query and body else query or body


def _read_head(body: Iterator[bytes]) -> bytes:
    """Enough of the body to hold an INSERT's SQL; the rows go on in `body`."""
    head = b""
    while len(head) < _HEAD_BYTES:
        piece = next(body, None)
        if piece is None:
            break
        head += piece
    return head


class _Blocks:
    """The blocks, and where one fails, the error in the form that clients look for: the status line is long gone.

    A failed answer has no last chunk, so that those who do not look for it know that something is missing.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self.failed = blocks, False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._blocks
        except RuntimeError as error:  # chDB's own type
            self.failed = True
            text, tag = str(error).encode(), _TAG.encode()
            yield b"\r\n__exception__\r\n%b\r\n%b\n%d %b\r\n__exception__\r\n" % (tag, text, len(text) + 1, tag)
