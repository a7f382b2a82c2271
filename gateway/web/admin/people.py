"""Pages for people: log in and out, health, reports, requests of data subjects. Each reads its form and shows one page.

May not: decide who may see it; the table of routes says that, and the guard has looked.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from gateway.reports import REPORTS
from gateway.reports.shown import FORMATS
from gateway.reports.shown.as_html import body_of
from gateway.web.access.guard import Guard, Turned
from gateway.web.access.logins import TooOften
from gateway.web.admin.pages import page
from gateway.web.admin.powers import Named, Powers
from gateway.web.admin.routes import Call

#: Where a login may lead: a page of ours, without anything behind it.
_OWN_PAGE = re.compile(r"/[a-z]*(/[a-z]+)?")


class People:
    """The pages. `guard` makes the tokens of their forms."""

    def __init__(self, powers: Powers, guard: Guard) -> None:
        self._powers, self._guard = powers, guard

    def _page(self, template: str, call: Call, **shown: Any) -> Response:
        mine: dict[str, Any] = {
            "who": call.who,
            "form": self._guard.form_for(call.who),
            "may_leave": self._guard.users is not None,
        }
        return page(template, path=call.request.url.path, **mine, **shown)

    async def health(self, call: Call) -> Response:
        """The state of this gateway."""
        return self._page("health", call, state=await run_in_threadpool(self._powers.status))

    async def login(self, call: Call) -> Response:
        """The form; whoever needs none is led on."""
        if self._guard.users is None:
            return RedirectResponse("/", 303)
        return self._page("login", call, next=_own(call.given.get("next", "/")), sentence="")

    async def log_in(self, call: Call) -> Response:
        """A new session for the right password, whatever came before."""
        guard, given = self._guard, call.given
        if guard.logins is None or guard.sessions is None:
            return RedirectResponse("/", 303)
        try:
            user = await guard.logins.with_password(given["name"], given["password"], guard.address(call.request))
        except TooOften as often:
            raise Turned(429, f"Too many tries; wait {often.wait_s} s.", often.wait_s) from None
        if user is None:
            answer = self._page("login", call, next=_own(given.get("next", "/")), sentence="Name or password is wrong.")
            answer.status_code = 403
            return answer
        answer = RedirectResponse(_own(given.get("next", "/")), 303)
        self._set_cookie(call, answer, guard.sessions.begin(user))
        return answer

    async def log_out(self, call: Call) -> Response:
        """Ends the session."""
        found = self._guard.sessions.find(self._guard.cookie(call.request)) if self._guard.sessions else None
        if found is not None and self._guard.sessions is not None:
            self._guard.sessions.end(found)
        answer = RedirectResponse("/login", 303)
        self._set_cookie(call, answer, "")
        return answer

    async def reports(self, call: Call) -> Response:
        """The list, with a form for the days."""
        return self._page("reports", call, reports=list(REPORTS.values()), sites=self._powers.sites)

    async def report(self, call: Call) -> Response:
        """One report as a page, or as a file to keep."""
        given = dict(call.given)
        name, shape = given.pop("name"), given.pop("format", "page")
        answer = await run_in_threadpool(self._powers.report, name, {k: v for k, v in given.items() if v})
        if shape != "page":
            file = {"content-disposition": f'attachment; filename="{name}.{shape}"'}
            return Response(FORMATS[shape](answer, ""), 200, file, _TYPES[shape])
        return self._page(
            "report", call, title=answer.report.question, body=body_of(answer), query=call.request.url.query
        )

    async def privacy(self, call: Call) -> Response:
        """The form of requests of data subjects."""
        return self._page("privacy", call, sites=self._powers.sites, found=None, erased=None)

    async def ask(self, call: Call) -> Response:
        """What is held of a person, or its erasure."""
        given = call.given
        named = Named(given["site"], given["kind"], given["value"], given.get("agent", ""))
        if given["action"] == "access":
            found = await run_in_threadpool(self._powers.access, named)
            return self._page("privacy", call, sites=self._powers.sites, found=found, erased=None)
        if given.get("sure") != "yes":
            raise Turned(400, "Nothing was erased: tick the box that says that you are sure.")
        erased = await run_in_threadpool(self._powers.erase, named)
        return self._page("privacy", call, sites=self._powers.sites, found=None, erased=erased["body"])

    async def receipt(self, call: Call) -> Response:
        """The signed receipt of an erasure, as a file."""
        told = await run_in_threadpool(self._powers.receipt, call.given["request"])
        if not told:
            raise Turned(404, "There is no receipt of that request.")
        file = {"content-disposition": f'attachment; filename="receipt-{call.given["request"]}.json"'}
        return Response(told + "\n", 200, file, "application/json")

    def _set_cookie(self, call: Call, answer: Response, text: str) -> None:
        guard, request = self._guard, call.request
        answer.set_cookie(
            guard.cookie_name(request),
            text,
            max_age=guard.session_s if text else 0,
            secure=guard.is_secure(request),
            httponly=True,
            samesite="strict",
        )


_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


def _own(path: str) -> str:
    return path if _OWN_PAGE.fullmatch(path) else "/"
