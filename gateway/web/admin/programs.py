"""Answers for programs: the same powers as the pages, as JSON.

May not: decide who may ask; the table of routes says that, and the guard has looked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.reports import REPORTS
from gateway.reports.report import Report
from gateway.reports.shown import FORMATS
from gateway.web.access.guard import Turned
from gateway.web.admin.powers import Named, Powers
from gateway.web.admin.routes import JSON, Call


class Programs:
    """The API. `describe` makes its own description, when all entries are known."""

    def __init__(self, powers: Powers, describe: Callable[[], dict[str, Any]]) -> None:
        self._powers, self._describe = powers, describe

    async def description(self, _call: Call) -> Response:
        return _json(self._describe())

    async def status(self, _call: Call) -> Response:
        return _json(await run_in_threadpool(self._powers.status))

    async def metrics(self, _call: Call) -> Response:
        return Response(await run_in_threadpool(self._powers.metrics), media_type=CONTENT_TYPE_LATEST)

    async def reports(self, _call: Call) -> Response:
        return _json({"reports": [_listed(report) for report in REPORTS.values()]})

    async def report(self, call: Call) -> Response:
        name = call.request.url.path.rpartition("/")[2]
        answer = await run_in_threadpool(self._powers.report, name, call.given)
        return Response(FORMATS["json"](answer, ""), media_type=JSON)

    async def policies(self, _call: Call) -> Response:
        return _json({"sites": await run_in_threadpool(self._powers.policies)})

    async def explain(self, call: Call) -> Response:
        given = call.given
        asked = given["site"], given.get("place", []), given.get("signal", [])
        return _json(await run_in_threadpool(self._powers.explain, *asked))

    async def access(self, call: Call) -> Response:
        return _json(await run_in_threadpool(self._powers.access, _named(call)))

    async def erase(self, call: Call) -> Response:
        return _json(await run_in_threadpool(self._powers.erase, _named(call)))

    async def receipt(self, call: Call) -> Response:
        told = await run_in_threadpool(self._powers.receipt, call.given["request"])
        if not told:
            raise Turned(404, "There is no receipt of that request.")
        return _json({"receipt": told})


def _named(call: Call) -> Named:
    given = call.given
    return Named(given["site"], given["kind"], given["value"], given.get("agent", ""))


def _listed(report: Report) -> dict[str, Any]:
    options = [{"name": o.name, "default": o.default, "says": o.says} for o in report.options]
    return {"name": report.name, "question": report.question, "days": report.days, "options": options}


def _json(told: Any) -> Response:
    return Response(orjson.dumps(told, default=str), media_type=JSON)
