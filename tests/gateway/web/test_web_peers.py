"""Whose address a hit is judged by."""

from __future__ import annotations

import pytest

from gateway.intake.headers import Headers, joined
from gateway.web.peers import Peers, clean

PROXY = ("10.0.0.0/8", "fd00::/8")


def sent(peer: str, *forwarded: str, **headers: str) -> tuple[str, Headers]:
    told = [(b"x-forwarded-for", text.encode("latin-1")) for text in forwarded]
    told += [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return peer, joined(told)


def test_without_trusted_proxies_nothing_forwarded_is_believed() -> None:
    assert Peers().address_and_country(*sent("198.51.100.7", "203.0.113.9")) == ("198.51.100.7", "")


def test_a_header_from_a_peer_that_is_not_trusted_is_not_believed() -> None:
    peers = Peers(PROXY, "cf-ipcountry")
    assert peers.address_and_country(*sent("198.51.100.7", "203.0.113.9", cf_ipcountry="US")) == ("198.51.100.7", "")


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["1.2.3.4, 203.0.113.9"], "203.0.113.9"),  # what the client forged stands left of what the proxy saw
        (["1.2.3.4", "203.0.113.9, 10.0.0.7"], "203.0.113.9"),  # two headers are one list; trusted hops are skipped
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["[2001:db8::1%eth0]:443"], "2001:db8::1"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["unknown"], ""),
        ([""], ""),
        (["' OR 1=1 --"], ""),
        ([", ".join(f"1.2.3.{i}" for i in range(100)) + ", 203.0.113.9"], "203.0.113.9"),
        ([", ".join(["10.0.0.1"] * 100)], "10.0.0.2"),
    ],
)
def test_the_client_is_the_rightmost_address_that_is_no_trusted_proxy(forwarded: list[str], address: str) -> None:
    assert Peers(PROXY).address_and_country(*sent("10.0.0.2", *forwarded))[0] == address


def test_a_country_header_counts_from_a_trusted_proxy_said_once_and_as_a_code() -> None:
    peers = Peers(PROXY, "CF-IPCountry")
    assert peers.address_and_country(*sent("10.0.0.2", "203.0.113.9", cf_ipcountry="de"))[1] == "DE"
    assert peers.address_and_country(*sent("10.0.0.2", "203.0.113.9", cf_ipcountry="T1"))[1] == ""
    assert peers.address_and_country(*sent("10.0.0.2", "203.0.113.9", cf_ipcountry="Germany"))[1] == ""
    peer, twice = sent("10.0.0.2", "203.0.113.9", cf_ipcountry="DE")
    assert peers.address_and_country(peer, joined([*twice.items(), (b"cf-ipcountry", b"US")]))[1] == ""


def test_what_is_no_address_is_nothing() -> None:
    assert [clean(text) for text in ("", "-", "300.1.1.1", "localhost", "1.2.3.4.5", "::1::")] == [""] * 6
