"""An upstream for tests: a real HTTP server on loopback that answers as told and remembers what it was asked."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

#: A connection that is silent for longer is closed, as upstreams do.
IDLE_S = 2.0


class Asked(NamedTuple):
    """One request as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


class Say(NamedTuple):
    """What to answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Upstream:
    """`answer` may be replaced at any time; `asked` grows."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.url = f"{scheme}://127.0.0.1:{server.server_port}"
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Say] = lambda _: Say()


def _answering(upstream: Callable[[], Upstream]) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE_S

        def _take(self) -> None:
            announced = int(self.headers.get("content-length", 0))
            body = self.rfile.read(announced)
            if len(body) < announced:  # whoever asked was killed half-way: nothing was asked, as at any server
                self.close_connection = True
                return
            asked = Asked(self.command, self.path, list(self.headers.items()), body)
            upstream().asked.append(asked)
            said = upstream().answer(asked)
            self.send_response(said.status)
            for name, text in said.headers.items():
                self.send_header(name, text)
            self.send_header("content-length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST = _take

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # whoever asked has gone
                super().handle()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Answering


@contextlib.contextmanager
def serving_upstream(context: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Upstream]:
    """An upstream for the block; with a context it speaks TLS."""
    made: list[Upstream] = []
    server = ThreadingHTTPServer(("127.0.0.1", port), _answering(lambda: made[0]))
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    made.append(Upstream(server, "https" if context else "http"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made[0]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
