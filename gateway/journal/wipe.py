"""Zeros over a key that nobody uses any more, so that freed memory does not keep it.

May not: touch what is not as long as a key; CPython shares short bytes between their users.
Why ctypes: `bytes` cannot be changed from Python, and HKDF returns nothing else. Another interpreter lays them out
differently; there nothing is done, and freed memory keeps its bytes until it is used again.
"""

from __future__ import annotations

import ctypes
import sys

from gateway.journal.keyfolder import KEY_BYTES

_IS_CPYTHON = sys.implementation.name == "cpython"

#: Where the bytes of the object begin; its last byte is a zero that C wants.
_BEGIN = bytes.__basicsize__ - 1


def wipe(secret: bytes | None) -> None:
    """The object's bytes are zeros from now on. Whoever still holds it holds zeros."""
    if _IS_CPYTHON and secret is not None and len(secret) == KEY_BYTES:
        ctypes.memset(id(secret) + _BEGIN, 0, KEY_BYTES)
