"""Pages for people, made of templates. No script at all; every form carries the token of its session.

May not: ask the warehouse or touch a disk but for the package's own templates; it is handed what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, Response

from gateway.web.admin.routes import Call

_ENVIRONMENT = Environment(
    loader=PackageLoader("gateway.web"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
)


def page(template: str, status: int = 200, headers: Mapping[str, str] | None = None, **shown: Any) -> Response:
    """The page of that template."""
    told = _ENVIRONMENT.get_template(f"{template}.html").render({"who": None, "form": "", **shown})
    return HTMLResponse(told, status, dict(headers or {}))


#: Style sheets, by the name that pages know them by.
_STYLES = {
    "pages.css": files("gateway.web").joinpath("static", "pages.css").read_bytes(),
    "report.css": files("gateway.reports.shown").joinpath("page.css").read_bytes(),
}


async def style(call: Call) -> Response:
    """One of the style sheets."""
    return Response(_STYLES[call.request.url.path.rpartition("/")[2]], media_type="text/css")


async def alive(_call: Call) -> Response:
    """`/healthz`."""
    return Response(b"ok\n", media_type="text/plain")
