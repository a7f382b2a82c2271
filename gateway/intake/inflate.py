"""Bodies as sent -> bodies as meant: decompression with a bound, by sign or by first bytes.

May not: inflate past its limit, whatever the bytes promise.
"""

from __future__ import annotations

import zlib

from gateway.words import Refusal

#: First bytes of a gzip stream. Why: posthog-js sends gzip as text/plain without any other sign.
_GZIP_MAGIC = b"\x1f\x8b"

#: Content-Encoding -> zlib window bits. 47 = 32 + 15: zlib or gzip header, detected.
_WINDOWS = {b"gzip": 47, b"x-gzip": 47, b"deflate": 47}

_PLAIN = (b"", b"identity")


def inflate(body: bytes, encoding: bytes, limit_bytes: int) -> bytes | Refusal:
    """The inflated body; ENCODING_UNKNOWN, BODY_TOO_LARGE past `limit_bytes`, BODY_UNREADABLE if it is broken.

    `encoding` is the Content-Encoding header, lower case. A plain body that begins like gzip is gzip. A body said
    to be gzip that is not, is what a server SDK sends behind an inflating proxy: it stays as it is.
    """
    sniffed = body[:2] == _GZIP_MAGIC
    if encoding in _PLAIN:
        return _unpack(body, 47, limit_bytes) if sniffed else body
    if encoding not in _WINDOWS:
        return Refusal.ENCODING_UNKNOWN
    if encoding != b"deflate" and not sniffed:
        return body
    return _unpack(body, _WINDOWS[encoding], limit_bytes)


def _unpack(body: bytes, window: int, limit_bytes: int) -> bytes | Refusal:
    unpacker = zlib.decompressobj(window)
    try:
        text = unpacker.decompress(body, limit_bytes + 1)
    except zlib.error:
        return Refusal.BODY_UNREADABLE
    if len(text) > limit_bytes:
        return Refusal.BODY_TOO_LARGE
    return text if unpacker.eof else Refusal.BODY_UNREADABLE
