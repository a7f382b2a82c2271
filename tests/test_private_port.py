"""Both ports behind TLS: renewed certificates, whom a trusted proxy names, cookies and headers of a secure way."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.web.access.users import Kind, Role, User, hash_secret
from tests.attacks.attack import CONSENT, form_token
from tests.certificates import write_certificate
from tests.serving import GATEWAY, ROOT, Served, serving

PASSWORD = "correct horse battery staple"

YML = """
settings:
  admin_users: {0}/users
  admin_names: [gateway.internal]
  admin_certificate: {0}/tls.crt
  admin_certificate_key: {0}/tls.key
  certificate: {0}/tls.crt
  certificate_key: {0}/tls.key
  admin_proxies: [127.0.0.9]
  admin_user_header: X-Forwarded-User
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    write_certificate(folder)
    users = [
        User("anna", Role.OFFICER, Kind.PASSWORD, hash_secret(PASSWORD)),
        User("bob", Role.ADMIN, Kind.PROXY, "-"),
    ]
    (folder / "users").write_text("".join(user.line() for user in users))
    (folder / "gateway.yml").write_text(YML.format(folder))
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    with serving(folder / "data", "--config", str(folder / "gateway.yml")) as gateway:
        yield gateway


def client(folder: Path, source: str = "127.0.0.1", name: str = "tls.crt") -> httpx.Client:
    """Trusts that certificate and no other."""
    trusted = ssl.create_default_context(cafile=str(folder / name))
    return httpx.Client(transport=httpx.HTTPTransport(verify=trusted, local_address=source), timeout=20)


def test_both_ports_speak_tls_and_nothing_else(served: Served, folder: Path) -> None:
    assert (served.url[:6], served.admin[:6]) == ("https:", "https:")
    hit = {"site": "demo", "consent": CONSENT, "events": [{"event": "product_view", "client_id": "c"}] * 3}
    with client(folder) as http:
        answers = [http.post(served.url + "/collect", json=hit) for _ in range(20)]
        assert {answer.headers["x-gateway-outcome"] for answer in answers} == {"facts=3 refused=0"}
    with httpx.Client() as plain, pytest.raises(httpx.HTTPError):
        plain.get(served.url.replace("https", "http") + "/healthz")


def test_a_login_over_tls_gets_a_cookie_that_is_bound_to_it(served: Served, folder: Path) -> None:
    with client(folder) as http:
        page = http.get(served.admin + "/login")
        assert page.headers["strict-transport-security"] == "max-age=15768000"
        assert "server" not in page.headers
        fields = {"form": form_token(page.text), "name": "anna", "password": PASSWORD, "next": "/privacy"}
        answer = http.post(served.admin + "/login", data=fields)
        assert answer.headers["location"] == "/privacy"
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-gateway=")
        for word in ("HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=28800"):
            assert word in cookie
        assert "Domain" not in cookie


def test_who_a_trusted_proxy_names_is_in_and_nobody_else_is(served: Served, folder: Path) -> None:
    def seen(source: str, *names: str) -> int:
        with client(folder, source) as http:
            headers = [("x-forwarded-user", name) for name in names]
            return http.get(served.admin + "/api/policy", headers=headers).status_code

    assert seen("127.0.0.9", "bob") == 200
    assert seen("127.0.0.8", "bob") == 401  # not the proxy
    assert seen("127.0.0.9", "anna") == 401  # has a password, and nobody may say to be her
    assert seen("127.0.0.9", "root") == seen("127.0.0.9", "bob", "bob") == seen("127.0.0.9") == 401


def test_a_renewed_certificate_is_taken_and_a_broken_one_is_not(served: Served, folder: Path) -> None:
    old = (folder / "tls.crt").read_bytes()
    (folder / "old.crt").write_bytes(old)
    (folder / "tls.key").write_text("half a file")
    end = time.monotonic() + 30
    while "the last good certificate stays in force" not in "".join(served.lines):
        assert time.monotonic() < end
        time.sleep(0.1)
    with client(folder, name="old.crt") as http:
        assert http.get(served.url + "/healthz").status_code == 200
    write_certificate(folder)
    end = time.monotonic() + 30
    while not all(_trusts(folder, url) for url in (served.url, served.admin)):
        assert time.monotonic() < end
        time.sleep(0.2)


def _trusts(folder: Path, url: str) -> bool:
    try:
        with client(folder) as http:
            return http.get(url + "/healthz").status_code == 200
    except httpx.ConnectError:
        return False


@pytest.mark.parametrize("command", ["serve", "admin"])
def test_the_command_does_not_start_beyond_loopback_without_users(tmp_path: Path, command: str) -> None:
    words = [*GATEWAY, command, "--data", str(tmp_path / "data"), "--admin-host", "0.0.0.0", "--admin-port", "0"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")
    assert "gateway admin add-user" in done.stderr
