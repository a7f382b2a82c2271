"""What an adapter is, and the answers and shared constants that more than one of them gives.

May not: know any protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gateway.intake.hit import Answer, Hit, Reading
from gateway.words import Refusal


class Claim(NamedTuple):
    """A method and path that a protocol is spoken at.

    `path` is exact; ending with `*` it is a prefix, starting with `*` a suffix (`*/g/collect`), `*` alone any path.
    `mark` tells protocols on the same path apart: bytes that must occur in the body, or, after `^`, begin it. Claims
    with a mark are asked before those without, each in the order of the table; any path only with a mark, and last.
    """

    method: str
    path: str
    mark: bytes = b""


class Adapter(NamedTuple):
    """One protocol: its name in tallies and rows, where it is spoken, and how it is read. `read` never raises."""

    name: str
    claims: tuple[Claim, ...]
    read: Callable[[Hit], Reading]


#: A transparent pixel of 43 bytes, what every image endpoint answers.
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
GIF_TYPE = b"image/gif"
JSON_TYPE = b"application/json; charset=utf-8"
TEXT_TYPE = b"text/plain; charset=utf-8"


#: For senders that show an image.
PIXEL = Answer(200, GIF, GIF_TYPE)


def ok(body: bytes, content_type: bytes = JSON_TYPE) -> Answer:
    """200 with what the client's vendor would say."""
    return Answer(200, body, content_type)


def refuse(reason: Refusal, answer: Answer, key: str = "") -> Reading:
    """The reading of a hit that gives nothing but one reason."""
    return Reading(key=key, refusals=[reason], answer=answer)
