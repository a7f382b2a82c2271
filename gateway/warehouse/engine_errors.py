"""Errors of the engine, as a ClickHouse server would tell them: a code, a name, a sentence, an HTTP status.

May not import chdb; its errors are text, and this is the one place that reads it.
"""

from __future__ import annotations

import re

_CODE = re.compile(r"Code:\s*(\d+)")
_FROM = re.compile(r"^(?:Code:\s*\d+\.\s*)?(?:DB::Exception:\s*)+")
_AGAIN = re.compile(r"\s*(\([A-Z_]+\))(?:\.?\s*\1)+")
_URL = re.compile(r"\s*\(for url [^)]*\)\s*$|\s*\(version [^()]*(?:\([^()]*\))?\)")
#: A chDB error repeats itself when it passes two layers: "Code: 115. DB::Exception: Code: 115. DB::Exception: ...".
_REPEATED = re.compile(r"^(?:Code:\s*\d+\.\s*DB::Exception:\s*)+(?=Code:)")

# Source: ClickHouse src/Server/HTTPHandler.cpp, exceptionCodeToHTTPStatus, read 2026-10.
_STATUS = {
    **dict.fromkeys((193, 194), 401),
    **dict.fromkeys((192, 291, 497, 516, 511), 403),
    **dict.fromkeys((6, 26, 27, 36, 38, 41, 43, 44, 53, 62, 69, 70, 72, 117, 130, 131, 164, 386), 400),
    **dict.fromkeys((16, 46, 47, 50, 56, 60, 63, 73, 81, 115), 404),
    **dict.fromkeys((39, 1301), 413),
    48: 501,
    **dict.fromkeys((202, 439, 209), 503),
}

READONLY, AUTHENTICATION_FAILED, SYNTAX_ERROR, NOT_IMPLEMENTED = 164, 516, 62, 48
UNKNOWN_FORMAT = 73
TOO_MANY_QUERIES, SAME_ID_RUNNING, BAD_REQUEST, NOT_ENOUGH_SPACE, TOO_LARGE = 202, 216, 36, 243, 39
ABORTED = 236
_NAMES = {
    READONLY: "READONLY",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    SYNTAX_ERROR: "SYNTAX_ERROR",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    TOO_MANY_QUERIES: "TOO_MANY_SIMULTANEOUS_QUERIES",
    SAME_ID_RUNNING: "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
    BAD_REQUEST: "BAD_ARGUMENTS",
    NOT_ENOUGH_SPACE: "NOT_ENOUGH_SPACE",
    TOO_LARGE: "TOO_LARGE_STRING_SIZE",
    ABORTED: "ABORTED",
    UNKNOWN_FORMAT: "UNKNOWN_FORMAT",
}


class EngineError(Exception):
    """What a client of the engine is told. `str()` is the body of the answer."""

    def __init__(self, code: int, sentence: str) -> None:
        self.code = code
        self.status = _STATUS.get(code, 500)
        super().__init__(f"Code: {code}. DB::Exception: {sentence} ({_NAMES[code]})" if code in _NAMES else sentence)


class ChdbError(EngineError):
    """The engine's own words, as chDB raised them."""

    def __init__(self, text: str) -> None:
        found = _CODE.findall(text)
        super().__init__(0, _REPEATED.sub("", text.strip()))
        self.code = int(found[-1]) if found else 1001  # STD_EXCEPTION: an error without a code
        self.status = _STATUS.get(self.code, 500)


def sentence_of(text: str) -> str:
    """ClickHouse's own sentence and the error's name, out of what a driver wrapped around it."""
    text = text.partition("server response: ")[2] or text
    text = text.partition("Stack trace")[0]
    text = _URL.sub("", text)
    text = _FROM.sub("", text)
    return " ".join(_AGAIN.sub(r" \1", text).split())


def late_sentence(end: bytes) -> str:
    """The sentence of an error that came after rows, out of the last bytes of an answer that broke off."""
    _, mark, told = end.decode(errors="replace").partition("__exception__")
    text = told.strip().partition("\n")[2].partition("__exception__")[0]
    return sentence_of(text.strip().rpartition("\n")[0]) if mark else "the answer broke off"
