"""Google's scripts from the site's own host: fetched ahead, checked, rewritten; nothing of a visitor goes upstream."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.configuration import ConfigurationError
from gateway.outbound import OutboundError, Told
from gateway.outward import ScriptTerms
from gateway.outward import Upstream as Terms
from gateway.web.scripts import Scripts
from gateway.web.wire import Reply, Request
from tests.behind_doors import Heard, Visitor, behind
from tests.upstream import Asked, Say, Upstream, serving_upstream

SCRIPT = (
    b'(function(){var a="https://www.googletagmanager.com/gtag/js?id=",b="www.google-analytics.com",'
    b'c="https:\\/\\/region1.google-analytics.com\\/g\\/collect",d="www.googletagmanager.com.evil.example",'
    b'e="notwww.google-analytics.com",f="analytics.google.com"})();'
)
REWRITTEN = (
    b'(function(){var a="https://www.shop.example/t/gtag/js?id=",b="www.shop.example/t",'
    b'c="https:\\/\\/www.shop.example/t\\/g\\/collect",d="www.googletagmanager.com.evil.example",'
    b'e="notwww.google-analytics.com",f="www.shop.example/t"})();'
)
JAVASCRIPT = {"content-type": "application/javascript; charset=UTF-8", "set-cookie": "x=1"}


def yml(upstream: Upstream, **more: str) -> str:
    options = ", ".join(f"{name}: {value}" for name, value in more.items())
    return f"""
sites:
  shop:
    policy: policy.yml
    scripts: {{ids: [GTM-ABC1234, G-ABC1234567], host: www.shop.example/t, upstream: "{upstream.url}", {options}}}
"""


async def ready(visitor: Visitor, target: str, seconds: float = 30.0) -> Heard:
    """The first answer that is not 503."""
    until = time.monotonic() + seconds
    while (heard := await visitor.ask("GET", target)).status == 503 and time.monotonic() < until:
        await asyncio.sleep(0.02)
    return heard


def test_scripts_come_from_the_own_host_with_hosts_rewritten(tmp_path: Path) -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: Say(200, SCRIPT, JAVASCRIPT)

        async def script(visitor: Visitor) -> list[Heard]:
            visitor.at += 1
            targets = (
                "/gtm.js?id=GTM-ABC1234",
                "/gtag/js?id=G-ABC1234567&l=dataLayer&cx=c&gtm=457e5",
                "/gtag/destination?id=G-ABC1234567",
            )
            return [await ready(visitor, target) for target in targets]

        heard, rows = behind(tmp_path, yml(upstream, allow_private="yes"), script)
    assert [(one.status, one.body) for one in heard] == [(200, REWRITTEN)] * 3
    for one in heard:
        assert one.headers["content-type"] == "application/javascript; charset=utf-8"
        assert "set-cookie" not in one.headers
    assert sorted(asked.target for asked in upstream.asked) == [
        "/gtag/destination?id=G-ABC1234567", "/gtag/js?id=G-ABC1234567", "/gtm.js?id=GTM-ABC1234",
    ]  # fmt: skip
    assert rows == []


def test_nothing_of_a_visitor_goes_upstream(tmp_path: Path) -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: Say(200, SCRIPT, JAVASCRIPT)
        told = {
            "Cookie": "_ga=GA1.1.canary", "User-Agent": "canary", "X-Forwarded-For": "203.0.113.9",
            "Accept-Language": "de",
            "Referer": "https://canary.example", "X-Gtm-Server-Preview": "canary", "Accept-Encoding": "gzip",
        }  # fmt: skip

        async def script(visitor: Visitor) -> Heard:
            await ready(visitor, "/gtm.js?id=GTM-ABC1234")
            return await visitor.ask("GET", "/gtm.js?id=GTM-ABC1234&canary=1&gtm_auth=canary", b"", told)

        heard, _ = behind(tmp_path, yml(upstream, allow_private="yes"), script)
    assert (heard.headers["content-encoding"], gzip.decompress(heard.body)) == ("gzip", REWRITTEN)
    assert upstream.asked
    for asked in upstream.asked:
        names = {name.lower() for name, _ in asked.headers}
        assert names == {"host", "user-agent", "accept", "accept-encoding"}
        assert not [word for word in ("canary", "203.0.113", "198.51.100") if word in str(asked)]


@pytest.mark.parametrize(
    "target",
    ["/gtm.js", "/gtm.js?id=GTM-OTHER12", "/gtm.js?id=", "/gtag/js?id=GTM-ABC1234x", "/gtm.js?id=GTM-ABC1234&l=other",
     "/gtm.js?id=../../etc", "/gtag/js?id=G-ABC1234567%0d%0aHost:+evil"],
)  # fmt: skip
def test_only_listed_ids_are_served_and_none_is_asked_for(tmp_path: Path, target: str) -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: Say(200, SCRIPT, JAVASCRIPT)
        heard, _ = behind(tmp_path, yml(upstream, allow_private="yes"), lambda visitor: visitor.ask("GET", target))
    assert heard.status == 404
    assert [asked for asked in upstream.asked if "OTHER" in asked.target or "etc" in asked.target] == []


def test_without_scripts_the_paths_are_unknown(tmp_path: Path) -> None:
    plain = "sites:\n  shop:\n    policy: policy.yml\n"
    heard, _ = behind(tmp_path, plain, lambda visitor: visitor.ask("GET", "/gtm.js?id=GTM-ABC1234"))
    assert (heard.status, heard.outcome) == (404, "facts=0 refused=1")


def test_a_private_upstream_is_not_asked_unless_it_is_allowed(tmp_path: Path) -> None:
    with serving_upstream() as upstream:
        with pytest.raises(ConfigurationError, match="no upstream"):
            behind(tmp_path, yml(upstream), lambda visitor: visitor.ask("GET", "/gtm.js?id=GTM-ABC1234"))
        secure = yml(upstream).replace("http://", "https://")
        heard, _ = behind(tmp_path, secure, lambda visitor: ready(visitor, "/gtm.js?id=GTM-ABC1234", 1.0))
    assert (heard.status, upstream.asked) == (503, [])


BAD: list[tuple[str, Say]] = [
    ("an error", Say(500, SCRIPT, JAVASCRIPT)),
    ("a redirect", Say(302, SCRIPT, {**JAVASCRIPT, "location": "https://evil.example/"})),
    ("a page", Say(200, b"<html>", {"content-type": "text/html"})),
    ("a page that says it is a script", Say(200, b" \n<!doctype html>", JAVASCRIPT)),
    ("nothing", Say(200, b"", JAVASCRIPT)),
    ("too much", Say(200, b"x" * (2 * 1024 * 1024 + 1), JAVASCRIPT)),
    ("no text", Say(200, b"\xff\xfe", JAVASCRIPT)),
    ("packed", Say(200, gzip.compress(SCRIPT), {**JAVASCRIPT, "content-encoding": "gzip"})),
]


@pytest.mark.parametrize(("_what", "said"), BAD, ids=[what for what, _ in BAD])
def test_what_is_no_script_is_never_served(tmp_path: Path, _what: str, said: Say) -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: said
        heard, _ = behind(
            tmp_path, yml(upstream, allow_private="yes"), lambda visitor: ready(visitor, "/gtm.js?id=GTM-ABC1234", 0.6)
        )
    assert (heard.status, heard.headers["retry-after"]) == (503, "30")
    assert upstream.asked


# Time passes


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ask(scripts: Scripts) -> Reply:
    request = Request("GET", "/gtm.js", b"id=GTM-ABC1234", {}, b"", "")
    reply = scripts.answer(request, "/gtm.js")
    assert reply is not None
    return reply


def wait(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_script_is_fetched_anew_when_it_is_old_and_its_last_good_copy_serves_while_the_upstream_is_down() -> None:
    clock, asked = Clock(), []
    answers: list[bytes | None] = [b"one"]

    def fetch(_terms: ScriptTerms, target: str) -> Told:
        asked.append(target)
        if answers[0] is None:
            raise OutboundError("down")
        return Told(200, JAVASCRIPT, answers[0])

    scripts = Scripts(fetch, clock)
    scripts.terms = (ScriptTerms("shop", Terms("https://upstream.example"), ("GTM-ABC1234",), "www.shop.example"),)
    assert ask(scripts).status == 503
    scripts.start()
    wait(lambda: ask(scripts).body == b"one")
    answers[0], count = b"two", len(asked)
    clock.now += 899
    time.sleep(0.4)
    assert (ask(scripts).body, len(asked)) == (b"one", count)
    clock.now += 2
    wait(lambda: ask(scripts).body == b"two")
    answers[0] = None
    clock.now += 901
    wait(lambda: len(asked) == count + 2)
    assert (ask(scripts).status, ask(scripts).body) == (200, b"two")
    clock.now += 7 * 86_400
    assert ask(scripts).status == 503
    answers[0] = b"three"
    clock.now += 301
    wait(lambda: ask(scripts).body == b"three")
    scripts.close()
    scripts.terms = ()
    assert scripts.answer(Request("GET", "/gtm.js", b"id=GTM-ABC1234", {}, b"", ""), "/gtm.js") is None


def test_a_slow_upstream_does_not_hold_up_a_hit(tmp_path: Path) -> None:
    with serving_upstream() as upstream:

        def slow(_: Asked) -> Say:
            time.sleep(4)
            return Say(200, SCRIPT, JAVASCRIPT)

        upstream.answer = slow

        async def script(visitor: Visitor) -> float:
            while not upstream.asked:
                await asyncio.sleep(0.01)
            began = time.perf_counter()
            for _ in range(20):
                assert (await visitor.ask("GET", "/gtm.js?id=GTM-ABC1234")).status == 503
            return time.perf_counter() - began

        seconds, _ = behind(tmp_path, yml(upstream, allow_private="yes"), script)
    assert seconds < 3


@pytest.mark.parametrize(
    ("scripts", "says"),
    [
        ("{ids: [GTM-ABC1234]}", "lacks 'host'"),
        ("{ids: [UA-1], host: www.shop.example}", "not an id of Google's"),
        ('{ids: [GTM-ABC1234], host: "evil\\"+x"}', "is not a host"),
        ("{ids: [GTM-ABC1234], host: www.shop.example, upstream: http://www.googletagmanager.com}", "no upstream"),
        ("{ids: [GTM-ABC1234], host: www.shop.example, upstream: https://a@b.example}", "no upstream"),
        ("{ids: [GTM-ABC1234], host: www.shop.example, upstream: https://b.example/x}", "no upstream"),
    ],
)
def test_a_broken_configuration_stops_the_start(tmp_path: Path, scripts: str, says: str) -> None:
    plain = f"sites:\n  shop:\n    policy: policy.yml\n    scripts: {scripts}\n"
    with pytest.raises(ConfigurationError, match=says):
        behind(tmp_path, plain, lambda visitor: visitor.ask("GET", "/healthz"))
