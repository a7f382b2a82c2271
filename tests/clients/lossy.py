"""A gateway whose first answer to facts is lost on the way back: the client hears 503 of what is durable already.

May not: change a request, or any later answer. This is what makes clients send twice; see the facts on protocols, 6.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_HOP_BY_HOP = frozenset(("connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"))


class LossyGateway(ThreadingHTTPServer):
    """Passes everything on to `gateway`. `facts` is how many it told of, lost answers included."""

    def __init__(self, gateway: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.gateway = urlsplit(gateway).netloc
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.facts = 0
        self._lock = threading.Lock()

    def loses(self, outcome: str) -> bool:
        """Whether this answer is the one that is lost: the first that tells of facts."""
        told = re.match(r"facts=(\d+)", outcome)
        with self._lock:
            before, self.facts = self.facts, self.facts + (int(told[1]) if told else 0)
            return before == 0 < self.facts


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LossyGateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with contextlib.closing(http.client.HTTPConnection(self.server.gateway, timeout=15)) as gateway:
            gateway.request(self.command, self.path, body, dict(self.headers))
            answer = gateway.getresponse()
            said = answer.read()
        is_lost = self.server.loses(answer.getheader("X-Gateway-Outcome", ""))
        self.send_response(503 if is_lost else answer.status)
        for name, text in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, text)
        self.send_header("Content-Length", "0" if is_lost else str(len(said)))
        self.end_headers()
        self.wfile.write(b"" if is_lost else said)

    do_GET = do_POST
    do_OPTIONS = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@contextlib.contextmanager
def losing(gateway: str) -> Iterator[LossyGateway]:
    """A lossy gateway for the block."""
    with LossyGateway(gateway) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
