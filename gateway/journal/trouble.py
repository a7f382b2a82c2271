"""Why nothing can be made durable just now: a value with a sentence, for 503s, /readyz and the health page.

May not: carry a value of a hit or a path of this machine.
"""

from __future__ import annotations

import errno
from enum import Enum


class Trouble(Enum):
    """The reason, and what to do about it. Each ends by itself once its cause is gone; no restart is needed."""

    DISK_FULL = "the journal's disk is full; free space or let the loader catch up"
    DISK_RESERVE = "free disk space is below disk_reserve_bytes; free space or let the loader catch up"
    BACKLOG = (
        "the backlog has reached journal_limit_bytes; is the loader running, is the warehouse up? See gateway doctor"
    )
    OLD_BACKLOG = (
        "what waits is older than journal_limit_s; is the loader running, is the warehouse up? See gateway doctor"
    )
    READ_ONLY = "the journal's folder cannot be written; check the mount and the owner of the data folder"
    DISK_FAULT = (
        "the journal's disk reports an error; see the kernel log, then replace the disk or move the data folder"
    )
    SLOW_DISK = "the journal's disk does not keep up; hits wait in memory up to a limit"
    CLOSED = "the journal is closed; this process is ending"
    BROKEN = "the journal's writer ended by our own mistake; restart this process and tell us"


class JournalUnavailable(Exception):
    """What was appended is not durable. The sender must hear 503 and send it again."""

    def __init__(self, reason: Trouble) -> None:
        super().__init__(reason.value)
        self.reason = reason


_TROUBLES = {
    errno.ENOSPC: Trouble.DISK_FULL,
    errno.EDQUOT: Trouble.DISK_FULL,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
}


def trouble_of(error: OSError) -> Trouble:
    """What an error of the disk means for the journal."""
    return _TROUBLES.get(error.errno or 0, Trouble.DISK_FAULT)
