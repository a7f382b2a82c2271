"""Mails and redirects: a link leads where it was signed to lead, or where its site lists the host, or nowhere."""

from __future__ import annotations

import asyncio
import base64
import errno
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.intake.mail import Letter, write_token
from gateway.journal.keyfolder import LINK_LIFE_DAYS, LINK_SIGNS_DAYS
from gateway.journal.keyring import DAY_S, Keyring
from tests.behind_doors import AT, Heard, Visitor, behind

RECORDED = Path(__file__).parents[2] / "hits" / "doors" / "webhooks.jsonl"

YML = """
sites:
  shop:
    policy: policy.yml
    markets: [DE]
    mail: yes
    redirect_hosts: [shop.example, "*.partner.example"]
  other:
    policy: policy.yml
"""

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)

LETTER = Letter(
    "shop", "https://www.shop.example/sale?utm_source=news#top", "news-47", "B", "m-1", "customer-7", ("analytics",),
    "2026-11-01T10:00:00Z",
)  # fmt: skip


def sign(visitor: Visitor, letter: Letter = LETTER) -> str:
    keys = visitor.keyring.links("shop")
    return write_token(letter, max(keys), keys[max(keys)])


async def get(visitor: Visitor, target: str, agent: str = PHONE, method: str = "GET") -> Heard:
    return await visitor.ask(method, target, b"", {"User-Agent": agent})


# Links


def test_a_signed_link_leads_to_its_target_and_is_a_click(tmp_path: Path) -> None:
    heard, (row,) = behind(tmp_path, YML, lambda visitor: get(visitor, f"/l/{sign(visitor)}"))
    assert (heard.status, heard.headers["location"]) == (302, LETTER.target)
    assert (heard.headers["referrer-policy"], heard.headers["cache-control"]) == ("no-referrer", "no-store, private")
    assert heard.outcome == "facts=1 refused=0"
    said = {name: row.get(name) for name in ("event", "contract", "campaign", "medium", "variant", "page_path", "bot")}
    assert said == {
        "event": "email_click", "contract": "email_click@1", "campaign": "news-47", "medium": "email", "variant": "B",
        "page_path": "/sale", "bot": None,
    }  # fmt: skip
    assert row["properties"] == {"campaign_id": "m-1", "link_domain": "www.shop.example"}
    assert row["account"] != "0" * 32
    assert "customer-7" not in str(row)


EVIL = "https://evil.example"

NOWHERE = [
    f"/l?u={EVIL}",
    f"/l/?u={quote(EVIL, safe='')}",
    f"/l/{quote(EVIL, safe='')}",
    "/l",
    "/l/",
    "/l/a.b",
    "/l/.",
    "/l/" + "A" * 20_000,
    f"/r/c1?u={quote(EVIL, safe='')}",
    f"/r/tp2?u={quote(EVIL, safe='')}&e=pv",
    "/r/c1",
    "/r/c1?u=",
    *(
        f"/r/c1?u={quote(target, safe='')}"
        for target in (
            "//evil.example", "/\\evil.example", "https:/\\evil.example", "https:evil.example", "javascript:alert(1)",
            "https://shop.example@evil.example/", "https://shop.example:443@evil.example/", "data:text/html,x",
            "https://shop.example\\@evil.example", "https://shop.example\\.evil.example", "https://shop.example.evil.example",
            "https://evil.example/https://shop.example", "https://evil.example#.shop.example", "https://[::1]/",
            "https://evil.example?.shop.example", "https://shop.example%2eevil.example", "https://shop.example%00.evil.example",
            "https://shop.example\t.evil.example", " https://evil.example", "https://evilshop.example",
            "https://partner.example", "ftp://shop.example/", "https://shop.example:99999999/", "https://ſhop.example/",
            "https://shop。example/", "https://shop.example\r\nlocation: https://evil.example",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_nothing_unsigned_and_unlisted_ever_redirects(tmp_path: Path, method: str) -> None:
    async def script(visitor: Visitor) -> list[tuple[str, int, Any]]:
        heard = [(target, await get(visitor, target, method=method)) for target in NOWHERE]
        return [(target, one.status, one.headers.get("location")) for target, one in heard]

    answers, rows = behind(tmp_path, YML, script)
    assert [answer for answer in answers if answer[1] not in (400, 404, 405) or answer[2] is not None] == []
    assert rows == []


def changed(token: str, **more: object) -> str:
    """The token with another payload under the same signature."""
    payload, _, mac = token.partition(".")
    told = orjson.loads(base64.urlsafe_b64decode(payload + "=="))
    return base64.urlsafe_b64encode(orjson.dumps(told | more)).rstrip(b"=").decode() + "." + mac


def test_a_token_that_is_not_the_sites_own_leads_nowhere(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> list[int]:
        token, other_key = sign(visitor), b"k" * 32
        day = max(visitor.keyring.links("shop"))
        forged = [
            changed(token, u=EVIL), changed(token, s="other"), changed(token, k=day - 1), changed(token, k="x"),
            token[:-1], token + "A", token.replace(".", ""), token.partition(".")[0] + ".",
            write_token(LETTER._replace(target=EVIL), day, other_key),
            sign(visitor, LETTER._replace(target="javascript:alert(1)")), sign(visitor, LETTER._replace(target="")),
            sign(visitor, LETTER._replace(site="other")),
        ]  # fmt: skip
        return [(await get(visitor, f"/l/{one}")).status for one in [*forged, token]]

    answers, rows = behind(tmp_path, YML, script)
    assert answers == [400] * 12 + [302]
    assert len(rows) == 1


def test_a_person_gets_there_when_the_journal_cannot_be_written(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> Heard:
        visitor.disk.fail("sync", errno.EIO)
        return await get(visitor, f"/l/{sign(visitor)}")

    heard, rows = behind(tmp_path, YML, script)
    assert (heard.status, heard.headers["location"], heard.outcome) == (302, LETTER.target, "")
    assert rows == []


def test_who_only_asks_for_the_head_is_no_event(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> list[int]:
        targets = [f"/l/{sign(visitor)}", f"/o/{sign(visitor)}.gif", "/r/c1?u=https://shop.example/"]
        return [(await get(visitor, target, method="HEAD")).status for target in targets]

    assert behind(tmp_path, YML, script) == ([302, 200, 302], [])


# Opens


@pytest.mark.parametrize(
    ("agent", "is_machine"),
    [
        ("Mozilla/5.0", True),  # Apple Mail Privacy Protection
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", True),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", True),
        ("", True),
        (PHONE, False),
    ],
)
def test_what_proxies_prefetch_is_a_machines_open_of_nobodys_address(
    tmp_path: Path, agent: str, is_machine: bool
) -> None:
    letter = LETTER._replace(target="", purposes=("analytics", "counting"))

    async def script(visitor: Visitor) -> Heard:
        return await get(visitor, f"/o/{sign(visitor, letter)}.gif", agent)

    heard, (row,) = behind(tmp_path, YML, script)
    assert (heard.status, heard.headers["content-type"], heard.body[:6]) == (200, "image/gif", b"GIF89a")
    assert "set-cookie" not in heard.headers
    assert (row["event"], row.get("bot", False), row["variant"]) == ("email_open", is_machine, "B")
    assert row["device"] == ("bot" if is_machine else "mobile")
    assert row.get("visitor_kind", "none") == ("none" if is_machine else "day")


@pytest.mark.parametrize(
    ("purposes", "at", "outcome"),
    [
        (("analytics",), "2026-11-01", "facts=1 refused=0"),
        (("analytics",), "2025-01-01", "facts=0 refused=1"),  # the policy's half a year is over
        (("counting",), "2026-11-01", "facts=0 refused=1"),  # the contract's purpose is another
        ((), "", "facts=0 refused=1"),
    ],
)
def test_consent_travels_in_the_token(tmp_path: Path, purposes: tuple[str, ...], at: str, outcome: str) -> None:
    letter = LETTER._replace(purposes=purposes, consented_at=at)
    heard, _ = behind(tmp_path, YML, lambda visitor: get(visitor, f"/o/{sign(visitor, letter)}.gif"))
    assert heard.outcome == outcome


def test_an_open_without_a_genuine_token_gets_its_pixel_and_is_refused(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> list[Heard]:
        return [await get(visitor, path) for path in ("/o/x.gif", "/o/", f"/o/{changed(sign(visitor), c='x')}.gif")]

    heard, rows = behind(tmp_path, YML, script)
    assert [(one.status, one.headers["content-type"], one.outcome) for one in heard] == [
        (200, "image/gif", "facts=0 refused=1")
    ] * 3
    assert rows == []


# Redirects that are asked for


def test_every_recorded_mail_case_gets_its_expected_answer(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    asked = [row for row in rows if row["method"] == "GET"]

    async def script(visitor: Visitor) -> list[int]:
        return [
            (await visitor.ask("GET", f"{row['path']}?{row['query']}", b"", dict(row["headers"]))).status
            for row in asked
        ]

    answers, _ = behind(tmp_path, YML, script)
    assert len(asked) >= 3
    assert answers == [row["response"]["status"] for row in asked]


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("https://shop.example/sale?a=1&b=2", "https://shop.example/sale?a=1&b=2"),
        ("https://SHOP.example:8443/x", "https://SHOP.example:8443/x"),
        ("http://a.b.partner.example", "http://a.b.partner.example"),
        ("https://shop.example/straße?q=größe", "https://shop.example/stra%C3%9Fe?q=gr%C3%B6%C3%9Fe"),
        ("https://shop.example/%2F%25", "https://shop.example/%2F%25"),
    ],
)
def test_a_listed_host_is_led_to_with_its_url_as_it_was(tmp_path: Path, target: str, location: str) -> None:
    heard, _ = behind(tmp_path, YML, lambda visitor: get(visitor, f"/r/news?u={quote(target, safe='')}"))
    assert (heard.status, heard.headers["location"]) == (302, location)


def test_snowplows_redirect_carries_an_event_of_its_own_or_is_a_click(tmp_path: Path) -> None:
    consent = quote(json.dumps({"schema": "iglu:x/contexts/jsonschema/1-0-0", "data": []}), safe="")
    target = quote("https://shop.example/", safe="")

    async def script(visitor: Visitor) -> list[str]:
        headers = {"User-Agent": PHONE}
        asks = [
            f"/r/tp2?u={target}&e=pv&url=https%3A%2F%2Fshop.example%2Fa&p=web&tv=js-4",
            f"/r/tp2?u={target}&co={consent}",
        ]
        return [(await visitor.ask("GET", ask, b"", headers)).outcome for ask in asks]

    said, rows = behind(tmp_path, YML, script, "europe")
    assert said == ["facts=1 refused=0"] * 2
    assert [(row["event"], row["adapter"]) for row in rows] == [("page_view", "snowplow"), ("click", "snowplow")]
    assert rows[1]["properties"] == {"link_domain": "shop.example"}


# Keys and commands


def test_a_links_key_is_made_for_sites_with_mail_and_outlives_its_signing(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path, ["shop", "other"], ["shop"])
    keyring.refresh(AT)
    first = dict(keyring.links("shop"))
    assert len(first) == 1
    assert keyring.links("other") == {}
    for days, count in ((LINK_SIGNS_DAYS - 1, 1), (LINK_SIGNS_DAYS, 2), (LINK_LIFE_DAYS - 1, 2)):
        keyring.refresh(AT + days * DAY_S)
        assert len(keyring.links("shop")) == count, days
        assert first.items() <= keyring.links("shop").items()
    keyring.refresh(AT + LINK_LIFE_DAYS * DAY_S)
    assert not first.items() <= keyring.links("shop").items()
    assert len([file for file in tmp_path.iterdir() if ".link." in file.name]) == len(keyring.links("shop"))


def command(folder: Path, *options: str, lines: str = "") -> tuple[int, list[str]]:
    config, data = folder / "gateway.yml", folder / "data"
    done = CliRunner().invoke(
        main, ["mail", *options, "--config", str(config), "--data", str(data), "--base", "https://t.shop.example/t/"],
        input=lines,
    )  # fmt: skip
    return done.exit_code, done.output.splitlines()


def test_what_the_command_signs_leads_to_its_target(tmp_path: Path) -> None:
    behind(tmp_path, YML, lambda visitor: asyncio.sleep(0))
    code, (link,) = command(
        tmp_path, "sign-link", "--target", "https://www.shop.example/a", "--campaign", "c", "--agreed", "analytics"
    )
    assert code == 0
    code, (pixel,) = command(tmp_path, "sign-open", "--campaign", "c", "--agreed", "analytics")
    assert code == 0
    assert pixel.startswith("https://t.shop.example/t/o/")
    paths = [url.removeprefix("https://t.shop.example/t") for url in (link, pixel)]

    async def script(visitor: Visitor) -> list[tuple[int, str]]:
        visitor.keyring.refresh(AT)
        return [((heard := await get(visitor, path)).status, heard.headers.get("location", "")) for path in paths]

    answers, rows = behind(tmp_path, YML, script)
    assert answers == [(302, "https://www.shop.example/a"), (200, "")]
    assert [row["event"] for row in rows] == ["email_click", "email_open"]


def test_lines_are_signed_one_by_one_and_a_wrong_one_is_named_without_its_recipient(tmp_path: Path) -> None:
    behind(tmp_path, YML, lambda visitor: asyncio.sleep(0))
    good = '{"target":"https://shop.example/1","recipient":"7"}\n{"target":"https://shop.example/2","variant":"A"}\n'
    code, urls = command(tmp_path, "sign-link", "--lines", "--campaign", "c", lines=good)
    assert (code, len(urls), len(set(urls))) == (0, 2, 2)
    for line, says in (
        ('{"target":"ftp://shop.example"}', "no http or https URL"),
        ('{"target":"https://shop.example","recipient":"jane@doe.example"}', "its recipient is an address"),
        ('{"goal":"https://shop.example"}', "'goal' is none of"),
        ("[]", "no JSON object"),
    ):
        code, told = command(tmp_path, "sign-link", "--lines", lines=line)
        assert (code, says in told[-1], "jane" in told[-1]) == (2, True, False), told


def test_a_site_without_mail_signs_nothing(tmp_path: Path) -> None:
    behind(tmp_path, YML.replace("mail: yes", "mail: no"), lambda visitor: asyncio.sleep(0))
    code, told = command(tmp_path, "sign-open")
    assert (code, told[-1].startswith("gateway: no site sends mail")) == (2, True)
