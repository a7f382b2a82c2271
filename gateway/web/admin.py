"""The private port: what an operator looks at. Health now; pages for each audience come beside it.

May not: be reached from outside without authentication; it listens on loopback. Shows counts, never a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.metrics import read_snapshots, registry

#: Status of the warehouse as the page shows it: a sentence, and the rows it holds (None if it cannot be asked).
Warehouse = Callable[[], tuple[str, int | None]]

_HEADERS = [
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class SafeHeaders:
    """Adds the headers that every private answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
            await send(message)

        await self._app(scope, receive, send_safely)


class Admin:
    """What the private pages are made of. `began` is Unix seconds."""

    def __init__(self, metrics: Path, warehouse: Warehouse, began: float) -> None:
        self._metrics = metrics
        self._warehouse = warehouse
        self._began = began
        self._pages = Environment(loader=PackageLoader("gateway.web"), autoescape=select_autoescape())

    def status(self) -> dict[str, Any]:
        """Counts over all processes, and whether the warehouse answers."""
        snapshots = read_snapshots(self._metrics)
        say, rows = self._warehouse()
        return {
            "up_seconds": round(time.time() - self._began),
            "facts": _sum(snapshots, "facts"),
            "refused": _sum(snapshots, "refusals"),
            "refusals": _by_reason(snapshots),
            "journal_bytes": sum(s.get("journal_bytes", 0) for s in snapshots),
            "warehouse": say,
            "rows": rows,
        }

    async def page(self, _request: Request) -> Response:
        """`/`: the state of this gateway for a person."""
        status = await run_in_threadpool(self.status)
        return HTMLResponse(self._pages.get_template("health.html").render(status=status))

    async def api_status(self, _request: Request) -> Response:
        """`/api/status`: the same as JSON."""
        return JSONResponse(await run_in_threadpool(self.status))

    async def show_metrics(self, _request: Request) -> Response:
        """`/metrics`: Prometheus text, totals over all processes."""
        text = await run_in_threadpool(generate_latest, registry(self._metrics))
        return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _style(_request: Request) -> Response:
    return Response((Path(__file__).parent / "static" / "pages.css").read_bytes(), media_type="text/css")


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


def admin_app(admin: Admin, hosts: list[str]) -> Starlette:
    """The ASGI application; `hosts` are the names it may be called by. Source: DNS rebinding, OWASP."""
    routes = [
        Route("/", admin.page),
        Route("/healthz", _alive),
        Route("/metrics", admin.show_metrics),
        Route("/api/status", admin.api_status),
        Route("/static/pages.css", _style),
    ]
    guards = [Middleware(SafeHeaders), Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]
    return Starlette(routes=routes, middleware=guards)


def _sum(snapshots: list[dict[str, Any]], key: str) -> int:
    return sum(row[-1] for snapshot in snapshots for row in snapshot.get(key, []))


def _by_reason(snapshots: list[dict[str, Any]]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for snapshot in snapshots:
        for _site, _adapter, reason, count in snapshot.get("refusals", []):
            counts[reason] = counts.get(reason, 0) + count
    return sorted(counts.items(), key=lambda item: -item[1])
