"""No memory on disk: what a process holds of people and keys may not be written by its own death.

May not: do anything else; every `gateway` process calls this before it does anything.

Rules
    1. Core dumps are limited to zero, hard, so that no child may raise the limit again.
    2. faulthandler is off, whatever the environment says. Why: one rule is simple to prove.
    3. An exception that nobody catches is told by its type and place, without message and locals; see `gateway.log`.
Not: prctl(PR_SET_DUMPABLE); it would hide /proc/<pid> from the operator's own tools. Who may read a process's memory
is root or the same user already.
"""

from __future__ import annotations

import faulthandler
import resource


def forbid_dumps() -> None:
    """For this process and all that it starts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.disable()
