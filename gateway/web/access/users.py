"""The file of users: who may use the admin port, in which role, and the scrypt hash of their secret.

    # name role kind hash
    anna officer password scrypt$32768$8$3$…$…
    grafana analyst token scrypt$32768$8$3$…$…
    bob admin proxy -                            # logged in by a trusted proxy, which names him

May not: hold a secret, or say one. `gateway admin add-user` writes the lines. A file that is changed is read again; one
that cannot be used leaves the last good one in force.
Source of scrypt's cost: OWASP password storage, 2026-11-28: N = 2^15, r = 8, p = 3 (32 MB).
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_log = logging.getLogger("gateway.admin")

_N, _R, _P, _SALT_BYTES, _HASH_BYTES = 1 << 15, 8, 3, 16, 32
_MEMORY_BYTES = 64 * 1024 * 1024
SHORTEST_PASSWORD = 12
LONGEST_SECRET = 200

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Role(StrEnum):
    """What somebody may do; each also what those before it may."""

    ANALYST = "analyst"  #: health, metrics, reports (groups of ten people at least)
    OFFICER = "officer"  #: also: the policies, what they make of a hit, access and erasure of a person, receipts
    ADMIN = "admin"  #: everything

    def includes(self, other: Role) -> bool:
        """Whether whoever has this role may do what the other may."""
        return list(Role).index(self) >= list(Role).index(other)


class Kind(StrEnum):
    """How somebody proves who they are."""

    PASSWORD = "password"  #: at the page /login
    TOKEN = "token"  #: in the header Authorization: Bearer
    PROXY = "proxy"  #: not to us: a trusted proxy names them


class UsersError(Exception):
    """The file cannot be used; `str()` is one sentence that names the file, the line and what to do."""


@dataclass(frozen=True, slots=True)
class User:
    """One line. `hashed` is '-' for somebody whom a proxy names."""

    name: str
    role: Role
    kind: Kind
    hashed: str

    def line(self) -> str:
        """As it stands in the file."""
        return f"{self.name} {self.role} {self.kind} {self.hashed}\n"


def hash_secret(secret: str) -> str:
    """`scrypt$N$r$p$salt$hash`, with a salt of its own."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return _written(salt, _scrypt(secret, salt))


def _written(salt: bytes, hashed: bytes) -> str:
    return f"scrypt${_N}${_R}${_P}${b64encode(salt).decode()}${b64encode(hashed).decode()}"


#: What the secret of nobody is compared with. Why: that a name is unknown shall take as long as a wrong secret.
_NOBODYS = _written(secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_HASH_BYTES))


def is_secret(secret: str, user: User | None) -> bool:
    """Whether it is that user's secret; takes as long for nobody, and compares in constant time."""
    hashed = user.hashed if user is not None and user.kind is not Kind.PROXY else _NOBODYS
    *_, salt, expected = hashed.split("$")
    found = _scrypt(secret[:LONGEST_SECRET], b64decode(salt))
    return hmac.compare_digest(found, b64decode(expected)) and hashed is not _NOBODYS


def _scrypt(secret: str, salt: bytes) -> bytes:
    text = secret.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY_BYTES, dklen=_HASH_BYTES)


def new_token(name: str) -> str:
    """A token of that user: the name, and 256 random bits."""
    return f"gw_{name}_{secrets.token_urlsafe(32)}"


def name_in(token: str) -> str:
    """Whose token it says that it is; '' if it says nothing."""
    head, _, rest = token.partition("_")
    return rest[:-44] if head == "gw" and len(rest) > 44 and rest[-44] == "_" else ""


def check_name(name: str) -> str:
    """The name, if it can stand in the file. Raises UsersError."""
    if not _NAME.fullmatch(name):
        raise UsersError(f"'{name}' is no name of a user: use a-z, 0-9, '-' and '_', 40 at most.")
    return name


def read_users(file: Path) -> dict[str, User]:
    """Raises UsersError, also for a file that names nobody."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UsersError(
            f"The users of the admin port cannot be read from {file} ({why}): "
            f"make the file with `gateway admin add-user NAME --users {file}`."
        ) from None
    users: dict[str, User] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            user = _read_line(line, f"{file}:{number}")
            if user.name in users:
                raise UsersError(f"{file}:{number}: {user.name} stands there twice; keep one line.")
            users[user.name] = user
    if not users:
        raise UsersError(f"{file} names nobody: add a user with `gateway admin add-user NAME --users {file}`.")
    return users


def _read_line(line: str, where: str) -> User:
    """Why the line is never quoted: somebody may have written a password into it."""
    try:
        name, role, kind, hashed = line.split()
        user = User(check_name(name), Role(role), Kind(kind), hashed)
    except (ValueError, UsersError):
        raise UsersError(f"{where}: this is no `name role kind hash`; `gateway admin add-user` writes one.") from None
    parts = hashed.split("$")
    if user.kind is Kind.PROXY and hashed == "-":
        return user
    if parts[:4] != ["scrypt", str(_N), str(_R), str(_P)] or len(parts) != 6 or user.kind is Kind.PROXY:
        raise UsersError(f"{where}: the secret of {name} is no hash that `gateway admin add-user` makes.")
    return user


class Users:
    """The users in force. `find` looks whether the file has changed, which is one `stat`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp = self._look()
        self._users: Mapping[str, User] = read_users(file)

    def find(self, name: str) -> User | None:
        """The user of that name as the file says now."""
        if (stamp := self._look()) != self._stamp:
            self._stamp = stamp
            try:
                self._users = read_users(self._file)
            except UsersError as error:
                _log.error("the last good users stay in force: %s", error)
        return self._users.get(name)

    def _look(self) -> tuple[int, int, int]:
        try:
            status = self._file.stat()
        except OSError:
            return (0, 0, 0)
        return (status.st_mtime_ns, status.st_size, status.st_ino)
