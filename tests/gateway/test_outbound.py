"""Calling out: only to public addresses, pinned, over TLS that is checked, within limits. Real sockets on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.outbound import Caller, Limits, OutboundError, is_public
from gateway.outward import Upstream
from tests.upstream import IDLE_S, Say, serving_upstream


def test_a_call_carries_nothing_but_what_it_needs_and_keeps_its_connection() -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda asked: Say(200, asked.body + b"!", {"x-said": "yes"})
        with closing(Caller(Upstream(upstream.url, is_private=True))) as caller:
            told = [caller.call("POST", "/a?b=c", b"body"), caller.call("POST", "/a?b=c", b"body")]
    assert [(one.status, one.headers["x-said"], one.body) for one in told] == [(200, "yes", b"body!")] * 2
    assert {name.lower() for name, _ in upstream.asked[0].headers} == {
        "host", "user-agent", "accept-encoding", "content-length",
    }  # fmt: skip


def test_a_connection_that_the_other_side_closed_is_opened_again() -> None:
    with serving_upstream() as upstream, closing(Caller(Upstream(upstream.url, is_private=True))) as caller:
        assert caller.call("POST", "/", b"1").status == 200
        time.sleep(IDLE_S + 0.3)
        assert caller.call("POST", "/", b"2").status == 200
    assert [asked.body for asked in upstream.asked] == [b"1", b"2"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "240.0.0.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[tuple[str, int]]:
    """Names lead to these addresses, call by call; gives the list of addresses that are then connected to."""
    queue, connected = list(answers), []

    def getaddrinfo(_host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        found = queue.pop(0) if len(queue) > 1 else queue[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    def create_connection(address: tuple[str, int], *_: Any) -> socket.socket:
        connected.append(address)
        raise OSError(111, "refused here")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    return connected


def test_a_name_with_one_private_address_is_not_connected_to_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = names(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(OutboundError, match="not public"):
        Caller(Upstream("https://upstream.example")).call("GET", "/")
    assert connected == []


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name answers with loopback the second time it is asked; nobody asks a second time."""
    connected = names(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    with pytest.raises(OutboundError, match="refused here"):
        Caller(Upstream("https://upstream.example")).call("GET", "/")
    assert connected == [("93.184.216.34", 443)]


def test_loopback_and_plain_http_need_to_be_allowed() -> None:
    with serving_upstream() as upstream:
        for url, says in ((upstream.url, "not https"), (upstream.url.replace("http:", "https:"), "not public")):
            with pytest.raises(OutboundError, match=says):
                Caller(Upstream(url)).call("GET", "/")
    assert upstream.asked == []


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with serving_upstream(certificate(tmp_path)) as upstream, pytest.raises(OutboundError, match="cannot be reached"):
        Caller(Upstream(upstream.url, is_private=True)).call("GET", "/")
    assert upstream.asked == []


def test_a_certificate_is_checked_against_the_name_that_was_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trusted, and for 127.0.0.1: the address is spoken to under that name, and under no other."""
    context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    with serving_upstream(context) as upstream:
        with closing(Caller(Upstream(upstream.url, is_private=True))) as caller:
            assert caller.call("GET", "/").status == 200
        other = upstream.url.replace("127.0.0.1", "localhost")
        with pytest.raises(OutboundError, match="cannot be reached"):
            Caller(Upstream(other, is_private=True)).call("GET", "/")
    assert len(upstream.asked) == 1


def test_an_answer_has_a_size_and_a_time() -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: Say(200, b"x" * 2000)
        with pytest.raises(OutboundError, match="larger"):
            Caller(Upstream(upstream.url, is_private=True), Limits(5, 1000)).call("GET", "/")
        given_up = threading.Event()
        upstream.answer = lambda _: Say(200 if given_up.wait(30) else 500)
        with pytest.raises(OutboundError, match="no answer in time"):
            Caller(Upstream(upstream.url, is_private=True), Limits(0.2, 1000)).call("GET", "/")
        given_up.set()


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with serving_upstream() as upstream:
        upstream.answer = lambda _: Say(302, b"", {"location": "http://169.254.169.254/"})
        with closing(Caller(Upstream(upstream.url, is_private=True))) as caller:
            assert caller.call("GET", "/").status == 302
    assert len(upstream.asked) == 1
