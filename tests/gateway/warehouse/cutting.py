"""A proxy between a client and the warehouse that cuts connections: before the request, in it, or before the answer."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from enum import Enum


class Cut(Enum):
    """Where a connection is cut. What is cut BEFORE_ANSWER has been carried out."""

    NOWHERE = 0
    BEFORE_REQUEST = 1
    IN_REQUEST = 2
    BEFORE_ANSWER = 3


class Proxy:
    """Listens on loopback; `choose` is asked with each request, head and body, where to cut it."""

    def __init__(self, port: int, choose: Callable[[bytes], Cut]) -> None:
        self._target = ("127.0.0.1", port)
        self._choose = choose
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(self._target) as engine:
            while head := client.recv(65536):
                whole = self._rest_of_request(client, head)
                cut = self._choose(whole)
                if cut is Cut.BEFORE_REQUEST:
                    return
                if cut is Cut.IN_REQUEST:
                    engine.sendall(whole[: len(whole) * 2 // 3])
                    return
                engine.sendall(whole)
                answer = self._answer(engine)
                if cut is Cut.BEFORE_ANSWER or not answer:
                    return
                client.sendall(answer)

    @staticmethod
    def _rest_of_request(client: socket.socket, whole: bytes) -> bytes:
        while b"\r\n\r\n" not in whole:
            whole += client.recv(65536)
        return _complete(client, whole)

    @staticmethod
    def _answer(engine: socket.socket) -> bytes:
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = engine.recv(65536)
            if not piece:
                return b""
            answer += piece
        return _complete(engine, answer)


def _complete(source: socket.socket, whole: bytes) -> bytes:
    """Head and body; bodies here have a length or come in chunks."""
    head, _, body = whole.partition(b"\r\n\r\n")
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        while not body.endswith(b"0\r\n\r\n"):
            body += source.recv(65536)
    elif b"content-length:" in lower:
        length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += source.recv(65536)
    return head + b"\r\n\r\n" + body
