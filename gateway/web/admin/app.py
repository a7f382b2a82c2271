"""The ASGI application of the private port: the table of routes, the guard before it, safe headers on every answer.

May not: listen; answer anybody whom the guard does not let through. Only `/healthz` is called by any name.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import quote

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.log import where
from gateway.web.access.guard import Guard, Turned
from gateway.web.admin.pages import page
from gateway.web.admin.powers import Unable, Wrong
from gateway.web.admin.routes import Entry, walk

_log = logging.getLogger("gateway.admin")

_CSP = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _CSP),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
#: Source: RFC 6797; half a year. Only behind TLS, where it means something.
_HSTS = (b"strict-transport-security", b"max-age=15768000")


class Before:
    """What every request passes: the name that it calls, the page that it comes from; and what every answer carries."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        headers = [*_HEADERS, _HSTS] if self._guard.is_secure(request) else _HEADERS

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        try:
            if scope["path"] != "/healthz":
                self._guard.check_name(request)
            self._guard.check_source(request)
        except Turned as turned:
            await turn(request, turned)(scope, receive, send_safely)
        else:
            await self._app(scope, receive, send_safely)


def admin_app(entries: Iterable[Entry], guard: Guard) -> ASGIApp:
    """The application of these entries."""
    by_path: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        by_path.setdefault(entry.path, {})[entry.method] = entry
    routes = [Route(path, _endpoint(methods, guard), methods=list(methods)) for path, methods in by_path.items()]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _unknown, Exception: _fault})
    app.router.redirect_slashes = False
    return Before(app, guard)


def turn(request: Request, turned: Turned) -> Response:
    """The answer to what is turned away: a page for people, a problem for programs. Source: RFC 9457."""
    headers = {"retry-after": str(turned.wait_s)} if turned.wait_s else {}
    path = request.url.path
    if path.startswith("/api/") or path == "/metrics":
        if turned.status == 401:
            headers["www-authenticate"] = "Bearer"
        told = orjson.dumps({"title": turned.sentence, "status": turned.status})
        return Response(told, turned.status, headers, "application/problem+json")
    if turned.status == 401 and request.method in ("GET", "HEAD"):
        return RedirectResponse(f"/login?next={quote(path, safe='/')}", 303)
    return page("message", turned.status, headers, title="Not like this", sentence=turned.sentence)


def _endpoint(methods: Mapping[str, Entry], guard: Guard) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await walk(methods["GET" if request.method == "HEAD" else request.method], guard, request)
        except Turned as turned:
            return turn(request, turned)
        except Wrong as wrong:
            return turn(request, Turned(400, str(wrong)))
        except Unable as unable:
            return turn(request, Turned(503, str(unable), 5))

    return endpoint


async def _fault(request: Request, error: Exception) -> Response:
    """Our own mistake, told by its kind and place; what it says may quote what somebody gave."""
    _log.error("an answer failed: %s", where(type(error), error.__traceback__))
    return turn(request, Turned(500, "This gateway made a mistake; its log says where."))


async def _unknown(request: Request, error: Exception) -> Response:
    """404 and 405. Why not what the exception says: it may quote the path."""
    assert isinstance(error, HTTPException)
    sentence = "There is nothing here." if error.status_code == 404 else "Not by that method."
    answer = turn(request, Turned(error.status_code, sentence))
    answer.headers.update(error.headers or {})
    return answer
