"""What stands before everything on the admin port: the name it is called by, who calls, and from whose page.

May not: know a page. It finds out who somebody is; what they may do stands in the table of routes.

Rules
    1. Only by the names of this gateway: a name that leads to loopback from outside gets nowhere (DNS rebinding).
    2. What changes something comes from a page of this gateway, or from no page at all: Origin and Sec-Fetch-Site say
       so; a form carries its session's token; all else is JSON, which no other site's form can send.
    3. Without users everybody is `local`, an admin; the start refuses that anywhere but on loopback.
    4. A proxy's word is taken from `admin_proxies` only, once, and for somebody whom the file of users names.
Source: OWASP, CSRF prevention; Fetch metadata request headers, W3C.
"""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request

from gateway.intake.headers import joined
from gateway.web.access.logins import Logins
from gateway.web.access.sessions import LOCAL, Forms, Sessions
from gateway.web.access.users import Kind, Role, User, Users
from gateway.web.peers import Peers

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})


#: What the form of the login is signed for.
NOBODY = "nobody"


class Turned(Exception):
    """An answer instead of a page: status, sentence, and seconds to wait with a 429."""

    def __init__(self, status: int, sentence: str, wait_s: int = 0) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.wait_s = status, sentence, wait_s


class Who(NamedTuple):
    """Somebody who may be answered. `session` is what their forms are signed for; '' for programs."""

    name: str
    role: Role
    session: str = ""


class Terms(NamedTuple):
    """What the guard goes by. `header` is '' where no proxy logs people in."""

    names: frozenset[str]
    proxies: tuple[str, ...] = ()
    header: str = ""
    session_s: int = 28_800


class Guard:
    """One per process. `users` None: everybody is `local`."""

    def __init__(self, terms: Terms, users: Users | None) -> None:
        self._terms, self.users, self.session_s = terms, users, terms.session_s
        self.peers = Peers(terms.proxies)
        self.forms = Forms()
        self.sessions = Sessions(users, terms.session_s) if users else None
        self.logins = Logins(users) if users else None

    def check_name(self, request: Request) -> None:
        """Raises Turned unless the request names this gateway, once."""
        names = request.headers.getlist("host")
        if len(names) != 1 or _bare(names[0]) not in self._terms.names:
            raise Turned(400, "This gateway is not called by that name; add it to admin_names.")

    def check_source(self, request: Request) -> None:
        """Raises Turned for a change that another site's page asks for, or could."""
        if request.method in _SAFE:
            return
        origins = request.headers.getlist("origin")
        own = {f"{scheme}://{request.headers['host']}" for scheme in ("http", "https")}
        if any(origin not in own for origin in origins) or request.headers.get("sec-fetch-site", "none") not in _OWN:
            raise Turned(403, "A page of another site may not change anything here.")

    def form_for(self, who: Who | None) -> str:
        """The token of their forms; of the form of the login, where they are nobody yet."""
        return self.forms.token(who.session if who else NOBODY)

    def check_form(self, who: Who | None, token: str) -> None:
        """Raises Turned for a form that was not made for this session."""
        if not self.forms.are(who.session if who else NOBODY, token):
            raise Turned(403, "This form is out of date; load the page again.")

    async def find(self, request: Request) -> Who | None:
        """Who asks; None for nobody. Raises Turned."""
        if self.users is None or self.sessions is None:
            return Who(LOCAL, Role.ADMIN, LOCAL)
        if (said := request.headers.get("authorization")) is not None:
            return await self._bearer(request, said)
        if (named := self._named(request)) is not None:
            return named
        session = self.sessions.find(self.cookie(request))
        return Who(session.user.name, session.user.role, session.text) if session else None

    def cookie(self, request: Request) -> str:
        """The text of the session's cookie; '' where none came, or two did."""
        pairs = [pair.strip().partition("=") for line in request.headers.getlist("cookie") for pair in line.split(";")]
        found = [value for name, _, value in pairs if name == self.cookie_name(request)]
        return found[0] if len(found) == 1 else ""

    def cookie_name(self, request: Request) -> str:
        """`__Host-` binds a cookie to this very host and to TLS; without TLS browsers do not take it."""
        return "__Host-gateway" if self.is_secure(request) else "gateway"

    def is_secure(self, request: Request) -> bool:
        """Whether the browser's way here is TLS: ours, or that of a trusted proxy which says so."""
        if request.url.scheme == "https":
            return True
        return request.headers.get("x-forwarded-proto") == "https" and self.peers.trusts(_peer(request))

    def address(self, request: Request) -> str:
        """Whose tries are counted."""
        return self.peers.address_and_country(_peer(request), joined(request.headers.raw))[0] or _peer(request)

    async def _bearer(self, request: Request, said: str) -> Who | None:
        scheme, _, token = said.partition(" ")
        if scheme.lower() != "bearer" or self.logins is None:
            return None
        return _who(await self.logins.with_token(token.strip(), self.address(request)))

    def _named(self, request: Request) -> Who | None:
        told = request.headers.getlist(self._terms.header) if self._terms.header else []
        if len(told) != 1 or not self.peers.trusts(_peer(request)):
            return None
        user = self.users.find(told[0]) if self.users else None
        who = _who(user if user is not None and user.kind is Kind.PROXY else None)
        return who._replace(session=f"proxy {who.name}") if who else None


def _who(user: User | None) -> Who | None:
    return Who(user.name, user.role) if user else None


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _bare(host: str) -> str:
    """The name without port; an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
