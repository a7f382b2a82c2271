"""The barrier around people's SQL: what the user `analyst` may not do, whatever the statement looks like.

May not run the statement. Four walls, each closing what the others leave open (measured on chDB 26.9):
1. chDB's parser calls it READ_ONLY, and it is one statement. Closes INSERT, DDL, SET, SYSTEM, KILL, SET ROLE,
   EXECUTE AS, INTO OUTFILE (which `readonly=1` lets through), and two statements in one.
2. No table function that is not known to be harmless, no function that reads files or calls out. `readonly=1` lets the
   *scalar* `file('/etc/passwd')` through, also as `arrayMap(file, ...)` and `* APPLY file`; DESCRIBE opens files; some
   table functions reach out before they are checked. The names are looked for in chDB's own canonical writing of the
   statement, where comments are gone and `"\\x66ile"` is `file`.
3. Settings from the URL: only those of a list that change how an answer looks. In the statement: none; `readonly=1`
   lets those of a subquery through. Keywords are capital letters in the canonical writing.
4. `readonly=1` and the limits, set last, on the statement's own handle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.warehouse.engine_barrier_names import DROPPED, FORBIDDEN, HARMLESS, PRETTY, SETTINGS
from gateway.warehouse.engine_errors import READONLY, SYNTAX_ERROR, ChdbError, EngineError
from gateway.warehouse.engine_statements import quote, read_tokens

if TYPE_CHECKING:
    from gateway.warehouse.engine_store import Store


def limits(seconds: int) -> dict[str, str]:
    """What one statement of a reader may use. `readonly` stands last: after it nothing can be set."""
    return {
        "max_execution_time": str(seconds),
        "timeout_before_checking_execution_speed": "0",
        "max_memory_usage": str(1024**3),
        "max_result_rows": "10000000",
        "max_result_bytes": str(512 * 1024**2),
        "result_overflow_mode": "throw",
        "max_query_size": "262144",
        "allow_introspection_functions": "0",
        "readonly": "1",
    }


class Barrier:
    """The walls, with the list of table functions that this chDB knows."""

    def __init__(self, store: Store, seconds: int) -> None:
        self._store = store
        self._limits = limits(seconds)
        known = {name.lower() for name in store.ask("SELECT name FROM system.table_functions").split()}
        self._tables = (known | FORBIDDEN) - HARMLESS

    def settings(self, asked: Mapping[str, str]) -> dict[str, str]:
        """The settings to run with; raises `EngineError` for one that a reader may not send."""
        for name in asked:
            if name not in SETTINGS | DROPPED and not name.startswith("param_"):
                raise EngineError(READONLY, f"Cannot modify '{name}' setting in readonly mode.")
        kept = {name: value for name, value in asked.items() if name not in DROPPED}
        return {**PRETTY, **kept, **self._limits}

    def check(self, sql: bytes) -> None:
        """Raises `EngineError` unless the statement is one that only reads the warehouse."""
        kind, count = self._store.classify(sql)
        if count == 0:
            self._canonical(sql)  # says where it cannot be read
        if count != 1 or kind != "READ_ONLY":
            raise EngineError(READONLY, "A reader may send one statement, and it may only read.")
        self._check_names(sql)

    def _check_names(self, sql: bytes) -> None:
        before = b""
        for token in reversed(list(read_tokens(self._canonical(sql)))):
            name = token.text.strip(b'`"').decode(errors="replace").lower()
            if token.kind in ("word", "quoted") and (name in FORBIDDEN or (before == b"(" and name in self._tables)):
                raise EngineError(READONLY, f"A reader may not use {name}().")
            if token.text == b"SETTINGS":
                raise EngineError(READONLY, "A reader may not change settings in a statement.")
            before = token.text

    def _canonical(self, sql: bytes) -> bytes:
        """The statement as chDB's parser writes it."""
        try:
            text = sql.decode()
        except UnicodeDecodeError:
            raise EngineError(SYNTAX_ERROR, "The statement is not UTF-8 text.") from None
        try:
            return self._store.ask(f"SELECT formatQuerySingleLine({quote(text)})").encode()
        except EngineError as error:  # it names our question around theirs
            raise ChdbError(f"{str(error).partition(': In scope SELECT formatQuery')[0]} (SYNTAX_ERROR)") from None
