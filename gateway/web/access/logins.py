"""Secrets that somebody shows: a password at the page, a token in a header; and how often somebody may try.

May not: keep or log a secret, or say which part of name and secret was wrong.

Rules
    1. Five tries at a name from one network, then one a minute; twenty at any names, then one in 45 s. Beyond: 429.
    2. One hash at a time, 32 MB and a quarter of a second; whoever finds sixteen waiting is told to come later.
    3. A token that was right is remembered as a keyed hash, so that a scrape does not cost what a login costs.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import OrderedDict
from hashlib import sha256

from gateway.intake.visitors import truncate
from gateway.web.access.users import Kind, User, Users, is_secret, name_in
from gateway.web.buckets import Buckets

_TRIES_AT_NAME, _NAME_PER_S = 5, 1 / 60
_TRIES_OF_NETWORK, _NETWORK_PER_S = 20, 20 / 900
_WAITING_AT_MOST = 16
_REMEMBERED_AT_MOST = 256


class TooOften(Exception):
    """So many tries that this one was not looked at; `wait_s` is when one will be."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("too many tries")
        self.wait_s = int(wait_s) + 1


class Logins:
    """Checks secrets against the users in force."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._by_name = Buckets(_NAME_PER_S, _TRIES_AT_NAME)
        self._by_network = Buckets(_NETWORK_PER_S, _TRIES_OF_NETWORK)
        self._hashing = asyncio.Lock()
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, str] = OrderedDict()

    async def with_password(self, name: str, password: str, address: str) -> User | None:
        """The user, if that is their password. Raises TooOften."""
        return await self._checked(name, Kind.PASSWORD, password, address)

    async def with_token(self, token: str, address: str) -> User | None:
        """The user whose token that is. Raises TooOften."""
        digest = hmac.new(self._key, token.encode("utf-8", "surrogatepass"), sha256).digest()
        user = self._users.find(name_in(token))
        if user is not None and user.kind is Kind.TOKEN and self._right.get(digest) == user.hashed:
            return user
        user = await self._checked(name_in(token), Kind.TOKEN, token, address)
        if user is not None:
            self._right[digest] = user.hashed
            if len(self._right) > _REMEMBERED_AT_MOST:
                self._right.popitem(last=False)
        return user

    async def _checked(self, name: str, kind: Kind, secret: str, address: str) -> User | None:
        network = truncate(address) or address
        pair = f"{network}\0{name}"
        for buckets, key in ((self._by_network, network), (self._by_name, pair)):
            if not buckets.take(key):
                raise TooOften(buckets.wait_s(key))
        user = self._users.find(name)
        claimed = user if user is not None and user.kind is kind else None
        if not await self._is_secret(secret, claimed):
            return None
        self._by_name.fill(pair)
        self._by_network.fill(network)
        return claimed

    async def _is_secret(self, secret: str, user: User | None) -> bool:
        if self._waiting >= _WAITING_AT_MOST:
            raise TooOften(_WAITING_AT_MOST / 4)
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(is_secret, secret, user)
        finally:
            self._waiting -= 1
