"""The one table of routes: method, path, who may, what it says, what it is given and what it gives.

The application, its description (`/api/openapi.json`) and the checks of what comes are made of it, so none can lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from gateway.intake.subject import FoundBy
from gateway.reports import REPORTS
from gateway.reports.report import Report
from gateway.web.access.guard import Guard
from gateway.web.access.users import Role
from gateway.web.admin.openapi import describe
from gateway.web.admin.pages import alive, style
from gateway.web.admin.people import People
from gateway.web.admin.powers import Powers
from gateway.web.admin.programs import Programs
from gateway.web.admin.routes import FORM, JSON, Entry
from gateway.web.admin.schemas import ANY, TEXT, WHOLE, Schema, day, fields, listed, one_of, text

_SITE = text("Name of a configured site.", 63, 1)
_REQUEST = text("Identity of a request, a UUID.", 36, pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_DAYS: Mapping[str, Schema] = {
    "site": text("Only this site; all of them without it.", 63),
    "since": day("First day (UTC)."),
    "until": day("Last day (UTC), itself included."),
}
_PERSON: Mapping[str, Schema] = {
    "site": _SITE,
    "kind": one_of("What the identifier is; a browser is an address, with `agent`.", *FoundBy),
    "value": text("The identifier, as the person knows it.", 400, 1),
}
_AGENT: Mapping[str, Schema] = {"agent": text("User agent as the browser sends it, for kind browser.", 1000)}
_FORM_DAYS = {**_DAYS, "since": text("First day.", 10), "until": text("Last day.", 10)}

_STATUS = fields(
    {
        "up_seconds": WHOLE, "facts": WHOLE, "refused": WHOLE, "refusals": listed({"type": "array", "items": {}}),
        "journal_bytes": WHOLE, "warehouse": TEXT, "rows": {"type": ["integer", "null"]},
    }
)  # fmt: skip
_LISTED = fields({"name": TEXT, "question": TEXT, "days": WHOLE, "options": listed(ANY)})
_ANSWER = fields(
    {"report": TEXT, "question": TEXT, "first_day": TEXT, "last_day": TEXT, "tables": listed(ANY)}, open_=True
)
_POLICY = fields({"site": TEXT, "name": TEXT, "version": TEXT, "hash": TEXT, "review_by": TEXT, "keep_days": ANY})
_EXPLAINED = fields({"allowed": listed(TEXT), "region": TEXT, "policy": TEXT, "sentences": listed(TEXT)}, open_=True)
_HELD = fields({"site": TEXT, "found_by": TEXT, "answered_at": TEXT, "held": ANY, "remarks": listed(TEXT)}, open_=True)
_ERASED = fields({"body": ANY, "receipt": TEXT})


def table(powers: Powers, guard: Guard) -> tuple[Entry, ...]:
    """Every route of the private port."""
    entries: tuple[Entry, ...] = ()
    people, programs = People(powers, guard), Programs(powers, lambda: describe(entries, guard.users is not None))
    entries = (*_open(people), *_pages(people), *_api(programs))
    return entries


def metrics_table(powers: Powers) -> tuple[Entry, ...]:
    """What `--metrics-only` answers: counts, and nothing of anybody."""
    told = partial(Entry, "GET", role=None, gives="text/plain")
    return (
        told("/healthz", says="Whether this process answers.", answer=alive),
        told("/metrics", says="Metrics.", answer=Programs(powers, dict).metrics),
    )


def _open(people: People) -> tuple[Entry, ...]:
    next_ = {"next": text("Page to go on to.", 100)}
    secret = {"name": text("Name.", 40), "password": text("Password.", 200)}
    get = partial(Entry, "GET", role=None)
    return (
        get("/healthz", says="Whether this process answers.", answer=alive, gives="text/plain"),
        get("/static/pages.css", says="Style of pages.", answer=style, gives="text/css"),
        get("/static/report.css", says="Style of reports.", answer=style, gives="text/css"),
        get("/login", says="The form to log in.", answer=people.login, gives="text/html", query=fields({}, next_)),
        Entry("POST", "/login", None, "Logs in.", people.log_in, "text/html", body=fields(secret, next_), takes=FORM),
    )


def _pages(people: People) -> tuple[Entry, ...]:
    see, rule = partial(Entry, "GET", role=Role.ANALYST), partial(Entry, role=Role.OFFICER)
    shape = {"format": one_of("A page, or a file.", "page", "csv", "json")}
    person = fields({**_PERSON, "action": one_of("What to do.", "access", "erase")}, {**_AGENT, "sure": TEXT})
    return (
        see("/", says="Health.", answer=people.health, gives="text/html"),
        see("/reports", says="The reports.", answer=people.reports, gives="text/html"),
        see("/reports/{name}", says="A report.", answer=people.report, gives="text/html",
            query=fields({}, {**_FORM_DAYS, **shape}), path_fields=fields({"name": one_of("A report.", *REPORTS)})),
        rule("GET", "/privacy", says="Requests of data subjects.", answer=people.privacy, gives="text/html"),
        rule("POST", "/privacy", says="Answers one.", answer=people.ask, gives="text/html", body=person, takes=FORM),
        rule("GET", "/privacy/receipts/{request}", says="A receipt.", answer=people.receipt, gives=JSON,
             path_fields=fields({"request": _REQUEST})),
        Entry("POST", "/logout", Role.ANALYST, "Ends the session.", people.log_out, "text/html", takes=FORM),
    )  # fmt: skip


def _api(programs: Programs) -> tuple[Entry, ...]:
    see, rule = partial(Entry, "GET", role=Role.ANALYST), partial(Entry, role=Role.OFFICER)
    explained = {
        "place": listed(text("ISO 3166 code.", 6, 2), "Candidate places.", 10),
        "signal": listed(text("CARRIER=TEXT, as a hit carries it: gcd=13r3r3r2r5.", 2000, 3), "Signals.", 20),
    }
    person = fields(_PERSON, _AGENT)
    return (
        see("/api/openapi.json", says="This description.", answer=programs.description, gives=ANY),
        see("/metrics", says="Metrics for Prometheus.", answer=programs.metrics, gives="text/plain"),
        see("/api/status", says="Counts over all processes; whether the warehouse answers.", answer=programs.status,
            gives=_STATUS),
        see("/api/reports", says="The reports there are.", answer=programs.reports,
            gives=fields({"reports": listed(_LISTED)})),
        *(see(f"/api/reports/{report.name}", says=report.question, answer=programs.report, gives=_ANSWER,
              query=fields({}, {**_DAYS, **_options(report)})) for report in REPORTS.values()),
        rule("GET", "/api/policy", says="The policy of each site.", answer=programs.policies,
             gives=fields({"sites": listed(_POLICY)})),
        rule("GET", "/api/policy/explain", says="What a site's policy makes of a hit.", answer=programs.explain,
             gives=_EXPLAINED, query=fields({"site": _SITE}, explained)),
        rule("POST", "/api/privacy/access", says="All that is held of a person.", answer=programs.access, gives=_HELD,
             body=person, takes=JSON),
        rule("POST", "/api/privacy/erase", says="Erases a person everywhere and signs a receipt.",
             answer=programs.erase, gives=_ERASED, body=person, takes=JSON),
        rule("GET", "/api/privacy/receipts/{request}", says="The signed receipt of an erasure.",
             answer=programs.receipt, gives=fields({"receipt": TEXT}), path_fields=fields({"request": _REQUEST})),
    )  # fmt: skip


def _options(report: Report) -> dict[str, Any]:
    return {option.name: text(option.says, default=option.default) for option in report.options}
