"""The embedded store: chDB on one folder, one handle per statement, errors with codes, ids of what runs.

The only module that may import chdb, and only the engine's process may import this one: chDB takes 300 MB, starts
threads, and lets one process hold its folder.

Not: `send_insert`. It says OK for inserts that failed (measured: CHECK, a failing view, memory limit). `query` raises.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from gateway.warehouse.engine_errors import BAD_REQUEST, SAME_ID_RUNNING, TOO_MANY_QUERIES, ChdbError, EngineError
from gateway.warehouse.engine_statements import quote, read_tokens, with_query_ids

#: Formats whose blocks may be written one after the other. The rest have a head or a tail, and are answered whole.
STREAMED = frozenset(
    {
        "native",
        "tsv",
        "tabseparated",
        "tsvraw",
        "tabseparatedraw",
        "csv",
        "rowbinary",
        "jsoneachrow",
        "ndjson",
        "jsonlines",
    }
)
_STREAMING_WORDS = frozenset({b"SELECT", b"WITH", b"FROM"})
_READERS_AT_ONCE, _WRITERS_AT_ONCE, _WAIT_FOR_A_TURN_S = 8, 4, 20.0
_GIB = 1024**3


class Statement(NamedTuple):
    """One statement, ready to run: whose it is, its text, its id, and the SETs that go before it."""

    sql: bytes
    query_id: str
    database: str
    format: str
    settings: Mapping[str, str]
    writes: bool

    @property
    def selects(self) -> bool:
        """Whether it may be streamed: SHOW, DESCRIBE and EXISTS read too, but chDB answers them whole."""
        first = next(read_tokens(self.sql), None)
        return not self.writes and first is not None and (first.text == b"(" or first.text.upper() in _STREAMING_WORDS)


class Result(NamedTuple):
    """What came of it: the first block, the blocks after it, and the counts so far."""

    first: bytes
    rest: Generator[bytes, None, None]
    summary: dict[str, str]


def memory_limit_bytes() -> int:
    """Half of the machine's memory, at least 1 and at most 4 GiB: a laptop has other things to do."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(_GIB, min(4 * _GIB, total // 2))


class Store:
    """chDB on `folder`. Open it once per process; `close()` when nothing runs any more."""

    def __init__(self, folder: Path) -> None:
        self._chdb = _import_chdb()
        limits = f"max_server_memory_usage={memory_limit_bytes()}&mark_cache_size={64 * 1024**2}&background_pool_size=2"
        self._path = f"{folder}?{limits}"
        self._root = self._open()  # held open: chDB shuts down with its last handle
        self._running: dict[str, bool] = {}
        self._lock = threading.Lock()
        self._readers = threading.BoundedSemaphore(_READERS_AT_ONCE)
        self._writers = threading.BoundedSemaphore(_WRITERS_AT_ONCE)

    def close(self) -> None:
        self._root.close()

    def running(self) -> list[str]:
        """Query ids from their first byte to their last, waiting ones included."""
        with self._lock:
            return list(self._running)

    @contextmanager
    def registered(self, query_id: str, writes: bool) -> Iterator[None]:
        """Makes the id visible in `system.processes` from now on; a second one with the same id is refused."""
        with self._lock:
            if query_id in self._running:
                raise EngineError(SAME_ID_RUNNING, f"Query with id = {query_id} is already running.")
            self._running[query_id] = writes
        try:
            yield
        finally:
            with self._lock:
                del self._running[query_id]

    def classify(self, sql: bytes) -> tuple[str, int]:
        """(READ_ONLY | MUTATING | CONTROL | ..., number of statements). By chDB's own parser, without running it."""
        report = self._root._conn.classify_query(_text(sql), "gateway")
        return report["query_class"].name, report["statement_count"]

    def ask(self, sql: str) -> str:
        """A statement of the engine itself, answered as TSV."""
        try:
            return bytes(self._root._conn.query(sql, "TSVRaw").bytes()).decode()
        except RuntimeError as error:
            raise ChdbError(str(error)) from None

    def command(self, sql: str) -> None:
        """A statement of the engine itself that has no answer."""
        self.ask(sql)

    def rows(self, sql: str) -> list[list[str]]:
        """The rows of a statement of the engine itself."""
        return [line.split("\t") for line in self.ask(sql).splitlines()]

    def kill(self, readers_only: bool) -> None:
        """Ends what runs: the readers, or everybody."""
        with self._lock:
            ids = [query_id for query_id, writes in self._running.items() if not (writes and readers_only)]
        if ids:
            self.ask(f"KILL QUERY WHERE Settings['log_comment'] IN ({','.join(map(quote, ids))}) ASYNC")

    @contextmanager
    def run(self, statement: Statement) -> Iterator[Result]:
        """Runs it on a handle of its own, so that its settings are its own. Raises `EngineError`."""
        with self._turn(statement.writes):
            handle = self._open()
            try:
                result = self._execute(handle, statement)
                with closing(result.rest):
                    yield result
            except RuntimeError as error:
                raise ChdbError(str(error)) from None
            finally:
                handle.close()

    @contextmanager
    def _turn(self, writes: bool) -> Iterator[None]:
        turns = self._writers if writes else self._readers
        if not turns.acquire(timeout=_WAIT_FOR_A_TURN_S):
            raise EngineError(TOO_MANY_QUERIES, "Too many simultaneous queries; try again in a few seconds.")
        try:
            yield
        finally:
            turns.release()

    def _execute(self, handle: Any, statement: Statement) -> Result:
        if statement.database:
            handle._conn.query("USE " + "`" + statement.database.replace("\\", "\\\\").replace("`", "\\`") + "`")
        sets = [f"{name} = {quote(value)}" for name, value in statement.settings.items()]
        handle._conn.query("SET " + ", ".join([f"log_comment = {quote(statement.query_id)}", *sets]))
        sql = _text(with_query_ids(statement.sql, self.running()))
        if statement.format.lower() not in STREAMED or not statement.selects:
            return _whole(handle._conn.query(sql, statement.format))
        return _stream(handle._conn, sql, statement.format)

    def _open(self) -> Any:
        try:
            return self._chdb.connect(self._path)
        except RuntimeError as error:
            raise ChdbError(str(error)) from None


def _import_chdb() -> Any:
    # Why: chdb imports pyarrow when it finds it, for conversions that the engine never does: 0.5 s and 60 MB.
    sys.modules.setdefault("pyarrow", None)  # type: ignore[arg-type]
    try:
        import chdb  # noqa: PLC0415  # only this process, and only when it is the engine
    except ImportError:
        raise EngineError(BAD_REQUEST, "chDB is not installed: pip install 'edge-tracking-gateway[embedded]'") from None
    return chdb


def _text(sql: bytes) -> str:
    try:
        return sql.decode()
    except UnicodeDecodeError:
        raise EngineError(BAD_REQUEST, "The statement is not UTF-8 text.") from None


def _whole(result: Any) -> Result:
    summary = {
        "read_rows": str(result.storage_rows_read()),
        "read_bytes": str(result.storage_bytes_read()),
        "written_rows": str(result.rows_written()),
        "written_bytes": str(result.bytes_written()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
    }
    return Result(bytes(result.bytes()), _nothing(), summary)


def _stream(connection: Any, sql: str, format_name: str) -> Result:
    stream = connection.send_query(sql, format_name)
    block = connection.streaming_fetch_result(stream)
    first = bytes(block.bytes())
    rest = _blocks(connection, stream) if block.rows_read() else _nothing()
    return Result(first, rest, {})


def _nothing() -> Generator[bytes, None, None]:
    yield from ()


def _blocks(connection: Any, stream: Any) -> Generator[bytes, None, None]:
    ended = False
    try:
        while True:
            block = connection.streaming_fetch_result(stream)
            if not block.rows_read():
                ended = True
                return
            yield bytes(block.bytes())
    except RuntimeError:
        ended = True
        raise
    finally:
        if not ended:
            connection.streaming_cancel_query(stream)
