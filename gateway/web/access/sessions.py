"""Sessions of people who logged in: a signed text in a cookie, valid for so long, and ended by logging out.

May not: be made but by a login; carry a role, which stands in the file of users and nowhere else.

Rules
    1. The signature covers the user's hash: a new password, or no line any more, ends every session of that user.
    2. A login makes a new one, whatever came with the request: nobody can plant theirs (session fixation).
    3. The key is this process's own and random: a restart logs everybody out. Not: a key on disk, one secret more.
    4. Forms carry a second signature over the session, which no other site can know (CSRF).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha256
from time import time
from typing import NamedTuple

from gateway.web.access.users import Kind, User, Users

#: The session of a gateway that asks nobody who they are. Its forms are signed like any other's.
LOCAL = "local"


class Session(NamedTuple):
    """Who, and the text of their cookie."""

    user: User
    text: str


class Sessions:
    """The sessions of one process. `lasts_s` is how long one is valid."""

    def __init__(self, users: Users, lasts_s: int, clock: Callable[[], float] = time) -> None:
        self._users, self._lasts_s, self._clock = users, lasts_s, clock
        self._key = secrets.token_bytes(32)
        self._ended: dict[str, float] = {}

    def begin(self, user: User) -> str:
        """The text of a new session's cookie."""
        head = f"{user.name}.{int(self._clock())}.{secrets.token_urlsafe(16)}"
        return f"{head}.{self._sign(head, user)}"

    def find(self, text: str) -> Session | None:
        """Whose session that is; None for one that is forged, over, or ended."""
        head, _, signature = text.rpartition(".")
        name, _, rest = head.partition(".")
        user = self._users.find(name)
        if (
            user is None
            or user.kind is not Kind.PASSWORD
            or not hmac.compare_digest(self._sign(head, user).encode(), signature.encode("utf-8", "surrogatepass"))
        ):
            return None
        began = int(rest.partition(".")[0])
        if self._clock() - began > self._lasts_s or head in self._ended:
            return None
        return Session(user, text)

    def end(self, session: Session) -> None:
        """From now on it is nobody's. What was ended is forgotten when it would be over anyway."""
        now = self._clock()
        self._ended = {head: at for head, at in self._ended.items() if now - at < self._lasts_s}
        self._ended[session.text.rpartition(".")[0]] = now

    def _sign(self, head: str, user: User) -> str:
        text = f"session\0{head}\0{user.hashed}"
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), sha256).hexdigest()


class Forms:
    """The second signature: what a form of a session carries."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def token(self, session: str) -> str:
        """For forms of that session."""
        return hmac.new(self._key, session.encode("utf-8", "surrogatepass"), sha256).hexdigest()

    def are(self, session: str, token: str) -> bool:
        """Whether a form with that token was made for that session."""
        return hmac.compare_digest(self.token(session).encode(), token.encode("utf-8", "surrogatepass"))
