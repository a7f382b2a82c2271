"""The quick ways of reading queries agree with the plain ones, on anything."""

from __future__ import annotations

import random
from urllib.parse import unquote

from gateway.intake.urlencoded import decode, number, read_plain_query, read_raw_pairs

PIECES = (
    "%",
    "%2",
    "%zz",
    "%41",
    "%C3%BC",
    "%c3",
    "%00",
    "%0A",
    "\n",
    "\r\n",
    "=",
    "==",
    "=41",
    "+",
    "a",
    "ü",
    "&",
    "_",
    "%%41",
    '"',
    "\\",
    "\\n",
)


def samples(rounds: int) -> list[str]:
    source = random.Random(7)
    return ["".join(source.choice(PIECES) for _ in range(source.randint(0, 8))) for _ in range(rounds)]


def test_decoding_agrees_with_the_standard_library_on_anything() -> None:
    for text in samples(20_000):
        assert decode(text) == unquote(text.replace("+", " ")), text


def test_the_quick_reading_of_a_query_is_the_slow_one_or_none() -> None:
    quick = 0
    for text in samples(20_000):
        found = read_plain_query(text.encode())
        if found is not None:
            quick += 1
            assert list(found.items()) == read_raw_pairs(text)
    assert quick > 100


def test_an_ordinary_query_is_read_the_quick_way() -> None:
    assert read_plain_query(b"v=2&en=page_view&dt=%C3%BC+x") == {"v": "2", "en": "page_view", "dt": "%C3%BC+x"}


def test_a_query_that_would_mean_something_else_as_json_is_left_to_the_slow_way() -> None:
    for query in (b'a=1","b":"2', b"a=\\u0031", b"a=1&a=2", b"a%62=1", b"a", b"a=b=c", b"a=\xff", b"a=\x00"):
        assert read_plain_query(query) is None


def test_numbers_are_plain_and_finite() -> None:
    assert [number(text) for text in ("7", "-7", "7.5", "1e3", "0")] == [7, -7, 7.5, 1000.0, 0]
    assert [number(text) for text in ("", "NaN", "inf", "-1e999", "1_0", "x", "²", "0x1")] == [None] * 8
