"""Who may use the private port: users, secrets, sessions, tries; and what must be there before it may listen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization

from gateway.commands.admin import admin
from gateway.configuration import ConfigurationError
from gateway.private import read_private
from gateway.settings import Settings
from gateway.tls import TlsError, read_certificate
from gateway.web.access.logins import Logins, TooOften
from gateway.web.access.sessions import Forms, Sessions
from gateway.web.access.users import Kind, Role, User, Users, UsersError, hash_secret, is_secret, read_users
from tests.certificates import write_certificate

PASSWORD = "correct horse battery staple"
HASHED = hash_secret(PASSWORD)
ANNA = User("anna", Role.OFFICER, Kind.PASSWORD, HASHED)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "users").write_text("# name role kind hash\n\n" + ANNA.line())
    return tmp_path / "users"


def test_a_role_may_what_those_before_it_may() -> None:
    may = {(one, other) for one in Role for other in Role if one.includes(other)}
    assert may == {("analyst",) * 2, ("officer",) * 2, ("admin",) * 2} | {
        ("officer", "analyst"), ("admin", "analyst"), ("admin", "officer"),
    }  # fmt: skip


def test_a_secret_is_recognised_by_its_hash_only() -> None:
    assert is_secret(PASSWORD, ANNA)
    assert not is_secret(PASSWORD + "x", ANNA)
    assert not is_secret(PASSWORD, None)
    assert PASSWORD not in HASHED
    assert hash_secret(PASSWORD) != HASHED  # a salt of its own


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "names nobody"),
        ("anna officer\n", "users:1: this is no `name role kind hash`"),
        ("anna king password x\n", "users:1: this is no"),
        ("Anna officer password x\n", "users:1: this is no"),
        (f"anna officer password {PASSWORD.replace(' ', '')}\n", "users:1: the secret of anna is no hash"),
        (f"anna officer proxy {HASHED}\n", "users:1: the secret of anna is no hash"),
        (ANNA.line() * 2, "users:2: anna stands there twice"),
    ],
)
def test_a_file_of_users_that_cannot_be_used_is_refused_without_quoting_it(file: Path, line: str, says: str) -> None:
    file.write_text(line)
    with pytest.raises(UsersError) as raised:
        read_users(file)
    assert says in str(raised.value)
    assert PASSWORD.replace(" ", "") not in str(raised.value)
    assert HASHED not in str(raised.value)


def test_sessions_end_by_time_by_logout_by_a_new_password_and_with_the_user(file: Path) -> None:
    now = [1000.0]
    users = Users(file)
    sessions = Sessions(users, 60, lambda: now[0])

    def begun() -> str:
        text = sessions.begin(ANNA)
        assert sessions.find(text)
        return text

    text = begun()
    now[0] += 61
    assert sessions.find(text) is None
    ended = sessions.find(text := begun())
    assert ended
    sessions.end(ended)
    assert sessions.find(text) is None
    text = begun()
    _rewrite(file, replace(ANNA, hashed=hash_secret(PASSWORD)).line())
    assert sessions.find(text) is None
    text = sessions.begin(users.find("anna") or ANNA)
    assert sessions.find(text)
    _rewrite(file, replace(ANNA, name="bert").line())
    assert sessions.find(text) is None
    assert Sessions(users, 60).find(text) is None  # another process, another key


def test_a_broken_change_of_the_users_leaves_the_last_good_ones_in_force(file: Path) -> None:
    users = Users(file)
    _rewrite(file, "what is this\n")
    assert users.find("anna") == ANNA
    file.unlink()
    assert users.find("anna") == ANNA


def test_the_token_of_a_form_is_its_sessions_own() -> None:
    forms = Forms()
    assert forms.are("one", forms.token("one"))
    assert not forms.are("other", forms.token("one"))
    assert not Forms().are("one", forms.token("one"))


def test_guessing_is_slowed_down_by_name_and_network_and_a_right_secret_clears_the_count(file: Path) -> None:
    async def tries() -> list[str]:
        logins, seen = Logins(Users(file)), []
        for password, address in (
            *[("wrong", "10.0.0.1")] * 4, (PASSWORD, "10.0.0.2"), *[("wrong", "10.0.0.3")] * 6, (PASSWORD, "10.0.1.1"),
        ):  # fmt: skip
            try:
                user = await logins.with_password("anna", password, address)
            except TooOften as often:
                seen.append("later" if often.wait_s > 10 else "now")
            else:
                seen.append("in" if user else "out")
        return seen

    assert asyncio.run(tries()) == [*["out"] * 4, "in", *["out"] * 5, "later", "in"]


# Before it may listen


def test_beyond_loopback_the_port_asks_who_is_there_or_does_not_start(file: Path) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::", "gateway.example"):
        with pytest.raises(ConfigurationError, match="gateway admin add-user NAME --users FILE"):
            read_private(Settings(admin_host=host))
        assert read_private(Settings(admin_host=host, admin_users=str(file))).guard.users
        assert read_private(Settings(admin_host=host), metrics_only=True).guard.users is None
    for host in ("127.0.0.1", "::1", "localhost", "127.0.0.2"):
        assert read_private(Settings(admin_host=host)).guard.users is None


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(admin_users="/nowhere/users"), "make the file with `gateway admin add-user NAME"),
        (Settings(admin_user_header="x-forwarded-user"), "set admin_proxies"),
        (Settings(admin_user_header="x-forwarded-user", admin_proxies=("0.0.0.0/0",)), "names everybody"),
        (Settings(admin_certificate="/nowhere/tls.crt"), "admin_certificate is set without admin_certificate_key"),
        (Settings(admin_certificate_key="/nowhere/tls.key"), "admin_certificate_key is set without admin_certificate"),
    ],
)
def test_what_is_missing_stops_the_start_with_one_sentence(settings: Settings, says: str) -> None:
    with pytest.raises((ConfigurationError, UsersError, TlsError)) as raised:
        read_private(settings)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("broken", ["missing", "folder", "foreign key", "no PEM", "swapped", "encrypted"])
def test_a_certificate_that_cannot_be_used_stops_the_start_with_one_sentence(tmp_path: Path, broken: str) -> None:
    chain, key = write_certificate(tmp_path)
    other = write_certificate(tmp_path, "other")[1]
    (tmp_path / "text").write_text("no PEM")
    (tmp_path / "encrypted").write_bytes(encrypted(key))
    chosen = {
        "missing": (tmp_path / "nowhere", key), "folder": (tmp_path, key), "foreign key": (chain, other),
        "no PEM": (tmp_path / "text", key), "swapped": (key, chain), "encrypted": (chain, tmp_path / "encrypted"),
    }[broken]  # fmt: skip
    with pytest.raises(TlsError) as raised:
        read_certificate(Settings(certificate=str(chosen[0]), certificate_key=str(chosen[1])), "certificate")
    assert str(raised.value).startswith("certificate: ")
    assert "\n" not in str(raised.value)


def encrypted(key: Path) -> bytes:
    """The key behind a passphrase, which nobody is there to type."""
    read = serialization.load_pem_private_key(key.read_bytes(), None)
    hidden = serialization.BestAvailableEncryption(b"a passphrase")
    return read.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)


# gateway admin add-user


def add(file: Path, *words: str, said: str = "") -> tuple[int, str, str]:
    done = CliRunner().invoke(admin, ["add-user", *words, "--users", str(file)], input=said)
    return done.exit_code, done.stdout, done.stderr


def test_add_user_writes_hashes_and_shows_a_token_once(tmp_path: Path) -> None:
    file = tmp_path / "users"
    assert add(file, "anna", "--role", "officer", said=PASSWORD + "\n")[:2] == (0, "")
    code, token, _ = add(file, "graf", "--role", "analyst", "--by", "token")
    assert (code, add(file, "bob", "--role", "admin", "--by", "proxy")[0]) == (0, 0)
    users = read_users(file)
    assert {name: (user.role, user.kind) for name, user in users.items()} == {
        "anna": ("officer", "password"), "graf": ("analyst", "token"), "bob": ("admin", "proxy"),
    }  # fmt: skip
    assert is_secret(token.strip(), users["graf"])
    assert is_secret(PASSWORD, users["anna"])
    assert token.strip() not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_add_user_refuses_short_passwords_and_strange_names(tmp_path: Path) -> None:
    code, _, said = add(tmp_path / "users", "anna", "--role", "officer", said="short\n")
    assert (code, said) == (2, "gateway: A password has 12 to 200 characters.\n")
    assert add(tmp_path / "users", "Änna", "--role", "officer", said=PASSWORD)[0] == 2
    assert not (tmp_path / "users").exists()


def _rewrite(file: Path, text: str) -> None:
    """As an editor does it: another file in its place."""
    part = file.with_suffix(".new")
    part.write_text(text)
    part.replace(file)
