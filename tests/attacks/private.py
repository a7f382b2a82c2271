"""Attacks on the private port: other sites' pages, forged and stolen sessions, guessing, roles, bombs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.attacks.attack import CANARY, Arena, Attack, form_token, on_wire

_ERASE = {"site": "shop", "kind": "client_id", "value": CANARY}
_EVIL = {"origin": "https://evil.example"}

#: What nobody may see without a login.
_CLOSED = (
    "/metrics",
    "/api/status",
    "/api/openapi.json",
    "/api/reports",
    "/api/reports/overview",
    "/api/policy",
    "/api/policy/explain?site=shop",
    "/api/privacy/receipts/00000000-0000-0000-0000-000000000000",
)


def _closed(arena: Arena) -> str:
    with arena.client() as client:
        seen = {client.get(arena.served.admin + path).status_code for path in _CLOSED}
        seen |= {
            client.post(arena.served.admin + f"/api/privacy/{verb}", json=_ERASE).status_code
            for verb in ("access", "erase")
        }
    return " ".join(map(str, sorted(seen)))


def _pages_closed(arena: Arena) -> str:
    with arena.client() as client:
        seen = {
            client.get(arena.served.admin + path).headers.get("location", "")[:6]
            for path in ("/", "/reports", "/privacy")
        }
    return " ".join(seen)


@contextmanager
def _logged_in(arena: Arena) -> Iterator[httpx.Client]:
    with arena.client() as client:
        assert arena.login(client).status_code == 303
        yield client


def _foreign_page(arena: Arena) -> str:
    """A form of another site, sent by the browser of somebody who is logged in."""
    with _logged_in(arena) as client:
        form = form_token(client.get(arena.served.admin + "/privacy").text)
        fields = {**_ERASE, "form": form, "action": "erase", "sure": "yes"}
        origin = client.post(arena.served.admin + "/privacy", data=fields, headers=_EVIL).status_code
        fetched = {"sec-fetch-site": "cross-site"}
        return f"{origin} {client.post(arena.served.admin + '/privacy', data=fields, headers=fetched).status_code}"


def _without_form_token(arena: Arena) -> str:
    with _logged_in(arena) as client:
        fields = {**_ERASE, "action": "erase", "sure": "yes"}
        seen = [
            client.post(arena.served.admin + "/privacy", data={**fields, "form": form}).status_code
            for form in ("", "0" * 64)
        ]
    return " ".join(map(str, sorted(set(seen))))


def _plain_text_json(arena: Arena) -> str:
    """What a form of another site can send as JSON: text/plain."""
    with _logged_in(arena) as client:
        headers = {"content-type": "text/plain"}
        return str(client.post(arena.served.admin + "/api/privacy/erase", json=_ERASE, headers=headers).status_code)


def _forged_sessions(arena: Arena) -> str:
    with _logged_in(arena) as client:
        (cookie,) = [text for name, text in client.cookies.items() if name == "gateway"]
    name, rest = cookie.split(".", 1)
    head, signature = cookie.rsplit(".", 1)
    forged = [
        f"admin.{rest}",
        f"{head}.",
        f"{head}.{signature[:-1]}",
        f"{head}.{'0' * 64}",
        f"{name}.9999999999.x.{signature}",
        f"{head}.{signature}x",
        "local",
        "",
        "....",
        f"officer-token.{rest}",
        head.replace(".", "%00") + "." + signature,
    ]
    with arena.client() as client:
        seen = {
            client.get(arena.served.admin + "/api/status", headers={"cookie": f"gateway={text}"}).status_code
            for text in forged
        }
        two = {"cookie": f"gateway={cookie}; gateway={cookie}"}
        seen.add(client.get(arena.served.admin + "/api/status", headers=two).status_code)
    return " ".join(map(str, sorted(set(seen))))


def _fixation(arena: Arena) -> str:
    with arena.client() as client:
        client.cookies.set("gateway", f"officer.1.{CANARY}.x")
        arena.login(client)
        planted = {"cookie": f"gateway=officer.1.{CANARY}.x"}
        with arena.client() as other:
            return str(other.get(arena.served.admin + "/api/status", headers=planted).status_code)


def _after_logout(arena: Arena) -> str:
    with _logged_in(arena) as client:
        (cookie,) = [text for name, text in client.cookies.items() if name == "gateway"]
        form = form_token(client.get(arena.served.admin + "/").text)
        client.post(arena.served.admin + "/logout", data={"form": form})
    with arena.client() as client:
        return str(client.get(arena.served.admin + "/api/status", headers={"cookie": f"gateway={cookie}"}).status_code)


def _guessing(arena: Arena) -> str:
    with arena.client() as client:
        seen = [arena.login(client, password=f"guess-{CANARY}-{number}").status_code for number in range(6)]
        seen.append(arena.login(client).status_code)
    return " ".join(map(str, seen))


def _guessing_tokens(arena: Arena) -> str:
    mine = arena.tokens["analyst"]
    guesses = [f"gw_officer-token_{mine[-43:]}", mine[:-1], f"gw_admin_{'a' * 43}", CANARY]
    with arena.client() as client:
        seen = [
            client.get(arena.served.admin + "/api/status", headers={"authorization": f"Bearer {guess}"}).status_code
            for guess in guesses
        ]
    return " ".join(map(str, sorted(set(seen))))


def _beyond_role(arena: Arena) -> str:
    headers = {"x-forwarded-user": "admin", "x-remote-user": "admin", "x-role": "admin"}
    with arena.as_analyst() as client:
        seen = {
            client.get(arena.served.admin + path, headers=headers).status_code for path in ("/privacy", "/api/policy")
        }
        seen |= {
            client.post(
                arena.served.admin + f"/api/privacy/{verb}?role=admin",
                json={**_ERASE, "role": "admin"},
                headers=headers,
            ).status_code
            for verb in ("access", "erase")
        }
    return " ".join(map(str, sorted(set(seen))))


def _forged_user(arena: Arena) -> str:
    headers = {"x-forwarded-user": "admin", "x-forwarded-proto": "https", "remote-user": "admin"}
    with arena.client() as client:
        return str(client.get(arena.served.admin + "/api/status", headers=headers).status_code)


def _away(arena: Arena) -> str:
    """Where a login leads that was asked to lead elsewhere."""
    seen = set()
    for target in ("//evil.example", "/\\evil.example", "/reports\r\nx: y"):
        with arena.client() as client:
            answer = arena.login(client, next=target)
            seen.add(answer.headers.get("location", str(answer.status_code)))
    return " or ".join(sorted(seen))


def _questions(arena: Arena) -> str:
    """SQL in what a report is asked, by somebody who may ask."""
    seen = set()
    with arena.as_analyst() as client:
        for site in ("' OR 1=1 --", "x'); DROP TABLE gateway.events; --", "{site:String}", "shop\\"):
            answer = client.get(arena.served.admin + "/api/reports/overview", params={"site": site})
            seen.add(answer.status_code)
        steps = "product_view,x') UNION ALL SELECT * FROM system.users --"
        seen.add(client.get(arena.served.admin + "/api/reports/funnel", params={"steps": steps}).status_code)
    return " ".join(map(str, sorted(set(seen))))


def _beyond_description(arena: Arena) -> str:
    asked = (
        "since=x",
        "since=2026-02-30",
        "since=2026-01-01&since=2026-01-02",
        "smallest_group=1",
        "a=b",
        "since=0001-01-01",
        "site=%00",
        "until=9999-12-31",
        "since=2026-01-01%00",
        "site=" + "x" * 1000,
    )
    with arena.as_analyst() as client:
        seen = {client.get(f"{arena.served.admin}/api/reports/overview?{query}").status_code for query in asked}
    return " ".join(map(str, sorted(set(seen))))


def _bodies(arena: Arena) -> str:
    """What is no request, from somebody who may make one."""
    bodies = (
        b"[" * 60_000,
        b"{",
        b"null",
        b"\xff",
        b'{"site":"shop","kind":"client_id","value":{}}',
        b'{"site":1}',
        b'{"site":"shop","kind":"client_id","value":"\\ud800"}',
        b'{"site":"shop","kind":"x","value":"x"}',
    )
    headers = {"authorization": f"Bearer {arena.tokens['officer']}", "content-type": "application/json"}
    with arena.client(**headers) as client:
        seen = {client.post(arena.served.admin + "/api/privacy/access", content=body).status_code for body in bodies}
    return " ".join(map(str, sorted(set(seen))))


def _large(arena: Arena) -> str:
    with arena.client(**{"content-type": "application/x-www-form-urlencoded"}) as client:
        return str(client.post(arena.served.admin + "/login", content=b"a=" + b"b" * 2_000_000).status_code)


def _status(path: str, **headers: str) -> object:
    def make(arena: Arena) -> str:
        with arena.client(**headers) as client:
            return str(client.get(arena.served.admin + path).status_code)

    return make


def _lines(path: str, lines: bytes = b"Host: localhost\r\n") -> bytes:
    return b"GET " + path.encode() + b" HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n"


ATTACKS = (
    on_wire("admin: DNS rebinding", _lines("/", b"Host: evil.example\r\n"), "400", admin=True),
    on_wire("admin: a Host that begins right", _lines("/", b"Host: localhost.evil.example\r\n"), "400", admin=True),
    on_wire("admin: two Hosts", _lines("/", b"Host: localhost\r\nHost: evil.example\r\n"), "400", admin=True),
    on_wire("admin: no Host", _lines("/", b""), "400", admin=True),
    on_wire(
        "admin: smuggling",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n" + _lines("/api/status"),
        "400",
        "415, 400",
        "415",
        "415, 401",
        admin=True,
    ),
    on_wire(
        "admin: 20,000 headers",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        "303",
        "400",
        "closed",
        admin=True,
    ),
    on_wire(
        "admin: a header without end",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 1_000_000,
        "400",
        "closed",
        admin=True,
    ),
    on_wire("admin: traversal", _lines("/static/..%2f..%2fapp.py"), "404", admin=True),
    on_wire("admin: traversal to keys", _lines("/../../keys/"), "404", admin=True),
    on_wire("admin: TRACE", b"TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "405", admin=True),
    Attack("admin: everything without a login", f"{len(_CLOSED) + 2} answers of the API", ("401",), _closed),
    Attack("admin: pages without a login", "GET", ("/login",), _pages_closed),
    Attack("admin: CSRF", "a session's form from another site's page", ("403 403",), _foreign_page),
    Attack("admin: CSRF without its token", "a session, an empty and a wrong token", ("403",), _without_form_token),
    Attack("admin: CSRF by text/plain", "JSON that a form can send", ("415",), _plain_text_json),
    Attack("admin: forged sessions", "11 of them, and a good one twice", ("401",), _forged_sessions),
    Attack("admin: session fixation", "a planted cookie, then a login", ("401",), _fixation),
    Attack("admin: a session after its logout", "the old cookie", ("401",), _after_logout),
    Attack("admin: guessing a password", "six times, then the right one", ("403 403 403 403 403 429 429",), _guessing),
    Attack("admin: guessing tokens", "another's name, cut short, empty", ("401 429", "401"), _guessing_tokens),
    Attack("admin: beyond one's role", "an analyst, with headers and fields that say admin", ("403",), _beyond_role),
    Attack("admin: a proxy's header", "from no proxy", ("401",), _forged_user),
    Attack("admin: open redirect", "next=//evil.example …", ("/ or 400",), _away),
    Attack("admin: SQL in questions", "site, steps", ("200", "200 400"), _questions),
    Attack("admin: questions that are none", "dates, doubles, a smaller group", ("400",), _beyond_description),
    Attack("admin: bodies that are none", "depth, types, surrogates", ("400",), _bodies),
    Attack("admin: a form of 2 MB", "a=bbb…", ("413",), _large),
)
