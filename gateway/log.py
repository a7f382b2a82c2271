"""Logs: one JSON object a line on standard error, made of our own words only.

May not: carry a value that came from a hit. An exception is told by its type and the place in our code where it
rose; its message is left out, since messages quote what they choke on.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from types import TracebackType

import orjson

#: Loggers of libraries that log what clients send; their warnings are counted by us instead.
_SILENT = ("uvicorn.access", "uvicorn.error", "clickhouse_connect", "urllib3")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "process": record.processName if record.processName != "MainProcess" else record.name,
            "say": record.getMessage().partition("\n")[0],  # what libraries add below may quote what they choke on
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = where(record.exc_info[0], record.exc_info[2])
        return orjson.dumps(line, default=str).decode()


def where(kind: type[BaseException], trace: TracebackType | None) -> str:
    """`ValueError at gateway/intake/pipeline.py:31`: type and innermost place of ours, no message, no locals."""
    frames = [f for f in traceback.extract_tb(trace) if "gateway" in f.filename or "consent" in f.filename]
    if not frames:
        return kind.__name__
    parts = frames[-1].filename.replace("\\", "/").split("/")
    return f"{kind.__name__} at {'/'.join(parts[-3:])}:{frames[-1].lineno}"


def begin(name: str, level: int = logging.INFO) -> logging.Logger:
    """The logger of one process; call once, at its start."""
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(_Json())
    logging.basicConfig(level=level, handlers=[to_stderr], force=True)
    for noisy in _SILENT:
        logging.getLogger(noisy).setLevel(logging.CRITICAL + 1)
    logger = logging.getLogger(name)
    sys.excepthook = lambda kind, error, trace: _tell_uncaught(logger, kind, error, trace)
    threading.excepthook = lambda told: _tell_uncaught(logger, told.exc_type, told.exc_value, told.exc_traceback)
    sys.unraisablehook = lambda told: _tell_uncaught(logger, told.exc_type, told.exc_value, told.exc_traceback)
    return logger


def _tell_uncaught(
    logger: logging.Logger, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """The last words of a process, a thread or a finaliser. Why: Python's own quote the message, which quotes what it
    choked on, and the `repr` of what ended."""
    if error is not None and not issubclass(kind, (KeyboardInterrupt, SystemExit)):
        logger.critical("ended by an error that nobody expected", exc_info=(kind, error, trace))
