"""Bytes as they are over a socket, and what comes back: for what no client would send."""

from __future__ import annotations

import contextlib
import re
import socket
from urllib.parse import urlsplit

#: What comes back where nothing does, and the connection stays open.
SILENCE = b"silence"

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n")


def connect(url: str, source: str = "", seconds: float = 5.0) -> socket.socket:
    """A connection to where that URL leads, from that address of ours."""
    parts = urlsplit(url)
    address = parts.hostname or "", parts.port or 80
    return socket.create_connection(address, seconds, (source, 0) if source else None)


def raw(url: str, sent: bytes, seconds: float = 5.0) -> bytes:
    """What comes back for those very bytes, up to the end of the first head, or silence for so long."""
    with connect(url, seconds=seconds) as wire:
        _send(wire, sent)
        answer = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in answer and (block := wire.recv(65536)):
                answer += block
        return answer


def everything(url: str, sent: bytes, source: str = "", silence_s: float = 0.25) -> bytes:
    """All that comes back, until the other side closes or is silent for so long."""
    with connect(url, source) as wire:
        _send(wire, sent)
        answer = b""
        try:
            while block := wire.recv(1 << 20):
                answer += block
                wire.settimeout(silence_s)
        except TimeoutError:
            return answer or SILENCE
        except OSError:
            pass
        return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def statuses_of(answer: bytes) -> list[int]:
    """The statuses of all answers in it."""
    return [int(found) for found in _STATUS.findall(answer)]


def _send(wire: socket.socket, sent: bytes) -> None:
    with contextlib.suppress(OSError):  # Why: what is refused half-way has been answered
        wire.sendall(sent)
