"""Decompression with a bound."""

from __future__ import annotations

import gzip
import zlib

import pytest

from gateway.intake.inflate import inflate
from gateway.words import Refusal

TEXT = b'{"events":[]}' * 10


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, b""),
        (TEXT, b"identity"),
        (gzip.compress(TEXT, mtime=0), b"gzip"),
        (gzip.compress(TEXT, mtime=0), b""),  # posthog-js gives no sign
        (zlib.compress(TEXT), b"deflate"),
        (TEXT, b"gzip"),  # inflated by a proxy that left the header
    ],
)
def test_a_body_is_read_as_it_was_meant(body: bytes, encoding: bytes) -> None:
    assert inflate(body, encoding, 1000) == TEXT


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, gzip", b"\xff"])
def test_an_encoding_that_is_not_spoken_is_refused(encoding: bytes) -> None:
    assert inflate(gzip.compress(TEXT), encoding, 1000) is Refusal.ENCODING_UNKNOWN


@pytest.mark.parametrize("cut", [3, 12, -1])
def test_a_stream_cut_short_is_unreadable(cut: int) -> None:
    assert inflate(gzip.compress(TEXT)[:cut], b"gzip", 1000) is Refusal.BODY_UNREADABLE


def test_a_bomb_is_not_inflated_past_its_limit() -> None:
    assert inflate(gzip.compress(b" " * 50_000_000), b"gzip", 1000) is Refusal.BODY_TOO_LARGE


def test_the_limit_itself_is_let_in() -> None:
    assert inflate(gzip.compress(b"x" * 1000), b"gzip", 1000) == b"x" * 1000
    assert inflate(gzip.compress(b"x" * 1001), b"gzip", 1000) is Refusal.BODY_TOO_LARGE
