"""Bodies on the wire: gzip, deflate, lz4 and zstd in and out, as ClickHouse's HTTP interface speaks them.

Pure streams of bytes; may not read a socket or a file.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import lz4.frame  # type: ignore[import-untyped]  # no stubs
import zstandard

from gateway.warehouse.engine_errors import BAD_REQUEST, EngineError

#: Content-Encoding -> a fresh decoder with `.decompress(bytes)`, `.eof` and `.unused_data`.
_DECODERS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
    "deflate": lambda: zlib.decompressobj(zlib.MAX_WBITS),
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
}
_BROKEN = (zlib.error, RuntimeError, EOFError, zstandard.ZstdError)


class _Lz4:
    """lz4's frame compressor with the two verbs of the others."""

    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._head = self._frame.begin()

    def compress(self, block: bytes) -> bytes:
        head, self._head = self._head, b""
        return bytes(head) + bytes(self._frame.compress(block))

    def flush(self) -> bytes:
        head, self._head = self._head, b""
        return bytes(head) + bytes(self._frame.flush())


#: Accept-Encoding -> a fresh encoder with `.compress(bytes)` and `.flush()`; the first one accepted is taken.
#: Why this order: on loopback the cheapest one wins.
_ENCODERS: dict[str, Callable[[], Any]] = {
    "lz4": _Lz4,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16),
}


def decoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The body as it was before `Content-Encoding`. Raises `EngineError` for an unknown or a broken one."""
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in _DECODERS:
        raise EngineError(BAD_REQUEST, f"Content-Encoding is none of {', '.join(_DECODERS)}.")
    try:
        yield from _across_frames(chunks, _DECODERS[encoding])
    except _BROKEN:
        raise EngineError(BAD_REQUEST, f"The body is not valid {encoding}, or ends too early.") from None


def _across_frames(chunks: Iterable[bytes], fresh: Callable[[], Any]) -> Iterator[bytes]:
    """All three encodings may hold several frames, one after the other."""
    decoder = None
    for chunk in chunks:
        left = chunk
        while left:
            decoder = fresh() if decoder is None or decoder.eof else decoder
            yield decoder.decompress(left)
            left = decoder.unused_data if decoder.eof else b""
    if decoder is not None and not decoder.eof:
        raise EOFError


def choose(accept: str) -> str:
    """The encoding of the answer for an Accept-Encoding header; empty for none."""
    asked = {part.split(";")[0].strip() for part in accept.lower().split(",")}
    return next((name for name in _ENCODERS if name in asked), "")


def encoded(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The blocks in that encoding, none of them empty."""
    if not encoding:
        yield from filter(None, blocks)
        return
    encoder = _ENCODERS[encoding]()
    for block in blocks:
        if piece := encoder.compress(block):
            yield piece
    yield encoder.flush()
